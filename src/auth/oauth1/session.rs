//! A day's key at work: agreed on when it is first needed, again before it ends, one agreement at a time however many
//! calls wait.
//!
//! A task of its own owns the keys and signs one call after the other, so there is nothing to race for: whoever comes
//! while an agreement is under way is signed with what it brings. Handles hold no key. The day's key is never sealed:
//! the next is had for one request.

use super::consumer::Consumer;
use super::entropy::Entropy;
use super::request::{Agreed, agree, nonce, seconds};
use super::signature::{Signable, header, hmac_sha256};
use crate::auth::bearer::Standing;
use crate::auth::error::AuthError;
use crate::domain::{Clock, Timestamp};
use crate::net::http::Request;
use crate::net::transport::Transport;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use url::Url;

/// Wishes that may wait; more callers than that wait for room.
const MOST_WAITING: usize = 256;

/// Pause after an agreement that failed for a passing reason, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// A key as new as this is not why a call was refused, and no other is agreed on for it.
const NEW: Duration = Duration::from_secs(10);

/// Where the day's key is agreed on, and by what means.
pub struct Endpoint {
    /// The address (`…/oauth/live_session_token`).
    pub url: Url,
    /// How requests leave.
    pub transport: Arc<dyn Transport>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Entropy,
    /// Spreads agreements of many connections.
    pub early: u8,
}

/// The signature of one sending of one request.
pub struct Signed {
    /// The value of its `Authorization` header. It holds a word that the broker takes once: who sends a request again
    /// has it signed again.
    pub header: SecretString,
    /// Which of our keys made it.
    key: u64,
}

/// A handle on a day's key at work. The last one to go ends the task, and no key stays behind.
#[derive(Clone)]
pub struct LiveSession {
    wishes: mpsc::Sender<Wish>,
    shown: Arc<Mutex<Standing>>,
}

enum Wish {
    /// A signature; by another key than this, which was refused.
    Sign {
        what: Signable,
        refused: Option<u64>,
        answer: oneshot::Sender<Result<Signed, AuthError>>,
    },
    /// The access token, for the address of a stream.
    Token(oneshot::Sender<SecretString>),
    /// An answer when every key is gone.
    Forget(oneshot::Sender<()>),
}

impl LiveSession {
    /// Puts a consumer to work; sends nothing yet.
    pub fn start(consumer: Consumer, endpoint: Endpoint) -> Self {
        let (wishes, waiting) = mpsc::channel(MOST_WAITING);
        let shown = Arc::<Mutex<Standing>>::default();
        let desk = Desk {
            consumer,
            endpoint,
            key: None,
            over: None,
            pause: None,
            shown: shown.clone(),
        };
        tokio::spawn(desk.serve(waiting));
        Self { wishes, shown }
    }

