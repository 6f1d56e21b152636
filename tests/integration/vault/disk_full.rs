//! The disk is full: a small one is mounted, seen by nobody else, where the system lets us.

use std::env;
use std::process::Command;

use super::changes::{PLAIN, State};
use super::home::*;

const DISK: &str = "TRADEDECK_TEST_SMALL_DISK";

/// Runs the other test on a disk of so many MiB; false where nothing can be mounted.
fn on_a_disk_of(mib: u32, test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mount =
        "mount -t tmpfs -o size=\"$1\"m,mode=0700 tmpfs \"$2\" || exit 42; shift 2; exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", mount, "sh", &mib.to_string()])
        .arg(folder.path())
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("vault::disk_full::{test}")])
        .env(DISK, folder.path());
    let Ok(output) = command.output() else {
        note("skipped: there is no unshare");
        return false;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(42) || told.contains("unshare failed") {
        note(&format!("skipped: nothing can be mounted here: {told}"));
        return false;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{told}"
    );
    true
}

/// The folder on the small disk, in the process that was started for it.
fn small_disk() -> Option<Home> {
    let folder = PathBuf::from(env::var_os(DISK)?);
    // As the program has it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    Some(Home::below(folder))
}

fn no_space<T>(outcome: Result<T, VaultError>) -> bool {
    let why = outcome.err().expect("there is no room");
    let told = why.to_string();
    assert!(told.contains("the disk is nearly full"), "{told}");
    matches!(why, VaultError::NoSpace { .. })
}

#[test]
fn fault_points_on_a_full_disk() {
    on_a_disk_of(2, "child_on_two_mib");
    on_a_disk_of(24, "child_on_a_disk_that_fills");
}

/// Not a test of its own: too small for a vault.
#[test]
fn child_on_two_mib() {
    let Some(home) = small_disk() else {
        return;
    };
    assert!(no_space(Vault::create(
        home.lock(),
        &passphrase(RIGHT),
        cost()
    )));
    assert!(!vault::exists(&home.folder), "nothing looks like a vault");
}

/// Not a test of its own: nothing is written any more, everything is read, and it goes on when there is room again.
#[test]
fn child_on_a_disk_that_fills() {
    let Some(home) = small_disk() else {
        return;
    };
    let mut vault = home.create();
    PLAIN.fill(&mut vault);
    let state = State::of(&vault, 0).unwrap();
    let ballast = home.folder.with_file_name("ballast");
    fill(&ballast);
    let refused = PLAIN.change(10, &state).make(&mut vault, &state);
    assert!(no_space(refused));
    assert!(no_space(vault.remove(state.records.keys().next().unwrap())));
    assert_eq!(State::of(&vault, 0).unwrap(), state);
    drop(vault);
    // On a disk without a byte left it may say no, but then it says so and nothing is lost.
    let opened = home.unlock().map(|vault| State::of(&vault, 0).unwrap());
    assert!(opened.is_err() || opened.is_ok_and(|found| found == state));
    fs::remove_file(ballast).unwrap();
    expect_goes_on(&home, &state);
}

/// Writes until nothing fits.
fn fill(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    let chunk = [1; 4096];
    while std::io::Write::write_all(&mut file, &chunk).is_ok() {}
}

fn expect_goes_on(home: &Home, state: &State) {
    let mut vault = home.unlocked();
    assert_eq!(State::of(&vault, 0).unwrap(), *state);
    let changed = PLAIN.change(10, state).make(&mut vault, state);
    changed.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(State::of(&vault, 0).unwrap(), PLAIN.after(10, state));
}
