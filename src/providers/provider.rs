//! What every provider looks like to the runtime: a specification, abilities, and outcomes that say what to do next.

pub use super::history::{HistoryQuery, Page};
pub use super::spec::{FINGERPRINT, Grant, Opening, ProviderSpec, SecretSpec, Way};
pub use super::{caller, fields, history, told};
pub use crate::domain::question::{About, Question};

use crate::auth::{AuthError, Standing};
use crate::domain::quote::{Bar, MarketClock, MarketEvent, Quote, Timeframe};
use crate::domain::text::Text;
use crate::domain::{
    Account, AccountActivity, AccountId, Balance, Entry, EquityPoint, HistoryLimits, Instrument,
    Order, Position, Symbol, Timestamp,
};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::net::Dialer;
use crate::net::error::NetError;
use crate::net::session::Session;
use secrecy::SecretString;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The answer to a call, boxed so that providers can be chosen at run time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// The answer to an order; see [`Placed`].
pub type PlacedAnswer<'a> = Pin<Box<dyn Future<Output = Placed> + Send + 'a>>;

/// One connection. An ability that a provider lacks is simply `None`.
pub trait Provider: Send + Sync {
    /// Accounts, balances, positions, history.
    fn accounts(&self) -> Option<&dyn Accounts> {
        None
    }
    /// Orders.
    fn orders(&self) -> Option<&dyn Orders> {
        None
    }
    /// Market data by request.
    fn quotes(&self) -> Option<&dyn Quotes> {
        None
    }
    /// Its WebSocket streams, once its accounts are known.
    fn streams(&self, accounts: &[AccountId]) -> Vec<StreamSpec> {
        let _ = accounts;
        Vec::new()
    }
    /// Whether events of orders come with the prices, on one stream.
    fn orders_come_with_quotes(&self) -> bool {
        false
    }
    /// What its calls cost so far.
    fn meter(&self) -> Meter {
        Meter::default()
    }
}

/// What a connection's calls cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Calls made.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Time the last call took.
    pub latency: Option<Duration>,
    /// Requests left in the rate limit's window, and the window's size.
    pub requests_left: Option<(u32, u32)>,
    /// The provider's clock minus ours in milliseconds, by its `Date` header.
    pub clock_skew_ms: Option<i64>,
    /// Rows of listings that could not be read and were left out.
    pub unreadable: u64,
    /// Where the newest of those was, without its content.
    pub unreadable_at: Option<Text>,
    /// Where its sign-in stands: what OAuth tokens say, or a session of the provider's own.
    pub standing: Standing,
}

/// Accounts, balances, positions, history.
pub trait Accounts: Send + Sync {
    /// Every account that the credentials reach, each with its balance where one call gives both.
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>>;
    /// All positions of an account.
    fn positions<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<Position>>;
    /// Equity over the past month, oldest first.
    fn equity_history<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<EquityPoint>>;
    /// How its histories may be read.
    fn history_limits(&self) -> HistoryLimits;
    /// One page of what happened in an account within a stretch of time, in the provider's order. A row that lies
    /// beside the stretch by a little may come too: whoever keeps them counts each once. A cursor that is not known
    /// any more is [`ProviderError::UnknownCursor`].
    fn history<'a>(
        &'a self,
        account: &'a AccountId,
        query: HistoryQuery,
    ) -> Answer<'a, Page<Entry>>;
}

