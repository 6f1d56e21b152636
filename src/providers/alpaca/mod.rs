//! Alpaca: accounts, orders, market data, by REST and two WebSockets.
//!
//! It knows Alpaca's manual and nothing of other providers, screens or the vault. `wire` is their JSON, `translate`
//! turns it into our words, `rest` sends; `accounts`, `orders` and `market` are the abilities; `stream` is
//! what the two sockets say and hear. A new call goes beside its ability, its payload into `wire`.

mod accounts;
mod auth;
mod families;
mod feed;
mod market;
mod orders;
mod rest;
mod stream;
mod translate;
mod wire;

#[cfg(test)]
mod tests;

use crate::domain::{AccountId, ConnectionId, Environment, Text};
use crate::providers::provider::{
    Accounts, Answer, Grant, Meter, Opening, Orders, Provider, ProviderError, ProviderSpec, Quotes,
    StreamName, StreamSession, StreamSpec, StreamStart, Way,
};
use auth::Credentials;
use families::Families;
use feed::Feed;
use rest::Rest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stream::{data, trading};
use url::Url;

/// Alpaca as the registry lists it.
pub(super) const SPEC: ProviderSpec = ProviderSpec {
    id: "alpaca",
    title: "Alpaca",
    gives: "stocks, options and coins: accounts, live quotes, paper orders",
    environments: &[Environment::Paper, Environment::Live],
    ways: &[
        Way {
            id: "keys",
            title: "API keys",
            grant: Grant::Keys,
            secrets: auth::KEY_SECRETS,
            pins: None,
            hint: "app.alpaca.markets, choose the paper or the live account, then API Keys",
        },
        Way {
            id: "code",
            title: "Sign in by browser",
            grant: Grant::Browser,
            secrets: auth::CLIENT_SECRETS,
            pins: None,
            hint: "app.alpaca.markets, OAuth Apps; register http://127.0.0.1:8182/cb/alpaca; live prices need API keys",
        },
    ],
    addresses: &[
        ("trading", "https://paper-api.alpaca.markets"),
        ("trading_live", "https://api.alpaca.markets"),
        ("data", "https://data.alpaca.markets"),
        ("data_stream", "wss://stream.data.alpaca.markets/v2/iex"),
        ("trading_stream", "wss://paper-api.alpaca.markets/stream"),
        ("trading_stream_live", "wss://api.alpaca.markets/stream"),
        // Without `env` the page offers both accounts, and the other one's token opens nothing here.
        (
            "oauth_authorize",
            "https://app.alpaca.markets/oauth/authorize?env=paper",
        ),
        (
            "oauth_authorize_live",
            "https://app.alpaca.markets/oauth/authorize?env=live",
        ),
        ("oauth_token", "https://api.alpaca.markets/oauth/token"),
        ("oauth_scopes", "account:write trading data"),
        ("oauth_pkce", "off"),
        ("oauth_client_auth", "body"),
        ("oauth_redirect", "http://127.0.0.1:8182/cb/alpaca"),
    ],
    open,
};

const NO_QUOTE_STREAM: &str = "Alpaca's live prices take API keys alone: with this sign-in a price is read once and does not move; connect by keys for live ones";

/// One pair of keys, or one grant, and what it reaches.
struct Alpaca {
    connection: ConnectionId,
    environment: Environment,
    credentials: Credentials,
    rest: Rest,
    feed: Feed,
    data_stream: Url,
    trading_stream: Url,
    data_resume: Arc<data::Resume>,
    families: Arc<Families>,
    /// Orders that were open when they were last read, by the venue's ids.
    open_before: Mutex<BTreeSet<Text>>,
}

