//! Everything secret, sealed at rest: what brokers gave us to sign in with, and the keys that the journal and the
//! ledger are sealed under. It knows nothing of trading, networks or screens, so that it can be reviewed alone.
//! Opening takes an [`InstanceLock`], then a passphrase; it blocks for about a second, so call it off the drawing
//! thread. A new kind of secret needs nothing here: it is another [`RecordName`]. Bytes on disk are described in
//! `format.rs` (header), `record.rs` and `manifest.rs`; what cannot be told from the names is in `store/`.
//!
//! Protects against a stolen disk or copy, other users of the host, records swapped, removed or put back, a crash, a
//! full disk, a flipped bit. Does not protect against root or the same user while it is unlocked, nor, yet, against
//! the whole folder put back as it once was.

mod disk;
mod error;
mod format;
mod kdf;
mod keys;
mod lock;
mod locked;
mod manifest;
mod record;
mod seal;
mod secret;
mod store;

use std::path::Path;

pub use disk::{check_private, check_space};
pub use error::{Damage, VaultError};
pub use kdf::KdfCost;
pub use lock::{Holder, InstanceLock, Keeper, while_busy};
pub use locked::{LockedVault, Refused};
pub use record::{Domain, Environment, LARGEST_SECRET, RecordName};
pub use seal::{NotAuthentic, Purpose, Sealer};
pub use secret::{Passphrase, SecretBytes};
pub use store::Repair;
pub use store::apart::serve as serve_store;

use format::Header;
use keys::{Keys, Stretched};
use manifest::{Entry, Manifest};
use store::{Change, Housing, Row, Store};

const STORE: &str = "vault.sled";
const STORE_IN_THE_MAKING: &str = "vault.sled.new";
const HEADERS: [&[u8]; 2] = [b"hdr/A", b"hdr/B"];

/// Whether there is a vault in the folder.
#[must_use]
pub fn exists(folder: &Path) -> bool {
    folder.join(STORE).symlink_metadata().is_ok()
}

/// An open vault.
pub struct Vault {
    keys: Keys,
    manifest: Manifest,
    base: LockedVault,
}

impl Vault {
    /// Makes a new vault; blocks for about a second.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`], [`VaultError::NotEnoughMemory`], [`VaultError::NoSpace`],
    /// [`VaultError::StoreFailed`], [`VaultError::Io`]: there is no vault then.
    pub fn create(
        lock: InstanceLock,
        passphrase: &Passphrase,
        cost: KdfCost,
    ) -> Result<Self, VaultError> {
        if exists(lock.folder()) {
            return Err(VaultError::AlreadyExists(lock.folder().to_path_buf()));
        }
        let keys = Keys::random()?;
        let mut header = Header {
            vault_id: [0; 16],
            epoch: 1,
            generation: 1,
            slots: Vec::new(),
            mac_view: [0; 32],
            mac_trade: [0; 32],
        };
        seal::fill_random(&mut header.vault_id)?;
        let (slot, stretched) = keys::first_slot(&keys, passphrase, cost, &header.binding())?;
        header.slots.push(slot);
        keys.authenticate(&mut header);
        let unfinished = lock.folder().join(STORE_IN_THE_MAKING);
        write_new(&unfinished, lock.housing(), &header, &keys)?;
        let keys = keys_as_written(&unfinished, lock.housing(), &stretched)?;
        store::put_in_place(&unfinished, &lock.folder().join(STORE))?;
        let opened = LockedVault::open(lock)?.open_with(keys);
        opened.map_err(|refused| refused.error)
    }

    /// Keeps a secret, in place of what was there under that name. On the disk when it returns.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`], [`VaultError::TooMany`], [`VaultError::NoSpace`]: nothing changed.
    /// [`VaultError::StoreFailed`]: the vault is to be opened anew.
    pub fn put(&mut self, name: &RecordName, secret: &SecretBytes) -> Result<(), VaultError> {
        let mut next = self.manifest.next();
        let binding = self.base.header.binding();
        let value = record::seal(&self.keys, &binding, name, next.generation, secret)?;
        next.insert(name.clone(), Entry::of(&value))?;
        let place = name.place(&self.keys, binding.epoch);
        self.commit(next, (place, Some(value)))?;
        match self.get(name)? {
            Some(kept) if kept.same_as(secret) => Ok(()),
            Some(_) | None => Err(self.base.store.fail("a secret did not read back")),
        }
    }

