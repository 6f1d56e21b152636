//! sled, made fit for secrets.
//!
//! sled 0.34.7 does not keep what it says it kept: its `flush` is not an fsync
//! (<https://github.com/spacejam/sled/issues/1452>), a leftover of its snapshots keeps it from opening
//! (<https://github.com/spacejam/sled/issues/1533>), its locks may deadlock
//! (<https://github.com/spacejam/sled/issues/1412>), and once it was opened seven of its threads wake up every second
//! until the process ends (`src/threadpool.rs`). So: our own [`InstanceLock`] comes first, the database is open only
//! while it is read or written, in a [process of its own](apart) where one is to be had; every change ends in an
//! fsync of ours and is read back; and an error or a panic ends the store. What sled silently loses is found by the
//! manifest, not here.
//!
//! [`InstanceLock`]: super::lock::InstanceLock

pub(super) mod apart;
mod database;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::VaultError;
use apart::Apart;
use database::visit;

/// Larger values may end up in files of their own, which sled never syncs.
pub(super) const LARGEST_VALUE: usize = 8 * 1024;

pub(super) type Row = (Vec<u8>, Vec<u8>);

/// Part of a change: a key, and its new value or none.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store that did not open was repaired by dropping sled's snapshots. What it holds may be older than
/// it was; the folder as it was found is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Where that is.
    pub copy: PathBuf,
}

/// Which process opens the database.
#[derive(Clone)]
pub(super) enum Housing {
    /// This one.
    Here,
    /// One that lives for as long as it is open.
    Apart(Apart),
}

/// What the database held when it was last closed, still sealed, and the way to change it.
pub(super) struct Store {
    folder: PathBuf,
    housing: Housing,
    rows: Rows,
    failed: Option<String>,
}

impl Store {
    /// Reads what is there, or makes an empty store. The folder must exist and be ours alone.
    pub(super) fn open(
        folder: &Path,
        housing: Housing,
    ) -> Result<(Self, Option<Repair>), VaultError> {
        let found = housing.visit(folder, None)?;
        let store = Self {
            folder: folder.to_path_buf(),
            housing,
            rows: found.rows,
            failed: None,
        };
        Ok((store, found.repair))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        self.check()?;
        Ok(self.rows.get(key).cloned())
    }

    /// Everything that is in the store.
    pub(super) fn rows(&self) -> Result<Vec<Row>, VaultError> {
        self.check()?;
        let copied = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(self.rows.iter().map(copied).collect())
    }

    /// Makes all of the changes or none, and returns when they are on the disk and were read back.
    ///
    /// # Errors
    /// [`VaultError::NoSpace`] and [`VaultError::TooLarge`] with nothing written;
    /// [`VaultError::StoreFailed`] when it is unknown what was written: the store then answers no more.
    pub(super) fn commit(&mut self, changes: Vec<Change>) -> Result<(), VaultError> {
        self.check()?;
        refuse_too_large(&changes)?;
        disk::check_space(&self.folder, size_of(&changes))?;
        let mut expected = self.rows.clone();
        for (key, value) in changes.iter().cloned() {
            match value {
                Some(value) => expected.insert(key, value),
                None => expected.remove(&key),
            };
        }
        let edit = Edit {
            onto: fingerprint(&self.rows),
            changes,
        };
        match self.housing.visit(&self.folder, Some(edit)) {
            Ok(found) if found.rows == expected => {
                self.rows = expected;
                Ok(())
            }
            Ok(_) => Err(self.fail("what was written did not read back")),
            Err(error) => Err(self.fail(&error.to_string())),
        }
    }

    /// What is written does not read back: nothing in the store is to be trusted any more.
    pub(super) fn fail(&mut self, why: &str) -> VaultError {
        self.failed = Some(why.to_owned());
        VaultError::StoreFailed(why.to_owned())
    }

    fn check(&self) -> Result<(), VaultError> {
        match &self.failed {
            Some(why) => Err(VaultError::StoreFailed(why.clone())),
            None => Ok(()),
        }
    }
}

fn refuse_too_large(changes: &[Change]) -> Result<(), VaultError> {
    let values = changes.iter().filter_map(|(_, value)| value.as_ref());
    match values.map(Vec::len).find(|&length| length > LARGEST_VALUE) {
        Some(found) => Err(VaultError::TooLarge {
            limit: LARGEST_VALUE,
            found,
        }),
        None => Ok(()),
    }
}

fn size_of(changes: &[Change]) -> u64 {
    let lengths = changes
        .iter()
        .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len));
    lengths.sum::<usize>() as u64
}

fn fingerprint(rows: &Rows) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in rows.iter().flat_map(|(key, value)| [key, value]) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Changes to a database, and what it must hold before: changing what is not as it was read would bury it.
#[derive(Serialize, Deserialize)]
struct Edit {
    onto: [u8; 32],
    changes: Vec<Change>,
}

/// What the database held before it was closed.
struct Found {
    rows: Rows,
    repair: Option<Repair>,
}

impl Housing {
    fn visit(&self, folder: &Path, edit: Option<Edit>) -> Result<Found, VaultError> {
        match self {
            Self::Here => visit(folder, edit),
            Self::Apart(apart) => apart.visit(folder, edit),
        }
    }
}

