//! tastytrade: accounts, orders, market data, by REST, an account stream and dxFeed's DXLink.
//!
//! It knows tastytrade's manual and nothing of other providers, screens or the vault. `wire` is their JSON, `translate`
//! turns it into our words, `rest` sends; `accounts`, `orders` (with `listing`) and `market` are the abilities; `stream` is
//! what the two sockets say and hear, and the short-lived one that reads candles. A new call goes beside its ability,
//! its payload into `wire`.

mod accounts;
mod auth;
mod listing;
mod market;
mod names;
mod orders;
mod rest;
mod stream;
mod translate;
mod wire;

#[cfg(test)]
mod tests;

use crate::domain::{AccountId, ConnectionId, Environment};
use crate::providers::provider::{
    Accounts, Answer, Grant, Meter, Opening, Orders, Provider, ProviderError, ProviderSpec, Quotes,
    StreamName, StreamSession, StreamSpec, StreamStart, Way,
};
use names::Names;
use rest::Rest;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use stream::account::{AccountSession, Refused};
use stream::quotes::QuoteSession;
use stream::ticket::Tickets;
use url::Url;

/// tastytrade as the registry lists it.
pub(super) const SPEC: ProviderSpec = ProviderSpec {
    id: "tastytrade",
    title: "tastytrade",
    gives: "stocks, options, futures: accounts, live quotes, sandbox orders",
    environments: &[Environment::Paper, Environment::Live],
    ways: &[
        Way {
            id: "token",
            title: "Personal refresh token",
            grant: Grant::RefreshToken,
            secrets: auth::GRANT_SECRETS,
            pins: None,
            hint: "my.tastytrade.com, Manage, My Profile, API, OAuth Applications, then Create Grant",
        },
        Way {
            id: "code",
            title: "Sign in by browser",
            grant: Grant::Browser,
            secrets: auth::CLIENT_SECRETS,
            pins: None,
            hint: "my.tastytrade.com, OAuth Applications; register http://127.0.0.1:8182/cb/tastytrade",
        },
    ],
    addresses: &[
        ("api", "https://api.cert.tastyworks.com"),
        ("api_live", "https://api.tastyworks.com"),
        ("account_stream", "wss://streamer.cert.tastyworks.com"),
        ("account_stream_live", "wss://streamer.tastyworks.com"),
        (
            "oauth_authorize",
            "https://cert-my.staging-tasty.works/auth.html",
        ),
        (
            "oauth_authorize_live",
            "https://my.tastytrade.com/auth.html",
        ),
        ("oauth_token", "https://api.cert.tastyworks.com/oauth/token"),
        ("oauth_token_live", "https://api.tastyworks.com/oauth/token"),
        ("oauth_scopes", "read trade openid"),
        ("oauth_pkce", "off"),
        ("oauth_client_auth", "body"),
        ("oauth_redirect", "http://127.0.0.1:8182/cb/tastytrade"),
    ],
    open,
};

/// One person's grant and the accounts it reaches.
struct Tastytrade {
    connection: ConnectionId,
    environment: Environment,
    rest: Arc<Rest>,
    account_stream: Url,
    names: Arc<Names>,
    tickets: Arc<Tickets>,
    refused: Arc<Refused>,
    /// Set when the host was found to have no snapshots of prices; the sandbox has none.
    has_no_snapshots: AtomicBool,
}

/// Makes a connection; sends nothing yet.
///
/// # Errors
/// [`ProviderError::Misconfigured`] for missing tokens and for a missing or malformed address.
fn open(mut opening: Opening) -> Result<Arc<dyn Provider>, ProviderError> {
    let bearer = auth::take(&mut opening)?;
    let environment = opening.environment;
    let (api, account_stream) = match environment {
        Environment::Paper => ("api", "account_stream"),
        Environment::Live => ("api_live", "account_stream_live"),
    };
    let api = address(&opening.addresses, api)?;
    let rest = Arc::new(Rest::new(opening.transport, bearer, api, opening.clock));
    Ok(Arc::new(Tastytrade {
        connection: opening.connection,
        environment,
        account_stream: address(&opening.addresses, account_stream)?,
        names: Arc::default(),
        tickets: Arc::new(Tickets::new(rest.clone())),
        refused: Arc::default(),
        has_no_snapshots: AtomicBool::new(false),
        rest,
    }))
}

fn address(addresses: &BTreeMap<String, String>, key: &str) -> Result<Url, ProviderError> {
    let misconfigured = |problem: String| ProviderError::Misconfigured {
        problem: problem.into(),
    };
    let text = addresses.get(key).ok_or_else(|| {
        misconfigured(format!("the address providers.tastytrade.{key} is missing"))
    })?;
    let url = Url::parse(text)
        .ok()
        .filter(|url| !url.cannot_be_a_base() && url.has_host());
    url.ok_or_else(|| {
        misconfigured(format!(
            "providers.tastytrade.{key} is not an address; write it as scheme://host"
        ))
    })
}

impl Provider for Tastytrade {
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
        let mut streams = vec![self.quote_stream()];
        if !ours.is_empty() {
            streams.push(self.order_stream(ours));
        }
        streams
    }

    fn meter(&self) -> Meter {
        self.rest.meter()
    }
}

impl Tastytrade {
    fn quote_stream(&self) -> StreamSpec {
        let (tickets, names, rest) = (self.tickets.clone(), self.names.clone(), self.rest.clone());
        let start = move || -> Answer<'static, StreamStart> {
            let (tickets, names, rest) = (tickets.clone(), names.clone(), rest.clone());
            Box::pin(async move {
                let ticket = tickets.take().await?;
                let url = ticket.url.to_string();
                let session: StreamSession =
                    Box::new(QuoteSession::new(ticket, tickets, names, rest));
                Ok(StreamStart {
                    url,
                    headers: Vec::new(),
                    dialer: None,
                    session,
                })
            })
        };
        StreamSpec {
            name: StreamName::Quotes,
            label: "dxFeed".into(),
            delayed_minutes: match self.environment {
                Environment::Paper => 15,
                Environment::Live => 0,
            },
            start: Box::new(start),
        }
    }

    fn order_stream(&self, accounts: Vec<AccountId>) -> StreamSpec {
        let (rest, names, refused) = (self.rest.clone(), self.names.clone(), self.refused.clone());
        let (url, environment) = (self.account_stream.to_string(), self.environment);
        let start = move || -> Answer<'static, StreamStart> {
            let (rest, names, refused) = (rest.clone(), names.clone(), refused.clone());
            let (url, accounts) = (url.clone(), accounts.clone());
            Box::pin(async move {
                // A token that the stream refused, though its time was not over, is renewed once.
                let token = match refused.take() {
                    Some(token) => rest.bearer().another(&token).await?,
                    None => rest.bearer().token().await?,
                };
                let session =
                    AccountSession::new(token, rest, names, refused, (accounts, environment));
                let session: StreamSession = Box::new(session);
                Ok(StreamStart {
                    url,
                    headers: Vec::new(),
                    dialer: None,
                    session,
                })
            })
        };
        StreamSpec {
            name: StreamName::Orders,
            label: auth::stream_label(self.environment).into(),
            delayed_minutes: 0,
            start: Box::new(start),
        }
    }
}