/// Orders.
pub trait Orders: Send + Sync {
    /// Sends an order, once. Never repeated by any layer.
    fn place<'a>(&'a self, order: &'a Approved<Paper>) -> PlacedAnswer<'a>;
    /// Changes the order with the venue's id `provider_id`, once.
    fn replace<'a>(
        &'a self,
        account: &'a AccountId,
        provider_id: &'a str,
        change: &'a ApprovedChange<Paper>,
    ) -> PlacedAnswer<'a>;
    /// Tells the venue what the person said to its question, once. Never called without a person having said so.
    ///
    /// The venue may ask again; what it says when the question is over is a [`Placed::Rejected`]. A no that arrived is
    /// a [`Placed::Rejected`] as well.
    fn answer<'a>(
        &'a self,
        account: &'a AccountId,
        question: &'a Question,
        yes: bool,
    ) -> PlacedAnswer<'a> {
        let _ = (account, question, yes);
        Box::pin(std::future::ready(Placed::NotSent {
            why: "this provider takes no answer to a question".into(),
        }))
    }
    /// Asks for a cancel; the order is cancelled when the venue says so.
    fn cancel<'a>(&'a self, account: &'a AccountId, provider_id: &'a str) -> Answer<'a, ()>;
    /// Asks for a cancel of every working order; returns how many were asked for and sentences for those refused.
    fn cancel_all<'a>(&'a self, account: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)>;
    /// Working orders, and those finished since `since`, exits of brackets included.
    fn list<'a>(&'a self, account: &'a AccountId, since: Timestamp) -> Answer<'a, Vec<Order>>;
    /// The order with our id; `None` when the venue does not know it.
    fn by_client_id<'a>(&'a self, account: &'a AccountId, id: &'a str)
    -> Answer<'a, Option<Order>>;
}

/// What became of an order that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The venue has it.
    Accepted(Box<Order>),
    /// The venue refused it, in its own words.
    Rejected {
        /// Why.
        reason: Text,
    },
    /// The venue placed nothing and asks the person first; see [`Orders::answer`].
    Asked(Question),
    /// The venue has an order with this id already; a look-up tells which.
    Duplicate,
    /// Nothing was sent, and why; safe to try again.
    NotSent {
        /// Why.
        why: Text,
    },
    /// It may or may not have arrived: time-out, lost connection, 5xx, unreadable answer.
    Unknown {
        /// What went wrong.
        why: Text,
    },
}

/// Market data by request.
pub trait Quotes: Send + Sync {
    /// Newest quote, trade and day of each symbol; symbols nobody knows are missing.
    fn snapshots<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<MarketEvent>>;
    /// Newest quote of each symbol.
    fn latest<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<Quote>>;
    /// Bars from `since` on, oldest first, all pages up to the provider's limit.
    fn bars<'a>(
        &'a self,
        symbol: &'a Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Answer<'a, Vec<Bar>>;
    /// Opening hours now.
    fn clock(&self) -> Answer<'_, MarketClock>;
    /// What is known of a symbol; `None` when the provider does not know it.
    fn instrument<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<Instrument>>;
}

/// One WebSocket stream of a connection.
pub struct StreamSpec {
    /// What it carries.
    pub name: StreamName,
    /// Which feed, for people: `IEX`.
    pub label: Text,
    /// Minutes it lags by its own nature; zero for a real-time feed.
    pub delayed_minutes: u16,
    /// Asks where the stream is and makes a fresh session for one socket. Resume data live in the maker.
    pub start: Box<dyn Fn() -> Answer<'static, StreamStart> + Send + Sync>,
}

impl StreamSpec {
    /// A stream whose address never changes and needs no question.
    pub fn at(
        name: StreamName,
        label: Text,
        url: &url::Url,
        session: impl Fn() -> StreamSession + Send + Sync + 'static,
    ) -> Self {
        let url = url.to_string();
        let start = move || {
            let start = StreamStart {
                url: url.clone(),
                headers: Vec::new(),
                session: session(),
                dialer: None,
            };
            Box::pin(std::future::ready(Ok(start))) as Answer<'static, StreamStart>
        };
        Self {
            name,
            label,
            delayed_minutes: 0,
            start: Box::new(start),
        }
    }
}

