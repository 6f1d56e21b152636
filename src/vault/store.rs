//! sled, made fit for secrets. It is the only file that names it.
//!
//! sled 0.34.7 does not keep what it says it kept: its `flush` is not an fsync
//! (<https://github.com/spacejam/sled/issues/1452>), a leftover of its snapshots keeps it from opening
//! (<https://github.com/spacejam/sled/issues/1533>), and its locks may deadlock
//! (<https://github.com/spacejam/sled/issues/1412>). So: our own [`InstanceLock`] comes first, one thread
//! owns the database, every change ends in an fsync of ours, and a panic ends the store. What sled
//! silently loses is found by the manifest, not here.
//!
//! [`InstanceLock`]: super::lock::InstanceLock

use std::fs::{self, File};
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use super::error::{Damage, VaultError};
use super::{disk, lock};

/// Larger values may end up in files of their own, which sled never syncs.
pub(super) const LARGEST_VALUE: usize = 8 * 1024;
const MOST_ROWS: usize = 8 * 1024;
const CACHE: u64 = 8 * 1024 * 1024;
const DAMAGED_COPIES: u8 = 3;

pub(super) type Row = (Vec<u8>, Vec<u8>);

/// Part of a change: a key, and its new value or none.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

/// A store that did not open was repaired by dropping sled's snapshots. What it holds may be older than
/// it was; the folder as it was found is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Where that is.
    pub copy: PathBuf,
}

/// The handle of the thread that owns the database.
pub(super) struct Store {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce(&mut Owner) + Send>;

impl Store {
    /// Opens what is there, or makes an empty store. The folder must exist and be ours alone.
    pub(super) fn open(folder: &Path) -> Result<(Self, Option<Repair>), VaultError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = mpsc::channel();
        let folder = folder.to_path_buf();
        let thread = thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || match Owner::open(&folder) {
                Ok((mut owner, repair)) => {
                    // Nobody waits any more when the opener is gone; then there are no jobs either.
                    let _ = opened.send(Ok(repair));
                    inbox.into_iter().for_each(|job| job(&mut owner));
                    owner.close();
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| VaultError::StoreFailed(error.to_string()))?;
        let store = Self {
            jobs: Some(jobs),
            thread: Some(thread),
        };
        let repair = answer
            .recv()
            .unwrap_or_else(|_| Err(Damage::Store.into()))?;
        Ok((store, repair))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let key = key.to_vec();
        self.run(move |owner| {
            let value = owner.guarded(|db| db.get(key))?;
            Ok(value.map(|value| value.to_vec()))
        })
    }

    /// Everything that is in the store.
    pub(super) fn rows(&self) -> Result<Vec<Row>, VaultError> {
        self.run(|owner| {
            let trees = owner.guarded(|db| Ok(db.tree_names().len()))?;
            let rows = owner.guarded(|db| {
                let rows = db.iter().take(MOST_ROWS + 1);
                // What is too large is left out, and then missed: nothing makes us hold it all.
                let small = |value: &sled::IVec| value.len() <= LARGEST_VALUE;
                rows.filter(|row| row.as_ref().map_or(true, |(_, value)| small(value)))
                    .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
                    .collect::<Result<Vec<Row>, _>>()
            })?;
            if trees > 1 || rows.len() > MOST_ROWS {
                return Err(Damage::Unlisted.into());
            }
            Ok(rows)
        })
    }

    /// Makes all of the changes or none, and returns when they are on the disk.
    ///
    /// # Errors
    /// [`VaultError::NoSpace`] and [`VaultError::TooLarge`] with nothing written;
    /// [`VaultError::StoreFailed`] when it is unknown what was written: the store then answers no more.
    pub(super) fn commit(&self, changes: Vec<Change>) -> Result<(), VaultError> {
        self.run(move |owner| owner.commit(changes))
    }

