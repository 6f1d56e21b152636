//! Everything that can happen, as the engine is told of it.

use crate::domain::quote::{Bar, MarketClock, MarketEvent};
use crate::domain::text::Text;
use crate::domain::{
    Account, AccountActivity, AccountId, Balance, ClientOrderId, ConnectionId, Environment,
    EquityPoint, HistoryLimits, Instrument, LastKnown, Order, OrderDraft, Position, ProviderId,
    Question, Reach, Symbol, Timeframe, Timestamp,
};
use crate::engine::sync::Fetched;
use crate::link::{EntryKind, Event, Level, ProviderOffer, Request, ScreenId, VaultStatus};
use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A screen asked for something.
    Request(ScreenId, Request),
    /// A screen went away.
    ScreenGone(ScreenId),
    /// The vault changed.
    Vault(VaultStatus),
    /// What an earlier run kept of a connection.
    Known(Profile, Box<LastKnown>),
    /// A connection can be used.
    Opened(Profile),
    /// A connection was removed for good.
    Removed(ConnectionId),
    /// The machine slept for so long.
    Slept(Duration),
    /// A reading came back.
    Read(Box<ReadAnswer>),
    /// How far histories were read in earlier runs.
    Reached(Vec<(AccountId, Reach)>),
    /// A page of a history came back.
    Fetched(Box<Fetched>),
    /// A stream changed its state.
    Stream(ConnectionId, Channel, StreamChange),
    /// Market data, in the order the feed said it.
    Market(ConnectionId, Vec<MarketEvent>),
    /// The venue told of an order.
    OrderReported(Box<Order>),
    /// The venue told of an execution.
    Filled(Box<AccountActivity>),
    /// What became of an order that was sent.
    OrderAnswered(ClientOrderId, Sent),
    /// What became of a cancel.
    CancelAnswered(ClientOrderId, Result<(), Failure>),
    /// What became of cancelling all: how many were asked for, and who refused.
    AllCancelAnswered(AccountId, Result<(usize, Vec<Text>), Failure>),
    /// What the venue knows of an order by our id.
    OrderLookedUp(ClientOrderId, Result<Option<Box<Order>>, Failure>),
    /// Orders that an earlier run sent and never saw settled.
    OpenIntents(Vec<OpenIntent>),
    /// Something for the activity log that happened outside the engine.
    Note(Note),
    /// Something for every screen that changes nothing here.
    Announce(Event),
    /// The program ends.
    Closing,
    /// Time passed.
    Tick,
}

/// What the engine has to know of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Which one.
    pub id: ConnectionId,
    /// At which provider.
    pub provider: ProviderId,
    /// The provider's name for people.
    pub title: Text,
    /// Paper or live.
    pub environment: Environment,
    /// Whether it has market data.
    pub has_quotes: bool,
    /// How its histories may be read; none where it has none.
    pub history: Option<HistoryLimits>,
    /// By which of the provider's ways it was made; empty where that is not known.
    pub way: Text,
    /// Whether the person signs in to it by browser.
    pub by_browser: bool,
    /// Whether its far side is a simulation.
    pub simulated: bool,
}

/// Which stream of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Market data.
    Quotes,
    /// Events of orders.
    Orders,
}

impl Channel {
    /// What a health line calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quotes => "quotes",
            Self::Orders => "orders",
        }
    }
}

/// What a stream did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamChange {
    /// Connected and logged in; the feed's name for people.
    Up(Feed),
    /// Lost; tried again after a pause.
    Down {
        /// What went wrong.
        why: Text,
        /// When it is tried again; `None` when it gave up.
        again: Option<Timestamp>,
    },
    /// Symbols it does not carry for us, and why.
    NotLive(Vec<Symbol>, Text),
    /// Messages that could not be read, and where the last one broke.
    Garbled(u64, Text),
    /// Something the person should know.
    Trouble(Text),
}

/// What a stream carries, in the words for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Which feed: `IEX`.
    pub label: Text,
    /// Minutes it lags by its own nature; zero for a real-time feed.
    pub delayed_minutes: u16,
    /// Whether events of orders come with the prices: then there is no other stream.
    pub carries_orders: bool,
}

