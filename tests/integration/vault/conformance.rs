//! A second implementation of the format, `tests/conformance/tdv1.py`, reads what we write and writes what we read.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::changes::{Records, SMALL, records_of};
use super::home::*;

/// Runs the other implementation; `None` where there is no Python.
fn python(arguments: &[&str], input: &str) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/tdv1.py");
    let mut command = Command::new("python3");
    command
        .arg(script)
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
fn lines(records: &Records) -> Vec<String> {
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
    SMALL.fill(&mut vault);
    for step in [10, 11] {
        let change = SMALL.change(step, &records_of(&vault).unwrap());
        change.make(&mut vault).unwrap();
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
    let output = python(
        &["read", file.to_str().unwrap()],
        &format!("{passphrase}\n"),
    )?;
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
    let expected: String = lines(&records)
        .into_iter()
        .map(|line| line + "\n")
        .collect();
    if let Some(found) = read(&home.rows(), RIGHT) {
        assert!(found == Ok(expected), "{found:?}");
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
