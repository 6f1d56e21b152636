//! What the disk must be like: for the owner alone, and with room. What the vault keeps is refused where others
//! could read or replace it.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use super::error::VaultError;

const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
const OTHERS: u32 = 0o077;
const MIB: u64 = 1024 * 1024;
const SPARE_SPACE: u64 = 16 * MIB;

/// Makes a folder that only its owner can enter; its parents are made as the system makes them.
pub(super) fn make_folder(folder: &Path) -> Result<(), VaultError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(VaultError::io("make", parent))?;
    }
    DirBuilder::new()
        .mode(PRIVATE_FOLDER)
        .create(folder)
        .map_err(VaultError::io("make", folder))
}

/// Makes a folder of our own that what is there by its name is removed for, a leftover of a crash.
pub(super) fn make_anew(folder: &Path) -> Result<(), VaultError> {
    if folder.symlink_metadata().is_ok() {
        check_private(folder)?;
        fs::remove_dir_all(folder).map_err(VaultError::io("remove", folder))?;
    }
    make_folder(folder)
}

/// Writes a file that only its owner can read, and does not return before it is on the disk.
pub(super) fn write_new_file(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(VaultError::io("remove", path)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE)
        .open(path)
        .map_err(VaultError::io("make", path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(VaultError::io("write", path))
}

/// Gives a file or folder another name, taking the place of what has it; on the disk when it returns.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    fs::rename(from, to).map_err(VaultError::io("rename", from))?;
    sync_folder_of(to)
}

/// Makes a change to the names in a folder last.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), VaultError> {
    let folder = path.parent().expect("everything of ours is in a folder");
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(VaultError::io("sync", folder))
}

/// Refuses a file or folder that is a symbolic link, belongs to somebody else, or that others may touch.
///
/// # Errors
/// [`VaultError::Permissions`] with the command that puts it right; [`VaultError::Io`].
pub fn check_private(path: &Path) -> Result<(), VaultError> {
    let metadata = fs::symlink_metadata(path).map_err(VaultError::io("look at", path))?;
    check(path, &metadata)
}

/// The same for a folder and everything in it.
pub(super) fn check_private_tree(folder: &Path) -> Result<(), VaultError> {
    visit(folder, &mut |path, metadata| check(path, metadata))
}

/// Takes from others what a library wrote under a generous umask.
pub(super) fn make_tree_private(folder: &Path) -> Result<(), VaultError> {
    visit(folder, &mut |path, metadata| {
        if metadata.mode() & OTHERS == 0 {
            return Ok(());
        }
        let mode = if metadata.is_dir() {
            PRIVATE_FOLDER
        } else {
            PRIVATE_FILE
        };
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(VaultError::io("make private", path))
    })
}

fn visit(
    path: &Path,
    each: &mut dyn FnMut(&Path, &Metadata) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let metadata = fs::symlink_metadata(path).map_err(VaultError::io("look at", path))?;
    each(path, &metadata)?;
    if !metadata.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(VaultError::io("list", path))? {
        let entry = entry.map_err(VaultError::io("list", path))?;
        visit(&entry.path(), each)?;
    }
    Ok(())
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), VaultError> {
    let me = rustix::process::geteuid().as_raw();
    let quoted = quoted(path);
    let refused = |problem, command| {
        Err(VaultError::Permissions {
            path: path.to_path_buf(),
            problem,
            command,
        })
    };
    if metadata.is_symlink() {
        return refused(
            "is a symbolic link; use the place it points to instead",
            format!("readlink -f {quoted}"),
        );
    }
    if metadata.uid() != me {
        return refused(
            "belongs to another user",
            format!("sudo chown {me} {quoted}"),
        );
    }
    if metadata.mode() & OTHERS != 0 {
        let mode = if metadata.is_dir() {
            PRIVATE_FOLDER
        } else {
            PRIVATE_FILE
        };
        return refused("is open to other users", format!("chmod {mode:o} {quoted}"));
    }
    Ok(())
}

