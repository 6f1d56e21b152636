//! Calls: one place where a request is signed, sent, metered and its refusal understood.

use super::wire::{self, Reason};
use crate::auth::Bearer;
use crate::domain::{Clock, Text};
use crate::net::http::{Request, Response};
use crate::net::json::{self, JsonError};
use crate::net::rate_limit::Allowance;
use crate::net::transport::Transport;
use crate::providers::caller::Caller;
use crate::providers::fields::{is_page, row};
use crate::providers::provider::{Meter, ProviderError};
use http::header;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What an app may ask, measured by those who use it; it is not documented.
const ALLOWANCE: Allowance = Allowance::per_minute(120);

/// How long to wait after "too many requests", which says nothing of it: the window is a minute.
const PAUSE: Duration = Duration::from_secs(60);

/// Refusals named of a list of them.
const MOST_WORDS: usize = 3;

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// Accounts, orders, transactions.
    Trader,
    /// Quotes, candles, hours, instruments.
    MarketData,
}

/// Sends signed requests.
pub(super) struct Rest {
    caller: Caller,
    bearer: Bearer,
    api: Url,
}

impl Rest {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        bearer: Bearer,
        api: Url,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            caller: Caller::new(transport, ALLOWANCE, api.clone(), clock),
            bearer,
            api,
        }
    }

    /// Looks something up and turns what is not a success into an error. `path` is in segments, each of which may hold
    /// any character.
    pub(super) async fn get(
        &self,
        host: Host,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Response, ProviderError> {
        let mut request = Request::get(self.url(host, path)).history();
        for (name, value) in query {
            request = request.query(name, value);
        }
        let response = self.signed(request).await?;
        match response.is_success() {
            true => Ok(response),
            false => Err(refusal(&response)),
        }
    }

    fn url(&self, host: Host, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        let prefix = match host {
            Host::Trader => ["trader", "v1"],
            Host::MarketData => ["marketdata", "v1"],
        };
        // An address that cannot have segments was refused when the connection was made.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(prefix).extend(path);
        }
        url
    }

    /// Sends a look-up with a token; one that is refused in spite of its time is renewed once. Only look-ups pass here:
    /// they may be repeated.
    async fn signed(&self, request: Request) -> Result<Response, ProviderError> {
        let sign = |token: &crate::auth::AccessToken| {
            request
                .clone()
                .header(header::ACCEPT, "application/json")
                .secret_header(header::AUTHORIZATION, token.header())
        };
        let token = self.bearer.token().await?;
        let response = self.caller.send(sign(&token)).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let token = self.bearer.another(&token).await?;
        Ok(self.caller.send(sign(&token)).await?)
    }

    /// What its calls cost so far, and where the sign-in stands.
    pub(super) fn meter(&self) -> Meter {
        Meter {
            standing: self.bearer.standing(),
            ..self.caller.meter()
        }
    }

    pub(super) fn bearer(&self) -> &Bearer {
        &self.bearer
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.caller.clock()
    }

    /// Counts what could not be read and was left out.
    pub(super) fn count_unreadable(&self, rows: usize, at: &str) {
        self.caller.count_unreadable(rows, at);
    }

    /// Counts rows that could not be read, with the place of the first.
    pub(super) fn count_rejected(&self, what: &str, rejected: &[Text]) {
        if let Some(first) = rejected.first() {
            self.count_unreadable(rejected.len(), &format!("{what}, {first}"));
        }
    }
}

/// What a status that is not a success asks for next.
pub(super) fn refusal(response: &Response) -> ProviderError {
    let reason = words(response).unwrap_or_else(|| format!("status {}", response.status).into());
    match response.status {
        401 => ProviderError::Unauthorised { reason },
        403 => ProviderError::Refused {
            reason: format!("{reason}; the app at developer.schwab.com needs both API products")
                .into(),
        },
        404 => ProviderError::NotFound { what: reason },
        429 => ProviderError::RateLimited {
            retry_after: response.retry_after().or(Some(PAUSE)),
        },
        408 | 500..=599 => ProviderError::Unavailable {
            status: response.status,
        },
        _ => ProviderError::Refused { reason },
    }
}

/// Schwab's own words for a refusal, in any of the shapes that its parts answer with; `None` when the body is none.
pub(super) fn words(response: &Response) -> Option<Text> {
    words_of(&response.body, 0).map(Text::from)
}

fn words_of(body: &[u8], depth: usize) -> Option<String> {
    let reason: Reason<'_> = json::parse_object(body).ok()?;
    let mut said: Vec<String> = Vec::new();
    said.extend(reason.message.text().map(|text| plain(&text, depth)));
    said.extend(
        reason
            .error_description
            .text()
            .map(|text| plain(&text, depth)),
    );
    if let Some(fault) = &reason.fault {
        said.extend(fault.faultstring.text().map(|text| plain(&text, depth)));
    }
    for error in reason.errors.iter().flatten().take(MOST_WORDS) {
        said.extend(error_words(error, depth));
    }
    if said.is_empty() {
        said.extend(reason.error.text().map(|text| plain(&text, depth)));
    }
    said.dedup();
    (!said.is_empty()).then(|| said.join("; "))
}

/// One of a list of errors: a sentence, or an object with a title and a detail.
fn error_words(raw: &RawValue, depth: usize) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        return (!text.is_empty()).then(|| plain(&text, depth));
    }
    let error: wire::DataError<'_> = row(raw).ok()?;
    let said = error.detail.text().or_else(|| error.title.text())?;
    let source = error.source.unwrap_or_default();
    let at = source.parameter.text().or_else(|| source.header.text());
    Some(match at {
        Some(at) => format!("{said} ({at})"),
        None => plain(&said, depth),
    })
}

/// A sentence without the JSON that their gateway wraps in it: what that says takes its place.
fn plain(text: &str, depth: usize) -> String {
    let inner = text.find('{').zip(text.rfind('}'));
    let inner = inner.filter(|(start, end)| start < end && depth < MOST_WORDS);
    let said = inner.and_then(|(start, end)| words_of(&text.as_bytes()[start..=end], depth + 1));
    said.unwrap_or_else(|| text.trim().to_owned())
}

/// The user preference: an object, or a list of one, as the specification has it.
pub(super) fn read_preference(response: &Response) -> Result<wire::Preference<'_>, ProviderError> {
    let what = "the user preference";
    match response.body.trim_ascii_start().first() {
        Some(b'[') => {
            let list: Vec<wire::Preference<'_>> = read_list(response, what)?;
            let first = list.into_iter().next();
            first.ok_or_else(|| garbled(format!("{what} is empty")))
        }
        _ => read(response, what),
    }
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
    json::parse(&response.body).map_err(|error| unread(response, what, &error))
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
