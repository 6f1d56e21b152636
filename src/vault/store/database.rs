//! sled itself. It is the only file that names it; what is done about it is told in [`store`](super).

use std::cell::Cell;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use super::super::error::{Damage, VaultError};
use super::super::{disk, lock};
use super::{Change, Edit, Found, LARGEST_VALUE, Repair, Rows, fingerprint};

const MOST_ROWS: usize = 8 * 1024;
const CACHE: u64 = 8 * 1024 * 1024;
const DAMAGED_COPIES: u8 = 3;

/// Opens the database, changes it, reads it and closes it.
pub(super) fn visit(folder: &Path, edit: Option<Edit>) -> Result<Found, VaultError> {
    let (database, repair) = Database::open(folder)?;
    let rows = database.read_after(edit);
    database.close();
    let rows = rows?;
    Ok(Found { rows, repair })
}

/// A database while it is open.
struct Database {
    db: sled::Db,
    /// The same file that sled writes, for the fsync that it does not do.
    file: File,
    folder: PathBuf,
    failed: Cell<bool>,
}

impl Database {
    fn open(folder: &Path) -> Result<(Self, Option<Repair>), VaultError> {
        remove_snapshots(folder, Snapshots::Unfinished)?;
        let (db, repair) = match open_when_free(folder) {
            Err(Closed::Corrupt) => repair(folder)?,
            opened => (opened?, None),
        };
        disk::make_tree_private(folder)?;
        let path = folder.join("db");
        let file = File::open(&path).map_err(VaultError::io("open", &path))?;
        let database = Self {
            db,
            file,
            folder: folder.to_path_buf(),
            failed: Cell::new(false),
        };
        Ok((database, repair))
    }

    fn read_after(&self, edit: Option<Edit>) -> Result<Rows, VaultError> {
        let rows = self.rows()?;
        match edit {
            None => Ok(rows),
            Some(Edit { onto, .. }) if onto != fingerprint(&rows) => Err(VaultError::StoreFailed(
                "it is not as it was read, so nothing was written".to_owned(),
            )),
            Some(Edit { changes, .. }) => {
                self.change(changes)?;
                self.rows()
            }
        }
    }

    fn rows(&self) -> Result<Rows, VaultError> {
        let trees = self.guarded(|db| Ok(db.tree_names().len()))?;
        let rows = self.guarded(|db| {
            let rows = db.iter().take(MOST_ROWS + 1);
            // What is too large is left out, and then missed: nothing makes us hold it all.
            let small = |value: &sled::IVec| value.len() <= LARGEST_VALUE;
            rows.filter(|row| row.as_ref().map_or(true, |(_, value)| small(value)))
                .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect::<Result<Rows, _>>()
        })?;
        if trees > 1 || rows.len() > MOST_ROWS {
            return Err(Damage::Unlisted.into());
        }
        Ok(rows)
    }

    fn change(&self, changes: Vec<Change>) -> Result<(), VaultError> {
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
        self.sync()
            .map_err(|error| VaultError::StoreFailed(error.to_string()))
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

    /// Every call into sled goes through here.
    fn guarded<T>(
        &self,
        call: impl FnOnce(&sled::Db) -> Result<T, sled::Error>,
    ) -> Result<T, VaultError> {
        let why = match panic::catch_unwind(AssertUnwindSafe(|| call(&self.db))) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        self.failed.set(true);
        Err(VaultError::StoreFailed(why))
    }

    fn close(self) {
        if self.failed.get() {
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

pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), VaultError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_or_an_error_of_sled_is_an_error_of_the_store() {
        let home = tempfile::tempdir().unwrap();
        let (database, _) = Database::open(home.path()).unwrap();
        let broken = |_: &sled::Db| Err::<(), _>(sled::Error::ReportableBug("broken".to_owned()));
        for failed in [
            database.guarded(|_| panic!("sled")),
            database.guarded(broken),
        ] {
            assert!(matches!(failed, Err(VaultError::StoreFailed(_))));
        }
        assert!(
            database.failed.get(),
            "and it is not closed as if it were sound"
        );
    }

    #[test]
    fn a_second_tree_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let other = sled::open(home.path()).unwrap();
        other.open_tree("other").unwrap();
        drop(other);
        let refused = visit(home.path(), None).map(|_| ());
        assert!(matches!(
            refused,
            Err(VaultError::Damaged(Damage::Unlisted))
        ));
    }
}