/// Refuses to begin a write of `bytes` when less than 16 MiB or four times as much is free: stores write more than
/// they are given, and a full disk must not be found out half-way.
///
/// # Errors
/// [`VaultError::NoSpace`]; [`VaultError::Io`].
pub fn check_space(folder: &Path, bytes: u64) -> Result<(), VaultError> {
    let stat = rustix::fs::statvfs(folder)
        .map_err(|error| VaultError::io("look at", folder)(error.into()))?;
    refuse_when_short(stat.f_bavail.saturating_mul(stat.f_frsize), bytes)
}

fn refuse_when_short(free: u64, bytes: u64) -> Result<(), VaultError> {
    let needed = SPARE_SPACE.max(bytes.saturating_mul(4));
    if free >= needed {
        return Ok(());
    }
    Err(VaultError::NoSpace {
        free_mib: free / MIB,
        needed_mib: needed.div_ceil(MIB),
    })
}

/// A path as the shell takes it, with nothing in it that a terminal would obey.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@".contains(c);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    format!("'{}'", clean.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> (&'static str, String) {
        match check_private(path) {
            Err(VaultError::Permissions {
                problem, command, ..
            }) => (problem, command),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn open_to_others_is_refused_with_the_command_to_run() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("it's here");
        fs::write(&file, "").unwrap();
        for (mode, private) in [
            (0o600, true),
            (0o400, true),
            (0o604, false),
            (0o640, false),
            (0o620, false),
        ] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_private(&file).is_ok(), private, "{mode:o}");
        }
        let expected = format!("chmod 600 '{}/it'\\''s here'", home.path().display());
        assert_eq!(refusal(&file).1, expected);
        fs::set_permissions(home.path(), Permissions::from_mode(0o711)).unwrap();
        assert_eq!(
            refusal(home.path()).1,
            format!("chmod 700 {}", home.path().display())
        );
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        assert!(refusal(&link).0.contains("symbolic link"));
    }

    #[test]
    fn somebody_elses_file_is_refused() {
        if rustix::process::geteuid().is_root() {
            let home = tempfile::tempdir().unwrap();
            std::os::unix::fs::chown(home.path(), Some(12_345), None).unwrap();
            assert_eq!(refusal(home.path()).0, "belongs to another user");
        } else {
            assert_eq!(refusal(Path::new("/etc")).0, "belongs to another user");
        }
    }

    #[test]
    fn everything_in_a_folder_is_looked_at_and_made_private() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("store");
        make_folder(&folder).unwrap();
        fs::create_dir(folder.join("blobs")).unwrap();
        fs::write(folder.join("blobs/1"), "").unwrap();
        for (path, mode) in [("blobs", 0o755), ("blobs/1", 0o644)] {
            fs::set_permissions(folder.join(path), Permissions::from_mode(mode)).unwrap();
        }
        assert!(check_private_tree(&folder).is_err());
        make_tree_private(&folder).unwrap();
        check_private_tree(&folder).unwrap();
        let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().mode() & 0o777;
        assert_eq!([mode("blobs"), mode("blobs/1")], [0o700, 0o600]);
    }

    #[test]
    fn a_path_cannot_speak_to_the_terminal() {
        assert_eq!(quoted(Path::new("/tmp/a\u{1b}[31mb")), "'/tmp/a?[31mb'");
        assert_eq!(quoted(Path::new("/home/me/.local")), "/home/me/.local");
    }

    #[test]
    fn a_nearly_full_disk_is_refused_before_anything_is_written() {
        let mib = |count: u64| count * 1024 * 1024;
        assert!(refuse_when_short(mib(16), 100).is_ok());
        assert!(refuse_when_short(mib(16) - 1, 100).is_err());
        assert!(refuse_when_short(mib(40), mib(10)).is_ok());
        let told = refuse_when_short(mib(40) - 1, mib(10))
            .unwrap_err()
            .to_string();
        assert!(told.contains("39 MiB free, 40 MiB needed"), "{told}");
    }
}
