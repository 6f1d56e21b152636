//! One case for each way a vault can be wrong. Vaults are tampered with as a stranger would: through sled
//! and the file system, knowing the format but not the keys.

#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]
use std::collections::BTreeMap;
use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;
use tradedeck::vault::{
    self, Damage, Domain, Environment, Holder, InstanceLock, KdfCost, LockedVault, Passphrase,
    RecordName, Refused, SecretBytes, Vault, VaultError,
};

const RIGHT: &str = "correct horse battery staple";

/// A vault in a folder of its own, closed, with three records.
struct Home {
    _root: TempDir,
    folder: PathBuf,
}

impl Home {
    fn empty() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tradedeck");
        Self {
            _root: root,
            folder,
        }
    }

    fn with_vault() -> Self {
        let home = Self::empty();
        drop(home.create());
        home
    }

    fn with_records() -> Self {
        let home = Self::empty();
        let mut vault = home.create();
        for id in 1..=3 {
            vault.put(&name(id), &secret(id, "first")).unwrap();
        }
        drop(vault);
        home
    }

    fn create(&self) -> Vault {
        Vault::create(self.lock(), &passphrase(RIGHT), cost()).unwrap_or_else(|why| panic!("{why}"))
    }

    fn lock(&self) -> InstanceLock {
        InstanceLock::take(&self.folder, &holder()).unwrap()
    }

    fn store(&self) -> PathBuf {
        self.folder.join("vault.sled")
    }

    fn open(&self) -> Result<LockedVault, VaultError> {
        LockedVault::open(self.lock())
    }

    fn unlock_with(&self, typed: &str) -> Result<Vault, VaultError> {
        let unlocked = self.open()?.unlock(&passphrase(typed));
        unlocked.map_err(|Refused { error, .. }| error)
    }

    fn unlock(&self) -> Result<Vault, VaultError> {
        self.unlock_with(RIGHT)
    }

    fn unlocked(&self) -> Vault {
        opened(self.unlock())
    }

    /// What a stranger sees in the store.
    fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.tamper(|db| {
            let rows = db.iter().map(|row| row.unwrap());
            rows.map(|(key, value)| (key.to_vec(), value.to_vec()))
                .collect()
        })
    }

    /// What a stranger does to it. Opens it as often as it takes: a process that another test is just
    /// starting holds every lock for a moment.
    fn tamper<T>(&self, act: impl FnOnce(&sled::Db) -> T) -> T {
        let db = std::iter::repeat_with(|| sled::open(self.store()))
            .find_map(Result::ok)
            .unwrap();
        let outcome = act(&db);
        db.flush().unwrap();
        drop(db);
        make_private(&self.store());
        outcome
    }

    fn write(&self, key: &[u8], value: &[u8]) {
        self.tamper(|db| db.insert(key, value).unwrap());
    }

    /// The store's key of the record that was written with this generation.
    fn record_key(&self, generation: u64) -> Vec<u8> {
        let rows = self.rows();
        let mut keys = rows.iter().filter(|(key, value)| {
            key.starts_with(b"rec/") && value.starts_with(&generation.to_be_bytes())
        });
        keys.next().expect("written with this generation").0.clone()
    }

    /// Alters both copies of the header and makes their BLAKE3 right again.
    fn alter_headers(&self, alter: impl Fn(&mut Vec<u8>)) {
        for copy in [&b"hdr/A"[..], b"hdr/B"] {
            let mut header = self.rows()[copy].clone();
            header.truncate(header.len() - 32);
            alter(&mut header);
            let hash = blake3::hash(&header);
            header.extend_from_slice(hash.as_bytes());
            self.write(copy, &header);
        }
    }
}

/// The cheapest key derivation this build lets anyone create.
fn cost() -> KdfCost {
    if cfg!(debug_assertions) {
        KdfCost::new(64, 1, 1).unwrap()
    } else {
        KdfCost::new(64 * 1024, 3, 4).unwrap()
    }
}

fn holder() -> Holder {
    Holder {
        pid: std::process::id(),
        terminal: "/dev/pts/3".to_owned(),
        since: "09:14".to_owned(),
    }
}

fn passphrase(typed: &str) -> Passphrase {
    Passphrase::new(typed).unwrap_or_else(|why| panic!("{why}"))
}

