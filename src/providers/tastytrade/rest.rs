//! Calls: one place where a request gets its token, is sent, metered and its refusal understood.

use super::auth;
use super::wire::{Detail, Envelope, Field, Items, Reason, Refusal};
use crate::auth::{AccessToken, AuthError, Bearer};
use crate::domain::{Clock, Text};
use crate::net::error::NetError;
use crate::net::http::{Request, Response};
use crate::net::json;
use crate::net::rate_limit::Allowance;
use crate::net::transport::Transport;
use crate::providers::provider::caller::Caller;
use crate::providers::provider::fields::is_page;
pub(super) use crate::providers::provider::fields::{row, rows};
use crate::providers::provider::{Meter, ProviderError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use url::Url;

/// The real limits are not published; this stays far below what clients are seen to do.
const ALLOWANCE: Allowance = Allowance::per_minute(120);

/// Sends requests with tokens.
pub(super) struct Rest {
    caller: Caller,
    bearer: Bearer,
    base: Url,
}

/// Why a request has no answer.
pub(super) enum NoAnswer {
    /// There is no token for it; nothing was sent.
    Token(AuthError),
    /// It was sent, or was to be.
    Net(NetError),
}

impl From<NoAnswer> for ProviderError {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Token(error) => error.into(),
            NoAnswer::Net(error) => error.into(),
        }
    }
}

impl Rest {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        bearer: Bearer,
        base: Url,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            caller: Caller::new(transport, ALLOWANCE, base.clone(), clock),
            bearer,
            base,
        }
    }

    /// The address of a path given in segments, each of which may hold any character, slashes included.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An address that cannot have segments was refused when the connection was made.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a request once; any status is an answer. After a 401 the token is renewed for the calls to come, and this
    /// one is not repeated: a server that refused the token may have acted all the same.
    pub(super) async fn send_once(&self, request: Request) -> Result<Response, NoAnswer> {
        let token = self.bearer.token().await.map_err(NoAnswer::Token)?;
        let response = self.sign_and_send(request, &token).await?;
        if response.status == 401 {
            // What became of the renewal is heard by the next call.
            let _ = self.bearer.another(&token).await;
        }
        Ok(response)
    }

    /// Sends a request that may be repeated; after a 401 once more, with another token.
    pub(super) async fn send(&self, request: Request) -> Result<Response, NoAnswer> {
        let token = self.bearer.token().await.map_err(NoAnswer::Token)?;
        let response = self.sign_and_send(request.clone(), &token).await?;
        // A page instead of an answer is of something in front of the API, which no token pleases.
        if response.status != 401 || is_page(&response.body) {
            return Ok(response);
        }
        let another = self.bearer.another(&token).await.map_err(NoAnswer::Token)?;
        self.sign_and_send(request, &another).await
    }

    async fn sign_and_send(
        &self,
        request: Request,
        token: &AccessToken,
    ) -> Result<Response, NoAnswer> {
        let sent = self.caller.send(auth::sign(request, token)).await;
        sent.map_err(NoAnswer::Net)
    }

    /// Sends a request that may be repeated, and turns what is not a success into an error.
    pub(super) async fn ask(&self, request: Request) -> Result<Response, ProviderError> {
        let response = self.send(request).await?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(refusal(&response))
        }
    }

    /// The tokens at work.
    pub(super) fn bearer(&self) -> &Bearer {
        &self.bearer
    }

    /// What its calls cost so far, and where the sign-in stands.
    pub(super) fn meter(&self) -> Meter {
        Meter {
            standing: self.bearer.standing(),
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

/// What a status that is not a success asks for next.
pub(super) fn refusal(response: &Response) -> ProviderError {
    let reason = words(response).unwrap_or_else(|| format!("status {}", response.status).into());
    match response.status {
        401 => ProviderError::Unauthorised { reason },
        404 => ProviderError::NotFound { what: reason },
        429 => ProviderError::RateLimited {
            retry_after: response.retry_after(),
        },
        408 | 500..=599 => ProviderError::Unavailable {
            status: response.status,
        },
        _ => ProviderError::Refused { reason },
    }
}

/// The broker's own words for a refusal, with those of each check; `None` when the body is not a refusal of theirs.
pub(super) fn words(response: &Response) -> Option<Text> {
    let refusal: Refusal<'_> = json::parse_object(&response.body).ok()?;
    let raw = refusal.error.raw()?;
    if !raw.get().starts_with('{') {
        // OAuth's form. Its description may repeat a token, so the code is all that is kept.
        return refusal.error.text().map(|code| Text::new(&code));
    }
    let reason: Reason<'_> = row(raw).ok()?;
    let code = reason.code.text();
    let message = reason.message.text().or_else(|| code.clone())?;
    let details = details(reason.errors.as_deref().unwrap_or_default());
    Some(match details.as_str() {
        "" => message.trim().into(),
        details => details.into(),
    })
}

/// What each check says; of a parameter, which one.
pub(super) fn details(list: &[&RawValue]) -> String {
    let one = |raw: &&RawValue| {
        let detail: Detail<'_> = row(raw).ok()?;
        let said = [detail.message, detail.reason, detail.code];
        let said = said.iter().find_map(|field| field.text())?;
        Some(match detail.domain.text() {
            Some(domain) => format!("{domain}: {said}"),
            None => said.trim().to_owned(),
        })
    };
    list.iter().filter_map(one).collect::<Vec<_>>().join("; ")
}

/// The envelope of an answer.
pub(super) fn envelope<'a>(
    response: &'a Response,
    what: &str,
) -> Result<Envelope<'a>, ProviderError> {
    json::parse_object(&response.body).map_err(|error| match is_page(&response.body) {
        true => garbled(format!("{what}: a web page came instead of data")),
        false => garbled(format!("{what}: {error}")),
    })
}

