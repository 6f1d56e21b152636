//! Why the vault said no, in words that tell what to do next.

use std::io;
use std::path::{Path, PathBuf};

use super::format::record::RecordName;

/// What went wrong with the vault. Every variant is another thing to do next; messages hold no secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("{}", in_use(*pid, terminal, since))]
    InUse {
        /// 0 when the other process has not written who it is.
        pid: u32,
        terminal: String,
        since: String,
    },
    #[error("there is no vault in {}; make one first", .0.display())]
    Missing(PathBuf),
    #[error("there is a vault in {} already; it was left alone", .0.display())]
    AlreadyExists(PathBuf),
    #[error(
        "there is no vault in {}, but there are backups of one; restore it, or move vault.bak.0 and vault.bak.1 away first",
        .0.display()
    )]
    BackupsExist(PathBuf),
    #[error("that passphrase does not open this vault")]
    WrongPassphrase,
    #[error("the vault is damaged: {0}; nothing was changed, restore it from a backup")]
    Damaged(Damage),
    #[error(
        "the vault was written by a newer tradedeck ({what} {found}, this one knows up to {known}); update tradedeck, nothing was changed"
    )]
    NewerFormat {
        what: &'static str,
        found: u16,
        known: u16,
    },
    #[error(
        "the vault asks for more work than any honest one ({memory_mib} MiB, {passes} passes, {lanes} lanes); it was tampered with, restore it from a backup"
    )]
    HostileCost {
        memory_mib: u32,
        passes: u32,
        lanes: u32,
    },
    #[error("this vault needs {needed_mib} MiB of memory to open, {free_mib} MiB are free")]
    NotEnoughMemory { needed_mib: u64, free_mib: u64 },
    #[error(
        "a new vault must cost at least 64 MiB, 3 passes and 4 lanes to open, and at most 4096 MiB, 64 passes and 64 lanes"
    )]
    CostNotAllowed,
    #[error("{} {problem}; run: {command}", path.display())]
    Permissions {
        path: PathBuf,
        problem: &'static str,
        /// The command that puts it right, ready to paste.
        command: String,
    },
    #[error(
        "the disk is nearly full ({free_mib} MiB free, {needed_mib} MiB needed); nothing was written"
    )]
    NoSpace { free_mib: u64, needed_mib: u64 },
    #[error("{0}")]
    BadPassphrase(&'static str),
    #[error("{what} must be 1 to 32 of the characters a-z, 0-9, - and _")]
    BadName { what: &'static str },
    #[error("a record may hold at most {limit} bytes, this one has {found}")]
    TooLarge { limit: usize, found: usize },
    #[error("a key file holds 1 byte to 1 MiB; choose another file")]
    BadKeyFile,
    #[error("this vault is open for viewing only; open it with a trader's passphrase for that")]
    NeedsTrader,
    #[error("the broker name `vault` is the vault's own")]
    ReservedName,
    #[error("a recovery slot is not opened by a passphrase; make a new recovery code instead")]
    NotByPassphrase,
    #[error(
        "that is not a recovery code: a symbol in it is wrong, missing or too many; compare it with your note"
    )]
    MistypedCode,
    #[error("that recovery code does not open this vault")]
    WrongCode,
    #[error("this vault has no recovery code")]
    NoRecoveryCode,
    #[error("a vault has at most {limit} slots; remove one first")]
    SlotsFull { limit: u8 },
    #[error("this vault has no slot {0}")]
    NoSuchSlot(u8),
    #[error("this is the slot that the vault is open by; open it with another one to remove it")]
    OwnSlot,
    #[error("this is the last slot that can trade and change the vault; add another one first")]
    LastTrader,
    #[error("a label is at most {limit} bytes of plain text")]
    BadLabel { limit: usize },
    #[error(
        "the vault holds more than {limit_mib} MiB, too much to be sealed anew at once; remove records first"
    )]
    TooLargeToRotate { limit_mib: usize },
    #[error(
        "the vault is older than this machine remembers (generation {found} < {remembered}): restored from a backup, or damaged?"
    )]
    OlderThanAnchor { found: u64, remembered: u64 },
    #[error(
        "the vault is not the one that this machine remembers at generation {generation}: two copies of it were changed apart, or it was tampered with"
    )]
    ForkedFromAnchor { generation: u64 },
    #[error(
        "this machine remembers another vault in this place ({}): is this the right folder?",
        .0.display()
    )]
    AnchorOfAnother(PathBuf),
    #[error(
        "what this machine remembers of the vault cannot be trusted ({} is damaged): was the vault put back, too?",
        .0.display()
    )]
    AnchorBroken(PathBuf),
    #[error(
        "the change is in the vault, but this machine could not note it ({0}); until it can, an older copy put back would not be told"
    )]
    NotAnchored(Box<VaultError>),
    #[error("there is no backup {0}")]
    NoBackup(u8),
    #[error("the backup is damaged: {0}; try the other one")]
    BackupDamaged(Damage),
    #[error("a vault holds at most {limit} records")]
    TooMany { limit: usize },
    #[error("the vault's store failed ({0}); close tradedeck and start it again")]
    StoreFailed(String),
    #[error("the system gave no random numbers; nothing was written")]
    NoRandomness,
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// What is wrong with a vault that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("its store cannot be read")]
    Store,
    #[error("the file is cut short, or changed")]
    File,
    #[error("both copies of its header are broken")]
    Headers,
    #[error("the two copies of its header contradict each other")]
    HeadersDisagree,
    #[error("its header was changed without its keys")]
    HeaderSeal,
    #[error("its header does not belong to its records")]
    OtherHeader,
    #[error("its list of records is missing or broken")]
    Manifest,
    #[error("the record {0} is missing")]
    RecordMissing(RecordName),
    #[error("the record {0} is an older one put back")]
    RecordOlder(RecordName),
    #[error("the record {0} holds another record's content")]
    RecordSwapped(RecordName),
    #[error("the record {0} was changed")]
    RecordChanged(RecordName),
    #[error("it holds something that is not on its list of records")]
    Unlisted,
}

impl From<Damage> for VaultError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl VaultError {
    /// Whether a backup may help: the vault is damaged, and not merely locked, newer, or in use. See
    /// [`backups`](super::backups) and [`restore`](super::restore()).
    #[must_use]
    pub fn calls_for_restore(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::HostileCost { .. })
    }

    /// For `map_err`: `read`, `write` or the like, and the path it concerns.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn in_use(pid: u32, terminal: &str, since: &str) -> String {
    if pid == 0 {
        return "another tradedeck is using this vault; it has not said which".to_owned();
    }
    format!("another tradedeck is using this vault: process {pid} on {terminal}, since {since}")
}
