//! The whole provider against a transport in memory: what leaves, and what becomes of what comes back.

mod accounts;
mod examples;
mod hostile;
mod market;
mod orders;
mod tokens;

use super::names::Names;
use super::rest::Rest;
use super::stream::ticket::{Ticket, Tickets};
use crate::auth::bearer::Keep;
use crate::auth::oauth1::Entropy;
use crate::auth::{Bearer, Client, Profile, TokenEndpoint, Tokens};
use crate::domain::{AccountId, Clock, ConnectionId, Environment, Text, Timestamp};
use crate::net::error::NetError;
use crate::net::http::{HeaderText, Request, Response};
use crate::net::transport::{MemoryTransport, Transport};
use crate::providers::provider::{Opening, Provider, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub(super) type Outcome = Result<Response, NetError>;

/// A payload from the fixtures.
pub(super) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/tastytrade/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn account_id() -> AccountId {
    AccountId {
        connection: ConnectionId::new("tastytrade"),
        number: "5WX00042".into(),
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

struct Kept;

impl Keep for Kept {
    fn keep<'a>(
        &'a self,
        _tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

/// A far side that answers calls from a list, and asks for tokens with `access-1`, `access-2` and so on.
pub(super) struct FarSide {
    seen: Arc<Mutex<Vec<Request>>>,
    renewals: Arc<Mutex<Vec<String>>>,
    transport: Arc<dyn Transport>,
}

impl FarSide {
    pub(super) fn new(answers: Vec<Outcome>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let renewals = Arc::new(Mutex::new(Vec::new()));
        let (record, renewed) = (seen.clone(), renewals.clone());
        let left = Mutex::new(VecDeque::from(answers));
        let transport = MemoryTransport::new(move |request| {
            if request.url.path() == "/oauth/token" {
                let mut renewed = renewed.lock().unwrap();
                let body = request.body.as_ref().unwrap().1.to_vec();
                renewed.push(String::from_utf8(body).unwrap());
                let number = renewed.len();
                return Ok(Response::new(
                    200,
                    format!(
                        r#"{{"access_token":"access-{number}","token_type":"Bearer","expires_in":900}}"#
                    ),
                )
                .with("content-type", "application/json"));
            }
            record.lock().unwrap().push(request.clone());
            let next = left.lock().unwrap().pop_front();
            next.unwrap_or_else(|| panic!("one request too many: {request:?}"))
        });
        Self {
            seen,
            renewals,
            transport: Arc::new(transport),
        }
    }

    pub(super) fn bearer(&self) -> Bearer {
        let settings = defaults();
        let profile = Profile::from_settings(&settings, Environment::Paper).unwrap();
        let client = Client {
            id: String::new(),
            secret: Some(Arc::new(SecretString::from("c-secret"))),
        };
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        let endpoint = TokenEndpoint::new(
            Arc::new(profile),
            client,
            self.transport.clone(),
            clock.clone(),
        );
        let tokens = Tokens::of_refresh(SecretString::from("refresh-1"), clock.now());
        Bearer::start(tokens, endpoint, Arc::new(Kept), clock, 0)
    }

    pub(super) fn rest(&self) -> Arc<Rest> {
        let base = "https://api.example".parse().unwrap();
        Arc::new(Rest::new(
            self.transport.clone(),
            self.bearer(),
            base,
            Arc::new(Noon),
        ))
    }

    /// What a stream's session is made from.
    pub(super) fn stream_parts(&self) -> (Ticket, Arc<Tickets>, Arc<Names>, Arc<Rest>) {
        let rest = self.rest();
        let ticket = Ticket {
            url: "wss://feed.example/realtime".parse().unwrap(),
            token: Arc::new(SecretString::from("t0ken")),
        };
        let tickets = Arc::new(Tickets::new(rest.clone()));
        (ticket, tickets, Arc::default(), rest)
    }
}

fn defaults() -> BTreeMap<String, String> {
    let defaults = super::SPEC.addresses.iter();
    defaults
        .map(|(key, text)| ((*key).into(), (*text).into()))
        .collect()
}

fn opening(environment: Environment, far: &FarSide) -> Opening {
    Opening {
        way: &super::SPEC.ways[0],
        bearer: Some(far.bearer()),
        connection: ConnectionId::new("tastytrade"),
        environment,
        secrets: BTreeMap::new(),
        addresses: defaults(),
        transport: far.transport.clone(),
        clock: Arc::new(Noon),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    }
}

/// A connection whose far side is a list of answers.
pub(super) struct Rig {
    pub(super) provider: Arc<dyn Provider>,
    far: FarSide,
}

pub(super) fn rig(environment: Environment, answers: Vec<Outcome>) -> Rig {
    let far = FarSide::new(answers);
    let provider = (super::SPEC.open)(opening(environment, &far)).ok().unwrap();
    Rig { provider, far }
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

/// A listing with nothing in it.
pub(super) fn none() -> Outcome {
    status(200, r#"{"data":{"items":[]},"context":"x"}"#)
}

impl Rig {
    /// What left so far: method and address, without the scheme and the host.
    pub(super) fn sent(&self) -> Vec<String> {
        let line = |request: &Request| {
            let path = &request.url[url::Position::BeforePath..];
            format!("{} {path}", request.method)
        };
        self.far.seen.lock().unwrap().iter().map(line).collect()
    }

    pub(super) fn body(&self, index: usize) -> String {
        let seen = self.far.seen.lock().unwrap();
        let (kind, body) = seen[index].body.clone().unwrap();
        assert_eq!(kind, "application/json");
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn authorization(&self, index: usize) -> String {
        let seen = self.far.seen.lock().unwrap();
        let (name, value) = &seen[index].headers[0];
        let HeaderText::Secret(secret) = value else {
            panic!("{name} is shown to anyone")
        };
        format!("{name}: {}", secret.expose_secret())
    }

    fn renewals(&self) -> usize {
        self.far.renewals.lock().unwrap().len()
    }
}
