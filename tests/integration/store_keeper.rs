//! The vault's store, opened by a process of its own.

use crate::support::pty::{self, Pty};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use tradedeck::vault::{
    self, Domain, Environment, Holder, InstanceLock, KdfCost, Keeper, LockedVault, Passphrase,
    RecordName, SecretBytes, Vault, VaultError,
};

fn keeper(program: &str) -> Keeper {
    Keeper {
        program: program.into(),
        arguments: vec!["keep-store".into()],
    }
}

fn ours() -> Keeper {
    keeper(env!("CARGO_BIN_EXE_tradedeck"))
}

fn lock(folder: &Path) -> InstanceLock {
    let holder = Holder {
        pid: 1,
        terminal: String::new(),
        since: String::new(),
    };
    InstanceLock::take(folder, &holder).unwrap()
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple")
        .ok()
        .unwrap()
}

fn create(lock: InstanceLock) -> Result<Vault, VaultError> {
    Vault::create(lock, &passphrase(), KdfCost::new(32, 1, 1).unwrap())
}

fn unlock(lock: InstanceLock) -> Vault {
    let opened = LockedVault::open(lock).unwrap_or_else(|why| panic!("{why}"));
    opened.unlock(&passphrase()).ok().unwrap()
}

fn name(id: u8) -> RecordName {
    let id = [id; 16];
    RecordName::new(
        Domain::Trade,
        "alpaca",
        Environment::Paper,
        "connection",
        id,
    )
    .unwrap()
}

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

#[test]
fn what_it_wrote_is_there_for_every_process_and_the_other_way_round() {
    let home = tempfile::tempdir().unwrap();
    let folder = &home.path().join("data");
    let mut apart = create(lock(folder).with_keeper(ours())).unwrap_or_else(|why| panic!("{why}"));
    apart.put(&name(1), &secret("apart")).unwrap();
    drop(apart);
    let mut here = unlock(lock(folder));
    assert!(
        here.get(&name(1))
            .unwrap()
            .unwrap()
            .same_as(&secret("apart"))
    );
    here.put(&name(2), &secret("here")).unwrap();
    drop(here);
    let mut apart = unlock(lock(folder).with_keeper(ours()));
    assert!(
        apart
            .get(&name(2))
            .unwrap()
            .unwrap()
            .same_as(&secret("here"))
    );
    assert!(apart.remove(&name(1)).unwrap());
    assert_eq!(apart.list(), [name(2)]);
}

#[test]
fn a_keeper_that_dies_or_talks_nonsense_makes_no_vault() {
    for program in ["/bin/false", "/bin/echo", "/nonexistent"] {
        let home = tempfile::tempdir().unwrap();
        let folder = &home.path().join("data");
        let refused = create(lock(folder).with_keeper(keeper(program))).err();
        assert!(
            matches!(refused, Some(VaultError::StoreFailed(_))),
            "{program}"
        );
        assert!(!vault::exists(folder), "{program}");
    }
}

#[test]
fn damage_is_damage_through_it_too() {
    let home = tempfile::tempdir().unwrap();
    let folder = &home.path().join("data");
    drop(create(lock(folder).with_keeper(ours())));
    std::fs::write(folder.join("vault.sled/db"), [0x55; 4096]).unwrap();
    let refused = LockedVault::open(lock(folder).with_keeper(ours())).err();
    assert!(matches!(refused, Some(VaultError::Damaged(_))));
}

#[test]
fn typed_by_a_person_it_says_that_it_is_not_for_them() {
    let home = tempfile::tempdir().unwrap();
    let typed = Command::new(env!("CARGO_BIN_EXE_tradedeck"))
        .arg("keep-store")
        .arg(home.path())
        .output()
        .unwrap();
    assert_eq!(typed.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&typed.stderr),
        "tradedeck: this command is for tradedeck itself\n"
    );
    let left = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 0, "nothing was opened");
}

#[test]
fn the_cockpit_has_no_thread_of_the_store() {
    let terminal = Pty::open(40, 140);
    let home = tempfile::tempdir().unwrap();
    let mut command = pty::command(&[env!("CARGO_BIN_EXE_tradedeck"), "demo"]);
    command.env_clear();
    command.env("HOME", home.path());
    command.env("TERM", "xterm-256color");
    command.env("TMPDIR", home.path());
    let mut child = terminal.start(command);
    let mut output = terminal.handle();
    let mut screen = vt100::Parser::new(40, 140, 0);
    let mut bytes = [0; 8192];
    // The total of accounts is there once the vault was made and connections were sealed in it.
    while !screen.screen().contents().contains("Total") {
        let count = output.read(&mut bytes).unwrap();
        screen.process(&bytes[..count]);
    }
    let tasks = format!("/proc/{}/task", child.id());
    let names: Vec<String> = std::fs::read_dir(tasks)
        .unwrap()
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!names.iter().any(|name| name.contains("sled")), "{names:?}");
}
