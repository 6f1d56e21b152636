//! The line with which a simulator says that it is ready.

use super::Simulator;
use super::oauth::{credentials, keys};
use super::shared::Shared;
use super::site::LOGIN_PATH;
use super::streams::STREAM_PATH;
use serde::Serialize;

/// What a script needs to know of a simulator that is ready; one flat JSON line. The keys in it are
/// simulated ones and the same everywhere: they open nothing but this.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `ibkr`.
    pub provider: &'static str,
    /// The gateway's API.
    pub gateway: String,
    /// The gateway's stream.
    pub gateway_stream: String,
    /// The page on which a person signs in at the gateway.
    pub gateway_login: String,
    /// The API of those who sign their requests.
    pub api: String,
    /// Its stream.
    pub stream: String,
    /// Realm of signed requests.
    pub realm: &'static str,
    /// Prime of the Diffie-Hellman exchange, hexadecimal.
    pub dh_prime: &'static str,
    /// Its generator.
    pub dh_generator: u8,
    /// Private key that signs the request for a live session token, PEM.
    pub signing_key: &'static str,
    /// Private key that decrypts access token secrets, PEM.
    pub encryption_key: &'static str,
    /// Who has an account.
    pub customers: Vec<ReadyCustomer>,
}

/// One account and the way to it; two of them may have one username.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyCustomer {
    /// What the account is called.
    pub name: &'static str,
    /// Its number.
    pub account_number: String,
    /// The username.
    pub login: &'static str,
    /// Consumer key of the username's own program.
    pub consumer_key: String,
    /// Its access token.
    pub access_token: String,
    /// The encrypted secret of that token, base64.
    pub access_token_secret: String,
    /// Whether its money is pretended.
    pub paper: bool,
}

impl Ready {
    /// The line of a simulator that is reached at these two hosts.
    pub fn of(simulator: &Simulator, gateway: &str, api: &str) -> Self {
        Self {
            provider: "ibkr",
            gateway: format!("https://{gateway}/v1/api"),
            gateway_stream: format!("wss://{gateway}{STREAM_PATH}"),
            gateway_login: format!("https://{gateway}{LOGIN_PATH}"),
            api: format!("http://{api}/v1/api"),
            stream: format!("ws://{api}{STREAM_PATH}"),
            realm: credentials::REALM,
            dh_prime: keys::DH_PRIME,
            dh_generator: 2,
            signing_key: keys::SIGNING_KEY,
            encryption_key: keys::ENCRYPTION_KEY,
            customers: simulator.customers(),
        }
    }
}

pub(super) fn customers(shared: &Shared) -> Vec<ReadyCustomer> {
    let world = shared.world();
    let people = shared.people.iter();
    let accounts = people.flat_map(|person| person.accounts.iter().map(move |at| (person, *at)));
    accounts
        .map(|(person, at)| ReadyCustomer {
            name: world.customers[at].profile.name,
            account_number: world.customers[at].number.clone(),
            login: person.login,
            consumer_key: person.consumer_key.clone(),
            access_token: person.access_token.clone(),
            access_token_secret: credentials::encrypted(&person.secret),
            paper: person.paper,
        })
        .collect()
}
