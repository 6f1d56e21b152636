//! sled, made fit for secrets.
//!
//! sled 0.34.7 does not keep what it says it kept: its `flush` is not an fsync
//! (<https://github.com/spacejam/sled/issues/1452>), a leftover of its snapshots keeps it from opening
//! (<https://github.com/spacejam/sled/issues/1533>), its locks may deadlock
//! (<https://github.com/spacejam/sled/issues/1412>), a read that fails once while it opens is taken for the end of its
//! log, and what follows is wiped; and once it was opened seven of its threads wake up every second until the process
//! ends (`src/threadpool.rs`). So it never gets at what matters. Our own [`InstanceLock`] comes first. What is there is
//! read from a copy. A change is written as a new database beside the old one, synced by us, read back, and put in its
//! place only then. All of that is done in a [process of its own](apart) where one is to be had. What sled silently
//! loses all the same is found by the manifest, not here.
//!
//! [`InstanceLock`]: super::lock::InstanceLock

pub(super) mod apart;
mod database;
mod place;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::VaultError;
use apart::Apart;
pub(super) use place::{is_there, put_in_place, settle, sync_new};

/// Larger values may end up in files of their own, which sled never syncs.
pub(super) const LARGEST_VALUE: usize = 8 * 1024;

pub(super) type Row = (Vec<u8>, Vec<u8>);

/// Part of a change: a key, and its new value or none.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

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
    pub(super) fn open(folder: &Path, housing: Housing) -> Result<Self, VaultError> {
        Ok(Self {
            folder: folder.to_path_buf(),
            rows: housing.visit(folder, None)?,
            housing,
            failed: None,
        })
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
        let mut next = self.rows.clone();
        for (key, value) in changes {
            match value {
                Some(value) => next.insert(key, value),
                None => next.remove(&key),
            };
        }
        disk::check_space(&self.folder, size_of(&next))?;
        let edit = Edit {
            onto: fingerprint(&self.rows),
            next,
        };
        match self.housing.visit(&self.folder, Some(edit)) {
            Ok(rows) => {
                self.rows = rows;
                Ok(())
            }
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

fn size_of(rows: &Rows) -> u64 {
    let lengths = rows.iter().map(|(key, value)| key.len() + value.len());
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

/// What a store is to hold, and what it must hold before: changing what is not as it was read would bury it.
#[derive(Serialize, Deserialize)]
struct Edit {
    onto: [u8; 32],
    next: Rows,
}

impl Housing {
    fn visit(&self, folder: &Path, edit: Option<Edit>) -> Result<Rows, VaultError> {
        match self {
            Self::Here => visit(folder, edit),
            Self::Apart(apart) => apart.visit(folder, edit),
        }
    }
}

/// Reads the store, changes it, and returns what it holds then.
fn visit(folder: &Path, edit: Option<Edit>) -> Result<Rows, VaultError> {
    settle(folder)?;
    let rows = place::with_copy(folder, database::read)?;
    let Some(Edit { onto, next }) = edit else {
        return Ok(rows);
    };
    if onto != fingerprint(&rows) {
        let changed = "it is not as it was read, so nothing was written";
        return Err(VaultError::StoreFailed(changed.to_owned()));
    }
    place::replace(folder, |made| {
        database::write(made, &next)?;
        match place::with_copy(made, database::read)? == next {
            true => Ok(()),
            false => Err(VaultError::StoreFailed(
                "what was written did not read back, so nothing was changed".to_owned(),
            )),
        }
    })?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt as _;

    fn store(folder: &Path) -> Store {
        if !folder.exists() {
            disk::make_folder(folder).unwrap();
        }
        Store::open(folder, Housing::Here).unwrap()
    }

    fn put(key: &[u8], value: &[u8]) -> Vec<Change> {
        vec![(key.to_vec(), Some(value.to_vec()))]
    }

    #[test]
    fn what_was_committed_is_there_at_the_next_opening() {
        let home = tempfile::tempdir().unwrap();
        let mut first = store(&home.path().join("store"));
        first.commit(put(b"a", b"1")).unwrap();
        first
            .commit(vec![
                (b"a".to_vec(), None),
                (b"b".to_vec(), Some(b"2".to_vec())),
            ])
            .unwrap();
        drop(first);
        let rows = store(&home.path().join("store")).rows().unwrap();
        assert_eq!(rows, [(b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn a_value_too_large_is_refused_whole() {
        let home = tempfile::tempdir().unwrap();
        let mut store = store(&home.path().join("store"));
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
        let mut ours = store(&home.path().join("store"));
        ours.commit(put(b"a", b"1")).unwrap();
        store(&home.path().join("store"))
            .commit(put(b"a", b"2"))
            .unwrap();
        let refused = ours.commit(put(b"b", b"1"));
        assert!(matches!(refused, Err(VaultError::StoreFailed(_))));
        assert!(matches!(ours.get(b"a"), Err(VaultError::StoreFailed(_))));
        assert!(matches!(ours.rows(), Err(VaultError::StoreFailed(_))));
        let rows = store(&home.path().join("store")).rows().unwrap();
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
    fn snapshots_are_in_nobodys_way() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("store");
        store(&folder).commit(put(b"a", b"1")).unwrap();
        for leftover in ["snap.00000000000000FF.generating", "snap.00000000000000FF"] {
            File::create(folder.join(leftover)).unwrap();
            assert_eq!(store(&folder).get(b"a").unwrap(), Some(b"1".to_vec()));
        }
    }

    #[test]
    fn reading_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("store");
        store(&folder).commit(put(b"a", b"1")).unwrap();
        let bytes = || fs::read(folder.join("db")).unwrap();
        let before = bytes();
        drop(store(&folder));
        assert!(bytes() == before);
        let names = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(names, 1, "and nothing is left beside it");
    }

    #[test]
    fn a_replacement_cut_short_is_undone_or_done() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("store");
        let beside = |what: &str| home.path().join(format!("store.{what}"));
        disk::make_folder(&folder).unwrap();
        store(&folder).commit(put(b"a", b"1")).unwrap();
        // Killed between the two renames.
        fs::rename(&folder, beside("old")).unwrap();
        fs::create_dir(beside("next")).unwrap();
        fs::set_permissions(beside("next"), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(is_there(&folder));
        settle(&folder).unwrap();
        assert_eq!(store(&folder).get(b"a").unwrap(), Some(b"1".to_vec()));
        // Killed after them.
        disk::make_folder(&beside("old")).unwrap();
        assert_eq!(store(&folder).get(b"a").unwrap(), Some(b"1".to_vec()));
        let names = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(names, 1, "nothing is left beside it");
    }

    #[test]
    fn it_opens_again_at_once_a_hundred_times() {
        let home = tempfile::tempdir().unwrap();
        for round in 0..100_u8 {
            store(&home.path().join("store"))
                .commit(put(b"round", &[round]))
                .unwrap();
        }
    }
}