/// Makes a connection; sends nothing yet.
///
/// # Errors
/// [`ProviderError::Misconfigured`] for a missing or malformed secret or address, and for keys of the other environment.
fn open(mut opening: Opening) -> Result<Arc<dyn Provider>, ProviderError> {
    let environment = opening.environment;
    let credentials = Credentials::take(&mut opening)?;
    let (trading, trading_stream) = match environment {
        Environment::Paper => ("trading", "trading_stream"),
        Environment::Live => ("trading_live", "trading_stream_live"),
    };
    let hosts = (
        address(&opening.addresses, trading)?,
        address(&opening.addresses, "data")?,
    );
    let data_stream = address(&opening.addresses, "data_stream")?;
    Ok(Arc::new(Alpaca {
        connection: opening.connection,
        environment,
        rest: Rest::new(opening.transport, credentials.clone(), hosts, opening.clock),
        credentials,
        feed: Feed::new(&data_stream),
        data_stream,
        trading_stream: address(&opening.addresses, trading_stream)?,
        data_resume: Arc::default(),
        families: Arc::default(),
        open_before: Mutex::default(),
    }))
}

fn address(addresses: &BTreeMap<String, String>, key: &str) -> Result<Url, ProviderError> {
    let misconfigured = |problem: String| ProviderError::Misconfigured {
        problem: problem.into(),
    };
    let text = addresses
        .get(key)
        .ok_or_else(|| misconfigured(format!("the address providers.alpaca.{key} is missing")))?;
    let url = Url::parse(text)
        .ok()
        .filter(|url| !url.cannot_be_a_base() && url.has_host());
    url.ok_or_else(|| {
        misconfigured(format!(
            "providers.alpaca.{key} is not an address; write it as scheme://host"
        ))
    })
}

impl Provider for Alpaca {
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
        let mut streams = vec![self.quote_stream()];
        // Keys and tokens reach one account of an environment, and its events do not name it.
        let account = accounts
            .iter()
            .find(|account| account.connection == self.connection);
        streams.extend(account.map(|account| self.order_stream(account.clone())));
        streams
    }

    fn meter(&self) -> Meter {
        self.rest.meter()
    }
}

impl Alpaca {
    fn quote_stream(&self) -> StreamSpec {
        let keys = match &self.credentials {
            Credentials::Keys(keys) => keys.clone(),
            Credentials::Bearer(_) => return self.no_quote_stream(),
        };
        let resume = self.data_resume.clone();
        let session = move || -> StreamSession {
            Box::new(data::DataSession::new(keys.clone(), resume.clone()))
        };
        StreamSpec::at(
            StreamName::Quotes,
            self.feed.label(),
            &self.data_stream,
            session,
        )
    }

    /// The manual has no log-in by token for this stream; that there is none is said where people look for it.
    fn no_quote_stream(&self) -> StreamSpec {
        let start = || -> Answer<'static, StreamStart> {
            Box::pin(std::future::ready(Err(ProviderError::Misconfigured {
                problem: NO_QUOTE_STREAM.into(),
            })))
        };
        StreamSpec {
            name: StreamName::Quotes,
            label: self.feed.label(),
            delayed_minutes: 0,
            start: Box::new(start),
        }
    }

    fn order_stream(&self, account: AccountId) -> StreamSpec {
        let (credentials, families) = (self.credentials.clone(), self.families.clone());
        let (url, environment) = (self.trading_stream.to_string(), self.environment);
        let label = match environment {
            Environment::Paper => "paper orders",
            Environment::Live => "live orders",
        };
        let start = move || -> Answer<'static, StreamStart> {
            let (credentials, families) = (credentials.clone(), families.clone());
            let (url, account) = (url.clone(), account.clone());
            Box::pin(async move {
                let shown = credentials.shown().await?;
                let session = trading::TradeSession::new(shown, account, environment, families);
                let session: StreamSession = Box::new(session);
                Ok(StreamStart {
                    url,
                    headers: Vec::new(),
                    session,
                    dialer: None,
                })
            })
        };
        StreamSpec {
            name: StreamName::Orders,
            label: label.into(),
            delayed_minutes: 0,
            start: Box::new(start),
        }
    }

    fn open_before(&self) -> MutexGuard<'_, BTreeSet<Text>> {
        // The set is replaced as a whole, so a panic elsewhere does no harm.
        self.open_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
