//! Accounts, positions, transactions. Every address of an account has a hash in the place of its number.

use super::Schwab;
use super::rest::{Host, garbled, read, read_list};
use super::translate::{account, history};
use super::wire;
use crate::domain::{
    Account, AccountId, Balance, Entry, EquityPoint, HistoryLimits, Position, Rejected, Text,
    Timestamp,
};
use crate::providers::fields::{row, rows};
use crate::providers::provider::history::{entries, read_row};
use crate::providers::provider::{Accounts, Answer, HistoryQuery, Page, ProviderError};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The longest window of a listing: a year, and to be sure not quite.
pub(super) const LONGEST: Duration = Duration::from_secs(364 * 24 * 60 * 60);

/// Rows of an answer at which there may be more that were left out: there are no pages.
pub(super) const FULL: usize = 3_000;

/// How far windows reach beyond the present: their clock may be ahead of ours, and what just happened is what matters.
pub(super) const AHEAD: Duration = Duration::from_secs(60);

/// Windows are not cut shorter than this: so many rows in so short a time are no history.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);

/// A year at a time. Rows are pending before they are valid; when none changes any more is not said.
const LIMITS: HistoryLimits = HistoryLimits {
    longest: Some(LONGEST),
    oldest: None,
    settled_after: Duration::from_secs(7 * 24 * 60 * 60),
};

/// The step of their times.
const MILLI: Duration = Duration::from_millis(1);

/// Everything that is listed.
const TYPES: &str = "TRADE,RECEIVE_AND_DELIVER,DIVIDEND_OR_INTEREST,ACH_RECEIPT,ACH_DISBURSEMENT,CASH_RECEIPT,\
    CASH_DISBURSEMENT,ELECTRONIC_FUND,WIRE_OUT,WIRE_IN,JOURNAL,MEMORANDUM,MARGIN_CALL,MONEY_MARKET,SMA_ADJUSTMENT";

/// Hashes of accounts by their numbers.
#[derive(Default)]
pub(super) struct Hashes(Mutex<BTreeMap<Text, String>>);

impl Hashes {
    fn get(&self, number: &Text) -> Option<String> {
        let hashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hashes.get(number).cloned()
    }

    fn replace(&self, hashes: BTreeMap<Text, String>) {
        // It is replaced as a whole, so a panic elsewhere does no harm.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hashes;
    }
}

impl Accounts for Schwab {
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>> {
        Box::pin(async move {
            // They may be others since the person chose accounts anew.
            self.read_hashes().await?;
            let response = self.rest.get(Host::Trader, &["accounts"], &[]).await?;
            let list: Vec<&RawValue> = read_list(&response, "accounts")?;
            let read_at = self.rest.clock().now();
            let (accounts, rejected) = rows(&list, |raw| {
                let of = (&self.connection, self.environment);
                account::account(&row(raw)?, of, read_at).map_err(|why| why.to_string().into())
            });
            // An account that is left out would look like one that is gone.
            match rejected.first() {
                Some(first) => Err(garbled(format!("accounts, {first}"))),
                None => Ok(accounts),
            }
        })
    }

    fn positions<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<Position>> {
        Box::pin(async move {
            let hash = self.hash(account).await?;
            let path = ["accounts", &hash];
            let response = self
                .rest
                .get(Host::Trader, &path, &[("fields", "positions")])
                .await?;
            let answer: wire::Account<'_> = read(&response, "positions")?;
            let securities = answer
                .securities_account
                .ok_or_else(|| garbled("positions: the account is missing"))?;
            let read_at = self.rest.clock().now();
            let (positions, rejected) =
                rows(securities.positions.as_deref().unwrap_or_default(), |raw| {
                    account::position(&row(raw)?, account, read_at)
                        .map_err(|why| why.to_string().into())
                });
            self.rest.count_rejected("positions", &rejected);
            Ok(positions)
        })
    }

    fn equity_history<'a>(&'a self, _account: &'a AccountId) -> Answer<'a, Vec<EquityPoint>> {
        // Schwab keeps none that can be asked for.
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn history_limits(&self) -> HistoryLimits {
        LIMITS
    }

    fn history<'a>(
        &'a self,
        account: &'a AccountId,
        query: HistoryQuery,
    ) -> Answer<'a, Page<Entry>> {
        Box::pin(async move { self.read_history(account, query).await })
    }
}

