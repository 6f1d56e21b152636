//! What a provider's OAuth registration says, as data that the configuration can change.

use super::error::AuthError;
use crate::domain::Environment;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// How the program shows the token endpoint that it is the registered client (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Body,
}

/// Addresses, scopes and manners of a provider's OAuth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Where the person signs in; none where a token is only ever renewed.
    pub authorize: Option<Url>,
    /// Where codes and refresh tokens are exchanged. Never taken from an answer.
    pub token: Url,
    /// Where tokens are given back (RFC 7009), where the provider has it.
    pub revoke: Option<Url>,
    /// What is asked for, in the provider's words.
    pub scopes: Vec<String>,
    /// Whether a code is bound to us by a verifier (RFC 7636, always S256).
    pub pkce: bool,
    /// How we show who we are.
    pub client_auth: ClientAuth,
    /// Where the provider sends the person back to, exactly as registered.
    pub redirect: Redirect,
    /// Whether the address that comes back carries `state`.
    pub state: bool,
    /// Who has to have answered (RFC 9207), where the provider says so.
    pub issuer: Option<String>,
    /// How long a refresh token lives, where that is known and its answer does not say it.
    pub refresh_life: Option<Duration>,
}

impl Profile {
    /// Reads the settings `oauth_*` of a provider; for live credentials a setting with the ending `_live` comes before
    /// the one without.
    ///
    /// # Errors
    /// A sentence that names the setting to mend.
    pub fn from_settings(
        settings: &BTreeMap<String, String>,
        environment: Environment,
    ) -> Result<Self, String> {
        let settings = Settings {
            settings,
            environment,
        };
        let redirect = settings.text("oauth_redirect");
        Ok(Self {
            authorize: settings.address("oauth_authorize")?,
            token: settings
                .address("oauth_token")?
                .ok_or("the setting oauth_token is missing")?,
            revoke: settings.address("oauth_revoke")?,
            scopes: settings.words("oauth_scopes"),
            pkce: settings.switch("oauth_pkce", true)?,
            client_auth: match settings.text("oauth_client_auth") {
                None | Some("basic") => ClientAuth::Basic,
                Some("body") => ClientAuth::Body,
                Some(_) => return Err("oauth_client_auth is `basic` or `body`".into()),
            },
            redirect: match redirect {
                Some(text) => Redirect::new(text)?,
                None => Redirect::new(DEFAULT_REDIRECT)?,
            },
            state: settings.switch("oauth_state", true)?,
            issuer: settings.text("oauth_issuer").map(str::to_owned),
            refresh_life: match settings.text("oauth_refresh_days") {
                None => None,
                Some(days) => Some(days_of(days)?),
            },
        })
    }

    /// Where the person signs in.
    ///
    /// # Errors
    /// [`AuthError::Registration`] where there is no such place.
    pub fn authorize(&self) -> Result<&Url, AuthError> {
        self.authorize.as_ref().ok_or(AuthError::Registration {
            why: "the setting oauth_authorize is missing: nobody can sign in by browser here",
        })
    }
}

/// Where a provider sends the person back to, unless its registration says otherwise.
const DEFAULT_REDIRECT: &str = "http://127.0.0.1:8182/callback";

/// Where a provider sends the person back to. Providers compare it character by character with what was registered, so
/// that `https://127.0.0.1` and `https://127.0.0.1/` are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    text: String,
    url: Url,
}

impl Redirect {
    /// Takes an address as it was registered.
    ///
    /// # Errors
    /// A sentence, for what is none or carries a query.
    pub fn new(text: &str) -> Result<Self, String> {
        let is_bare = |url: &Url| {
            let carries_nothing = url.query().is_none() && url.fragment().is_none();
            let is_anonymous = url.username().is_empty() && url.password().is_none();
            url.has_host() && carries_nothing && is_anonymous
        };
        let url = Url::parse(text).ok();
        let url = url.filter(|url| is_bare(url) && matches!(url.scheme(), "http" | "https"));
        Ok(Self {
            url: url.ok_or("oauth_redirect is an http or https address without a query")?,
            text: text.to_owned(),
        })
    }

