//! A pair of keys, or a token of a sign-in by browser: how it is checked, and how a request or a socket shows it.

use crate::auth::{AccessToken, AuthError, Bearer};
use crate::domain::{Environment, Text};
use crate::net::http::{Request, hide};
use crate::providers::provider::{Grant, Opening, ProviderError, SecretSpec};
use http::HeaderName;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a pair of keys consists of.
pub(super) const KEY_SECRETS: &[SecretSpec] = &[
    secret_spec("key", "API key id", false),
    secret_spec("secret", "API secret key", true),
];

/// What a registered application consists of.
pub(super) const CLIENT_SECRETS: &[SecretSpec] = &[
    secret_spec("client_id", "Client id", false),
    secret_spec("client_secret", "Client secret", true),
];

const fn secret_spec(name: &'static str, label: &'static str, hidden: bool) -> SecretSpec {
    SecretSpec {
        name,
        label,
        hidden,
        file: false,
    }
}

/// What opens the provider's calls.
#[derive(Clone)]
pub(super) enum Credentials {
    /// A pair of keys.
    Keys(Keys),
    /// What a person granted by browser. It lasts until it is taken back, and nothing renews it.
    Bearer(Bearer),
}

impl Credentials {
    /// Takes what the way gives.
    ///
    /// # Errors
    /// [`ProviderError::Misconfigured`] for what is missing or malformed, and for a key that names the other environment.
    pub(super) fn take(opening: &mut Opening) -> Result<Self, ProviderError> {
        if opening.way.grant == Grant::Keys {
            let keys = Keys::take(&mut opening.secrets, opening.environment);
            return keys.map(Self::Keys);
        }
        let bearer = opening.bearer.take();
        let bearer = bearer.ok_or_else(|| ProviderError::Misconfigured {
            problem: "Alpaca needs a token: connect it again by browser or by API keys".into(),
        })?;
        Ok(Self::Bearer(bearer))
    }

    /// What is shown now.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub(super) async fn shown(&self) -> Result<Shown, AuthError> {
        match self {
            Self::Keys(keys) => Ok(Shown::Keys(keys.clone())),
            Self::Bearer(bearer) => bearer.token().await.map(Shown::Token),
        }
    }

    /// Whether their own spelling says that they are of a paper account.
    fn say_paper(&self) -> bool {
        match self {
            Self::Keys(keys) => keys.key.expose_secret().starts_with("PK"),
            Self::Bearer(_) => false,
        }
    }
}

/// What a request or a socket shows. Silent in every output.
#[derive(Clone)]
pub(super) enum Shown {
    /// A pair of keys.
    Keys(Keys),
    /// A token.
    Token(AccessToken),
}

impl Shown {
    /// Shows it in a request's headers.
    pub(super) fn sign(&self, request: Request) -> Request {
        let name = HeaderName::from_static;
        match self {
            Self::Keys(Keys { key, secret }) => request
                .secret_header(name("apca-api-key-id"), (**key).clone())
                .secret_header(name("apca-api-secret-key"), (**secret).clone()),
            Self::Token(token) => request.secret_header(AUTHORIZATION, token.header()),
        }
    }

    /// The log-in message of the trading socket.
    pub(super) fn trading_log_in(&self) -> String {
        let data = match self {
            Self::Keys(Keys { key, secret }) => TradingData::Keys {
                key_id: key.expose_secret(),
                secret_key: secret.expose_secret(),
            },
            Self::Token(token) => TradingData::Token {
                oauth_token: token.expose(),
            },
        };
        json(&TradingLogIn {
            action: "authenticate",
            data,
        })
    }

    /// What a person does when it is refused.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Keys(_) => "check the API keys",
            Self::Token(_) => "sign in again",
        }
    }

    /// What a server said, without what it was shown where it repeats it.
    pub(super) fn hidden_in(&self, said: &str) -> Text {
        match self {
            Self::Keys(keys) => keys.hidden_in(said),
            Self::Token(token) => without(said, [token.expose()]),
        }
    }
}