fn name(id: u8) -> RecordName {
    RecordName::new(
        Domain::Trade,
        "alpacabroker",
        Environment::Live,
        "oauthtoken",
        [id; 16],
    )
    .unwrap()
}

fn secret(id: u8, version: &str) -> SecretBytes {
    SecretBytes::new(format!("canary-{id}-{version}").into_bytes())
}

fn holds(vault: &Vault, id: u8, version: &str) -> bool {
    let kept = vault.get(&name(id)).unwrap();
    kept.is_some_and(|kept| kept.same_as(&secret(id, version)))
}

fn opened(outcome: Result<Vault, VaultError>) -> Vault {
    outcome.unwrap_or_else(|why| panic!("{why}"))
}

fn make_private(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}

fn damage(outcome: Result<Vault, VaultError>) -> Damage {
    match outcome {
        Err(VaultError::Damaged(damage)) => damage,
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("opened"),
    }
}

// ---- round trips

#[test]
fn secrets_come_back_after_reopening_under_their_names() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(2), &secret(2, "second")).unwrap();
    assert!(vault.remove(&name(3)).unwrap());
    assert!(!vault.remove(&name(3)).unwrap());
    drop(vault);
    let vault = home.unlocked();
    assert_eq!(vault.list(), [name(1), name(2)]);
    assert!(holds(&vault, 1, "first") && holds(&vault, 2, "second"));
    assert!(vault.get(&name(3)).unwrap().is_none());
    assert_eq!(vault.generation(), 6, "one to make it, five changes");
}

#[test]
fn a_locked_vault_opens_again_without_reopening() {
    let home = Home::with_records();
    let locked = home.unlocked().lock();
    let refused = locked.unlock(&passphrase("wrong")).err().unwrap();
    let vault = refused.vault.unlock(&passphrase(RIGHT)).ok().unwrap();
    assert_eq!(vault.wrong_guesses(), 1);
    assert!(holds(&vault, 1, "first"));
}

#[test]
fn many_large_secrets_fit_and_come_back() {
    let home = Home::with_vault();
    let mut vault = home.unlocked();
    let large = |id: u8| SecretBytes::new(vec![id; vault::LARGEST_SECRET]);
    for id in 0..105 {
        vault.put(&name(id), &large(id)).unwrap();
    }
    drop(vault);
    let mut vault = home.unlocked();
    assert!((0..105).all(|id| vault.get(&name(id)).unwrap().unwrap().same_as(&large(id))));
    for id in 0..10 {
        vault.remove(&name(id)).unwrap();
    }
    drop(vault);
    assert_eq!(home.unlocked().list().len(), 95);
}

#[test]
fn the_disk_sees_no_secret_and_no_name() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    vault.remove(&name(2)).unwrap();
    drop(vault);
    let mut folders = vec![home.folder.clone()];
    let mut bytes = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                bytes.extend(fs::read(&path).unwrap());
            }
        }
    }
    let seen = |needle: &str| {
        bytes
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    };
    assert!(seen("hdr/A"), "the search finds what is there");
    for needle in ["canary", "alpacabroker", "oauthtoken", RIGHT] {
        assert!(!seen(needle), "{needle}");
    }
}

/// Rows of a vault as the first version wrote it, passphrase `frozen`: it opens for ever.
#[test]
fn the_first_vault_ever_written_opens() {
    let home = Home::empty();
    drop(home.lock());
    fs::create_dir(home.store()).unwrap();
    fs::set_permissions(home.store(), Permissions::from_mode(0o700)).unwrap();
    let rows = include_str!("../fixtures/vault/tdv1.hex");
    home.tamper(|db| {
        for row in rows.lines().filter(|line| !line.starts_with('#')) {
            let (key, value) = row.split_once(' ').unwrap();
            db.insert(from_hex(key), from_hex(value)).unwrap();
        }
    });
    let vault = opened(home.unlock_with("frozen"));
    assert_eq!(vault.list(), [name(1), name(2)]);
    assert!(holds(&vault, 1, "frozen") && holds(&vault, 2, "frozen"));
}

fn from_hex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

// ---- passphrases

#[test]
fn a_wrong_passphrase_is_refused_and_nothing_is_written() {
    let home = Home::with_records();
    let before = home.rows();
    let refused = home.unlock_with("wrong").err().unwrap();
    assert!(matches!(refused, VaultError::WrongPassphrase));
    assert_eq!(home.rows(), before);
}