    /// The secret under that name, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Damaged`], [`VaultError::StoreFailed`].
    pub fn get(&self, name: &RecordName) -> Result<Option<SecretBytes>, VaultError> {
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
        let mut next = self.manifest.next();
        if next.records.remove(name).is_none() {
            return Ok(false);
        }
        let place = name.place(&self.keys, self.base.header.epoch);
        self.commit(next, (place.clone(), None))?;
        match self.base.store.get(&place)? {
            None => Ok(true),
            Some(_) => Err(self.base.store.fail("a removed secret is still there")),
        }
    }

    /// The names of all records, in order.
    #[must_use]
    pub fn list(&self) -> Vec<RecordName> {
        self.manifest.records.keys().cloned().collect()
    }

    /// A key of its own for what is kept outside the vault.
    #[must_use]
    pub fn sealer(&self, purpose: Purpose) -> Sealer {
        self.keys.sealer(purpose, self.base.header.binding())
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

    /// How many guesses failed before this one opened it.
    #[must_use]
    pub fn wrong_guesses(&self) -> u32 {
        self.base.wrong_guesses
    }

    /// See [`LockedVault::repair`].
    #[must_use]
    pub fn repair(&self) -> Option<&Repair> {
        self.base.repair()
    }

    /// One batch: the record, the manifest, and the copies of the header that were found broken.
    fn commit(&mut self, next: Manifest, record: Change) -> Result<(), VaultError> {
        let base = &mut self.base;
        let binding = base.header.binding();
        let mut changes = vec![record];
        let parts = next.seal(&self.keys, &binding)?;
        changes.extend(parts.into_iter().map(written));
        let superfluous = next.parts()..self.manifest.parts();
        changes.extend(superfluous.map(|index| (manifest::part_key(index), None)));
        let header = base.header.to_bytes();
        changes.extend(
            base.lost_headers
                .iter()
                .map(|copy| written((copy.to_vec(), header.clone()))),
        );
        base.store.commit(changes)?;
        base.lost_headers.clear();
        let mut kept = Vec::new();
        for key in (0..next.parts()).map(manifest::part_key) {
            let value = base.store.get(&key)?;
            kept.extend(value.map(|value| (key, value)));
        }
        let kept: Vec<&Row> = kept.iter().collect();
        if Manifest::open(&self.keys, &binding, &kept).as_ref() != Ok(&next) {
            return Err(base.store.fail("the list of records did not read back"));
        }
        self.manifest = next;
        Ok(())
    }
}

fn written((key, value): Row) -> Change {
    (key, Some(value))
}

fn write_new(
    folder: &Path,
    housing: Housing,
    header: &Header,
    keys: &Keys,
) -> Result<(), VaultError> {
    if folder.symlink_metadata().is_ok() {
        disk::check_private(folder)?;
        std::fs::remove_dir_all(folder).map_err(VaultError::io("remove", folder))?;
    }
    disk::make_folder(folder)?;
    let manifest = Manifest::new(header.generation).seal(keys, &header.binding())?;
    let headers = HEADERS.map(|copy| (copy.to_vec(), header.to_bytes()));
    let rows = headers.into_iter().chain(manifest);
    let (mut store, _) = Store::open(folder, housing)?;
    store.commit(rows.map(written).collect())
}

/// Opens a new store from the disk, with the keys that its own slot gives: only what opens is put in place.
fn keys_as_written(
    folder: &Path,
    housing: Housing,
    stretched: &Stretched,
) -> Result<Keys, VaultError> {
    let (store, _) = Store::open(folder, housing)?;
    let (header, _) = locked::read_header(&store)?;
    let slot = header.slots.first().ok_or(Damage::Headers)?;
    let keys = keys::unwrap(slot, stretched, &header.binding()).ok_or(Damage::HeaderSeal)?;
    locked::read_manifest(&store, &header, &keys)?;
    Ok(keys)
}
