//! One request, one answer: what is asked, within which limits, and whether it may be asked again.
use super::address;
use super::backoff::Backoff;
use super::error::{NetError, Step, is_passing};
use super::rate_limit::{Allowance, Budget, Permit, Purpose, Report};
use super::transport::Transport;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How large an answer may be, unpacked.
pub const ANSWER_LIMIT: usize = 8 << 20;
/// How large an answer with history (bars, activities) may be, unpacked.
pub const HISTORY_LIMIT: usize = 32 << 20;
/// How long a request may take with its repetitions.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// How often a read is asked at most.
const ATTEMPTS: u32 = 4;

/// Whether a request may be sent again when no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Once is all. Every order is of this kind.
    Never,
    /// Asking twice does no more than asking once.
    Idempotent,
}

/// A header's value; secrets stay wrapped until the moment they are written to the wire.
#[derive(Clone)]
pub enum HeaderText {
    /// Anyone may see it.
    Plain(String),
    /// Nobody may.
    Secret(SecretString),
}

impl HeaderText {
    /// The value as it goes to the wire, marked so that no layer below prints a secret.
    pub(super) fn value(&self) -> Result<HeaderValue, NetError> {
        let unwritable = |_| NetError::Request("a header holds characters that cannot be sent");
        match self {
            Self::Plain(text) => HeaderValue::from_str(text).map_err(unwritable),
            Self::Secret(secret) => {
                let mut value =
                    HeaderValue::from_str(secret.expose_secret()).map_err(unwritable)?;
                value.set_sensitive(true);
                Ok(value)
            }
        }
    }
}

/// What is asked of a server.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where, with its query.
    pub url: Url,
    /// Headers beside those every request has.
    pub headers: Vec<(HeaderName, HeaderText)>,
    /// The body with its content type, where there is one.
    pub body: Option<(&'static str, Bytes)>,
    /// How large the answer may be, unpacked.
    pub size_limit: usize,
    /// How long it may take with its repetitions.
    pub deadline: Duration,
    /// Whether it may be repeated.
    pub retry: Retry,
    /// Which part of the budget it uses.
    pub purpose: Purpose,
}

impl Request {
    /// A look-up: may be repeated, and uses the readers' budget.
    pub fn get(url: Url) -> Self {
        Self {
            retry: Retry::Idempotent,
            ..Self::new(Method::GET, url, Purpose::Read)
        }
    }

    /// Anything else: sent once, unless [`Request::idempotent`] says otherwise.
    pub fn new(method: Method, url: Url, purpose: Purpose) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: None,
            size_limit: ANSWER_LIMIT,
            deadline: DEADLINE,
            retry: Retry::Never,
            purpose,
        }
    }

    /// Adds a parameter to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a header that anyone may see.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, HeaderText::Plain(value.into())));
        self
    }

    /// Adds a header that nobody may see.
    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, value: SecretString) -> Self {
        self.headers.push((name, HeaderText::Secret(value)));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(("application/json", body.into()));
        self
    }

    /// Allows an answer of [`HISTORY_LIMIT`].
    #[must_use]
    pub fn history(mut self) -> Self {
        self.size_limit = HISTORY_LIMIT;
        self
    }

    /// Says that asking twice does no more than asking once.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.retry = Retry::Idempotent;
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = address::host(&self.url);
        write!(f, "{} {host}{}", self.method, self.url.path())
    }
}

/// What a server answered.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers; read them by [`Response::header`].
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Bytes,
    /// From asking to the last byte.
    pub elapsed: Duration,
}

impl Response {
    /// An answer as a test writes it.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
            elapsed: Duration::ZERO,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers.append(name, HeaderValue::from_static(value));
        self
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's clock, by its `Date` header, to the second.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header(header::DATE.as_str())?)
    }

    /// How long the server asks us to wait: seconds, or a date by its own clock.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// What the server says of our budget. The reset is a unix time by its own clock, or seconds from now.
    pub fn rate_report(&self) -> Report {
        let number = |names: [&str; 2]| -> Option<u64> {
            names
                .iter()
                .find_map(|name| self.header(name))?
                .trim()
                .parse()
                .ok()
        };
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let reset = number(["x-ratelimit-reset", "ratelimit-reset"]);
        Report {
            limit: number(["x-ratelimit-limit", "ratelimit-limit"]).map(small),
            remaining: number(["x-ratelimit-remaining", "ratelimit-remaining"]).map(small),
            reset_in: reset.and_then(|reset| self.reset_in(reset)),
        }
    }

    fn reset_in(&self, reset: u64) -> Option<Duration> {
        const A_UNIX_TIME: u64 = 1_000_000_000;
        if reset < A_UNIX_TIME {
            return Some(Duration::from_secs(reset));
        }
        let date = u64::try_from(self.date()?.as_second()).ok()?;
        Some(Duration::from_secs(reset.saturating_sub(date)))
    }
}

