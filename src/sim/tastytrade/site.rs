//! Which request goes where: hosts, paths, tokens, versions, limits.

use super::answer::{Answer, ApiError, Reply, page};
use super::orders::Notes;
use super::people::Person;
use super::query::Query;
use super::streams::{self, Stream};
use super::{Host, Shared};
use super::{balances, customers, instruments, orders, positions, prices, transactions};
use crate::domain::Timestamp;
use crate::sim::faults::Faults;
use crate::sim::oauth::Asked;
use crate::sim::serve::{self, Site};
use crate::sim::socket;
use crate::sim::world::{Customer, World};
use axum::body::Body;
use http::header::{AUTHORIZATION, HOST, UPGRADE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// The version of the orders API in which a listing has to say from when.
pub(super) const NEWEST: &str = "20261012";
/// The oldest version that is still answered.
const OLDEST: &str = "20250813";

/// One request of one person, with the world it acts on.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) world: &'a mut World,
    pub(super) notes: &'a mut Notes,
    pub(super) person: &'a Person,
    pub(super) host: Host,
    /// The place of the account in the path; of the person's first one where the path has none.
    pub(super) account: usize,
    pub(super) query: &'a Query,
    pub(super) body: &'a [u8],
    /// What the request came to, as its `Host` header says.
    pub(super) authority: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn customer(&self) -> &Customer {
        &self.world.customers[self.account]
    }
}

/// One host of the provider.
#[derive(Debug)]
pub(super) struct HostSite {
    pub(super) shared: Arc<Shared>,
    pub(super) host: Host,
}

impl Site for HostSite {
    fn names(&self, path: &str) -> Vec<&'static str> {
        match Stream::at(path) {
            Some(stream) => vec![stream.name(), "streams"],
            None => vec![name_of(path), group_of(path), "any"],
        }
    }

    fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    fn refusal(&self, status: StatusCode) -> Response<Body> {
        match status.as_u16() {
            // What stands in front of the API answers these.
            502 | 504 => page(status),
            _ => Reply::from(ApiError::of_status(status)).into(),
        }
    }

    fn date(&self, skew: i64) -> String {
        serve::http_date(self.shared.clock.now(), skew)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let stream = Stream::at(request.uri().path());
        if let Some(stream) = stream.filter(|_| request.headers().contains_key(UPGRADE)) {
            let (shared, host) = (Arc::clone(&self.shared), self.host);
            return socket::upgrade(&self.shared.lifetime, request, move |socket, _| {
                streams::run(stream, shared, host, socket)
            });
        }
        let (head, body) = request.into_parts();
        match serve::read(body).await {
            Some(body) => self.rest(&head, &body),
            None => self.refusal(StatusCode::PAYLOAD_TOO_LARGE),
        }
    }
}

impl HostSite {
    /// Answers anything but a handshake: who asks, whether they may, what is asked.
    fn rest(&self, head: &Parts, body: &[u8]) -> Response<Body> {
        let path = head.uri.path();
        let is_browser = path == "/auth.html";
        if !is_browser && !head.headers.contains_key(USER_AGENT) {
            return page(StatusCode::UNAUTHORIZED);
        }
        let asked = Asked {
            method: &head.method,
            path,
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body,
        };
        if let Some(answer) = self.shared.people.auth(self.host).answer(asked) {
            return answer;
        }
        match self.called(head, body) {
            Ok(reply) => reply.into(),
            // Some pages exist in production only; the sandbox's front has nothing behind it.
            Err(error) if error.status == StatusCode::BAD_GATEWAY => page(error.status),
            Err(error) => Reply::from(error).into(),
        }
    }

    fn called(&self, head: &Parts, body: &[u8]) -> Answer {
        let refused = |status| Err(ApiError::of_status(status));
        let version = text(&head.headers, "accept-version");
        if version.is_some_and(|version| !is_version(version)) {
            return refused(StatusCode::NOT_ACCEPTABLE);
        }
        let bearer = text(&head.headers, AUTHORIZATION.as_str());
        let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
        let known = token.map(|token| self.shared.people.bearer(self.host, token));
        let Some(Ok((person, scopes))) = known else {
            return refused(StatusCode::UNAUTHORIZED);
        };
        let now = self.shared.clock.now();
        if self.shared.exceeds(person.login, now) {
            return refused(StatusCode::TOO_MANY_REQUESTS);
        }
        let needed = match head.method {
            Method::GET => "read",
            _ => "trade",
        };
        if !scopes.iter().any(|scope| scope == needed) {
            return Err(ApiError::not_permitted());
        }
        let mut world = self.shared.world();
        let mut notes = self.shared.notes();
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let mut call = Call {
            shared: &self.shared,
            world: &mut world,
            notes: &mut notes,
            person,
            host: self.host,
            account: person.accounts[0],
            query: &query,
            body,
            authority: text(&head.headers, HOST.as_str()).unwrap_or("localhost"),
            version,
            now,
        };
        let path = decoded(head.uri.path());
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut reply = route(&mut call, &head.method, &segments)?;
        reply.body["context"] = head.uri.path().into();
        reply.body["api-version"] = version.unwrap_or("v1").into();
        Ok(reply)
    }
}

