//! A vault that does not open: each reason has its number, and `status` says what is known all the same.

use super::machine::Machine;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

fn store(machine: &Machine) -> PathBuf {
    machine.data().join("vault.sled")
}

/// Writes both copies of the header as another release would, or as nobody would, with the right checksum.
fn alter_headers(machine: &Machine, alter: impl Fn(&mut Vec<u8>)) {
    // A process that another test is just starting holds every lock for a moment.
    let db = std::iter::repeat_with(|| sled::open(store(machine)))
        .find_map(Result::ok)
        .unwrap();
    for copy in ["hdr/A", "hdr/B"] {
        let mut header = db.get(copy).unwrap().unwrap().to_vec();
        header.truncate(header.len() - blake3::OUT_LEN);
        alter(&mut header);
        header.extend_from_slice(blake3::hash(&header).as_bytes());
        db.insert(copy, header).unwrap();
    }
    db.flush().unwrap();
    drop(db);
    for file in fs::read_dir(store(machine)).unwrap() {
        let path = file.unwrap().path();
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Where the second byte of the format's number is.
const FORMAT: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_vault_that_does_not_open_has_its_number() {
    let machine = Machine::with_vault().await;
    alter_headers(&machine, |header| header[FORMAT] = 2);
    let newer = machine.open(&["accounts"]).expect(5);
    assert!(newer.err.contains("update tradedeck"), "{newer:?}");
    assert_eq!(machine.run(&["status"], "").expect(5).out, "vault broken\n");

    let machine = Machine::with_vault().await;
    alter_headers(&machine, |header| header.truncate(40));
    let damaged = machine.open(&["accounts"]).expect(4);
    assert!(damaged.err.contains("the vault is damaged"), "{damaged:?}");

    let machine = Machine::with_vault().await;
    fs::write(store(&machine).join("db"), "of another program").unwrap();
    machine.open(&["accounts"]).expect(4);

    let machine = Machine::with_vault().await;
    let everybody = fs::Permissions::from_mode(0o644);
    fs::set_permissions(store(&machine).join("db"), everybody).unwrap();
    let open = machine.open(&["accounts"]).expect(1);
    assert!(open.err.contains("run: chmod"), "{open:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_bar_is_told_that_the_vault_is_locked() {
    let machine = Machine::bare().await;
    let absent = machine.run(&["status"], "").expect(1);
    assert_eq!(absent.out, "vault absent\n");

    let machine = Machine::with_vault().await;
    let locked = machine.run(&["status"], "").expect(3);
    assert_eq!(locked.out, "vault locked\n");
    assert!(
        locked.err.contains("start one with `tradedeck`") && !locked.err.contains("terminal"),
        "{locked:?}"
    );
    let locked = machine.run(&["status", "--json"], "").expect(3).items();
    assert_eq!(locked[0]["vault"], "locked");
}
