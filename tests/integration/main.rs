//! The only test program: a list of what is covered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod flows;
mod journals;
mod ledger;
mod providers;
mod screens;
mod settlement;
mod sign_in;
mod simulators;
mod store_keeper;
mod support;
mod terminal;
mod tidy;
mod vault;
