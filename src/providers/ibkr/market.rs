//! Market data by request. All but opening hours need the trading session.

use super::Ibkr;
use super::pace::Kind;
use super::rest::{garbled, read, read_list};
use super::translate::market::{self, FIELDS, Prices};
use super::translate::symbol::Contract;
use super::translate::{conid, number};
use super::wire::{self, ByText, Field};
use crate::domain::{
    Bar, Instrument, MarketClock, MarketEvent, Quote, Symbol, Timeframe, Timestamp,
};
use crate::net::http::Response;
use crate::providers::fields::{row, rows};
use crate::providers::provider::{Answer, ProviderError, Quotes};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

/// Contracts in a request.
const CHUNK: usize = 100;

/// How often a snapshot is asked for that names contracts and nothing of them, and the pause between. The first always
/// does so.
const ASKS: usize = 4;
const ASK_AGAIN: Duration = Duration::from_millis(700);

/// The share whose hours stand for the market's: the oldest fund on the S&P 500, listed in New York.
const HOURS_OF: &str = "756733";

/// How long a schedule is taken for true.
const HOURS_KEPT: Duration = Duration::from_secs(60 * 60);

const DAY: u64 = 24 * 60 * 60;

/// A row of a snapshot: fields by number.
type Row<'a> = ByText<'a, Field<'a>>;

/// When a schedule was read, and its sessions.
pub(super) type Hours = Option<(Timestamp, Vec<(Timestamp, Timestamp)>)>;

impl Quotes for Ibkr {
    fn snapshots<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<MarketEvent>> {
        Box::pin(async move {
            let mut events = Vec::new();
            self.each_snapshot(symbols, |symbol, row, heard| {
                let (told, unreadable) = Prices::default().take(row, symbol, heard);
                events.extend(told);
                unreadable
            })
            .await?;
            Ok(events)
        })
    }

    fn latest<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<Quote>> {
        Box::pin(async move {
            let mut quotes = Vec::new();
            self.each_snapshot(symbols, |symbol, row, heard| {
                let (told, unreadable) = Prices::default().take(row, symbol, heard);
                quotes.extend(told.into_iter().filter_map(|event| match event {
                    MarketEvent::Quote(quote) => Some(quote),
                    MarketEvent::Trade(_)
                    | MarketEvent::Bar(_)
                    | MarketEvent::Status(..)
                    | MarketEvent::Day(_) => None,
                }));
                unreadable
            })
            .await?;
            Ok(quotes)
        })
    }

    fn bars<'a>(
        &'a self,
        symbol: &'a Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Answer<'a, Vec<Bar>> {
        Box::pin(async move { self.read_bars(symbol, timeframe, since).await })
    }

    fn clock(&self) -> Answer<'_, MarketClock> {
        Box::pin(async move {
            let now = self.rest.clock().now();
            let kept = self
                .hours
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let kept = kept.filter(|(read, _)| now.since(*read) < HOURS_KEPT);
            let sessions = match kept {
                Some((_, sessions)) => sessions,
                None => self.read_hours(now).await?,
            };
            let clock = market::clock(&sessions, now);
            clock.ok_or_else(|| garbled("opening hours: no opening in the days to come"))
        })
    }

    fn instrument<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<Instrument>> {
        Box::pin(async move {
            let Some(contract) = self.contracts.find(symbol).await? else {
                return Ok(None);
            };
            let path = ["iserver", "contract", "rules"];
            let body = format!(r#"{{"conid":{},"isBuy":true}}"#, contract.conid);
            let response = self.sessions.ask(None, self.rest.post(&path, body)).await?;
            let rules: wire::Rules<'_> = read(&response, "the rules of a contract")?;
            Ok(Some(market::instrument(&contract, &rules)))
        })
    }
}

