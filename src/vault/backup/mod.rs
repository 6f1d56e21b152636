//! Two backups beside the vault, each one file, each whole: for the day the store is damaged. A new one is opened and
//! read through before it takes the place of the older of the two, in one step, so that there is always a sound one.
//! They open with what opened the vault when they were made.

mod file;
mod restore;

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Damage, VaultError};
use super::{Vault, disk, moments};
pub use file::BackupFacts;
use file::Export;
pub use restore::{Restored, restore, restore_by_code};

const FILES: [&str; 2] = ["vault.bak.0", "vault.bak.1"];
const UNFINISHED: &str = "vault.bak.tmp";
const DAY: u64 = 24 * 60 * 60;

/// A backup that lies beside the vault.
#[derive(Debug)]
pub struct BackupInfo {
    /// Its number, for [`restore()`].
    pub which: u8,
    /// Where it is.
    pub path: PathBuf,
    /// What it is, or what is wrong with it. No key is needed to tell, so somebody may have made it up.
    pub found: Result<BackupFacts, VaultError>,
}

/// The backups in the folder, the newest first.
#[must_use]
pub fn backups(folder: &Path) -> Vec<BackupInfo> {
    let mut backups: Vec<BackupInfo> = (0_u8..)
        .zip(FILES)
        .map(|(which, name)| (which, folder.join(name)))
        .filter(|(_, path)| path.symlink_metadata().is_ok())
        .map(|(which, path)| {
            let found = Export::read(&path).map(|(export, _)| export.facts);
            BackupInfo { which, path, found }
        })
        .collect();
    backups.sort_by_key(|backup| std::cmp::Reverse(age_of(&backup.found)));
    backups
}

/// Whether there are any, sound or not.
pub(super) fn any(folder: &Path) -> bool {
    FILES
        .iter()
        .any(|name| folder.join(name).symlink_metadata().is_ok())
}

/// What is not sound is older than everything.
fn age_of(found: &Result<BackupFacts, VaultError>) -> Option<(u64, u64)> {
    let facts = found.as_ref().ok()?;
    Some((facts.made, facts.generation))
}

impl Vault {
    /// Makes a backup in place of the older of the two. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`VaultError::NoSpace`], [`VaultError::Io`], [`VaultError::BackupDamaged`] when it does not read back: the two
    /// that are there stay as they are.
    pub fn back_up(&self, now: u64) -> Result<(), VaultError> {
        let folder = self.folder();
        let header = &self.base.header;
        let export = Export::new(header, self.generation(), now, self.base.store.rows()?);
        let bytes = export.to_bytes(&self.keys.for_backup(header.epoch));
        disk::check_space(folder, bytes.len() as u64)?;
        let unfinished = folder.join(UNFINISHED);
        disk::write_new_file(&unfinished, &bytes)?;
        moments::pass("after the backup is written");
        let (written, bytes) = Export::read(&unfinished)?;
        written.verify(&bytes, &self.keys)?;
        if written.facts != export.facts {
            return Err(VaultError::BackupDamaged(Damage::File));
        }
        disk::rename(&unfinished, &folder.join(to_replace(folder)))?;
        moments::pass("after the backup is in place");
        Ok(())
    }

    /// Makes a backup where one is due: after each change of who may open the vault or of its keys, and a day after
    /// the last one when records have changed. To be called after an unlock, after changes, and now and then; whether
    /// one was made.
    ///
    /// # Errors
    /// As [`Vault::back_up`].
    pub fn back_up_if_due(&self, now: u64) -> Result<bool, VaultError> {
        let found = backups(self.folder()).into_iter();
        let found: Vec<BackupFacts> = found.filter_map(|it| it.found.ok()).collect();
        let is_due = is_due(&found, &self.facts(), now);
        if is_due {
            self.back_up(now)?;
        }
        Ok(is_due)
    }

    /// What a backup made now would be, but for its time.
    fn facts(&self) -> BackupFacts {
        let header = &self.base.header;
        BackupFacts {
            made: 0,
            generation: self.generation(),
            epoch: header.epoch,
            records: self.manifest.records.len(),
            header_generation: header.generation,
            vault_id: header.vault_id,
        }
    }

    /// Makes a backup and removes every other one.
    pub(super) fn replace_backups(&self, now: u64) -> Result<(), VaultError> {
        let folder = self.folder();
        let other = match to_replace(folder) == FILES[0] {
            true => FILES[1],
            false => FILES[0],
        };
        self.back_up(now)?;
        let other = folder.join(other);
        if other.symlink_metadata().is_ok() {
            fs::remove_file(&other).map_err(VaultError::io("remove", &other))?;
            disk::sync_folder_of(&other)?;
        }
        Ok(())
    }

    /// What is wrong with each backup, by its number; `Ok` where it is whole and opens.
    pub(super) fn check_backups(&self) -> Vec<(u8, Result<BackupFacts, VaultError>)> {
        let backups = backups(self.folder()).into_iter();
        let checked = backups.map(|backup| {
            let verified = backup.found.and_then(|facts| {
                // One made before a rotation has keys of its own.
                if facts.epoch == self.epoch() {
                    let (export, bytes) = Export::read(&backup.path)?;
                    export.verify(&bytes, &self.keys)?;
                }
                Ok(facts)
            });
            (backup.which, verified)
        });
        checked.collect()
    }
}

/// The name of the one that is missing, broken or older.
fn to_replace(folder: &Path) -> &'static str {
    let newest = backups(folder).into_iter().find(|it| it.found.is_ok());
    match newest {
        Some(newest) if newest.which == 0 => FILES[1],
        Some(_) | None => FILES[0],
    }
}

fn is_due(found: &[BackupFacts], vault: &BackupFacts, now: u64) -> bool {
    // A time that is yet to come was written by a clock that was wrong.
    let is_recent = |made: u64| now.checked_sub(made).is_some_and(|age| age < DAY);
    !found.iter().any(|backup| {
        backup.vault_id == vault.vault_id
            && backup.header_generation == vault.header_generation
            && (backup.generation == vault.generation || is_recent(backup.made))
    })
}

#[cfg(test)]
mod tests;
