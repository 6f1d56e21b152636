//! Which request goes where: hosts, paths, credentials, limits.

use super::account::{self, Settings};
use super::answer::{Answer, ApiError, Reply};
use super::people::{self, Asked};
use super::prices::{self, Latest};
use super::query::Query;
use super::series::{self, Series};
use super::{Host, Shared, activities, gate, orders, portfolio, positions, reference, streams};
use crate::domain::Timestamp;
use crate::sim::faults::Faults;
use crate::sim::serve::{self, Site};
use crate::sim::socket;
use crate::sim::world::{Customer, World};
use axum::body::Body;
use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One request of one customer, with the world it acts on.
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) settings: &'a mut [Settings],
    pub(super) index: usize,
    pub(super) query: &'a Query,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn customer(&self) -> &Customer {
        &self.world.customers[self.index]
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings[self.index]
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
        let group = match self.host {
            Host::Trading | Host::TradingLive => "trading",
            Host::Data => "data",
        };
        if path == "/stream" {
            return vec!["trading_stream", "streams"];
        }
        if streams::data::FEEDS.contains(&path) {
            return vec!["data_stream", "streams"];
        }
        vec![name_of(path), group, "any"]
    }

    fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    fn refusal(&self, status: StatusCode) -> Response<Body> {
        let is_limit = status == StatusCode::TOO_MANY_REQUESTS;
        let limit = self.shared.requests_a_minute;
        let spent = gate::Allowance::spent(limit, self.shared.clock.now());
        self.finish(
            Reply::from(ApiError::of_status(status)),
            is_limit.then_some(spent),
        )
    }

    fn date(&self, skew: i64) -> String {
        serve::http_date(self.shared.clock.now(), skew)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        if request.headers().contains_key(UPGRADE) && self.has_stream(&path) {
            return self.open_stream(path, request);
        }
        let (head, body) = request.into_parts();
        match serve::read(body).await {
            Some(body) => self.rest(&head, &body),
            None => self.refusal(StatusCode::PAYLOAD_TOO_LARGE),
        }
    }
}

impl HostSite {
    fn has_stream(&self, path: &str) -> bool {
        match self.host {
            Host::Trading | Host::TradingLive => path == "/stream",
            Host::Data => streams::data::FEEDS.contains(&path),
        }
    }

    fn open_stream(&self, path: String, request: Request<Incoming>) -> Response<Body> {
        let (shared, host) = (Arc::clone(&self.shared), self.host);
        match host {
            Host::Data => {
                socket::upgrade(&self.shared.lifetime, request, move |socket, headers| {
                    streams::data::run(shared, path, socket, headers)
                })
            }
            Host::Trading | Host::TradingLive => {
                socket::upgrade(&self.shared.lifetime, request, move |socket, headers| {
                    streams::trading::run(shared, host, socket, headers)
                })
            }
        }
    }

    /// Answers anything but a handshake: who asks, whether the minute allows it, what is asked.
    fn rest(&self, head: &Parts, body: &[u8]) -> Response<Body> {
        if let Some(page) = self.sign_in(head, body) {
            return page;
        }
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let index = match self.known(&world.customers, head) {
            Ok(index) => index,
            Err(error) => return self.finish(Reply::from(error), None),
        };
        let limit = self.shared.limit_of(&world.customers[index], self.host);
        let is_data = self.host == Host::Data;
        let allowance = self.shared.limits().count(index, is_data, limit, now);
        if allowance.exceeded {
            let refusal = ApiError::of_status(StatusCode::TOO_MANY_REQUESTS);
            return self.finish(Reply::from(refusal), Some(allowance));
        }
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let mut settings = self.shared.settings();
        let mut call = Call {
            world: &mut world,
            settings: &mut settings,
            index,
            query: &query,
            body,
            now,
        };
        let path = decoded(head.uri.path());
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        let answer = match self.host {
            Host::Data => data(&call, &head.method, &segments),
            Host::Trading | Host::TradingLive => trading(&mut call, &head.method, &segments),
        };
        self.finish(answer.unwrap_or_else(Reply::from), Some(allowance))
    }

    /// The page of the sign-in by browser and its token endpoint, which are beside the trading hosts.
    fn sign_in(&self, head: &Parts, body: &[u8]) -> Option<Response<Body>> {
        let asked = Asked {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body,
        };
        match self.host {
            Host::Data => None,
            Host::Trading | Host::TradingLive => self.shared.people.answer(asked),
        }
    }

    /// Who asks: by a pair of keys, or by a token and for what that was granted.
    fn known(&self, customers: &[Customer], head: &Parts) -> Result<usize, ApiError> {
        if let Some((key, secret)) = gate::credentials(&head.headers) {
            return gate::recognise(customers, self.host, key, secret);
        }
        let unknown = || ApiError::unauthorized("request is not authorized");
        let token = gate::token(&head.headers).ok_or_else(unknown)?;
        let people = &self.shared.people;
        let (index, granted) = people.recognise(customers, self.host, token)?;
        people::check_scopes(&granted, self.host, &head.method, head.uri.path())?;
        Ok(index)
    }

