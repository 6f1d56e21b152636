//! The two sessions of a login: the outer one, which reads portfolios, and the trading one, which everything below
//! `/iserver` needs and of which a login has one in the whole world.
//!
//! The trading session is begun when a call first needs it, kept alive for as long as it is used, and begun again after
//! it was lost: every night, and whenever another program of the same login takes it. It is never taken from another
//! program unless the configuration says so.

use super::pace::Kind;
use super::rest::{Rest, garbled, is_session_lost, read};
use super::wire::{AuthStatus, BrokerageAccounts, Tickle};
use crate::domain::{Environment, Text, Timestamp};
use crate::net::http::{Request, Response};
use crate::providers::provider::ProviderError;
use secrecy::SecretString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Shown, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Mutex;

/// How often a session says that it is in use; it ends after five minutes of silence.
const TICKLE_EVERY: Duration = Duration::from_secs(60);

/// A session that nothing has used for so long is not kept alive any longer.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// How often the state of a session that begins is looked at, and the pause between.
const LOOKS: usize = 5;
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The sessions of one login.
pub(super) struct Sessions {
    rest: Arc<Rest>,
    environment: Environment,
    /// Whether the trading session may be taken from another program.
    compete: bool,
    state: Mutex<State>,
    /// Which accounts trade, once it was asked.
    accounts: Shown<Vec<Text>>,
    /// How many trading sessions were begun.
    count: AtomicU64,
    itself: Weak<Self>,
}

#[derive(Default)]
struct State {
    is_open: bool,
    tickled: Option<Timestamp>,
    used: Option<Timestamp>,
    is_kept_alive: bool,
    cookie: Option<String>,
}

