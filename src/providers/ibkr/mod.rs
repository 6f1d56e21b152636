//! Interactive Brokers: accounts, orders, market data by its Web API, and one WebSocket for prices, orders, executions.
//!
//! It knows their manual and nothing of other providers, screens or the vault. `wire` is their JSON, `translate` turns
//! it into our words, `rest` sends through one of three doors (`auth`), `session` keeps the trading session, `contracts`
//! knows what numbers stand for; `accounts`, `orders` (with `outcome`) and `market` are the abilities; `stream` is what their socket says
//! and hears. A new call goes beside its ability, its payload into `wire`.
//!
//! Prices and news of orders share one socket: [`StreamName::Quotes`] carries both.

mod accounts;
mod auth;
mod contracts;
mod known;
mod market;
mod orders;
mod outcome;
mod pace;
mod rest;
mod session;
mod stream;
mod translate;
mod wire;

#[cfg(test)]
mod tests;

use crate::domain::{AccountId, ConnectionId, Environment};
use crate::net::Dialer;
use crate::providers::provider::{
    Accounts, Answer, Meter, Opening, Orders, Provider, ProviderError, ProviderSpec, Quotes,
    StreamName, StreamSpec, StreamStart,
};
use contracts::Contracts;
use known::Known;
use market::Hours;
use rest::Rest;
use secrecy::{ExposeSecret, SecretString};
use session::Sessions;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use stream::session::StreamerSession;
use url::Url;

/// Interactive Brokers as the registry lists it.
pub(super) const SPEC: ProviderSpec = ProviderSpec {
    id: "ibkr",
    title: "Interactive Brokers",
    gives: "stocks, options, futures, currencies: accounts, live quotes, paper orders",
    environments: &[Environment::Paper, Environment::Live],
    ways: auth::WAYS,
    addresses: &[
        ("gateway", "https://localhost:5000/v1/api"),
        ("api", "https://api.ibkr.com/v1/api"),
        ("api_code", "https://api.ibkr.com/v1"),
        ("compete", "off"),
        ("realm", ""),
        (
            "oauth_authorize",
            "https://api.ibkr.com/v1/oauth2/authorize",
        ),
        ("oauth_token", "https://api.ibkr.com/v1/oauth2/token"),
        ("oauth_scopes", "trades positions account market_data"),
        ("oauth_redirect", "http://127.0.0.1:8182/cb/ibkr"),
    ],
    open,
};

/// What the stream works with as well.
struct Shared {
    rest: Arc<Rest>,
    contracts: Arc<Contracts>,
    known: Arc<Known>,
    environment: Environment,
}

/// One login and what it reaches.
struct Ibkr {
    connection: ConnectionId,
    environment: Environment,
    rest: Arc<Rest>,
    sessions: Arc<Sessions>,
    contracts: Arc<Contracts>,
    known: Arc<Known>,
    dialer: Option<Dialer>,
    /// One order after the other.
    desk: tokio::sync::Mutex<()>,
    hours: Mutex<Hours>,
    /// Whether the login has more than one account.
    has_several: AtomicBool,
    /// The trading session in which orders were asked for last.
    primed: AtomicU64,
}

/// Makes a connection; sends nothing yet.
///
/// # Errors
/// [`ProviderError::Misconfigured`] for what is missing or malformed.
fn open(mut opening: Opening) -> Result<Arc<dyn Provider>, ProviderError> {
    let entrance = auth::enter(&mut opening)?;
    let compete = opening.addresses.get("compete");
    let compete = match compete.map(String::as_str) {
        None | Some("" | "off") => false,
        Some("on") => true,
        Some(_) => {
            return Err(ProviderError::Misconfigured {
                problem: "providers.ibkr.compete is neither on nor off".into(),
            });
        }
    };
    let rest = Rest::new(
        entrance.transport,
        entrance.door,
        entrance.base,
        opening.clock,
    );
    let rest = Arc::new(rest);
    let sessions = Sessions::new(rest.clone(), opening.environment, compete);
    Ok(Arc::new(Ibkr {
        connection: opening.connection,
        environment: opening.environment,
        contracts: Arc::new(Contracts::new(rest.clone(), sessions.clone())),
        known: Arc::default(),
        dialer: entrance.dialer,
        desk: tokio::sync::Mutex::default(),
        hours: Mutex::default(),
        has_several: AtomicBool::new(false),
        primed: AtomicU64::new(0),
        sessions,
        rest,
    }))
}

impl Provider for Ibkr {
    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn quotes(&self) -> Option<&dyn Quotes> {
        Some(self)
    }

    fn streams(&self, accounts: &[AccountId]) -> Vec<StreamSpec> {
        let ours = accounts
            .iter()
            .filter(|account| account.connection == self.connection);
        let ours: Vec<AccountId> = ours.cloned().collect();
        let shared = Arc::new(Shared {
            rest: self.rest.clone(),
            contracts: self.contracts.clone(),
            known: self.known.clone(),
            environment: self.environment,
        });
        let (sessions, dialer) = (self.sessions.clone(), self.dialer.clone());
        let start = move || -> Answer<'static, StreamStart> {
            let (shared, sessions) = (shared.clone(), sessions.clone());
            let (accounts, dialer) = (ours.clone(), dialer.clone());
            Box::pin(async move { stream_start(shared, &sessions, accounts, dialer).await })
        };
        vec![StreamSpec {
            name: StreamName::Quotes,
            label: "IBKR".into(),
            delayed_minutes: 0,
            start: Box::new(start),
        }]
    }

    fn orders_come_with_quotes(&self) -> bool {
        true
    }

    fn meter(&self) -> Meter {
        self.rest.meter()
    }
}

impl Ibkr {
    fn has_several(&self) -> bool {
        self.has_several.load(Ordering::Relaxed)
    }
}

/// Sees to the trading session, without which the stream says nothing, and shows it who we are.
async fn stream_start(
    shared: Arc<Shared>,
    sessions: &Sessions,
    accounts: Vec<AccountId>,
    dialer: Option<Dialer>,
) -> Result<StreamStart, ProviderError> {
    // What the socket before was closed for may have ended the session as well.
    sessions.look_again().await;
    sessions.open().await?;
    let cookie = sessions.cookie().await;
    let mut url = stream_address(shared.rest.base());
    if let Some((name, token)) = shared.rest.stream_query().await? {
        url.query_pairs_mut()
            .append_pair(name, token.expose_secret());
    }
    let shown = cookie.as_ref().map(|cookie| {
        let text = format!("api={}", cookie.expose_secret());
        ("cookie", SecretString::from(text))
    });
    Ok(StreamStart {
        url: url.to_string(),
        headers: shown.into_iter().collect(),
        session: Box::new(StreamerSession::new(shared, accounts, cookie)),
        dialer,
    })
}

/// `https://localhost:5000/v1/api` → `wss://localhost:5000/v1/api/ws`
fn stream_address(base: &Url) -> Url {
    let mut url = base.clone();
    let scheme = if base.scheme() == "http" { "ws" } else { "wss" };
    // All four schemes are of the same kind, and an address without segments was refused already.
    let _ = url.set_scheme(scheme);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("ws");
    }
    url
}
