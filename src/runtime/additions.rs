//! Adding a connection: its credentials are checked with the provider first, and sealed only when it accepts them.

use crate::auth::Bearer;
use crate::auth::oauth1::Entropy;
use crate::domain::{Account, AccountId, Clock, ConnectionId, ProviderId, Text};
use crate::link::{Addition, Event};
use crate::net::error::NetError;
use crate::net::tls::pinned::{self, Fingerprint};
use crate::net::transport::Transport;
use crate::providers;
use crate::providers::provider::{
    FINGERPRINT, Grant, Opening, Provider, ProviderError, ProviderSpec, Way,
};
use crate::runtime::credentials::Credentials;
use crate::runtime::credentials::key_files;
use crate::runtime::effects::Effects;
use crate::runtime::keeper::Keeper;
use crate::runtime::secrets::GONE;
use crate::runtime::sign_in::fill;
use crate::runtime::tokens;
use crate::runtime::{Happened, effects, trouble};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a provider is opened with, apart from its credentials.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) addresses: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) keeper: Keeper,
}

/// A connection that its provider accepted and the vault holds.
pub(crate) struct Added {
    pub(crate) open: Open,
    pub(crate) credentials: Credentials,
}

/// A provider's connection, and the tokens it works with.
pub(crate) struct Open {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) bearer: Option<Bearer>,
}

impl Opener {
    /// Makes a provider's connection; sends nothing yet.
    pub(crate) fn open(&self, credentials: &Credentials) -> Result<Open, ProviderError> {
        let (spec, way) = self.way(credentials)?;
        let addresses = self.addresses_of(&credentials.provider);
        let bearer = match way.grant {
            Grant::Keys => None,
            Grant::RefreshToken | Grant::Browser => Some(self.bearer(credentials, &addresses)?),
        };
        let provider = (spec.open)(Opening {
            connection: credentials.connection.clone(),
            environment: credentials.environment,
            way,
            secrets: credentials.secrets.clone(),
            bearer: bearer.clone(),
            addresses,
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            entropy: Entropy::new(fill),
        })?;
        Ok(Open { provider, bearer })
    }

    /// The provider of a connection, and the way it was made.
    pub(crate) fn way(
        &self,
        credentials: &Credentials,
    ) -> Result<(&'static ProviderSpec, &'static Way), ProviderError> {
        let misconfigured = |problem: String| ProviderError::Misconfigured {
            problem: problem.into(),
        };
        let id = credentials.provider.as_str();
        let spec = providers::find(id);
        let spec = spec.ok_or_else(|| {
            misconfigured(format!("this version does not know the provider {id}"))
        })?;
        let way = spec.way(credentials.way.as_deref());
        let way = way.ok_or_else(|| {
            misconfigured(format!(
                "this version knows no such way to sign in with {id}"
            ))
        })?;
        Ok((spec, way))
    }

    fn bearer(
        &self,
        credentials: &Credentials,
        addresses: &BTreeMap<String, String>,
    ) -> Result<Bearer, ProviderError> {
        let (transport, clock) = (self.transport.clone(), self.clock.clone());
        let endpoint = tokens::endpoint(credentials, addresses, transport, clock)?;
        tokens::bearer(
            credentials,
            endpoint,
            self.keeper.clone(),
            self.clock.clone(),
        )
    }

    pub(crate) fn addresses_of(&self, provider: &ProviderId) -> BTreeMap<String, String> {
        addresses_of(&self.addresses, provider)
    }

    /// Whether a provider's far side is on this machine, and so a simulation; said beside its numbers.
    pub(crate) fn is_simulated(&self, provider: &ProviderId) -> bool {
        let spec = providers::find(provider.as_str());
        let ways = spec.map_or(&[][..], |spec| spec.ways);
        // What a person runs here themselves is the broker's own door.
        let is_door = |key: &String| ways.iter().any(|way| way.pins == Some(key.as_str()));
        let configured = self.addresses.get(provider.as_str()).into_iter().flatten();
        configured
            .filter(|(key, _)| !is_door(key))
            .any(|(_, address)| is_loopback(address))
    }
}

