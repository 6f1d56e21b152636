//! What the vault's tests share, and those that go across its files.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use super::*;

pub(in crate::vault) fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

pub(in crate::vault) fn passphrase(typed: &str) -> Passphrase {
    Passphrase::new(typed).unwrap_or_else(|why| panic!("{why}"))
}

pub(in crate::vault) fn name(domain: Domain, id: u8) -> RecordName {
    RecordName::new(domain, "alpaca", Environment::Paper, "token", [id; 16]).unwrap()
}

pub(in crate::vault) fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

pub(in crate::vault) fn holds(vault: &Vault, name: &RecordName, text: &str) -> bool {
    let kept = vault.get(name).unwrap_or_else(|why| panic!("{why}"));
    kept.is_some_and(|kept| kept.same_as(&secret(text)))
}

pub(in crate::vault) fn cheap() -> KdfCost {
    KdfCost::least_possible()
}

/// Opens a vault, or says why not.
pub(in crate::vault) trait OrRefused {
    fn or_error(self) -> Result<Vault, VaultError>;
}

impl OrRefused for Result<Vault, Refused> {
    fn or_error(self) -> Result<Vault, VaultError> {
        self.map_err(|refused| refused.error)
    }
}

/// A folder for a vault, and one in which the machine remembers it.
pub(in crate::vault) struct Home {
    root: TempDir,
}

pub(in crate::vault) const RIGHT: &str = "correct horse";

impl Home {
    pub(in crate::vault) fn empty() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { root }
    }

    /// A vault with a record of each domain, made and closed.
    pub(in crate::vault) fn with_records() -> Self {
        let home = Self::empty();
        let mut vault = home.create();
        for domain in [Domain::View, Domain::Trade] {
            vault.put(&name(domain, 1), &secret("first")).unwrap();
        }
        home
    }

    pub(in crate::vault) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(in crate::vault) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub(in crate::vault) fn instance_lock(&self) -> InstanceLock {
        let holder = Holder {
            pid: 1,
            terminal: String::new(),
            since: String::new(),
        };
        InstanceLock::take(&self.data(), &holder).unwrap_or_else(|why| panic!("{why}"))
    }

    pub(in crate::vault) fn create(&self) -> Vault {
        self.create_with(true)
    }

    pub(in crate::vault) fn create_with(&self, recovery: bool) -> Vault {
        let new = NewVault {
            recovery,
            anchor: Some(self.state()),
            ..cheap().into()
        };
        Vault::create(self.instance_lock(), &passphrase(RIGHT), new)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    pub(in crate::vault) fn locked(&self) -> Result<LockedVault, VaultError> {
        let locked = LockedVault::open(self.instance_lock())?;
        Ok(locked.anchored_in(&self.state()))
    }

    pub(in crate::vault) fn unlock(&self, typed: &str) -> Result<Vault, VaultError> {
        self.locked()?.unlock(&passphrase(typed)).or_error()
    }

    pub(in crate::vault) fn open(&self) -> Vault {
        self.unlock(RIGHT).unwrap_or_else(|why| panic!("{why}"))
    }

    /// A copy of everything as it lies on the disk now, as a crash would leave it.
    pub(in crate::vault) fn copied(&self) -> Self {
        copy_of(self.root.path())
    }

    /// Does something to a vault and gives a copy of the disk at each moment between two writes.
    pub(in crate::vault) fn crashes<T>(
        &self,
        act: impl FnOnce() -> T,
    ) -> (T, Vec<(&'static str, Self)>) {
        let copies = Rc::new(RefCell::new(Vec::new()));
        let (root, taken) = (self.root.path().to_path_buf(), Rc::clone(&copies));
        let watcher = move |moment| taken.borrow_mut().push((moment, copy_of(&root)));
        let outcome = moments::watch(watcher, act);
        (outcome, copies.take())
    }
}

fn copy_of(root: &Path) -> Home {
    let home = Home::empty();
    copy_folder(root, home.root.path());
    home
}

pub(in crate::vault) fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let source = entry.unwrap().path();
        let target = to.join(source.file_name().unwrap());
        if source.is_dir() {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, fs::metadata(&source).unwrap().permissions()).unwrap();
            copy_folder(&source, &target);
        } else if source.is_file() {
            fs::copy(&source, &target).unwrap();
        }
    }
}
