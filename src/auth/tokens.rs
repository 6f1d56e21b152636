//! Tokens, in the open for as long as they are used.

use crate::domain::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What opens a provider's calls for a while. It has no `Debug`.
#[derive(Clone)]
pub struct AccessToken(Arc<SecretString>);

impl AccessToken {
    /// Wraps a token as the provider gave it.
    pub fn new(token: SecretString) -> Self {
        Self(Arc::new(token))
    }

    /// The token, for the wire and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value of an `Authorization` header (RFC 6750, 2.1).
    pub fn header(&self) -> SecretString {
        SecretString::from(format!("Bearer {}", self.expose()))
    }

    /// Whether both are the same token.
    pub fn is(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

/// What a token endpoint gave, and when each part ends.
#[derive(Clone)]
pub struct Tokens {
    /// Opens calls; none until the first was brought.
    pub access: Option<AccessToken>,
    /// Brings the next access token; none where the provider gives none.
    pub refresh: Option<Arc<SecretString>>,
    /// When they were given.
    pub given: Timestamp,
    /// When the access token ends; `None` where the provider does not say.
    pub access_until: Option<Timestamp>,
    /// When the refresh token ends and the person has to sign in again; `None` where it does not.
    pub refresh_until: Option<Timestamp>,
}

impl Tokens {
    /// A refresh token that the person got by another way than signing in here.
    pub fn of_refresh(refresh: SecretString, now: Timestamp) -> Self {
        Self {
            access: None,
            refresh: Some(Arc::new(refresh)),
            given: now,
            access_until: None,
            refresh_until: None,
        }
    }

    /// When the next access token is asked for: after four fifths of this one's life, so that a provider that is away
    /// for a while costs nothing; `early` of 0 to 255 takes up to a tenth of the life off, so that many do not ask at
    /// once.
    pub fn renewal_due(&self, early: u8) -> Option<Timestamp> {
        if self.access.is_none() {
            return Some(self.given);
        }
        let until = self.access_until?;
        let life = until.since(self.given);
        let due = self.given.plus(life * 4 / 5);
        Some(due.minus(life / 10 * u32::from(early) / 255))
    }
}
