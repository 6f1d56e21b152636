//! Accounts, balances, positions, executions.
//!
//! Portfolios are read without the trading session; whether money is real is asked of it all the same where it can be
//! had, before anything is shown.

use super::Ibkr;
use super::pace::Kind;
use super::rest::{garbled, read, read_list};
use super::translate::{account, activity};
use super::wire::{self, ByText};
use crate::domain::{
    Account, AccountId, Balance, Entry, EntryId, EquityPoint, HistoryLimits, Position, Span, Text,
};
use crate::providers::fields::{row, rows};
use crate::providers::provider::{Accounts, Answer, HistoryQuery, Page, ProviderError, history};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of a full page of positions.
const PAGE: usize = 100;

/// Pages of positions read at most.
const MOST_PAGES: usize = 50;

/// Days of executions that can be asked for.
const DAYS: &str = "7";

/// The same as a stretch: today and six days before it.
const OLDEST: Duration = Duration::from_secs(7 * 24 * 3_600);

impl Accounts for Ibkr {
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>> {
        Box::pin(async move {
            match self.sessions.open().await {
                // What it says of paper and live stands above everything.
                Err(error @ ProviderError::Refused { .. }) => return Err(error),
                Err(error) => tracing::info!(%error, "there is no trading session now"),
                Ok(()) => {}
            }
            let accounts = self.read_accounts().await?;
            let mut found = Vec::new();
            for account in accounts {
                self.sessions.check_number(account.id.number.as_str())?;
                let balance = self.read_balance(&account).await?;
                found.push((account, Some(balance)));
            }
            let several = found.len() > 1;
            self.has_several
                .store(several, std::sync::atomic::Ordering::Relaxed);
            Ok(found)
        })
    }

    fn positions<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<Position>> {
        Box::pin(async move { self.read_positions(account).await })
    }

    fn equity_history<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Vec<EquityPoint>> {
        Box::pin(async move { self.read_equity(account).await })
    }

    fn history_limits(&self) -> HistoryLimits {
        HistoryLimits {
            longest: None,
            oldest: Some(OLDEST),
            settled_after: OLDEST,
        }
    }

    fn history<'a>(
        &'a self,
        account: &'a AccountId,
        query: HistoryQuery,
    ) -> Answer<'a, Page<Entry>> {
        Box::pin(async move { self.read_executions(account, query.span).await })
    }
}

impl Ibkr {
    /// The server wants this call before any other of portfolios.
    async fn read_accounts(&self) -> Result<Vec<Account>, ProviderError> {
        let request = self.rest.get(&["portfolio", "accounts"]);
        let response = self
            .rest
            .ask_paced(Kind::PortfolioAccounts, request)
            .await?;
        let list: Vec<&RawValue> = read_list(&response, "accounts")?;
        let (accounts, rejected) = rows(&list, |raw| {
            account::account(&row(raw)?, &self.connection, self.environment)
                .map_err(|why| why.to_string().into())
        });
        // An account that is left out would look like one that is gone.
        match rejected.first() {
            Some(first) => Err(garbled(format!("accounts, {first}"))),
            None => Ok(accounts.into_iter().flatten().collect()),
        }
    }

    async fn read_balance(&self, account: &Account) -> Result<Balance, ProviderError> {
        let number = account.id.number.as_str();
        let ledger = self.rest.get(&["portfolio", number, "ledger"]);
        let ledger = self.rest.ask(ledger).await?;
        let ledger: ByText<'_, Option<wire::Ledger<'_>>> = read(&ledger, "the ledger")?;
        let summary = self.rest.get(&["portfolio", number, "summary"]);
        // What may be spent is good to know; not knowing it is no reason to withhold the account.
        let summary = self.rest.ask(summary).await.ok();
        let summary: ByText<'_, Option<wire::SummaryValue<'_>>> = summary
            .as_ref()
            .and_then(|response| read(response, "the summary").ok())
            .unwrap_or_default();
        account::balance(&ledger, &summary, account, self.rest.clock().now())
            .map_err(|why| garbled(format!("the balance: {why}")))
    }

