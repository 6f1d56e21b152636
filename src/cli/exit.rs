//! What a script learns from a command that ended: a number, and one sentence on stderr.

use crate::link::socket::SocketError;
use crate::start::StartError;
use crate::vault::VaultError;
use std::process::ExitCode;

/// How a command ended. Scripts rely on the numbers; none changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed, and no other number says why.
    Failed,
    /// Written wrong.
    Usage,
    /// Wrong passphrase, or locked.
    Locked,
    /// The vault is damaged.
    Damaged,
    /// The vault was written by a newer release.
    Newer,
    /// Another instance has the vault.
    InUse,
    /// A sign-in is needed, or was refused.
    SignIn,
    /// The provider is unreachable, or limits us.
    Unreachable,
    /// Refused by a check of ours: limits, role, mode, read-only.
    Refused,
    /// What became of it is not known.
    OutcomeUnknown,
    /// A comparison found differences.
    Differences,
    /// Ended by a signal.
    Signal(u8),
}

impl Exit {
    /// The number a shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Locked => 3,
            Self::Damaged => 4,
            Self::Newer => 5,
            Self::InUse => 6,
            Self::SignIn => 7,
            Self::Unreachable => 8,
            Self::Refused => 9,
            Self::OutcomeUnknown => 10,
            Self::Differences => 11,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    /// The number.
    pub exit: Exit,
    /// What happened and what to do next.
    pub sentence: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let exit = match &error {
            VaultError::WrongPassphrase
            | VaultError::BadPassphrase(_)
            | VaultError::BadKeyFile
            | VaultError::MistypedCode
            | VaultError::WrongCode
            | VaultError::NoRecoveryCode => Exit::Locked,
            VaultError::Damaged(_)
            | VaultError::HostileCost { .. }
            | VaultError::OlderThanAnchor { .. }
            | VaultError::ForkedFromAnchor { .. }
            | VaultError::AnchorOfAnother(_)
            | VaultError::AnchorBroken(_)
            | VaultError::BackupDamaged(_) => Exit::Damaged,
            VaultError::NeedsTrader
            | VaultError::ReservedName
            | VaultError::NotByPassphrase
            | VaultError::SlotsFull { .. }
            | VaultError::OwnSlot
            | VaultError::LastTrader
            | VaultError::TooLargeToRotate { .. } => Exit::Refused,
            VaultError::NewerFormat { .. } => Exit::Newer,
            VaultError::InUse { .. } => Exit::InUse,
            VaultError::Missing(_)
            | VaultError::AlreadyExists(_)
            | VaultError::BackupsExist(_)
            | VaultError::NoBackup(_)
            | VaultError::NoSuchSlot(_)
            | VaultError::BadLabel { .. }
            | VaultError::NotAnchored(_)
            | VaultError::NotEnoughMemory { .. }
            | VaultError::CostNotAllowed
            | VaultError::Permissions { .. }
            | VaultError::NoSpace { .. }
            | VaultError::BadName { .. }
            | VaultError::TooLarge { .. }
            | VaultError::TooMany { .. }
            | VaultError::StoreFailed(_)
            | VaultError::NoRandomness
            | VaultError::Io { .. } => Exit::Failed,
        };
        let sentence = match next_step(&error) {
            Some(step) => format!("{error}; {step}"),
            None => error.to_string(),
        };
        Self::new(exit, sentence)
    }
}

/// What to do next, by the words of the command line, where the vault's own sentence does not say.
fn next_step(error: &VaultError) -> Option<&'static str> {
    Some(match error {
        VaultError::InUse { .. } => "do it there, or close it and try again",
        VaultError::WrongPassphrase => {
            "try again, or use the recovery code: `tradedeck vault recover`"
        }
        VaultError::WrongCode => "compare it with your note: it may be an older one",
        VaultError::NoRecoveryCode => "a backup made with another passphrase may still open",
        VaultError::NotEnoughMemory { .. } => "close other programs and try again",
        VaultError::NoSuchSlot(_) => "`tradedeck vault slots list` prints those there are",
        VaultError::NoBackup(_) => "`tradedeck doctor` tells which there are",
        VaultError::OlderThanAnchor { .. }
        | VaultError::ForkedFromAnchor { .. }
        | VaultError::AnchorOfAnother(_)
        | VaultError::AnchorBroken(_) => {
            "where it was put back on purpose, `tradedeck vault unlock --accept-older` takes it"
        }
        VaultError::Damaged(_) | VaultError::HostileCost { .. } | VaultError::BackupsExist(_) => {
            "`tradedeck vault restore` does"
        }
        VaultError::NoSpace { .. } => "make room and try again",
        VaultError::Missing(_)
        | VaultError::AlreadyExists(_)
        | VaultError::BadPassphrase(_)
        | VaultError::BadKeyFile
        | VaultError::MistypedCode
        | VaultError::BackupDamaged(_)
        | VaultError::NeedsTrader
        | VaultError::ReservedName
        | VaultError::NotByPassphrase
        | VaultError::SlotsFull { .. }
        | VaultError::OwnSlot
        | VaultError::LastTrader
        | VaultError::TooLargeToRotate { .. }
        | VaultError::NewerFormat { .. }
        | VaultError::BadLabel { .. }
        | VaultError::NotAnchored(_)
        | VaultError::CostNotAllowed
        | VaultError::Permissions { .. }
        | VaultError::BadName { .. }
        | VaultError::TooLarge { .. }
        | VaultError::TooMany { .. }
        | VaultError::StoreFailed(_)
        | VaultError::NoRandomness
        | VaultError::Io { .. } => return None,
    })
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        let exit = match &error {
            SocketError::Taken => Exit::InUse,
            SocketError::NotRunning
            | SocketError::Unsafe { .. }
            | SocketError::Stranger
            | SocketError::Version { .. }
            | SocketError::Oversize
            | SocketError::Garbled
            | SocketError::Closed
            | SocketError::Io(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Vault(error) => error.into(),
            StartError::Socket(error) => error.into(),
            StartError::Net(_)
            | StartError::Simulation(_)
            | StartError::Ended
            | StartError::System { .. } => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_the_documented_one() {
        let all = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Locked,
            Exit::Damaged,
            Exit::Newer,
            Exit::InUse,
            Exit::SignIn,
            Exit::Unreachable,
            Exit::Refused,
            Exit::OutcomeUnknown,
            Exit::Differences,
        ];
        let numbers: Vec<u8> = all.into_iter().map(Exit::code).collect();
        assert_eq!(numbers, (0..=11).collect::<Vec<u8>>());
        assert_eq!(Exit::Signal(15).code(), 143);
    }

    #[test]
    fn a_vault_in_use_has_its_own_number() {
        let in_use = VaultError::InUse {
            pid: 7,
            terminal: "pts/1".into(),
            since: "today".into(),
        };
        let failure = Failure::from(StartError::Vault(in_use));
        assert_eq!(failure.exit, Exit::InUse);
        assert!(failure.sentence.contains("process 7 on pts/1"));
    }
}
