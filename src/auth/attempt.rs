//! One try to sign in: the address that the person opens, and what may come back from there.
//!
//! It owns no socket and reads no clock. `state` is looked at before anything else that came back (RFC 9700, 4.7), in
//! constant time, and is good for one answer; a code is bound to us by its verifier (RFC 7636); the issuer is compared
//! where the provider names one (RFC 9207). What is refused without ending the attempt is a stray: the person, or
//! somebody else on this machine, may send anything here.

use super::error::AuthError;
use super::profile::Profile;
use crate::domain::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use subtle::ConstantTimeEq;
use url::Url;
use zeroize::Zeroizing;

/// How long an attempt is good for.
pub const LIFE: Duration = Duration::from_secs(5 * 60);

/// Longest address that may come back, in bytes.
const LONGEST: usize = 8 * 1_024;

/// What came back and was ours: the code, with what its exchange needs beside it.
pub struct Code {
    /// The code.
    pub code: SecretString,
    /// What shows that the code was asked for by us, where the provider binds it.
    pub verifier: Option<SecretString>,
}

/// Why what came back is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The attempt's time is over.
    #[error("this attempt to sign in has run out; start again")]
    Expired,
    /// It had its answer already.
    #[error("this attempt has had its answer already; start again")]
    Used,
    /// It belongs to another attempt, or to nobody.
    #[error("this address belongs to another attempt to sign in; open the one that is shown here")]
    WrongState,
    /// Somebody else answered than the one who was asked.
    #[error("another provider answered than the one that was asked; start again")]
    WrongIssuer,
    /// It leads somewhere else.
    #[error(
        "this is not the address that the browser is sent to; copy it when the page cannot be shown"
    )]
    Elsewhere,
    /// A code alone, where the whole address can be checked.
    #[error("paste the whole address, not the code alone: only the address shows that it is yours")]
    CodeAlone,
    /// Too long, not an address, something twice or something missing.
    #[error("this address is not whole; copy all of it")]
    Malformed,
    /// The person, or the provider for them, said no.
    #[error("the sign-in was denied at the provider; start again to ask once more")]
    Denied,
    /// A scope is not what the provider knows, or not what the registration has.
    #[error("the provider refuses the scopes; set oauth_scopes to those of your registration")]
    InvalidScope,
    /// The registration is not as the provider knows it.
    #[error("the provider refuses the registration; check client id and redirect address")]
    Registration,
    /// The provider has a problem of its own.
    #[error("the provider cannot sign anyone in at the moment; try again later")]
    Unavailable,
    /// It said no in a way that OAuth does not name.
    #[error("the provider refused the sign-in; start again")]
    Other,
}

impl Refusal {
    /// Whether the attempt is over with it. A stray answer ends nothing: the right one may still come.
    pub fn ends(self) -> bool {
        match self {
            Self::WrongState | Self::Elsewhere | Self::CodeAlone | Self::Malformed => false,
            Self::Expired
            | Self::Used
            | Self::WrongIssuer
            | Self::Denied
            | Self::InvalidScope
            | Self::Registration
            | Self::Unavailable
            | Self::Other => true,
        }
    }
}

/// One try to sign in.
pub struct Attempt {
    address: Url,
    redirect: Url,
    issuer: Option<String>,
    has_state: bool,
    /// What is compared and handed out once; none when the attempt had its answer.
    secrets: Option<Secrets>,
    until: Timestamp,
}

struct Secrets {
    state: Zeroizing<String>,
    verifier: Option<SecretString>,
}