/// Addresses of a provider by key: the configured ones over its defaults.
pub(crate) fn addresses_of(
    configured: &BTreeMap<String, BTreeMap<String, String>>,
    provider: &ProviderId,
) -> BTreeMap<String, String> {
    let defaults = providers::find(provider.as_str()).map_or(&[][..], |spec| spec.addresses);
    let mut addresses: BTreeMap<String, String> = defaults
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    if let Some(configured) = configured.get(provider.as_str()) {
        addresses.extend(configured.clone());
    }
    addresses
}

fn is_loopback(address: &str) -> bool {
    match url::Url::parse(address)
        .ok()
        .and_then(|url| url.host().map(|host| host.to_owned()))
    {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The name a new connection gets: the one asked for when it is free, else the provider's with a number.
pub(crate) fn choose_name(
    wanted: Option<ConnectionId>,
    provider: &ProviderId,
    taken: &BTreeSet<ConnectionId>,
) -> Result<ConnectionId, Text> {
    if let Some(wanted) = wanted {
        let problem = format!("a connection named {wanted} exists already; choose another name");
        return if taken.contains(&wanted) {
            Err(problem.into())
        } else {
            Ok(wanted)
        };
    }
    let numbered = |number: usize| ConnectionId::new(&format!("{provider}-{number}"));
    let first = ConnectionId::new(provider.as_str());
    let mut names = std::iter::once(first).chain((2..).map(numbered));
    Ok(names
        .find(|name| !taken.contains(name))
        .expect("the names never end"))
}

/// Checks credentials with their provider and seals them; what came of it goes to every screen.
pub(crate) fn add(opener: Opener, effects: Effects, credentials: Result<Credentials, Text>) {
    tokio::spawn(async move {
        let outcome = match credentials {
            Ok(credentials) => try_to_add(&opener, &effects, credentials).await,
            Err(why) => Err(Addition::Failed { why }),
        };
        tell(&effects, outcome).await;
    });
}

/// Tells the loop of a new connection, and every screen what came of it.
pub(crate) async fn tell(effects: &Effects, outcome: Result<(Vec<AccountId>, Added), Addition>) {
    let (addition, added) = match outcome {
        Ok((accounts, added)) => {
            let connection = added.credentials.connection.clone();
            let addition = Addition::Added {
                connection,
                accounts,
            };
            (addition, Some(added))
        }
        Err(refusal) => (refusal, None),
    };
    // The loop is gone only when the program ends.
    if let Some(added) = added {
        let _ = effects.answers.send(Happened::Added(Box::new(added))).await;
    }
    let _ = effects
        .answers
        .send(Happened::Publish(Event::Addition(addition)))
        .await;
}

async fn try_to_add(
    opener: &Opener,
    effects: &Effects,
    mut credentials: Credentials,
) -> Result<(Vec<AccountId>, Added), Addition> {
    let (_, way) = opener.way(&credentials).map_err(refusal)?;
    key_files::read(way, &mut credentials.secrets).map_err(|why| Addition::Failed { why })?;
    certify(opener, &credentials).await?;
    // A token may be taken out of use by its first use, and is sealed before; keys are sealed when they are accepted.
    let is_used_up = way.grant != Grant::Keys;
    if is_used_up {
        seal(effects, credentials.clone()).await?;
    }
    let reached = reach(opener, &credentials).await;
    if reached.is_err() && is_used_up {
        unseal(effects, credentials.connection.clone()).await;
    }
    let (accounts, open) = reached?;
    if !is_used_up {
        seal(effects, credentials.clone()).await?;
    }
    Ok((accounts, Added { open, credentials }))
}

/// Sees to it that the person has confirmed the certificate of a program on this machine, where a way has one.
async fn certify(opener: &Opener, credentials: &Credentials) -> Result<(), Addition> {
    let (_, way) = opener.way(credentials).map_err(refusal)?;
    let failed = |why: &str| Addition::Failed { why: why.into() };
    let confirmed = credentials.secrets.get(FINGERPRINT);
    let Some(key) = way.pins else {
        return match confirmed {
            None => Ok(()),
            Some(_) => Err(failed("this way to sign in has no certificate to confirm")),
        };
    };
    if let Some(confirmed) = confirmed {
        let is_one = Fingerprint::parse(confirmed.expose_secret()).is_some();
        return match is_one {
            true => Ok(()),
            false => Err(failed("a fingerprint has 64 hexadecimal digits")),
        };
    }
    let addresses = opener.addresses_of(&credentials.provider);
    let address = addresses
        .get(key)
        .and_then(|text| url::Url::parse(text).ok());
    // What cannot be read is refused when it is opened, and what is not encrypted has no certificate.
    let Some(address) = address.filter(|it| it.scheme() == "https") else {
        return Ok(());
    };
    let found = pinned::look_up(&address).await;
    let found = found.map_err(|error| refusal(error.into()))?;
    Err(Addition::Certificate {
        address: address.origin().ascii_serialization().into(),
        fingerprint: found.to_string().into(),
    })
}

/// Opens a connection and asks which accounts it reaches.
pub(crate) async fn reach(
    opener: &Opener,
    credentials: &Credentials,
) -> Result<(Vec<AccountId>, Open), Addition> {
    let open = opener.open(credentials).map_err(refusal)?;
    let accounts = open.provider.accounts().ok_or_else(|| Addition::Failed {
        why: "it has no accounts".into(),
    })?;
    let accounts: Vec<Account> = accounts
        .list()
        .await
        .map_err(refusal)?
        .into_iter()
        .map(|(account, _)| account)
        .collect();
    if let Some(other) = accounts
        .iter()
        .find(|account| account.environment != credentials.environment)
    {
        let why = format!(
            "these are {} credentials, not {} ones",
            other.environment, credentials.environment
        );
        return Err(Addition::Refused { why: why.into() });
    }
    let accounts = accounts.into_iter().map(|account| account.id).collect();
    Ok((accounts, open))
}

/// Seals a connection; it is on the disk then.
pub(crate) async fn seal(effects: &Effects, credentials: Credentials) -> Result<(), Addition> {
    let sealed = effects
        .keeper
        .ask(move |room| room.store(&credentials))
        .await;
    sealed
        .unwrap_or_else(|| Err(GONE.into()))
        .map_err(|why| Addition::Failed { why })
}

/// Removes a connection that was sealed before it was known to be good.
pub(crate) async fn unseal(effects: &Effects, connection: ConnectionId) {
    let removed = effects
        .keeper
        .ask(move |room| room.remove(&connection))
        .await;
    if let Some(Err(problem)) = removed {
        let text = format!("a connection that was refused is still in the vault: {problem}");
        effects::tell(&effects.answers, trouble(text)).await;
    }
}

pub(crate) fn refusal(error: ProviderError) -> Addition {
    let why = Text::new(&error.to_string());
    match error {
        ProviderError::AwaitsPerson { .. }
        | ProviderError::Unreachable(NetError::OtherCertificate { .. }) => Addition::Failed { why },
        ProviderError::Unauthorised { .. }
        | ProviderError::Refused { .. }
        | ProviderError::UnknownCursor
        | ProviderError::NotFound { .. } => Addition::Refused { why },
        ProviderError::RateLimited { .. }
        | ProviderError::Unavailable { .. }
        | ProviderError::Unreachable(_)
        | ProviderError::Garbled { .. } => Addition::Unreachable { why },
        ProviderError::Misconfigured { .. } => Addition::Failed { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_name_is_found_and_a_taken_one_refused() {
        let provider = ProviderId::new("alpaca");
        let taken = BTreeSet::from(["alpaca", "alpaca-2"].map(ConnectionId::new));
        assert_eq!(
            choose_name(None, &provider, &BTreeSet::new())
                .unwrap()
                .as_str(),
            "alpaca"
        );
        assert_eq!(
            choose_name(None, &provider, &taken).unwrap().as_str(),
            "alpaca-3"
        );
        assert_eq!(
            choose_name(Some(ConnectionId::new("ira")), &provider, &taken)
                .unwrap()
                .as_str(),
            "ira"
        );
        assert!(choose_name(Some(ConnectionId::new("alpaca")), &provider, &taken).is_err());
    }

    #[test]
    fn only_this_machine_is_a_simulation() {
        let cases = [
            ("http://127.0.0.1:4000", true),
            ("ws://[::1]:4000/stream", true),
            ("http://localhost:1", true),
            ("https://paper-api.example.com", false),
            ("https://127.0.0.1.example.com", false),
            ("nonsense", false),
        ];
        for (address, expected) in cases {
            assert_eq!(is_loopback(address), expected, "{address}");
        }
    }
}
