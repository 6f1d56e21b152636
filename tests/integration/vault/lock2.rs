//! A second process: told who has the vault, it touches nothing; and when the first is killed, the next opens at once.

use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use super::changes::PLAIN;
use super::home::*;
use super::process::{Job, Other};
use super::program::{Program, refusal};

/// Everything in the folder: what it is, and when it was last touched.
fn state(home: &Home) -> BTreeMap<PathBuf, (Vec<u8>, i64, i64)> {
    let files = home.files().into_iter();
    let touched = files.map(|(path, bytes)| {
        let metadata = fs::metadata(home.folder.join(&path)).unwrap();
        let moment = (metadata.mtime_nsec(), metadata.ctime_nsec());
        (path, (bytes, moment.0, moment.1))
    });
    touched.collect()
}

const COMMANDS: [&[&str]; 3] = [&["accounts"], &["vault", "init"], &["status"]];

#[test]
fn lock2() {
    let home = Home::empty().quick();
    let first = home.unlocked();
    let before = state(&home);
    let expected = format!(
        "another tradedeck is using this vault: process {} on /dev/pts/3, since 09:14",
        std::process::id()
    );
    for command in COMMANDS {
        let (code, told) = refusal(&Program::of(&home, command).run());
        let expected = format!("{expected}; do it there, or close it and try again");
        assert_eq!((code, told), (Some(6), expected), "{command:?}");
    }
    let refused = InstanceLock::take(&home.folder, &holder()).unwrap_err();
    assert_eq!(refused.to_string(), expected);
    assert!(state(&home) == before, "something was touched");
    drop(first);
    assert!(Program::of(&home, &["accounts"]).run().status.success());
}

#[test]
fn lock2_of_a_killed_process_is_free_at_once() {
    let home = Home::empty().quick();
    let mut next = 0;
    for _ in 0..5 {
        let mut other = Other::ready(&Job::changes(&home, PLAIN, next, u64::MAX));
        let refused = InstanceLock::take(&home.folder, &holder()).unwrap_err();
        assert!(matches!(refused, VaultError::InUse { pid, .. } if pid == other.child.id()));
        other.line();
        other.kill();
        other.end();
        next = home.unlocked().generation();
    }
}

/// By the clock that only goes forward.
pub(super) fn now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(now).unwrap()
}

#[test]
#[ignore = "measures time: the full form, on an idle machine"]
fn lock2_full() {
    let home = Home::empty().quick();
    let _first = home.unlocked();
    let before = state(&home);
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let began = now();
        let told = refusal(&Program::of(&home, &["accounts"]).run());
        slowest = slowest.max(now() - began);
        assert_eq!(told.0, Some(6));
    }
    note(&format!("the slowest refusal took {slowest:?}"));
    assert!(slowest.as_millis() < 200, "{slowest:?}");
    assert!(state(&home) == before, "something was touched");
}
