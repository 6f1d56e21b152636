//! What may be done with a vault.

use crate::vault::{KdfCost, KeyFile, Role, Suite, VaultError};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A command about the vault, and how the vault is opened for it.
#[derive(Clone, Debug, Args)]
pub struct VaultArguments {
    /// How.
    #[command(flatten)]
    pub opening: Opening,
    /// What.
    #[command(subcommand)]
    pub command: VaultCommand,
}

/// How the vault is opened.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Opening the vault")]
pub struct Opening {
    /// The file that is asked for beside the passphrase: the global option's.
    #[arg(skip)]
    pub key_file: Option<PathBuf>,
    /// Take a vault that is older than this machine remembers as it is; the log says so
    #[arg(long, global = true)]
    pub accept_older: bool,
    /// Ask nothing before something that cannot be undone
    #[arg(long, global = true)]
    pub yes: bool,
    /// What a guess at a new passphrase costs, for tests that make many vaults
    #[cfg(debug_assertions)]
    #[arg(long, global = true, hide = true, value_name = "KIB")]
    pub cost_kib: Option<u32>,
}

impl Opening {
    /// The key file, read.
    ///
    /// # Errors
    /// It is not there, or cannot be one.
    pub fn key_file(&self) -> Result<Option<KeyFile>, VaultError> {
        self.key_file.as_deref().map(KeyFile::read).transpose()
    }

    /// A cost that is not measured on this machine; only a build for tests has one.
    ///
    /// # Errors
    /// [`VaultError::CostNotAllowed`].
    #[cfg(debug_assertions)]
    pub fn cost(&self) -> Result<Option<KdfCost>, VaultError> {
        let cost = self.cost_kib.map(|kib| KdfCost::new(kib, 1, 1));
        cost.transpose()
    }

    /// A cost that is not measured on this machine; only a build for tests has one.
    ///
    /// # Errors
    /// None.
    #[cfg(not(debug_assertions))]
    pub fn cost(&self) -> Result<Option<KdfCost>, VaultError> {
        Ok(None)
    }
}

/// What may be done with a vault.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum VaultCommand {
    /// Make a new vault
    Init(InitArguments),
    /// Try a passphrase, and say what it opens; nothing is written
    Unlock,
    /// Change the passphrase of the slot it opens
    Passwd(NewKeyArguments),
    /// Who may open the vault
    #[command(subcommand)]
    Slots(SlotsCommand),
    /// Seal everything anew under new keys; other people's slots have to be added again
    Rotate {
        /// Change how it is encrypted
        #[arg(long, value_enum)]
        cipher: Option<Cipher>,
    },
    /// A copy fell into wrong hands: new keys, no old backups, and a list of what to revoke
    Compromised,
    /// Make a backup beside the vault, in place of the older of the two
    Backup,
    /// Make the vault from a backup; what is there is kept aside
    Restore(RestoreArguments),
    /// Look through everything: records, headers, backups and what this machine remembers
    Check,
    /// Open the vault with its recovery code, and set a new passphrase
    Recover(RecoverArguments),
    /// Make a new recovery code; the one there was opens the vault no more
    RecoveryCode,
}

/// How a new vault is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct InitArguments {
    /// How it is encrypted
    #[arg(long, value_enum, default_value_t)]
    pub cipher: Cipher,
    /// Make no recovery code: a lost passphrase then means a lost vault
    #[arg(long)]
    pub no_recovery_code: bool,
}

/// What a slot is to be opened by from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct NewKeyArguments {
    /// Read the new passphrase from a file descriptor, up to the end of its line
    #[arg(long, value_name = "N")]
    pub new_passphrase_fd: Option<u32>,
    /// A file that is to be asked for beside the new passphrase
    #[arg(long, value_name = "PATH")]
    pub new_key_file: Option<PathBuf>,
}

impl NewKeyArguments {
    /// The new key file, read.
    ///
    /// # Errors
    /// It is not there, or cannot be one.
    pub fn key_file(&self) -> Result<Option<KeyFile>, VaultError> {
        self.new_key_file.as_deref().map(KeyFile::read).transpose()
    }
}

/// What may be done with slots.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum SlotsCommand {
    /// Print them
    List,
    /// Let another passphrase open the vault
    Add(AddArguments),
    /// Take one away
    Remove {
        /// Its number, as `list` prints it
        slot: u8,
    },
}

/// A slot to be added.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct AddArguments {
    /// What it opens the vault for
    #[arg(long, value_enum)]
    pub role: SlotRole,
    /// Whose it is, up to 32 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    pub label: String,
    /// What opens it.
    #[command(flatten)]
    pub new: NewKeyArguments,
}

/// From what, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct RestoreArguments {
    /// Which backup; the newest sound one where nothing is said
    #[arg(value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub which: Option<u8>,
    /// Open the backup with the recovery code, and set a new passphrase
    #[arg(long)]
    pub with_recovery_code: bool,
    /// The code and the passphrase.
    #[command(flatten)]
    pub recover: RecoverArguments,
}

impl RestoreArguments {
    /// Whether it is the recovery code that opens the backup.
    pub fn by_code(&self) -> bool {
        self.with_recovery_code || self.recover.recovery_code_fd.is_some()
    }
}

/// The code, and the passphrase that is set with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct RecoverArguments {
    /// Read the recovery code from a file descriptor, up to the end of its line
    #[arg(long, value_name = "N")]
    pub recovery_code_fd: Option<u32>,
    /// The new passphrase.
    #[command(flatten)]
    pub new: NewKeyArguments,
}

/// How a vault is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Cipher {
    /// XChaCha20-Poly1305
    #[default]
    #[value(name = "xchacha20")]
    XChaCha20,
    /// AES-256 (XAES-256-GCM)
    Aes256,
}

impl From<Cipher> for Suite {
    fn from(cipher: Cipher) -> Self {
        match cipher {
            Cipher::XChaCha20 => Self::XChaCha20Poly1305,
            Cipher::Aes256 => Self::Xaes256Gcm,
        }
    }
}

/// What a slot opens the vault for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SlotRole {
    /// Looking; what is kept for trading stays sealed
    Viewer,
    /// Everything
    Trader,
}

impl From<SlotRole> for Role {
    fn from(role: SlotRole) -> Self {
        match role {
            SlotRole::Viewer => Self::Viewer,
            SlotRole::Trader => Self::Trader,
        }
    }
}

impl VaultCommand {
    /// Descriptors that it reads secrets from, beside the passphrase's: the recovery code's and the new passphrase's.
    pub fn descriptors(&self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Passwd(new) => (None, new.new_passphrase_fd),
            Self::Slots(SlotsCommand::Add(added)) => (None, added.new.new_passphrase_fd),
            Self::Recover(recover) => recover.descriptors(),
            Self::Restore(restore) => restore.recover.descriptors(),
            Self::Slots(SlotsCommand::List | SlotsCommand::Remove { .. })
            | Self::Init(_)
            | Self::Unlock
            | Self::Rotate { .. }
            | Self::Compromised
            | Self::Backup
            | Self::RecoveryCode
            | Self::Check => (None, None),
        }
    }
}

impl RecoverArguments {
    fn descriptors(&self) -> (Option<u32>, Option<u32>) {
        (self.recovery_code_fd, self.new.new_passphrase_fd)
    }
}
