//! Numbers of contracts ⇄ our symbols, learnt once: numbers never change.
//!
//! A ticker alone names many listings. A share of the United States is taken where there is exactly one; where there are
//! several, none is chosen and the person is told which.

use super::rest::{garbled, read, read_list};
use super::session::Sessions;
use super::translate::number;
use super::translate::symbol::{Contract, Wanted, contract, month_name};
use super::wire::{ByText, Definitions, Derivative, Field, Found, Future, Stock};
use crate::domain::{AssetClass, Symbol};
use crate::net::http::Response;
use crate::providers::fields::{row, rows};
use crate::providers::ibkr::rest::Rest;
use crate::providers::provider::ProviderError;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Contracts that are remembered; the oldest are forgotten first.
const MOST_KEPT: usize = 4_096;

/// Numbers in one request.
const CHUNK: usize = 200;

/// What is known of contracts.
pub(super) struct Contracts {
    rest: Arc<Rest>,
    sessions: Arc<Sessions>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_number: BTreeMap<u64, Contract>,
    /// Only what a look-up by symbol chose: a holding abroad must not decide what a ticker means.
    by_symbol: BTreeMap<Symbol, u64>,
    oldest: VecDeque<u64>,
}

impl Kept {
    fn keep(&mut self, contract: Contract) {
        let conid = contract.conid;
        if self.by_number.insert(conid, contract).is_none() {
            self.oldest.push_back(conid);
        }
        if self.oldest.len() > MOST_KEPT
            && let Some(oldest) = self.oldest.pop_front()
            && let Some(gone) = self.by_number.remove(&oldest)
        {
            self.by_symbol.remove(&gone.symbol);
        }
    }
}

impl Contracts {
    pub(super) fn new(rest: Arc<Rest>, sessions: Arc<Sessions>) -> Self {
        Self {
            rest,
            sessions,
            kept: Mutex::default(),
        }
    }

    /// What a contract is called, where that was learnt.
    pub(super) fn named(&self, conid: u64) -> Option<(Symbol, AssetClass)> {
        let kept = self.lock();
        let contract = kept.by_number.get(&conid)?;
        Some((contract.symbol.clone(), contract.class.clone()))
    }

    /// What is known of a number.
    pub(super) fn by_number(&self, conid: u64) -> Option<Contract> {
        self.lock().by_number.get(&conid).cloned()
    }

    /// The contract of a symbol, where that was learnt.
    pub(super) fn known(&self, symbol: &Symbol) -> Option<Contract> {
        let kept = self.lock();
        let conid = kept.by_symbol.get(symbol)?;
        kept.by_number.get(conid).cloned()
    }

    /// Learns what numbers stand for. What cannot be learnt now is learnt later: rows say enough of shares themselves.
    pub(super) async fn learn(&self, conids: impl IntoIterator<Item = u64>) {
        let unknown: BTreeSet<u64> = {
            let kept = self.lock();
            let unknown = conids
                .into_iter()
                .filter(|it| !kept.by_number.contains_key(it));
            unknown.collect()
        };
        let unknown: Vec<u64> = unknown.into_iter().collect();
        for chunk in unknown.chunks(CHUNK) {
            if let Err(error) = self.define(chunk).await {
                tracing::info!(%error, "what contracts are was not learnt");
            }
        }
    }

