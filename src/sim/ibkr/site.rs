//! Which request goes where: doors, paths, who asks, whether they may.

use super::answer::{Answer, Reply};
use super::people::Person;
use super::portfolio::{accounts, balances, positions, trades};
use super::query::Query;
use super::seats::{Seat, Trading};
use super::shared::{Desk, Shared};
use super::streams::{self, STREAM_PATH};
use super::{Door, data, oauth, orders, session};
use crate::domain::Timestamp;
use crate::sim::faults::{Faults, Subject};
use crate::sim::serve::{self, Site};
use crate::sim::socket;
use crate::sim::world::World;
use axum::body::Body;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;
use std::sync::Arc;

/// What every path of the API begins with.
const PREFIX: &str = "/v1/api/";
/// The page on which a person signs in at the gateway.
pub(super) const LOGIN_PATH: &str = "/sso/Login";

/// One request of one person, with the world it acts on.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) world: &'a mut World,
    pub(super) desk: &'a mut Desk,
    pub(super) person: &'a Person,
    /// The person's place among all.
    pub(super) place: usize,
    pub(super) door: Door,
    pub(super) query: &'a Query,
    pub(super) body: &'a Value,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn seat(&self) -> Result<&Seat, Reply> {
        let seat = self.desk.seats.get(self.door, self.place);
        seat.ok_or_else(Reply::not_authenticated)
    }

    pub(super) fn seat_mut(&mut self) -> Result<&mut Seat, Reply> {
        let seat = self.desk.seats.get_mut(self.door, self.place);
        seat.ok_or_else(Reply::not_authenticated)
    }

    /// The brokerage session; without one, what the provider says of it.
    pub(super) fn trading(&mut self) -> Result<&mut Trading, Reply> {
        let seat = self.seat_mut()?;
        let is_lost = seat.was_trading || seat.competing;
        seat.trading.as_mut().ok_or_else(|| match is_lost {
            true => Reply::not_authenticated(),
            false => Reply::bad_request("no bridge"),
        })
    }

    /// The brokerage session after `/iserver/accounts`.
    pub(super) fn ready(&mut self) -> Result<&mut Trading, Reply> {
        let trading = self.trading()?;
        match trading.accounts_known {
            true => Ok(trading),
            false => Err(Reply::bad_request("Please query /accounts first")),
        }
    }

    /// The place of an account of this person.
    pub(super) fn account(&self, number: &str) -> Result<usize, Reply> {
        let account = self.person.account(self.world, number);
        let words = || Reply::bad_request(&format!("accountId is not valid: {number}"));
        account.ok_or_else(words)
    }
}

/// One door of the provider.
#[derive(Debug)]
pub(super) struct DoorSite {
    pub(super) shared: Arc<Shared>,
    pub(super) door: Door,
}

impl Site for DoorSite {
    fn names(&self, path: &str) -> Vec<&'static str> {
        match path == STREAM_PATH {
            true => vec!["stream", "streams"],
            false => vec![name_of(path), group_of(path), "any"],
        }
    }

    fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    fn refusal(&self, status: StatusCode) -> Response<Body> {
        match status.as_u16() {
            502 | 504 => front(status).into(),
            _ => Reply::of_status(status).into(),
        }
    }

    fn date(&self, skew: i64) -> String {
        serve::http_date(self.shared.clock.now(), skew)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let is_stream = request.uri().path() == STREAM_PATH;
        if is_stream && request.headers().contains_key(UPGRADE) {
            let (shared, door) = (Arc::clone(&self.shared), self.door);
            let query = Query::parse(request.uri().query().unwrap_or_default());
            return socket::upgrade(&self.shared.lifetime, request, move |socket, headers| {
                streams::run(shared, door, (socket, headers, query))
            });
        }
        let (head, body) = request.into_parts();
        match serve::read(body).await {
            Some(body) => self.rest(&head, &body).into(),
            None => self.refusal(StatusCode::PAYLOAD_TOO_LARGE),
        }
    }
}

/// What stands in front of the API says.
fn front(status: StatusCode) -> Reply {
    let words = status.canonical_reason().unwrap_or_default();
    Reply::html(
        status,
        format!("<html><body><h1>{words}</h1></body></html>"),
    )
}

