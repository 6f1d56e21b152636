//! tradedeck: every account a person owns, in one terminal.
pub mod config;
pub mod domain;
pub mod engine;
pub mod ledger;
pub mod link;
pub mod net;
pub mod paper;
pub mod providers;
pub mod runtime;
pub mod sim;
pub mod ui;
pub mod vault;