/// Everything one socket of a stream begins with.
pub struct StreamStart {
    /// Where it is.
    pub url: String,
    /// Headers of the handshake.
    pub headers: Vec<(&'static str, SecretString)>,
    /// What it says and hears.
    pub session: StreamSession,
    /// Reaches it in the place of the usual dialer: where its certificate is one that the person confirmed.
    pub dialer: Option<Dialer>,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// Market data.
    Quotes,
    /// Events of orders.
    Orders,
}

/// A session whose provider was chosen at run time.
pub type StreamSession = Box<dyn Session<Event = StreamEvent, Command = StreamCommand>>;

/// What the runtime tells a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamCommand {
    /// The symbols wanted now; replaces the set before.
    Watch(Vec<Symbol>),
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Logged in; what was missed while away has to be read again.
    Ready,
    /// Market data.
    Market(MarketEvent),
    /// An order as the venue sees it now.
    Order(Box<Order>),
    /// One execution of an order, in addition to its [`StreamEvent::Order`].
    Fill(Box<AccountActivity>),
    /// Symbols the feed does not carry for us, and why.
    NotLive {
        /// Which.
        symbols: Vec<Symbol>,
        /// Why.
        why: Text,
    },
    /// A message that could not be read; counted, not fatal.
    Garbled {
        /// Where, in a few words without its content.
        at: Text,
    },
    /// Something the person should know: a refused log-in, a limit.
    Trouble {
        /// What.
        what: Text,
    },
}

/// What went wrong with a call; each variant says what to do next.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProviderError {
    /// The provider refused the request itself; asking again does not help.
    #[error("refused: {reason}")]
    Refused {
        /// In the provider's words.
        reason: Text,
    },
    /// The credentials are not accepted; the person has to act.
    #[error("the credentials were refused: {reason}")]
    Unauthorised {
        /// In the provider's words.
        reason: Text,
    },
    /// The person has to do something elsewhere; it is looked again by itself whether that was done.
    #[error("{what}")]
    AwaitsPerson {
        /// What is to be done, and where.
        what: Text,
    },
    /// What was asked for does not exist.
    #[error("not found: {what}")]
    NotFound {
        /// In the provider's words.
        what: Text,
    },
    /// The place from which a listing was to go on is not known any more; begin it anew.
    #[error("the place to go on from is not known any more")]
    UnknownCursor,
    /// Too many requests; ask again later.
    #[error("too many requests; the provider wants a pause")]
    RateLimited {
        /// How long, where the provider says.
        retry_after: Option<Duration>,
    },
    /// The provider has a problem of its own; ask again later.
    #[error("the provider has a problem of its own (status {status})")]
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// No answer was had.
    #[error(transparent)]
    Unreachable(#[from] NetError),
    /// The answer could not be read.
    #[error("the answer could not be read: {at}")]
    Garbled {
        /// Where, without its content.
        at: Text,
    },
    /// The configuration or a secret is missing or malformed.
    #[error("{problem}")]
    Misconfigured {
        /// What, and what to do.
        problem: Text,
    },
}

impl From<AuthError> for ProviderError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::SignIn { .. } => Self::Unauthorised {
                reason: error.to_string().into(),
            },
            AuthError::Registration { .. } => Self::Misconfigured {
                problem: error.to_string().into(),
            },
            // Both pass: a disk gets room, and a connection that was opened anew has tokens of its own.
            AuthError::NotKept { .. } | AuthError::Closed => Self::Unreachable(NetError::Broken {
                why: error.to_string(),
            }),
            AuthError::RateLimited { retry_after } => Self::RateLimited { retry_after },
            AuthError::Unavailable { status } => Self::Unavailable { status },
            AuthError::Unreachable(error) => Self::Unreachable(error),
            AuthError::Garbled => Self::Garbled {
                at: "the answer of the sign-in".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a sign-in's trouble: only what the person can mend stops a connection.
    #[test]
    fn what_passes_by_itself_is_tried_again() {
        let full = AuthError::NotKept {
            why: "the disk is full".into(),
        };
        for error in [full, AuthError::Closed] {
            let error = ProviderError::from(error);
            let passes = matches!(&error, ProviderError::Unreachable(net) if net.may_retry());
            assert!(passes, "{error}");
        }
        let over = AuthError::SignIn { why: "it is over" };
        assert!(matches!(
            ProviderError::from(over),
            ProviderError::Unauthorised { .. }
        ));
    }
}
