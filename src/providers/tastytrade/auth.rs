//! Tokens: which way they came, and how a request and a socket's message show them.

use crate::auth::{AccessToken, Bearer};
use crate::domain::Environment;
use crate::net::http::Request;
use crate::providers::provider::{Opening, ProviderError, SecretSpec};
use http::header::AUTHORIZATION;
use secrecy::ExposeSecret;

/// What a personal grant consists of: its renewal needs no client id.
pub(super) const GRANT_SECRETS: &[SecretSpec] = &[
    SecretSpec {
        name: "client_secret",
        label: "Client secret",
        hidden: true,
        file: false,
    },
    SecretSpec {
        name: "refresh_token",
        label: "Refresh token",
        hidden: true,
        file: false,
    },
];

/// What a registered application consists of.
pub(super) const CLIENT_SECRETS: &[SecretSpec] = &[
    SecretSpec {
        name: "client_id",
        label: "Client id",
        hidden: false,
        file: false,
    },
    SecretSpec {
        name: "client_secret",
        label: "Client secret",
        hidden: true,
        file: false,
    },
];

/// Takes the tokens at work.
///
/// # Errors
/// [`ProviderError::Misconfigured`] where there are none.
pub(super) fn take(opening: &mut Opening) -> Result<Bearer, ProviderError> {
    opening
        .bearer
        .take()
        .ok_or_else(|| ProviderError::Misconfigured {
            problem: "tastytrade needs tokens: connect it again by a refresh token or by browser"
                .into(),
        })
}

/// Shows a token in a request's headers.
pub(super) fn sign(request: Request, token: &AccessToken) -> Request {
    request.secret_header(AUTHORIZATION, token.header())
}

/// A token as the messages of the account stream carry it, prefix included.
pub(super) fn in_message(token: &AccessToken) -> String {
    token.header().expose_secret().to_owned()
}

/// The word for orders of an environment.
pub(super) fn stream_label(environment: Environment) -> &'static str {
    match environment {
        Environment::Paper => "sandbox orders",
        Environment::Live => "live orders",
    }
}
