//! What a screen asks of the vault, and what it hears: to the screen that asked, and to no other.
//!
//! None of it can be serialised or printed, so none of it gets into a socket, a snapshot or the log. A passphrase goes
//! one way, a recovery code comes back the other way once.

use crate::domain::{Environment, Text, Timestamp};
use secrecy::SecretString;
use std::path::PathBuf;

/// What a person types to open a slot. It cannot be serialised:
/// ```compile_fail,E0277
/// let passphrase = "correct horse".to_owned().into();
/// let opener = tradedeck::link::vault::Opener { passphrase, key_file: None };
/// serde_json::to_string(&opener);
/// ```
pub struct Opener {
    /// The passphrase.
    pub passphrase: SecretString,
    /// The file that is asked for beside it.
    pub key_file: Option<PathBuf>,
}

/// What a screen asks of a vault that is not open; what comes of it is a
/// [`VaultStatus`](crate::link::VaultStatus) for everybody.
pub enum DoorRequest {
    /// Makes a new one, with a recovery code.
    Create {
        /// What will open it.
        passphrase: SecretString,
    },
    /// Opens it.
    Unlock(Opener),
    /// Opens it though this machine remembers a newer one.
    AcceptOlder(Opener),
    /// Opens it with its recovery code and sets a new passphrase.
    Recover {
        /// The code, as typed.
        code: SecretString,
        /// What is to open it from now on.
        new: SecretString,
    },
    /// Makes it from a backup, and opens it.
    Restore {
        /// Number of the backup.
        backup: u8,
        /// What opened it when the backup was made.
        opener: Opener,
    },
}

/// What a screen asks of the vault.
pub enum VaultRequest {
    /// What it is; answered by [`VaultAnswer::Open`] or [`VaultAnswer::Shut`].
    Describe,
    /// Gives the slot that opened it another passphrase.
    ChangePassphrase {
        /// What opens it now.
        current: Opener,
        /// What is to open it.
        new: Opener,
    },
    /// Adds a slot.
    AddSlot {
        /// What it opens the vault for.
        role: SlotRole,
        /// Whose it is.
        label: Text,
        /// What is to open it.
        opener: Opener,
    },
    /// Removes a slot.
    RemoveSlot {
        /// Its number.
        slot: u8,
    },
    /// Makes a new recovery code; the one there was is worth nothing then.
    RenewRecoveryCode,
    /// Seals everything anew.
    Rotate {
        /// With which cipher.
        cipher: Cipher,
        /// What opens it.
        current: Opener,
    },
    /// Seals everything anew, replaces the backups, and says what must be revoked.
    Compromised {
        /// What opens it.
        current: Opener,
    },
    /// Makes a backup now.
    BackUp,
    /// Looks through everything.
    Check,
}

impl VaultRequest {
    /// Whether it changes who may open the vault, or its keys: that is for traders.
    pub fn changes_vault(&self) -> bool {
        match self {
            Self::Describe | Self::BackUp | Self::Check => false,
            Self::ChangePassphrase { .. }
            | Self::AddSlot { .. }
            | Self::RemoveSlot { .. }
            | Self::RenewRecoveryCode
            | Self::Rotate { .. }
            | Self::Compromised { .. } => true,
        }
    }
}

/// What the vault answers. It can neither be serialised nor printed:
/// ```compile_fail,E0277
/// let code = tradedeck::link::VaultAnswer::RecoveryCode("A3EF".to_owned().into());
/// serde_json::to_string(&code);
/// ```
/// ```compile_fail,E0277
/// let code = tradedeck::link::VaultAnswer::RecoveryCode("A3EF".to_owned().into());
/// format!("{code:?}");
/// ```
pub enum VaultAnswer {
    /// It is open, and this is what it is.
    Open(Box<VaultFacts>),
    /// It is not open, and this is what can be done about it.
    Shut(ShutFacts),
    /// What was asked for is done.
    Done {
        /// What, in a sentence.
        what: Text,
        /// What went wrong beside it.
        warning: Option<Text>,
    },
    /// What was asked for is not done.
    Refused {
        /// Why, and what to do.
        why: Text,
    },
    /// Everything is sealed anew.
    Rotated(Box<RotatedFacts>),
    /// What a look through the vault found.
    Checked(Box<CheckFacts>),
    /// A new recovery code, to be shown once and written down.
    RecoveryCode(SecretString),
}

