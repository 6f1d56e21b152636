//! From a backup to a vault again: a new store is made beside, opened with what the person types, and only then put
//! in place; what was there is kept.

use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::super::commit::written;
use super::super::crypto::kdf::Typed;
use super::super::crypto::keys::Keys;
use super::super::crypto::wrap::{self, Stretched};
use super::super::error::VaultError;
use super::super::format::header::Header;
use super::super::format::slot::{Role, SlotFields};
use super::super::lock::InstanceLock;
use super::super::locked::{self, LockedVault};
use super::super::secret::Opener;
use super::super::slots::recovery::RecoveryCode;
use super::super::store::{self, Store};
use super::super::{STORE, STORE_IN_THE_MAKING, disk, moments};
use super::FILES;
use super::file::Export;

/// A vault made from a backup. Whether it may take the place of what this machine remembers is asked at its unlock;
/// see [`LockedVault::accept_older`].
pub struct Restored {
    /// It, locked.
    pub vault: LockedVault,
    /// Where the store that was there is kept now.
    pub replaced: Option<PathBuf>,
}

/// Makes the vault from backup `which`, whatever is left of the vault itself. `opener` is what opened a trader's slot
/// when the backup was made. Blocks for some seconds.
///
/// # Errors
/// [`VaultError::NoBackup`], [`VaultError::BackupDamaged`], [`VaultError::WrongPassphrase`],
/// [`VaultError::NeedsTrader`], [`VaultError::NoSpace`], [`VaultError::StoreFailed`], [`VaultError::Io`]: what was
/// there stays as it is.
pub fn restore<'a>(
    lock: InstanceLock,
    which: u8,
    opener: impl Into<Opener<'a>>,
) -> Result<Restored, VaultError> {
    let opener = opener.into();
    let typed = |slot: &SlotFields| match slot.role {
        Role::Viewer | Role::Trader => opener.typed(slot.key_file),
        Role::Recovery => None,
    };
    restore_with(lock, which, typed, VaultError::WrongPassphrase)
}

/// The same for who has only the recovery code; a new passphrase is then set by [`LockedVault::recover`].
///
/// # Errors
/// As [`restore()`], with [`VaultError::WrongCode`].
pub fn restore_by_code(
    lock: InstanceLock,
    which: u8,
    code: &RecoveryCode,
) -> Result<Restored, VaultError> {
    let typed = |slot: &SlotFields| (slot.role == Role::Recovery).then(|| code.typed());
    restore_with(lock, which, typed, VaultError::WrongCode)
}

fn restore_with<'a>(
    lock: InstanceLock,
    which: u8,
    typed: impl Fn(&SlotFields) -> Option<Typed<'a>>,
    wrong: VaultError,
) -> Result<Restored, VaultError> {
    let folder = lock.folder();
    let file = FILES.get(usize::from(which));
    let path = folder.join(file.ok_or(VaultError::NoBackup(which))?);
    if path.symlink_metadata().is_err() {
        return Err(VaultError::NoBackup(which));
    }
    let (export, bytes) = Export::read(&path)?;
    let header = export.header()?;
    let keys = open(&header, typed, wrong)?;
    keys.trade()?;
    export.verify(&bytes, &keys)?;
    let unfinished = folder.join(STORE_IN_THE_MAKING);
    disk::make_anew(&unfinished)?;
    {
        let mut store = Store::open(&unfinished, lock.housing())?;
        store.commit(export.rows.into_iter().map(written).collect())?;
    }
    {
        let store = Store::open(&unfinished, lock.housing())?;
        locked::read_manifest(&store, &header, &keys)?;
    }
    moments::pass("before the restored store is in place");
    let replaced = put_in_place(&unfinished, &folder.join(STORE))?;
    moments::pass("after the restored store is in place");
    let vault = LockedVault::open(lock)?;
    Ok(Restored { vault, replaced })
}

/// A viewer's keys only where no trader's are to be had.
fn open<'a>(
    header: &Header,
    typed: impl Fn(&SlotFields) -> Option<Typed<'a>>,
    wrong: VaultError,
) -> Result<Keys, VaultError> {
    let binding = header.binding();
    let mut why = wrong;
    for slot in &header.slots {
        let Some(typed) = typed(&slot.fields) else {
            continue;
        };
        match Stretched::new(&typed, &slot.fields, &binding) {
            Ok(stretched) => match wrap::unwrap(slot, &stretched, &binding) {
                Some(keys) if keys.may_trade() => return Ok(keys),
                Some(_) => why = VaultError::NeedsTrader,
                None => {}
            },
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// Changes places with what is there in one step, so that there is a vault at every moment; then gives that another
/// name.
fn put_in_place(made: &Path, place: &Path) -> Result<Option<PathBuf>, VaultError> {
    if place.symlink_metadata().is_err() {
        store::put_in_place(made, place)?;
        return Ok(None);
    }
    store::sync_new(made)?;
    let aside = free_name(place)?;
    match renameat_with(CWD, made, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => {
            disk::sync_folder_of(place)?;
            moments::pass("after the stores changed places");
            disk::rename(made, &aside)?;
        }
        // Some file systems cannot. What is aside, or the backup, brings it back after a crash in between.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            disk::rename(place, &aside)?;
            disk::rename(made, place)?;
        }
        Err(error) => return Err(VaultError::io("rename", made)(error.into())),
    }
    Ok(Some(aside))
}

/// After the third store set aside the newest is replaced: the first tells most.
fn free_name(place: &Path) -> Result<PathBuf, VaultError> {
    const MOST: u8 = 3;
    let numbered = |number: u8| {
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".replaced-{number}"));
        PathBuf::from(name)
    };
    let free = (1..=MOST)
        .map(numbered)
        .find(|name| name.symlink_metadata().is_err());
    match free {
        Some(free) => Ok(free),
        None => {
            let last = numbered(MOST);
            std::fs::remove_dir_all(&last).map_err(VaultError::io("remove", &last))?;
            Ok(last)
        }
    }
}