/// Makes a finished store appear under its name: a store killed while being made was never there.
pub(super) fn put_in_place(made: &Path, place: &Path) -> Result<(), VaultError> {
    sync_new(made)?;
    fs::rename(made, place).map_err(VaultError::io("rename", made))?;
    sync_path(place.parent().expect("the store is in a folder"))
}

/// Brings what sled made and did not sync to the disk.
pub(super) fn sync_new(made: &Path) -> Result<(), VaultError> {
    for file in ["conf", "db", "blobs", ""] {
        sync_path(&made.join(file))?;
    }
    Ok(())
}

fn sync_path(path: &Path) -> Result<(), VaultError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(VaultError::io("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &Path) -> Store {
        Store::open(folder, Housing::Here).unwrap().0
    }

    fn put(key: &[u8], value: &[u8]) -> Vec<Change> {
        vec![(key.to_vec(), Some(value.to_vec()))]
    }

    #[test]
    fn what_was_committed_is_there_at_the_next_opening() {
        let home = tempfile::tempdir().unwrap();
        let mut first = store(home.path());
        first.commit(put(b"a", b"1")).unwrap();
        first
            .commit(vec![
                (b"a".to_vec(), None),
                (b"b".to_vec(), Some(b"2".to_vec())),
            ])
            .unwrap();
        drop(first);
        let rows = store(home.path()).rows().unwrap();
        assert_eq!(rows, [(b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn what_was_committed_is_in_the_file_before_the_store_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let (folder, copy) = (home.path().join("store"), home.path().join("copy"));
        disk::make_folder(&folder).unwrap();
        let mut writing = store(&folder);
        for round in 0..20_u8 {
            writing.commit(put(b"round", &[round])).unwrap();
            database::copy_folder(&folder, &copy).unwrap();
            let copied = store(&copy).get(b"round").unwrap();
            assert_eq!(copied, Some(vec![round]));
            fs::remove_dir_all(&copy).unwrap();
        }
    }

    #[test]
    fn a_value_too_large_is_refused_whole() {
        let home = tempfile::tempdir().unwrap();
        let mut store = store(home.path());
        let mut changes = put(b"a", b"1");
        changes.extend(put(b"b", &vec![0; LARGEST_VALUE + 1]));
        assert!(matches!(
            store.commit(changes),
            Err(VaultError::TooLarge { .. })
        ));
        assert_eq!(store.rows().unwrap(), []);
        store.commit(put(b"b", &vec![0; LARGEST_VALUE])).unwrap();
    }

    #[test]
    fn what_changed_underneath_is_not_written_over_and_ends_the_store() {
        let home = tempfile::tempdir().unwrap();
        let mut ours = store(home.path());
        ours.commit(put(b"a", b"1")).unwrap();
        store(home.path()).commit(put(b"a", b"2")).unwrap();
        let refused = ours.commit(put(b"b", b"1"));
        assert!(matches!(refused, Err(VaultError::StoreFailed(_))));
        assert!(matches!(ours.get(b"a"), Err(VaultError::StoreFailed(_))));
        assert!(matches!(ours.rows(), Err(VaultError::StoreFailed(_))));
        let rows = store(home.path()).rows().unwrap();
        assert_eq!(rows, [(b"a".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn rows_that_differ_only_in_where_they_are_cut_have_other_fingerprints() {
        let rows = |key: &[u8], value: &[u8]| Rows::from([(key.to_vec(), value.to_vec())]);
        assert_ne!(
            fingerprint(&rows(b"ab", b"c")),
            fingerprint(&rows(b"a", b"bc"))
        );
    }

    #[test]
    fn an_unfinished_snapshot_is_in_nobodys_way() {
        let home = tempfile::tempdir().unwrap();
        store(home.path()).commit(put(b"a", b"1")).unwrap();
        drop(store(home.path()));
        let leftover = home.path().join("snap.00000000000000FF.generating");
        File::create(&leftover).unwrap();
        let (opened, repair) = Store::open(home.path(), Housing::Here).unwrap();
        assert_eq!(
            (opened.get(b"a").unwrap(), repair),
            (Some(b"1".to_vec()), None)
        );
        assert!(!leftover.exists());
    }

    #[test]
    fn a_broken_snapshot_is_set_aside_and_the_log_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("store");
        disk::make_folder(&folder).unwrap();
        store(&folder).commit(put(b"a", b"1")).unwrap();
        for copy in [
            "store.damaged-1",
            "store.damaged-2",
            "store.damaged-3",
            "store.damaged-3",
        ] {
            File::create(folder.join("snap.00000000000000FF")).unwrap();
            let (opened, repair) = Store::open(&folder, Housing::Here).unwrap();
            let copy = home.path().join(copy);
            assert_eq!(opened.get(b"a").unwrap(), Some(b"1".to_vec()));
            assert!(
                copy.join("snap.00000000000000FF").exists(),
                "as it was found"
            );
            disk::check_private_tree(&copy).unwrap();
            assert_eq!(repair, Some(Repair { copy }));
        }
    }

    #[test]
    fn it_opens_again_at_once_a_hundred_times() {
        let home = tempfile::tempdir().unwrap();
        for round in 0..100_u8 {
            store(home.path()).commit(put(b"round", &[round])).unwrap();
        }
    }
}
