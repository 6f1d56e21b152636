//! Who has a login, which accounts it opens, and the OAuth client each of them made for themselves.

use super::{Host, Options};
use crate::domain::Clock;
use crate::sim::oauth::{
    AuthServer, Client, ClientAuth, Consent, NoBearer, Paths, Pkce, Profile, Rotation,
};
use crate::sim::world::World;
use std::sync::Arc;

/// Where each login's accounts are named in the world.
const LOGINS: [(&str, Host, &[&str]); 3] = [
    ("ada", Host::Sandbox, &["margin", "ira"]),
    ("grace", Host::Sandbox, &["small"]),
    ("alan", Host::Live, &["live"]),
];
/// What a person grants.
const SCOPES: [&str; 3] = ["read", "trade", "openid"];

/// Somebody with a login.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) login: &'static str,
    pub(super) host: Host,
    /// Places of the accounts in the world.
    pub(super) accounts: Vec<usize>,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// The refresh token that the person made by hand.
    pub(super) refresh_token: String,
}

/// Everybody, and the servers that let them in.
#[derive(Debug)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    sandbox: AuthServer,
    live: AuthServer,
}

impl People {
    pub(super) fn new(world: &World, options: &Options, clock: &Arc<dyn Clock>) -> Self {
        let mut all: Vec<Person> = LOGINS
            .into_iter()
            .map(|(login, host, names)| person(world, login, host, names))
            .collect();
        let server = |host: Host, salt: u64| {
            let own = all.iter().filter(|person| person.host == host);
            let profile = profile(own, &options.redirects, host);
            AuthServer::new(profile, options.seed ^ salt, Arc::clone(clock))
        };
        let (sandbox, live) = (server(Host::Sandbox, 0), server(Host::Live, 1 << 32));
        for person in &mut all {
            let server = match person.host {
                Host::Sandbox => &sandbox,
                Host::Live => &live,
            };
            let granted = server.grant(&person.client_id, person.login, &SCOPES);
            person.refresh_token = granted.expect("the client was given to the server above");
        }
        Self { all, sandbox, live }
    }

    pub(super) fn auth(&self, host: Host) -> &AuthServer {
        match host {
            Host::Sandbox => &self.sandbox,
            Host::Live => &self.live,
        }
    }

    /// Whose token this is, and what it allows.
    pub(super) fn bearer(
        &self,
        host: Host,
        token: &str,
    ) -> Result<(&Person, Vec<String>), NoBearer> {
        let bearer = self.auth(host).bearer(token)?;
        let mut people = self.all.iter();
        let person = people.find(|person| person.login == bearer.login);
        person
            .map(|person| (person, bearer.scopes))
            .ok_or(NoBearer::Unknown)
    }
}

impl Person {
    /// The customer's id as `/customers/{id}` takes it.
    pub(super) fn id(&self) -> String {
        format!("{}-customer", self.login)
    }

    /// The place of an account of this person.
    pub(super) fn account(&self, world: &World, number: &str) -> Option<usize> {
        let mut accounts = self.accounts.iter().copied();
        accounts.find(|account| world.customers[*account].number == number)
    }
}

fn person(world: &World, login: &'static str, host: Host, names: &[&str]) -> Person {
    let places = world.customers.iter().enumerate();
    let accounts: Vec<usize> = places
        .filter(|(_, customer)| names.contains(&customer.profile.name))
        .map(|(place, _)| place)
        .collect();
    let first = &world.customers[accounts[0]];
    Person {
        login,
        host,
        client_id: first.id.to_string(),
        client_secret: first.secret.clone(),
        refresh_token: String::new(),
        accounts,
    }
}

fn profile<'a>(
    people: impl Iterator<Item = &'a Person>,
    redirects: &[String],
    host: Host,
) -> Profile {
    let people: Vec<&Person> = people.collect();
    let client = |person: &&Person| Client {
        id: person.client_id.clone(),
        secret: Some(person.client_secret.clone()),
        redirects: redirects.to_vec(),
    };
    Profile {
        clients: people.iter().map(client).collect(),
        logins: people
            .iter()
            .map(|person| person.login.to_owned())
            .collect(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
        pkce: Pkce::Optional,
        client_auth: ClientAuth::Body,
        refresh_names_client: false,
        consent: Consent::Approve(people[0].login.to_owned()),
        code_seconds: 60,
        access_seconds: 900,
        lasting: false,
        refresh_seconds: None,
        rotation: match host {
            Host::Sandbox => Rotation::KeepUnsaid,
            Host::Live => Rotation::Keep,
        },
        supersedes: false,
        issuer: None,
        paths: Paths {
            authorize: "/auth.html".to_owned(),
            token: "/oauth/token".to_owned(),
            revoke: None,
        },
    }
}
