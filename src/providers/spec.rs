//! A provider as the registry lists it, and what a connection of it is made from.

use super::provider::{Provider, ProviderError};
use crate::auth::Bearer;
use crate::auth::oauth1::Entropy;
use crate::domain::{Clock, ConnectionId, Environment};
use crate::net::transport::Transport;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A provider as the registry lists it.
pub struct ProviderSpec {
    /// Its name in commands and files: `alpaca`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it gives, in one line.
    pub gives: &'static str,
    /// Environments it has.
    pub environments: &'static [Environment],
    /// Ways to sign in, the one that most people take first.
    pub ways: &'static [Way],
    /// Addresses and manners of its OAuth (`oauth_…`) by key, with their defaults, each settable as `providers.ID.KEY`.
    pub addresses: &'static [(&'static str, &'static str)],
    /// Makes a connection of it; sends nothing yet.
    pub open: fn(Opening) -> Result<Arc<dyn Provider>, ProviderError>,
}

impl ProviderSpec {
    /// The way of a name; the first where none is named.
    pub fn way(&self, id: Option<&str>) -> Option<&'static Way> {
        match id {
            None => self.ways.first(),
            Some(id) => self.ways.iter().find(|way| way.id == id),
        }
    }
}

/// One way to sign in with a provider.
pub struct Way {
    /// Its name in commands: `keys`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What becomes of the secrets.
    pub grant: Grant,
    /// Secrets it asks for; they drive every form and `--secret-fd`.
    pub secrets: &'static [SecretSpec],
    /// The key of an address on this machine whose certificate nobody vouches for: the person confirms it when they
    /// connect, it is sealed as [`FINGERPRINT`], and no other is taken.
    pub pins: Option<&'static str>,
    /// Where the person gets those, in one line.
    pub hint: &'static str,
}

/// The name under which a confirmed certificate's fingerprint is sealed; no secret of a way is called so.
pub const FINGERPRINT: &str = "fingerprint";

/// What becomes of the secrets that a way asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// They open calls themselves.
    Keys,
    /// One of them, `refresh_token`, is exchanged for access tokens; `client_id` and `client_secret` say who asks.
    RefreshToken,
    /// The person signs in by browser, and what comes back is exchanged for tokens; `client_id` and `client_secret` say
    /// who asks.
    Browser,
}

/// A secret a provider asks for.
pub struct SecretSpec {
    /// Its name in `--secret-fd` lines.
    pub name: &'static str,
    /// What a form calls it.
    pub label: &'static str,
    /// Whether its characters are hidden while typed.
    pub hidden: bool,
    /// Whether `@` and a path may stand in its place: what is in that file is taken.
    pub file: bool,
}

/// Everything a connection is made from.
pub struct Opening {
    /// Which connection.
    pub connection: ConnectionId,
    /// Paper or live, as sealed with the credential.
    pub environment: Environment,
    /// Which of [`ProviderSpec::ways`] the person took.
    pub way: &'static Way,
    /// Secrets by the names of [`Way::secrets`].
    pub secrets: BTreeMap<String, SecretString>,
    /// Tokens at work, where the way is one of OAuth's.
    pub bearer: Option<Bearer>,
    /// Addresses by key: the configured ones over the defaults.
    pub addresses: BTreeMap<String, String>,
    /// How HTTP requests leave.
    pub transport: Arc<dyn Transport>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Entropy,
}