impl Attempt {
    /// Begins one. `random` makes the state and the verifier and is used for nothing else.
    ///
    /// # Errors
    /// [`AuthError::Registration`] where the profile has no address to sign in at.
    pub fn start(
        profile: &Profile,
        client_id: &str,
        random: &Zeroizing<[u8; 64]>,
        now: Timestamp,
    ) -> Result<Self, AuthError> {
        let state = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(&random[..32]));
        let client = BasicClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(profile.authorize()?.clone()))
            .set_redirect_uri(redirect_url(profile));
        let mut request = client.authorize_url(|| CsrfToken::new(state.to_string()));
        for scope in &profile.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let mut verifier = None;
        if profile.pkce {
            let text = BASE64_URL_SAFE_NO_PAD.encode(&random[32..]);
            let made = PkceCodeVerifier::new(text.clone());
            request =
                request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&made));
            verifier = Some(SecretString::from(text));
        }
        let (mut address, _) = request.url();
        if !profile.state {
            address = without(&address, "state");
        }
        Ok(Self {
            address,
            redirect: profile.redirect.url().clone(),
            issuer: profile.issuer.clone(),
            has_state: profile.state,
            secrets: Some(Secrets { state, verifier }),
            until: now.plus(LIFE),
        })
    }

    /// Where the person signs in. Nothing in it is secret but `state`, which is good for this attempt alone.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// Where the provider sends the person back to.
    pub fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// When the attempt runs out.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Takes what the person pasted: the address that the browser was sent to.
    ///
    /// # Errors
    /// Why it is not taken; see [`Refusal::ends`].
    pub fn take_pasted(&mut self, text: &str, now: Timestamp) -> Result<Code, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::Malformed);
        }
        // A terminal breaks a long line, and an address holds no blanks.
        let text: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
        match Url::parse(&text) {
            Ok(url) => self.take_address(&url, now),
            Err(_) if self.has_state && is_code(&text) => Err(Refusal::CodeAlone),
            Err(_) if is_code(&text) => self.finish(now, text.to_string()),
            Err(_) => Err(Refusal::Malformed),
        }
    }

    fn take_address(&mut self, url: &Url, now: Timestamp) -> Result<Code, Refusal> {
        let there = |it: &Url| {
            (
                it.scheme().to_owned(),
                it.host_str().map(str::to_owned),
                it.port_or_known_default(),
                it.path().to_owned(),
            )
        };
        let is_named = !url.username().is_empty() || url.password().is_some();
        if there(url) != there(&self.redirect) || is_named {
            return Err(Refusal::Elsewhere);
        }
        if url.fragment().is_some() {
            return Err(Refusal::Malformed);
        }
        self.take_query(url.query().unwrap_or_default(), now)
    }

    /// Takes the query of a request to the redirect address.
    ///
    /// # Errors
    /// Why it is not taken; see [`Refusal::ends`].
    pub fn take_query(&mut self, query: &str, now: Timestamp) -> Result<Code, Refusal> {
        if query.len() > LONGEST {
            return Err(Refusal::Malformed);
        }
        let answer = Answer::read(query)?;
        self.check_state(&answer)?;
        if now >= self.until {
            return Err(Refusal::Expired);
        }
        if let Some(issuer) = &self.issuer
            && answer.issuer.as_ref() != Some(issuer)
        {
            self.secrets = None;
            return Err(Refusal::WrongIssuer);
        }
        match (answer.code, answer.error) {
            (Some(code), None) => self.finish(now, code.to_string()),
            (None, Some(error)) => {
                self.secrets = None;
                Err(named(&error))
            }
            (Some(_), Some(_)) | (None, None) => Err(Refusal::Malformed),
        }
    }

    fn check_state(&self, answer: &Answer) -> Result<(), Refusal> {
        let secrets = self.secrets.as_ref().ok_or(Refusal::Used)?;
        if !self.has_state {
            return Ok(());
        }
        let given = answer.state.as_ref().ok_or(Refusal::WrongState)?;
        match bool::from(given.as_bytes().ct_eq(secrets.state.as_bytes())) {
            true => Ok(()),
            false => Err(Refusal::WrongState),
        }
    }

    fn finish(&mut self, now: Timestamp, code: String) -> Result<Code, Refusal> {
        if now >= self.until {
            return Err(Refusal::Expired);
        }
        let secrets = self.secrets.take().ok_or(Refusal::Used)?;
        Ok(Code {
            code: SecretString::from(code),
            verifier: secrets.verifier,
        })
    }
}

impl Code {
    /// The code, for the wire.
    pub(super) fn expose(&self) -> &str {
        self.code.expose_secret()
    }
}

/// The redirect address in the crate's own type, character by character as it was registered.
pub(super) fn redirect_url(profile: &Profile) -> RedirectUrl {
    let registered = profile.redirect.as_registered().to_owned();
    RedirectUrl::new(registered).expect("it was read as an address before")
}

/// What stands in a query, each thing at most once.
#[derive(Default)]
struct Answer {
    code: Option<Zeroizing<String>>,
    state: Option<Zeroizing<String>>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let is_new = match &*name {
                "code" => answer.code.replace(value.into_owned().into()).is_none(),
                "state" => answer.state.replace(value.into_owned().into()).is_none(),
                "error" => answer.error.replace(value.into_owned()).is_none(),
                "iss" => answer.issuer.replace(value.into_owned()).is_none(),
                _ => true, // providers add things of their own
            };
            if !is_new {
                return Err(Refusal::Malformed);
            }
        }
        let is_empty = |it: &Option<Zeroizing<String>>| it.as_ref().is_some_and(|it| it.is_empty());
        match is_empty(&answer.code) || is_empty(&answer.state) {
            true => Err(Refusal::Malformed),
            false => Ok(answer),
        }
    }
}

/// What an `error` means (RFC 6749, 4.1.2.1).
fn named(error: &str) -> Refusal {
    match error {
        "access_denied" => Refusal::Denied,
        "invalid_scope" => Refusal::InvalidScope,
        "unauthorized_client" | "unsupported_response_type" | "invalid_request" => {
            Refusal::Registration
        }
        "server_error" | "temporarily_unavailable" => Refusal::Unavailable,
        _ => Refusal::Other,
    }
}

/// Whether a text could be a code: RFC 6749, appendix A.11, without what an address would need.
fn is_code(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_graphic() && !matches!(it, b'?' | b'&' | b'/' | b'#' | b'<');
    !text.is_empty() && text.bytes().all(fits)
}

fn without(address: &Url, name: &str) -> Url {
    let kept: Vec<(String, String)> = address
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut address = address.clone();
    address.query_pairs_mut().clear().extend_pairs(kept);
    address
}

#[cfg(test)]
mod tests;
