//! Connections as they are sealed in the vault: a name, a provider, an environment and its secrets.

use crate::domain::{ConnectionId, Environment, ProviderId};
use crate::vault::{self, Domain, RecordName, Role, SecretBytes, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// First byte of a sealed connection; another one is another layout.
const LAYOUT: u8 = 1;

/// Kind of record that holds a connection.
const KIND: &str = "connection";

/// A connection with its secrets in the open, for as long as it takes to use them.
pub(crate) struct Credentials {
    pub(crate) connection: ConnectionId,
    pub(crate) provider: ProviderId,
    pub(crate) environment: Environment,
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
    let fields = credentials
        .secrets
        .iter()
        .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let sealed = Sealed {
        name: credentials.connection.as_str().to_owned(),
        fields: fields.collect(),
    };
    let mut bytes = vec![LAYOUT];
    bytes = postcard::to_extend(&sealed, bytes).expect("text fields always serialise");
    vault.put(&name_of(credentials)?, &SecretBytes::new(bytes))
}

/// The name of the record that holds a connection.
pub(crate) fn name_of(credentials: &Credentials) -> Result<RecordName, VaultError> {
    record_name(
        &credentials.connection,
        &credentials.provider,
        credentials.environment,
    )
}

/// Every connection in the vault that its opener may use, and how many records could not be read.
pub(crate) fn load(vault: &Vault) -> Result<(Vec<Credentials>, usize), VaultError> {
    let mut connections = Vec::new();
    let mut unreadable = 0;
    let is_for_us = |name: &&RecordName| {
        name.kind() == KIND && (name.domain() == Domain::View || vault.role() != Role::Viewer)
    };
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
    let id = record_id(connection);
    let name = vault
        .list()
        .into_iter()
        .find(|name| name.kind() == KIND && name.id() == id);
    name.map_or(Ok(false), |name| vault.remove(&name))
}

fn open(name: &RecordName, bytes: &[u8]) -> Option<Credentials> {
    let (&LAYOUT, bytes) = bytes.split_first()? else {
        return None;
    };
    let mut sealed: Sealed = postcard::from_bytes(bytes).ok()?;
    let fields = std::mem::take(&mut sealed.fields);
    Some(Credentials {
        connection: ConnectionId::new(&sealed.name),
        provider: ProviderId::new(name.broker()),
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

/// A key that can trade is a trading credential, even where it is only used to look.
fn record_name(
    connection: &ConnectionId,
    provider: &ProviderId,
    environment: Environment,
) -> Result<RecordName, VaultError> {
    let environment = match environment {
        Environment::Paper => vault::Environment::Paper,
        Environment::Live => vault::Environment::Live,
    };
    RecordName::new(
        Domain::Trade,
        provider.as_str(),
        environment,
        KIND,
        record_id(connection),
    )
}
