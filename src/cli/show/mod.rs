//! What commands print of a replica: a table for people, JSON for scripts. Nothing is decided here.
//!
//! Each kind of thing is a file with `items` (the JSON a script may rely on) and `text`; both are pure
//! functions of a [`View`]. Unknown is `null` in JSON and `—` in text, never zero; what is old says so.

mod accounts;
mod connections;
pub(super) mod json;
pub(super) mod look;
mod orders;
mod positions;
mod quotes;
mod status;
mod table;
#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::domain::{AccountId, Symbol, Timestamp};
use crate::link::{ConnectionState, ConnectionStatus, Replica};
use std::time::Duration;

/// What is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Accounts and their balances.
    Accounts,
    /// Positions of every account.
    Positions,
    /// Prices of these symbols, in this order.
    Quotes(Vec<Symbol>),
    /// Orders: the working ones, or all that are known.
    Orders {
        /// Finished ones as well.
        all: bool,
    },
    /// Connections and their streams.
    Connections,
    /// Everything in one line.
    Status,
}

/// What is printed from: a replica at a moment.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// What is known.
    pub replica: &'v Replica,
    /// The present moment.
    pub now: Timestamp,
    /// When values count as old.
    pub limits: Limits,
}

/// Ages past which a value is marked stale.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of balances and positions.
    pub accounts: Duration,
    /// Of prices.
    pub quotes: Duration,
}

impl From<&Config> for Limits {
    /// An account may miss one reading before it is stale.
    fn from(config: &Config) -> Self {
        let seconds = |number: u32| Duration::from_secs(number.into());
        Self {
            accounts: seconds(config.refresh.accounts_seconds) * 2,
            quotes: seconds(config.ui.stale_after_seconds),
        }
    }
}

impl<'v> View<'v> {
    /// The text of a subject, for people; ends in a line end.
    pub fn text(&self, subject: &Subject) -> String {
        match subject {
            Subject::Accounts => accounts::text(self),
            Subject::Positions => positions::text(self),
            Subject::Quotes(symbols) => quotes::text(self, symbols),
            Subject::Orders { all } => orders::text(self, *all),
            Subject::Connections => connections::text(self),
            Subject::Status => status::text(self),
        }
    }

    /// The JSON of a subject, one object in one line.
    pub fn json(&self, subject: &Subject) -> String {
        match subject {
            Subject::Accounts => json::envelope(self.now, accounts::items(self)),
            Subject::Positions => json::envelope(self.now, positions::items(self)),
            Subject::Quotes(symbols) => json::envelope(self.now, quotes::items(self, symbols)),
            Subject::Orders { all } => json::envelope(self.now, orders::items(self, *all)),
            Subject::Connections => json::envelope(self.now, connections::items(self)),
            Subject::Status => json::envelope(self.now, vec![status::item(self)]),
        }
    }

    fn age_ms(&self, moment: Timestamp) -> u64 {
        u64::try_from(self.now.since(moment).as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether something an account's connection said at `moment` is old, or the connection cannot renew it.
    fn is_stale(&self, account: &AccountId, moment: Timestamp) -> bool {
        let live = self
            .replica
            .connection_of(account)
            .is_some_and(|it| it.state == ConnectionState::Live);
        !live || self.now.since(moment) > self.limits.accounts
    }

    fn provider_of(&self, account: &AccountId) -> Option<&'v str> {
        let connection = self.replica.connection_of(account)?;
        Some(connection.provider.as_str())
    }
}

/// One word for where a connection stands, and the reason where there is one.
fn state_of(connection: &ConnectionStatus) -> (&'static str, Option<&str>) {
    match &connection.state {
        ConnectionState::Disconnected => ("disconnected", None),
        ConnectionState::Sealed => ("last_known", Some("sealed for traders")),
        ConnectionState::Connecting => ("connecting", None),
        ConnectionState::Live => ("live", None),
        ConnectionState::Retrying { why, .. } => ("retrying", Some(why.as_str())),
        ConnectionState::NeedsSignIn { why } => ("needs_sign_in", Some(why.as_str())),
        ConnectionState::Failed { why } => ("failed", Some(why.as_str())),
    }
}