impl DoorSite {
    /// Answers anything but a handshake.
    fn rest(&self, head: &Parts, body: &[u8]) -> Reply {
        let path = head.uri.path();
        if self.door == Door::Gateway && path == LOGIN_PATH {
            return match head.method {
                Method::POST => session::sign_in(&self.shared, body),
                _ => session::page(&self.shared.people),
            };
        }
        if self.door == Door::OAuth && path == "/authorize" {
            let query = Query::parse(head.uri.query().unwrap_or_default());
            return oauth::consent(&self.shared, &query);
        }
        let Some(path) = path.strip_prefix(PREFIX) else {
            return front(StatusCode::NOT_FOUND);
        };
        if !head.headers.contains_key(USER_AGENT) {
            return front(StatusCode::FORBIDDEN);
        }
        let has_length = head.headers.contains_key(CONTENT_LENGTH)
            || head.headers.contains_key(TRANSFER_ENCODING);
        if head.method == Method::POST && !has_length {
            return front(StatusCode::LENGTH_REQUIRED);
        }
        let answer = match (self.door, path) {
            (Door::OAuth, path) if path.starts_with("oauth/") => {
                oauth::handshake(&self.shared, head, path)
            }
            _ => self.called(head, path, body),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn called(&self, head: &Parts, path: &str, body: &[u8]) -> Answer {
        let shared = &*self.shared;
        let now = shared.clock.now();
        let (mut world, mut desk) = (shared.world(), shared.desk());
        desk.seats.settle(world.market.calendar(), now);
        let place = match self.door {
            Door::Gateway => {
                let denied = || Reply::html(StatusCode::UNAUTHORIZED, "Access Denied".to_owned());
                desk.seats.at_gateway().ok_or_else(denied)?
            }
            Door::OAuth => oauth::caller(shared, &mut desk, head, body)?,
        };
        let name = name_of(head.uri.path());
        let name = match (name, &head.method) {
            ("orders", &Method::GET) => "live_orders",
            (name, _) => name,
        };
        if desk.pace.exceeds(place, name, shared.limits(), now) {
            return Err(Reply::of_status(StatusCode::TOO_MANY_REQUESTS));
        }
        self.meet_competitor(&mut desk, place, name);
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let mut call = Call {
            shared,
            world: &mut world,
            desk: &mut desk,
            person: &shared.people[place],
            place,
            door: self.door,
            query: &query,
            body: &body,
            now,
        };
        call.seat_mut()?.heard = now;
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        route(&mut call, &head.method, &segments)
    }

    /// A cue on `competing` lets another program take the brokerage session when it is next looked at.
    fn meet_competitor(&self, desk: &mut Desk, place: usize, name: &str) {
        let subject = Subject {
            names: &["competing"],
            verb: "take",
            path: "",
        };
        let is_look = matches!(name, "tickle" | "auth_status");
        if is_look && self.shared.faults.meet(subject).is_some() {
            desk.seats.take_elsewhere(place);
        }
    }
}

fn route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        (_, ["tickle"]) => session::tickle(call),
        ("POST", ["logout"]) => session::logout(call),
        ("GET", ["sso", "validate"]) => session::validate(call),
        (_, ["iserver", "auth", "status"]) => session::status(call),
        ("POST", ["iserver", "auth", "ssodh", "init"]) => session::init(call),
        ("POST", ["iserver", "reauthenticate"]) => session::reauthenticate(),
        (_, ["portfolio" | "portfolio2", ..]) => portfolio(call, method, path),
        ("POST", ["pa", "transactions"]) => trades::of_contract(call),
        ("GET", ["iserver", "accounts"]) => accounts::tradeable(call),
        ("POST", ["iserver", "account"]) => accounts::switch(call),
        (
            _,
            [
                "iserver",
                "account" | "reply" | "questions" | "notification",
                ..,
            ],
        ) => account_route(call, method, path),
        _ => data::route(call, method, path),
    }
}

