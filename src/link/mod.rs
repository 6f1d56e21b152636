//! What passes between the runtime and a screen: requests one way, updates the other, both plain values.
//!
//! This is the future process boundary: nothing here holds a closure, a handle or a secret that could be
//! serialised, so the same values travel in process ([`local`]) and over a Unix socket ([`socket`]).
//! Account and order events are numbered and never dropped; quotes are unnumbered and the latest wins.
//! A new thing a screen may ask is a [`Request`]; a new thing it may learn is an [`Event`].

pub mod activity;
pub mod entries;
pub mod local;
pub mod replica;
pub mod secret;
pub mod sign_in;
pub mod socket;
pub mod status;
pub mod vault;

pub use activity::{Entry, EntryKind, Level, Progress};
pub use entries::{EntryPage, EntryQuery};
pub use local::{Hub, Inbound, ScreenEnd, ScreenId};
pub use replica::Replica;
pub use secret::{FINGERPRINT, SecretRequest, SignInRequest};
pub use sign_in::{Answer, SignInStatus, Waiting};
pub use status::{
    ConnectionState, ConnectionStatus, FOR_VIEWING, FeedHealth, ProviderOffer, SecretField,
    VaultRole, VaultStatus, VaultTrouble, WayOffer,
};
pub use vault::{DoorRequest, VaultAnswer, VaultRequest};

use crate::domain::order::{OrderChange, Said};
use crate::domain::text::Text;
use crate::domain::{
    Account, AccountId, Balance, Bar, ClientOrderId, ConnectionId, EquityPoint, Instrument, Level1,
    MarketClock, Order, OrderDraft, Position, Sequence, Symbol, SyncAsk, SyncRun, Timeframe,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// Version of the values in this module; two ends that differ say so and part.
pub const VERSION: u32 = 5;

/// What a screen asks of the runtime. What carries a secret is a [`SecretRequest`] instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Everything there is, to start a replica from.
    Snapshot,
    /// The symbols this screen shows; replaces the set it gave before.
    Watch {
        /// At most [`MOST_WATCHED`]; what is over it is refused with a notice.
        symbols: Vec<Symbol>,
    },
    /// What is known of a symbol; answered by [`Event::Instrument`] or a notice that nobody knows it.
    LookUp {
        /// Which.
        symbol: Symbol,
    },
    /// Price history for a chart; answered by [`Event::Bars`].
    LoadBars {
        /// Of what.
        symbol: Symbol,
        /// How long each bar is.
        timeframe: Timeframe,
    },
    /// Equity history of an account; answered by [`Event::EquityHistory`].
    LoadEquity {
        /// Of which account.
        account: AccountId,
    },
    /// Sends an order. The id is made once, by the screen, so that a repeat is recognised.
    PlaceOrder {
        /// Our name of the order.
        id: ClientOrderId,
        /// What is wanted.
        draft: OrderDraft,
    },
    /// Changes a working order.
    ReplaceOrder {
        /// Which.
        id: ClientOrderId,
        /// Our name of the order that takes its place.
        replacement: ClientOrderId,
        /// What changes.
        change: OrderChange,
    },
    /// What the person says to the question of a venue; only a screen on which they said it sends this.
    Answer {
        /// About which order.
        id: ClientOrderId,
        /// The venue's name of the question, so that no other one is answered.
        question: Text,
        /// What they say.
        said: Said,
    },
    /// Cancels a working order.
    CancelOrder {
        /// Which.
        id: ClientOrderId,
    },
    /// Cancels every working order of one account, or of all.
    CancelAll {
        /// Of which account; `None` for all.
        account: Option<AccountId>,
    },
    /// Reads accounts, positions and orders of a connection again, or of all.
    Refresh {
        /// Of which connection; `None` for all.
        connection: Option<ConnectionId>,
    },
    /// Reads the history of an account, or of all: what is not in the ledger yet, or what is asked for.
    Sync {
        /// Of which account; `None` for all.
        account: Option<AccountId>,
        /// Which stretch of time.
        ask: SyncAsk,
    },
    /// Stops reading the history of an account, or of all; what was read is kept.
    CancelSync {
        /// Of which account; `None` for all.
        account: Option<AccountId>,
    },
    /// Entries of the ledger; answered by [`Update::Entries`] to the screen that asked.
    LoadEntries {
        /// Which.
        query: EntryQuery,
    },
    /// Starts a connection that was stopped or gave up.
    Connect {
        /// Which.
        connection: ConnectionId,
    },
    /// Stops a connection; its last data stay, with their age.
    Disconnect {
        /// Which.
        connection: ConnectionId,
    },
    /// Drops every key and token from memory.
    Lock,
    /// A person pressed a key: the vault is not locked for want of one.
    Present,
}

