//! Accounts, positions, history.

use super::Tastytrade;
use super::rest::{envelope, garbled, items, list, next_page, read, row, rows};
use super::translate::{account, activity};
use super::wire;
use crate::domain::{Account, AccountActivity, AccountId, Balance, EquityPoint, Position, Text};
use crate::net::http::Request;
use crate::providers::provider::{Accounts, ActivitiesQuery, Answer, Page, ProviderError};

/// Transactions in a page.
const TRANSACTIONS: &str = "250";

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

    fn activities<'a>(
        &'a self,
        account: &'a AccountId,
        query: ActivitiesQuery,
    ) -> Answer<'a, Page<AccountActivity>> {
        Box::pin(async move { self.read_activities(account, query).await })
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

    async fn read_activities(
        &self,
        account: &AccountId,
        query: ActivitiesQuery,
    ) -> Result<Page<AccountActivity>, ProviderError> {
        let url = self.account_url(account, &["transactions"]);
        let mut request = Request::get(url)
            .query("sort", "Desc")
            .query("per-page", TRANSACTIONS)
            .history();
        if let Some(after) = query.after {
            request = request.query("start-at", &after.to_rfc3339_millis());
        }
        let cursor = query.cursor.as_ref().map_or("0", Text::as_str);
        request = request.query("page-offset", cursor);
        let response = self.rest.ask(request).await?;
        let envelope = envelope(&response, "transactions")?;
        let next = next_page(&envelope);
        let list = items(envelope.data, "transactions")?;
        let (items, rejected) = rows(&list, |raw| {
            activity::activity(&row(raw)?, account).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("transactions", &rejected);
        Ok(Page {
            items,
            rejected,
            next: next.map(|page| page.to_string().into()),
        })
    }
}