    async fn define(&self, conids: &[u64]) -> Result<Vec<Contract>, ProviderError> {
        let conids: Vec<String> = conids.iter().map(u64::to_string).collect();
        let request = self.rest.get(&["trsrv", "secdef"]);
        let request = request.query("conids", &conids.join(","));
        let response = self.rest.ask(request).await?;
        let answer: Definitions<'_> = read(&response, "contracts")?;
        let (found, rejected) = rows(answer.secdef.as_deref().unwrap_or_default(), |raw| {
            contract(&row(raw)?).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("contracts", &rejected);
        let mut kept = self.lock();
        found
            .iter()
            .for_each(|contract| kept.keep(contract.clone()));
        Ok(found)
    }

    /// The contract of a symbol of ours; `None` when they have none.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] where there are several and none is to be preferred.
    pub(super) async fn find(&self, symbol: &Symbol) -> Result<Option<Contract>, ProviderError> {
        if let Some(known) = self.known(symbol) {
            return Ok(Some(known));
        }
        let Some(wanted) = Wanted::by(symbol) else {
            return Ok(None);
        };
        let conid = match &wanted {
            Wanted::Share { ticker, exchange } => {
                self.find_share(symbol, ticker, exchange.as_deref()).await?
            }
            Wanted::Option {
                root,
                date,
                right,
                strike,
            } => self.find_option(root, date, *right, *strike).await?,
            Wanted::Future { root, month } => self.find_future(root, month).await?,
            Wanted::Pair { base, quote } => self.find_pair(base, quote).await?,
            Wanted::Index(name) => self.search(name, "IND").await?,
        };
        let Some(conid) = conid else {
            return Ok(None);
        };
        self.chosen(symbol, conid).await.map(Some)
    }

    /// Remembers what a look-up chose, under the symbol that was asked for.
    async fn chosen(&self, symbol: &Symbol, conid: u64) -> Result<Contract, ProviderError> {
        let found = self.define(&[conid]).await?;
        let found = found.into_iter().find(|it| it.conid == conid);
        let found = found.ok_or_else(|| garbled(format!("the contract of {symbol} is missing")))?;
        let contract = Contract {
            symbol: symbol.clone(),
            ..found
        };
        let mut kept = self.lock();
        kept.keep(contract.clone());
        kept.by_symbol.insert(symbol.clone(), conid);
        Ok(contract)
    }

    async fn find_share(
        &self,
        symbol: &Symbol,
        ticker: &str,
        exchange: Option<&str>,
    ) -> Result<Option<u64>, ProviderError> {
        let request = self.rest.get(&["trsrv", "stocks"]).query("symbols", ticker);
        let Some(response) = known(self.rest.ask(request).await)? else {
            return Ok(None);
        };
        let answer: ByText<'_, Option<Vec<Stock<'_>>>> = read(&response, "shares")?;
        let stocks = answer
            .get(ticker)
            .and_then(Option::as_deref)
            .unwrap_or_default();
        choose(symbol, stocks, exchange)
    }

    async fn find_option(
        &self,
        root: &str,
        date: &str,
        right: char,
        strike: Decimal,
    ) -> Result<Option<u64>, ProviderError> {
        let (Some(month), Some(underlying)) = (month_name(date), self.underlying(root).await?)
        else {
            return Ok(None);
        };
        let request = self.rest.get(&["iserver", "secdef", "info"]);
        let request = request
            .query("conid", &underlying.to_string())
            .query("sectype", "OPT")
            .query("month", &month)
            .query("strike", &strike.to_string())
            .query("right", &right.to_string());
        let Some(response) = known(self.sessions.ask(None, request).await)? else {
            return Ok(None);
        };
        let found: Vec<Derivative<'_>> = read_list(&response, "options")?;
        let is_it = |row: &&Derivative<'_>| {
            let is_strike = matches!(number(row.strike), Ok(Some(it)) if it == strike);
            let class = row.trading_class.text();
            row.maturity_date.text().as_deref() == Some(date)
                && is_strike
                && row.right.text_or_empty().starts_with(right)
                && class.is_none_or(|class| class == root)
        };
        let found = found.iter().find(is_it);
        Ok(found.and_then(|row| super::translate::conid(row.conid)))
    }

    /// What an option is on: the share of that ticker, else the index. The server wants a search before it tells more.
    async fn underlying(&self, root: &str) -> Result<Option<u64>, ProviderError> {
        match self.search(root, "STK").await? {
            Some(conid) => Ok(Some(conid)),
            None => self.search(root, "IND").await,
        }
    }

    async fn find_future(&self, root: &str, month: &str) -> Result<Option<u64>, ProviderError> {
        let request = self.rest.get(&["trsrv", "futures"]).query("symbols", root);
        let Some(response) = known(self.rest.ask(request).await)? else {
            return Ok(None);
        };
        let answer: ByText<'_, Option<Vec<Future<'_>>>> = read(&response, "futures")?;
        let mut contracts = answer
            .get(root)
            .and_then(Option::as_deref)
            .unwrap_or_default()
            .iter();
        let is_it = |row: &&Future<'_>| row.expiration_date.text_or_empty().starts_with(month);
        Ok(contracts
            .find(is_it)
            .and_then(|row| super::translate::conid(row.conid)))
    }

    async fn find_pair(&self, base: &str, quote: &str) -> Result<Option<u64>, ProviderError> {
        match self.search(&format!("{base}.{quote}"), "CASH").await? {
            Some(conid) => Ok(Some(conid)),
            None if quote == "USD" => self.search(base, "CRYPTO").await,
            None => Ok(None),
        }
    }

    /// The first contract of exactly that name and kind, which is the one that they take to be meant.
    async fn search(&self, name: &str, kind: &str) -> Result<Option<u64>, ProviderError> {
        let request = self.rest.get(&["iserver", "secdef", "search"]);
        let request = request.query("symbol", name).query("secType", kind);
        let Some(response) = known(self.sessions.ask(None, request).await)? else {
            return Ok(None);
        };
        let found: Vec<Found<'_>> = match read_list(&response, "a search") {
            // `{"error":"No symbol found"}` with a status that says nothing of it.
            Err(ProviderError::Refused { .. }) => return Ok(None),
            found => found?,
        };
        let plain = |text: &str| text.replace('.', "");
        let mut found = found.iter().filter(|row| {
            let has_kind = row.sections.as_deref().is_none_or(|sections| {
                let mut kinds = sections.iter().filter_map(|it| it.sec_type.text());
                sections.is_empty() || kinds.any(|it| it == kind)
            });
            let ticker = row.symbol.text_or_empty();
            has_kind && (plain(&ticker) == plain(name) || name.starts_with(&format!("{ticker}.")))
        });
        Ok(found.find_map(|row| super::translate::conid(row.conid)))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each entry is whole at every step, so a panic elsewhere does no harm.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, or nothing where nobody knows what was asked for.
fn known(answer: Result<Response, ProviderError>) -> Result<Option<Response>, ProviderError> {
    match answer {
        Err(ProviderError::NotFound { .. }) => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// One listing out of all with a ticker: that at the exchange asked for, else the only one in the United States.
fn choose(
    symbol: &Symbol,
    stocks: &[Stock<'_>],
    exchange: Option<&str>,
) -> Result<Option<u64>, ProviderError> {
    let listings = stocks.iter().flat_map(|stock| {
        let listings = stock.contracts.iter().flatten();
        listings.filter_map(|listing| {
            let conid = super::translate::conid(listing.conid)?;
            let at: Field<'_> = listing.exchange;
            let (at, name) = (at.text_or_empty(), stock.name.text_or_empty());
            Some((conid, at, name, listing.is_us.is_true()))
        })
    });
    let fits = |at: &str, is_us: bool| {
        exchange.map_or(is_us, |exchange| at.eq_ignore_ascii_case(exchange))
    };
    let fitting: Vec<_> = listings
        .filter(|(_, at, _, is_us)| fits(at, *is_us))
        .collect();
    match &fitting[..] {
        [] => Ok(None),
        [(conid, ..)] => Ok(Some(*conid)),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|(_, at, name, _)| format!("{name} at {at}"))
                .collect();
            Err(ProviderError::Refused {
                reason: format!(
                    "{symbol} is several shares ({}); write it with its exchange, as in {symbol}@{}",
                    names.join(", "),
                    several[0].1
                )
                .into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str, symbol: &str, exchange: Option<&str>) -> Result<Option<u64>, String> {
        let stocks: Vec<Stock<'_>> = serde_json::from_str(text).unwrap();
        choose(&Symbol::new(symbol), &stocks, exchange).map_err(|error| error.to_string())
    }

    const APPLE: &str = r#"[{"name":"APPLE INC","contracts":[{"conid":265598,"exchange":"NASDAQ","isUS":true},
        {"conid":38708077,"exchange":"MEXI","isUS":false}]},
        {"name":"APPLE INC-CDR","contracts":[{"conid":532640894,"exchange":"TSE","isUS":false},{}]}]"#;

    #[test]
    fn the_only_american_listing_is_meant_and_others_by_their_exchange() {
        assert_eq!(chosen(APPLE, "AAPL", None), Ok(Some(265_598)));
        assert_eq!(
            chosen(APPLE, "AAPL@MEXI", Some("MEXI")),
            Ok(Some(38_708_077))
        );
        assert_eq!(chosen(APPLE, "AAPL@LSE", Some("LSE")), Ok(None));
        assert_eq!(chosen("[{}]", "AAPL", None), Ok(None));
    }

    #[test]
    fn between_two_american_listings_none_is_chosen() {
        let two = APPLE.replace("\"isUS\":false},{}", "\"isUS\":true}");
        let why = chosen(&two, "AAPL", None).unwrap_err();
        for part in ["APPLE INC at NASDAQ", "APPLE INC-CDR at TSE", "AAPL@NASDAQ"] {
            assert!(why.contains(part), "{why}");
        }
    }
}
