//! Signing in by browser: what a screen asks, and what it hears, to the screen that asked and to no other.
//!
//! How it ends is an [`Addition`](crate::link::Addition) for everybody, as with any other way to connect.

use crate::domain::{ConnectionId, Environment, ProviderId, Text, Timestamp};
use secrecy::SecretString;

/// What a screen asks about signing in by browser. A screen has one attempt at a time; a new one ends the one before.
pub enum SignInRequest {
    /// Begins, for a new connection.
    New {
        /// The name it gets; `None` lets the runtime choose a free one.
        name: Option<ConnectionId>,
        /// At which provider.
        provider: ProviderId,
        /// Paper or live.
        environment: Environment,
        /// Which of the provider's ways to sign in.
        way: Text,
        /// The person's registration, by the names of the way's fields.
        secrets: Vec<(String, SecretString)>,
    },
    /// Begins, for a connection that is there, with the registration it was made with.
    Again {
        /// Which.
        connection: ConnectionId,
    },
    /// The address that the browser was sent to.
    Pasted {
        /// As pasted.
        address: SecretString,
    },
    /// Gives the attempt up.
    GiveUp,
}

/// Where an attempt to sign in stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInStatus {
    /// The person is to open an address, and to come back.
    Waiting(Box<Waiting>),
    /// What came back is exchanged for tokens, and the accounts are asked for.
    Exchanging,
}

/// What a person needs to sign in by browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The provider's name for people.
    pub title: Text,
    /// Where the person signs in. What of it is secret is good for this attempt alone.
    pub address: String,
    /// Whose site that is.
    pub host: Text,
    /// What is asked for, in the provider's words.
    pub scopes: Text,
    /// Where the browser is sent back to.
    pub redirect: Text,
    /// The port of it on this machine, where something listens there.
    pub port: Option<u16>,
    /// Why nothing listens there; the address can be pasted all the same.
    pub not_listening: Option<Text>,
    /// When the attempt runs out.
    pub until: Timestamp,
    /// What came back and was not taken, last.
    pub problem: Option<Text>,
}

/// What one screen hears, and no other.
pub enum Answer {
    /// Of the vault.
    Vault(crate::link::VaultAnswer),
    /// Of its attempt to sign in.
    SignIn(SignInStatus),
}