/// An API key pair. Cheap to hand around, silent in every output.
#[derive(Clone)]
pub(super) struct Keys {
    key: Arc<SecretString>,
    secret: Arc<SecretString>,
}

impl Keys {
    /// Takes the pair from the named secrets.
    ///
    /// # Errors
    /// [`ProviderError::Misconfigured`] for a missing or malformed one, and for a key that names the other environment.
    pub(super) fn take(
        secrets: &mut BTreeMap<String, SecretString>,
        environment: Environment,
    ) -> Result<Self, ProviderError> {
        let key = take(secrets, "key", "API key id")?;
        let secret = take(secrets, "secret", "API secret key")?;
        check_prefix(key.expose_secret(), environment)?;
        Ok(Self {
            key: Arc::new(key),
            secret: Arc::new(secret),
        })
    }

    /// The log-in message of the market-data socket.
    pub(super) fn data_log_in(&self) -> String {
        json(&DataLogIn {
            action: "auth",
            key: self.key.expose_secret(),
            secret: self.secret.expose_secret(),
        })
    }

    /// What a server said, without the pair where it repeats it.
    pub(super) fn hidden_in(&self, said: &str) -> Text {
        without(said, [&self.key, &self.secret].map(|it| it.expose_secret()))
    }
}

fn without<'s>(said: &str, secrets: impl IntoIterator<Item = &'s str>) -> Text {
    match hide(said.as_bytes(), secrets) {
        Some(hidden) => String::from_utf8_lossy(&hidden).as_ref().into(),
        None => said.into(),
    }
}

#[derive(Serialize)]
struct DataLogIn<'a> {
    action: &'static str,
    key: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct TradingLogIn<'a> {
    action: &'static str,
    data: TradingData<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum TradingData<'a> {
    Keys {
        key_id: &'a str,
        secret_key: &'a str,
    },
    Token {
        oauth_token: &'a str,
    },
}

fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("texts are always JSON")
}

fn take(
    secrets: &mut BTreeMap<String, SecretString>,
    name: &str,
    label: &str,
) -> Result<SecretString, ProviderError> {
    let misconfigured = |problem: String| ProviderError::Misconfigured {
        problem: problem.into(),
    };
    let given = secrets
        .remove(name)
        .ok_or_else(|| misconfigured(format!("the {label} is missing")))?;
    let trimmed = given.expose_secret().trim();
    let fits =
        (1..=256).contains(&trimmed.len()) && trimmed.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(misconfigured(format!(
            "the {label} is not one: it must be letters and digits without spaces"
        )));
    }
    Ok(SecretString::from(trimmed.to_owned()))
}

/// Key ids begin with PK for paper, AK for live and CK at the broker API, by convention; others are left to the server.
fn check_prefix(key: &str, environment: Environment) -> Result<(), ProviderError> {
    let problem = match (key.get(..2), environment) {
        (Some("PK"), Environment::Live) => {
            "this key id starts with PK, so it belongs to a paper account; connect it as paper"
        }
        (Some("AK"), Environment::Paper) => {
            "this key id starts with AK, so it belongs to a live account; connect it as live, or make a paper key"
        }
        (Some("CK"), _) => {
            "this key id starts with CK, so it is of the broker API, which is not supported"
        }
        _ => return Ok(()),
    };
    Err(ProviderError::Misconfigured {
        problem: problem.into(),
    })
}

