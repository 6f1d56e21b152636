//! The line with which a simulator says that it is ready.

use super::people;
use crate::sim::world::Customer;
use serde::Serialize;

/// What a script needs to know of a simulator that is ready; one flat JSON line.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `alpaca`.
    pub provider: &'static str,
    /// Origin of the paper trading host.
    pub trading: String,
    /// Origin of the live trading host.
    pub trading_live: String,
    /// Origin of the market data host.
    pub data: String,
    /// Address of the market data stream.
    pub data_stream: String,
    /// Address of the paper host's event stream.
    pub trading_stream: String,
    /// Address of the live host's event stream.
    pub trading_stream_live: String,
    /// Where a person grants access to a pretended account.
    pub oauth_authorize: String,
    /// Where they grant access to a real one.
    pub oauth_authorize_live: String,
    /// Where codes are exchanged for tokens.
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
    /// Public half of the credentials.
    pub key: String,
    /// Secret half of the credentials.
    pub secret: String,
    /// Public half of its application's registration; the secret half is that of the credentials.
    pub client_id: String,
    /// Whether its money is pretended.
    pub paper: bool,
}

impl From<&Customer> for ReadyCustomer {
    fn from(customer: &Customer) -> Self {
        Self {
            name: customer.profile.name,
            account_number: customer.number.clone(),
            key: customer.key.clone(),
            secret: customer.secret.clone(),
            client_id: people::client_id(customer),
            paper: customer.profile.paper,
        }
    }
}
