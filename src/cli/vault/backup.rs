//! Backups, and the vault made from one.

use super::super::Run;
use super::super::args::{Opening, RecoverArguments, RestoreArguments};
use super::super::exit::{Exit, Failure};
use super::confirm::confirm;
use super::init::settle;
use super::opening;
use super::tell::{self, Slot};
use super::writes;
use crate::start;
use crate::vault::{self, BackupInfo, Refused, Restored, Vault, VaultError};
use serde::Serialize;
use std::path::Path;

/// A backup, as it says it is.
#[derive(Debug, Serialize)]
struct Backup {
    which: u8,
    path: String,
    made: String,
    generation: u64,
    epoch: u32,
    records: usize,
}

impl Backup {
    fn of(backup: BackupInfo) -> Result<Self, VaultError> {
        let facts = backup.found?;
        Ok(Self {
            which: backup.which,
            path: backup.path.display().to_string(),
            made: tell::moment(facts.made).to_rfc3339_millis(),
            generation: facts.generation,
            epoch: facts.epoch,
            records: facts.records,
        })
    }

    fn words(&self) -> String {
        let Self {
            which,
            made,
            generation,
            ..
        } = self;
        format!("backup {which}, made {made} at generation {generation}")
    }
}

/// Makes a backup.
///
/// # Errors
/// The vault does not open, or the disk says no.
pub(super) fn backup(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    writes(&run)?;
    let (vault, _) = opening::open(&mut run, opening)?;
    vault.back_up(tell::seconds(run.clock))?;
    let made = vault::backups(vault.folder())
        .into_iter()
        .filter_map(|backup| Backup::of(backup).ok())
        .find(|backup| backup.generation == vault.generation());
    let made = made.ok_or_else(|| Failure::new(Exit::Failed, "the backup is gone again"))?;
    let text = format!("{}: {}\n", made.words(), made.path);
    tell::one(run, made, &text)
}

#[derive(Debug, Serialize)]
struct Back {
    backup: Backup,
    slot: Slot,
    /// Where the store that was there is kept now.
    replaced: Option<String>,
}

/// Makes the vault from a backup.
///
/// # Errors
/// There is none, it does not open, or this machine remembers a newer vault: it is in place then all the same.
pub(super) fn restore(
    mut run: Run<'_>,
    opening: &Opening,
    wanted: &RestoreArguments,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let lock = start::take_lock(&run.setup)?;
    let backup = choose(lock.folder(), wanted.which)?;
    let kept = match vault::exists(lock.folder()) {
        true => "; the vault that is there is set aside",
        false => "",
    };
    let what = format!("the vault becomes {}{kept}", backup.words());
    confirm(&mut run, opening.yes, &what)?;
    let (restored, vault) = match wanted.by_code() {
        true => by_code(&mut run, opening, &wanted.recover, (lock, backup.which))?,
        false => {
            let key = opening::current_key(&mut run, opening, "Passphrase")?;
            let restored = vault::restore(lock, backup.which, key.opener())?;
            let (locked, replaced) = anchored(restored, &run);
            (replaced, opening::unlock(locked, &key, opening))
        }
    };
    let vault = vault.map_err(in_place)?;
    settle(&vault, &run);
    let aside = match &restored {
        Some(replaced) => format!("; what was there is kept in {replaced}"),
        None => String::new(),
    };
    let text = format!("restored {}{aside}\n", backup.words());
    let back = Back {
        backup,
        slot: Slot::own(&vault),
        replaced: restored,
    };
    tell::one(run, back, &text)
}

type Opened = (Option<String>, Result<Vault, Refused>);

fn by_code(
    run: &mut Run<'_>,
    opening: &Opening,
    wanted: &RecoverArguments,
    (lock, which): (vault::InstanceLock, u8),
) -> Result<Opened, Failure> {
    let code = opening::code(run)?;
    let new = opening::new_key(run, &wanted.new)?;
    let cost = opening::cost(run.clock, opening)?;
    let restored = vault::restore_by_code(lock, which, &code)?;
    let (locked, replaced) = anchored(restored, run);
    let opened = opening::recover(locked, &code, &new, cost, opening);
    Ok((replaced, opened))
}

fn anchored(restored: Restored, run: &Run<'_>) -> (vault::LockedVault, Option<String>) {
    let replaced = restored.replaced.map(|it| it.display().to_string());
    (restored.vault.anchored_in(&run.setup.paths.state), replaced)
}

/// It was restored before it was refused.
fn in_place(refused: Refused) -> Failure {
    let failure = Failure::from(refused.error);
    Failure::new(
        failure.exit,
        format!("the backup is in place, but {failure}"),
    )
}

/// The backup that is meant: the newest sound one where none is named.
fn choose(folder: &Path, which: Option<u8>) -> Result<Backup, VaultError> {
    let mut backups = vault::backups(folder).into_iter();
    let chosen = match which {
        Some(which) => backups.find(|backup| backup.which == which),
        None => backups.next(),
    };
    let missing = VaultError::NoBackup(which.unwrap_or(0));
    chosen.ok_or(missing).and_then(Backup::of)
}
