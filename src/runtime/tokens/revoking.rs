//! Credentials that somebody else may have: tokens are given back where a provider takes them, and for everything else
//! the person is told where to go.

use crate::auth::{AuthError, Bearer};
use crate::domain::{Clock, ConnectionId, Environment, ProviderId, Text};
use crate::link::VaultAnswer;
use crate::link::vault::{RevokeFacts, Revoked};
use crate::net::transport::Transport;
use crate::providers;
use crate::providers::provider::{Grant, ProviderError};
use crate::runtime::credentials::{self, Credentials};
use crate::runtime::{additions, tokens};
use crate::vault::{Environment as SealedFor, RecordName};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a provider to take tokens back.
const PATIENCE: Duration = Duration::from_secs(15);

/// Gives tokens back where no connection is open.
pub(crate) struct Revoker {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) addresses: BTreeMap<String, BTreeMap<String, String>>,
}

impl Revoker {
    /// Gives the tokens of a connection back.
    pub(crate) async fn revoke(&self, credentials: &Credentials) -> Revoked {
        let spec = providers::find(credentials.provider.as_str());
        let way = spec.and_then(|spec| spec.way(credentials.way.as_deref()));
        if way.is_none_or(|way| way.grant == Grant::Keys) {
            return outcome(None);
        }
        match self.give_back(credentials).await {
            Ok(given) => outcome(given),
            Err(problem) => by_hand(&problem.to_string()),
        }
    }

    async fn give_back(
        &self,
        credentials: &Credentials,
    ) -> Result<Option<Result<bool, AuthError>>, ProviderError> {
        let addresses = additions::addresses_of(&self.addresses, &credentials.provider);
        let (transport, clock) = (self.transport.clone(), self.clock.clone());
        let endpoint = tokens::endpoint(credentials, &addresses, transport, clock)?;
        let Some(tokens) = tokens::tokens_of(&credentials.secrets, self.clock.now()) else {
            return Ok(None);
        };
        let given = tokio::time::timeout(PATIENCE, endpoint.revoke(&tokens)).await;
        Ok(Some(given.unwrap_or(Err(AuthError::Closed))))
    }
}

/// Gives tokens at work back, where there are any.
pub(in crate::runtime) async fn give_back(
    bearer: Option<Bearer>,
) -> Option<Result<bool, AuthError>> {
    let given = tokio::time::timeout(PATIENCE, bearer?.give_back()).await;
    Some(given.unwrap_or(Err(AuthError::Closed)))
}

/// Where a person revokes what a connection was made from, in one line.
pub(crate) fn place(provider: &ProviderId, way: Option<&str>) -> Text {
    let way = providers::find(provider.as_str()).and_then(|spec| spec.way(way));
    way.map_or("at the provider", |way| way.hint).into()
}

/// What is to be revoked of a record: nothing of it is yet.
pub(in crate::runtime) fn facts(name: &RecordName, connections: &[Credentials]) -> RevokeFacts {
    let known = connections
        .iter()
        .find(|it| credentials::record_name(it).is_ok_and(|its| its == *name));
    RevokeFacts {
        connection: known.map_or_else(
            || Text::new(&name.to_string()),
            |it| it.connection.as_str().into(),
        ),
        provider: Text::new(name.broker()),
        environment: match name.environment() {
            SealedFor::Paper => Environment::Paper,
            SealedFor::Live => Environment::Live,
        },
        revoked: Revoked::Nothing {
            why: "it is not open".into(),
        },
        place: place(
            &ProviderId::new(name.broker()),
            known.and_then(|it| it.way.as_deref()),
        ),
    }
}

/// Gives back the tokens of every connection of which a list says that it is to be revoked, and writes down what came
/// of each.
pub(in crate::runtime) async fn give_all_back(
    mut answers: Vec<VaultAnswer>,
    bearers: BTreeMap<ConnectionId, Option<Bearer>>,
) -> Vec<VaultAnswer> {
    for answer in &mut answers {
        let VaultAnswer::Rotated(facts) = answer else {
            continue;
        };
        let facts = facts.revoke.iter_mut().flatten();
        let given = facts.map(|facts: &mut RevokeFacts| {
            let name = ConnectionId::new(facts.connection.as_str());
            let bearer = bearers.get(&name).cloned().flatten();
            async move { facts.revoked = outcome(give_back(bearer).await) }
        });
        join_all(given).await;
    }
    answers
}

fn outcome(given: Option<Result<bool, AuthError>>) -> Revoked {
    match given {
        Some(Ok(true)) => Revoked::Tokens,
        Some(Ok(false)) => by_hand("the provider takes no tokens back"),
        Some(Err(problem)) => by_hand(&problem.to_string()),
        None => by_hand("nothing but a person can revoke it"),
    }
}

fn by_hand(why: &str) -> Revoked {
    Revoked::Nothing { why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Environment, Timestamp};
    use crate::net::error::NetError;
    use crate::net::http::Response;
    use crate::net::transport::MemoryTransport;
    use crate::vault::Domain;
    use secrecy::SecretString;
    use std::sync::Mutex;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::EPOCH
        }
    }

    async fn revoked(
        (provider, way): (&str, &str),
        settings: &[(&str, &str)],
        answer: Result<Response, NetError>,
    ) -> (Revoked, usize) {
        let sent = Arc::new(Mutex::new(0));
        let count = sent.clone();
        let transport = MemoryTransport::new(move |_| {
            *count.lock().unwrap() += 1;
            answer.clone()
        });
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let revoker = Revoker {
            clock: Arc::new(Still),
            transport: Arc::new(transport),
            addresses: BTreeMap::from([(provider.to_owned(), pairs(settings))]),
        };
        let secrets = pairs(&[("client_secret", "s"), ("refresh_token", "r"), ("key", "k")]);
        let secrets = secrets.into_iter();
        let credentials = Credentials {
            connection: ConnectionId::new("mine"),
            provider: ProviderId::new(provider),
            environment: Environment::Paper,
            way: Some(way.to_owned()),
            domain: Domain::Trade,
            secrets: secrets
                .map(|(name, value)| (name, SecretString::from(value)))
                .collect(),
        };
        let revoked = revoker.revoke(&credentials).await;
        let sent = *sent.lock().unwrap();
        (revoked, sent)
    }

    #[tokio::test]
    async fn tokens_are_given_back_once_and_keys_are_the_person_s_to_revoke() {
        let token = ("tastytrade", "token");
        let revoke = [("oauth_revoke", "https://example.com/revoke")];
        let fine = || Ok(Response::new(200, String::new()));
        assert_eq!(revoked(token, &revoke, fine()).await, (Revoked::Tokens, 1));
        let none = |why: &str| Revoked::Nothing { why: why.into() };
        let nothing = none("the provider takes no tokens back");
        assert_eq!(revoked(token, &[], fine()).await, (nothing, 0));
        let nothing = none("nothing but a person can revoke it");
        assert_eq!(revoked(("alpaca", "keys"), &[], fine()).await, (nothing, 0));
        let why = NetError::Broken {
            why: "there is no network".to_owned(),
        };
        let down = revoked(token, &revoke, Err(why.clone())).await;
        let told = format!("the provider's sign-in cannot be reached: {why}");
        assert_eq!(down, (none(&told), 1));
    }
}