#[test]
fn an_empty_vault_still_refuses_a_wrong_passphrase() {
    let refused = Home::with_vault().unlock_with("wrong").err();
    assert!(matches!(refused, Some(VaultError::WrongPassphrase)));
}

#[test]
fn a_slot_that_was_tampered_with_looks_like_a_wrong_passphrase() {
    let home = Home::with_vault();
    let header = home.rows()[&b"hdr/A"[..]].clone();
    let wrapped_key = header.len() - 32 - 64 - 20;
    let commitment = wrapped_key - 100;
    for at in [wrapped_key, commitment] {
        let home = Home::with_vault();
        home.alter_headers(|header| header[at] ^= 1);
        assert!(matches!(
            home.unlock().err(),
            Some(VaultError::WrongPassphrase)
        ));
    }
}

// ---- headers

#[test]
fn one_broken_header_is_read_from_its_copy_and_mended() {
    for copy in [&b"hdr/A"[..], b"hdr/B"] {
        let home = Home::with_records();
        let whole = home.rows()[copy].clone();
        let mut broken = whole.clone();
        broken[20] ^= 1;
        home.write(copy, &broken);
        let mut vault = home.unlocked();
        assert!(holds(&vault, 1, "first"));
        vault.put(&name(1), &secret(1, "second")).unwrap();
        drop(vault);
        assert_eq!(home.rows()[copy], whole);
    }
}

#[test]
fn two_broken_headers_are_damage_before_any_guess() {
    let home = Home::with_records();
    for copy in [&b"hdr/A"[..], b"hdr/B"] {
        let mut broken = home.rows()[copy].clone();
        broken[20] ^= 1;
        home.write(copy, &broken);
    }
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Headers))
    ));
}

#[test]
fn headers_removed_cut_or_lengthened_are_damage() {
    let changes: [fn(&mut Vec<u8>); 3] = [
        Vec::clear,
        |header| header.truncate(100),
        |header| header.push(0),
    ];
    for change in changes {
        let home = Home::with_vault();
        for copy in [&b"hdr/A"[..], b"hdr/B"] {
            let mut header = home.rows()[copy].clone();
            change(&mut header);
            home.write(copy, &header);
        }
        assert!(matches!(
            home.open().err(),
            Some(VaultError::Damaged(Damage::Headers))
        ));
    }
    let home = Home::with_vault();
    home.tamper(|db| {
        db.remove("hdr/A").unwrap();
        db.remove("hdr/B").unwrap();
    });
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Headers))
    ));
}

#[test]
fn a_header_changed_without_the_keys_is_found() {
    const MAC: usize = 64;
    let home = Home::with_vault();
    home.alter_headers(|header| {
        let mac = header.len() - MAC;
        header[mac] ^= 1;
    });
    assert_eq!(damage(home.unlock()), Damage::HeaderSeal);

    const GENERATION: usize = 8 + 2 + 2 + 16 + 1 + 4;
    let home = Home::with_vault();
    home.alter_headers(|header| header[GENERATION + 7] = 9);
    assert_eq!(damage(home.unlock()), Damage::HeaderSeal);
}

#[test]
fn two_sound_headers_that_differ_are_damage() {
    let home = Home::with_vault();
    let other = Home::with_vault();
    home.write(b"hdr/B", &other.rows()[&b"hdr/B"[..]]);
    let refused = home.open().err();
    assert!(matches!(
        refused,
        Some(VaultError::Damaged(Damage::HeadersDisagree))
    ));
}

#[test]
fn a_newer_format_or_suite_is_refused_untouched() {
    for (at, what, newest) in [(9, "format", 1), (28, "cipher suite", 2)] {
        let home = Home::with_records();
        home.alter_headers(|header| header[at] = 3);
        let before = home.rows();
        let refused = home.open().err().unwrap();
        assert!(
            matches!(refused, VaultError::NewerFormat { what: w, found: 3, known } if w == what && known == newest)
        );
        assert_eq!(home.rows(), before);
    }
}

