//! Connections as they are sealed in the vault: a name, a provider, an environment and its secrets.

pub(super) mod key_files;

use crate::domain::{ConnectionId, Environment, LastKnown, ProviderId};
use crate::vault::{self, Domain, RecordName, Role, SecretBytes, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// First byte of a sealed connection; another one is another layout.
const LAYOUT: u8 = 1;

/// Name of the field that says which way was taken; no secret of a provider is called so.
const WAY: &str = "@way";

/// Kind of record that holds a connection.
const KIND: &str = "connection";

/// A connection with its secrets in the open, for as long as it takes to use them.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) connection: ConnectionId,
    pub(crate) provider: ProviderId,
    pub(crate) environment: Environment,
    /// Which of the provider's ways to sign in; none where it was kept when there was only one.
    pub(crate) way: Option<String>,
    /// Whose key it is sealed under: a credential that can trade is a trading one, even where it is only used to look.
    pub(crate) domain: Domain,
    pub(crate) secrets: BTreeMap<String, SecretString>,
}

/// The bytes under the seal. The provider and the environment are part of the record's place as well,
/// so a live key cannot be slipped into a paper connection.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    fields: Vec<(String, String)>,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        for (_, value) in &mut self.fields {
            value.zeroize();
        }
    }
}

/// Puts a connection into the vault; on the disk when it returns.
pub(crate) fn store(vault: &mut Vault, credentials: &Credentials) -> Result<(), VaultError> {
    let way = credentials.way.iter();
    let way = way.map(|way| (WAY.to_owned(), way.clone()));
    let secrets = credentials
        .secrets
        .iter()
        .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let fields = way.chain(secrets);
    let sealed = Sealed {
        name: credentials.connection.as_str().to_owned(),
        fields: fields.collect(),
    };
    let mut bytes = vec![LAYOUT];
    bytes = postcard::to_extend(&sealed, bytes).expect("text fields always serialise");
    let name = record_name(credentials)?;
    vault.put(&name, &SecretBytes::new(bytes))
}

/// Every connection in the vault that its opener may use, and how many records could not be read.
pub(crate) fn load(vault: &Vault) -> Result<(Vec<Credentials>, usize), VaultError> {
    let mut connections = Vec::new();
    let mut unreadable = 0;
    let is_for_us = |name: &&RecordName| name.kind() == KIND && is_for(vault, name);
    for name in vault.list().iter().filter(is_for_us) {
        let Some(secret) = vault.get(name)? else {
            continue;
        };
        match open(name, secret.expose()) {
            Some(credentials) => connections.push(credentials),
            None => unreadable += 1,
        }
    }
    connections.sort_by(|a, b| a.connection.cmp(&b.connection));
    Ok((connections, unreadable))
}

/// Removes a connection from the vault; whether there was one.
pub(crate) fn remove(vault: &mut Vault, connection: &ConnectionId) -> Result<bool, VaultError> {
    name_of(vault, connection).map_or(Ok(false), |name| vault.remove(&name))
}

/// Whether a connection is in the vault, whoever may read it.
pub(crate) fn has(vault: &Vault, connection: &ConnectionId) -> bool {
    name_of(vault, connection).is_some()
}

/// How many connections its opener may not use and knows nothing of.
pub(crate) fn unseen(vault: &Vault, known: &[LastKnown]) -> usize {
    let seen: Vec<[u8; 16]> = known.iter().map(|it| record_id(&it.connection)).collect();
    let names = vault.list();
    let is_unseen = |name: &&RecordName| {
        name.kind() == KIND && !is_for(vault, name) && !seen.contains(&name.id())
    };
    names.iter().filter(is_unseen).count()
}

fn name_of(vault: &Vault, connection: &ConnectionId) -> Option<RecordName> {
    let id = record_id(connection);
    let mut names = vault.list().into_iter();
    names.find(|name| name.kind() == KIND && name.id() == id)
}

fn is_for(vault: &Vault, name: &RecordName) -> bool {
    name.domain() == Domain::View || vault.role() != Role::Viewer
}

fn open(name: &RecordName, bytes: &[u8]) -> Option<Credentials> {
    let (&LAYOUT, bytes) = bytes.split_first()? else {
        return None;
    };
    let mut sealed: Sealed = postcard::from_bytes(bytes).ok()?;
    let mut fields = std::mem::take(&mut sealed.fields);
    let way = fields.iter().position(|(name, _)| name == WAY);
    let way = way.map(|index| fields.swap_remove(index).1);
    Some(Credentials {
        way,
        connection: ConnectionId::new(&sealed.name),
        provider: ProviderId::new(name.broker()),
        domain: name.domain(),
        environment: match name.environment() {
            vault::Environment::Paper => Environment::Paper,
            vault::Environment::Live => Environment::Live,
        },
        secrets: fields
            .into_iter()
            .map(|(field, value)| (field, SecretString::from(value)))
            .collect(),
    })
}

fn record_id(connection: &ConnectionId) -> [u8; 16] {
    let hash = blake3::hash(connection.as_str().as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_bytes()[..16]);
    id
}

/// The name of the record that holds a connection.
pub(crate) fn record_name(credentials: &Credentials) -> Result<RecordName, VaultError> {
    let environment = match credentials.environment {
        Environment::Paper => vault::Environment::Paper,
        Environment::Live => vault::Environment::Live,
    };
    RecordName::new(
        credentials.domain,
        credentials.provider.as_str(),
        environment,
        KIND,
        record_id(&credentials.connection),
    )
}

#[cfg(test)]
mod tests;
