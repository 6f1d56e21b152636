//! Accounts, positions, history.

use super::Alpaca;
use super::auth;
use super::rest::{Host, garbled, read, read_list, refusal, row, rows};
use super::translate::{account, history};
use super::wire;
use crate::domain::{
    Account, AccountId, Balance, Entry, EquityPoint, HistoryLimits, Position, Text,
};
use crate::net::http::{Request, Response};
use crate::providers::provider::history::{entries, read_row};
use crate::providers::provider::{Accounts, Answer, HistoryQuery, Page, ProviderError};
use serde_json::value::RawValue;
use std::time::Duration;

/// Most activities that one page can hold.
const ACTIVITIES: usize = 100;

/// Stretches are as long as one likes. Fees are posted the day after and rows change their status; when they stop to is
/// not said.
const LIMITS: HistoryLimits = HistoryLimits {
    longest: None,
    oldest: None,
    settled_after: Duration::from_secs(7 * 24 * 60 * 60),
};

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

impl Alpaca {
    /// A page of activities, the oldest first: what comes later does not move what was read. The cursor is the id of
    /// the last row.
    async fn read_history(
        &self,
        account: &AccountId,
        query: HistoryQuery,
    ) -> Result<Page<Entry>, ProviderError> {
        let response = self.ask_for_history(&query).await?;
        let list: Vec<&RawValue> = read_list(&response, "activities")?;
        let (items, rejected) = entries(&list, |raw| {
            read_row(raw, |row| history::entry(row, account))
        });
        let why: Vec<Text> = rejected.iter().map(|row| row.why.clone()).collect();
        self.count_rejected("activities", &why);
        let next = match list.len() < ACTIVITIES {
            true => None,
            false => Some(after(&list, query.cursor.as_ref())?),
        };
        Ok(Page {
            items: history::joined(items),
            rejected,
            next,
        })
    }

    async fn ask_for_history(&self, query: &HistoryQuery) -> Result<Response, ProviderError> {
        let url = self
            .rest
            .url(Host::Trading, &["v2", "account", "activities"]);
        // What they compare is later than this, so the stretch's first moment is in it.
        let before = query.span.from.minus(Duration::from_millis(1));
        let mut request = Request::get(url)
            .query("direction", "asc")
            .query("page_size", &ACTIVITIES.to_string())
            .query("after", &before.to_string())
            .query("until", &query.span.until.to_string())
            .history();
        if let Some(cursor) = &query.cursor {
            request = request.query("page_token", cursor.as_str());
        }
        let response = self.rest.send(request).await?;
        match response.status {
            // Everything else of the request was accepted before, so it is the token.
            400 | 422 if query.cursor.is_some() => Err(ProviderError::UnknownCursor),
            _ if response.is_success() => Ok(response),
            _ => Err(refusal(&response)),
        }
    }

    /// Counts rows that could not be read, with the place of the first.
    pub(super) fn count_rejected(&self, what: &str, rejected: &[Text]) {
        if let Some(first) = rejected.first() {
            self.rest
                .count_unreadable(rejected.len(), &format!("{what}, {first}"));
        }
    }
}

/// The id of the last row that has one, after which the next page begins.
fn after(list: &[&RawValue], cursor: Option<&Text>) -> Result<Text, ProviderError> {
    let id = |raw: &&RawValue| {
        let row = row::<wire::Activity<'_>>(raw).ok()?;
        row.id.text().map(|id| Text::new(&id))
    };
    let last = list.iter().rev().find_map(id);
    last.filter(|last| Some(last) != cursor)
        .ok_or_else(|| garbled("activities: a full page says not where the next one begins"))
}
