//! Configuration: embedded defaults, the person's file over them, `--set` over both.
//!
//! The values are here; what may be written in the file is the list in [`keys`], reading it is [`load`],
//! noticing that it changed is [`mod@file`], and where it lies is [`paths`]. A new setting is a field here,
//! a line in [`keys`] and a commented line in `defaults.toml`; a test keeps the three equal.

pub mod file;
pub mod keys;
pub mod load;
pub mod paths;

pub use file::ConfigFile;
pub use load::{Complaint, ConfigError, Setting};
pub use paths::{ConfigPaths, NoHome};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every setting with its default, commented, as a file to start from.
pub const DEFAULTS: &str = include_str!("config/defaults.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the screen looks like.
    pub ui: UiConfig,
    /// Key bindings over the defaults: command name → key, as in `keys.quit = "ctrl-q"`.
    pub keys: BTreeMap<String, String>,
    /// Lists of symbols, in the order they are shown.
    pub watchlists: Vec<Watchlist>,
    /// Addresses and settings of providers, by provider and key.
    pub providers: BTreeMap<String, BTreeMap<String, String>>,
    /// How often things are read again.
    pub refresh: RefreshConfig,
    /// When the vault is locked by itself.
    pub lock: LockConfig,
}

/// What the screen looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UiConfig {
    /// Name of the theme.
    pub theme: String,
    /// Frames a second at most; fewer over SSH and on slow links.
    pub frames_per_second: u32,
    /// Most kilobytes a second to the terminal; zero for no limit. A key's frame is exempt.
    pub max_kbps: u32,
    /// Whether copying by OSC 52 is allowed.
    pub clipboard: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Seconds after which a quote is old, and after which it is stale.
    pub old_after_seconds: u32,
    /// Seconds after which a quote is stale.
    pub stale_after_seconds: u32,
    /// IANA time zone for times on screen; empty for the machine's.
    pub time_zone: String,
    /// Whether red and green are swapped.
    pub swap_up_down: bool,
}

/// A list of symbols with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watchlist {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub symbols: Vec<String>,
}

/// How often things are read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// Balances, positions and orders, in seconds.
    pub accounts_seconds: u32,
    /// Histories, in minutes; zero for only when they are asked for.
    pub history_minutes: u32,
}

/// When the vault is locked by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockConfig {
    /// Minutes after the last key; zero for never.
    pub minutes: u32,
}

impl Default for Config {
    fn default() -> Self {
        let core = [
            "AAPL", "MSFT", "NVDA", "TSLA", "SPY", "QQQ", "AMZN", "GOOGL", "META", "JPM",
        ];
        Self {
            ui: UiConfig::default(),
            keys: BTreeMap::new(),
            watchlists: vec![Watchlist {
                name: "core".into(),
                symbols: core.map(String::from).to_vec(),
            }],
            providers: BTreeMap::new(),
            refresh: RefreshConfig::default(),
            lock: LockConfig::default(),
        }
    }
}

impl Default for UiConfig {
    fn default() -> Self {
        Self {
            theme: "default".into(),
            frames_per_second: 30,
            max_kbps: 0,
            clipboard: true,
            mouse: true,
            old_after_seconds: 2,
            stale_after_seconds: 15,
            time_zone: String::new(),
            swap_up_down: false,
        }
    }
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self {
            accounts_seconds: 60,
            history_minutes: 60,
        }
    }
}

impl Default for LockConfig {
    fn default() -> Self {
        Self { minutes: 15 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_exactly_the_defaults() {
        assert_eq!(load::parse(DEFAULTS, &[]).unwrap(), Config::default());
        let bare: Config = toml::from_str(DEFAULTS).unwrap();
        assert_eq!(bare, Config::default());
    }

    #[test]
    fn every_setting_is_written_out_in_the_embedded_file() {
        let written: toml::Table = DEFAULTS.parse().unwrap();
        let all = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(written, all);
    }
}
