//! Lines of the activity log: what the program did and what happened to it.

use crate::domain::text::Text;
use crate::domain::{AccountId, ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a line is about; the pane filters by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Reading accounts, positions, orders, history.
    Sync,
    /// A market-data or event stream.
    Feed,
    /// An order's step.
    Order,
    /// An execution.
    Fill,
    /// A sign-in or a refreshed token.
    Token,
    /// A comparison of two sources.
    Check,
    /// The vault.
    Vault,
    /// The program itself: configuration, start, stop.
    System,
}

impl EntryKind {
    /// Every kind, in the order a filter offers them.
    pub const ALL: [Self; 8] = [
        Self::Sync,
        Self::Feed,
        Self::Order,
        Self::Fill,
        Self::Token,
        Self::Check,
        Self::Vault,
        Self::System,
    ];

    /// One word for a column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Feed => "feed",
            Self::Order => "order",
            Self::Fill => "fill",
            Self::Token => "token",
            Self::Check => "check",
            Self::Vault => "vault",
            Self::System => "system",
        }
    }
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Wrong,
}

/// How far something under way is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub done: u32,
    /// Steps in all, where known.
    pub total: Option<u32>,
}

/// One line of the activity log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; a later entry with the same number takes its place.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// About what.
    pub kind: EntryKind,
    /// How much it matters.
    pub level: Level,
    /// At which connection.
    pub connection: Option<ConnectionId>,
    /// In which account.
    pub account: Option<AccountId>,
    /// What happened, in one line.
    pub text: Text,
    /// The rest, for whoever opens the line.
    pub detail: Option<Text>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
    /// How far it is, while it runs.
    pub progress: Option<Progress>,
}
