//! The pair of keys: how it is checked, and how a request or a socket shows it.

use crate::domain::{Environment, Text};
use crate::net::http::{Request, hide};
use crate::providers::provider::ProviderError;
use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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

    /// Shows the pair in a request's headers.
    pub(super) fn sign(&self, request: Request) -> Request {
        request
            .secret_header(
                HeaderName::from_static("apca-api-key-id"),
                (*self.key).clone(),
            )
            .secret_header(
                HeaderName::from_static("apca-api-secret-key"),
                (*self.secret).clone(),
            )
    }

    /// The log-in message of the market-data socket.
    pub(super) fn data_log_in(&self) -> String {
        json(&DataLogIn {
            action: "auth",
            key: self.key.expose_secret(),
            secret: self.secret.expose_secret(),
        })
    }

    /// The log-in message of the trading socket.
    pub(super) fn trading_log_in(&self) -> String {
        let data = TradingKeys {
            key_id: self.key.expose_secret(),
            secret_key: self.secret.expose_secret(),
        };
        json(&TradingLogIn {
            action: "authenticate",
            data,
        })
    }

    /// What a server said, without the pair where it repeats it.
    pub(super) fn hidden_in(&self, said: &str) -> Text {
        let pair = [&self.key, &self.secret].map(|it| it.expose_secret());
        match hide(said.as_bytes(), pair) {
            Some(hidden) => String::from_utf8_lossy(&hidden).as_ref().into(),
            None => said.into(),
        }
    }

    /// Whether the key's own spelling says that it is a paper key.
    pub(super) fn say_paper(&self) -> bool {
        self.key.expose_secret().starts_with("PK")
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
    data: TradingKeys<'a>,
}

#[derive(Serialize)]
struct TradingKeys<'a> {
    key_id: &'a str,
    secret_key: &'a str,
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
    keys: &Keys,
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
        Environment::Paper if is_live && !keys.say_paper() => refuse(
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
            keys.trading_log_in(),
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
    fn the_account_that_answers_must_be_of_the_environment() {
        let check = |number, key, environment, fits: bool| {
            let checked = check_account(number, &keys(key), environment);
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
