//! Calls: one place where a request passes its door, is paced, sent, metered and its refusal understood.

use super::pace::{Kind, Pace};
use super::wire::Refusal;
use crate::auth::oauth1::{LiveSession, Signed};
use crate::auth::{AccessToken, AuthError, Bearer, Standing};
use crate::domain::{Clock, Text};
use crate::net::error::NetError;
use crate::net::http::{Request, Response, Retry};
use crate::net::json::{self, JsonError};
use crate::net::rate_limit::{Allowance, Purpose};
use crate::net::transport::Transport;
use crate::providers::provider::caller::Caller;
use crate::providers::provider::fields::is_page;
use crate::providers::provider::{Meter, ProviderError};
use http::{Method, header};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Ten requests in any second are taken. Ours are counted in windows, of which two may meet in one of their seconds.
const ALLOWANCE: Allowance = Allowance {
    limit: 7,
    window: Duration::from_secs(1),
};

/// How long who asked too often is shut out; no answer says it.
const PENALTY: Duration = Duration::from_secs(10 * 60);

/// Pause before a look-up is repeated.
const AGAIN: Duration = Duration::from_millis(500);

/// Who vouches for our calls.
pub(super) enum Door {
    /// The gateway on this machine, in which the person is logged in; calls carry nothing.
    Gateway,
    /// A consumer of the person's own: every call is signed.
    Signed(LiveSession),
    /// A token.
    Bearer(Bearer),
}

/// Sends requests through a door.
pub(super) struct Rest {
    caller: Caller,
    door: Door,
    base: Url,
    pace: Pace,
    barred: Mutex<Option<Instant>>,
}

/// What one sending of a request shows.
enum Pass {
    None,
    Signed(Signed),
    Token(AccessToken),
}

/// Why a request has no answer.
pub(super) enum NoAnswer {
    /// It could not be vouched for; nothing was sent.
    Door(AuthError),
    /// It was sent, or was to be.
    Net(NetError),
}