    /// As it was registered.
    pub fn as_registered(&self) -> &str {
        &self.text
    }

    /// As an address.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

fn days_of(text: &str) -> Result<Duration, String> {
    let days: Option<u32> = text.parse().ok().filter(|days| (1..=3_650).contains(days));
    let days = days.ok_or("oauth_refresh_days is a number of days from 1 to 3650")?;
    Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

struct Settings<'s> {
    settings: &'s BTreeMap<String, String>,
    environment: Environment,
}

impl<'s> Settings<'s> {
    fn text(&self, key: &str) -> Option<&'s str> {
        let live = self.settings.get(&format!("{key}_live"));
        let live = live.filter(|_| self.environment == Environment::Live);
        let text = live.or_else(|| self.settings.get(key))?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn address(&self, key: &str) -> Result<Option<Url>, String> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let url = Url::parse(text).ok().filter(Url::has_host);
        let url =
            url.ok_or_else(|| format!("{key} is not an address; write it as https://host"))?;
        Ok(Some(url))
    }

    fn words(&self, key: &str) -> Vec<String> {
        let words = self.text(key).unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect()
    }

    fn switch(&self, key: &str, otherwise: bool) -> Result<bool, String> {
        match self.text(key) {
            None => Ok(otherwise),
            Some("on" | "true") => Ok(true),
            Some("off" | "false") => Ok(false),
            Some(_) => Err(format!("{key} is `on` or `off`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)], environment: Environment) -> Result<Profile, String> {
        let settings = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Profile::from_settings(&settings, environment)
    }

    const TOKEN: (&str, &str) = ("oauth_token", "https://api.example/token");

    #[test]
    fn what_is_not_said_is_the_careful_way() {
        let profile = read(&[TOKEN], Environment::Paper).unwrap();
        assert!(profile.pkce && profile.state);
        assert_eq!(profile.client_auth, ClientAuth::Basic);
        assert_eq!(profile.redirect.as_registered(), DEFAULT_REDIRECT);
        assert_eq!((profile.authorize, profile.revoke), (None, None));
    }

    #[test]
    fn live_credentials_have_addresses_of_their_own() {
        let settings = [
            TOKEN,
            ("oauth_token_live", "https://live.example/token"),
            ("oauth_scopes", "read  trade"),
        ];
        let check = |environment, expected: &str| {
            let profile = read(&settings, environment).unwrap();
            assert_eq!(profile.token.as_str(), expected);
            assert_eq!(profile.scopes, ["read", "trade"]);
        };
        check(Environment::Paper, "https://api.example/token");
        check(Environment::Live, "https://live.example/token");
    }

    #[test]
    fn a_redirect_address_stays_as_it_was_registered() {
        for registered in [
            "https://127.0.0.1",
            "https://127.0.0.1:8182",
            "https://127.0.0.1/",
        ] {
            let redirect = Redirect::new(registered).unwrap();
            assert_eq!(redirect.as_registered(), registered);
            assert_eq!(redirect.url().path(), "/");
        }
    }

    #[test]
    fn a_mistake_names_its_setting() {
        let check = |setting: (&str, &str)| {
            let problem = read(&[TOKEN, setting], Environment::Paper).unwrap_err();
            assert!(problem.contains(setting.0), "{problem}");
        };
        check(("oauth_pkce", "perhaps"));
        check(("oauth_client_auth", "cookie"));
        check(("oauth_authorize", "here"));
        check(("oauth_redirect", "https://127.0.0.1/cb?x=1"));
        check(("oauth_redirect", "https://127.0.0.1/cb#x"));
        check(("oauth_redirect", "ftp://127.0.0.1/cb"));
        check(("oauth_refresh_days", "0"));
        check(("oauth_refresh_days", "soon"));
        assert!(
            read(&[], Environment::Paper)
                .unwrap_err()
                .contains("oauth_token")
        );
    }
}
