//! Accounts, positions, history.

use super::Tastytrade;
use super::rest::{envelope, garbled, items, list, next_page, read, row, rows};
use super::translate::execution::Names;
use super::translate::{account, history};
use super::wire;
use crate::domain::{
    Account, AccountId, Balance, Entry, EquityPoint, HistoryLimits, Position, Text,
};
use crate::net::http::Request;
use crate::providers::provider::history::{entries, read_row};
use crate::providers::provider::{Accounts, Answer, HistoryQuery, Page, ProviderError};
use std::time::Duration;

/// Transactions in a page.
const TRANSACTIONS: usize = 1_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A year at a time keeps pages few and their numbers steady; a longest stretch is not said. Estimated fees are put
/// right over night, a week is on the safe side of holidays.
const LIMITS: HistoryLimits = HistoryLimits {
    longest: Some(DAY.saturating_mul(365)),
    oldest: None,
    settled_after: DAY.saturating_mul(7),
};

impl Accounts for Tastytrade {
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>> {
        Box::pin(async move {
            let request = Request::get(self.rest.url(&["customers", "me", "accounts"]));
            let response = self.rest.ask(request).await?;
            let (accounts, rejected) = rows(&list(&response, "the accounts")?, |raw| {
                account::account(&row(raw)?, &self.connection, self.environment)
                    .map_err(|why| why.to_string().into())
            });
            self.rest.count_rejected("accounts", &rejected);
            let mut found = Vec::new();
            for account in accounts.into_iter().flatten() {
                let balance = self.read_balance(&account.id).await?;
                let restriction = self.restriction(&account.id).await;
                let account = Account {
                    restriction: restriction.or(account.restriction),
                    ..account
                };
                found.push((account, Some(balance)));
            }
            Ok(found)
        })
    }

    fn positions<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<Position>> {
        Box::pin(async move { self.read_positions(account, None).await })
    }

    fn equity_history<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<EquityPoint>> {
        Box::pin(async move {
            let url = self.account_url(account, &["net-liq", "history"]);
            let request = Request::get(url).query("time-back", "1m").history();
            let response = self.rest.ask(request).await?;
            let (points, rejected) = rows(&list(&response, "the equity history")?, |raw| {
                account::equity_point(&row(raw)?).map_err(|why| why.to_string().into())
            });
            self.rest.count_rejected("equity history", &rejected);
            let mut points: Vec<EquityPoint> = points.into_iter().flatten().collect();
            points.sort_by_key(|point| point.time);
            Ok(points)
        })
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

impl Tastytrade {
    /// The address of something of an account.
    pub(super) fn account_url(&self, account: &AccountId, rest: &[&str]) -> url::Url {
        let mut path = vec!["accounts", account.number.as_str()];
        path.extend(rest);
        self.rest.url(&path)
    }

    /// The balance comes as an object or as a list with one per currency; ours is the one in dollars.
    async fn read_balance(&self, account: &AccountId) -> Result<Balance, ProviderError> {
        let response = self
            .rest
            .ask(Request::get(self.account_url(account, &["balances"])))
            .await?;
        let data = envelope(&response, "the balance")?.data;
        let rows: Vec<wire::Balance<'_>> = match items(data, "the balance") {
            Ok(list) => list.iter().filter_map(|raw| row(raw).ok()).collect(),
            Err(_) => vec![read(&response, "the balance")?],
        };
        let dollars = rows
            .iter()
            .find(|row| matches!(row.currency.text().as_deref(), Some("USD") | None));
        let row = dollars.or(rows.first());
        let row = row.ok_or_else(|| garbled("the balance: there is none"))?;
        account::balance(row, account, self.rest.clock().now())
            .map_err(|why| garbled(format!("the balance: {why}")))
    }

    /// What an account may not do. Not knowing it is no reason to withhold the account.
    async fn restriction(&self, account: &AccountId) -> Option<Text> {
        let url = self.account_url(account, &["trading-status"]);
        let response = self.rest.ask(Request::get(url)).await.ok()?;
        let status: wire::TradingStatus<'_> = read(&response, "the trading status").ok()?;
        account::restriction(&status)
    }

    /// All positions, or those of one symbol in their spelling.
    pub(super) async fn read_positions(
        &self,
        account: &AccountId,
        symbol: Option<&str>,
    ) -> Result<Vec<Position>, ProviderError> {
        let url = self.account_url(account, &["positions"]);
        let mut request = Request::get(url).query("include-marks", "true");
        if let Some(symbol) = symbol {
            request = request.query("symbol", symbol);
        }
        let response = self.rest.ask(request).await?;
        let read_at = self.rest.clock().now();
        let (positions, rejected) = rows(&list(&response, "positions")?, |raw| {
            let row: wire::Position<'_> = row(raw)?;
            let position = account::position(&row, account, read_at);
            let position = position.map_err(|why| why.to_string())?;
            if let (Some(position), Some(name)) = (&position, row.streamer_symbol.text()) {
                self.names.learn(&position.symbol, &name);
            }
            Ok(position)
        });
        self.rest.count_rejected("positions", &rejected);
        match (symbol, rejected.first()) {
            // Whether an order opens or closes hangs on it, so no guess.
            (Some(_), Some(why)) => Err(garbled(format!("the position: {why}"))),
            _ => Ok(positions.into_iter().flatten().collect()),
        }
    }

    /// A page of transactions, the oldest first: what comes later does not move what was read. The cursor is the
    /// number of the page.
    async fn read_history(
        &self,
        account: &AccountId,
        query: HistoryQuery,
    ) -> Result<Page<Entry>, ProviderError> {
        let cursor = query
            .cursor
            .as_ref()
            .map(|text| text.as_str().parse::<u32>());
        let page = cursor.transpose();
        let page = page.map_err(|_| ProviderError::UnknownCursor)?.unwrap_or(0);
        let last = query.span.until.plus(Duration::from_millis(1));
        let request = Request::get(self.account_url(account, &["transactions"]))
            .query("sort", "Asc")
            .query("per-page", &TRANSACTIONS.to_string())
            .query("start-at", &query.span.from.to_rfc3339_millis())
            .query("end-at", &last.to_rfc3339_millis())
            .query("page-offset", &page.to_string())
            .history();
        let response = self.rest.ask(request).await?;
        let envelope = envelope(&response, "transactions")?;
        let next = next_page(&envelope);
        let says_pages = envelope.pagination.is_some();
        let list = items(envelope.data, "transactions")?;
        if list.is_empty() && page > 0 {
            // The pages before have fewer rows than they had.
            return Err(ProviderError::UnknownCursor);
        }
        if list.len() >= TRANSACTIONS && !says_pages {
            return Err(garbled(
                "transactions: a full page says not whether it is the last",
            ));
        }
        let mut names = Names::default();
        let (items, rejected) = entries(&list, |raw| {
            read_row(raw, |row| history::entries(row, account, &mut names))
        });
        let why: Vec<Text> = rejected.iter().map(|row| row.why.clone()).collect();
        self.rest.count_rejected("transactions", &why);
        Ok(Page {
            items: history::joined(items),
            rejected,
            next: next.map(|page| page.to_string().into()),
        })
    }
}