impl Rest {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        door: Door,
        base: Url,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            caller: Caller::new(transport, ALLOWANCE, base.clone(), clock),
            door,
            base,
            pace: Pace::default(),
            barred: Mutex::default(),
        }
    }

    /// The address of a path given in segments, each of which may hold any character.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An address that cannot have segments was refused when the connection was made.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// A look-up.
    pub(super) fn get(&self, path: &[&str]) -> Request {
        Request::get(self.url(path))
    }

    /// A call with a body that changes nothing at the venue.
    pub(super) fn post(&self, path: &[&str], body: String) -> Request {
        Request::new(Method::POST, self.url(path), Purpose::Read)
            .json(body)
            .idempotent()
    }

    /// Sends a request once; any status is an answer.
    pub(super) async fn send_once(&self, request: Request) -> Result<Response, NoAnswer> {
        let request = Request {
            retry: Retry::Never,
            ..request
        };
        self.pass(request).await
    }

    /// Sends a request that may be repeated, and turns what is not a success into an error.
    pub(super) async fn ask(&self, request: Request) -> Result<Response, ProviderError> {
        let sent = self.pass(request).await;
        let response = sent.map_err(|why| self.unsent(why))?;
        match response.is_success() {
            true => Ok(response),
            false => Err(self.refusal(&response)),
        }
    }

    /// The same for a call with a limit of its own.
    pub(super) async fn ask_paced(
        &self,
        kind: Kind,
        request: Request,
    ) -> Result<Response, ProviderError> {
        let _turn = self.pace.turn(kind).await?;
        self.ask(request).await
    }

    /// Vouches for a request and sends it. Nothing below repeats: what may be repeated is, once, after a passing failure
    /// or with another signature or token where the first was refused.
    async fn pass(&self, request: Request) -> Result<Response, NoAnswer> {
        let may_repeat = request.retry == Retry::Idempotent;
        let request = Request {
            retry: Retry::Never,
            ..request.header(header::ACCEPT, "application/json")
        };
        let pass = self.vouch(&request, None).await?;
        let first = self.send(&request, &pass).await;
        let is_refused = matches!(&first, Ok(response) if self.is_refused(response));
        if is_refused {
            let another = self.vouch(&request, Some(pass)).await;
            return match (may_repeat, another) {
                (true, Ok(another)) => self.send(&request, &another).await,
                (true, Err(error)) => Err(error),
                // For the calls to come; what became of it is heard by the next.
                (false, _) => first,
            };
        }
        match may_repeat && is_passing(&first) {
            true => {
                tokio::time::sleep(AGAIN).await;
                let again = self.vouch(&request, None).await?;
                self.send(&request, &again).await
            }
            false => first,
        }
    }

    /// Whether the door's own proof was refused, and another may be taken.
    fn is_refused(&self, response: &Response) -> bool {
        match &self.door {
            Door::Gateway => false,
            Door::Signed(_) => matches!(response.status, 401 | 410),
            Door::Bearer(_) => response.status == 401 && !is_page(&response.body),
        }
    }

    async fn vouch(&self, request: &Request, refused: Option<Pass>) -> Result<Pass, NoAnswer> {
        let pass = match (&self.door, refused) {
            (Door::Signed(live), Some(Pass::Signed(signed))) => {
                live.another(request, &signed).await.map(Pass::Signed)
            }
            (Door::Signed(live), _) => live.header(request).await.map(Pass::Signed),
            (Door::Bearer(bearer), Some(Pass::Token(token))) => {
                bearer.another(&token).await.map(Pass::Token)
            }
            (Door::Bearer(bearer), _) => bearer.token().await.map(Pass::Token),
            (Door::Gateway, _) => Ok(Pass::None),
        };
        pass.map_err(NoAnswer::Door)
    }

    async fn send(&self, request: &Request, pass: &Pass) -> Result<Response, NoAnswer> {
        let left = self.barred().saturating_duration_since(Instant::now());
        // A cancel is tried all the same: the worst answer is another refusal.
        if !left.is_zero() && request.purpose != Purpose::Cancel {
            return Err(NoAnswer::Net(NetError::Throttled { retry_after: left }));
        }
        let request = match pass {
            Pass::None => request.clone(),
            Pass::Signed(signed) => with(request, signed.header.clone()),
            Pass::Token(token) => with(request, token.header()),
        };
        let answer = self.caller.send(request).await.map_err(NoAnswer::Net)?;
        if answer.status == 429 {
            let pause = answer.retry_after().unwrap_or(PENALTY);
            *self.barred.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Instant::now() + pause);
        }
        Ok(answer)
    }

    /// Until when nothing may be asked.
    fn barred(&self) -> Instant {
        let barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        barred.unwrap_or_else(Instant::now)
    }

    /// What a request without an answer asks for next. A gateway nobody is logged in to sends us to its log-in page.
    pub(super) fn unsent(&self, why: NoAnswer) -> ProviderError {
        match (why, &self.door) {
            (NoAnswer::Door(error), _) => error.into(),
            (NoAnswer::Net(NetError::Redirect { .. }), Door::Gateway) => self.not_logged_in(),
            (NoAnswer::Net(error), _) => error.into(),
        }
    }

    /// What a status that is not a success asks for next.
    pub(super) fn refusal(&self, response: &Response) -> ProviderError {
        let reason =
            words(response).unwrap_or_else(|| format!("status {}", response.status).into());
        match (response.status, &self.door) {
            (401, Door::Gateway) => self.not_logged_in(),
            (401, Door::Signed(_) | Door::Bearer(_)) => ProviderError::Unauthorised { reason },
            (404, _) => ProviderError::NotFound { what: reason },
            (429, _) => ProviderError::RateLimited {
                retry_after: response.retry_after().or(Some(PENALTY)),
            },
            (408 | 410 | 500..=599, _) => ProviderError::Unavailable {
                status: response.status,
            },
            _ => ProviderError::Refused { reason },
        }
    }

    /// That the person has to log in to the gateway, in a browser on the machine it runs on.
    pub(super) fn not_logged_in(&self) -> ProviderError {
        let origin = self.base.origin().ascii_serialization();
        match &self.door {
            Door::Gateway => ProviderError::AwaitsPerson {
                what: format!(
                    "nobody is logged in to the gateway: open {origin} in a browser on this machine and log in"
                )
                .into(),
            },
            Door::Signed(_) | Door::Bearer(_) => ProviderError::Unauthorised {
                reason: "Interactive Brokers knows no session of ours".into(),
            },
        }
    }

    /// What a socket's address carries, where the door wants it there.
    pub(super) async fn stream_query(
        &self,
    ) -> Result<Option<(&'static str, SecretString)>, ProviderError> {
        match &self.door {
            Door::Gateway => Ok(None),
            Door::Signed(live) => {
                let token = live.access_token().await;
                let token = token.ok_or(ProviderError::from(AuthError::Closed))?;
                Ok(Some(("oauth_token", token)))
            }
            Door::Bearer(bearer) => {
                let token = bearer.token().await?;
                Ok(Some(("bearer_token", SecretString::from(token.expose()))))
            }
        }
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// What its calls cost so far, and where the sign-in stands.
    pub(super) fn meter(&self) -> Meter {
        let standing = match &self.door {
            Door::Gateway => Standing::default(),
            Door::Signed(live) => live.standing(),
            Door::Bearer(bearer) => bearer.standing(),
        };
        Meter {
            standing,
            ..self.caller.meter()
        }
    }

    /// Counts rows of a listing that could not be read.
    pub(super) fn count_unreadable(&self, rows: usize, at: &str) {
        self.caller.count_unreadable(rows, at);
    }

    /// Counts rows that could not be read, with the place of the first.
    pub(super) fn count_rejected(&self, what: &str, rejected: &[Text]) {
        if let Some(first) = rejected.first() {
            self.count_unreadable(rejected.len(), &format!("{what}, {first}"));
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.caller.clock()
    }
}

/// Whether the same call may succeed a little later. Too many requests are a pause of minutes and not of moments.
fn is_passing(answer: &Result<Response, NoAnswer>) -> bool {
    match answer {
        Ok(response) => response.status == 408 || response.status >= 500,
        Err(NoAnswer::Net(NetError::Throttled { .. }) | NoAnswer::Door(_)) => false,
        Err(NoAnswer::Net(error)) => error.may_retry(),
    }
}

fn with(request: &Request, header: SecretString) -> Request {
    request.clone().secret_header(header::AUTHORIZATION, header)
}

/// Whether an error says that there is no trading session, or that it does not know us yet: both are begun again.
pub(super) fn is_session_lost(error: &ProviderError) -> bool {
    match error {
        ProviderError::Refused { reason } => {
            let reason = reason.as_str();
            reason.contains("no bridge") || reason.contains("query /accounts first")
        }
        ProviderError::AwaitsPerson { .. } | ProviderError::Unauthorised { .. } => true,
        ProviderError::NotFound { .. }
        | ProviderError::UnknownCursor
        | ProviderError::RateLimited { .. }
        | ProviderError::Unavailable { .. }
        | ProviderError::Unreachable(_)
        | ProviderError::Garbled { .. }
        | ProviderError::Misconfigured { .. } => false,
    }
}

/// The broker's own words for a refusal, in any of its shapes; `None` when the body is none.
pub(super) fn words(response: &Response) -> Option<Text> {
    let refusal: Refusal<'_> = json::parse_object(&response.body).ok()?;
    let said = [refusal.error, refusal.detail, refusal.title];
    let said = said.iter().find_map(|field| field.text())?;
    let said = said.strip_prefix("Bad Request: ").unwrap_or(&said);
    Some(Text::new(said.trim()))
}

/// Reads an answer that is an object.
pub(super) fn read<'a, T: Deserialize<'a>>(
    response: &'a Response,
    what: &str,
) -> Result<T, ProviderError> {
    json::parse_object(&response.body).map_err(|error| unread(response, what, &error))
}

/// Reads an answer that is a list.
pub(super) fn read_list<'a, T: Deserialize<'a>>(
    response: &'a Response,
    what: &str,
) -> Result<Vec<T>, ProviderError> {
    json::parse(&response.body).map_err(|error| {
        // A refusal may come with a status that says nothing of one.
        match words(response) {
            Some(reason) => ProviderError::Refused { reason },
            None => unread(response, what, &error),
        }
    })
}

fn unread(response: &Response, what: &str, error: &JsonError) -> ProviderError {
    match is_page(&response.body) {
        true => garbled(format!("{what}: a web page came instead of data")),
        false => garbled(format!("{what}: {error}")),
    }
}

pub(super) fn garbled(at: impl Into<Text>) -> ProviderError {
    ProviderError::Garbled { at: at.into() }
}