/// Reads an answer that is one thing.
pub(super) fn read<'a, T: Deserialize<'a>>(
    response: &'a Response,
    what: &str,
) -> Result<T, ProviderError> {
    let envelope = envelope(response, what)?;
    let raw = envelope.data.raw();
    let raw = raw.ok_or_else(|| garbled(format!("{what}: there are no data in it")))?;
    row(raw).map_err(|why| garbled(format!("{what}: {why}")))
}

/// The rows of an answer: under `items`, or bare.
pub(super) fn list<'a>(
    response: &'a Response,
    what: &str,
) -> Result<Vec<&'a RawValue>, ProviderError> {
    items(envelope(response, what)?.data, what)
}

/// The rows below `data`.
pub(super) fn items<'a>(data: Field<'a>, what: &str) -> Result<Vec<&'a RawValue>, ProviderError> {
    let raw = data.raw();
    let raw = raw.ok_or_else(|| garbled(format!("{what}: there are no data in it")))?;
    let unread = |why: String| garbled(format!("{what}: {why}"));
    if raw.get().starts_with('[') {
        return json::parse(raw.get().as_bytes()).map_err(|error| unread(error.to_string()));
    }
    let items: Items<'_> = row(raw).map_err(|why| unread(why.to_string()))?;
    items
        .items
        .ok_or_else(|| unread("there are no items in it".into()))
}

/// Whether another page follows; what does not say where it is, is the last.
pub(super) fn next_page(envelope: &Envelope<'_>) -> Option<u32> {
    let pagination = envelope.pagination.as_ref()?;
    let number = |field: Field<'_>| field.text()?.parse::<u32>().ok();
    let next = number(pagination.page_offset)?.checked_add(1)?;
    (next < number(pagination.total_pages)?).then_some(next)
}

pub(super) fn garbled(at: impl Into<Text>) -> ProviderError {
    ProviderError::Garbled { at: at.into() }
}
