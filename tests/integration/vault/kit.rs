//! The kit: vaults, backups and anchors with one defect each, and what is to be said of each. They were made by
//! `tests/conformance/tdv1_kit.py`, which says how they are written, and are frozen: every later version says the same.

use super::changes::records_named;
use super::conformance::{lines, python_script};
use super::home::*;
use tradedeck::vault::{KeyFile, Opener, RecoveryCode, Refused, Role};

/// What the kit must know of; of each there are several.
const KINDS: [&str; 14] = [
    "ok",
    "wrong_passphrase",
    "damaged_header",
    "bad_mac",
    "bad_slot",
    "param_cap",
    "swapped_record",
    "old_record",
    "missing_record",
    "old_vault",
    "newer_format",
    "truncated",
    "trailing_bytes",
    "non_canonical",
];

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault/kit");
    folder.join(name)
}

/// A line of the index: kind, answer, name and defect.
struct Listed {
    kind: String,
    answer: String,
    name: String,
    defect: String,
}

fn index() -> Vec<Listed> {
    let text = fs::read_to_string(fixture("index")).unwrap();
    let listed = text.lines().map(|line| {
        let (words, defect) = line.split_once(": ").unwrap();
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let [kind, answer, name] = words.try_into().unwrap();
        Listed {
            kind,
            answer,
            name,
            defect: defect.to_owned(),
        }
    });
    listed.collect()
}

/// A file of the kit.
#[derive(Default)]
struct Case {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    passphrase: Option<String>,
    key_file: Option<Vec<u8>>,
    code: Option<String>,
    anchor: Option<Vec<u8>>,
    backup: Option<Vec<u8>>,
    holds: Vec<String>,
}

/// `=` stands for nothing at all.
fn bytes(hex: &str) -> Vec<u8> {
    from_hex(hex.trim_matches('='))
}

impl Case {
    fn read(name: &str) -> Self {
        let text = fs::read_to_string(fixture(&format!("{name}.txt"))).unwrap();
        let mut case = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(": ") {
                Some((what, said)) => case.hear(what, said),
                None => case.row(line),
            }
        }
        case
    }

    fn hear(&mut self, what: &str, said: &str) {
        match what {
            "like" => self.rows = Self::read(said).rows,
            "passphrase" => self.passphrase = Some(said.to_owned()),
            "key_file" => self.key_file = Some(bytes(said)),
            "code" => self.code = Some(said.to_owned()),
            "anchor" => self.anchor = Some(bytes(said)),
            "backup" => self.backup = Some(bytes(said)),
            "holds" => self.holds.push(said.to_owned()),
            other => panic!("a case does not say {other}"),
        }
    }

    fn row(&mut self, line: &str) {
        let (key, value) = line.split_once(' ').unwrap();
        match value {
            "-" => self.rows.remove(&bytes(key)),
            value => self.rows.insert(bytes(key), bytes(value)),
        };
    }

    /// The vault as it is on a disk.
    fn laid_down(&self) -> Home {
        let home = Home::scratch();
        drop(home.lock());
        let backup = home.folder.join("vault.bak.0");
        if self.backup.is_none() {
            home.thaw("");
            home.replace(&self.rows);
        }
        if self.anchor.is_some() {
            fs::create_dir(home.state()).unwrap();
        }
        for (path, found) in [
            (backup, &self.backup),
            (home.state().join("anchor"), &self.anchor),
        ] {
            if let Some(found) = found {
                fs::write(path, found).unwrap();
            }
        }
        make_private(home.root());
        home
    }

    /// As the program does it: a backup is restored first where there is no store.
    fn open(&self, home: &Home) -> Result<Vault, VaultError> {
        let typed = passphrase(self.passphrase.as_deref().unwrap_or(RIGHT));
        let key_file = self.key_file.as_deref().map(KeyFile::from_bytes);
        let key_file = key_file.map(Result::unwrap);
        let opener = Opener {
            passphrase: &typed,
            key_file: key_file.as_ref(),
        };
        let locked = match self.backup {
            Some(_) => vault::restore(home.lock(), 0, opener)?.vault,
            None => home.open()?,
        };
        let locked = locked.anchored_in(&home.state());
        let opened = match self.code.as_deref().map(RecoveryCode::parse) {
            Some(code) => locked.recover(&code.unwrap(), opener, cost()),
            None => locked.unlock(opener),
        };
        opened.map_err(|Refused { error, .. }| error)
    }

    /// What it holds, opened and read through.
    fn lines(&self, home: &Home) -> Result<Vec<String>, VaultError> {
        let vault = self.open(home)?;
        let names = vault.list().into_iter();
        let shown =
            names.filter(|name| vault.role() != Role::Viewer || name.domain() == Domain::View);
        Ok(lines(&records_named(&vault, shown)?))
    }

    /// One word, or what was not to happen.
    fn answer(&self) -> String {
        let home = self.laid_down();
        let before = home.files();
        match self.lines(&home) {
            Ok(found) if found == self.holds => "ok".to_owned(),
            Ok(found) => format!("it holds {found:?}"),
            Err(_) if self.backup.is_none() && home.files() != before => {
                "it was refused and written to".to_owned()
            }
            Err(why) => word(&why),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else is said is wrong"
)]
fn word(why: &VaultError) -> String {
    let word = match why {
        VaultError::WrongPassphrase => "wrong_passphrase",
        VaultError::WrongCode => "wrong_code",
        VaultError::NoRecoveryCode => "no_recovery_code",
        VaultError::NeedsTrader => "needs_trader",
        VaultError::NewerFormat { .. } => "newer_format",
        VaultError::HostileCost { .. } => "param_cap",
        VaultError::OlderThanAnchor { .. } => "old_vault",
        VaultError::ForkedFromAnchor { .. } => "forked_vault",
        VaultError::AnchorOfAnother(_) => "other_vault",
        VaultError::AnchorBroken(_) => "broken_anchor",
        VaultError::Damaged(damage) | VaultError::BackupDamaged(damage) => word_of(damage),
        other => return other.to_string(),
    };
    word.to_owned()
}

