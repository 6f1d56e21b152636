//! The whole provider against a transport in memory: what leaves, and what becomes of what comes back.

mod accounts;
mod examples;
mod market;
mod orders;
mod sessions;
mod shapes;

use super::Shared;
use super::contracts::Contracts;
use super::rest::{Door, Rest};
use super::session::Sessions;
use crate::auth::oauth1::Entropy;
use crate::domain::{AccountId, Clock, ConnectionId, Environment, Timestamp};
use crate::net::error::NetError;
use crate::net::http::{Request, Response};
use crate::net::transport::{MemoryTransport, Transport};
use crate::providers::provider::{Opening, Provider};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

pub(super) type Outcome = Result<Response, NetError>;

/// A payload from the fixtures.
pub(super) fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/ibkr/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn account_id() -> AccountId {
    AccountId {
        connection: ConnectionId::new("ibkr"),
        number: "DU7654321".into(),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A time that a test moves.
pub(super) struct Moved(Mutex<Timestamp>);

impl Moved {
    pub(super) fn pass(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(std::time::Duration::from_secs(seconds));
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(super) fn ok(name: &str) -> Outcome {
    Ok(Response::new(200, fixture(name)))
}

pub(super) fn status(status: u16, body: &str) -> Outcome {
    Ok(Response::new(status, body.to_owned()))
}

/// What the session answers where a test says nothing else.
const USUAL: &[(&str, &str)] = &[
    ("/iserver/auth/status", "auth_status"),
    ("/iserver/accounts", "brokerage_accounts"),
    ("/tickle", "tickle"),
    ("/trsrv/secdef", "definitions"),
    ("/trsrv/stocks", "stocks"),
    ("/contract/rules", "rules"),
    ("/portfolio/accounts", "accounts"),
    ("/ledger", "ledger"),
    ("/summary", "summary"),
];

/// What is answered next, by the end of a path.
type Plan = BTreeMap<&'static str, VecDeque<Outcome>>;

/// A far side that answers by the end of a path: what was planned for it, one after the other, else the usual.
pub(super) struct FarSide {
    seen: Arc<Mutex<Vec<Request>>>,
    plan: Arc<Mutex<Plan>>,
    transport: Arc<dyn Transport>,
    pub(super) clock: Arc<Moved>,
}

impl FarSide {
    pub(super) fn new(planned: Vec<(&'static str, Outcome)>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut plan = Plan::new();
        for (path, outcome) in planned {
            plan.entry(path).or_default().push_back(outcome);
        }
        let plan = Arc::new(Mutex::new(plan));
        let (record, next) = (seen.clone(), plan.clone());
        let transport = MemoryTransport::new(move |request| {
            record.lock().unwrap().push(request.clone());
            let path = request.url.path();
            let mut plan = next.lock().unwrap();
            let planned = plan
                .iter_mut()
                .find(|(end, list)| path.ends_with(**end) && !list.is_empty());
            if let Some(outcome) = planned.and_then(|(_, list)| list.pop_front()) {
                return outcome;
            }
            let usual = USUAL.iter().find(|(end, _)| path.ends_with(end));
            let (_, name) = usual.unwrap_or_else(|| panic!("one request too many: {request:?}"));
            ok(name)
        });
        Self {
            seen,
            plan,
            transport: Arc::new(transport),
            clock: Arc::new(Moved(Mutex::new(at("2026-04-02T15:00:00Z")))),
        }
    }

    /// Plans one more answer.
    pub(super) fn plan(&self, path: &'static str, outcome: Outcome) {
        let mut plan = self.plan.lock().unwrap();
        plan.entry(path).or_default().push_back(outcome);
    }

    /// What a stream's session is made from.
    pub(super) fn shared(&self) -> Arc<Shared> {
        let base = "http://localhost:5000/v1/api".parse().unwrap();
        let clock = self.clock.clone();
        let rest = Rest::new(self.transport.clone(), Door::Gateway, base, clock);
        let rest = Arc::new(rest);
        let sessions = Sessions::new(rest.clone(), Environment::Paper, false);
        Arc::new(Shared {
            contracts: Arc::new(Contracts::new(rest.clone(), sessions)),
            known: Arc::default(),
            environment: Environment::Paper,
            rest,
        })
    }

    /// What left so far: method and path behind the base, with its query.
    pub(super) fn sent(&self) -> Vec<String> {
        let line = |request: &Request| {
            let path = &request.url[url::Position::BeforePath..];
            format!("{} {}", request.method, path.trim_start_matches("/v1/api"))
        };
        self.seen.lock().unwrap().iter().map(line).collect()
    }

    /// What left so far to a path, as bodies.
    pub(super) fn bodies(&self, end: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let to = seen
            .iter()
            .filter(|request| request.url.path().ends_with(end));
        let body = |request: &Request| {
            let body = request.body.clone().map(|(_, body)| body.to_vec());
            String::from_utf8(body.unwrap_or_default()).unwrap()
        };
        to.map(body).collect()
    }
}

/// A connection by the gateway, without encryption so that memory can stand in for it.
pub(super) fn opening(far: &FarSide, environment: Environment) -> Opening {
    let defaults = super::SPEC.addresses.iter();
    let mut addresses: BTreeMap<String, String> = defaults
        .map(|(key, text)| ((*key).into(), (*text).into()))
        .collect();
    addresses.insert("gateway".into(), "http://localhost:5000/v1/api".into());
    Opening {
        way: &super::SPEC.ways[0],
        bearer: None,
        connection: ConnectionId::new("ibkr"),
        environment,
        secrets: BTreeMap::new(),
        addresses,
        transport: far.transport.clone(),
        clock: far.clock.clone(),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    }
}

/// A connection whose far side is planned.
pub(super) struct Rig {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) far: FarSide,
}

pub(super) fn rig(environment: Environment, planned: Vec<(&'static str, Outcome)>) -> Rig {
    let far = FarSide::new(planned);
    let provider = (super::SPEC.open)(opening(&far, environment)).ok().unwrap();
    Rig { provider, far }
}

pub(super) fn paper(planned: Vec<(&'static str, Outcome)>) -> Rig {
    rig(Environment::Paper, planned)
}