impl From<&str> for Feed {
    /// A real-time feed.
    fn from(label: &str) -> Self {
        Self {
            label: label.into(),
            delayed_minutes: 0,
            carries_orders: false,
        }
    }
}

/// What can be read from a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reading {
    /// Accounts and balances.
    Accounts,
    /// All positions of an account.
    Positions(AccountId),
    /// Orders of an account, working and recent.
    Orders(AccountId),
    /// Newest market data of symbols.
    Snapshots(Vec<Symbol>),
    /// Opening hours.
    Clock,
    /// What is known of a symbol.
    Instrument(Symbol),
    /// Price history.
    Bars(Symbol, Timeframe),
    /// Equity history.
    Equity(AccountId),
}

/// A reading that came back.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadAnswer {
    /// From which connection.
    pub connection: ConnectionId,
    /// What was asked for.
    pub reading: Reading,
    /// How long it took.
    pub took: Duration,
    /// What its calls cost so far.
    pub meter: CallMeter,
    /// What came.
    pub outcome: Result<ReadData, Failure>,
}

/// What a connection's calls cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallMeter {
    /// Calls made.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Time the last call took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Requests left in the rate limit's window, and the window's size.
    pub requests_left: Option<(u32, u32)>,
    /// The provider's clock minus ours, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// Rows of listings that could not be read and were left out.
    pub unreadable: u64,
    /// Where the newest of those was, without its content.
    pub unreadable_at: Option<Text>,
    /// When the session of its calls ends; it is renewed without the person.
    pub session_until: Option<Timestamp>,
    /// When the person has to sign in again.
    pub sign_in_due: Option<Timestamp>,
    /// Renewals of the session that failed.
    pub refresh_failures: u32,
}

/// What a reading brought.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadData {
    /// Accounts, with balances where one call gives both.
    Accounts(Vec<(Account, Option<Balance>)>),
    /// All positions.
    Positions(Vec<Position>),
    /// Orders.
    Orders(Vec<Order>),
    /// Newest market data; symbols nobody knows are missing.
    Snapshots(Vec<MarketEvent>),
    /// Opening hours.
    Clock(MarketClock),
    /// What is known of a symbol, if anything.
    Instrument(Option<Instrument>),
    /// Price history, oldest first.
    Bars(Vec<Bar>),
    /// Equity history, oldest first.
    Equity(Vec<EquityPoint>),
}

/// Why a call brought nothing, and so what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do next.
    pub kind: FailureKind,
    /// What went wrong, in plain words.
    pub what: Text,
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The person has to sign in or mend the credentials.
    SignIn,
    /// The person has to do something elsewhere; asking again finds out whether they did.
    Elsewhere,
    /// Asking again later may help, after a pause where one is given.
    Later(Option<Duration>),
    /// Asking again does not help.
    Final,
    /// What was asked for does not exist.
    NotFound,
}

/// What became of an order that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The venue has it.
    Accepted(Box<Order>),
    /// The venue refused it.
    Rejected(Text),
    /// The venue placed nothing and asks the person first.
    Asked(Box<Question>),
    /// The venue has one with this id already.
    Duplicate,
    /// Nothing left this machine.
    NotSent(Text),
    /// It may or may not have arrived.
    Unknown(Text),
}

/// An order that an earlier run sent and never saw settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// Our name of it.
    pub id: ClientOrderId,
    /// What was wanted.
    pub draft: OrderDraft,
    /// When it was made.
    pub created: Timestamp,
    /// The venue's id, where it gave one.
    pub provider_id: Option<Text>,
}

/// A line for the activity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// About what.
    pub kind: EntryKind,
    /// How much it matters.
    pub level: Level,
    /// At which connection.
    pub connection: Option<ConnectionId>,
    /// What happened.
    pub text: Text,
    /// Whether the person is told at once as well.
    pub announce: bool,
}

/// What may be connected, told once at the start.
pub type Offers = Vec<ProviderOffer>;
