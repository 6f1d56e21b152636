//! Where a database lies while it is read, and while another one takes its place.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::super::disk;
use super::super::error::VaultError;

/// What is added to the folder's name: for the copy that is read, for what is to take its place, and for what it
/// is called in the moment in which the other one does.
const COPY: &str = "look";
const NEXT: &str = "next";
const OLD: &str = "old";

fn beside(folder: &Path, what: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether there is a store, be it one whose replacement was cut short.
pub(in super::super) fn is_there(folder: &Path) -> bool {
    exists(folder) || exists(&beside(folder, OLD))
}

/// Puts right what a crash left: a store that was moved away for the next one comes back, what is unfinished goes.
pub(in super::super) fn settle(folder: &Path) -> Result<(), VaultError> {
    let old = beside(folder, OLD);
    if exists(&old) && !exists(folder) {
        disk::check_private(&old)?;
        disk::rename(&old, folder)?;
    }
    for leftover in [OLD, NEXT, COPY] {
        remove(&beside(folder, leftover))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<(), VaultError> {
    if !exists(folder) {
        return Ok(());
    }
    disk::check_private(folder)?;
    fs::remove_dir_all(folder).map_err(VaultError::io("remove", folder))
}

/// Has a copy of a database looked at. Its snapshots are left out: they only save sled time, and mislead it.
pub(super) fn with_copy<T>(
    folder: &Path,
    look: impl FnOnce(&Path) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    let copy = beside(folder, COPY);
    remove(&copy)?;
    let elsewhere;
    let copy = match copy_database(folder, &copy) {
        Ok(()) => copy,
        // What is on a full disk must be readable all the same.
        Err(VaultError::Io { source, .. }) if source.kind() == ErrorKind::StorageFull => {
            remove(&copy)?;
            elsewhere = tempfile::tempdir().map_err(VaultError::io("make", &copy))?;
            let copy = elsewhere.path().join(COPY);
            copy_database(folder, &copy)?;
            copy
        }
        Err(error) => {
            // What cannot be removed now is removed the next time.
            let _ = remove(&copy);
            return Err(error);
        }
    };
    let looked = look(&copy);
    let _ = remove(&copy);
    looked
}

fn copy_database(from: &Path, to: &Path) -> Result<(), VaultError> {
    disk::make_folder(to)?;
    for file in ["conf", "db"] {
        let source = from.join(file);
        if exists(&source) {
            copy_file(&source, &to.join(file))?;
        }
    }
    let blobs = from.join("blobs");
    if exists(&blobs) {
        disk::make_folder(&to.join("blobs"))?;
        for blob in entries(&blobs)? {
            copy_file(
                &blob,
                &to.join("blobs").join(blob.file_name().unwrap_or_default()),
            )?;
        }
    }
    Ok(())
}

/// By reading and writing, so that a read that fails is an error here, and not the end of a log to sled.
fn copy_file(from: &Path, to: &Path) -> Result<(), VaultError> {
    let bytes = fs::read(from).map_err(VaultError::io("read", from))?;
    fs::write(to, bytes).map_err(VaultError::io("write", to))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<io::Result<Vec<PathBuf>>>()
    });
    entries.map_err(VaultError::io("list", folder))
}

/// Has a database made beside the one that is there, and puts it in its place once it is on the disk.
pub(super) fn replace(
    folder: &Path,
    make: impl FnOnce(&Path) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let (next, old) = (beside(folder, NEXT), beside(folder, OLD));
    disk::make_anew(&next)?;
    let made = make(&next).and_then(|()| sync_new(&next));
    if let Err(error) = made {
        let _ = remove(&next); // else the next time
        return Err(error);
    }
    fs::rename(folder, &old).map_err(VaultError::io("rename", folder))?;
    if let Err(error) = fs::rename(&next, folder) {
        let _ = fs::rename(&old, folder); // else at the next opening
        return Err(VaultError::io("rename", &next)(error));
    }
    disk::sync_folder_of(folder)?;
    let _ = remove(&old); // else the next time
    Ok(())
}

/// Makes a finished store appear under its name: a store killed while being made was never there.
pub(in super::super) fn put_in_place(made: &Path, place: &Path) -> Result<(), VaultError> {
    sync_new(made)?;
    disk::rename(made, place)
}

/// Writes a new database down to the disk, for its owner alone and without snapshots.
pub(in super::super) fn sync_new(made: &Path) -> Result<(), VaultError> {
    disk::make_tree_private(made)?;
    for path in entries(made)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") {
            fs::remove_file(&path).map_err(VaultError::io("remove", &path))?;
        }
    }
    let blobs = made.join("blobs");
    for path in entries(&blobs)? {
        sync(&path)?;
    }
    for path in [
        made.join("conf"),
        made.join("db"),
        blobs,
        made.to_path_buf(),
    ] {
        sync(&path)?;
    }
    Ok(())
}

fn sync(path: &Path) -> Result<(), VaultError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(VaultError::io("sync", path))
}
