//! The vault: made, opened, changed, backed up, looked through; and locked, where a cockpit has it open.
//!
//! A command opens the vault itself, under the lock that a cockpit holds as well: beside one it ends and says so. Each
//! group of commands is a file; what they have in common is `opening.rs` (secrets in) and `tell.rs` (words out).

mod backup;
mod check;
mod confirm;
mod init;
mod opening;
mod recovery;
mod rotate;
mod slots;
mod tell;

pub(super) use confirm::confirm;

use super::Run;
use super::args::{Opening, VaultArguments, VaultCommand};
use super::exit::{Exit, Failure};
use super::session::Session;
use crate::link::socket::{self, SocketError};
use crate::link::{Request, VaultStatus};
use crate::vault;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Longest wait for a cockpit to lock.
const LOCKING: Duration = Duration::from_secs(10);

/// Does what is asked with the vault.
///
/// # Errors
/// What keeps it from being done; nothing was changed then, unless the sentence says so.
pub(super) fn perform(run: Run<'_>, arguments: &VaultArguments) -> Result<Exit, Failure> {
    let VaultArguments { opening, command } = arguments;
    let opening = &Opening {
        key_file: run.global.key_file.clone(),
        ..opening.clone()
    };
    if opening.accept_older {
        writes(&run)?;
    }
    match command {
        VaultCommand::Init(wanted) => init::init(run, opening, wanted),
        VaultCommand::Unlock => init::unlock(run, opening),
        VaultCommand::Passwd(wanted) => slots::passwd(run, opening, wanted),
        VaultCommand::Slots(command) => slots::slots(run, opening, command),
        VaultCommand::Rotate { cipher } => rotate::rotate(run, opening, *cipher),
        VaultCommand::Compromised => rotate::compromised(run, opening),
        VaultCommand::Backup => backup::backup(run, opening),
        VaultCommand::Restore(wanted) => backup::restore(run, opening, wanted),
        VaultCommand::Check => check::check(run, opening),
        VaultCommand::Recover(wanted) => recovery::recover(run, opening, wanted),
        VaultCommand::RecoveryCode => recovery::renew(run, opening),
    }
}

/// Opens the store, changes it and closes it, for the tradedeck that asks on our standard output.
///
/// # Errors
/// A person typed it: nobody asks.
pub(super) fn keep_store(folder: &Path) -> Result<Exit, Failure> {
    let nobody_asks = |_| Failure::new(Exit::Usage, "this command is for tradedeck itself");
    vault::serve_store(folder).map_err(nobody_asks)?;
    Ok(Exit::Done)
}

/// A run that changes nothing makes no vault and adds nothing to one.
pub(super) fn writes(run: &Run<'_>) -> Result<(), Failure> {
    match run.global.read_only {
        true => Err(Failure::new(
            Exit::Refused,
            "this run is read-only; leave --read-only out to change the vault",
        )),
        false => Ok(()),
    }
}

/// A vault that is locked.
#[derive(Serialize)]
struct Locked {
    /// Whether a cockpit runs, and locked it.
    cockpit: bool,
}

/// Locks the vault of the running cockpit; where none runs, none is open.
///
/// # Errors
/// The cockpit cannot be reached, or does not lock.
pub(super) async fn lock(run: Run<'_>) -> Result<Exit, Failure> {
    let attached = match socket::connect(&run.setup.paths.socket()).await {
        Ok(attached) => attached,
        Err(SocketError::NotRunning) => {
            let text = "no cockpit is running; the vault is locked\n";
            return tell::one(run, Locked { cockpit: false }, text);
        }
        Err(error) => return Err(error.into()),
    };
    let mut session = Session::beside(attached);
    session.first().await?;
    session.request(Request::Lock)?;
    let locked = session
        .until(LOCKING, |replica| {
            !matches!(
                replica.vault,
                Some(VaultStatus::Open { .. } | VaultStatus::Unlocking)
            )
        })
        .await?;
    match locked {
        true => tell::one(run, Locked { cockpit: true }, "locked\n"),
        false => Err(Failure::new(
            Exit::Failed,
            "the cockpit did not lock; lock it there",
        )),
    }
}
