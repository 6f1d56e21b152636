//! The words of the trade: plain data, no I/O, no clock, no async.
//!
//! Everything here can be built in a test in one line and written to a socket.
//! A word that two folders share lives here; a rule that decides something lives in `engine`.
//! Every amount is an exact decimal; every text that came from outside passes through [`text::clean`].

pub mod account;
pub mod activity;
pub mod draft;
pub mod entry;
pub mod ids;
pub mod instrument;
pub mod last_known;
pub mod money;
pub mod order;
pub mod position;
pub mod question;
pub mod quote;
pub mod sync;
pub mod text;
pub mod time;

pub use account::{Account, AccountId, Balance, Environment, EquityPoint};
pub use activity::{AccountActivity, ActivityKind};
pub use entry::{CashCause, Entry, EntryId, Holding, OptionEnd, What};
pub use ids::{ClientOrderId, ConnectionId, ProviderId, Sequence};
pub use instrument::{AssetClass, Instrument, Symbol};
pub use last_known::LastKnown;
pub use money::{Currency, Money, Price, Quantity};
pub use order::{
    Exits, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Side, StopLoss, TimeInForce,
    TrailBy,
};
pub use position::Position;
pub use question::Question;
pub use quote::{Bar, Level1, MarketClock, MarketEvent, Quote, Timeframe, Trade, TradingStatus};
pub use sync::{Reach, RowCounts, Span, SyncOutcome, SyncRun};
pub use text::Text;
pub use time::{Clock, Timestamp};
