//! The line with which a simulator says that it is ready.

use serde::Serialize;

/// What a script needs to know of a simulator that is ready; one flat JSON line.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `schwab`.
    pub provider: &'static str,
    /// Origin of both REST APIs; the streamer's address is in the answer to `userPreference`.
    pub api: String,
    /// The page a browser is sent to.
    pub oauth_authorize: String,
    /// The token endpoint.
    pub oauth_token: String,
    /// Who has an account.
    pub customers: Vec<ReadyCustomer>,
}

/// One customer's way in.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyCustomer {
    /// What the account is called.
    pub name: &'static str,
    /// Its number.
    pub account_number: String,
    /// Name of the program that may ask for this login.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where its browser may be sent back to.
    pub redirect_uri: String,
    /// Who signs in; several accounts may be of one login.
    pub login: String,
    /// A refresh token that is granted already.
    pub refresh_token: String,
    /// Never: this provider has real money only.
    pub paper: bool,
}
