//! Configuration: embedded defaults, the person's file over them, `--set` over both.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// How often things are read again, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// Balances, positions and orders.
    pub accounts_seconds: u32,
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
        }
    }
}
