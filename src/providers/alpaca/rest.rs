//! Calls: one place where a request is signed, sent, metered and its refusal understood.

use super::auth::Credentials;
use super::wire::Refusal;
use crate::auth::Standing;
use crate::domain::{Clock, Text};
use crate::net::error::NetError;
use crate::net::http::{Request, Response};
use crate::net::json::{self, JsonError};
use crate::net::rate_limit::Allowance;
use crate::net::transport::Transport;
use crate::providers::provider::caller::Caller;
use crate::providers::provider::fields::is_page;
pub(super) use crate::providers::provider::fields::{row, rows};
use crate::providers::provider::{Meter, ProviderError};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What both APIs allow a free account.
const ALLOWANCE: Allowance = Allowance::per_minute(200);

/// The two hosts of REST calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// Accounts, orders, assets.
    Trading,
    /// Quotes and bars.
    Data,
}

/// Sends signed requests.
pub(super) struct Rest {
    caller: Caller,
    credentials: Credentials,
    trading: Url,
    data: Url,
}

impl Rest {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        credentials: Credentials,
        (trading, data): (Url, Url),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            caller: Caller::new(transport, ALLOWANCE, trading.clone(), clock),
            credentials,
            trading,
            data,
        }
    }

    /// The address of a path given in segments, each of which may hold any character.
    pub(super) fn url(&self, host: Host, segments: &[&str]) -> Url {
        let mut url = match host {
            Host::Trading => self.trading.clone(),
            Host::Data => self.data.clone(),
        };
        // An address that cannot have segments was refused when the connection was made.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a request; any status is an answer.
    pub(super) async fn send(&self, request: Request) -> Result<Response, NetError> {
        let shown = self.credentials.shown().await;
        // It fails while a connection is opened anew or closed, and then nothing was sent.
        let shown = shown.map_err(|_| NetError::Request("the sign-in is at rest"))?;
        self.caller.send(shown.sign(request)).await
    }

    /// Sends a request and turns what is not a success into an error.
    pub(super) async fn ask(&self, request: Request) -> Result<Response, ProviderError> {
        let response = self.send(request).await?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(refusal(&response))
        }
    }

    /// What its calls cost so far.
    pub(super) fn meter(&self) -> Meter {
        let standing = match &self.credentials {
            Credentials::Keys(_) => Standing::default(),
            Credentials::Bearer(bearer) => bearer.standing(),
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
            retry_after: pause(response),
        },
        408 | 500..=599 => ProviderError::Unavailable {
            status: response.status,
        },
        _ => ProviderError::Refused { reason },
    }
}

/// How long a "too many requests" asks to wait: as told, else until the window ends and a second more.
fn pause(response: &Response) -> Option<Duration> {
    let reset = response.rate_report().reset_in;
    response
        .retry_after()
        .or(reset.map(|wait| wait + Duration::from_secs(1)))
}

/// The broker's own words for a refusal, with the numbers it gives; `None` when the body is not a refusal of theirs.
pub(super) fn words(response: &Response) -> Option<Text> {
    let refusal: Refusal<'_> = json::parse_object(&response.body).ok()?;
    let message = refusal.message.text()?;
    let mut words = message.trim().to_owned();
    for (name, value) in [
        ("available", refusal.available),
        ("buying power", refusal.buying_power),
        ("cost", refusal.cost_basis),
        ("existing order", refusal.existing_order_id),
    ] {
        if let Some(value) = value.text() {
            words.push_str(&format!("; {name} {value}"));
        }
    }
    Some(words.into())
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
