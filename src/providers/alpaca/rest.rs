//! Calls: one place where a request is signed, sent, metered and its refusal understood.

use super::auth::Keys;
use super::wire::Refusal;
use crate::domain::{Clock, Text};
use crate::net::error::NetError;
use crate::net::http::{Http, Request, Response};
use crate::net::json::{self, JsonError};
use crate::net::rate_limit::Allowance;
use crate::net::transport::Transport;
use crate::providers::provider::{Meter, ProviderError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    http: Http,
    keys: Keys,
    trading: Url,
    data: Url,
    clock: Arc<dyn Clock>,
    meter: Mutex<Meter>,
}

impl Rest {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        keys: Keys,
        (trading, data): (Url, Url),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ticks = clock.clone();
        let random = Arc::new(move || scatter(ticks.now().nanos()));
        Self {
            http: Http::new(transport, ALLOWANCE, random),
            keys,
            trading,
            data,
            clock,
            meter: Mutex::default(),
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
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let outcome = self.http.send(self.keys.sign(request)).await;
        self.count(&host, &outcome);
        outcome
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
        Meter {
            requests_left: self.http.requests_left(&self.trading),
            ..self.lock().clone()
        }
    }

    /// Counts rows of a listing that could not be read.
    pub(super) fn count_unreadable(&self, rows: usize, at: &str) {
        if rows > 0 {
            tracing::warn!(
                rows,
                at,
                "rows of an answer could not be read and were left out"
            );
            let mut meter = self.lock();
            meter.unreadable += rows as u64;
            meter.unreadable_at = Some(at.into());
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn count(&self, host: &str, outcome: &Result<Response, NetError>) {
        let now = self.clock.now().millis();
        let mut meter = self.lock();
        meter.calls += 1;
        match outcome {
            Ok(response) => {
                meter.errors += u64::from(!response.is_success());
                meter.latency = Some(response.elapsed);
                if let (Some(date), true) = (response.date(), self.trading.host_str() == Some(host))
                {
                    meter.clock_skew_ms = Some(skew(date.as_millisecond(), now));
                }
            }
            Err(_) => meter.errors += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Meter> {
        // Counters are whole at every step, so a panic elsewhere does no harm.
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Their clock minus ours. `Date` is cut to the second, so less than one is no difference.
fn skew(theirs: i64, ours: i64) -> i64 {
    let difference = theirs - ours;
    if (-1_000..=0).contains(&difference) {
        0
    } else {
        difference
    }
}

/// A number that looks like chance, from the nanoseconds of a moment: enough to spread repetitions.
fn scatter(nanos: i128) -> u64 {
    let bytes = nanos.to_le_bytes();
    let mut value = u64::from_le_bytes(bytes[..8].try_into().expect("eight of sixteen bytes"));
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
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

/// Whether a body is HTML: what a proxy in between, or a network that wants a log-in first, answers in their place.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// Reads the rows of a list one by one; those that fail are left out, each with its place.
pub(super) fn rows<T>(
    raw: &[&RawValue],
    mut read: impl FnMut(&RawValue) -> Result<T, Text>,
) -> (Vec<T>, Vec<Text>) {
    let mut good = Vec::with_capacity(raw.len());
    let mut bad = Vec::new();
    for (index, row) in raw.iter().enumerate() {
        match read(row) {
            Ok(item) => good.push(item),
            Err(why) => bad.push(format!("row {}: {why}", index + 1).into()),
        }
    }
    (good, bad)
}

/// Reads one raw object, saying what failed without its content.
pub(super) fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Text> {
    json::parse_object(raw.get().as_bytes()).map_err(|error| error.to_string().into())
}

pub(super) fn garbled(at: impl Into<Text>) -> ProviderError {
    ProviderError::Garbled { at: at.into() }
}
