//! Charles Schwab: accounts, orders, market data by REST, and one WebSocket for quotes and account activity.
//!
//! It knows Schwab's manual and nothing of other providers, screens or the vault. `wire` is their JSON, `translate`
//! turns it into our words, `rest` sends; `accounts`, `orders` and `market` are the abilities; `stream` is what their
//! streamer says and hears. A new call goes beside its ability, its payload into `wire`.
//!
//! One login may have one socket, so quotes and events of orders share it: [`StreamName::Quotes`] carries both.

mod accounts;
mod known;
mod market;
mod orders;
mod rest;
mod stream;
mod translate;
mod wire;

#[cfg(test)]
mod tests;

use crate::auth::Bearer;
use crate::domain::{AccountId, ConnectionId, Environment, Text};
use crate::net::address::is_loopback;
use crate::providers::provider::{
    Accounts, Answer, Grant, Meter, Opening, Orders, Provider, ProviderError, ProviderSpec, Quotes,
    SecretSpec, StreamName, StreamSpec, StreamStart, Way,
};
use accounts::Hashes;
use known::Known;
use orders::OldOrders;
use rest::{Host, Rest};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use stream::resume::Resume;
use stream::session::StreamerSession;
use url::Url;

/// Charles Schwab as the registry lists it.
pub(super) const SPEC: ProviderSpec = ProviderSpec {
    id: "schwab",
    title: "Charles Schwab",
    gives: "stocks, options and funds: accounts, orders to look at, live quotes",
    environments: &[Environment::Live],
    ways: &[Way {
        id: "browser",
        title: "Sign in by browser",
        grant: Grant::Browser,
        secrets: &[
            SecretSpec {
                name: "client_id",
                label: "App key",
                hidden: false,
                file: false,
            },
            SecretSpec {
                name: "client_secret",
                label: "App secret",
                hidden: true,
                file: false,
            },
        ],
        pins: None,
        hint: "developer.schwab.com, an app that is Ready For Use, with both API products and the callback address https://127.0.0.1:8182/cb/schwab",
    }],
    addresses: &[
        ("api", "https://api.schwabapi.com"),
        (
            "oauth_authorize",
            "https://api.schwabapi.com/v1/oauth/authorize",
        ),
        ("oauth_token", "https://api.schwabapi.com/v1/oauth/token"),
        ("oauth_scopes", ""),
        ("oauth_pkce", "off"),
        ("oauth_client_auth", "basic"),
        ("oauth_redirect", "https://127.0.0.1:8182/cb/schwab"),
        ("oauth_refresh_days", "7"),
    ],
    open,
};

/// One login and what it reaches.
struct Schwab {
    connection: ConnectionId,
    environment: Environment,
    rest: Arc<Rest>,
    hashes: Hashes,
    known: Arc<Known>,
    resume: Arc<Resume>,
    old_orders: Mutex<BTreeMap<Text, OldOrders>>,
    hours: Mutex<market::Hours>,
}

/// Makes a connection; sends nothing yet.
///
/// # Errors
/// [`ProviderError::Misconfigured`] for a malformed address, where there are no tokens, and for paper, which Schwab does
/// not have: only a simulation on this machine is one.
fn open(opening: Opening) -> Result<Arc<dyn Provider>, ProviderError> {
    if opening.environment != Environment::Live && !is_simulation(&opening.addresses) {
        return Err(misconfigured(
            "Charles Schwab has live accounts only; connect it as live",
        ));
    }
    let bearer: Bearer = opening
        .bearer
        .ok_or_else(|| misconfigured("there is no sign-in with Charles Schwab yet; sign in"))?;
    let api = api_address(&opening.addresses)?;
    Ok(Arc::new(Schwab {
        connection: opening.connection,
        environment: opening.environment,
        rest: Arc::new(Rest::new(opening.transport, bearer, api, opening.clock)),
        hashes: Hashes::default(),
        known: Arc::default(),
        resume: Arc::default(),
        old_orders: Mutex::default(),
        hours: Mutex::default(),
    }))
}

/// Whether every address there is leads to this machine.
fn is_simulation(addresses: &BTreeMap<String, String>) -> bool {
    let leads_here = |text: &String| Url::parse(text).is_ok_and(|url| is_loopback(&url));
    let mut addresses = addresses.values().filter(|text| text.contains("://"));
    addresses.all(leads_here)
}

fn misconfigured(problem: &str) -> ProviderError {
    ProviderError::Misconfigured {
        problem: problem.into(),
    }
}

fn api_address(addresses: &BTreeMap<String, String>) -> Result<Url, ProviderError> {
    let text = addresses
        .get("api")
        .ok_or_else(|| misconfigured("the address providers.schwab.api is missing"))?;
    let url = Url::parse(text)
        .ok()
        .filter(|url| !url.cannot_be_a_base() && url.has_host());
    url.ok_or_else(|| {
        misconfigured("providers.schwab.api is not an address; write it as scheme://host")
    })
}

impl Provider for Schwab {
    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn quotes(&self) -> Option<&dyn Quotes> {
        Some(self)
    }

    fn streams(&self, _accounts: &[AccountId]) -> Vec<StreamSpec> {
        let (rest, known, resume) = (self.rest.clone(), self.known.clone(), self.resume.clone());
        let start = move || -> Answer<'static, StreamStart> {
            let (rest, known, resume) = (rest.clone(), known.clone(), resume.clone());
            Box::pin(async move { stream_start(&rest, known, resume).await })
        };
        vec![StreamSpec {
            name: StreamName::Quotes,
            label: "Schwab".into(),
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

/// Asks where the streamer is and who we are to it, and takes a token that it did not refuse before.
async fn stream_start(
    rest: &Rest,
    known: Arc<Known>,
    resume: Arc<Resume>,
) -> Result<StreamStart, ProviderError> {
    let refused = resume.take_refused();
    let token = match refused {
        Some(refused) => rest.bearer().another(&refused).await?,
        None => rest.bearer().token().await?,
    };
    let response = rest.get(Host::Trader, &["userPreference"], &[]).await?;
    let preference = rest::read_preference(&response)?;
    let streamer = stream::streamer(&preference)
        .map_err(|why| rest::garbled(format!("the user preference: {why}")))?;
    Ok(StreamStart {
        url: streamer.url.clone(),
        headers: Vec::new(),
        dialer: None,
        session: Box::new(StreamerSession::new(streamer, token, known, resume)),
    })
}
