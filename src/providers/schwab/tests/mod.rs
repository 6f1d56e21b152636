//! The whole provider against a transport in memory: what leaves, and what becomes of what comes back.

mod accounts;
mod examples;
mod market;
mod orders;
mod shapes;

use crate::auth::oauth1::Entropy;
use crate::auth::{Bearer, Client, Keep, Profile, TokenEndpoint, Tokens};
use crate::domain::{AccountId, Clock, ConnectionId, Environment, Text, Timestamp};
use crate::net::error::NetError;
use crate::net::http::{HeaderText, Request, Response};
use crate::net::transport::MemoryTransport;
use crate::providers::provider::{Opening, Provider, ProviderError, StreamName};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub(super) type Outcome = Result<Response, NetError>;

/// The hash of account 12345678 in the fixtures.
pub(super) const HASH: &str = "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";

/// A payload from the fixtures.
pub(super) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/schwab/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn account_id() -> AccountId {
    AccountId {
        connection: ConnectionId::new("schwab"),
        number: "12345678".into(),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A clock that stands.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct Disk;

impl Keep for Disk {
    fn keep<'a>(
        &'a self,
        _tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Tokens at work: `access-1`, then `access-2` and so on.
fn bearer(clock: Arc<dyn Clock>) -> Bearer {
    let count = Mutex::new(0);
    let transport = MemoryTransport::new(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let body = format!(
            r#"{{"access_token":"access-{count}","token_type":"Bearer","expires_in":1800,"refresh_token":"r","scope":"api","id_token":"x"}}"#
        );
        Ok(Response::new(200, body))
    });
    let profile = Profile::from_settings(&addresses(), Environment::Live).unwrap();
    let client = Client {
        id: "key".into(),
        secret: Some(Arc::new(SecretString::from("s3cr3t"))),
    };
    let endpoint = TokenEndpoint::new(
        Arc::new(profile),
        client,
        Arc::new(transport),
        clock.clone(),
    );
    let tokens = Tokens::of_refresh("refresh-0".into(), clock.now());
    Bearer::start(tokens, endpoint, Arc::new(Disk), clock, 0)
}

fn addresses() -> BTreeMap<String, String> {
    let defaults = super::SPEC.addresses.iter();
    defaults
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect()
}

fn opening(now: &str, transport: MemoryTransport) -> Opening {
    let clock = Arc::new(Still(at(now)));
    Opening {
        way: &super::SPEC.ways[0],
        bearer: Some(bearer(clock.clone())),
        connection: ConnectionId::new("schwab"),
        environment: Environment::Live,
        secrets: BTreeMap::new(),
        addresses: addresses(),
        transport: Arc::new(transport),
        clock,
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    }
}

/// A connection whose far side is a list of answers.
pub(super) struct Rig {
    pub(super) provider: Arc<dyn Provider>,
    seen: Arc<Mutex<Vec<Request>>>,
}

pub(super) fn rig_at(now: &str, answers: Vec<Outcome>) -> Rig {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (record, left) = (seen.clone(), Mutex::new(VecDeque::from(answers)));
    let transport = MemoryTransport::new(move |request| {
        record.lock().unwrap().push(request.clone());
        let next = left.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("one request too many: {request:?}"))
    });
    let provider = (super::SPEC.open)(opening(now, transport)).ok().unwrap();
    Rig { provider, seen }
}

pub(super) fn rig(answers: Vec<Outcome>) -> Rig {
    rig_at("2026-11-23T12:00:00Z", answers)
}

pub(super) fn ok(name: &str) -> Outcome {
    Ok(Response::new(200, fixture(name)))
}

pub(super) fn status(status: u16, body: &str) -> Outcome {
    Ok(Response::new(status, body.to_owned()))
}

impl Rig {
    /// What left so far: method and address, without the scheme and the host, the hash as `HASH`.
    pub(super) fn sent(&self) -> Vec<String> {
        let line = |request: &Request| {
            let text = format!("{} {}", request.method, request.url);
            text.replace("https://api.schwabapi.com", "")
                .replace(HASH, "HASH")
        };
        self.seen.lock().unwrap().iter().map(line).collect()
    }

    fn authorization(&self, index: usize) -> String {
        let seen = self.seen.lock().unwrap();
        let found = seen[index]
            .headers
            .iter()
            .find(|(name, _)| name.as_str() == "authorization");
        match &found.unwrap().1 {
            HeaderText::Secret(secret) => secret.expose_secret().to_owned(),
            HeaderText::Plain(_) => panic!("anyone could see it"),
        }
    }
}

fn error_of(change: impl FnOnce(&mut Opening)) -> String {
    let nothing = MemoryTransport::new(|_| unreachable!("nothing is sent yet"));
    let mut opening = opening("2026-11-23T12:00:00Z", nothing);
    change(&mut opening);
    match (super::SPEC.open)(opening) {
        Err(error @ ProviderError::Misconfigured { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test]
async fn a_connection_that_cannot_work_is_refused_with_what_to_do() {
    assert_eq!(
        error_of(|opening| opening.environment = Environment::Paper),
        "Charles Schwab has live accounts only; connect it as live"
    );
    assert_eq!(
        error_of(|opening| opening.bearer = None),
        "there is no sign-in with Charles Schwab yet; sign in"
    );
    assert_eq!(
        error_of(|opening| drop(opening.addresses.remove("api"))),
        "the address providers.schwab.api is missing"
    );
    let wrong = |opening: &mut Opening| drop(opening.addresses.insert("api".into(), "api".into()));
    assert_eq!(
        error_of(wrong),
        "providers.schwab.api is not an address; write it as scheme://host"
    );
}

#[tokio::test]
async fn a_token_refused_in_spite_of_its_time_is_renewed_once_and_the_look_up_repeated_once() {
    let denied = r#"{"errors":[{"id":"x","status":401,"title":"Unauthorized","detail":"Client not authorized"}]}"#;
    let rig = rig(vec![
        status(401, denied),
        ok("account_numbers"),
        ok("accounts"),
    ]);
    rig.provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(rig.authorization(0), "Bearer access-1");
    assert_eq!(rig.authorization(1), "Bearer access-2");
    assert_eq!(rig.authorization(2), "Bearer access-2");
    let meter = rig.provider.meter();
    assert_eq!((meter.calls, meter.errors), (3, 1));
    assert_eq!(meter.standing.renewals, 2);

    let rig = super::tests::rig(vec![status(401, denied), status(401, denied)]);
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    let reason = "Client not authorized".into();
    assert_eq!(error, ProviderError::Unauthorised { reason });
}

#[tokio::test]
async fn the_streamer_is_asked_for_before_each_socket() {
    for preference in [
        fixture("user_preference"),
        format!("[{}]", fixture("user_preference")),
    ] {
        let rig = rig(vec![status(200, &preference)]);
        let streams = rig.provider.streams(&[account_id()]);
        let [stream] = &streams[..] else {
            panic!("one login may have one socket")
        };
        assert_eq!(stream.name, StreamName::Quotes);
        let start = (stream.start)().await.ok().unwrap();
        assert_eq!(start.url, "wss://streamer-api.schwab.com/ws");
        assert_eq!(rig.sent(), ["GET /trader/v1/userPreference"]);
    }
    let rig = rig(vec![status(200, r#"{"streamerInfo":[]}"#)]);
    let streams = rig.provider.streams(&[]);
    let error = (streams[0].start)().await.err().unwrap();
    let at = "the user preference: the streamer is missing or cannot be read".into();
    assert_eq!(error, ProviderError::Garbled { at });
}
