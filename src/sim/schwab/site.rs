//! Which request goes where: paths, tokens, limits.

use super::answer::{Answer, ApiError, Reply};
use super::people::Person;
use super::query::Query;
use super::{
    Shared, accounts, auth, history, instruments, markets, orders, preference, quotes, streams,
    transactions,
};
use crate::domain::Timestamp;
use crate::sim::faults::Faults;
use crate::sim::oauth::Asked;
use crate::sim::serve::{self, Site};
use crate::sim::socket;
use crate::sim::world::{Customer, World};
use axum::body::Body;
use http::header::{AUTHORIZATION, HOST, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// The streamer's path.
pub(super) const STREAMER: &str = "/ws";
/// A name that a client gives to a request, sent back with the answer.
const CORRELATION: HeaderName = HeaderName::from_static("schwab-client-correlid");

/// Which of the provider's two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// Accounts and orders.
    Trader,
    /// Market data.
    Data,
}

/// One request of one person, with the world it acts on.
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) shared: &'a Shared,
    pub(super) person: &'a Person,
    pub(super) query: &'a Query,
    pub(super) body: &'a [u8],
    /// Host and port the request came to.
    pub(super) host: &'a str,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// The place of the account that a hash stands for.
    pub(super) fn account(&self, hash: &str) -> Result<usize, ApiError> {
        let mut accounts = self.person.accounts.iter();
        accounts
            .find(|index| self.person.hash_of(&self.world.customers[**index]) == hash)
            .copied()
            .ok_or_else(|| ApiError::invalid("Invalid account number"))
    }

    /// The accounts of the person.
    pub(super) fn customers(&self) -> impl Iterator<Item = (usize, &Customer)> {
        let accounts = self.person.accounts.iter();
        accounts.map(|index| (*index, &self.world.customers[*index]))
    }
}

/// The provider's host.
#[derive(Debug)]
pub(super) struct HostSite {
    pub(super) shared: Arc<Shared>,
}

