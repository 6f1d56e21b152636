//! One tradedeck per vault. The lock is taken before anything else in the folder is touched, and the
//! kernel gives it back however its holder ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::disk;
use super::error::VaultError;
use super::store::Housing;
use super::store::apart::Apart;

/// Who takes the lock, for the sentence that another process shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// As `tty` prints it, or a word such as `no terminal`.
    pub terminal: String,
    /// When it began, as text for a person.
    pub since: String,
}

/// The right to open what is in a folder; held until its last copy is dropped.
#[derive(Debug, Clone)]
pub struct InstanceLock {
    folder: PathBuf,
    file: Arc<File>,
    keeper: Option<Keeper>,
}

/// The program that opens the store in a process of its own: it ends in [`serve_store`](super::serve_store) on the
/// folder that it is given after these arguments.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// This very program, most likely.
    pub program: PathBuf,
    /// What it is told before the folder.
    pub arguments: Vec<OsString>,
}

const FILE: &str = "lock";
const LONGEST_WORD: usize = 64;
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);
const TRIES_FOR_THE_DEAD: u32 = 20;

impl InstanceLock {
    /// Takes the folder, making it when it is not there.
    ///
    /// # Errors
    /// [`VaultError::InUse`] at once when another process has it, which then was not disturbed;
    /// [`VaultError::Permissions`]; [`VaultError::Io`].
    pub fn take(folder: &Path, holder: &Holder) -> Result<Self, VaultError> {
        if folder.symlink_metadata().is_err() {
            disk::make_folder(folder)?;
        }
        disk::check_private(folder)?;
        let path = folder.join(FILE);
        if path.symlink_metadata().is_ok() {
            disk::check_private(&path)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(VaultError::io("open", &path))?;
        match take_or_wait_for_the_dead(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(file)),
            Err(TryLockError::Error(source)) => return Err(VaultError::io("lock", &path)(source)),
        }
        sign(&file, holder).map_err(VaultError::io("write", &path))?;
        let folder = folder.to_path_buf();
        Ok(Self {
            folder,
            file: Arc::new(file),
            keeper: None,
        })
    }

    /// Has the store opened by another process from now on. What sled leaves running then ends with that process.
    #[must_use]
    pub fn with_keeper(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    pub(super) fn housing(&self) -> Housing {
        let apart = |keeper: &Keeper| {
            Housing::Apart(Apart {
                program: keeper.program.clone(),
                arguments: keeper.arguments.clone(),
                lock: Arc::clone(&self.file),
            })
        };
        self.keeper.as_ref().map_or(Housing::Here, apart)
    }

    /// The folder it is the right to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The process that opens the store holds the lock as well, and outlives a holder that was killed by a moment.
fn take_or_wait_for_the_dead(file: &File) -> Result<(), TryLockError> {
    let is_busy = |error: &TryLockError| matches!(error, TryLockError::WouldBlock);
    let mut tries = 0;
    loop {
        match while_busy(|| file.try_lock(), is_busy) {
            Err(TryLockError::WouldBlock) if tries < TRIES_FOR_THE_DEAD && !holder_lives(file) => {
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Whether the process that signed the lock is there; one that cannot be read counts as there.
fn holder_lives(file: &File) -> bool {
    let mut bytes = [0; 16];
    let read = file.read_at(&mut bytes, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..read]);
    let pid = text.lines().next().and_then(|line| line.parse().ok());
    match pid.and_then(Pid::from_raw) {
        Some(pid) => test_kill_process(pid) != Err(Errno::SRCH),
        None => true,
    }
}

/// Asks again for a moment while somebody else has a lock: a child process that is just being started holds, until
/// its exec, a copy of every lock that was let go meanwhile.
///
/// # Errors
/// What `attempt` last returned.
pub fn while_busy<T, E>(
    attempt: impl Fn() -> Result<T, E>,
    is_busy: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 0..TRIES {
        match attempt() {
            Err(error) if is_busy(&error) => thread::sleep(BETWEEN_TRIES),
            outcome => return outcome,
        }
    }
    attempt()
}

/// Written first and cut after, so that a reader in between sees three whole lines.
fn sign(file: &File, holder: &Holder) -> io::Result<()> {
    let Holder {
        pid,
        terminal,
        since,
    } = holder;
    let text = format!("{pid}\n{}\n{}\n", cleaned(terminal), cleaned(since));
    file.write_all_at(text.as_bytes(), 0)?;
    file.set_len(text.len() as u64)
}

fn in_use(file: File) -> VaultError {
    let mut text = String::new();
    // Whatever is unreadable in it is shown as unknown: the lock is held all the same.
    let _ = file.take(512).read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let mut word = || lines.next().map(cleaned).unwrap_or_default();
    VaultError::InUse {
        pid,
        terminal: word(),
        since: word(),
    }
}

/// Another process wrote it, and it goes to a terminal: one short line of plain text.
fn cleaned(text: &str) -> String {
    let plain = |&c: &char| c == ' ' || c.is_ascii_graphic();
    text.chars().filter(plain).take(LONGEST_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(pid: u32, terminal: &str) -> Holder {
        Holder {
            pid,
            terminal: terminal.to_owned(),
            since: "09:14".to_owned(),
        }
    }

    fn told(folder: &Path) -> String {
        InstanceLock::take(folder, &holder(2, "/dev/pts/9"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = &home.path().join("data");
        let pid = std::process::id();
        let first = InstanceLock::take(folder, &holder(pid, "/dev/pts/3")).unwrap();
        let sentence = format!(
            "another tradedeck is using this vault: process {pid} on /dev/pts/3, since 09:14"
        );
        assert_eq!(told(folder), sentence);
        drop(first);
        assert!(InstanceLock::take(folder, &holder(1, "")).is_ok());
    }

    #[test]
    fn a_lock_that_outlives_its_holder_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let folder = &home.path().join("data");
        // No process has this number: the kernel's greatest is 4,194,304.
        let dead = InstanceLock::take(folder, &holder(4_194_305, "/dev/pts/3")).unwrap();
        let waiting = folder.clone();
        let next = thread::spawn(move || InstanceLock::take(&waiting, &holder(1, "")).is_ok());
        drop(dead);
        assert!(next.join().unwrap());
    }

    #[test]
    fn a_shorter_signature_leaves_nothing_of_the_longer_one() {
        let home = tempfile::tempdir().unwrap();
        let folder = &home.path().join("data");
        drop(InstanceLock::take(folder, &holder(4_000_000, "/dev/pts/333")).unwrap());
        let _held = InstanceLock::take(folder, &holder(7, "tty1")).unwrap();
        let written = std::fs::read_to_string(folder.join(FILE)).unwrap();
        assert_eq!(written, "7\ntty1\n09:14\n");
    }

    #[test]
    fn what_another_process_wrote_is_cleaned() {
        let home = tempfile::tempdir().unwrap();
        let folder = &home.path().join("data");
        let _held = InstanceLock::take(folder, &holder(7, "tty1")).unwrap();
        std::fs::write(
            folder.join(FILE),
            "1\n\u{1b}]52;c;x\u{7}pts\n\u{202e}10:00\n",
        )
        .unwrap();
        let sentence =
            "another tradedeck is using this vault: process 1 on ]52;c;xpts, since 10:00";
        assert_eq!(told(folder), sentence);
        for garbled in [&b""[..], b"\xff\xfe", b"not a number"] {
            std::fs::write(folder.join(FILE), garbled).unwrap();
            let unknown = "another tradedeck is using this vault; it has not said which";
            assert_eq!(told(folder), unknown);
        }
    }
}
