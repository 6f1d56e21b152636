//! A second implementation of the format, `tests/conformance/tdv1.py`, reads what we write and writes what we read.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::changes::{PLAIN, Records, State, records_of};
use super::home::*;
use tradedeck::vault::{KeyFile, NewSlot, NewVault, Opener, Role, Suite};

/// Runs the other implementation; `None` where there is no Python.
fn python(arguments: &[&str], input: &str) -> Option<Output> {
    python_script("tdv1.py", arguments, input)
}

/// The same for what was built on it.
pub(super) fn python_script(script: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut command = Command::new("python3");
    command
        .arg("-B")
        .arg(folder.join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        note("skipped: there is no python3");
        return None;
    };
    // A check reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Some(child.wait_with_output().unwrap())
}

/// A record as a line: domain, broker, environment, kind, id and secret.
pub(super) fn lines(records: &Records) -> Vec<String> {
    let line = |(name, secret): (&RecordName, &Vec<u8>)| {
        let domain = match name.domain() {
            Domain::View => "view",
            Domain::Trade => "trade",
        };
        let environment = match name.environment() {
            Environment::Paper => "paper",
            Environment::Live => "live",
        };
        let (id, secret) = (to_hex(&name.id()), to_hex(secret));
        let (broker, kind) = (name.broker(), name.kind());
        format!("{domain} {broker} {environment} {kind} {id} {secret}")
    };
    records.iter().map(line).collect()
}

