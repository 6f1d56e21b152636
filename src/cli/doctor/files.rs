//! Whether what lies on the disk is the person's alone.

use super::{Finding, Verdict};
use crate::config::ConfigPaths;
use crate::vault;
use std::fs;
use std::path::{Path, PathBuf};

/// Most files looked at: a folder that holds more is not ours.
const MOST_FILES: usize = 10_000;

/// The folders, and everything in those that hold what is sealed and what is remembered of it.
pub(super) fn files(paths: &ConfigPaths) -> Vec<Finding> {
    vec![
        private("data", &paths.data),
        private("state", &paths.state),
        private("runtime", &paths.runtime),
        modes(&[&paths.data, &paths.state]),
    ]
}

pub(super) fn private(check: &str, folder: &Path) -> Finding {
    if !folder.exists() {
        let says = format!("{} does not exist yet", folder.display());
        return Finding::new(check, Verdict::Good, says);
    }
    match vault::check_private(folder) {
        Ok(()) => Finding::new(check, Verdict::Good, folder.display().to_string()),
        Err(error) => Finding::new(check, Verdict::Bad, error.to_string()),
    }
}

/// Everything below the folders.
pub(super) fn modes(folders: &[&Path]) -> Finding {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|it| it.to_path_buf()).collect();
    let (mut count, mut refused) = (0, Vec::new());
    while let Some(folder) = waiting.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if count == MOST_FILES {
                let says = format!("there are more than {MOST_FILES}, not all were looked at");
                return Finding::new("files", Verdict::Warn, says);
            }
            count += 1;
            refused.extend(vault::check_private(&path).err());
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            }
        }
    }
    match refused.as_slice() {
        [] => Finding::new("files", Verdict::Good, format!("{count}, yours alone")),
        [only] => Finding::new("files", Verdict::Bad, only.to_string()),
        [first, more @ ..] => {
            let says = format!("{first}; and {} more", more.len());
            Finding::new("files", Verdict::Bad, says)
        }
    }
}