    /// Signs a request as it is now: its method, its address, the parameters of its query and of a form. Other bodies
    /// are not signed. A key is agreed on first where its time has come.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn header(&self, request: &Request) -> Result<Signed, AuthError> {
        self.sign(request, None).await
    }

    /// Signs a request again that was refused (401) or met a server that knows our key no more (410), by the time that
    /// is now and with another key. That is agreed on once for all who were refused with the one before, and not where
    /// it is new already.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn another(&self, request: &Request, refused: &Signed) -> Result<Signed, AuthError> {
        self.sign(request, Some(refused.key)).await
    }

    /// The access token, which stands in the address of the broker's stream; `None` when all is forgotten.
    pub async fn access_token(&self) -> Option<SecretString> {
        let (answer, answered) = oneshot::channel();
        self.wishes.send(Wish::Token(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Where the day's key stands.
    pub fn standing(&self) -> Standing {
        lock(&self.shown).clone()
    }

    /// Ends the work; every key is out of memory when it returns.
    pub async fn forget(&self) {
        let (answer, answered) = oneshot::channel();
        if self.wishes.send(Wish::Forget(answer)).await.is_ok() {
            // An error says that the task is gone, and its keys with it.
            let _ = answered.await;
        }
    }

    async fn sign(&self, request: &Request, refused: Option<u64>) -> Result<Signed, AuthError> {
        let (answer, answered) = oneshot::channel();
        let wish = Wish::Sign {
            what: Signable::new(request),
            refused,
            answer,
        };
        let sent = self.wishes.send(wish).await;
        sent.map_err(|_| AuthError::Closed)?;
        answered.await.unwrap_or(Err(AuthError::Closed))
    }
}

fn lock(shown: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    // It is written whole, so a panic elsewhere does no harm.
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A key at work.
struct Current {
    agreed: Agreed,
    since: Timestamp,
    count: u64,
}

/// The task's own side.
struct Desk {
    consumer: Consumer,
    endpoint: Endpoint,
    key: Option<Current>,
    /// Why there is no next key without the person.
    over: Option<AuthError>,
    /// No agreement before then, how long that pause was, and why.
    pause: Option<(Timestamp, Duration, AuthError)>,
    shown: Arc<Mutex<Standing>>,
}

impl Desk {
    async fn serve(mut self, mut wishes: mpsc::Receiver<Wish>) {
        let mut forgotten = None;
        while let Some(wish) = wishes.recv().await {
            match wish {
                Wish::Sign {
                    what,
                    refused,
                    answer,
                } => {
                    // Who went away does not need it any more.
                    let _ = answer.send(self.sign(&what, refused).await);
                }
                Wish::Token(answer) => {
                    let _ = answer.send(self.consumer.access_token.clone());
                }
                Wish::Forget(answer) => {
                    forgotten = Some(answer);
                    break;
                }
            }
        }
        lock(&self.shown).access_until = None;
        drop(self);
        if let Some(answer) = forgotten {
            let _ = answer.send(());
        }
    }

    async fn sign(&mut self, what: &Signable, refused: Option<u64>) -> Result<Signed, AuthError> {
        let now = self.endpoint.clock.now();
        let is_refused = self
            .key
            .as_ref()
            .is_some_and(|key| refused == Some(key.count) && now.since(key.since) >= NEW);
        if is_refused || self.is_due(now) {
            let agreed = self.agree_again().await;
            let is_good = !is_refused && self.is_good(self.endpoint.clock.now());
            // One that is not over yet does while the next cannot be had.
            if let Err(error) = agreed
                && !(is_good && error.is_passing())
            {
                return Err(error);
            }
        }
        // An agreement that succeeded brought one.
        let key = self.key.as_ref().ok_or(AuthError::Garbled)?;
        Ok(self.signed_with(key, what))
    }

    /// The time is read again: an agreement may have taken long.
    fn signed_with(&self, key: &Current, what: &Signable) -> Signed {
        let nonce = nonce(self.endpoint.entropy.bytes());
        let seconds = seconds(self.endpoint.clock.now());
        let oauth = [
            ("oauth_consumer_key", self.consumer.key.expose_secret()),
            ("oauth_nonce", nonce.as_str()),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &seconds),
            ("oauth_token", self.consumer.access_token.expose_secret()),
        ];
        let signature = hmac_sha256(&key.agreed.key, &what.base_string(&oauth));
        Signed {
            header: header(&self.consumer.realm, &oauth, &signature),
            key: key.count,
        }
    }

    /// After four fifths of its life, so that a broker that is away for a while costs nothing; up to a tenth of that
    /// life earlier, so that many connections do not ask at once.
    fn is_due(&self, now: Timestamp) -> bool {
        let Some(key) = &self.key else { return true };
        let life = key.agreed.until.since(key.since);
        let early = life / 10 * u32::from(self.endpoint.early) / 255;
        now >= key.since.plus(life * 4 / 5).minus(early)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.key.as_ref().is_some_and(|key| now < key.agreed.until)
    }

    async fn agree_again(&mut self) -> Result<(), AuthError> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let now = self.endpoint.clock.now();
        if let Some((until, _, why)) = &self.pause
            && now < *until
        {
            return Err(why.clone());
        }
        let Endpoint {
            url,
            transport,
            entropy,
            ..
        } = &self.endpoint;
        let agreed = agree(&self.consumer, url, &**transport, entropy, now).await;
        self.note(agreed)
    }

    fn note(&mut self, agreed: Result<Agreed, AuthError>) -> Result<(), AuthError> {
        let now = self.endpoint.clock.now();
        let mut shown = lock(&self.shown);
        match agreed {
            Ok(agreed) => {
                self.pause = None;
                shown.renewals += 1;
                shown.access_until = Some(agreed.until);
                let count = self.key.as_ref().map_or(0, |key| key.count + 1);
                self.key = Some(Current {
                    agreed,
                    since: now,
                    count,
                });
                Ok(())
            }
            Err(error) => {
                shown.failures += 1;
                match error.is_passing() {
                    true => self.pause = Some(self.next_pause(now, &error)),
                    false => self.over = Some(error.clone()),
                }
                Err(error)
            }
        }
    }

    fn next_pause(&self, now: Timestamp, why: &AuthError) -> (Timestamp, Duration, AuthError) {
        let before = self.pause.as_ref().map(|(_, pause, _)| *pause * 2);
        let mut pause = before.unwrap_or(FIRST_PAUSE).min(LONGEST_PAUSE);
        if let AuthError::RateLimited {
            retry_after: Some(wanted),
        } = why
        {
            pause = pause.max(*wanted);
        }
        (now.plus(pause), pause, why.clone())
    }
}
