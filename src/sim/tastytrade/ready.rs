//! The line with which a simulator says that it is ready.

use super::streams::{ACCOUNT_PATH, Stream};
use super::{Host, Shared};
use serde::Serialize;

/// What a script needs to know of a simulator that is ready; one flat JSON line.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `tastytrade`.
    pub provider: &'static str,
    /// Origin of the sandbox host.
    pub api: String,
    /// Origin of the production host.
    pub api_live: String,
    /// Address of the sandbox's account streamer.
    pub account_stream: String,
    /// Address of the production account streamer.
    pub account_stream_live: String,
    /// The sandbox's page for signing in.
    pub oauth_authorize: String,
    /// The production page for signing in.
    pub oauth_authorize_live: String,
    /// The sandbox's token endpoint.
    pub oauth_token: String,
    /// The production token endpoint.
    pub oauth_token_live: String,
    /// Who has an account.
    pub customers: Vec<ReadyCustomer>,
}

/// One account and the way to it; two of them may have one login.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyCustomer {
    /// What the account is called.
    pub name: &'static str,
    /// Its number.
    pub account_number: String,
    /// Name of the OAuth client.
    pub client_id: String,
    /// Secret of the OAuth client.
    pub client_secret: String,
    /// Who signs in.
    pub login: &'static str,
    /// A refresh token that is already granted.
    pub refresh_token: String,
    /// Whether its money is pretended.
    pub paper: bool,
}

impl Ready {
    pub(super) fn new(sandbox: &str, live: &str, customers: Vec<ReadyCustomer>) -> Self {
        Self {
            provider: "tastytrade",
            api: format!("http://{sandbox}"),
            api_live: format!("http://{live}"),
            account_stream: format!("ws://{sandbox}{ACCOUNT_PATH}"),
            account_stream_live: format!("ws://{live}{ACCOUNT_PATH}"),
            oauth_authorize: format!("http://{sandbox}/auth.html"),
            oauth_authorize_live: format!("http://{live}/auth.html"),
            oauth_token: format!("http://{sandbox}/oauth/token"),
            oauth_token_live: format!("http://{live}/oauth/token"),
            customers,
        }
    }
}

pub(super) fn customers(shared: &Shared) -> Vec<ReadyCustomer> {
    let world = shared.world();
    let people = shared.people.all.iter();
    let accounts = people.flat_map(|person| person.accounts.iter().map(move |at| (person, *at)));
    accounts
        .map(|(person, at)| ReadyCustomer {
            name: world.customers[at].profile.name,
            account_number: world.customers[at].number.clone(),
            client_id: person.client_id.clone(),
            client_secret: person.client_secret.clone(),
            login: person.login,
            refresh_token: person.refresh_token.clone(),
            paper: person.host == Host::Sandbox,
        })
        .collect()
}

/// The path of a host's market data, as the sandbox and production name theirs.
pub(super) fn feed_path(host: Host) -> &'static str {
    match host {
        Host::Sandbox => Stream::DELAYED,
        Host::Live => Stream::REALTIME,
    }
}
