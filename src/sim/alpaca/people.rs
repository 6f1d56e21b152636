//! Who grants access to an application by browser, and to which of their accounts: the pretended or the real one.
//!
//! Alpaca has one page and one token endpoint for both; `env` in the page's address chooses. Tokens last until they are
//! taken back.

use super::Host;
use super::answer::ApiError;
use crate::domain::Clock;
use crate::sim::oauth::{AuthServer, Client, ClientAuth, Consent, Paths, Pkce, Profile, Rotation};
use crate::sim::world::Customer;
use axum::body::Body;
use http::{Method, Response, StatusCode};
use std::sync::Arc;

pub(super) use crate::sim::oauth::Asked;

/// What a person grants.
const SCOPES: [&str; 3] = ["account:write", "trading", "data"];

/// Everybody's applications: each customer has registered one of their own.
#[derive(Debug)]
pub(super) struct People {
    paper: AuthServer,
    live: AuthServer,
    /// Clients of the live server.
    live_clients: Vec<String>,
}

impl People {
    pub(super) fn new(
        customers: &[Customer],
        redirects: &[String],
        seed: u64,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let of = |paper: bool| customers.iter().filter(move |it| it.profile.paper == paper);
        let server = |paper: bool, salt: u64| {
            let own: Vec<&Customer> = of(paper).collect();
            AuthServer::new(profile(&own, redirects), seed ^ salt, Arc::clone(clock))
        };
        Self {
            paper: server(true, 0),
            live: server(false, 1 << 32),
            live_clients: of(false).map(client_id).collect(),
        }
    }

    /// The server of pretended or of real accounts.
    pub(super) fn auth(&self, paper: bool) -> &AuthServer {
        match paper {
            true => &self.paper,
            false => &self.live,
        }
    }

    /// Answers a request for the page or the token endpoint; `None` for any other.
    pub(super) fn answer(&self, asked: Asked<'_>) -> Option<Response<Body>> {
        let fields = match asked.path {
            "/oauth/authorize" => asked.query.as_bytes(),
            _ => asked.body,
        };
        let field = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(fields);
            pairs.find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let is_live = match asked.path {
            "/oauth/authorize" => field("env").is_some_and(|env| env == "live"),
            _ => field("client_id").is_some_and(|id| self.live_clients.iter().any(|it| *it == id)),
        };
        self.auth(!is_live).answer(asked)
    }

    /// The customer whose token this is, if it is good at that host.
    pub(super) fn recognise(
        &self,
        customers: &[Customer],
        host: Host,
        token: &str,
    ) -> Result<(usize, Vec<String>), ApiError> {
        let servers = match host {
            Host::Trading => vec![&self.paper],
            Host::TradingLive => vec![&self.live],
            Host::Data => vec![&self.paper, &self.live],
        };
        let bearer = servers.into_iter().find_map(|it| it.bearer(token).ok());
        let found = bearer.and_then(|bearer| {
            let mut names = customers.iter().map(|customer| customer.profile.name);
            Some((names.position(|name| name == bearer.login)?, bearer.scopes))
        });
        found.ok_or_else(|| ApiError::unauthorized("request is not authorized"))
    }
}

/// What a call needs of what was granted; reading an account needs nothing.
pub(super) fn scope_of(host: Host, method: &Method, path: &str) -> Option<&'static str> {
    match host {
        Host::Data => Some("data"),
        Host::Trading | Host::TradingLive if *method == Method::GET => None,
        Host::Trading | Host::TradingLive if path.starts_with("/v2/account") => {
            Some("account:write")
        }
        Host::Trading | Host::TradingLive => Some("trading"),
    }
}

/// Whether the scopes that were granted do for a call.
pub(super) fn check_scopes(
    granted: &[String],
    host: Host,
    method: &Method,
    path: &str,
) -> Result<(), ApiError> {
    let needed = scope_of(host, method, path);
    match needed.is_none_or(|needed| granted.iter().any(|it| it == needed)) {
        true => Ok(()),
        false => Err(ApiError::of_status(StatusCode::FORBIDDEN)),
    }
}

/// The name of a customer's application.
pub(super) fn client_id(customer: &Customer) -> String {
    customer.id.simple().to_string()
}

fn profile(people: &[&Customer], redirects: &[String]) -> Profile {
    let client = |customer: &&Customer| Client {
        id: client_id(customer),
        secret: Some(customer.secret.clone()),
        redirects: redirects.to_vec(),
    };
    let names: Vec<String> = people
        .iter()
        .map(|customer| customer.profile.name.to_owned())
        .collect();
    Profile {
        clients: people.iter().map(client).collect(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
        pkce: Pkce::Ignored,
        client_auth: ClientAuth::Body,
        refresh_names_client: true,
        consent: names
            .first()
            .cloned()
            .map_or(Consent::Deny, Consent::Approve),
        logins: names,
        code_seconds: 60,
        access_seconds: 0,
        lasting: true,
        refresh_seconds: None,
        rotation: Rotation::Keep,
        supersedes: false,
        issuer: None,
        paths: Paths {
            authorize: "/oauth/authorize".to_owned(),
            token: "/oauth/token".to_owned(),
            revoke: None,
        },
    }
}
