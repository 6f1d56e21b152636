//! Tokens at work: handed to calls, renewed before they end, one renewal at a time however many calls wait.
//!
//! A task of its own owns the tokens and takes one wish after the other, so there is nothing to race for: whoever comes
//! while a renewal is under way gets what it brings. New tokens are sealed before they are handed out; a renewal goes on
//! when the call that wanted it is gone, because the provider may already have taken the old token out of use.

use super::error::AuthError;
use super::exchange::TokenEndpoint;
use super::tokens::{AccessToken, Tokens};
use crate::domain::{Clock, Text, Timestamp};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Wishes that may wait; more callers than that wait for room.
const MOST_WAITING: usize = 256;

/// Pause after a renewal that failed for a passing reason, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Longest sleep: after it the clock is looked at again, which may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Seals tokens; they are on the disk when it returns.
pub trait Keep: Send + Sync {
    /// Puts new tokens in the place of the old ones.
    fn keep<'a>(
        &'a self,
        tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>>;
}

/// Where a sign-in stands, for screens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the access token ends.
    pub access_until: Option<Timestamp>,
    /// When the person has to sign in again.
    pub sign_in_due: Option<Timestamp>,
    /// Renewals that failed since the start.
    pub failures: u32,
    /// Renewals that succeeded since the start.
    pub renewals: u32,
}

/// A handle on tokens at work. The last one to go ends the task, after what it was doing.
#[derive(Clone)]
pub struct Bearer {
    wishes: mpsc::Sender<Wish>,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    access: Option<AccessToken>,
    standing: Standing,
}

enum Wish {
    /// A token that is good now; another one than this, which was refused.
    Token {
        refused: Option<AccessToken>,
        answer: oneshot::Sender<Result<AccessToken, AuthError>>,
    },
    /// The same, and the tokens are given back to the provider; whether it takes any.
    GiveBack(oneshot::Sender<Result<bool, AuthError>>),
    /// An answer when everything before it is done, and no renewal after it.
    Settle(oneshot::Sender<Tokens>),
}

impl Bearer {
    /// Puts tokens to work. `early` spreads renewals of many connections.
    pub fn start(
        tokens: Tokens,
        endpoint: TokenEndpoint,
        keeper: Arc<dyn Keep>,
        clock: Arc<dyn Clock>,
        early: u8,
    ) -> Self {
        let (wishes, waiting) = mpsc::channel(MOST_WAITING);
        let shown = Arc::<Mutex<Shown>>::default();
        let desk = Desk {
            tokens,
            is_kept: true,
            endpoint,
            keeper,
            clock,
            early,
            over: None,
            pause: None,
            shown: shown.clone(),
        };
        desk.show();
        tokio::spawn(desk.serve(waiting));
        Self { wishes, shown }
    }