/// Most symbols one screen may watch at once.
pub const MOST_WATCHED: usize = 1_000;

/// A change that may not be missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The vault was created, locked, opened.
    Vault(VaultStatus),
    /// A connection's state or health.
    Connection(Box<ConnectionStatus>),
    /// A connection was removed, with everything of it.
    ConnectionGone(ConnectionId),
    /// An account.
    Account(Account),
    /// What an account holds and may spend.
    Balance(Balance),
    /// All positions of an account; replaces the ones before.
    Positions {
        /// Of which account.
        account: AccountId,
        /// All of them.
        positions: Vec<Position>,
    },
    /// An order, new or changed.
    Order(Box<Order>),
    /// What is known of a symbol.
    Instrument(Instrument),
    /// A market's opening hours.
    MarketClock(MarketClock),
    /// Price history.
    Bars {
        /// Of what.
        symbol: Symbol,
        /// How long each bar is.
        timeframe: Timeframe,
        /// Oldest first.
        bars: Vec<Bar>,
    },
    /// Equity history of an account, oldest first.
    EquityHistory {
        /// Of which account.
        account: AccountId,
        /// Oldest first.
        points: Vec<EquityPoint>,
    },
    /// How far a reading of an account's history is, or what it came to.
    Synced(Box<SyncRun>),
    /// A line of the activity log; one with the id of an earlier line takes its place.
    Activity(Entry),
    /// A sentence for the person, now.
    Notice {
        /// How bad it is.
        level: Level,
        /// The sentence.
        text: Text,
    },
    /// What came of [`SecretRequest::AddConnection`].
    Addition(Addition),
    /// An order that was refused before it left, and why.
    OrderRefused {
        /// Our name of it.
        id: ClientOrderId,
        /// Why, and what to do.
        reason: Text,
    },
}

/// What came of adding a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// The provider accepted the credentials and they are sealed in the vault.
    Added {
        /// The name it got.
        connection: ConnectionId,
        /// The accounts that the credentials reach, for the person to see.
        accounts: Vec<AccountId>,
    },
    /// The provider refused the credentials, or they are not of the environment asked for.
    Refused {
        /// What it said.
        why: Text,
    },
    /// The provider did not answer.
    Unreachable {
        /// What went wrong.
        why: Text,
    },
    /// Nothing was kept: the person has to confirm the certificate of a program on this machine first, and to ask again
    /// with its fingerprint.
    Certificate {
        /// Where it is.
        address: Text,
        /// Its SHA-256, in groups of digits.
        fingerprint: Text,
    },
    /// Something on this side is wrong: a missing field, a taken name, a locked vault.
    Failed {
        /// What, and what to do.
        why: Text,
    },
}

/// What the runtime tells a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// Everything, as of a number; the next event has the number after it.
    Snapshot(Box<Snapshot>),
    /// The next numbered change.
    Numbered {
        /// One more than the one before, or the screen asks for a snapshot.
        sequence: Sequence,
        /// What changed.
        event: Event,
    },
    /// Entries of the ledger that this screen asked for.
    Entries(Box<EntryPage>),
    /// The newest state of symbols that changed; older states may have been overtaken.
    Quotes {
        /// One line a symbol.
        lines: Vec<Level1>,
        /// How many states were overtaken by newer ones before this screen took them.
        overtaken: u64,
    },
}

/// Everything a screen starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`VERSION`] of the sender.
    pub version: u32,
    /// Number of the last event that is in it.
    pub at: Sequence,
    /// When it was made.
    pub time: Timestamp,
    /// Whether this is the embedded simulation.
    pub demo: bool,
    /// State of the vault.
    pub vault: VaultStatus,
    /// What may be connected.
    pub offers: Vec<ProviderOffer>,
    /// Every connection.
    pub connections: Vec<ConnectionStatus>,
    /// Every account.
    pub accounts: Vec<Account>,
    /// Balances of accounts that were read.
    pub balances: Vec<Balance>,
    /// Positions of every account that was read, empty lists included.
    pub positions: Vec<(AccountId, Vec<Position>)>,
    /// Orders, working and recent.
    pub orders: Vec<Order>,
    /// Opening hours.
    pub clocks: Vec<MarketClock>,
    /// Recent activity, oldest first.
    pub activity: Vec<Entry>,
    /// The reading of each account's history that is under way, or else the last one.
    pub syncs: Vec<SyncRun>,
    /// Newest market data.
    pub quotes: Vec<Level1>,
}
