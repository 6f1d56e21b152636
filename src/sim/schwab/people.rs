//! Who signs in, with which program, and whose accounts are whose.

use crate::sim::world::Customer;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who owns the accounts of the cast, by the accounts' names.
const OWNERS: [(&str, &str); 4] = [
    ("margin", "ada"),
    ("ira", "ada"),
    ("small", "ben"),
    ("joint", "cora"),
];

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) login: &'static str,
    /// The program that may ask for this login: its name and its secret.
    pub(super) client: (String, String),
    /// Places of the accounts among all customers.
    pub(super) accounts: Vec<usize>,
    /// The name the streamer knows the person by.
    pub(super) streamer_id: String,
    /// What the streamer's replies are marked with.
    pub(super) correlation: Uuid,
    /// A refresh token that is granted before the first request.
    pub(super) refresh_token: String,
}

/// Everybody who owns an account.
pub(super) fn people(customers: &[Customer]) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for (index, customer) in customers.iter().enumerate() {
        let name = customer.profile.name;
        let owner = OWNERS.iter().find(|(account, _)| *account == name);
        let login = owner.map_or(name, |(_, login)| *login);
        match people.iter_mut().find(|person| person.login == login) {
            Some(person) => person.accounts.push(index),
            None => people.push(Person {
                login,
                client: (
                    digest(&["app", &customer.key])[..32].to_owned(),
                    digest(&["secret", &customer.secret])[..16].to_owned(),
                ),
                accounts: vec![index],
                streamer_id: digest(&["streamer", login, &customer.secret]),
                correlation: customer.id,
                refresh_token: String::new(),
            }),
        }
    }
    people
}

impl Person {
    /// What stands for an account's number in paths; another one for every program.
    pub(super) fn hash_of(&self, customer: &Customer) -> String {
        digest(&[&self.client.0, &customer.number])
    }
}

/// Sixty-four hexadecimal digits, in capitals as the provider writes them.
fn digest(parts: &[&str]) -> String {
    let bytes = Sha256::digest(parts.join("|"));
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