fn word_of(damage: &Damage) -> &'static str {
    match damage {
        Damage::Store => "damaged_store",
        Damage::File => "damaged_backup",
        Damage::Headers => "damaged_header",
        Damage::HeadersDisagree => "headers_disagree",
        Damage::HeaderSeal => "bad_mac",
        Damage::OtherHeader => "other_header",
        Damage::Manifest => "damaged_list",
        Damage::RecordMissing(_) => "missing_record",
        Damage::RecordOlder(_) => "old_record",
        Damage::RecordSwapped(_) => "swapped_record",
        Damage::RecordChanged(_) => "changed_record",
        Damage::Unlisted => "unlisted",
    }
}

#[test]
fn tdv1_kit() {
    let index = index();
    let wrong: Vec<String> = index
        .iter()
        .filter_map(|it| {
            let answer = Case::read(&it.name).answer();
            (answer != it.answer).then(|| {
                format!(
                    "{} ({}): {answer}, and not {}",
                    it.name, it.defect, it.answer
                )
            })
        })
        .collect();
    note(&format!("{} cases, {} wrong", index.len(), wrong.len()));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every file is in the index and the other way round, and no kind of defect is left out.
#[test]
fn tdv1_kit_is_complete() {
    let index = index();
    assert!(index.len() >= 300, "only {} cases", index.len());
    let listed = index.iter().map(|it| format!("{}.txt", it.name));
    let mut listed: Vec<String> = listed.chain(["index".to_owned()]).collect();
    listed.sort();
    let files = files_below(&fixture("")).into_keys();
    let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
    assert_eq!(files, listed);
    for kind in KINDS {
        let cases = index.iter().filter(|it| it.kind == kind).count();
        assert!(cases >= 5, "{cases} cases of {kind}");
    }
}

/// The tool still makes it, bit for bit, and the other implementation says the same of every case.
#[test]
fn tdv1_kit_is_what_its_tool_makes() {
    if let Some(output) = python_script("tdv1_kit.py", &["check"], "") {
        assert!(output.status.success(), "{output:?}");
    }
}
