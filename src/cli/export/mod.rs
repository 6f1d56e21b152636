//! Entries as text for other programs: journals of plain-text accounting. Pure functions, no file is opened here.
//!
//! [`journal()`] turns entries into transactions that balance, with the lots that the books chose; [`beancount`] and
//! [`hledger`] only write them down. [`rows`] are tables of trades, lots and realised profit. What is unknown is kept out of the profit: units of unknown cost stand in a journal
//! without a cost, beside an account of their own.

pub mod beancount;
pub mod hledger;
pub mod journal;
mod names;
pub mod rows;

pub use journal::{Journal, journal};
