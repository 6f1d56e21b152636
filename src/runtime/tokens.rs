//! Tokens of a connection, between the vault and those who use them.

pub(crate) mod revoking;

use crate::auth::{AccessToken, Bearer, Client, Keep, Profile, TokenEndpoint, Tokens};
use crate::domain::{Clock, Text, Timestamp};
use crate::net::transport::Transport;
use crate::providers::provider::ProviderError;
use crate::runtime::credentials::Credentials;
use crate::runtime::keeper::Keeper;
use crate::runtime::secrets::GONE;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

/// Fields of a sealed connection that hold its tokens. [`REFRESH`] is also what a person hands over.
const REFRESH: &str = "refresh_token";
const ACCESS: &str = "@access_token";
const GIVEN: &str = "@given";
const ACCESS_UNTIL: &str = "@access_until";
const REFRESH_UNTIL: &str = "@refresh_until";

/// The tokens among a connection's fields; `None` where nobody signed in yet.
pub(crate) fn tokens_of(fields: &BTreeMap<String, SecretString>, now: Timestamp) -> Option<Tokens> {
    let moment = |name: &str| -> Option<Timestamp> {
        Timestamp::from_millis(fields.get(name)?.expose_secret().parse().ok()?)
    };
    let refresh = fields.get(REFRESH).cloned();
    let access = fields.get(ACCESS).cloned().map(AccessToken::new);
    if refresh.is_none() && access.is_none() {
        return None;
    }
    Some(Tokens {
        access,
        refresh: refresh.map(Arc::new),
        given: moment(GIVEN).unwrap_or(now),
        access_until: moment(ACCESS_UNTIL),
        refresh_until: moment(REFRESH_UNTIL),
    })
}

/// Puts tokens among a connection's fields, in the place of those before.
pub(crate) fn put(fields: &mut BTreeMap<String, SecretString>, tokens: &Tokens) {
    let moment = |at: Timestamp| at.millis().to_string();
    let token = |it: &Arc<SecretString>| it.expose_secret().to_owned();
    let new = [
        (REFRESH, tokens.refresh.as_ref().map(token)),
        (
            ACCESS,
            tokens.access.as_ref().map(|it| it.expose().to_owned()),
        ),
        (GIVEN, Some(moment(tokens.given))),
        (ACCESS_UNTIL, tokens.access_until.map(moment)),
        (REFRESH_UNTIL, tokens.refresh_until.map(moment)),
    ];
    for (name, value) in new {
        match value {
            Some(value) => fields.insert(name.to_owned(), SecretString::from(value)),
            None => fields.remove(name),
        };
    }
}

/// The token endpoint that a connection's registration is known at.
pub(crate) fn endpoint(
    credentials: &Credentials,
    addresses: &BTreeMap<String, String>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<TokenEndpoint, ProviderError> {
    let profile = profile(credentials, addresses)?;
    let field = |name: &str| credentials.secrets.get(name);
    let client = Client {
        id: field("client_id").map_or_else(String::new, |id| id.expose_secret().trim().to_owned()),
        secret: field("client_secret")
            .map(|secret| Arc::new(SecretString::from(secret.expose_secret().trim().to_owned()))),
    };
    Ok(TokenEndpoint::new(
        Arc::new(profile),
        client,
        transport,
        clock,
    ))
}

/// The OAuth profile that the settings give a connection.
pub(crate) fn profile(
    credentials: &Credentials,
    addresses: &BTreeMap<String, String>,
) -> Result<Profile, ProviderError> {
    Profile::from_settings(addresses, credentials.environment).map_err(|problem| {
        ProviderError::Misconfigured {
            problem: format!("providers.{}: {problem}", credentials.provider).into(),
        }
    })
}

/// Puts a connection's tokens to work.
pub(crate) fn bearer(
    credentials: &Credentials,
    endpoint: TokenEndpoint,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
) -> Result<Bearer, ProviderError> {
    let tokens = tokens_of(&credentials.secrets, clock.now());
    let tokens = tokens.ok_or_else(|| ProviderError::Unauthorised {
        reason: "nobody has signed in yet".into(),
    })?;
    let sealer = Sealer {
        keeper,
        credentials: credentials.clone(),
    };
    // Connections renew at moments of their own, the same after each start.
    let early = blake3::hash(credentials.connection.as_str().as_bytes()).as_bytes()[0];
    Ok(Bearer::start(
        tokens,
        endpoint,
        Arc::new(sealer),
        clock,
        early,
    ))
}

/// Seals new tokens in the place of those before.
struct Sealer {
    keeper: Keeper,
    credentials: Credentials,
}

impl Keep for Sealer {
    fn keep<'a>(
        &'a self,
        tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        let mut credentials = self.credentials.clone();
        put(&mut credentials.secrets, tokens);
        Box::pin(async move {
            let sealed = self
                .keeper
                .ask(move |room| room.seal_again(&credentials))
                .await;
            sealed.unwrap_or_else(|| Err(GONE.into()))
        })
    }
}
