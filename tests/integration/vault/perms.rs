//! The vault is for its owner alone: made so under any umask, and refused where it is not.

use super::home::*;
use super::program::{Program, refusal};
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::process::Output;

/// Every file and folder below, and that others have no part in it; how many files.
fn expect_private(folder: &Path) -> usize {
    let mut paths = vec![folder.to_path_buf()];
    let mut files = 0;
    while let Some(path) = paths.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o7777;
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{mode:o} {}", path.display());
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            paths.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            files += 1;
        }
    }
    files
}

/// What the program and the library say, which is the same.
#[track_caller]
fn refused(home: &Home) -> String {
    let output = Program::of(home, &["accounts"]).run();
    let (code, told) = refusal(&output);
    assert!(matches!(code, Some(1 | 4)), "{code:?} {told}");
    let library = InstanceLock::take(&home.folder, &holder()).and_then(LockedVault::open);
    assert_eq!(told, library.err().expect("refused").to_string());
    told
}

/// Run under a umask that keeps nobody out.
fn open_to_all(home: &Home, arguments: &[&str]) -> Output {
    let mut program = Program::of(home, arguments);
    program.umask = "000";
    program.run()
}

#[test]
fn perms() {
    let home = Home::empty();
    if cfg!(debug_assertions) {
        let made = open_to_all(&home, &["vault", "init"]);
        assert!(made.status.success(), "{made:?}");
    } else {
        drop(home.create());
    }
    assert!(expect_private(&home.folder) >= 4);
    let opened = open_to_all(&home, &["accounts"]);
    assert!(opened.status.success(), "{opened:?}");
    assert!(expect_private(&home.folder) >= 4);
}

#[test]
fn perms_open_to_others_are_refused_with_the_command_to_run() {
    let home = Home::empty().quick();
    for (path, open, private) in [
        ("lock", 0o644, "600"),
        ("vault.sled/db", 0o644, "600"),
        ("vault.sled/db", 0o620, "600"),
        ("vault.sled/conf", 0o604, "600"),
        ("vault.sled/blobs", 0o750, "700"),
        ("vault.sled", 0o755, "700"),
        (".", 0o711, "700"),
    ] {
        let path = home.folder.join(path).canonicalize().unwrap();
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
        let expected = format!(
            "is open to other users; run: chmod {private} {}",
            path.display()
        );
        let told = refused(&home);
        assert!(told.ends_with(&expected), "{told}");
        fs::set_permissions(&path, before).unwrap();
    }
    assert!(home.unlock().is_ok(), "and nothing was changed");
}

#[test]
fn perms_of_another_owner_are_refused_with_the_command_to_run() {
    let me = rustix::process::geteuid();
    if !me.is_root() {
        note("skipped: only root gives files away");
        return;
    }
    let home = Home::empty().quick();
    for path in ["lock", "vault.sled/db", "vault.sled", "."] {
        let path = home.folder.join(path).canonicalize().unwrap();
        chown(&path, Some(12_345), None).unwrap();
        let told = refused(&home);
        let expected = format!("sudo chown {} {}", me.as_raw(), path.display());
        assert!(told.ends_with(&expected), "{told}");
        assert_eq!(fs::metadata(&path).unwrap().uid(), 12_345, "left alone");
        chown(&path, Some(me.as_raw()), None).unwrap();
    }
    assert!(home.unlock().is_ok(), "and nothing was changed");
}

#[test]
fn perms_behind_a_symbolic_link_are_refused() {
    for linked in ["lock", "vault.sled/db", "vault.sled", "."] {
        let home = Home::empty().quick();
        let path = home.folder.join(linked).canonicalize().unwrap();
        let elsewhere = home.folder.with_file_name("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let expected = format!("readlink -f {}", path.display());
        let told = refused(&home);
        assert!(told.ends_with(&expected), "{told}");
    }
}
