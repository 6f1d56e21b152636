//! The vault by its commands: its whole life, and every way to be told no.

use super::machine::{CHEAP, Ended, Machine, PASSPHRASE, run};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const NEW: &str = "another correct horse";
const VIEWER: &str = "only looking";

/// Runs a vault command with these lines of secrets on stdin: passphrase, recovery code, new passphrase.
#[track_caller]
fn vault(machine: &Machine, line: &str, secrets: &[&str]) -> Ended {
    let mut arguments = vec!["vault"];
    arguments.extend(line.split_whitespace());
    arguments.extend(CHEAP);
    arguments.push("--json");
    machine.run(&arguments, &(secrets.join("\n") + "\n"))
}

#[track_caller]
fn item(ended: Ended) -> Value {
    ended.expect(0).items().remove(0)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

const OPEN: &str = "--passphrase-fd 0";
const CHANGE: &str = "--passphrase-fd 0 --new-passphrase-fd 0";
const BY_CODE: &str = "--recovery-code-fd 0 --new-passphrase-fd 0";

fn connect(machine: &Machine, passphrase: &str, name: &str) {
    let customer = machine.customer();
    let secrets = format!(
        "{passphrase}\nkey={}\nsecret={}\n",
        customer.key, customer.secret
    );
    let line = format!("connect alpaca --name {name} --passphrase-fd 0 --secret-fd 0");
    let arguments: Vec<&str> = line.split_whitespace().collect();
    machine.run(&arguments, &secrets).expect(0);
}

fn connections(machine: &Machine, passphrase: &str) -> Vec<Value> {
    let arguments = ["connections", "--json", "--passphrase-fd", "0"];
    machine.run(&arguments, passphrase).expect(0).items()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_life_of_a_vault() {
    let machine = Machine::bare().await;
    let made = item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    assert_eq!(text(&made, "cipher"), "xchacha20");
    let first_code = text(&made, "recovery_code").to_owned();
    connect(&machine, PASSPHRASE, "mine");

    let line = format!("slots add --role viewer --label alice {CHANGE}");
    let added = item(vault(&machine, &line, &[PASSPHRASE, VIEWER]));
    assert_eq!(
        (text(&added, "role"), text(&added, "label")),
        ("viewer", "alice")
    );
    let viewer = item(vault(&machine, &format!("unlock {OPEN}"), &[VIEWER]));
    assert_eq!(
        (text(&viewer, "role"), &viewer["wrong_guesses"]),
        ("viewer", &0.into())
    );

    item(vault(
        &machine,
        &format!("passwd {CHANGE}"),
        &[PASSPHRASE, NEW],
    ));
    vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(3);
    let slots = vault(&machine, &format!("slots list {OPEN}"), &[NEW])
        .expect(0)
        .items();
    let roles: Vec<&str> = slots.iter().map(|slot| text(slot, "role")).collect();
    assert_eq!(roles, ["trader", "recovery", "viewer"]);

    let code = new_keys_for_everything(&machine);
    assert_ne!(code, first_code);
    lost_and_restored(&machine);

    vault(
        &machine,
        &format!("recover {BY_CODE}"),
        &[&first_code, PASSPHRASE],
    )
    .expect(3);
    item(vault(
        &machine,
        &format!("recover {BY_CODE}"),
        &[&code, PASSPHRASE],
    ));
    vault(&machine, &format!("unlock {OPEN}"), &[NEW]).expect(3);
    in_wrong_hands(&machine);
    vault(&machine, &format!("recover {BY_CODE}"), &[&code, NEW]).expect(3);
    no_secret_is_in_a_file(&machine, &[PASSPHRASE, NEW, VIEWER, &first_code, &code]);
}

/// Rotates to the other cipher; the new recovery code.
fn new_keys_for_everything(machine: &Machine) -> String {
    let rotated = item(vault(
        machine,
        &format!("rotate --cipher aes256 --yes {OPEN}"),
        &[NEW],
    ));
    assert_eq!(
        (text(&rotated, "cipher"), &rotated["epoch"]),
        ("aes256", &2.into())
    );
    assert_eq!(text(&rotated["dropped"][0], "label"), "alice");
    let code = text(&rotated, "recovery_code").to_owned();
    vault(machine, &format!("unlock {OPEN}"), &[VIEWER]).expect(3);
    assert_eq!(connections(machine, NEW).len(), 1);
    // One of the two backups still opens with what opened the vault before.
    let differs = vault(machine, &format!("check {OPEN}"), &[NEW])
        .expect(11)
        .items();
    assert_eq!(text(&differs[0], "verdict"), "differs");
    code
}

/// The vault is lost, and made from its backup.
fn lost_and_restored(machine: &Machine) {
    item(vault(machine, &format!("backup {OPEN}"), &[NEW]));
    let checked = item(vault(machine, &format!("check {OPEN}"), &[NEW]));
    assert_eq!(text(&checked, "verdict"), "sound");
    assert_ne!(checked["records"], 0);
    fs::remove_dir_all(machine.data().join("vault.sled")).unwrap();
    let restored = item(vault(machine, &format!("restore --yes {OPEN}"), &[NEW]));
    assert_eq!(restored["replaced"], Value::Null);
    let again = item(vault(machine, &format!("check {OPEN}"), &[NEW]));
    assert_eq!(again["records"], checked["records"]);
    assert_eq!(connections(machine, NEW)[0]["connection"], "mine");
}

/// A copy of it fell into wrong hands.
fn in_wrong_hands(machine: &Machine) {
    let answer = item(vault(
        machine,
        &format!("compromised --yes {OPEN}"),
        &[PASSPHRASE],
    ));
    assert_eq!(answer["old_backups_deleted"], true);
    let revoke = &answer["revoke"][0];
    assert_eq!(
        (text(revoke, "connection"), text(revoke, "provider")),
        ("mine", "alpaca")
    );
    assert_eq!(text(revoke, "environment"), "paper");
    assert!(text(revoke, "place").contains("app.alpaca.markets"));
    let after = item(vault(machine, &format!("check {OPEN}"), &[PASSPHRASE]));
    assert_eq!((&after["backups"], &after["epoch"]), (&1.into(), &3.into()));
}

fn no_secret_is_in_a_file(machine: &Machine, secrets: &[&str]) {
    let mut folders = vec![machine.folder().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            for secret in secrets {
                let mut windows = bytes.windows(secret.len());
                let found = windows.any(|it| it == secret.as_bytes());
                assert!(!found, "a secret is in {}", path.display());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_reads_is_words() {
    let machine = Machine::bare().await;
    let say = |line: &str, secrets: &[&str]| {
        let mut arguments = vec!["vault"];
        arguments.extend(line.split_whitespace());
        arguments.extend(CHEAP);
        machine.run(&arguments, &secrets.join("\n")).expect(0).out
    };
    let made = say(&format!("init {OPEN}"), &[PASSPHRASE]);
    assert!(
        made.contains("recovery code: ") && made.contains("shown this once"),
        "{made}"
    );
    let slots = say(&format!("slots list {OPEN}"), &[PASSPHRASE]);
    assert!(
        slots.starts_with("SLOT  ROLE") && slots.contains("recovery"),
        "{slots}"
    );
    let unlocked = say(&format!("unlock {OPEN}"), &[PASSPHRASE]);
    assert_eq!(
        unlocked,
        "that opens the vault for a trader, slot 1 (trader); no wrong guess before\n"
    );
    let checked = say(&format!("check {OPEN}"), &[PASSPHRASE]);
    assert!(checked.ends_with("sound\n"), "{checked}");
    let answer = say(&format!("compromised --yes {OPEN}"), &[PASSPHRASE]);
    assert!(answer.contains("recovery code: "), "{answer}");
    let machine = Machine::bare().await;
    let made = machine
        .run(
            &[
                &[
                    "vault",
                    "init",
                    "--no-recovery-code",
                    "--passphrase-fd",
                    "0",
                ],
                CHEAP,
            ]
            .concat(),
            PASSPHRASE,
        )
        .expect(0);
    assert!(!made.out.contains("recovery code"), "{made:?}");
    let code = ["0000-".repeat(13), "0".into()].concat();
    let none = vault(&machine, &format!("recover {BY_CODE}"), &[&code, NEW]).expect(3);
    assert!(none.err.contains("no recovery code"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_is_asked_for_beside_the_passphrase() {
    let machine = Machine::bare().await;
    fs::write(machine.folder().join("mine.key"), "anything at all").unwrap();
    item(vault(
        &machine,
        &format!("init --key-file mine.key {OPEN}"),
        &[PASSPHRASE],
    ));
    let without = vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(3);
    assert!(without.err.contains("--key-file"), "{without:?}");
    vault(
        &machine,
        &format!("unlock --key-file none.key {OPEN}"),
        &[PASSPHRASE],
    )
    .expect(1);
    // A new passphrase does not drop the file.
    let line = format!("passwd --key-file mine.key {CHANGE}");
    assert_eq!(
        item(vault(&machine, &line, &[PASSPHRASE, NEW]))["key_file"],
        true
    );
    vault(&machine, &format!("unlock {OPEN}"), &[NEW]).expect(3);
    item(vault(
        &machine,
        &format!("unlock --key-file mine.key {OPEN}"),
        &[NEW],
    ));
    // Commands that only look open it the same way.
    let look = |beside: &[&str]| {
        let line = [&["connections", "--passphrase-fd", "0"], beside].concat();
        machine.run(&line, NEW)
    };
    look(&[]).expect(3);
    look(&["--key-file", "mine.key"]).expect(0);
}

/// A command, the secrets handed over, its number and part of its sentence.
const NOS: &[(&str, &[&str], i32, &str)] = &[
    ("init", &[PASSPHRASE], 1, "already"),
    ("unlock", &["wrong"], 3, "does not open"),
    ("rotate", &[PASSPHRASE], 2, "--yes"),
    ("compromised", &[PASSPHRASE], 2, "--yes"),
    ("slots remove 3", &[PASSPHRASE], 2, "--yes"),
    ("restore", &[PASSPHRASE], 2, "--yes"),
    ("slots remove 9 --yes", &[PASSPHRASE], 1, "slots list"),
    ("slots remove 1 --yes", &[PASSPHRASE], 9, "last slot"),
    ("rotate --yes", &[VIEWER], 9, "trader's passphrase"),
    ("compromised --yes", &[VIEWER], 9, "trader's passphrase"),
    ("slots remove 1 --yes", &[VIEWER], 9, "trader's passphrase"),
    ("restore --yes", &[VIEWER], 9, "trader's passphrase"),
    (
        "passwd --new-passphrase-fd 0",
        &[VIEWER, NEW],
        9,
        "trader's passphrase",
    ),
    (
        "passwd --new-passphrase-fd 0",
        &[PASSPHRASE, ""],
        3,
        "empty",
    ),
    (
        "slots add --role trader --new-passphrase-fd 0",
        &[VIEWER, NEW],
        9,
        "trader's passphrase",
    ),
    (
        "slots add --role trader --label xyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy --new-passphrase-fd 0",
        &[PASSPHRASE, NEW],
        1,
        "label",
    ),
    (
        "recover --new-passphrase-fd 0 --recovery-code-fd 0",
        &["", "0000-1", NEW],
        3,
        "",
    ),
    (
        "passwd --read-only --new-passphrase-fd 0",
        &[PASSPHRASE, NEW],
        9,
        "read-only",
    ),
    ("rotate --yes --read-only", &[PASSPHRASE], 9, "read-only"),
    (
        "compromised --yes --read-only",
        &[PASSPHRASE],
        9,
        "read-only",
    ),
    (
        "slots remove 3 --yes --read-only",
        &[PASSPHRASE],
        9,
        "read-only",
    ),
    ("recovery-code --read-only", &[PASSPHRASE], 9, "read-only"),
    ("recovery-code", &[VIEWER], 9, "trader's passphrase"),
    ("backup --read-only", &[PASSPHRASE], 9, "read-only"),
    ("restore --yes --read-only", &[PASSPHRASE], 9, "read-only"),
    (
        "unlock --accept-older --read-only",
        &[PASSPHRASE],
        9,
        "read-only",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_no_has_its_number_and_changes_nothing() {
    let machine = Machine::bare().await;
    vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(1);
    vault(&machine, &format!("restore --yes {OPEN}"), &[PASSPHRASE]).expect(1);
    item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    let line = format!("slots add --role viewer {CHANGE}");
    item(vault(&machine, &line, &[PASSPHRASE, VIEWER]));
    let before = store_bytes(&machine);
    for (line, secrets, code, says) in NOS {
        let ended = vault(&machine, &format!("{line} {OPEN}"), secrets).expect(*code);
        assert!(ended.err.contains(says), "{line}: {ended:?}");
    }
    for line in ["unlock", "slots list", "check"] {
        vault(&machine, &format!("{line} --read-only {OPEN}"), &[VIEWER]).expect(0);
    }
    assert_eq!(store_bytes(&machine), before, "nothing was written");
    item(vault(
        &machine,
        &format!("slots remove 3 --yes {OPEN}"),
        &[PASSPHRASE],
    ));
    vault(&machine, &format!("unlock {OPEN}"), &[VIEWER]).expect(3);
}

/// What the vault's own files hold; sled's snapshots are its own affair.
fn store_bytes(machine: &Machine) -> Vec<(PathBuf, Vec<u8>)> {
    let names = ["vault.sled/db", "vault.bak.0", "vault.bak.1"];
    let paths = names.map(|name| machine.data().join(name));
    let anchor = machine.folder().join("state/tradedeck/anchor");
    let all = paths.into_iter().chain([anchor]);
    all.map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_not_ours_alone_are_refused_with_the_command_that_mends_them() {
    let machine = Machine::bare().await;
    item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    let data = machine.data();
    let state = machine.folder().join("state/tradedeck");
    let lines = [
        format!("unlock {OPEN}"),
        format!("slots list {OPEN}"),
        format!("check {OPEN}"),
        format!("backup {OPEN}"),
        format!("rotate --yes {OPEN}"),
        format!("compromised --yes {OPEN}"),
        format!("passwd {CHANGE}"),
        format!("recover {BY_CODE}"),
    ];
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    for (path, open, private) in [
        (data.join("vault.sled/db"), 0o644, 0o600),
        (data.join("lock"), 0o644, 0o600),
        (data.clone(), 0o755, 0o700),
        (data.join("vault.sled"), 0o755, 0o700),
        (state, 0o755, 0o700),
    ] {
        mode(&path, open).unwrap();
        for line in &lines {
            refused(
                &machine,
                line,
                &format!("chmod {private:o} {}", path.display()),
            );
        }
        mode(&path, private).unwrap();
    }
    mode(&data.join("vault.bak.0"), 0o644).unwrap();
    refused(&machine, &format!("restore 0 --yes {OPEN}"), "chmod 600");
    mode(&data.join("vault.bak.0"), 0o600).unwrap();
    fs::rename(&data, machine.folder().join("elsewhere")).unwrap();
    symlink(machine.folder().join("elsewhere"), &data).unwrap();
    for line in lines
        .iter()
        .chain([&format!("init {OPEN}"), &format!("restore --yes {OPEN}")])
    {
        refused(&machine, line, "readlink -f");
    }
}

#[track_caller]
fn refused(machine: &Machine, line: &str, mends: &str) {
    let ended = vault(machine, line, &[PASSPHRASE, NEW]).expect(1);
    assert!(ended.err.contains(mends), "{line}: {ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_put_back_is_taken_only_by_a_persons_word_and_the_log_says_so() {
    let machine = Machine::bare().await;
    item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    let old = machine.folder().join("old");
    let copied = |from: &Path, to: &Path| {
        let mut copy = std::process::Command::new("cp");
        assert!(copy.arg("-a").args([from, to]).status().unwrap().success());
    };
    let store = machine.data().join("vault.sled");
    copied(&store, &old);
    item(vault(
        &machine,
        &format!("passwd {CHANGE}"),
        &[PASSPHRASE, NEW],
    ));
    fs::remove_dir_all(&store).unwrap();
    copied(&old, &store);
    let told = vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(4);
    assert!(
        told.err.contains("older than this machine remembers"),
        "{told:?}"
    );
    assert!(told.err.contains("--accept-older"), "{told:?}");
    let checked = vault(&machine, &format!("check {OPEN}"), &[PASSPHRASE]).expect(4);
    assert_eq!(text(&checked.items()[0], "verdict"), "damaged");
    item(vault(
        &machine,
        &format!("unlock --accept-older {OPEN}"),
        &[PASSPHRASE],
    ));
    item(vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]));
    // A backup that is older than the vault was is put in place, and taken no sooner either.
    let mut older = vec![PASSPHRASE, NEW];
    item(vault(&machine, &format!("passwd {CHANGE}"), &older));
    older.reverse();
    item(vault(&machine, &format!("passwd {CHANGE}"), &older));
    let which = (0..=1).find(|which| {
        let line = format!("restore {which} --yes {OPEN}");
        vault(&machine, &line, &[NEW]).code == 4
    });
    let told = vault(&machine, &format!("unlock {OPEN}"), &[NEW]).expect(4);
    assert!(told.err.contains("--accept-older"), "{told:?}");
    let line = format!("restore {} --yes --accept-older {OPEN}", which.unwrap());
    assert!(item(vault(&machine, &line, &[NEW]))["replaced"].is_string());
    item(vault(&machine, &format!("unlock {OPEN}"), &[NEW]));
    let logs = fs::read_dir(machine.folder().join("state/tradedeck/log")).unwrap();
    let logged: String = logs
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(logged.matches("by --accept-older").count(), 2, "{logged}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_vault_and_a_damaged_backup_are_told_apart() {
    let machine = Machine::bare().await;
    item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    fs::write(machine.data().join("vault.bak.0"), "not a backup").unwrap();
    let backup = vault(&machine, &format!("check {OPEN}"), &[PASSPHRASE]).expect(11);
    assert!(backup.err.contains("vault backup"), "{backup:?}");
    assert_eq!(backup.items()[0]["findings"][0]["part"], "backup");
    vault(&machine, &format!("restore 0 --yes {OPEN}"), &[PASSPHRASE]).expect(4);
    item(vault(&machine, &format!("backup {OPEN}"), &[PASSPHRASE]));
    fs::write(machine.data().join("vault.sled/db"), "of another program").unwrap();
    let damaged = vault(&machine, &format!("check {OPEN}"), &[PASSPHRASE]).expect(4);
    assert_eq!(text(&damaged.items()[0], "verdict"), "damaged");
    assert!(
        damaged.err.contains("tradedeck vault restore"),
        "{damaged:?}"
    );
    let restored = item(vault(
        &machine,
        &format!("restore --yes {OPEN}"),
        &[PASSPHRASE],
    ));
    assert!(Path::new(text(&restored, "replaced")).is_dir());
    item(vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_opens_with_the_recovery_code_too() {
    let machine = Machine::bare().await;
    let made = item(vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]));
    let code = text(&made, "recovery_code")
        .to_lowercase()
        .replace('-', " ");
    fs::remove_dir_all(machine.data().join("vault.sled")).unwrap();
    let missing = vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(1);
    assert!(
        missing.err.contains("tradedeck vault restore"),
        "{missing:?}"
    );
    let left = vault(&machine, &format!("init {OPEN}"), &[PASSPHRASE]).expect(1);
    assert!(left.err.contains("tradedeck vault restore"), "{left:?}");
    item(vault(
        &machine,
        &format!("restore --yes {BY_CODE}"),
        &[&code, NEW],
    ));
    item(vault(&machine, &format!("unlock {OPEN}"), &[NEW]));
    vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]).expect(3);
    let renewed = item(vault(&machine, &format!("recovery-code {OPEN}"), &[NEW]));
    let line = format!("recover {BY_CODE}");
    vault(&machine, &line, &[&code, PASSPHRASE]).expect(3);
    let new_code = text(&renewed, "recovery_code");
    item(vault(&machine, &line, &[new_code, PASSPHRASE]));
    item(vault(&machine, &format!("unlock {OPEN}"), &[PASSPHRASE]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_another_instance_every_vault_command_says_where_to_go() {
    let machine = Machine::with_vault().await;
    let held = machine.lock();
    for line in [
        "init",
        "unlock",
        "passwd",
        "slots list",
        "slots add --role viewer",
        "slots remove 1",
        "rotate",
        "compromised",
        "backup",
        "restore",
        "check",
        "recover",
        "recovery-code",
    ] {
        let mut command = machine.command();
        command
            .arg("vault")
            .args(line.split_whitespace())
            .args(["--passphrase-fd", "0"]);
        let ended = tokio::task::block_in_place(|| run(command, PASSPHRASE)).expect(6);
        assert!(
            ended.err.contains("do it there, or close it"),
            "{line}: {ended:?}"
        );
    }
    drop(held);
}
