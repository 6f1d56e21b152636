//! Signing in by browser: what the screen that asked hears, and no other.
//!
//! How it ends is an [`Addition`](crate::link::Addition) for everybody, as with any other way to connect.

use crate::domain::{Text, Timestamp};

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
    pub address: Text,
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