    async fn read_positions(&self, account: &AccountId) -> Result<Vec<Position>, ProviderError> {
        let mut found = Vec::new();
        for page in 0..MOST_PAGES {
            let page = page.to_string();
            let path = ["portfolio", account.number.as_str(), "positions", &page];
            let response = self.rest.ask(self.rest.get(&path).history()).await?;
            let list: Vec<&RawValue> = read_list(&response, "positions")?;
            let conids = list
                .iter()
                .filter_map(|raw| account::conid_of(&row::<wire::Position<'_>>(raw).ok()?));
            self.contracts.learn(conids).await;
            let read_at = self.rest.clock().now();
            let (positions, rejected) = rows(&list, |raw| {
                let row: wire::Position<'_> = row(raw)?;
                let named = account::conid_of(&row).and_then(|it| self.contracts.named(it));
                account::position(&row, named, account, read_at)
                    .map_err(|why| why.to_string().into())
            });
            self.rest.count_rejected("positions", &rejected);
            found.extend(positions.into_iter().flatten());
            if list.len() < PAGE {
                return Ok(found);
            }
        }
        let rest = "positions: there are more than could be read";
        self.rest.count_unreadable(1, rest);
        Ok(found)
    }

    async fn read_equity(&self, account: &AccountId) -> Result<Vec<EquityPoint>, ProviderError> {
        let body = serde_json::json!({ "acctIds": [account.number.as_str()], "period": "1M" });
        let request = self.rest.post(&["pa", "performance"], body.to_string());
        let response = self
            .rest
            .ask_paced(Kind::Performance, request.history())
            .await?;
        let answer: wire::Performance<'_> = read(&response, "the equity history")?;
        let (points, unreadable) = account::equity(&answer, account);
        self.rest.count_unreadable(unreadable, "equity history");
        Ok(points)
    }

    /// Executions of a week, which is all that there is here; of each the last correction.
    async fn read_executions(
        &self,
        account: &AccountId,
        span: Span,
    ) -> Result<Page<Entry>, ProviderError> {
        let request = self
            .rest
            .get(&["iserver", "account", "trades"])
            .query("days", DAYS);
        let response = self
            .sessions
            .ask(Some(Kind::Trades), request.history())
            .await?;
        let list: Vec<&RawValue> = read_list(&response, "executions")?;
        let conids = list
            .iter()
            .filter_map(|raw| activity::conid_of(&row::<wire::Trade<'_>>(raw).ok()?));
        self.contracts.learn(conids).await;
        let mut newest: BTreeMap<EntryId, u32> = BTreeMap::new();
        let mut revisions = Vec::new();
        let (entries, rejected) = history::entries(&list, |raw| {
            let read = self.read_execution(&row(raw)?, account)?;
            let Some((entry, revision)) = read else {
                return Ok(Vec::new());
            };
            let last = newest.entry(entry.id.clone()).or_insert(revision);
            *last = (*last).max(revision);
            revisions.push(revision);
            Ok(vec![entry])
        });
        let why: Vec<Text> = rejected.iter().map(|row| row.why.clone()).collect();
        self.rest.count_rejected("executions", &why);
        let all = entries.into_iter().zip(revisions);
        let last = all.filter(|(entry, revision)| newest.get(&entry.id) == Some(revision));
        let mut items: Vec<Entry> = last.map(|(entry, _)| entry).collect();
        items.retain(|entry| (span.from..span.until).contains(&entry.time));
        items.sort_by_key(|entry| entry.time);
        items.dedup_by(|one, other| one.id == other.id);
        Ok(Page {
            items,
            rejected,
            next: None,
        })
    }

    /// An execution of an account; nothing for one of another. A row that names none is of the only one there is.
    fn read_execution(
        &self,
        row: &wire::Trade<'_>,
        account: &AccountId,
    ) -> Result<Option<(Entry, u32)>, Text> {
        match activity::account_of(row) {
            Some(number) if number != account.number => return Ok(None),
            None if self.has_several() => return Err("the account is missing".into()),
            Some(_) | None => {}
        }
        let contract = activity::conid_of(row).and_then(|it| self.contracts.by_number(it));
        let named = contract
            .as_ref()
            .map(|it| (it.symbol.clone(), it.class.clone()));
        let order_of = |name: &str| self.known.id_of(name);
        let executed = activity::execution(row, account, named.as_ref(), order_of);
        let read = executed.and_then(|executed| {
            let revision = executed.revision;
            let entry = activity::entry(executed, row, contract.as_ref())?;
            Ok((entry, revision))
        });
        read.map(Some).map_err(|why| why.to_string().into())
    }
}