fn text_of(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows as the other implementation takes them.
fn dump(rows: &BTreeMap<Vec<u8>, Vec<u8>>, file: &Path) {
    let rows = rows
        .iter()
        .map(|(key, value)| format!("{} {}\n", to_hex(key), to_hex(value)));
    fs::write(file, rows.collect::<String>()).unwrap();
}

fn filled() -> (Home, Records) {
    let home = Home::scratch().quick();
    let mut vault = home.unlocked();
    PLAIN.fill(&mut vault);
    for step in [10, 11] {
        let state = State::of(&vault, 0).unwrap();
        let made = PLAIN.change(step, &state).make(&mut vault, &state);
        made.unwrap();
    }
    // As long as a secret may be, so that there are several steps of padding, and an empty one.
    for (id, length) in [(200, vault::LARGEST_SECRET), (201, 0)] {
        vault
            .put(&name(id), &SecretBytes::new(vec![id; length]))
            .unwrap();
    }
    let records = records_of(&vault).unwrap();
    drop(vault);
    (home, records)
}

/// What it says of these rows.
fn read(rows: &BTreeMap<Vec<u8>, Vec<u8>>, passphrase: &str) -> Option<Result<String, String>> {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("rows");
    dump(rows, &file);
    python_reads(&file, passphrase, &[])
}

/// What it says of a file, with more to its command.
fn python_reads(file: &Path, passphrase: &str, more: &[&str]) -> Option<Result<String, String>> {
    let arguments = [&["read", file.to_str().unwrap()], more].concat();
    let output = python(&arguments, &format!("{passphrase}\n"))?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Some(match output.status.code() {
        Some(0) => Ok(text(output.stdout)),
        Some(3) => Err(text(output.stderr).trim().to_owned()),
        code => panic!("{code:?} {}", text(output.stderr)),
    })
}

#[test]
fn tdv1_primitives_of_the_other_implementation_are_right() {
    if let Some(output) = python(&["check"], "") {
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn tdv1_what_we_write_the_other_implementation_reads() {
    let (home, records) = filled();
    let expected = text_of(&lines(&records));
    if let Some(found) = read(&home.rows(), RIGHT) {
        assert!(found == Ok(expected), "{found:?}");
    }
}

/// In both ciphers: a vault with a viewer and a key file, its rows and its backup.
#[test]
fn tdv1_roles_key_files_ciphers_and_backups_are_read_alike() {
    let scratch = tempfile::tempdir().unwrap();
    let beside = scratch.path().join("key");
    fs::write(&beside, b"what lies beside").unwrap();
    let home = Home::scratch();
    let mut new = NewVault::from(cost());
    new.key_file = Some(KeyFile::read(&beside).unwrap());
    let mut vault = opened(Vault::create(home.lock(), &passphrase(RIGHT), new));
    PLAIN.fill(&mut vault);
    let key_file = KeyFile::read(&beside).unwrap();
    let (owner, alice) = (passphrase(RIGHT), passphrase("alice"));
    let opener = Opener {
        passphrase: &owner,
        key_file: Some(&key_file),
    };
    for suite in [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305] {
        vault
            .rotate(suite, opener)
            .unwrap_or_else(|why| panic!("{why}"));
        let slot = NewSlot {
            role: Role::Viewer,
            label: "alice",
            opener: Opener::from(&alice),
            cost: cost(),
        };
        vault.add_slot(&slot).unwrap();
        vault.back_up(u64::from(vault.epoch())).unwrap();
        let newest = vault::backups(&home.folder).remove(0).path;
        let all = text_of(&lines(&records_of(&vault).unwrap()));
        let beside = ["--key-file", beside.to_str().unwrap()];
        let Some(output) = python_reads(&newest, RIGHT, &beside) else {
            return;
        };
        assert!(output == Ok(all.clone()), "{output:?}");
        let viewed = python_reads(&newest, "alice", &[]).unwrap().unwrap();
        let expected = all.lines().filter(|line| line.starts_with("view "));
        assert!(viewed.lines().eq(expected), "{viewed}");
        let without = python_reads(&newest, RIGHT, &[]).unwrap();
        assert_eq!(without, Err("wrong_passphrase".to_owned()));
    }
}

#[test]
fn tdv1_a_backup_that_the_other_implementation_makes_is_restored() {
    let (_, records) = filled();
    for cipher in [&[][..], &["--aes256"]] {
        let home = Home::scratch();
        drop(home.lock());
        let file = home.folder.join("vault.bak.0");
        let input = [vec![RIGHT.to_owned()], lines(&records)]
            .concat()
            .join("\n");
        let arguments = [&["back-up", file.to_str().unwrap()], cipher].concat();
        let Some(output) = python(&arguments, &input) else {
            return;
        };
        assert!(output.status.success(), "{output:?}");
        let restored = vault::restore(home.lock(), 0, &passphrase(RIGHT));
        drop(restored.unwrap_or_else(|why| panic!("{why}")));
        assert!(records_of(&home.unlocked()).unwrap() == records);
    }
}

#[test]
fn tdv1_what_the_other_implementation_writes_we_read() {
    let (_, records) = filled();
    let home = Home::scratch();
    drop(home.lock());
    let file = home.folder.join("rows");
    let input = [vec![RIGHT.to_owned()], lines(&records)]
        .concat()
        .join("\n");
    let Some(output) = python(&["write", file.to_str().unwrap()], &input) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    home.thaw(&fs::read_to_string(file).unwrap());
    let mut vault = home.unlocked();
    assert!(records_of(&vault).unwrap() == records);
    vault.put(&name(1), &secret(1, "first")).unwrap();
    drop(vault);
    assert!(holds(&home.unlocked(), 1, "first"), "and it goes on");
}

/// One defect each, that both find: what the other implementation calls it, and what is done to the rows.
#[test]
fn tdv1_both_refuse_the_same() {
    let (home, _) = filled();
    let rows = home.rows();
    let records: Vec<&Vec<u8>> = rows.keys().filter(|key| key.starts_with(b"rec/")).collect();
    let (one, two) = (records[0], records[1]);
    let list = [&b"man/"[..], &[0, 0]].concat();
    let flipped = |key: &[u8], at: usize| {
        let mut value = rows[key].clone();
        value[at] ^= 1;
        (key.to_vec(), Some(value))
    };
    let both = |at: usize| HEADERS.map(|copy| flipped(copy, at)).to_vec();
    let swapped = [(one, two), (two, one)].map(|(to, from)| (to.clone(), Some(rows[from].clone())));
    let defects = [
        ("damaged_header", both(20)),
        ("changed_record", vec![flipped(one, 100)]),
        ("missing_record", vec![(one.clone(), None)]),
        ("swapped_record", swapped.to_vec()),
        ("damaged_list", vec![flipped(&list, 30)]),
        ("damaged_list", vec![(list.clone(), None)]),
        ("unlisted", vec![(b"more".to_vec(), Some(vec![1]))]),
    ];
    for (word, changes) in defects {
        let mut defect = rows.clone();
        for (key, value) in changes {
            match value {
                Some(value) => defect.insert(key, value),
                None => defect.remove(&key),
            };
        }
        let Some(found) = read(&defect, RIGHT) else {
            return;
        };
        assert_eq!(found, Err(word.to_owned()));
        home.replace(&defect);
        assert!(
            matches!(home.unlock(), Err(VaultError::Damaged(_))),
            "{word}"
        );
    }
    let wrong = read(&rows, "wrong").unwrap();
    assert_eq!(wrong, Err("wrong_passphrase".to_owned()));
}
