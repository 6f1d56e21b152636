//! From what was typed to an open vault: the lock, the secrets, and a person's word where the vault is older.

use super::super::Run;
use super::super::args::{NewKeyArguments, Opening};
use super::super::exit::{Exit, Failure};
use super::super::secret::prompt::Ask;
use super::super::session::unanswered;
use crate::domain::Clock;
use crate::start;
use crate::vault::{
    self, FreeMemory, KdfCost, KeyFile, LockedVault, Opener, Passphrase, RecoveryCode, Refused,
    Vault, VaultError,
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Guesses of a person at the terminal; a script has one.
const MOST_GUESSES: u32 = 3;

/// A passphrase and its key file.
pub(super) struct TypedKey {
    passphrase: Passphrase,
    key_file: Option<KeyFile>,
}

impl TypedKey {
    pub(super) fn opener(&self) -> Opener<'_> {
        Opener {
            passphrase: &self.passphrase,
            key_file: self.key_file.as_ref(),
        }
    }

    /// The passphrase and the key file apart.
    pub(super) fn into_parts(self) -> (Passphrase, Option<KeyFile>) {
        (self.passphrase, self.key_file)
    }
}

/// Opens the vault, for one command.
///
/// # Errors
/// What keeps it closed; another instance has it.
pub(super) fn open(run: &mut Run<'_>, opening: &Opening) -> Result<(Vault, TypedKey), Failure> {
    let mut locked = locked(run)?;
    let guesses = match run.handed.passphrase {
        Some(_) => 1,
        None => MOST_GUESSES,
    };
    let mut label = "Passphrase";
    loop {
        let key = current_key(run, opening, label)?;
        match unlock(locked, &key, opening) {
            Ok(vault) => return Ok((vault, key)),
            Err(refused) if may_guess_again(&refused, guesses) => {
                locked = *refused.vault;
                label = "That does not open it. Passphrase";
                std::thread::sleep(locked.delay().min(Duration::from_secs(60)));
            }
            Err(refused) => return Err(explained(refused, opening)),
        }
    }
}

/// The vault before its passphrase is known.
///
/// # Errors
/// There is none, and whether there are backups of one; another instance has it; it cannot be read.
pub(super) fn locked(run: &Run<'_>) -> Result<LockedVault, VaultError> {
    start::locked_vault(&run.setup).map_err(|error| {
        if let VaultError::Missing(folder) = &error
            && !vault::backups(folder).is_empty()
        {
            return VaultError::BackupsExist(folder.clone());
        }
        error
    })
}

/// The passphrase that opens the vault now, and its key file.
pub(super) fn current_key(
    run: &mut Run<'_>,
    opening: &Opening,
    label: &str,
) -> Result<TypedKey, Failure> {
    let key_file = opening.key_file()?;
    let typed = secret(
        run.handed.passphrase.take(),
        run.ask,
        label,
        "--passphrase-fd",
    )?;
    Ok(TypedKey {
        passphrase: Passphrase::new(typed.expose_secret())?,
        key_file,
    })
}

fn may_guess_again(refused: &Refused, guesses: u32) -> bool {
    let is_wrong = matches!(refused.error, VaultError::WrongPassphrase);
    is_wrong && refused.vault.wrong_guesses() < guesses
}

fn explained(refused: Refused, opening: &Opening) -> Failure {
    let is_wrong = matches!(refused.error, VaultError::WrongPassphrase);
    let wants_file = is_wrong && refused.vault.knows_key_files() && opening.key_file.is_none();
    let mut failure = Failure::from(refused.error);
    if wants_file {
        failure
            .sentence
            .push_str("; some of its slots ask for a file as well: --key-file");
    }
    failure
}

/// Tries a passphrase. A vault that this machine remembers otherwise opens by a person's word, which is written down.
pub(super) fn unlock(
    locked: LockedVault,
    key: &TypedKey,
    opening: &Opening,
) -> Result<Vault, Refused> {
    let refused = match locked.unlock(key.opener()) {
        Ok(vault) => return Ok(vault),
        Err(refused) => refused,
    };
    match opening.accept_older && is_memory(&refused.error) {
        true => accepted(refused).unlock(key.opener()),
        false => Err(refused),
    }
}

/// The same with the recovery code, which sets a new passphrase.
pub(super) fn recover(
    locked: LockedVault,
    code: &RecoveryCode,
    new: &TypedKey,
    cost: KdfCost,
    opening: &Opening,
) -> Result<Vault, Refused> {
    let refused = match locked.recover(code, new.opener(), cost) {
        Ok(vault) => return Ok(vault),
        Err(refused) => refused,
    };
    match opening.accept_older && is_memory(&refused.error) {
        true => accepted(refused).recover(code, new.opener(), cost),
        false => Err(refused),
    }
}

/// Whether it is what this machine remembers that keeps the vault closed.
pub(super) fn is_memory(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::OlderThanAnchor { .. }
            | VaultError::ForkedFromAnchor { .. }
            | VaultError::AnchorOfAnother(_)
            | VaultError::AnchorBroken(_)
    )
}