    /// A token that is good now, renewed first where its time has come.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn token(&self) -> Result<AccessToken, AuthError> {
        self.wish(None).await
    }

    /// Another token than the one that was refused in spite of its time. It is renewed once: who was refused with an
    /// older one than there is now gets the one there is.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn another(&self, refused: &AccessToken) -> Result<AccessToken, AuthError> {
        self.wish(Some(refused.clone())).await
    }

    /// The token there is, whatever its time: for messages of a socket that is open.
    pub fn peek(&self) -> Option<AccessToken> {
        self.shown().access.clone()
    }

    /// Where the sign-in stands.
    pub fn standing(&self) -> Standing {
        self.shown().standing.clone()
    }

    /// Ends the work: waits for a renewal that is under way, lets no other begin, and returns the tokens.
    pub async fn settle(&self) -> Option<Tokens> {
        let (answer, settled) = oneshot::channel();
        self.wishes.send(Wish::Settle(answer)).await.ok()?;
        settled.await.ok()
    }

    /// Ends the work and gives the tokens back, where the provider takes them; whether it did.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn give_back(&self) -> Result<bool, AuthError> {
        let (answer, answered) = oneshot::channel();
        let wish = Wish::GiveBack(answer);
        self.wishes
            .send(wish)
            .await
            .map_err(|_| AuthError::Closed)?;
        answered.await.unwrap_or(Err(AuthError::Closed))
    }

    async fn wish(&self, refused: Option<AccessToken>) -> Result<AccessToken, AuthError> {
        let (answer, answered) = oneshot::channel();
        let wish = Wish::Token { refused, answer };
        self.wishes
            .send(wish)
            .await
            .map_err(|_| AuthError::Closed)?;
        answered.await.unwrap_or(Err(AuthError::Closed))
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        // It is written whole, so a panic elsewhere does no harm.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's own side.
struct Desk {
    tokens: Tokens,
    /// Whether what is in hand is on the disk; it is not handed out before.
    is_kept: bool,
    endpoint: TokenEndpoint,
    keeper: Arc<dyn Keep>,
    clock: Arc<dyn Clock>,
    early: u8,
    /// Why there is no next token without the person.
    over: Option<AuthError>,
    /// No renewal before then, how long that pause was, and why.
    pause: Option<(Timestamp, Duration, AuthError)>,
    shown: Arc<Mutex<Shown>>,
}

impl Desk {
    async fn serve(mut self, mut wishes: mpsc::Receiver<Wish>) {
        loop {
            let wish = match self.sleep() {
                Some(sleep) => tokio::select! {
                    biased;
                    wish = wishes.recv() => wish,
                    () = tokio::time::sleep(sleep) => {
                        self.renew_when_due().await;
                        continue;
                    }
                },
                None => wishes.recv().await,
            };
            match wish {
                Some(Wish::Token { refused, answer }) => {
                    // Who went away does not need it any more.
                    let _ = answer.send(self.token(refused.as_ref()).await);
                }
                Some(Wish::GiveBack(answer)) => {
                    let _ = answer.send(self.endpoint.revoke(&self.tokens).await);
                    break;
                }
                Some(Wish::Settle(answer)) => {
                    if !self.is_kept {
                        // The last chance: what is not sealed now is lost, and who asks has no use for the reason.
                        let _ = self.keeper.keep(&self.tokens).await;
                    }
                    let _ = answer.send(self.tokens.clone());
                    break;
                }
                None => break,
            }
        }
        // Handles may outlive the task: they hold no token then.
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .access = None;
    }

    /// How long until something is to be done unasked.
    fn sleep(&self) -> Option<Duration> {
        if self.over.is_some() {
            return None;
        }
        let due = self.tokens.renewal_due(self.early)?;
        let due = self
            .pause
            .as_ref()
            .map_or(due, |(until, ..)| due.max(*until));
        Some(due.since(self.clock.now()).min(LONGEST_SLEEP))
    }

    async fn renew_when_due(&mut self) {
        if self.is_due(self.clock.now()) {
            // Who needs the token hears why there is none.
            let _ = self.renew().await;
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let due = self.tokens.renewal_due(self.early);
        due.is_some_and(|due| now >= due)
    }

    async fn token(&mut self, refused: Option<&AccessToken>) -> Result<AccessToken, AuthError> {
        let now = self.clock.now();
        let there_is = self.tokens.access.as_ref();
        let is_refused = refused.is_some_and(|it| there_is.is_some_and(|access| it.is(access)));
        if is_refused || !self.is_kept || self.is_due(now) {
            let renewed = self.renew().await;
            let is_good = !is_refused && self.is_kept && self.is_good(self.clock.now());
            // One that is not over yet does while the next cannot be had.
            if let Err(error) = renewed
                && !(is_good && error.is_passing())
            {
                return Err(error);
            }
        }
        // A renewal that succeeded brought one.
        self.tokens.access.clone().ok_or(AuthError::Garbled)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.tokens.access.is_some() && self.tokens.access_until.is_none_or(|until| now < until)
    }

    async fn renew(&mut self) -> Result<(), AuthError> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        if let Some((until, _, why)) = &self.pause
            && self.clock.now() < *until
        {
            return Err(why.clone());
        }
        let outcome = self.try_to_renew().await;
        self.note(&outcome);
        self.show();
        outcome
    }

    async fn try_to_renew(&mut self) -> Result<(), AuthError> {
        if self.is_kept {
            self.tokens = self.endpoint.refresh(&self.tokens).await?;
            self.is_kept = false;
        }
        let kept = self.keeper.keep(&self.tokens).await;
        kept.map_err(|why| AuthError::NotKept { why })?;
        self.is_kept = true;
        Ok(())
    }

    fn note(&mut self, outcome: &Result<(), AuthError>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                self.pause = None;
                shown.standing.renewals += 1;
            }
            Err(error) if error.is_passing() => {
                shown.standing.failures += 1;
                let before = self.pause.take().map(|(_, pause, _)| pause * 2);
                let mut pause = before.unwrap_or(FIRST_PAUSE).min(LONGEST_PAUSE);
                if let AuthError::RateLimited {
                    retry_after: Some(wanted),
                } = error
                {
                    pause = pause.max(*wanted);
                }
                self.pause = Some((self.clock.now().plus(pause), pause, error.clone()));
            }
            Err(error) => {
                shown.standing.failures += 1;
                self.over = Some(error.clone());
            }
        }
    }

    fn show(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_kept {
            shown.access.clone_from(&self.tokens.access);
        }
        shown.standing.access_until = self.tokens.access_until;
        shown.standing.sign_in_due = self.tokens.refresh_until;
    }
}

#[cfg(test)]
mod tests;
