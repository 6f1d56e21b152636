//! Making the vault, and locking the one that a cockpit has open.

use super::exit::{Exit, Failure};
use super::secret::prompt::Ask;
use super::session::{Session, unanswered};
use super::{Run, print};
use crate::link::socket::{self, SocketError};
use crate::link::{Request, SecretRequest, VaultStatus};
use crate::vault::{self, Passphrase};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;

/// Longest wait for a cockpit to lock.
const LOCKING: Duration = Duration::from_secs(10);

/// Makes a new vault.
///
/// # Errors
/// There is one already, another process has the folder, or the passphrase will not do.
pub(super) async fn init(mut run: Run<'_>) -> Result<Exit, Failure> {
    refuse_when_read_only(&run)?;
    let mut session = Session::own(&run.setup).await?;
    let folder = run.setup.paths.data.display().to_string();
    let before = session.replica.vault.clone();
    if before != Some(VaultStatus::Absent) {
        let sentence = format!("there is a vault in {folder} already; it was left alone");
        return Err(Failure::new(Exit::Failed, sentence));
    }
    let passphrase = match run.handed.passphrase.take() {
        Some(passphrase) => passphrase,
        None => ask_twice(run.ask)?,
    };
    Passphrase::new(passphrase.expose_secret())?;
    session.request_secret(SecretRequest::CreateVault { passphrase })?;
    session.opened(before).await?;
    session.close().await;
    let sentence = format!("made a vault in {folder}; `tradedeck connect` fills it\n");
    match run.global.json {
        true => Ok(Exit::Done),
        false => print(run.out, sentence.as_bytes()),
    }
}

fn ask_twice(person: &mut dyn Ask) -> Result<SecretString, Failure> {
    let mut ask = |label| {
        let answer = person.ask(label, true);
        answer.map_err(|why| unanswered(why, "--passphrase-fd"))
    };
    let first = ask("New passphrase")?;
    Passphrase::new(first.expose_secret())?;
    let second = ask("The same again")?;
    match first.expose_secret() == second.expose_secret() {
        true => Ok(first),
        false => Err(Failure::new(
            Exit::Usage,
            "the two differ; nothing was made, try again",
        )),
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
pub(super) fn refuse_when_read_only(run: &Run<'_>) -> Result<(), Failure> {
    match run.global.read_only {
        true => Err(Failure::new(
            Exit::Refused,
            "this run is read-only; leave --read-only out to change the vault",
        )),
        false => Ok(()),
    }
}

/// Locks the vault of the running cockpit; where none runs, none is open.
///
/// # Errors
/// The cockpit cannot be reached, or does not lock.
pub(super) async fn lock(run: Run<'_>) -> Result<Exit, Failure> {
    let attached = match socket::connect(&run.setup.paths.socket()).await {
        Ok(attached) => attached,
        Err(SocketError::NotRunning) => {
            return print(run.out, b"no cockpit is running; the vault is locked\n");
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
        true => print(run.out, b"locked\n"),
        false => Err(Failure::new(
            Exit::Failed,
            "the cockpit did not lock; lock it there",
        )),
    }
}