impl Sessions {
    pub(super) fn new(rest: Arc<Rest>, environment: Environment, compete: bool) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            rest,
            environment,
            compete,
            state: Mutex::default(),
            accounts: Shown::default(),
            count: AtomicU64::new(0),
            itself: itself.clone(),
        })
    }

    /// Sends a look-up that needs the trading session; where that was lost meanwhile, once more with a new one.
    pub(super) async fn ask(
        &self,
        kind: Option<Kind>,
        request: Request,
    ) -> Result<Response, ProviderError> {
        self.open().await?;
        match self.ask_once(kind, request.clone()).await {
            Err(error) if is_session_lost(&error) => {
                self.lost().await;
                self.open().await?;
                self.ask_once(kind, request).await
            }
            outcome => outcome,
        }
    }

    async fn ask_once(
        &self,
        kind: Option<Kind>,
        request: Request,
    ) -> Result<Response, ProviderError> {
        match kind {
            Some(kind) => self.rest.ask_paced(kind, request).await,
            None => self.rest.ask(request).await,
        }
    }

    /// Sees to it that there is a trading session.
    ///
    /// # Errors
    /// What keeps it from being there, and what the person can do.
    pub(super) async fn open(&self) -> Result<(), ProviderError> {
        let mut state = self.state.lock().await;
        let now = self.rest.clock().now();
        state.used = Some(now);
        let is_due = state.tickled.is_none_or(|at| now.since(at) >= TICKLE_EVERY);
        if state.is_open && is_due {
            state.is_open = self.tickle(&mut state).await?;
        }
        if !state.is_open {
            self.begin().await?;
            self.check_accounts().await?;
            state.is_open = true;
            self.count.fetch_add(1, Ordering::Relaxed);
            self.tickle(&mut state).await?;
        }
        if !state.is_kept_alive {
            state.is_kept_alive = true;
            tokio::spawn(keep_alive(self.itself.clone()));
        }
        Ok(())
    }

    /// The trading session is not there any more.
    pub(super) async fn lost(&self) {
        let mut state = self.state.lock().await;
        state.is_open = false;
        state.cookie = None;
    }

    /// The next call looks whether the trading session is still there.
    pub(super) async fn look_again(&self) {
        self.state.lock().await.tickled = None;
    }

    /// How many trading sessions there were; each forgets what was asked of the one before.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What the stream shows beside its address.
    pub(super) async fn cookie(&self) -> Option<SecretString> {
        let state = self.state.lock().await;
        state.cookie.clone().map(SecretString::from)
    }

    /// The accounts that trade, as far as they are known.
    pub(super) fn accounts(&self) -> Vec<Text> {
        let accounts = self.accounts.lock();
        accounts.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether an account belongs to the environment of this connection, by the beginning of its number.
    ///
    /// # Errors
    /// A sentence where it does not.
    pub(super) fn check_number(&self, number: &str) -> Result<(), ProviderError> {
        let says = match number.as_bytes() {
            [b'D', ..] => Environment::Paper,
            _ => Environment::Live,
        };
        self.check_environment(says, number)
    }

    fn check_environment(&self, says: Environment, what: &str) -> Result<(), ProviderError> {
        if says == self.environment {
            return Ok(());
        }
        Err(ProviderError::Refused {
            reason: format!(
                "{what} is {says} and this connection is {}; log in with the other user name, or connect it as {says}",
                self.environment
            )
            .into(),
        })
    }

    /// Says that the session is in use; whether there still is one.
    async fn tickle(&self, state: &mut State) -> Result<bool, ProviderError> {
        let request = self.rest.post(&["tickle"], "{}".into());
        let response = match self.rest.ask_paced(Kind::Tickle, request).await {
            Err(error) if is_session_lost(&error) => return Ok(false),
            answer => answer?,
        };
        let tickle: Tickle<'_> = read(&response, "the session")?;
        state.tickled = Some(self.rest.clock().now());
        state.cookie = tickle.session.text().map(|text| text.into_owned());
        let status = tickle.iserver.and_then(|it| it.auth_status);
        Ok(status.is_none_or(|status| is_ready(&status)))
    }

    /// Begins a trading session, or finds that there is one.
    async fn begin(&self) -> Result<(), ProviderError> {
        let status = ["iserver", "auth", "status"];
        let answer = self.rest.ask(self.rest.post(&status, "{}".into())).await?;
        if is_ready(&read(&answer, "the session")?) {
            return Ok(());
        }
        let body = format!(r#"{{"publish":true,"compete":{}}}"#, self.compete);
        let init = ["iserver", "auth", "ssodh", "init"];
        let mut answer = self.rest.ask(self.rest.post(&init, body)).await?;
        for _ in 0..LOOKS {
            let said: AuthStatus<'_> = read(&answer, "the session")?;
            if is_ready(&said) {
                return Ok(());
            }
            if said.competing.is_true() {
                return Err(competing());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            answer = self.rest.ask(self.rest.post(&status, "{}".into())).await?;
        }
        let said: AuthStatus<'_> = read(&answer, "the session")?;
        match said.connected.is_true() {
            true => Err(ProviderError::Unavailable { status: 503 }),
            false => Err(self.rest.not_logged_in()),
        }
    }

    /// The server wants this call before any other of the trading session. It also says whether money is real.
    async fn check_accounts(&self) -> Result<(), ProviderError> {
        let response = self
            .rest
            .ask(self.rest.get(&["iserver", "accounts"]))
            .await?;
        let answer: BrokerageAccounts<'_> = read(&response, "the trading accounts")?;
        let is_paper = answer.is_paper.text();
        let says = match is_paper.as_deref() {
            Some("true") => Environment::Paper,
            Some("false") => Environment::Live,
            _ => {
                return Err(garbled(
                    "the trading accounts: whether they are paper is missing",
                ));
            }
        };
        self.check_environment(says, "the login")?;
        let accounts = answer.accounts.unwrap_or_default();
        let accounts = accounts.iter().filter_map(|it| it.text());
        let accounts: Vec<Text> = accounts.map(|it| it.as_ref().into()).collect();
        for account in &accounts {
            self.check_number(account.as_str())?;
        }
        *self.accounts.lock().unwrap_or_else(PoisonError::into_inner) = accounts;
        Ok(())
    }

    /// One turn of keeping alive; whether there is a next.
    async fn turn(&self) -> bool {
        let mut state = self.state.lock().await;
        let now = self.rest.clock().now();
        let is_used = state.used.is_some_and(|at| now.since(at) < IDLE);
        if !state.is_open || !is_used {
            state.is_kept_alive = false;
            return false;
        }
        match self.tickle(&mut state).await {
            Ok(is_open) => state.is_open = is_open,
            // What that means is found out by the next call that needs it.
            Err(error) => tracing::info!(%error, "the session could not be kept alive"),
        }
        true
    }
}

/// Keeps a session alive while it is used and its connection stands.
async fn keep_alive(sessions: Weak<Sessions>) {
    loop {
        tokio::time::sleep(TICKLE_EVERY).await;
        let Some(sessions) = sessions.upgrade() else {
            return;
        };
        if !sessions.turn().await {
            return;
        }
    }
}

/// Whether orders may be sent: `established` came later to the manual, and where it is missing it is not asked for.
fn is_ready(status: &AuthStatus<'_>) -> bool {
    let is_established = status
        .established
        .raw()
        .is_none_or(|it| it.get() != "false");
    status.authenticated.is_true() && is_established && !status.competing.is_true()
}

/// Another program has the one trading session of the login.
fn competing() -> ProviderError {
    ProviderError::AwaitsPerson {
        what: "another program uses the one trading session of this login: end it there, or set \
               providers.ibkr.compete to on to take it over"
            .into(),
    }
}