impl Ibkr {
    async fn read_hours(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, ProviderError> {
        let request = self.rest.get(&["contract", "trading-schedule"]);
        let response = self.rest.ask(request.query("conid", HOURS_OF)).await?;
        let schedule: wire::Schedule<'_> = read(&response, "opening hours")?;
        let sessions =
            market::sessions(&schedule).map_err(|why| garbled(format!("opening hours: {why}")))?;
        // It is replaced as a whole, so a panic elsewhere does no harm.
        *self.hours.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, sessions.clone()));
        Ok(sessions)
    }

    /// Finds the contracts of symbols. A symbol nobody knows, or that may mean several, is missing and does not take its
    /// neighbours along.
    async fn find_all(&self, symbols: &[Symbol]) -> Result<BTreeMap<u64, Symbol>, ProviderError> {
        let mut found = BTreeMap::new();
        for symbol in symbols {
            match self.contracts.find(symbol).await {
                Ok(Some(contract)) => drop(found.insert(contract.conid, symbol.clone())),
                Ok(None) => {}
                Err(ProviderError::Refused { reason }) => {
                    tracing::warn!(%symbol, %reason, "no contract was chosen");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Asks for snapshots and hands on what is said of each; how many fields could not be read comes back.
    async fn each_snapshot(
        &self,
        symbols: &[Symbol],
        mut take: impl FnMut(&Symbol, &Row<'_>, Timestamp) -> usize + Send,
    ) -> Result<(), ProviderError> {
        let contracts = self.find_all(symbols).await?;
        let wanted: Vec<u64> = contracts.keys().copied().collect();
        for chunk in wanted.chunks(CHUNK) {
            let mut missing = chunk.to_vec();
            for attempt in 0..ASKS {
                if attempt > 0 {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                let response = self.ask_for_snapshots(&missing).await?;
                let heard = self.rest.clock().now();
                let list: Vec<&RawValue> = read_list(&response, "market data")?;
                let (read, rejected) = rows(&list, |raw| {
                    row::<Row<'_>>(raw).map(|row| {
                        let conid = row.get("conid").and_then(|it| conid(*it))?;
                        let symbol = contracts.get(&conid)?;
                        if !Prices::is_answer(&row) {
                            return None;
                        }
                        Some((conid, take(symbol, &row, heard)))
                    })
                });
                self.rest.count_rejected("market data", &rejected);
                for (conid, unreadable) in read.into_iter().flatten() {
                    missing.retain(|it| *it != conid);
                    self.rest
                        .count_unreadable(unreadable, "fields of market data");
                }
                if missing.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn ask_for_snapshots(&self, conids: &[u64]) -> Result<Response, ProviderError> {
        let conids: Vec<String> = conids.iter().map(u64::to_string).collect();
        let request = self.rest.get(&["iserver", "marketdata", "snapshot"]);
        let request = request
            .query("conids", &conids.join(","))
            .query("fields", &FIELDS.join(","));
        self.sessions.ask(None, request.history()).await
    }

    async fn read_bars(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Result<Vec<Bar>, ProviderError> {
        let contract = self.contracts.find(symbol).await?;
        let contract: Contract = contract.ok_or_else(|| ProviderError::NotFound {
            what: format!("Interactive Brokers does not know {symbol}").into(),
        })?;
        let now = self.rest.clock().now();
        let days = now.since(since).as_secs().div_ceil(DAY).clamp(1, 1_000);
        let length = match timeframe {
            Timeframe::Minute => "1min",
            Timeframe::FiveMinutes => "5min",
            Timeframe::Hour => "1h",
            Timeframe::Day => "1d",
        };
        let request = self.rest.get(&["iserver", "marketdata", "history"]);
        let request = request
            .query("conid", &contract.conid.to_string())
            .query("period", &format!("{days}d"))
            .query("bar", length)
            .query("outsideRth", "false");
        let response = self
            .sessions
            .ask(Some(Kind::History), request.history())
            .await?;
        let history: wire::History<'_> = read(&response, "bars")?;
        if let Some(reason) = history.error.text() {
            let reason = reason.as_ref().into();
            return Err(ProviderError::Refused { reason });
        }
        let factor = number(history.volume_factor).ok().flatten();
        let factor = factor.unwrap_or(Decimal::ONE);
        let candles = history.data.unwrap_or_default();
        let (mut bars, rejected) = rows(&candles, |raw| {
            market::bar(&row(raw)?, symbol, factor).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("bars", &rejected);
        bars.retain(|bar| bar.start >= since || timeframe == Timeframe::Day);
        bars.sort_by_key(|bar| bar.start);
        Ok(bars)
    }
}
