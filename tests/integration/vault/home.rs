//! A vault in a folder of its own, and what a stranger can do to it: through sled and the file system, knowing the
//! format but not the keys.

pub(super) use std::collections::BTreeMap;
pub(super) use std::fs::{self, Permissions};
pub(super) use std::os::unix::fs::PermissionsExt as _;
pub(super) use std::path::{Path, PathBuf};
pub(super) use tradedeck::vault::{
    self, Damage, Domain, Environment, Holder, InstanceLock, KdfCost, Keeper, LockedVault,
    Passphrase, RecordName, Refused, SecretBytes, Vault, VaultError,
};

use tempfile::TempDir;

/// The passphrase of every vault here, and of the frozen one.
pub(super) const RIGHT: &str = "frozen";

/// The two places of a vault's header.
pub(super) const HEADERS: [&[u8]; 2] = [b"hdr/A", b"hdr/B"];

/// Rows of a vault as the first version wrote it: two records, and a cost that is soon spent.
pub(super) const FROZEN: &str = include_str!("../../fixtures/vault/tdv1.hex");

/// A vault in a folder of its own, closed.
pub(super) struct Home {
    _root: Option<TempDir>,
    pub(super) folder: PathBuf,
}

impl Home {
    pub(super) fn empty() -> Self {
        Self::inside(tempfile::tempdir().unwrap())
    }

    /// In memory where the system has room there: for what is made and thrown away many times.
    pub(super) fn scratch() -> Self {
        let memory = tempfile::tempdir_in("/dev/shm");
        Self::inside(memory.or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn inside(root: TempDir) -> Self {
        let folder = root.path().join("tradedeck");
        Self {
            _root: Some(root),
            folder,
        }
    }

    /// In a folder that somebody else clears away.
    pub(super) fn below(root: PathBuf) -> Self {
        let folder = root.join("tradedeck");
        Self {
            _root: None,
            folder,
        }
    }

    pub(super) fn with_vault() -> Self {
        let home = Self::empty();
        drop(home.create());
        home
    }

    /// With three records.
    pub(super) fn with_records() -> Self {
        let home = Self::empty();
        let mut vault = home.create();
        for id in 1..=3 {
            vault.put(&name(id), &secret(id, "first")).unwrap();
        }
        drop(vault);
        home
    }

    /// An empty vault that opens in no time, in every build: a release build makes none, so it is given the frozen one.
    pub(super) fn quick(self) -> Self {
        if cfg!(debug_assertions) {
            drop(self.create());
            return self;
        }
        self.thaw(FROZEN);
        let mut vault = self.unlocked();
        for name in vault.list() {
            assert!(vault.remove(&name).unwrap());
        }
        drop(vault);
        self
    }

    /// A vault of these rows, lines `key value` of hexadecimal.
    pub(super) fn thaw(&self, rows: &str) {
        drop(self.lock());
        fs::create_dir(self.store()).unwrap();
        fs::set_permissions(self.store(), Permissions::from_mode(0o700)).unwrap();
        self.tamper(|db| {
            for row in rows.lines().filter(|line| !line.starts_with('#')) {
                let (key, value) = row.split_once(' ').unwrap();
                db.insert(from_hex(key), from_hex(value)).unwrap();
            }
        });
    }

    /// In memory, the same as it is now.
    pub(super) fn copy(&self) -> Self {
        let copy = Self::scratch();
        copy_folder(&self.folder, &copy.folder);
        if self.state().exists() {
            copy_folder(&self.state(), &copy.state());
        }
        copy
    }

    pub(super) fn create(&self) -> Vault {
        Vault::create(self.lock(), &passphrase(RIGHT), cost()).unwrap_or_else(|why| panic!("{why}"))
    }

    pub(super) fn lock(&self) -> InstanceLock {
        InstanceLock::take(&self.folder, &holder()).unwrap()
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("vault.sled")
    }

    pub(super) fn open(&self) -> Result<LockedVault, VaultError> {
        LockedVault::open(self.lock())
    }

    /// As its owner's machine opens it, which remembers how far it had come.
    pub(super) fn open_anchored(&self) -> Result<LockedVault, VaultError> {
        Ok(self.open()?.anchored_in(&self.state()))
    }

    /// Where that is remembered.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.with_file_name("state")
    }

    pub(super) fn unlock_with(&self, typed: &str) -> Result<Vault, VaultError> {
        let unlocked = self.open()?.unlock(&passphrase(typed));
        unlocked.map_err(|Refused { error, .. }| error)
    }

    pub(super) fn unlock(&self) -> Result<Vault, VaultError> {
        self.unlock_with(RIGHT)
    }

    pub(super) fn unlocked(&self) -> Vault {
        opened(self.unlock())
    }

    /// What a stranger sees in the store.
    pub(super) fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.tamper(rows_of)
    }