/// Whether a version exists: a date asks for what was in force on it.
fn is_version(version: &str) -> bool {
    let is_date = version.len() == 8 && version.bytes().all(|byte| byte.is_ascii_digit());
    is_date && (OLDEST..=NEWEST).contains(&version)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The parts of a path, each with its percent signs resolved: `BRK%2FB` is one part.
fn decoded(path: &str) -> Vec<String> {
    let plain = |part: &str| {
        // A form decoder reads `+` as a space, which a path does not.
        let escaped = format!("part={}", part.replace('+', "%2B"));
        let mut pairs = url::form_urlencoded::parse(escaped.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    path.split('/')
        .filter(|part| !part.is_empty())
        .filter_map(plain)
        .collect()
}

fn route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        (_, ["accounts", number, path @ ..]) => {
            let account = call.person.account(call.world, number);
            call.account = account.ok_or_else(ApiError::not_permitted)?;
            account_route(call, method, path)
        }
        ("GET", ["customers", id]) => customers::get(call, id),
        ("GET", ["customers", id, "accounts"]) => customers::accounts(call, id),
        ("GET", ["customers", id, "accounts", number]) => customers::account(call, id, number),
        ("GET", ["api-quote-tokens"]) => prices::token(call),
        (
            "GET",
            ["market-time", "sessions", "current"]
            | ["market-time", "equities", "sessions", "current"],
        ) => prices::session(call),
        ("GET", ["market-time", "equities", "holidays"]) => prices::holidays(call),
        ("GET", ["instruments", "equities"]) => instruments::equities(call),
        ("GET", ["instruments", "equities", "active"]) => instruments::active(call),
        ("GET", ["instruments", "equities", name]) => instruments::get(call, name),
        ("GET", ["instruments", "equity-options"]) => Err(ApiError::not_permitted()),
        ("GET", ["instruments", "quantity-decimal-precisions"]) => instruments::precisions(),
        ("GET", ["option-chains", name] | ["option-chains", name, _]) => {
            instruments::chain(call, name)
        }
        ("GET", ["market-data", "by-type"] | ["symbols", "search", _] | ["market-metrics", ..])
            if call.host == Host::Sandbox =>
        {
            Err(ApiError::of_status(StatusCode::BAD_GATEWAY))
        }
        ("GET", ["market-data", "by-type"]) => prices::by_type(call),
        ("GET", ["symbols", "search", text]) => instruments::search(call, text),
        _ => Err(ApiError::not_found()),
    }
}

fn account_route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        ("GET", ["trading-status"]) => customers::trading_status(call),
        ("GET", ["balances"]) => balances::get(call),
        ("GET", ["balances", currency]) => balances::of_currency(call, currency),
        ("GET", ["balance-snapshots"]) => balances::snapshots(call),
        ("GET", ["net-liq", "history"]) => balances::net_liq(call),
        ("GET", ["positions"]) => positions::list(call),
        ("GET", ["transactions"]) => transactions::list(call),
        ("GET", ["transactions", "total-fees"]) => transactions::total_fees(call),
        ("GET", ["transactions", id]) => transactions::get(call, id),
        ("GET", ["orders"]) => orders::list(call),
        ("GET", ["orders", "live"]) => orders::live(call),
        ("POST", ["orders"]) => orders::place(call),
        ("POST", ["orders", "dry-run"]) => orders::dry_run(call),
        ("GET", ["orders", id]) => orders::get(call, id),
        ("PUT" | "PATCH", ["orders", id]) => orders::replace(call, id),
        ("POST", ["orders", id, "dry-run"]) => orders::replace_dry_run(call, id),
        ("DELETE", ["orders", id]) => orders::cancel(call, id),
        ("GET", ["complex-orders"] | ["complex-orders", "live"]) => call.query.page(&[], 10, 200),
        _ => Err(ApiError::not_found()),
    }
}

fn group_of(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("accounts" | "customers") => "trading",
        Some("oauth" | "auth.html") => "oauth",
        _ => "data",
    }
}

fn name_of(path: &str) -> &'static str {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (Some("oauth"), ..) => "oauth_token",
        (Some("auth.html"), ..) => "oauth_authorize",
        (Some("customers"), _, None) => "customer",
        (Some("customers"), _, Some("accounts")) => "accounts",
        (Some("accounts"), _, Some("balances")) => "balances",
        (Some("accounts"), _, Some("balance-snapshots")) => "snapshots",
        (Some("accounts"), _, Some("net-liq")) => "net_liq",
        (Some("accounts"), _, Some("trading-status")) => "trading_status",
        (Some("accounts"), _, Some("positions")) => "positions",
        (Some("accounts"), _, Some("transactions")) => "transactions",
        (Some("accounts"), _, Some("orders")) => "orders",
        (Some("accounts"), _, Some("complex-orders")) => "complex_orders",
        (Some("api-quote-tokens"), ..) => "quote_token",
        (Some("market-time"), ..) => "session",
        (Some("market-data"), ..) => "quotes",
        (Some("instruments" | "option-chains"), ..) => "instruments",
        (Some("symbols"), ..) => "search",
        _ => "other",
    }
}