impl Schwab {
    /// The hash in the addresses of an account.
    pub(super) async fn hash(&self, account: &AccountId) -> Result<String, ProviderError> {
        let not_ours = || ProviderError::NotFound {
            what: format!("account {} of this sign-in", account.short()).into(),
        };
        if account.connection != self.connection {
            return Err(not_ours());
        }
        if let Some(hash) = self.hashes.get(&account.number) {
            return Ok(hash);
        }
        self.read_hashes().await?;
        self.hashes.get(&account.number).ok_or_else(not_ours)
    }

    async fn read_hashes(&self) -> Result<(), ProviderError> {
        let path = ["accounts", "accountNumbers"];
        let response = self.rest.get(Host::Trader, &path, &[]).await?;
        let list: Vec<wire::AccountNumber<'_>> = read_list(&response, "account numbers")?;
        let pairs = list.iter().filter_map(|row| {
            let number: Text = row.account_number.text()?.as_ref().into();
            Some((number, row.hash_value.text()?.into_owned()))
        });
        self.hashes.replace(pairs.collect());
        Ok(())
    }

    /// One page is one window, the newest first. A window with more rows than an answer holds is cut in two, and its
    /// newer half is the page.
    async fn read_history(
        &self,
        account: &AccountId,
        query: HistoryQuery,
    ) -> Result<Page<Entry>, ProviderError> {
        let hash = self.hash(account).await?;
        let mut window = Window::of(&query)?;
        loop {
            let (mut page, rows) = self.read_window(account, &hash, &window).await?;
            let is_full = rows >= FULL;
            if is_full && window.is_divisible() {
                window = window.newer_half();
                continue;
            }
            if is_full {
                let why = "transactions: there are more in a second than can be read";
                self.rest.count_unreadable(1, why);
                page.rejected.push(Rejected::new(why.into(), ""));
            }
            return Ok(page);
        }
    }

    async fn read_window(
        &self,
        account: &AccountId,
        hash: &str,
        window: &Window,
    ) -> Result<(Page<Entry>, usize), ProviderError> {
        let (start, end) = (
            window.start.to_rfc3339_millis(),
            window.end.to_rfc3339_millis(),
        );
        let query = [
            ("startDate", start.as_str()),
            ("endDate", end.as_str()),
            ("types", TYPES),
        ];
        let path = ["accounts", hash, "transactions"];
        let response = self.rest.get(Host::Trader, &path, &query).await?;
        let list: Vec<&RawValue> = read_list(&response, "transactions")?;
        let (items, rejected) = entries(&list, |raw| {
            read_row(raw, |row| history::entries(row, account))
        });
        let why: Vec<Text> = rejected.iter().map(|row| row.why.clone()).collect();
        self.rest.count_rejected("transactions", &why);
        let page = Page {
            items,
            rejected,
            next: window.before(),
        };
        Ok((page, list.len()))
    }
}

/// The stretch that one call asks for, both ends included, and how far the walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    oldest: Timestamp,
}

impl Window {
    /// What a query asks for next; its cursor is the end of what is left of its stretch, in milliseconds.
    fn of(query: &HistoryQuery) -> Result<Self, ProviderError> {
        let oldest = query.span.from;
        let end = match &query.cursor {
            None => query.span.until,
            Some(cursor) => read_cursor(cursor.as_str())
                .filter(|end| oldest < end.plus(MILLI) && *end < query.span.until)
                .ok_or(ProviderError::UnknownCursor)?,
        };
        let start = end.minus(LONGEST).max(oldest).min(end);
        Ok(Self { start, end, oldest })
    }

    fn is_divisible(&self) -> bool {
        self.end.since(self.start) > SHORTEST
    }

    fn newer_half(&self) -> Self {
        Self {
            start: self.end.minus(self.end.since(self.start) / 2),
            ..*self
        }
    }

    /// Where the next page goes on: a millisecond before this window's beginning as it was written.
    fn before(&self) -> Option<Text> {
        let end = self.start.minus(MILLI);
        (self.oldest < end).then(|| end.millis().to_string().into())
    }
}

fn read_cursor(cursor: &str) -> Option<Timestamp> {
    Timestamp::from_millis(cursor.parse().ok()?)
}
