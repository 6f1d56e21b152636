//! Who has a username, which accounts it opens, and the OAuth credentials each of them registered.

use crate::sim::world::World;

/// Where each username's accounts are named in the world.
const LOGINS: [(&str, bool, &[&str]); 3] = [
    ("ada", true, &["margin", "ira"]),
    ("grace", true, &["small"]),
    ("alan", false, &["live"]),
];
/// Length of a consumer key, which its owner chooses.
const CONSUMER_KEY_LENGTH: usize = 9;
/// Hexadecimal digits of an access token.
const ACCESS_TOKEN_LENGTH: usize = 20;

/// Somebody with a username.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) login: &'static str,
    /// Whether the username is one for paper trading.
    pub(super) paper: bool,
    /// Places of the accounts in the world.
    pub(super) accounts: Vec<usize>,
    pub(super) consumer_key: String,
    pub(super) access_token: String,
    /// What the access token secret decrypts to.
    pub(super) secret: Vec<u8>,
}

/// Everybody.
pub(super) fn people(world: &World) -> Vec<Person> {
    let person = |(login, paper, names)| person(world, login, paper, names);
    LOGINS.into_iter().map(person).collect()
}

impl Person {
    /// The place of an account of this person.
    pub(super) fn account(&self, world: &World, number: &str) -> Option<usize> {
        let mut accounts = self.accounts.iter().copied();
        accounts.find(|account| world.customers[*account].number == number)
    }

    /// The number by which the provider knows the username.
    pub(super) fn user_id(&self) -> usize {
        123_450_000 + self.accounts[0]
    }
}

fn person(world: &World, login: &'static str, paper: bool, names: &[&str]) -> Person {
    let places = world.customers.iter().enumerate();
    let accounts: Vec<usize> = places
        .filter(|(_, customer)| names.contains(&customer.profile.name))
        .map(|(place, _)| place)
        .collect();
    let first = &world.customers[accounts[0]];
    let mut consumer_key = format!("SIM{}", login.to_uppercase());
    consumer_key.extend(std::iter::repeat_n('X', CONSUMER_KEY_LENGTH));
    consumer_key.truncate(CONSUMER_KEY_LENGTH);
    Person {
        login,
        paper,
        consumer_key,
        access_token: first.id.simple().to_string()[..ACCESS_TOKEN_LENGTH].to_owned(),
        secret: first.secret.as_bytes().to_vec(),
        accounts,
    }
}
