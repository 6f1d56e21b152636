//! Accounts, positions, transactions. Every address of an account has a hash in the place of its number.

use super::Schwab;
use super::rest::{Host, garbled, read, read_list};
use super::translate::{account, activity};
use super::wire;
use crate::domain::{
    Account, AccountActivity, AccountId, Balance, EquityPoint, Position, Text, Timestamp,
};
use crate::providers::fields::{row, rows};
use crate::providers::provider::{Accounts, ActivitiesQuery, Answer, Page, ProviderError};
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

    fn activities<'a>(
        &'a self,
        account: &'a AccountId,
        query: ActivitiesQuery,
    ) -> Answer<'a, Page<AccountActivity>> {
        Box::pin(async move { self.read_activities(account, query).await })
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
    /// newer half is the page. Without a beginning, the walk ends at the first year in which nothing happened.
    async fn read_activities(
        &self,
        account: &AccountId,
        query: ActivitiesQuery,
    ) -> Result<Page<AccountActivity>, ProviderError> {
        let hash = self.hash(account).await?;
        let mut window = Window::of(&query, self.rest.clock().now())?;
        loop {
            let page = self.read_window(account, &hash, &window).await?;
            let is_full = page.rows >= FULL;
            if is_full && window.is_divisible() {
                window = window.newer_half();
                continue;
            }
            if is_full {
                self.rest.count_unreadable(
                    1,
                    "transactions: there are more in a second than can be read",
                );
            }
            let is_over = page.rows == 0 && window.after.is_none();
            let next = window.before().filter(|_| !is_over);
            return Ok(Page {
                items: page.items,
                rejected: page.rejected,
                next,
            });
        }
    }

    async fn read_window(
        &self,
        account: &AccountId,
        hash: &str,
        window: &Window,
    ) -> Result<WindowPage, ProviderError> {
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
        let (items, rejected) = rows(&list, |raw| {
            activity::activities(&row(raw)?, account).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("transactions", &rejected);
        let mut items: Vec<AccountActivity> = items.into_iter().flatten().collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.time));
        Ok(WindowPage {
            items,
            rejected,
            rows: list.len(),
        })
    }
}

struct WindowPage {
    items: Vec<AccountActivity>,
    rejected: Vec<Text>,
    rows: usize,
}

/// The span that one call asks for, both ends included, and how far the walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    after: Option<Timestamp>,
}

impl Window {
    /// What a query asks for first; its cursor holds the end of what is left and the beginning of all, in milliseconds.
    fn of(query: &ActivitiesQuery, now: Timestamp) -> Result<Self, ProviderError> {
        let (end, after) = match &query.cursor {
            None => (now.plus(AHEAD), query.after),
            Some(cursor) => read_cursor(cursor.as_str()).ok_or_else(|| ProviderError::Refused {
                reason: "the place to go on from is none of Schwab's".into(),
            })?,
        };
        let start = end.minus(LONGEST);
        let start = after.map_or(start, |after| start.max(after)).min(end);
        Ok(Self { start, end, after })
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

    /// Where the next page goes on, before this window.
    fn before(&self) -> Option<Text> {
        let end = self.start.minus(Duration::from_millis(1));
        let is_left = self.after.is_none_or(|after| after < end);
        let after = self.after.map(|after| after.millis().to_string());
        is_left.then(|| format!("{}:{}", end.millis(), after.unwrap_or_default()).into())
    }
}

fn read_cursor(cursor: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let (end, after) = cursor.split_once(':')?;
    let moment = |text: &str| Timestamp::from_millis(text.parse().ok()?);
    match after {
        "" => Some((moment(end)?, None)),
        after => Some((moment(end)?, Some(moment(after)?))),
    }
}