    /// What a stranger does to it. What comes of it is a new database: after many changes in its place sled cannot read
    /// its log without the snapshots, which a vault does not trust.
    pub(super) fn tamper<T>(&self, act: impl FnOnce(&sled::Db) -> T) -> T {
        let db = open_sled(&self.store());
        let before = rows_of(&db);
        let outcome = act(&db);
        let rows = rows_of(&db);
        drop(db);
        if rows != before {
            fs::remove_dir_all(self.store()).unwrap();
            let db = open_sled(&self.store());
            for (key, value) in &rows {
                db.insert(key, value.as_slice()).unwrap();
            }
            db.flush().unwrap();
        }
        make_private(&self.store());
        outcome
    }

    pub(super) fn write(&self, key: &[u8], value: &[u8]) {
        self.tamper(|db| db.insert(key, value).unwrap());
    }

    /// Puts these rows in place of all that are there.
    pub(super) fn replace(&self, rows: &BTreeMap<Vec<u8>, Vec<u8>>) {
        self.tamper(|db| {
            db.clear().unwrap();
            for (key, value) in rows {
                db.insert(key, value.as_slice()).unwrap();
            }
        });
    }

    /// The store's key of the record that was written with this generation.
    pub(super) fn record_key(&self, generation: u64) -> Vec<u8> {
        let rows = self.rows();
        let mut keys = rows.iter().filter(|(key, value)| {
            key.starts_with(b"rec/") && value.starts_with(&generation.to_be_bytes())
        });
        keys.next().expect("written with this generation").0.clone()
    }

    /// Alters both copies of the header and makes their BLAKE3 right again.
    pub(super) fn alter_headers(&self, alter: impl Fn(&mut Vec<u8>)) {
        for copy in HEADERS {
            let mut header = self.rows()[copy].clone();
            header.truncate(header.len() - 32);
            alter(&mut header);
            let hash = blake3::hash(&header);
            header.extend_from_slice(hash.as_bytes());
            self.write(copy, &header);
        }
    }

    /// The folder that holds all of it, and what this machine remembers.
    pub(super) fn root(&self) -> &Path {
        self.folder.parent().unwrap()
    }

    /// Every file, by its path in the folder, and what is in it.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.folder)
    }
}

/// As often as it takes: a process that another test is just starting holds every lock for a moment.
fn open_sled(folder: &Path) -> sled::Db {
    std::iter::repeat_with(|| sled::open(folder))
        .find_map(Result::ok)
        .unwrap()
}

fn rows_of(db: &sled::Db) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let rows = db.iter().map(|row| row.unwrap());
    rows.map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

/// For whoever reads what the tests print: what was counted, what was left out.
#[expect(
    clippy::print_stdout,
    reason = "the test program is not a terminal program"
)]
pub(crate) fn note(text: &str) {
    println!("{text}");
}

/// The cheapest key derivation this build lets anyone create.
pub(super) fn cost() -> KdfCost {
    if cfg!(debug_assertions) {
        KdfCost::new(64, 1, 1).unwrap()
    } else {
        KdfCost::new(64 * 1024, 3, 4).unwrap()
    }
}

pub(super) fn holder() -> Holder {
    Holder {
        pid: std::process::id(),
        terminal: "/dev/pts/3".to_owned(),
        since: "09:14".to_owned(),
    }
}

pub(super) fn passphrase(typed: &str) -> Passphrase {
    Passphrase::new(typed).unwrap_or_else(|why| panic!("{why}"))
}

pub(super) fn name(id: u8) -> RecordName {
    RecordName::new(
        Domain::Trade,
        "alpacabroker",
        Environment::Live,
        "oauthtoken",
        [id; 16],
    )
    .unwrap()
}

pub(super) fn secret(id: u8, version: &str) -> SecretBytes {
    SecretBytes::new(format!("canary-{id}-{version}").into_bytes())
}

pub(super) fn holds(vault: &Vault, id: u8, version: &str) -> bool {
    let kept = vault.get(&name(id)).unwrap();
    kept.is_some_and(|kept| kept.same_as(&secret(id, version)))
}

pub(super) fn opened(outcome: Result<Vault, VaultError>) -> Vault {
    outcome.unwrap_or_else(|why| panic!("{why}"))
}

pub(super) fn damage(outcome: Result<Vault, VaultError>) -> Damage {
    match outcome {
        Err(VaultError::Damaged(damage)) => damage,
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("opened"),
    }
}

pub(super) fn from_hex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// For the owner alone, with everything in it.
pub(super) fn make_private(path: &Path) {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            make_private(&entry.unwrap().path());
        }
    }
}

pub(super) fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap().to_path_buf();
                files.insert(inside, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Makes `to` the same as `from`, for the owner alone.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if path.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
    make_private(to);
}
