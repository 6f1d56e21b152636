//! One request, one answer: what is asked, within which limits, and what came back.
mod secrets;

use super::address;
use super::error::NetError;
use super::rate_limit::{Purpose, Report};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
pub use secrets::hide;
use std::fmt;
use std::time::Duration;
use url::Url;

/// How large an answer may be, unpacked.
pub const ANSWER_LIMIT: usize = 8 << 20;
/// How large an answer with history (bars, activities) may be, unpacked.
pub const HISTORY_LIMIT: usize = 32 << 20;
/// How long a request may take with its repetitions.
pub const DEADLINE: Duration = Duration::from_secs(30);
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

    /// Secrets in its headers, without the scheme that may stand before one. A scheme of named parts (RFC 5849, 3.5.1)
    /// has the token last.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().filter_map(|(_, value)| match value {
            HeaderText::Secret(secret) => {
                let last = secret.expose_secret().split(' ').next_back()?;
                let quoted = last.strip_suffix('"').and_then(|it| it.rsplit_once('"'));
                Some(quoted.map_or(last, |(_, quoted)| quoted))
            }
            HeaderText::Plain(_) => None,
        })
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

    /// The same without the secrets of its request, where it is no success: its words will be shown.
    #[must_use]
    pub(super) fn without_secrets_of(mut self, request: &Request) -> Self {
        if !self.is_success()
            && let Some(body) = hide(&self.body, request.secrets())
        {
            self.body = body.into();
        }
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