#[test]
fn one_newer_header_is_enough_to_keep_hands_off() {
    let home = Home::with_vault();
    let whole = home.rows()[&b"hdr/A"[..]].clone();
    home.alter_headers(|header| header[9] = 2);
    home.write(b"hdr/A", &whole);
    assert!(matches!(
        home.open().err(),
        Some(VaultError::NewerFormat { .. })
    ));
}

#[test]
fn a_hostile_cost_is_refused_before_memory_is_taken() {
    const MEMORY: usize = 8 + 2 + 2 + 16 + 1 + 4 + 8 + 1 + 5;
    let hostile = [
        (MEMORY, 64 * 1024 * 1024_u32),
        (MEMORY + 4, 1_000_000_000),
        (MEMORY + 8, 65),
    ];
    for (at, value) in hostile {
        let home = Home::with_vault();
        home.alter_headers(|header| header[at..at + 4].copy_from_slice(&value.to_be_bytes()));
        assert!(matches!(
            home.open().err(),
            Some(VaultError::HostileCost { .. })
        ));
    }
}

// ---- records

#[test]
fn swapped_records_are_found() {
    let home = Home::with_records();
    let (one, two) = (home.record_key(2), home.record_key(3));
    let rows = home.rows();
    home.write(&one, &rows[&two]);
    home.write(&two, &rows[&one]);
    assert_eq!(damage(home.unlock()), Damage::RecordSwapped(name(1)));
}

#[test]
fn an_older_record_put_back_is_found() {
    let home = Home::with_records();
    let place = home.record_key(2);
    let older = home.rows()[&place].clone();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    drop(vault);
    home.write(&place, &older);
    assert_eq!(damage(home.unlock()), Damage::RecordOlder(name(1)));
}

#[test]
fn an_older_record_and_list_put_back_are_found() {
    let home = Home::with_records();
    let older = home.rows();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    vault.put(&name(2), &secret(2, "second")).unwrap();
    drop(vault);
    let manifest = [b"man/", &0_u16.to_be_bytes()[..]].concat();
    home.write(&manifest, &older[&manifest]);
    assert!(matches!(damage(home.unlock()), Damage::RecordChanged(_)));
}

#[test]
fn a_deleted_record_is_found() {
    let home = Home::with_records();
    let place = home.record_key(3);
    home.tamper(|db| db.remove(place).unwrap());
    assert_eq!(damage(home.unlock()), Damage::RecordMissing(name(2)));
}

#[test]
fn a_removed_record_put_back_and_a_duplicate_are_found() {
    let home = Home::with_records();
    let place = home.record_key(4);
    let removed = home.rows()[&place].clone();
    home.unlocked().remove(&name(3)).unwrap();
    home.write(&place, &removed);
    assert_eq!(damage(home.unlock()), Damage::Unlisted);

    let home = Home::with_records();
    let copied = home.rows()[&home.record_key(2)].clone();
    home.write(b"rec/another place, 32 bytes long....", &copied);
    assert_eq!(damage(home.unlock()), Damage::Unlisted);
}

#[test]
fn records_cut_lengthened_or_flipped_are_found() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |value| value.truncate(value.len() - 1),
        Vec::clear,
        |value| value.push(0),
        |value| *value.last_mut().unwrap() ^= 1,
    ];
    for change in changes {
        let home = Home::with_records();
        let place = home.record_key(2);
        let mut value = home.rows()[&place].clone();
        change(&mut value);
        home.write(&place, &value);
        let found = damage(home.unlock());
        assert!(
            matches!(found, Damage::RecordChanged(_) | Damage::RecordOlder(_)),
            "{found}"
        );
    }
}

#[test]
fn another_vaults_record_is_found_even_with_the_same_passphrase() {
    let (home, other) = (Home::with_records(), Home::with_records());
    let foreign = other.rows()[&other.record_key(2)].clone();
    home.write(&home.record_key(2), &foreign);
    assert_eq!(damage(home.unlock()), Damage::RecordChanged(name(1)));
}

#[test]
fn a_list_of_records_missing_foreign_or_flipped_is_found() {
    let manifest = [b"man/", &0_u16.to_be_bytes()[..]].concat();
    let home = Home::with_records();
    let mut flipped = home.rows()[&manifest].clone();
    flipped[60] ^= 1;
    let foreign = Home::with_records().rows()[&manifest].clone();
    for value in [flipped, foreign, vec![]] {
        home.write(&manifest, &value);
        assert_eq!(damage(home.unlock()), Damage::Manifest);
    }
    home.tamper(|db| db.remove(&manifest).unwrap());
    assert_eq!(damage(home.unlock()), Damage::Manifest);
}