impl PartialEq for Response {
    fn eq(&self, other: &Self) -> bool {
        self.status == other.status && self.body == other.body
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({} bytes)", self.status, self.body.len())
    }
}

/// `Retry-After` in either of its forms; a date counts from the `Date` beside it.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = http_date(headers.get(header::DATE)?.to_str().ok()?)?;
    let wait = http_date(text)?.as_second() - date.as_second();
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()
}

/// Any uniform number, a new one each time.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Sends requests within each host's budget and repeats those that may be.
pub struct Http {
    transport: Arc<dyn Transport>,
    allowance: Allowance,
    random: Random,
    budgets: Mutex<BTreeMap<String, Budget>>,
}

impl Http {
    /// `allowance` is what every host is taken to allow until it says otherwise.
    pub fn new(transport: Arc<dyn Transport>, allowance: Allowance, random: Random) -> Self {
        Self {
            transport,
            allowance,
            random,
            budgets: Mutex::default(),
        }
    }

    /// Sends one request; any status is an answer. A request that may be repeated is, after a passing failure
    /// (connection, 408, 429, 5xx), with growing delays and never past its deadline.
    ///
    /// # Errors
    /// [`NetError::Throttled`] when the budget has no room before the deadline; else what the transport met.
    pub async fn send(&self, request: Request) -> Result<Response, NetError> {
        let deadline = Instant::now() + request.deadline;
        let mut backoff = Backoff::new();
        loop {
            self.wait_for_room(&request, deadline).await?;
            let outcome = self.once(&request, deadline).await;
            let Some(asked_to_wait) = wish_to_repeat(&request, &outcome) else {
                return outcome;
            };
            let delay = backoff
                .next(Duration::ZERO, (self.random)())
                .max(asked_to_wait);
            let too_late = delay >= deadline.saturating_duration_since(Instant::now());
            if backoff.failures() >= ATTEMPTS || too_late {
                return outcome;
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// Requests left of a host's window, where it was asked before, and the window's size.
    pub fn requests_left(&self, host: &str) -> Option<(u32, u32)> {
        self.with_budgets(|budgets| {
            budgets
                .get(host)
                .map(|budget| (budget.remaining(), budget.limit()))
        })
    }

    async fn wait_for_room(&self, request: &Request, deadline: Instant) -> Result<(), NetError> {
        loop {
            let now = Instant::now();
            match self.budget(request, |budget| budget.ask(now, request.purpose)) {
                Permit::Go => return Ok(()),
                Permit::Wait(wait) if now + wait < deadline => tokio::time::sleep(wait).await,
                Permit::Wait(retry_after) => return Err(NetError::Throttled { retry_after }),
            }
        }
    }

    async fn once(&self, request: &Request, deadline: Instant) -> Result<Response, NetError> {
        let slot = Slot {
            http: self,
            request,
            report: Report::default(),
        };
        let answer = tokio::time::timeout_at(deadline, self.transport.send(request)).await;
        let response = answer.unwrap_or(Err(NetError::Timeout {
            step: Step::Answer,
            limit: request.deadline,
        }))?;
        slot.answered(&response);
        Ok(response)
    }

    fn budget<T>(&self, request: &Request, act: impl FnOnce(&mut Budget) -> T) -> T {
        self.with_budgets(|budgets| {
            let host = address::host(&request.url);
            if !budgets.contains_key(host) {
                let fresh = Budget::new(self.allowance, Instant::now());
                budgets.insert(host.to_owned(), fresh);
            }
            act(budgets.get_mut(host).expect("inserted above"))
        })
    }

    fn with_budgets<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Budget>) -> T) -> T {
        act(&mut self.budgets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request under way; gives its place in the budget back even when it is dropped half-way.
struct Slot<'a> {
    http: &'a Http,
    request: &'a Request,
    report: Report,
}

impl Slot<'_> {
    fn answered(mut self, response: &Response) {
        self.report = response.rate_report();
        if response.status == 429 {
            let wait = response.retry_after().or(self.report.reset_in);
            self.http
                .budget(self.request, |budget| budget.refused(Instant::now(), wait));
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let report = self.report;
        self.http.budget(self.request, |budget| {
            budget.answered(Instant::now(), report)
        });
    }
}

/// Whether to send again, and how long at least the server wants us to wait.
fn wish_to_repeat(request: &Request, outcome: &Result<Response, NetError>) -> Option<Duration> {
    if request.retry == Retry::Never {
        return None;
    }
    match outcome {
        Ok(response) if is_passing(response.status) => {
            Some(response.retry_after().unwrap_or_default())
        }
        Err(error) if error.may_retry() => Some(error.retry_after().unwrap_or_default()),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
