//! Where files lie: the folders of the XDG base directory specification, or one folder that was named.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use std::path::{Path, PathBuf};

/// Name of our folder in each of the base directories.
const FOLDER: &str = "tradedeck";

/// Where everything lies. Nothing is created here; whoever writes makes the folder, for the person alone (0700).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPaths {
    /// Holds `config.toml` and `themes/`.
    pub config: PathBuf,
    /// Holds the instance lock, the vault, its backups, the journal and the ledger.
    pub data: PathBuf,
    /// Holds the vault's rollback anchor and the logs; apart from the data, so that both are not set back together.
    pub state: PathBuf,
    /// Holds the socket of a running cockpit.
    pub runtime: PathBuf,
}

/// There is no home folder to put anything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no home folder; set HOME, or name a folder with --data-dir")]
pub struct NoHome;

impl ConfigPaths {
    /// The folders of this machine's user; `data` takes the place of the data folder where it is given.
    ///
    /// # Errors
    /// [`NoHome`] where the environment names no home folder.
    pub fn find(data: Option<&Path>) -> Result<Self, NoHome> {
        Ok(Self::of(&Xdg::new().map_err(|_| NoHome)?, data))
    }

    /// Everything in one folder: for the demo, for trials, for tests.
    pub fn under(folder: &Path) -> Self {
        Self {
            config: folder.join("config"),
            data: folder.join("data"),
            state: folder.join("state"),
            runtime: folder.join("data"),
        }
    }

    fn of(base: &impl BaseStrategy, data: Option<&Path>) -> Self {
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        let state = state.join(FOLDER);
        let config = base.config_dir().join(FOLDER);
        // A named data folder is another vault: its anchor and its socket must not meet those of the usual one.
        if let Some(data) = data {
            let name = blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex();
            return Self {
                config,
                data: data.to_owned(),
                state: state.join("at").join(&name[..16]),
                runtime: data.to_owned(),
            };
        }
        let data = base.data_dir().join(FOLDER);
        let runtime = base
            .runtime_dir()
            .map_or_else(|| data.clone(), |folder| folder.join(FOLDER));
        Self {
            config,
            data,
            state,
            runtime,
        }
    }

    /// The person's configuration.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The person's own themes.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    /// The socket of a running cockpit.
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("cockpit.sock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Base {
        runtime: Option<PathBuf>,
    }

    impl BaseStrategy for Base {
        fn home_dir(&self) -> &Path {
            Path::new("/h")
        }
        fn config_dir(&self) -> PathBuf {
            "/h/c".into()
        }
        fn data_dir(&self) -> PathBuf {
            "/h/d".into()
        }
        fn cache_dir(&self) -> PathBuf {
            "/h/x".into()
        }
        fn state_dir(&self) -> Option<PathBuf> {
            Some("/h/s".into())
        }
        fn runtime_dir(&self) -> Option<PathBuf> {
            self.runtime.clone()
        }
    }

    fn base() -> Base {
        Base {
            runtime: Some("/run/u".into()),
        }
    }

    #[test]
    fn each_kind_of_file_has_its_place() {
        let paths = ConfigPaths::of(&base(), None);
        assert_eq!(paths.config_file(), Path::new("/h/c/tradedeck/config.toml"));
        assert_eq!(paths.themes(), Path::new("/h/c/tradedeck/themes"));
        assert_eq!(paths.data, Path::new("/h/d/tradedeck"));
        assert_eq!(paths.state, Path::new("/h/s/tradedeck"));
        assert_eq!(paths.socket(), Path::new("/run/u/tradedeck/cockpit.sock"));
    }

    #[test]
    fn without_a_runtime_folder_the_socket_lies_with_the_data() {
        let paths = ConfigPaths::of(&Base { runtime: None }, None);
        assert_eq!(paths.socket(), Path::new("/h/d/tradedeck/cockpit.sock"));
    }

    #[test]
    fn a_named_data_folder_shares_neither_anchor_nor_socket() {
        let usual = ConfigPaths::of(&base(), None);
        let one = ConfigPaths::of(&base(), Some(Path::new("/one")));
        let two = ConfigPaths::of(&base(), Some(Path::new("/two")));
        assert_eq!(one.data, Path::new("/one"));
        assert_eq!(one.socket(), Path::new("/one/cockpit.sock"));
        assert!(one.state.starts_with("/h/s/tradedeck/at"));
        assert!(one.state != usual.state && one.state != two.state);
        assert_eq!(one.config, usual.config);
    }
}
