//! Requests that carry a secret. They cannot be serialised, compared or printed, and live until they are answered.

use crate::domain::{ConnectionId, Environment, ProviderId, Text};
use crate::link::{DoorRequest, VaultRequest};
use secrecy::SecretString;

/// The name of the field that holds the fingerprint of a certificate that the person confirmed.
pub const FINGERPRINT: &str = "fingerprint";

/// What a screen asks of the runtime with a secret in hand; the answer is a
/// [`VaultStatus`](crate::link::VaultStatus) or a connection's status.
pub enum SecretRequest {
    /// Makes a new vault.
    CreateVault {
        /// What will open it.
        passphrase: SecretString,
    },
    /// Opens the vault.
    Unlock {
        /// What opens it.
        passphrase: SecretString,
    },
    /// Checks credentials with their provider, then seals them in the vault.
    AddConnection {
        /// The name it gets; `None` lets the runtime choose a free one.
        name: Option<ConnectionId>,
        /// At which provider.
        provider: ProviderId,
        /// Paper or live.
        environment: Environment,
        /// Which of the provider's ways to sign in.
        way: Text,
        /// Field name and value, as the provider's offer names them; [`FINGERPRINT`] beside them where a certificate was
        /// confirmed.
        secrets: Vec<(String, SecretString)>,
    },
    /// Removes a connection and its sealed credentials.
    RemoveConnection {
        /// Which.
        connection: ConnectionId,
    },
    /// Makes, opens or mends the vault.
    Door(DoorRequest),
    /// Something about the vault itself; answered to this screen alone by a [`VaultAnswer`](crate::link::VaultAnswer).
    Vault(VaultRequest),
    /// Signing in by browser; answered to this screen alone by a [`SignInStatus`](crate::link::SignInStatus).
    SignIn(SignInRequest),
}

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