#[test]
fn what_does_not_belong_in_the_store_is_found() {
    let home = Home::with_records();
    home.write(b"something", b"else");
    assert_eq!(damage(home.unlock()), Damage::Unlisted);
}

// ---- files

#[test]
fn no_vault_and_a_second_vault_are_both_refused() {
    let home = Home::empty();
    assert!(matches!(home.open().err(), Some(VaultError::Missing(_))));
    assert!(!vault::exists(&home.folder));
    drop(home.create());
    assert!(vault::exists(&home.folder));
    let before = home.rows();
    let again = Vault::create(home.lock(), &passphrase("other"), cost());
    assert!(matches!(again.err(), Some(VaultError::AlreadyExists(_))));
    assert_eq!(home.rows(), before);
}

#[test]
fn a_vault_killed_while_being_made_was_never_there() {
    let home = Home::empty();
    drop(home.lock());
    let unfinished = home.folder.join("vault.sled.new");
    fs::create_dir(&unfinished).unwrap();
    fs::set_permissions(&unfinished, Permissions::from_mode(0o700)).unwrap();
    fs::write(unfinished.join("db"), "half of it").unwrap();
    assert!(!vault::exists(&home.folder));
    drop(home.create());
    assert!(home.unlock().is_ok() && !unfinished.exists());
}

#[test]
fn an_emptied_database_is_damage() {
    let home = Home::with_records();
    fs::write(home.store().join("db"), "").unwrap();
    assert!(matches!(home.open().err(), Some(VaultError::Damaged(_))));
    fs::remove_file(home.store().join("db")).unwrap();
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Store))
    ));
    assert!(!home.store().join("db").exists(), "nothing was made anew");
    fs::remove_dir_all(home.store()).unwrap();
    fs::write(home.store(), "not a folder").unwrap();
    fs::set_permissions(home.store(), Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Store))
    ));
}

/// sled may come back with less than it had; what it gives must then be one whole state of the vault.
#[test]
fn a_flipped_bit_in_the_database_never_shows_a_wrong_secret() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    drop(vault);
    let files = |folder: &Path| {
        let paths = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let sound = files(&home.store());
    let database = &sound
        .iter()
        .find(|(path, _)| path.ends_with("db"))
        .unwrap()
        .1;
    let written = database.iter().rposition(|&byte| byte != 0).unwrap();
    for at in (0..written).step_by(written / 40) {
        for (path, _) in files(&home.store()) {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &sound {
            fs::write(path, bytes).unwrap();
        }
        let mut flipped = database.clone();
        flipped[at] ^= 0x10;
        fs::write(home.store().join("db"), flipped).unwrap();
        make_private(&home.store());
        if let Ok(vault) = home.unlock() {
            let whole = |id: u8| {
                vault.list().contains(&name(id)) == vault.get(&name(id)).unwrap().is_some()
            };
            assert!(whole(1) && whole(2) && whole(3), "bit in byte {at}");
        }
    }
}

#[test]
fn files_open_to_others_are_refused_with_the_command_to_run() {
    for (path, mode) in [
        ("vault.sled/db", 0o644),
        ("vault.sled", 0o750),
        ("lock", 0o604),
        ("", 0o711),
    ] {
        let home = Home::with_records();
        let path = home.folder.join(path);
        let private = if path.is_dir() { "700" } else { "600" };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = InstanceLock::take(&home.folder, &holder()).and_then(LockedVault::open);
        let told = refused.err().unwrap().to_string();
        let path = path.display().to_string();
        let expected = format!("chmod {private} {}", path.trim_end_matches('/'));
        assert!(
            told.replace("/ ", " ")
                .trim_end_matches('/')
                .ends_with(&expected),
            "{told}"
        );
    }
}

#[test]
fn a_symbolic_link_for_a_folder_or_file_is_refused() {
    for linked in ["", "lock", "vault.sled", "vault.sled/db"] {
        let home = Home::with_records();
        let path = if linked.is_empty() {
            home.folder.clone()
        } else {
            home.folder.join(linked)
        };
        let elsewhere = home.folder.with_file_name("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let refused = InstanceLock::take(&home.folder, &holder()).and_then(LockedVault::open);
        assert!(
            matches!(refused.err(), Some(VaultError::Permissions { .. })),
            "{linked}"
        );
    }
}

#[test]
fn everything_written_is_for_the_owner_alone() {
    let home = Home::with_records();
    let vault = home.unlocked();
    let mut paths = vec![home.folder.clone()];
    let mut files = 0;
    while let Some(path) = paths.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 4);
    drop(vault);
}

// ---- other processes

const CHILD_FOLDER: &str = "TRADEDECK_TEST_VAULT_FOLDER";

/// Not a test of its own: what another process does, when this program is started again to be one.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(folder) = env::var(CHILD_FOLDER) else {
        return;
    };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let lock = InstanceLock::take(Path::new(&folder), &holder()).unwrap();
    let opened = LockedVault::open(lock).ok().unwrap();
    let mut vault = opened.unlock(&passphrase(RIGHT)).ok().unwrap();
    println!("ready");
    for generation in vault.generation() + 1.. {
        let id = u8::try_from(generation % 5).unwrap();
        if generation % 7 == 0 && vault.remove(&name(id)).unwrap() {
            println!("removed {generation}");
        } else {
            vault
                .put(
                    &name(id),
                    &SecretBytes::new(generation.to_be_bytes().to_vec()),
                )
                .unwrap();
            println!("put {generation}");
        }
    }
}

