//! State of the vault and of each connection, as a screen shows them.

use crate::domain::text::Text;
use crate::domain::{ConnectionId, Environment, ProviderId, Symbol, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// State of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "vault")]
pub enum VaultStatus {
    /// There is none yet.
    Absent,
    /// It wants a passphrase.
    Locked {
        /// Wrong passphrases since it was last opened.
        failures: u32,
        /// The next attempt is refused until then.
        wait_until: Option<Timestamp>,
        /// Why the last attempt failed, in plain words.
        problem: Option<Text>,
    },
    /// The key is being derived.
    Unlocking,
    /// It is open.
    Open {
        /// Wrong passphrases before this one.
        failures: u32,
        /// What it was opened for.
        role: VaultRole,
    },
    /// It cannot be used at all, and why.
    Broken {
        /// What kind of trouble it is.
        kind: VaultTrouble,
        /// What is wrong and what to do.
        problem: Text,
    },
}

impl VaultStatus {
    /// Whether it is open to look and for nothing else.
    pub fn is_for_viewing(&self) -> bool {
        match self {
            Self::Open { role, .. } => *role == VaultRole::Viewer,
            Self::Absent | Self::Locked { .. } | Self::Unlocking | Self::Broken { .. } => false,
        }
    }
}

/// What a vault was opened for. Roles are keys: a viewer's session cannot read a credential that could trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultRole {
    /// Looking.
    Viewer,
    /// Everything.
    Trader,
}

/// What a viewer is told who wants what takes a trader.
pub const FOR_VIEWING: &str =
    "this vault is open for viewing; unlock it with a trader's passphrase to trade";

/// What kind of trouble keeps a vault from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultTrouble {
    /// It is not as it was written.
    Damaged,
    /// A newer release wrote it.
    Newer,
    /// The machine has no room, or does not let us at it.
    Machine,
}

/// Where a connection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ConnectionState {
    /// Stopped by the person.
    Disconnected,
    /// Its credential is sealed for traders and the vault is open for viewing: only what was last known is shown.
    Sealed,
    /// First reads are under way.
    Connecting,
    /// Everything answers.
    Live,
    /// Lost; tried again at a moment.
    Retrying {
        /// When.
        at: Timestamp,
        /// What went wrong, in plain words.
        why: Text,
    },
    /// The provider refused the credentials.
    NeedsSignIn {
        /// What it said.
        why: Text,
    },
    /// It cannot work, and retrying does not help.
    Failed {
        /// What went wrong and what to do.
        why: Text,
    },
}

/// How one stream of a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedHealth {
    /// What it carries: `quotes`, `orders`.
    pub name: Text,
    /// Which feed: `IEX`, `simulated`.
    pub label: Text,
    /// Whether it is connected and logged in.
    pub live: bool,
    /// When it last said anything.
    pub heard: Option<Timestamp>,
    /// Times it was connected again.
    pub reconnects: u32,
    /// Messages that could not be read.
    pub garbled: u64,
    /// Messages taken in.
    pub messages: u64,
    /// Symbols asked for that the feed does not carry for us.
    pub not_live: Vec<Symbol>,
    /// What is wrong with it, in plain words.
    pub problem: Option<Text>,
}

/// State and health of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    /// Which one.
    pub id: ConnectionId,
    /// At which provider.
    pub provider: ProviderId,
    /// The provider's name for people: `Alpaca`.
    pub title: Text,
    /// Paper or live.
    pub environment: Environment,
    /// Where it stands.
    #[serde(flatten)]
    pub state: ConnectionState,
    /// Its streams.
    pub feeds: Vec<FeedHealth>,
    /// Time the last call took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Calls made since the start.
    pub calls: u64,
    /// Calls that failed since the start.
    pub errors: u64,
    /// Requests left in the rate limit's window, and the window's size.
    pub requests_left: Option<(u32, u32)>,
    /// When accounts, positions and orders were last read whole.
    pub last_sync: Option<Timestamp>,
    /// When they are read next.
    pub next_sync: Option<Timestamp>,
    /// By which of the provider's ways it was made; empty where that is not known.
    #[serde(default)]
    pub way: Text,
    /// Whether the person signs in to it by browser, and so can do it again.
    pub by_browser: bool,
    /// When the session of its calls ends, which is renewed without the person; `None` where there is none.
    pub session_until: Option<Timestamp>,
    /// When the person has to sign in again; `None` where the credentials do not expire.
    pub sign_in_due: Option<Timestamp>,
    /// Failed token refreshes since the start.
    pub refresh_failures: u32,
    /// The provider's clock minus ours, in milliseconds, where it differs by more than a second.
    pub clock_skew_ms: Option<i64>,
}

/// How long before its end a sign-in is worth a warning: a day, so that it is renewed before a market opens.
pub const SIGN_IN_SOON: Duration = Duration::from_secs(24 * 60 * 60);

impl ConnectionStatus {
    /// Whether the person is to sign in again, by browser: now, or soon.
    pub fn wants_browser(&self, now: Timestamp) -> bool {
        let needs_it = matches!(self.state, ConnectionState::NeedsSignIn { .. });
        self.by_browser && (needs_it || self.ends_soon(now))
    }

    /// Whether the sign-in ends so soon that it is worth a warning.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let due = self.sign_in_due;
        due.is_some_and(|due| due.since(now) < SIGN_IN_SOON)
    }
}

/// A secret a provider asks for, as a form shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretField {
    /// Its name in `--secret-fd` lines: `key`.
    pub name: Text,
    /// What a form calls it: `API key ID`.
    pub label: Text,
    /// Whether its characters are hidden while typed.
    pub hidden: bool,
}

/// What may be connected, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderOffer {
    /// Which provider.
    pub provider: ProviderId,
    /// Its name for people.
    pub title: Text,
    /// What it gives, in one line.
    pub gives: Text,
    /// Environments it has.
    pub environments: Vec<Environment>,
    /// Ways to sign in, the one that most people take first.
    pub ways: Vec<WayOffer>,
}

/// One way to sign in with a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOffer {
    /// Its name in commands: `keys`.
    pub way: Text,
    /// Its name for people.
    pub title: Text,
    /// Whether the person goes on in a browser.
    pub by_browser: bool,
    /// What it asks for.
    pub secrets: Vec<SecretField>,
    /// Where the person gets those, in one line.
    pub hint: Text,
}