    /// What is written does not read back: nothing in the store is to be trusted any more.
    pub(super) fn fail(&self, why: &'static str) -> VaultError {
        let failed = self.run(move |owner| Err::<(), _>(owner.fail(why.to_owned())));
        failed.expect_err("the job fails")
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Owner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let (sender, answer) = mpsc::channel();
        let job: Job = Box::new(move |owner| {
            let done = owner.check().and_then(|()| job(owner));
            // The asker waits below; if it is gone, nobody wants the answer.
            let _ = sender.send(done);
        });
        let jobs = self.jobs.as_ref().expect("taken only by drop");
        let gone = || VaultError::StoreFailed("its thread ended".to_owned());
        jobs.send(job).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

impl Drop for Store {
    /// Waits until the database is closed, so that its files are free again.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked closed nothing; there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

/// What lives on the thread.
struct Owner {
    db: sled::Db,
    /// The same file that sled writes, for the fsync that it does not do.
    file: File,
    folder: PathBuf,
    failed: Option<String>,
}

impl Owner {
    fn open(folder: &Path) -> Result<(Self, Option<Repair>), VaultError> {
        remove_snapshots(folder, Snapshots::Unfinished)?;
        let (db, repair) = match open_when_free(folder) {
            Err(Closed::Corrupt) => repair(folder)?,
            opened => (opened?, None),
        };
        disk::make_tree_private(folder)?;
        let path = folder.join("db");
        let file = File::open(&path).map_err(VaultError::io("open", &path))?;
        let owner = Self {
            db,
            file,
            folder: folder.to_path_buf(),
            failed: None,
        };
        Ok((owner, repair))
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), VaultError> {
        let values = changes.iter().filter_map(|(_, value)| value.as_ref());
        if let Some(found) = values.map(Vec::len).find(|&length| length > LARGEST_VALUE) {
            return Err(VaultError::TooLarge {
                limit: LARGEST_VALUE,
                found,
            });
        }
        let lengths = changes
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len));
        disk::check_space(&self.folder, lengths.sum::<usize>() as u64)?;
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.guarded(|db| {
            db.apply_batch(batch)?;
            db.flush().map(|_| ())
        })?;
        self.sync().map_err(|error| self.fail(error.to_string()))
    }

    /// Pages of many large values are kept in files of their own, which sled does not sync either.
    fn sync(&self) -> std::io::Result<()> {
        let blobs = self.folder.join("blobs");
        for blob in fs::read_dir(&blobs)? {
            File::open(blob?.path())?.sync_all()?;
        }
        File::open(blobs)?.sync_all()?;
        self.file.sync_all()
    }

    /// Every call into sled goes through here: a panic or an error is the end of the store.
    fn guarded<T>(
        &mut self,
        call: impl FnOnce(&sled::Db) -> Result<T, sled::Error>,
    ) -> Result<T, VaultError> {
        match panic::catch_unwind(AssertUnwindSafe(|| call(&self.db))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail(error.to_string())),
            Err(_) => Err(self.fail("it panicked".to_owned())),
        }
    }

    fn fail(&mut self, why: String) -> VaultError {
        self.failed = Some(why.clone());
        VaultError::StoreFailed(why)
    }

    fn check(&self) -> Result<(), VaultError> {
        match &self.failed {
            Some(why) => Err(VaultError::StoreFailed(why.clone())),
            None => Ok(()),
        }
    }

    fn close(self) {
        if self.failed.is_some() {
            // It would write what is no longer trusted, or wait for a lock that a panic left taken.
            std::mem::forget(self.db);
        } else {
            // An error here can lose nothing: every change was synced when it was made.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(self.db)));
        }
    }
}

/// Why a database did not open.
enum Closed {
    Corrupt,
    Busy,
    Otherwise(VaultError),
}

impl From<Closed> for VaultError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Corrupt => Damage::Store.into(),
            Closed::Busy => Self::StoreFailed("its file is locked".to_owned()),
            Closed::Otherwise(error) => error,
        }
    }
}

fn open_when_free(folder: &Path) -> Result<sled::Db, Closed> {
    let is_busy = |closed: &Closed| matches!(closed, Closed::Busy);
    lock::while_busy(|| open_database(folder), is_busy)
}

fn open_database(folder: &Path) -> Result<sled::Db, Closed> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE)
        .flush_every_ms(None);
    match panic::catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Corruption { .. })) => Err(Closed::Corrupt),
        // sled has a lock of its own, and this is how it says that it is taken.
        Ok(Err(sled::Error::Io(error))) if error.kind() == ErrorKind::Other => Err(Closed::Busy),
        Ok(Err(sled::Error::Io(error))) => Err(Closed::Otherwise(VaultError::StoreFailed(
            error.to_string(),
        ))),
        Ok(Err(
            sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_),
        ))
        | Err(_) => Err(Closed::Otherwise(Damage::Store.into())),
    }
}

/// Snapshots only save sled time; without them it reads its log.
fn repair(folder: &Path) -> Result<(sled::Db, Option<Repair>), VaultError> {
    let copy = set_aside(folder)?;
    remove_snapshots(folder, Snapshots::All)?;
    let db = open_when_free(folder)?;
    Ok((db, Some(Repair { copy })))
}

