//! The portfolio's accounting: entries of a ledger go in, lots, profit, cash and what disagrees come out.
//!
//! Everything here is a function of its arguments: no disk, no clock, no rates of its own. The words are those of
//! [`crate::domain::entry`].
//!
//! | file | what it decides |
//! |---|---|
//! | [`chronicle`] | in which order entries count, and which a correction replaces |
//! | [`book`] | one account: lots, realised profit, cash, options, splits, mergers, transfers |
//! | [`books`] | all accounts, rebuilt or entry by entry |
//! | [`rates`] | amounts in another currency, and which rate of which day that took |
//! | [`profit`] | realised and unrealised profit, fees, dividends, interest, change of the day |
//! | [`wash`] | losses that a purchase within 30 days disallows |
//! | [`worth`] | equity over time, allocation |
//! | [`ladder`] | cash: settled, unsettled by day, in transit, held |
//! | [`reconcile`] | what the broker reports against what the entries say |
//! | [`round`] | the only rounding |
//!
//! What always holds: the lots of a position add up to its units; what lots cost plus what was realised is the cash that
//! was paid, to the last decimal; what is unknown (`None`) makes every sum that it belongs to unknown, never 0.
//!
//! The lots' signs are those of the units: a short lot has negative units and a negative cost, which is what it brought.

pub mod book;
pub mod books;
pub mod chronicle;
pub mod ladder;
pub mod profit;
pub mod rates;
pub mod reconcile;
pub mod round;
pub mod wash;
pub mod worth;

pub use book::{AccountBook, Choice, Lot, Method, Position, Realised, Step};
pub use books::Books;

#[cfg(test)]
pub(crate) mod tests;