impl Site for HostSite {
    fn names(&self, path: &str) -> Vec<&'static str> {
        match path {
            STREAMER => vec!["streamer", "streams"],
            auth::AUTHORIZE => vec!["authorize", "oauth", "any"],
            auth::TOKEN => vec!["token", "oauth", "any"],
            _ => {
                let group = match api_of(path) {
                    Api::Trader => "trading",
                    Api::Data => "data",
                };
                vec![name_of(path), group, "any"]
            }
        }
    }

    fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    fn refusal(&self, status: StatusCode) -> Response<Body> {
        self.refuse(&ApiError::of_status(status), Api::Trader)
    }

    fn date(&self, skew: i64) -> String {
        serve::http_date(self.shared.clock.now(), skew)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        if request.headers().contains_key(UPGRADE) && request.uri().path() == STREAMER {
            let shared = Arc::clone(&self.shared);
            return socket::upgrade(&self.shared.lifetime, request, move |socket, _| {
                streams::run(shared, socket)
            });
        }
        let (head, body) = request.into_parts();
        let Some(body) = serve::read(body).await else {
            return self.refusal(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let asked = Asked {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
        };
        let session = self.shared.world().make_id();
        if let Some(answer) =
            auth::answer(&self.shared.oauth, &self.shared.people, asked, session).await
        {
            return answer;
        }
        let mut answer = self.rest(&head, &body);
        if let Some(name) = head.headers.get(CORRELATION) {
            answer.headers_mut().insert(CORRELATION, name.clone());
        }
        answer
    }
}

impl HostSite {
    fn refuse(&self, error: &ApiError, api: Api) -> Response<Body> {
        let id = self.shared.world().make_id();
        written(error, error.body(api, id).to_string())
    }

    /// Answers a call of either API: who asks, whether the minute allows it, what is asked.
    fn rest(&self, head: &Parts, body: &[u8]) -> Response<Body> {
        let now = self.shared.clock.now();
        let api = api_of(head.uri.path());
        let Some(index) = bearer(&head.headers).and_then(|token| self.shared.bearer(token)) else {
            return self.refuse(&ApiError::unauthorized(), api);
        };
        let limit = self.shared.requests_a_minute;
        if self.shared.limits().exceeds(index, limit, now) {
            let busy = ApiError::of_status(StatusCode::TOO_MANY_REQUESTS);
            return self.refuse(&busy, api);
        }
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let path = decoded(head.uri.path());
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        let answer = {
            let mut world = self.shared.world();
            let mut call = Call {
                world: &mut world,
                shared: &self.shared,
                person: &self.shared.people[index],
                query: &query,
                body,
                host: host.unwrap_or("localhost"),
                now,
            };
            match segments.as_slice() {
                ["trader", "v1", path @ ..] => trader(&mut call, &head.method, path),
                ["marketdata", "v1", path @ ..] => data(&call, &head.method, path),
                _ => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
            }
        };
        match answer {
            Ok(reply) => Response::from(reply),
            Err(error) => self.refuse(&error, api),
        }
    }
}

fn written(error: &ApiError, body: String) -> Response<Body> {
    Response::from(Reply {
        status: error.status,
        body,
        location: None,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header: &HeaderValue = headers.get(AUTHORIZATION)?;
    header.to_str().ok()?.strip_prefix("Bearer ")
}

fn api_of(path: &str) -> Api {
    match path.starts_with("/marketdata/") {
        true => Api::Data,
        false => Api::Trader,
    }
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

fn trader(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        ("GET", ["accounts", "accountNumbers"]) => accounts::numbers(call),
        ("GET", ["accounts"]) => accounts::list(call),
        ("GET", ["accounts", hash]) => accounts::get(call, hash),
        ("GET", ["accounts", hash, "transactions"]) => transactions::list(call, hash),
        ("GET", ["accounts", hash, "transactions", id]) => transactions::get(call, hash, id),
        ("GET", ["orders"]) => orders::list_all(call),
        ("GET", ["accounts", hash, "orders"]) => orders::list(call, hash),
        ("POST", ["accounts", hash, "orders"]) => orders::place(call, hash),
        ("GET", ["accounts", hash, "orders", id]) => orders::get(call, hash, id),
        ("PUT", ["accounts", hash, "orders", id]) => orders::replace(call, hash, id),
        ("DELETE", ["accounts", hash, "orders", id]) => orders::cancel(call, hash, id),
        ("POST", ["accounts", hash, "previewOrder"]) => orders::preview(call, hash),
        ("GET", ["userPreference"]) => preference::get(call),
        _ => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
    }
}

fn data(call: &Call<'_>, method: &Method, path: &[&str]) -> Answer {
    if method != Method::GET {
        return Err(ApiError::of_status(StatusCode::NOT_FOUND));
    }
    match path {
        ["quotes"] => quotes::list(call),
        ["pricehistory"] => history::get(call),
        ["markets"] => markets::list(call),
        ["markets", name] => markets::get(call, name),
        ["instruments"] => instruments::search(call),
        ["instruments", cusip] => instruments::get(call, cusip),
        [symbol, "quotes"] => quotes::get(call, symbol),
        _ => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
    }
}

fn name_of(path: &str) -> &'static str {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["trader", "v1", "accounts", "accountNumbers"] => "account_numbers",
        ["trader", "v1", "accounts"] => "accounts",
        ["trader", "v1", "accounts", _] => "account",
        ["trader", "v1", "accounts", _, "transactions", ..] => "transactions",
        ["trader", "v1", "accounts", _, "previewOrder"] => "preview",
        ["trader", "v1", "accounts", _, "orders", ..] | ["trader", "v1", "orders"] => "orders",
        ["trader", "v1", "userPreference"] => "preference",
        ["marketdata", "v1", "quotes"] | ["marketdata", "v1", _, "quotes"] => "quotes",
        ["marketdata", "v1", "pricehistory"] => "history",
        ["marketdata", "v1", "markets", ..] => "markets",
        ["marketdata", "v1", "instruments", ..] => "instruments",
        _ => "other",
    }
}