struct Other {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Other {
    fn start(home: &Home) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "vault::child_that_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD_FOLDER, &home.folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut other = Self { child, lines };
        while other.line().expect("it gets ready") != "ready" {}
        other
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| line.trim().to_owned())
    }

    /// kill -9; returns the last change it said was done.
    fn kill(&mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let said = std::iter::from_fn(|| self.line()).filter_map(|line| {
            let (_, generation) = line.split_once(' ')?;
            generation.parse().ok()
        });
        said.last()
    }
}

#[test]
fn a_second_instance_is_told_who_the_first_is_and_touches_nothing() {
    let home = Home::with_vault();
    let mut other = Other::start(&home);
    // Stopped, so that its own writing does not look like ours.
    let pid = rustix::process::Pid::from_child(&other.child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::UNTRACED).unwrap();
    let listing = || {
        let paths = [home.folder.clone(), home.store()].map(|folder| fs::read_dir(folder).unwrap());
        let entries = paths.into_iter().flatten().map(|entry| entry.unwrap());
        let looks =
            entries.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()));
        looks.collect::<BTreeMap<_, _>>()
    };
    let before = listing();
    let refused = InstanceLock::take(&home.folder, &holder()).unwrap_err();
    assert!(
        matches!(refused, VaultError::InUse { pid, ref terminal, .. }
        if pid == other.child.id() && terminal == "/dev/pts/3")
    );
    assert_eq!(listing(), before);
    other.kill();
}

#[test]
fn the_lock_of_a_killed_process_is_free_at_once() {
    let home = Home::with_vault();
    let mut other = Other::start(&home);
    assert!(matches!(
        InstanceLock::take(&home.folder, &holder()),
        Err(VaultError::InUse { .. })
    ));
    other.kill();
    assert!(home.unlock().is_ok());
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let home = Home::with_vault();
    let mut reached = 1;
    for round in 0..50_u64 {
        let mut other = Other::start(&home);
        for _ in 0..round * 5 % 13 {
            other.line().unwrap();
        }
        let acknowledged = other.kill().unwrap_or(reached);
        let vault = home
            .unlock()
            .unwrap_or_else(|why| panic!("round {round}: {why}"));
        assert!(vault.repair().is_none());
        assert!(vault.generation() >= acknowledged, "round {round}: lost");
        reached = vault.generation();
        for name in vault.list() {
            let kept = vault.get(&name).unwrap().expect("listed");
            let written = u64::from_be_bytes(kept.expose().try_into().unwrap());
            assert!(written <= reached && written % 5 == u64::from(name.id()[0]));
            assert!(
                reached - written < 40,
                "round {round}: {written} was replaced long ago"
            );
        }
    }
    assert!(reached > 50, "it wrote something: {reached}");
    std::io::stdout().flush().unwrap();
}
