//! The person's file, read again when it changes.

use super::Config;
use super::load::{self, Complaint, ConfigError, Setting};
use crate::domain::text;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest file read.
const MOST_BYTES: u64 = 256 * 1024;

/// A check by somebody who knows more than the configuration does; see [`Complaint`].
pub type Check = fn(&Config) -> Result<(), Complaint>;

/// The person's configuration file with this run's settings over it.
pub struct ConfigFile {
    path: PathBuf,
    settings: Vec<Setting>,
    check: Check,
    seen: Option<Stamp>,
}

/// What tells one state of a file from the next without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl ConfigFile {
    /// The file at `path`, which need not exist, with `settings` over it.
    pub fn new(path: PathBuf, settings: Vec<Setting>, check: Check) -> Self {
        Self {
            path,
            settings,
            check,
            seen: None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; a file that is not there is an empty one.
    ///
    /// # Errors
    /// The first mistake in it, or why it cannot be read.
    pub fn load(&mut self) -> Result<Config, ConfigError> {
        self.seen = stamp(&self.path);
        let text = self.read()?;
        load::parse_checked(
            &self.path.display().to_string(),
            &text,
            &self.settings,
            self.check,
        )
    }

    /// Reads it again if it changed since the last look, which costs one system call; the caller keeps the last good one
    /// when there is a mistake. A file that went away is waited for: editors replace files in two steps.
    pub fn changed(&mut self) -> Option<Result<Config, ConfigError>> {
        let now = stamp(&self.path)?;
        if self.seen == Some(now) {
            return None;
        }
        Some(self.load())
    }

    fn read(&self) -> Result<String, ConfigError> {
        let unreadable = |problem: String| ConfigError::Unreadable {
            file: text::clean(&self.path.display().to_string(), 400),
            problem,
        };
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(unreadable(format!("cannot be read: {error}"))),
        };
        let mut text = String::new();
        match file.take(MOST_BYTES + 1).read_to_string(&mut text) {
            Ok(bytes) if bytes as u64 > MOST_BYTES => {
                Err(unreadable(format!("is larger than {MOST_BYTES} bytes")))
            }
            Ok(_) => Ok(text),
            Err(error) => Err(unreadable(format!("cannot be read: {error}"))),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        inode: inode(&metadata),
    })
}

fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(result: Option<Result<Config, ConfigError>>) -> Option<Result<String, String>> {
        result.map(|it| it.map(|it| it.ui.theme).map_err(|it| it.to_string()))
    }

    #[test]
    fn a_change_is_seen_once_and_a_mistake_leaves_the_choice_to_the_caller() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mut file = ConfigFile::new(path.clone(), vec![], |_| Ok(()));
        assert_eq!(file.load(), Ok(Config::default()));
        assert_eq!(theme(file.changed()), None);

        fs::write(&path, "[ui]\ntheme = 'nord'").unwrap();
        assert_eq!(theme(file.changed()), Some(Ok("nord".into())));
        assert_eq!(theme(file.changed()), None);

        fs::write(&path, "[ui]\ntheme = 7").unwrap();
        let expected = format!(
            "{}, line 2, column 9: ui.theme must be a text in quotes, not empty",
            path.display()
        );
        assert_eq!(theme(file.changed()), Some(Err(expected)));
        assert_eq!(theme(file.changed()), None);

        fs::remove_file(&path).unwrap();
        assert_eq!(theme(file.changed()), None);
        fs::write(&path, "[ui]\ntheme = 'gruvbox'").unwrap();
        assert_eq!(theme(file.changed()), Some(Ok("gruvbox".into())));
    }

    #[test]
    fn a_file_put_in_its_place_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[ui]\ntheme = 'one'").unwrap();
        let mut file = ConfigFile::new(path.clone(), vec![], |_| Ok(()));
        file.load().unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let beside = folder.path().join("new.toml");
        fs::write(&beside, "[ui]\ntheme = 'two'").unwrap();
        File::options()
            .write(true)
            .open(&beside)
            .unwrap()
            .set_modified(modified)
            .unwrap();
        fs::rename(&beside, &path).unwrap();
        assert_eq!(theme(file.changed()), Some(Ok("two".into())));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let load = |path: &Path| {
            ConfigFile::new(path.to_owned(), vec![], |_| Ok(()))
                .load()
                .map(|_| ())
                .unwrap_err()
                .to_string()
        };
        fs::write(&path, " ".repeat(256 * 1024 + 1)).unwrap();
        assert!(load(&path).ends_with("is larger than 262144 bytes"));
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(load(&path).contains("cannot be read"));
        assert!(load(folder.path()).contains("cannot be read"));
    }
}
