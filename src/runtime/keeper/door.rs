//! Every way into a vault that is not open: a new one, a passphrase with or without a key file, the recovery code, a
//! backup, and a person's word that an older vault is the right one.

use super::{Door, Opened, Strongroom, care};
use crate::domain::{Text, Timestamp};
use crate::link::vault::{DoorRequest, Opener, ShutFacts};
use crate::link::{VaultAnswer, VaultStatus};
use crate::vault::{self, LockedVault, NewVault, Passphrase, RecoveryCode, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Longest wait between two attempts to restore.
const LONGEST_WAIT: u64 = 60;

const TOO_SOON: &str = "wait before the next attempt";

/// What came of an attempt: for everybody, for the screen that asked, and for the log.
pub(crate) struct Attempt {
    pub(crate) opened: Result<Opened, VaultStatus>,
    pub(crate) answers: Vec<VaultAnswer>,
    pub(crate) note: Option<Text>,
}

impl Attempt {
    fn plain(opened: Result<Opened, VaultStatus>) -> Self {
        Self {
            opened,
            answers: Vec::new(),
            note: None,
        }
    }

    /// The screen that asked is told as well, since the vault may be as it was before.
    fn with_reason(mut self) -> Self {
        if let Err(
            VaultStatus::Locked {
                problem: Some(why), ..
            }
            | VaultStatus::Broken { problem: why, .. },
        ) = &self.opened
        {
            self.answers.push(VaultAnswer::Refused { why: why.clone() });
        }
        self
    }
}

impl Strongroom {
    /// Makes, opens or mends the vault.
    pub(crate) fn attempt(&mut self, request: DoorRequest, now: Timestamp) -> Attempt {
        if self.next_attempt.is_some_and(|at| now < at) {
            return self.refuse(TOO_SOON.into());
        }
        let attempt = match request {
            DoorRequest::Create { passphrase } => self.make(&passphrase, now),
            DoorRequest::Unlock(opener) => self.open_with(&opener, now).map(Attempt::plain),
            DoorRequest::AcceptOlder(opener) => self.accept_older(&opener, now),
            DoorRequest::Recover { code, new } => self.recover(&code, &new, now),
            DoorRequest::Restore { backup, opener } => self.restore(backup, &opener, now),
        };
        match attempt {
            Ok(attempt) => attempt.with_reason(),
            Err(error) => self.refuse(Text::new(&error.to_string())),
        }
    }

    /// Nothing changed, and why.
    fn refuse(&self, why: Text) -> Attempt {
        let status = match self.door {
            Door::Locked(_) => self.locked(Some(why.clone())),
            Door::Absent(_) | Door::Open(_) | Door::Broken(..) | Door::Moving => self.status(),
        };
        Attempt {
            answers: vec![VaultAnswer::Refused { why }],
            ..Attempt::plain(Err(status))
        }
    }

    fn make(&mut self, passphrase: &SecretString, now: Timestamp) -> Result<Attempt, VaultError> {
        let passphrase = Passphrase::new(passphrase.expose_secret())?;
        let Door::Absent(_) = self.door else {
            return Err(VaultError::AlreadyExists(self.folder.clone()));
        };
        let new = NewVault {
            recovery: true,
            ..self.new_vault()
        };
        let mut vault = Vault::create(self.lock.clone(), &passphrase, new)?;
        let code = vault.take_recovery_code();
        Ok(Attempt {
            answers: code.iter().map(care::shown).collect(),
            ..Attempt::plain(Ok(self.enter(vault, now)))
        })
    }

    fn open_with(
        &mut self,
        opener: &Opener,
        now: Timestamp,
    ) -> Result<Result<Opened, VaultStatus>, VaultError> {
        let typed = care::Typed::read(opener)?;
        Ok(self.open_by(now, |locked| locked.unlock(typed.opener())))
    }

    fn accept_older(&mut self, opener: &Opener, now: Timestamp) -> Result<Attempt, VaultError> {
        let typed = care::Typed::read(opener)?;
        if !self.is_doubted {
            return self.open_with(opener, now).map(Attempt::plain);
        }
        let locked = self.anchored(LockedVault::open(self.lock.clone())?);
        match locked.accept_older().unlock(typed.opener()) {
            Ok(vault) => Ok(Attempt {
                note: Some(
                    "a vault that is older than this machine remembered was accepted".into(),
                ),
                ..Attempt::plain(Ok(self.enter(vault, now)))
            }),
            Err(refused) => {
                self.wait_after(&refused.error, now);
                Err(refused.error)
            }
        }
    }

    fn recover(
        &mut self,
        code: &SecretString,
        new: &SecretString,
        now: Timestamp,
    ) -> Result<Attempt, VaultError> {
        let new = Passphrase::new(new.expose_secret())?;
        let code = RecoveryCode::parse(code.expose_secret())?;
        let cost = self.cost;
        let opened = self.open_by(now, |locked| locked.recover(&code, &new, cost));
        let note = "the vault was opened by its recovery code, and got a new passphrase";
        Ok(Attempt {
            note: opened.is_ok().then(|| note.into()),
            ..Attempt::plain(opened)
        })
    }

    /// From a backup to an open vault. The person chose which, so that it is older than remembered is no surprise.
    fn restore(
        &mut self,
        backup: u8,
        opener: &Opener,
        now: Timestamp,
    ) -> Result<Attempt, VaultError> {
        let typed = care::Typed::read(opener)?;
        if let Door::Locked(_) | Door::Open(_) | Door::Moving = self.door {
            return Err(VaultError::AlreadyExists(self.folder.clone()));
        }
        let restored = vault::restore(self.lock.clone(), backup, typed.opener());
        let restored = restored.inspect_err(|error| self.wait_after(error, now))?;
        let locked = self.anchored(restored.vault).accept_older();
        self.door = Door::Locked(Box::new(locked));
        let mut opened = self.open_by(now, |locked| locked.unlock(typed.opener()));
        if let (Ok(opened), Some(kept)) = (&mut opened, &restored.replaced) {
            let kept = kept.display();
            let warning = format!("the vault's store as it was before is kept in {kept}");
            opened.warnings.push(Text::new(&warning));
        }
        Ok(Attempt {
            note: Some(format!("the vault was restored from backup {backup}").into()),
            ..Attempt::plain(opened)
        })
    }

    fn anchored(&self, locked: LockedVault) -> LockedVault {
        match &self.anchor {
            Some(folder) => locked.anchored_in(folder),
            None => locked,
        }
    }

    fn wait_after(&mut self, error: &VaultError, now: Timestamp) {
        if matches!(error, VaultError::WrongPassphrase) {
            let seconds = 1_u64.checked_shl(self.wrong_restores);
            let seconds = seconds.map_or(LONGEST_WAIT, |seconds| seconds.min(LONGEST_WAIT));
            self.wrong_restores = self.wrong_restores.saturating_add(1);
            self.next_attempt = Some(now.plus(Duration::from_secs(seconds)));
        }
    }

    /// What can be done about a vault that is not open.
    pub(super) fn shut(&self) -> ShutFacts {
        let knows_key_files = match &self.door {
            Door::Locked(locked) => locked.knows_key_files(),
            // Nobody knows before a backup is open.
            Door::Broken(..) | Door::Absent(_) => true,
            Door::Open(_) | Door::Moving => false,
        };
        ShutFacts {
            backups: care::backups(&self.folder),
            is_doubted: self.is_doubted,
            knows_key_files,
        }
    }
}

/// Whether the vault is whole, and only other than this machine remembers.
pub(super) fn is_doubt(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::OlderThanAnchor { .. }
            | VaultError::ForkedFromAnchor { .. }
            | VaultError::AnchorOfAnother(_)
            | VaultError::AnchorBroken(_)
    )
}

/// Whether another try may go better without anything being mended.
pub(super) fn may_be_tried_again(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::NotEnoughMemory { .. }
            | VaultError::NoRecoveryCode
            | VaultError::NoSpace { .. }
            | VaultError::BadKeyFile
    )
}
