//! A new vault: made beside its place, opened from the disk, and only then put there.

use std::path::{Path, PathBuf};

use super::anchor::Anchor;
use super::commit::written;
use super::crypto::kdf::KdfCost;
use super::crypto::key::fill_random;
use super::crypto::keys::Keys;
use super::crypto::suite::Suite;
use super::crypto::wrap::{self, Stretched};
use super::error::{Damage, VaultError};
use super::format::header::Header;
use super::format::manifest::Manifest;
use super::format::slot::{Role, SlotFields};
use super::lock::InstanceLock;
use super::locked::{self, LockedVault};
use super::secret::{KeyFile, Opener, Passphrase};
use super::slots::recovery::{self, RecoveryCode};
use super::store::{self, Housing, Store};
use super::{HEADERS, STORE, STORE_IN_THE_MAKING, Vault, backup, disk, exists, moments};

/// How a new vault is to be. From a cost alone: without a recovery code, a key file or an anchor, as for a demo.
pub struct NewVault {
    /// What a guess is to cost.
    pub cost: KdfCost,
    /// How it is encrypted.
    pub suite: Suite,
    /// A file that is asked for beside the passphrase.
    pub key_file: Option<KeyFile>,
    /// Whether there is to be a recovery code; see [`Vault::take_recovery_code`].
    pub recovery: bool,
    /// The folder in which this machine remembers how far the vault had come.
    pub anchor: Option<PathBuf>,
}

impl From<KdfCost> for NewVault {
    fn from(cost: KdfCost) -> Self {
        Self {
            cost,
            suite: Suite::default(),
            key_file: None,
            recovery: false,
            anchor: None,
        }
    }
}

impl Vault {
    /// Makes a new vault; blocks for about a second.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`], [`VaultError::BackupsExist`], [`VaultError::NotEnoughMemory`],
    /// [`VaultError::NoSpace`], [`VaultError::StoreFailed`], [`VaultError::Io`]: there is no vault then.
    pub fn create(
        lock: InstanceLock,
        passphrase: &Passphrase,
        new: impl Into<NewVault>,
    ) -> Result<Self, VaultError> {
        let new = new.into();
        refuse_what_is_there(lock.folder())?;
        let keys = Keys::random()?;
        let code = new.recovery.then(RecoveryCode::random).transpose()?;
        let (header, stretched) = first_header(&keys, passphrase, &new, code.as_ref())?;
        let unfinished = lock.folder().join(STORE_IN_THE_MAKING);
        write_new(&unfinished, lock.housing(), &header, &keys)?;
        let keys = keys_as_written(&unfinished, lock.housing(), &stretched)?;
        let anchor = new.anchor.map(Anchor::in_folder);
        if let Some(anchor) = &anchor {
            // What it remembers is a vault that is gone.
            anchor.forget()?;
        }
        moments::pass("before the new vault is in place");
        store::put_in_place(&unfinished, &lock.folder().join(STORE))?;
        moments::pass("after the new vault is in place");
        let mut locked = LockedVault::open(lock)?;
        locked.anchor = anchor;
        let opened = locked.open_with(FIRST_SLOT, keys);
        let mut vault = opened.map_err(|refused| refused.error)?;
        vault.recovery = code;
        Ok(vault)
    }
}

const FIRST_SLOT: u8 = 1;

/// Backups without a vault mean that one was lost: a new one would in time replace them.
fn refuse_what_is_there(folder: &Path) -> Result<(), VaultError> {
    if exists(folder) {
        return Err(VaultError::AlreadyExists(folder.to_path_buf()));
    }
    match backup::any(folder) {
        true => Err(VaultError::BackupsExist(folder.to_path_buf())),
        false => Ok(()),
    }
}

fn first_header(
    keys: &Keys,
    passphrase: &Passphrase,
    new: &NewVault,
    code: Option<&RecoveryCode>,
) -> Result<(Header, Stretched), VaultError> {
    let mut header = Header {
        vault_id: [0; 16],
        suite: new.suite,
        epoch: 1,
        generation: 1,
        slots: Vec::new(),
        mac_view: [0; 32],
        mac_trade: [0; 32],
    };
    fill_random(&mut header.vault_id)?;
    let fields = SlotFields {
        id: FIRST_SLOT,
        role: Role::Trader,
        key_file: new.key_file.is_some(),
        label: String::new(),
        cost: new.cost,
        salt: [0; 16],
        commit: [0; 32],
    };
    let opener = Opener {
        passphrase,
        key_file: new.key_file.as_ref(),
    };
    let typed = opener.typed(fields.key_file).expect("as it is given");
    let (slot, stretched) = wrap::wrap(keys, fields, &typed, &header.binding())?;
    header.slots.push(slot);
    if let Some(code) = code {
        recovery::add_to(&mut header, keys, code, new.cost)?;
    }
    keys.authenticate(&mut header)?;
    Ok((header, stretched))
}

fn write_new(
    folder: &Path,
    housing: Housing,
    header: &Header,
    keys: &Keys,
) -> Result<(), VaultError> {
    disk::make_anew(folder)?;
    let manifest = Manifest::new(header.generation).seal(keys, &header.binding())?;
    let headers = HEADERS.map(|copy| (copy.to_vec(), header.to_bytes()));
    let rows = headers.into_iter().chain(manifest);
    let mut store = Store::open(folder, housing)?;
    store.commit(rows.map(written).collect())
}

/// Opens a new store from the disk, with the keys that its own slot gives: only what opens is put in place.
fn keys_as_written(
    folder: &Path,
    housing: Housing,
    stretched: &Stretched,
) -> Result<Keys, VaultError> {
    let store = Store::open(folder, housing)?;
    let (header, _) = locked::read_header(&store)?;
    let slot = header.slots.first().ok_or(Damage::Headers)?;
    let keys = wrap::unwrap(slot, stretched, &header.binding()).ok_or(Damage::HeaderSeal)?;
    locked::read_manifest(&store, &header, &keys)?;
    Ok(keys)
}
