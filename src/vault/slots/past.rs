//! Keys of earlier epochs, kept as records of the vault itself: what was sealed outside of it stays readable after a
//! rotation, and so does the anchor. They are sealed, listed and rotated like every other record.

use super::super::Vault;
use super::super::crypto::key::Key;
use super::super::crypto::keys::Keys;
use super::super::crypto::seal::{Binding, Lock, Purpose};
use super::super::crypto::suite::Suite;
use super::super::error::{Damage, VaultError};
use super::super::format::reader::{Malformed, Reader};
use super::super::format::record::{Domain, RecordName};
use super::super::secret::SecretBytes;

const LAYOUT: u8 = 1;
const KIND: &str = "past-keys";

/// The records that keep the keys of `binding`'s epoch: `layout u8 · suite u8 · keys`.
pub(super) fn records(
    keys: &Keys,
    binding: Binding,
) -> Result<[(RecordName, SecretBytes); 2], VaultError> {
    let ledger = keys.outside(Purpose::Ledger, binding)?.key;
    let journal = keys.outside(Purpose::Journal, binding)?.key;
    let anchor = keys.for_anchor(binding.epoch);
    let record = |domain, keys: &[&Key]| {
        let mut bytes = Vec::with_capacity(2 + keys.len() * Key::LENGTH);
        bytes.extend([LAYOUT, binding.suite.byte()]);
        keys.iter()
            .for_each(|key| bytes.extend_from_slice(key.bytes()));
        (name(domain, binding.epoch), SecretBytes::new(bytes))
    };
    Ok([
        record(Domain::View, &[&ledger, &anchor]),
        record(Domain::Trade, &[&journal]),
    ])
}

fn name(domain: Domain, epoch: u32) -> RecordName {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&epoch.to_be_bytes());
    RecordName::of_vault(domain, KIND, id)
}

fn epoch_of(name: &RecordName) -> u32 {
    let [.., a, b, c, d] = name.id();
    u32::from_be_bytes([a, b, c, d])
}

impl Vault {
    /// Keys for what is sealed outside, of every epoch before this one.
    pub(in crate::vault) fn past_locks(&self, purpose: Purpose) -> Result<Vec<Lock>, VaultError> {
        let domain = match purpose {
            Purpose::Journal => Domain::Trade,
            Purpose::Ledger => Domain::View,
        };
        let names = self.manifest.records.keys();
        let names = names.filter(|name| name.is_of_vault(KIND) && name.domain() == domain);
        let locks = names.map(|name| {
            let (suite, key, _) = self.past(name)?;
            let binding = Binding {
                epoch: epoch_of(name),
                suite,
                ..self.base.header.binding()
            };
            Ok(Lock { key, binding })
        });
        locks.collect()
    }

    /// The anchor's key in an epoch before this one.
    pub(in crate::vault) fn past_anchor_key(&self, epoch: u32) -> Result<Option<Key>, VaultError> {
        let name = name(Domain::View, epoch);
        match self.manifest.records.contains_key(&name) {
            true => self.past(&name).map(|(_, _, anchor)| anchor),
            false => Ok(None),
        }
    }

    fn past(&self, name: &RecordName) -> Result<(Suite, Key, Option<Key>), VaultError> {
        let secret = self.get(name)?;
        let read = secret.and_then(|secret| read(secret.expose()).ok());
        Ok(read.ok_or_else(|| Damage::RecordChanged(name.clone()))?)
    }
}

/// The suite, the first key, and the second where there is one.
fn read(bytes: &[u8]) -> Result<(Suite, Key, Option<Key>), Malformed> {
    let mut rest = Reader(bytes);
    if rest.u8()? != LAYOUT {
        return Err(Malformed);
    }
    let suite = Suite::from_byte(rest.u8()?).ok_or(Malformed)?;
    let first = Key::from_slice(rest.take(Key::LENGTH)?).ok_or(Malformed)?;
    let second = match rest.0 {
        [] => None,
        left => Some(Key::from_slice(left).ok_or(Malformed)?),
    };
    Ok((suite, first, second))
}