fn accepted(refused: Refused) -> LockedVault {
    tracing::warn!(why = %refused.error, "the vault is taken as it is, by --accept-older");
    refused.vault.accept_older()
}

/// The recovery code, from its descriptor or the person.
pub(super) fn code(run: &mut Run<'_>) -> Result<RecoveryCode, Failure> {
    let handed = run.handed.recovery_code.take();
    let typed = secret(handed, run.ask, "Recovery code", "--recovery-code-fd")?;
    Ok(RecoveryCode::parse(typed.expose_secret())?)
}

/// A new passphrase, from its descriptor or twice from the person, and its key file.
pub(super) fn new_key(run: &mut Run<'_>, new: &NewKeyArguments) -> Result<TypedKey, Failure> {
    let key_file = new.key_file()?;
    let handed = run.handed.new_passphrase.take();
    let passphrase = new_passphrase(handed, run.ask, "--new-passphrase-fd")?;
    Ok(TypedKey {
        passphrase,
        key_file,
    })
}

/// The passphrase of a vault that is to be made, and its key file.
pub(super) fn first_key(run: &mut Run<'_>, opening: &Opening) -> Result<TypedKey, Failure> {
    let key_file = opening.key_file()?;
    let handed = run.handed.passphrase.take();
    let passphrase = new_passphrase(handed, run.ask, "--passphrase-fd")?;
    Ok(TypedKey {
        passphrase,
        key_file,
    })
}

fn new_passphrase(
    handed: Option<SecretString>,
    person: &mut dyn Ask,
    option: &str,
) -> Result<Passphrase, Failure> {
    if let Some(handed) = handed {
        return Ok(Passphrase::new(handed.expose_secret())?);
    }
    let mut ask = |label| secret(None, &mut *person, label, option);
    let first = ask("New passphrase")?;
    let passphrase = Passphrase::new(first.expose_secret())?;
    let second = ask("The same again")?;
    match first.expose_secret() == second.expose_secret() {
        true => Ok(passphrase),
        false => Err(Failure::new(
            Exit::Usage,
            "the two differ; nothing was changed, try again",
        )),
    }
}

fn secret(
    handed: Option<SecretString>,
    person: &mut dyn Ask,
    label: &str,
    option: &str,
) -> Result<SecretString, Failure> {
    match handed {
        Some(secret) => Ok(secret),
        None => {
            let answer = person.ask(label, true);
            answer.map_err(|why| unanswered(why, option))
        }
    }
}

/// What a guess at a new passphrase is to cost on this machine: about a second of its time.
pub(super) fn cost(clock: &dyn Clock, opening: &Opening) -> Result<KdfCost, VaultError> {
    if let Some(cost) = opening.cost()? {
        return Ok(cost);
    }
    let stopwatch = |cost: KdfCost| {
        let begun = clock.now();
        cost.try_out().ok()?;
        Some(clock.now().since(begun))
    };
    Ok(KdfCost::calibrate(stopwatch, FreeMemory::now()))
}

#[cfg(test)]
mod tests {
    use super::super::super::secret::prompt::Unanswered;
    use super::*;
    use crate::domain::Timestamp;

    /// Somebody who answers what is on the list, and then nothing.
    struct Scripted(Vec<&'static str>);

    impl Ask for Scripted {
        fn ask(&mut self, _: &str, hidden: bool) -> Result<SecretString, Unanswered> {
            assert!(hidden, "a secret is not shown");
            match self.0.is_empty() {
                true => Err(Unanswered::NoTerminal),
                false => Ok(self.0.remove(0).into()),
            }
        }
    }

    #[test]
    fn a_new_passphrase_is_typed_twice_alike() {
        let outcome = |answers: &[&'static str]| {
            let mut person = Scripted(answers.to_vec());
            let made = new_passphrase(None, &mut person, "--passphrase-fd");
            made.map(|_| ()).map_err(|failure| failure.exit)
        };
        assert_eq!(outcome(&["one", "one"]), Ok(()));
        assert_eq!(outcome(&["one", "two"]), Err(Exit::Usage));
        assert_eq!(outcome(&["", ""]), Err(Exit::Locked));
        assert_eq!(outcome(&["one"]), Err(Exit::Locked), "nobody answers");
    }

    /// Every look at it is a second later.
    struct Ticking(std::sync::atomic::AtomicI64);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            let seconds = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Timestamp::EPOCH.plus(Duration::from_secs(u64::try_from(seconds).unwrap()))
        }
    }

    #[test]
    fn the_stopwatch_is_the_clock_that_is_handed_over() {
        let clock = Ticking(0.into());
        let opening = Opening::default();
        let cost = cost(&clock, &opening).unwrap();
        assert_eq!(
            (cost.memory_mib(), cost.passes()),
            (64, 3),
            "one trial took a second"
        );
        assert_eq!(clock.0.into_inner(), 2);
    }
}
