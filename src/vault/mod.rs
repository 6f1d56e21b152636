//! Everything secret, sealed at rest: what brokers gave us to sign in with, and the keys that the journal and the
//! ledger are sealed under. It knows nothing of trading, networks or screens, so that it can be reviewed alone.
//! Opening takes an [`InstanceLock`], then a passphrase; it blocks for about a second, so call it off the drawing
//! thread. A new kind of secret needs nothing here: it is another [`RecordName`]. `crypto/` knows ciphers and no disk,
//! `format/` knows bytes and keeps none, `store/` is what sled needs to be fit for this; `slots/` is who may open it,
//! and `commit.rs` the one way in which it changes.
//!
#![doc = include_str!("format.md")]

mod anchor;
mod backup;
mod check;
mod commit;
mod create;
mod crypto;
mod disk;
mod error;
mod format;
mod lock;
mod locked;
mod memory;
mod moments;
mod secret;
mod slots;
mod store;

use std::path::Path;

pub use backup::{BackupFacts, BackupInfo, Restored, backups, restore, restore_by_code};
pub use check::{CheckReport, Finding, Part};
pub use create::NewVault;
pub use crypto::calibrate::FreeMemory;
pub use crypto::kdf::KdfCost;
pub use crypto::seal::{NotAuthentic, Purpose, Sealer};
pub use crypto::suite::Suite;
pub use disk::{check_private, check_space};
pub use error::{Damage, VaultError};
pub use format::record::{Domain, Environment, LARGEST_SECRET, RecordName};
pub use format::slot::Role;
pub use lock::{Holder, InstanceLock, Keeper, while_busy};
pub use locked::{LockedVault, Refused};
pub use memory::{KeyMemory, key_memory};
pub use secret::{KeyFile, Opener, Passphrase, SecretBytes};
pub use slots::recovery::RecoveryCode;
pub use slots::rotate::{Compromised, Rotated};
pub use slots::{NewSlot, SlotInfo};
pub use store::apart::serve as serve_store;

use crypto::keys::Keys;
use format::manifest::{Entry, Manifest};
use format::record;

const STORE: &str = "vault.sled";
const STORE_IN_THE_MAKING: &str = "vault.sled.new";
const HEADERS: [&[u8]; 2] = [b"hdr/A", b"hdr/B"];

/// Whether there is a vault in the folder.
#[must_use]
pub fn exists(folder: &Path) -> bool {
    store::is_there(&folder.join(STORE))
}

/// An open vault.
pub struct Vault {
    keys: Keys,
    manifest: Manifest,
    /// Of the manifest as it is stored.
    digest: [u8; 32],
    /// The slot that opened it.
    slot: u8,
    /// Of a vault just made, until it is taken.
    recovery: Option<RecoveryCode>,
    unanchored: Option<String>,
    base: LockedVault,
}

impl Vault {
    /// Keeps a secret, in place of what was there under that name. On the disk when it returns.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::TooLarge`], [`VaultError::TooMany`], [`VaultError::NoSpace`]:
    /// nothing changed. [`VaultError::NotAnchored`]: it is kept, and this machine does not remember it.
    /// [`VaultError::StoreFailed`]: the vault is to be opened anew.
    pub fn put(&mut self, name: &RecordName, secret: &SecretBytes) -> Result<(), VaultError> {
        let mut next = self.manifest.next();
        let header = self.base.header.clone();
        let value = record::seal(&self.keys, &header.binding(), name, next.generation, secret)?;
        next.insert(name.clone(), Entry::of(&value))?;
        let place = name.place(&self.keys, header.epoch);
        self.commit(next, &header, vec![(place, Some(value))])?;
        match self.get(name)? {
            Some(kept) if kept.same_as(secret) => Ok(()),
            Some(_) | None => Err(self.base.store.fail("a secret did not read back")),
        }
    }

    /// The secret under that name, if there is one.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`] where a viewer asks for what is kept for trading; [`VaultError::Damaged`],
    /// [`VaultError::StoreFailed`].
    pub fn get(&self, name: &RecordName) -> Result<Option<SecretBytes>, VaultError> {
        self.check_domain(name)?;
        let Some(entry) = self.manifest.records.get(name) else {
            return Ok(None);
        };
        let binding = self.base.header.binding();
        let stored = self
            .base
            .store
            .get(&name.place(&self.keys, binding.epoch))?;
        let value = stored.ok_or_else(|| Damage::RecordMissing(name.clone()))?;
        let secret = record::open(&self.keys, &binding, name, entry.version, &value);
        Ok(Some(
            secret.map_err(|_| Damage::RecordChanged(name.clone()))?,
        ))
    }

    /// Removes a record, on the disk when it returns; whether there was one.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub fn remove(&mut self, name: &RecordName) -> Result<bool, VaultError> {
        self.check_domain(name)?;
        let mut next = self.manifest.next();
        if next.records.remove(name).is_none() {
            return Ok(false);
        }
        let header = self.base.header.clone();
        let place = name.place(&self.keys, header.epoch);
        self.commit(next, &header, vec![(place.clone(), None)])?;
        match self.base.store.get(&place)? {
            None => Ok(true),
            Some(_) => Err(self.base.store.fail("a removed secret is still there")),
        }
    }

    /// The names of all records, in order; those that are sealed for traders are there for viewers, too.
    #[must_use]
    pub fn list(&self) -> Vec<RecordName> {
        let names = self.manifest.records.keys();
        names.filter(|name| !name.is_internal()).cloned().collect()
    }

    /// A key of its own for what is kept outside the vault, and those that came before it.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`] where a viewer asks for the journal's; [`VaultError::Damaged`],
    /// [`VaultError::StoreFailed`].
    pub fn sealer(&self, purpose: Purpose) -> Result<Sealer, VaultError> {
        let current = self.keys.outside(purpose, self.base.header.binding())?;
        Ok(Sealer::new(current, self.past_locks(purpose)?))
    }

    /// Drops the keys. What was handed out, secrets and sealers, is for its holders to drop.
    #[must_use]
    pub fn lock(self) -> LockedVault {
        LockedVault {
            wrong_guesses: 0,
            ..self.base
        }
    }

    /// The folder it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.base.folder()
    }

    /// How often the vault was changed.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// How often all its keys were changed, and one.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.base.header.epoch
    }

    /// How it is encrypted.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.base.header.suite
    }

    /// How many guesses failed before this one opened it.
    #[must_use]
    pub fn wrong_guesses(&self) -> u32 {
        self.base.wrong_guesses
    }

    fn check_domain(&self, name: &RecordName) -> Result<(), VaultError> {
        match name.domain() {
            Domain::View => Ok(()),
            Domain::Trade => self.keys.trade().map(|_| ()),
        }
    }
}

#[cfg(test)]
mod frozen_tests;
#[cfg(test)]
mod tests;
