//! Requests that carry a secret. They cannot be serialised, compared or printed, and live until they are answered.

use crate::domain::{ConnectionId, Environment, ProviderId, Text};
use crate::link::{DoorRequest, SignInRequest, VaultRequest};
use secrecy::SecretString;

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
        /// Field name and value, as the provider's offer names them.
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