fn portfolio(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    match path {
        ["portfolio", "accounts" | "subaccounts"] => return accounts::viewable(call),
        ["portfolio", "subaccounts2"] => return accounts::paged(call),
        _ if call.seat()?.portfolio_known => {}
        _ => return Err(Reply::bad_request("Please query /accounts first")),
    }
    let (account, rest) = match path {
        ["portfolio", "positions", conid] => return positions::everywhere(call, conid),
        ["portfolio", "allocation"] => {
            return balances::allocation(call, &call.person.accounts);
        }
        [root, number, rest @ ..] => (call.account(number)?, [&[*root], rest].concat()),
        _ => return Err(Reply::of_status(StatusCode::NOT_FOUND)),
    };
    match (method.as_str(), rest.as_slice()) {
        ("GET", ["portfolio", "ledger"]) => balances::ledger(call, account),
        ("GET", ["portfolio", "summary"]) => balances::summary(call, account),
        ("GET", ["portfolio", "meta"]) => accounts::meta(call, account),
        ("GET", ["portfolio", "allocation"]) => balances::allocation(call, &[account]),
        ("GET", ["portfolio", "positions", page]) => positions::page(call, account, page),
        ("GET", ["portfolio", "position", conid]) => positions::one(call, account, conid),
        ("GET", ["portfolio", "combo", "positions"]) => super::answer::ok(&Value::Array(vec![])),
        ("POST", ["portfolio", "positions", "invalidate"]) => positions::invalidate(call, account),
        ("GET", ["portfolio2", "positions"]) => positions::uncached(call, account),
        _ => Err(Reply::of_status(StatusCode::NOT_FOUND)),
    }
}

fn account_route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    call.trading()?;
    match (method.as_str(), &path[1..]) {
        ("GET", ["account", "trades"]) => trades::list(call),
        ("GET", ["account", "pnl", "partitioned"]) => balances::partitioned(call),
        ("GET", ["account", "search", pattern]) => accounts::search(call, pattern),
        ("GET", ["account", number, "summary"]) => balances::brief(call, call.account(number)?),
        ("GET", ["account", number, "summary", part]) => {
            balances::part(call, call.account(number)?, part)
        }
        _ => orders::route(call, method, path),
    }
}

fn group_of(path: &str) -> &'static str {
    match path
        .strip_prefix(PREFIX)
        .and_then(|path| path.split('/').next())
    {
        Some("oauth" | "sso" | "tickle" | "logout") | None => "session",
        Some("portfolio" | "portfolio2" | "pa") => "trading",
        _ if path.contains("/iserver/auth/") => "session",
        _ if path.contains("/iserver/account") || path.contains("/iserver/reply") => "trading",
        _ => "data",
    }
}

/// What a request is of, as cues and limits name it.
fn name_of(path: &str) -> &'static str {
    let parts: Vec<&str> = path
        .strip_prefix(PREFIX)
        .unwrap_or(path)
        .split('/')
        .collect();
    match parts.as_slice() {
        ["", "sso", ..] => "sso",
        ["oauth", "live_session_token"] => "live_session_token",
        ["oauth", ..] => "oauth_token",
        ["tickle"] => "tickle",
        ["logout"] => "logout",
        ["sso", ..] => "sso_validate",
        ["iserver", "auth", "status"] => "auth_status",
        ["iserver", "auth", ..] => "auth_init",
        ["portfolio", "accounts"] => "portfolio_accounts",
        ["portfolio", "subaccounts" | "subaccounts2"] => "subaccounts",
        ["portfolio", _, "ledger"] => "ledger",
        ["portfolio", _, "summary"] => "summary",
        ["portfolio" | "portfolio2", ..] => "positions",
        ["pa", ..] => "transactions",
        ["iserver", "accounts"] => "accounts",
        ["iserver", "account"] => "switch",
        ["iserver", "account", "trades"] => "trades",
        ["iserver", "account", "pnl", ..] => "pnl",
        ["iserver", "account", "order", "status", _] => "order_status",
        ["iserver", "account", _, "summary", ..] => "summary",
        ["iserver", "account", _, "orders", "whatif"] => "whatif",
        ["iserver", "account", ..] => "orders",
        ["iserver", "reply", ..] => "reply",
        ["iserver", "questions", ..] => "questions",
        ["iserver", "marketdata", "snapshot"] => "snapshot",
        ["iserver", "marketdata", "history"] => "history",
        ["iserver", "marketdata", ..] => "unsubscribe",
        ["iserver", "secdef" | "contract", ..] | ["trsrv", ..] => "contracts",
        ["iserver", "scanner", "params"] => "scanner",
        ["fyi", ..] => "fyi",
        _ => "other",
    }
}
