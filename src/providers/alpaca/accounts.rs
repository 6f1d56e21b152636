//! Accounts, positions, history.

use super::Alpaca;
use super::auth;
use super::rest::{Host, garbled, read, read_list, row, rows};
use super::translate::account;
use super::wire;
use crate::domain::{Account, AccountActivity, AccountId, Balance, EquityPoint, Position, Text};
use crate::net::http::Request;
use crate::providers::provider::{Accounts, ActivitiesQuery, Answer, Page, ProviderError};
use serde_json::value::RawValue;

/// Most activities that one page can hold.
const ACTIVITIES: usize = 100;

impl Accounts for Alpaca {
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>> {
        Box::pin(async move {
            let request = Request::get(self.rest.url(Host::Trading, &["v2", "account"]));
            let response = self.rest.ask(request).await?;
            let row: wire::Account<'_> = read(&response, "the account")?;
            let read_at = self.rest.clock().now();
            let (account, balance) =
                account::account(&row, &self.connection, self.environment, read_at)
                    .map_err(|why| garbled(why.to_string()))?;
            auth::check_account(
                account.id.number.as_str(),
                &self.credentials,
                self.environment,
            )?;
            Ok(vec![(account, balance)])
        })
    }

    fn positions<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<Position>> {
        Box::pin(async move {
            let request = Request::get(self.rest.url(Host::Trading, &["v2", "positions"]));
            let response = self.rest.ask(request).await?;
            let list: Vec<&RawValue> = read_list(&response, "positions")?;
            let read_at = self.rest.clock().now();
            let (positions, rejected) = rows(&list, |raw| {
                account::position(&row(raw)?, account, read_at)
                    .map_err(|why| why.to_string().into())
            });
            self.count_rejected("positions", &rejected);
            Ok(positions)
        })
    }

    fn equity_history<'a>(&'a self, _account: &'a AccountId) -> Answer<'a, Vec<EquityPoint>> {
        Box::pin(async move {
            let url = self
                .rest
                .url(Host::Trading, &["v2", "account", "portfolio", "history"]);
            let request = Request::get(url)
                .query("period", "1M")
                .query("timeframe", "1D");
            let response = self.rest.ask(request).await?;
            let row: wire::History<'_> = read(&response, "the equity history")?;
            account::history(&row).map_err(|why| garbled(why.to_string()))
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

impl Alpaca {
    async fn read_activities(
        &self,
        account: &AccountId,
        query: ActivitiesQuery,
    ) -> Result<Page<AccountActivity>, ProviderError> {
        let url = self
            .rest
            .url(Host::Trading, &["v2", "account", "activities"]);
        let mut request = Request::get(url)
            .query("direction", "desc")
            .query("page_size", &ACTIVITIES.to_string())
            .history();
        if let Some(after) = query.after {
            request = request.query("after", &after.to_string());
        }
        if let Some(cursor) = &query.cursor {
            request = request.query("page_token", cursor.as_str());
        }
        let response = self.rest.ask(request).await?;
        let list: Vec<&RawValue> = read_list(&response, "activities")?;
        let (items, rejected) = rows(&list, |raw| {
            account::activity(&row(raw)?, account).map_err(|why| why.to_string().into())
        });
        self.count_rejected("activities", &rejected);
        // A full page may have another behind it, which begins after the id of its last row.
        let last = list.last().filter(|_| list.len() >= ACTIVITIES);
        let next = last.and_then(|raw| {
            row::<wire::Activity<'_>>(raw)
                .ok()?
                .id
                .text()
                .map(|id| Text::new(&id))
        });
        Ok(Page {
            items,
            rejected,
            next,
        })
    }

    /// Counts rows that could not be read, with the place of the first.
    pub(super) fn count_rejected(&self, what: &str, rejected: &[Text]) {
        if let Some(first) = rejected.first() {
            self.rest
                .count_unreadable(rejected.len(), &format!("{what}, {first}"));
        }
    }
}
