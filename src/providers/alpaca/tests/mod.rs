//! The whole provider against a transport in memory: what leaves, and what becomes of what comes back.

mod accounts;
mod examples;
mod market;
mod orders;

use crate::auth::oauth1::Entropy;
use crate::domain::{AccountId, Clock, ConnectionId, Environment, Timestamp};
use crate::net::error::NetError;
use crate::net::http::{HeaderText, Request, Response};
use crate::net::transport::MemoryTransport;
use crate::providers::provider::{Opening, Provider, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

pub(super) type Outcome = Result<Response, NetError>;

/// A payload from the fixtures.
pub(super) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/alpaca/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn account_id() -> AccountId {
    AccountId {
        connection: ConnectionId::new("alpaca"),
        number: "PA3EXAMPLE01".into(),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        at("2026-11-23T12:00:00Z")
    }
}

/// A connection whose far side is a list of answers.
pub(super) struct Rig {
    pub(super) provider: Arc<dyn Provider>,
    seen: Arc<Mutex<Vec<Request>>>,
}

pub(super) fn opening(environment: Environment, transport: MemoryTransport) -> Opening {
    let key = match environment {
        Environment::Paper => "PKEXAMPLE",
        Environment::Live => "AKEXAMPLE",
    };
    let secrets = [("key", key), ("secret", "s3cr3t")];
    let defaults = super::SPEC.addresses.iter();
    Opening {
        way: &super::SPEC.ways[0],
        bearer: None,
        connection: ConnectionId::new("alpaca"),
        environment,
        secrets: secrets
            .into_iter()
            .map(|(name, text)| (name.into(), SecretString::from(text)))
            .collect(),
        addresses: defaults
            .map(|(key, text)| ((*key).into(), (*text).into()))
            .collect(),
        transport: Arc::new(transport),
        clock: Arc::new(Noon),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    }
}

pub(super) fn rig(environment: Environment, answers: Vec<Outcome>) -> Rig {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (record, left) = (seen.clone(), Mutex::new(VecDeque::from(answers)));
    let transport = MemoryTransport::new(move |request| {
        record.lock().unwrap().push(request.clone());
        let next = left.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("one request too many: {request:?}"))
    });
    let provider = (super::SPEC.open)(opening(environment, transport))
        .ok()
        .unwrap();
    Rig { provider, seen }
}

pub(super) fn paper(answers: Vec<Outcome>) -> Rig {
    rig(Environment::Paper, answers)
}

pub(super) fn ok(name: &str) -> Outcome {
    Ok(Response::new(200, fixture(name)))
}

pub(super) fn status(status: u16, body: &str) -> Outcome {
    Ok(Response::new(status, body.to_owned()))
}

impl Rig {
    /// What left so far: method and address, without the scheme.
    pub(super) fn sent(&self) -> Vec<String> {
        let line = |request: &Request| {
            format!(
                "{} {}",
                request.method,
                request.url.as_str().replace("https://", "")
            )
        };
        self.seen.lock().unwrap().iter().map(line).collect()
    }

    pub(super) fn body(&self, index: usize) -> String {
        let seen = self.seen.lock().unwrap();
        let (kind, body) = seen[index].body.clone().unwrap();
        assert_eq!(kind, "application/json");
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn headers(&self, index: usize) -> BTreeMap<String, String> {
        let seen = self.seen.lock().unwrap();
        let text = |value: &HeaderText| match value {
            HeaderText::Plain(text) => format!("plain {text}"),
            HeaderText::Secret(secret) => format!("secret {}", secret.expose_secret()),
        };
        seen[index]
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }
}

fn error_of(environment: Environment, change: impl FnOnce(&mut Opening)) -> String {
    let mut opening = opening(
        environment,
        MemoryTransport::new(|_| unreachable!("nothing is sent yet")),
    );
    change(&mut opening);
    match (super::SPEC.open)(opening) {
        Err(error @ ProviderError::Misconfigured { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn a_connection_that_cannot_work_is_refused_with_what_to_do() {
    let without =
        |key: &'static str| move |opening: &mut Opening| drop(opening.addresses.remove(key));
    assert_eq!(
        error_of(Environment::Paper, without("trading")),
        "the address providers.alpaca.trading is missing"
    );
    let wrong = |key: &'static str| {
        move |opening: &mut Opening| {
            opening.addresses.insert(key.into(), "paper-api".into());
        }
    };
    let address = error_of(Environment::Live, wrong("trading_stream_live"));
    assert_eq!(
        address,
        "providers.alpaca.trading_stream_live is not an address; write it as scheme://host"
    );
    let secret = error_of(Environment::Paper, |opening| {
        drop(opening.secrets.remove("secret"))
    });
    assert_eq!(secret, "the API secret key is missing");
    let other = error_of(Environment::Live, |opening| {
        opening
            .secrets
            .insert("key".into(), SecretString::from("PKEXAMPLE"));
    });
    assert!(other.contains("belongs to a paper account"), "{other}");
}

#[tokio::test]
async fn the_environment_chooses_the_hosts_and_the_keys_are_secret_headers() {
    for (environment, host, stream) in [
        (
            Environment::Paper,
            "paper-api.alpaca.markets",
            "wss://paper-api.alpaca.markets/stream",
        ),
        (
            Environment::Live,
            "api.alpaca.markets",
            "wss://api.alpaca.markets/stream",
        ),
    ] {
        let rig = rig(environment, vec![ok("clock")]);
        rig.provider.quotes().unwrap().clock().await.unwrap();
        assert_eq!(rig.sent(), [format!("GET {host}/v2/clock")]);
        let headers = rig.headers(0);
        assert!(headers["apca-api-key-id"].starts_with("secret "));
        assert_eq!(headers["apca-api-secret-key"], "secret s3cr3t");
        let streams = rig.provider.streams(&[account_id()]);
        for (spec, expected) in streams
            .iter()
            .zip(["wss://stream.data.alpaca.markets/v2/iex", stream])
        {
            let start = (spec.start)().await.ok().unwrap();
            assert_eq!(start.url, expected);
        }
        assert_eq!(streams[0].label.as_str(), "IEX");
    }
}

#[test]
fn without_an_account_there_are_no_order_events() {
    let rig = paper(Vec::new());
    assert_eq!(rig.provider.streams(&[]).len(), 1);
    let elsewhere = AccountId {
        connection: ConnectionId::new("other"),
        ..account_id()
    };
    assert_eq!(rig.provider.streams(&[elsewhere]).len(), 1);
}

#[tokio::test]
async fn the_meter_counts_calls_failures_and_what_the_host_says() {
    let answer = Response::new(200, fixture("clock"))
        .with("x-ratelimit-limit", "200")
        .with("x-ratelimit-remaining", "150")
        .with("date", "Mon, 23 Nov 2026 12:00:07 GMT");
    let rig = paper(vec![Ok(answer), status(422, "{}")]);
    let quotes = rig.provider.quotes().unwrap();
    quotes.clock().await.unwrap();
    quotes.clock().await.unwrap_err();
    let meter = rig.provider.meter();
    assert_eq!((meter.calls, meter.errors), (2, 1));
    assert_eq!(meter.requests_left, Some((149, 200)));
    assert_eq!(meter.clock_skew_ms, Some(7_000));
    assert!(meter.latency.is_some());
}
