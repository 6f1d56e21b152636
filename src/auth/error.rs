//! What can fail between a person and their tokens; each variant says what to do next.

use crate::domain::Text;
use crate::net::error::NetError;
use std::time::Duration;

/// What failed. None of it carries what a server said of a token: its descriptions may repeat one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The provider takes these tokens no more; the person signs in again.
    #[error("{why}; sign in again")]
    SignIn {
        /// Why, in our words.
        why: &'static str,
    },
    /// The registration (client id, secret, redirect address, scopes) is not as the provider knows it.
    #[error("{why}")]
    Registration {
        /// What, and what to do.
        why: &'static str,
    },
    /// Too many requests; ask again later.
    #[error("too many attempts to sign in; the provider wants a pause")]
    RateLimited {
        /// How long, where the provider says.
        retry_after: Option<Duration>,
    },
    /// The provider has a problem of its own.
    #[error("the provider's sign-in has a problem of its own (status {status})")]
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// No answer was had.
    #[error("the provider's sign-in cannot be reached: {0}")]
    Unreachable(#[from] NetError),
    /// The answer was none of OAuth's.
    #[error("the provider's sign-in answered something that could not be read")]
    Garbled,
    /// New tokens could not be sealed on this machine, and are not used before they are.
    #[error("new tokens could not be sealed: {why}")]
    NotKept {
        /// Why, and what to do.
        why: Text,
    },
    /// The connection is being closed.
    #[error("the connection is closed")]
    Closed,
}

impl AuthError {
    /// Whether the same again may succeed without the person.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable(_)
            | Self::Garbled
            | Self::NotKept { .. } => true,
            Self::SignIn { .. } | Self::Registration { .. } | Self::Closed => false,
        }
    }
}