/// Checks that the account that answered is of the environment its credentials were sealed with: paper accounts have
/// numbers that begin with PA, live ones have digits alone.
///
/// # Errors
/// [`ProviderError::Unauthorised`] with what to do.
pub(super) fn check_account(
    number: &str,
    credentials: &Credentials,
    environment: Environment,
) -> Result<(), ProviderError> {
    let refuse = |reason: &str| {
        Err(ProviderError::Unauthorised {
            reason: Text::from(reason),
        })
    };
    let is_live = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match environment {
        Environment::Live if number.starts_with("PA") => refuse(
            "a paper account answered to live credentials; remove the connection and add it as paper",
        ),
        Environment::Paper if is_live && !credentials.say_paper() => refuse(
            "a live account answered to paper credentials; remove the connection and add it as live",
        ),
        Environment::Live | Environment::Paper => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::providers::alpaca) fn keys(key: &str) -> Keys {
        Keys {
            key: Arc::new(key.to_owned().into()),
            secret: Arc::new("s3cr3t".to_owned().into()),
        }
    }

    fn taken(key: &str, secret: &str, environment: Environment) -> Result<Keys, String> {
        let mut secrets = BTreeMap::from([
            ("key".to_owned(), SecretString::from(key.to_owned())),
            ("secret".to_owned(), SecretString::from(secret.to_owned())),
        ]);
        Keys::take(&mut secrets, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_of_the_other_environment_is_refused_before_anything_is_sent() {
        let check = |key, environment, fits: bool| {
            assert_eq!(
                taken(key, "x", environment).is_ok(),
                fits,
                "{key} {environment}"
            );
        };
        check("PKABC", Environment::Paper, true);
        check("AKABC", Environment::Live, true);
        check("XXABC", Environment::Live, true);
        check("PKABC", Environment::Live, false);
        check("AKABC", Environment::Paper, false);
        check("CKABC", Environment::Paper, false);
    }

    #[test]
    fn a_pasted_pair_is_trimmed_and_what_cannot_be_a_header_is_refused_without_being_repeated() {
        let keys = taken(" PKABC\n", "s3cr3t ", Environment::Paper)
            .ok()
            .unwrap();
        assert_eq!(
            keys.data_log_in(),
            r#"{"action":"auth","key":"PKABC","secret":"s3cr3t"}"#
        );
        assert_eq!(
            Shown::Keys(keys).trading_log_in(),
            r#"{"action":"authenticate","data":{"key_id":"PKABC","secret_key":"s3cr3t"}}"#
        );
        for secret in ["", "two words", "line\nbreak"] {
            let error = taken("PKABC", secret, Environment::Paper).err().unwrap();
            assert!(error.starts_with("the API secret key"), "{error}");
            assert!(secret.is_empty() || !error.contains(secret));
        }
        assert!(Keys::take(&mut BTreeMap::new(), Environment::Paper).is_err());
    }

    #[test]
    fn a_token_is_shown_as_one_and_hidden_where_it_is_repeated() {
        let shown = Shown::Token(AccessToken::new("79500537-5796".to_owned().into()));
        assert_eq!(
            shown.trading_log_in(),
            r#"{"action":"authenticate","data":{"oauth_token":"79500537-5796"}}"#
        );
        assert_eq!(shown.hidden_in("no 79500537-5796").as_str(), "no [hidden]");
        let url = url::Url::parse("https://broker.example").unwrap();
        let request = shown.sign(Request::get(url));
        assert_eq!(request.headers.len(), 1);
        let (name, value) = &request.headers[0];
        let is_secret = matches!(value, crate::net::http::HeaderText::Secret(value)
            if value.expose_secret() == "Bearer 79500537-5796");
        assert!(*name == AUTHORIZATION && is_secret);
    }

    #[test]
    fn the_account_that_answers_must_be_of_the_environment() {
        let check = |number, key, environment, fits: bool| {
            let credentials = Credentials::Keys(keys(key));
            let checked = check_account(number, &credentials, environment);
            assert_eq!(checked.is_ok(), fits, "{number} {key} {environment}");
        };
        check("PA3R4QS34821", "PK1", Environment::Paper, true);
        check("123456789", "AK1", Environment::Live, true);
        check("010203ABCD", "XX1", Environment::Live, true);
        check("PA3R4QS34821", "XX1", Environment::Live, false);
        check("123456789", "XX1", Environment::Paper, false);
        check("123456789", "PK1", Environment::Paper, true);
    }
}