/// How everything is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// XChaCha20-Poly1305.
    XChaCha20Poly1305,
    /// XAES-256-GCM.
    Aes256,
}

impl Cipher {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::XChaCha20Poly1305, Self::Aes256];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::XChaCha20Poly1305 => "XChaCha20-Poly1305",
            Self::Aes256 => "AES-256 (XAES-256-GCM)",
        }
    }
}

/// What a slot opens the vault for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotRole {
    /// To look.
    Viewer,
    /// Everything.
    Trader,
    /// Everything, by the recovery code.
    Recovery,
}

impl SlotRole {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Trader => "trader",
            Self::Recovery => "recovery",
        }
    }
}

/// What an open vault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultFacts {
    /// How it is encrypted.
    pub cipher: Cipher,
    /// How often it was changed.
    pub generation: u64,
    /// How often its keys were changed, and one.
    pub epoch: u32,
    /// How many secrets are in it.
    pub records: usize,
    /// What it is open for.
    pub role: SlotRole,
    /// Who may open it.
    pub slots: Vec<SlotFacts>,
    /// Its backups, the newest first.
    pub backups: Vec<BackupFacts>,
    /// What this machine remembers of it.
    pub anchor: AnchorFacts,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// Its number.
    pub id: u8,
    /// What it opens the vault for.
    pub role: SlotRole,
    /// Whose it is.
    pub label: Text,
    /// Whether it asks for a key file.
    pub key_file: bool,
    /// Whether the vault is open by it.
    pub is_own: bool,
    /// Memory that a guess takes.
    pub memory_mib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes at once.
    pub lanes: u32,
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// Its number.
    pub which: u8,
    /// What is in it, or what is wrong with it.
    pub found: Result<BackupContent, Text>,
}

/// What a backup says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupContent {
    /// When it was made.
    pub made: Timestamp,
    /// The vault's generation then.
    pub generation: u64,
    /// The epoch of its keys then.
    pub epoch: u32,
    /// How many secrets are in it.
    pub records: usize,
}

/// What this machine remembers of the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorFacts {
    /// Nothing, as for a vault that is thrown away.
    None,
    /// How far it had come.
    Kept,
    /// It could not be noted, and why.
    Failed(Text),
}

/// What can be done about a vault that is not open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutFacts {
    /// Its backups, the newest first.
    pub backups: Vec<BackupFacts>,
    /// Whether it is whole, and only other than this machine remembers.
    pub is_doubted: bool,
    /// Whether some slot asks for a key file.
    pub knows_key_files: bool,
}

/// What sealing everything anew made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotatedFacts {
    /// Slots that are gone and may be added again.
    pub dropped: Vec<SlotFacts>,
    /// Where the vault fell into wrong hands: what must be revoked by hand.
    pub revoke: Option<Vec<RevokeFacts>>,
    /// What went wrong beside it.
    pub warnings: Vec<Text>,
}

/// A credential that somebody else may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeFacts {
    /// The connection, where its name could be read.
    pub connection: Text,
    /// Where to revoke it.
    pub provider: Text,
    /// Paper or live.
    pub environment: Environment,
    /// What was revoked of it.
    pub revoked: Revoked,
    /// Where the person revokes the rest, in one line.
    pub place: Text,
}

/// What was revoked of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The provider took the tokens back; what they were asked for with is still good.
    Tokens,
    /// Nothing, and why.
    Nothing {
        /// Why.
        why: Text,
    },
}

impl RevokeFacts {
    /// What was done, and what the person has to do.
    pub fn sentence(&self) -> String {
        let place = &self.place;
        match &self.revoked {
            Revoked::Tokens => format!(
                "its tokens are revoked; make a new secret there and connect again: {place}"
            ),
            Revoked::Nothing { why } => {
                format!("revoke it by hand ({why}), make a new one and connect again: {place}")
            }
        }
    }
}

/// What a look through the vault found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFacts {
    /// How many secrets were opened.
    pub records: usize,
    /// How many could only be compared with the list.
    pub sealed: usize,
    /// How many backups are whole.
    pub backups: usize,
    /// What is to be known; empty where all is well.
    pub findings: Vec<FindingFacts>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingFacts {
    /// Where.
    pub part: Text,
    /// Whether it is damage.
    pub is_damage: bool,
    /// What.
    pub says: Text,
}