/// Copies the folder as it is. After the third copy the newest is replaced: the first tells most.
fn set_aside(folder: &Path) -> Result<PathBuf, VaultError> {
    let numbered = |number: u8| {
        let mut name = folder.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        PathBuf::from(name)
    };
    let free = (1..DAMAGED_COPIES)
        .map(numbered)
        .find(|copy| !copy.exists());
    let copy = free.unwrap_or_else(|| numbered(DAMAGED_COPIES));
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(VaultError::io("remove", &copy))?;
    }
    disk::check_space(folder, size_of_folder(folder)?)?;
    copy_folder(folder, &copy)?;
    disk::make_tree_private(&copy)?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), VaultError> {
    disk::make_folder(to)?;
    for entry in fs::read_dir(from).map_err(VaultError::io("list", from))? {
        let entry = entry.map_err(VaultError::io("list", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(VaultError::io("copy", &source))?;
        }
    }
    Ok(())
}

fn size_of_folder(folder: &Path) -> Result<u64, VaultError> {
    let mut size = 0;
    for entry in fs::read_dir(folder).map_err(VaultError::io("list", folder))? {
        let entry = entry.map_err(VaultError::io("list", folder))?;
        let path = entry.path();
        size += if path.is_dir() {
            size_of_folder(&path)?
        } else {
            entry
                .metadata()
                .map_err(VaultError::io("look at", &path))?
                .len()
        };
    }
    Ok(size)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Snapshots {
    Unfinished,
    All,
}

fn remove_snapshots(folder: &Path, which: Snapshots) -> Result<(), VaultError> {
    for entry in fs::read_dir(folder).map_err(VaultError::io("list", folder))? {
        let entry = entry.map_err(VaultError::io("list", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let unfinished = name.ends_with(".generating");
        if name.starts_with("snap.") && (unfinished || which == Snapshots::All) {
            let path = entry.path();
            fs::remove_file(&path).map_err(VaultError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Makes a finished store appear under its name: a store killed while being made was never there.
pub(super) fn put_in_place(made: &Path, place: &Path) -> Result<(), VaultError> {
    for file in ["conf", "db", "blobs", ""] {
        sync_path(&made.join(file))?;
    }
    fs::rename(made, place).map_err(VaultError::io("rename", made))?;
    sync_path(place.parent().expect("the store is in a folder"))
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
        Store::open(folder).unwrap().0
    }

    fn put(key: &[u8], value: &[u8]) -> Vec<Change> {
        vec![(key.to_vec(), Some(value.to_vec()))]
    }

    #[test]
    fn what_was_committed_is_there_at_the_next_opening() {
        let home = tempfile::tempdir().unwrap();
        let first = store(home.path());
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
        let writing = store(&folder);
        for round in 0..20_u8 {
            writing.commit(put(b"round", &[round])).unwrap();
            copy_folder(&folder, &copy).unwrap();
            let copied = store(&copy).get(b"round").unwrap();
            assert_eq!(copied, Some(vec![round]));
            fs::remove_dir_all(&copy).unwrap();
        }
    }

    #[test]
    fn a_value_too_large_is_refused_whole() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
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
    fn a_panic_ends_the_store_and_not_the_program() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        store.commit(put(b"a", b"1")).unwrap();
        let panicked = store.run(|owner| owner.guarded(|_| -> Result<(), _> { panic!("sled") }));
        assert!(matches!(panicked, Err(VaultError::StoreFailed(_))));
        assert!(matches!(store.get(b"a"), Err(VaultError::StoreFailed(_))));
        assert!(matches!(
            store.commit(put(b"a", b"2")),
            Err(VaultError::StoreFailed(_))
        ));
    }

    #[test]
    fn an_error_of_sled_ends_the_store() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let broken = || Err::<(), _>(sled::Error::ReportableBug("broken".to_owned()));
        assert!(store.run(move |owner| owner.guarded(|_| broken())).is_err());
        assert!(matches!(store.rows(), Err(VaultError::StoreFailed(_))));
    }

    #[test]
    fn an_unfinished_snapshot_is_in_nobodys_way() {
        let home = tempfile::tempdir().unwrap();
        store(home.path()).commit(put(b"a", b"1")).unwrap();
        drop(store(home.path()));
        let leftover = home.path().join("snap.00000000000000FF.generating");
        File::create(&leftover).unwrap();
        let (opened, repair) = Store::open(home.path()).unwrap();
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
            let (opened, repair) = Store::open(&folder).unwrap();
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
    fn a_second_tree_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let other = sled::open(home.path()).unwrap();
        other.open_tree("other").unwrap();
        drop(other);
        let refused = store(home.path()).rows();
        assert!(matches!(
            refused,
            Err(VaultError::Damaged(Damage::Unlisted))
        ));
    }

    #[test]
    fn it_opens_again_at_once_a_hundred_times() {
        let home = tempfile::tempdir().unwrap();
        for round in 0..100_u8 {
            store(home.path()).commit(put(b"round", &[round])).unwrap();
        }
    }
}