    fn finish(&self, reply: Reply, allowance: Option<gate::Allowance>) -> Response<Body> {
        let mut response = Response::from(reply);
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        if let Ok(id) = HeaderValue::from_str(&format!("{number:032x}")) {
            response.headers_mut().insert("x-request-id", id);
        }
        if let Some(allowance) = allowance {
            allowance.write(response.headers_mut());
        }
        response
    }
}

/// The parts of a path, each with its percent signs resolved: `EUR%2FUSD` is one part.
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

fn trading(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    let ["v2", path @ ..] = path else {
        return Err(ApiError::of_status(StatusCode::NOT_FOUND));
    };
    match (method.as_str(), path) {
        ("GET", ["account"]) => account::get(call),
        ("GET", ["account", "configurations"]) => account::settings(call),
        ("PATCH", ["account", "configurations"]) => account::change_settings(call),
        ("GET", ["account", "portfolio", "history"]) => portfolio::history(call),
        ("GET", ["account", "activities"]) => activities::list(call, None),
        ("GET", ["account", "activities", word]) => activities::list(call, Some(word)),
        ("GET", ["positions"]) => positions::list(call),
        ("DELETE", ["positions"]) => orders::close_all(call),
        ("GET", ["positions", name]) => positions::get(call, name),
        ("DELETE", ["positions", name]) => orders::close(call, name),
        ("GET", ["orders"]) => orders::list(call),
        ("POST", ["orders"]) => orders::place(call),
        ("DELETE", ["orders"]) => orders::cancel_all(call),
        ("GET", ["orders:by_client_order_id"]) => orders::get_by_client_id(call),
        ("GET", ["orders", id]) => orders::get(call, id),
        ("PATCH", ["orders", id]) => orders::replace(call, id),
        ("DELETE", ["orders", id]) => orders::cancel(call, id),
        ("GET", ["assets"]) => reference::assets(call),
        ("GET", ["assets", name]) => reference::get_asset(call, name),
        ("GET", ["clock"]) => reference::clock(call),
        ("GET", ["calendar"]) => reference::calendar(call),
        _ => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
    }
}

fn data(call: &Call<'_>, method: &Method, path: &[&str]) -> Answer {
    let (&Method::GET, ["v2", "stocks", path @ ..]) = (method, path) else {
        return Err(ApiError::of_status(StatusCode::NOT_FOUND));
    };
    match path {
        ["bars"] => series::list(call, Series::Bars, None),
        ["quotes"] => series::list(call, Series::Quotes, None),
        ["trades"] => series::list(call, Series::Trades, None),
        ["snapshots"] => prices::latest(call, Latest::Snapshots),
        ["quotes", "latest"] => prices::latest(call, Latest::Quotes),
        ["trades", "latest"] => prices::latest(call, Latest::Trades),
        ["bars", "latest"] => prices::latest(call, Latest::Bars),
        [symbol, "bars"] => series::list(call, Series::Bars, Some(symbol)),
        [symbol, "quotes"] => series::list(call, Series::Quotes, Some(symbol)),
        [symbol, "trades"] => series::list(call, Series::Trades, Some(symbol)),
        [symbol, "snapshot"] => prices::latest_of(call, symbol, Latest::Snapshots),
        [symbol, "quotes", "latest"] => prices::latest_of(call, symbol, Latest::Quotes),
        [symbol, "trades", "latest"] => prices::latest_of(call, symbol, Latest::Trades),
        [symbol, "bars", "latest"] => prices::latest_of(call, symbol, Latest::Bars),
        _ => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
    }
}

fn name_of(path: &str) -> &'static str {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    match (segments.next(), segments.next(), segments.next()) {
        (Some("v2"), Some("account"), None) => "account",
        (Some("v2"), Some("account"), Some("configurations")) => "configurations",
        (Some("v2"), Some("account"), Some("activities")) => "activities",
        (Some("v2"), Some("account"), Some("portfolio")) => "portfolio",
        (Some("v2"), Some("positions"), _) => "positions",
        (Some("v2"), Some("orders" | "orders:by_client_order_id"), _) => "orders",
        (Some("v2"), Some("assets"), _) => "assets",
        (Some("v2"), Some("clock"), _) => "clock",
        (Some("v2"), Some("calendar"), _) => "calendar",
        (Some("v2"), Some("stocks"), _) if path.contains("/snapshot") => "snapshots",
        (Some("v2"), Some("stocks"), _) if path.contains("/quotes") => "quotes",
        (Some("v2"), Some("stocks"), _) if path.contains("/trades") => "trades",
        (Some("v2"), Some("stocks"), _) if path.contains("/bars") => "bars",
        (Some("oauth"), ..) => "oauth",
        _ => "other",
    }
}
