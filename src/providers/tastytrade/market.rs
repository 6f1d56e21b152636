//! Market data by request.
//!
//! Snapshots are had of production only; the sandbox has none, and its stream says the same within a moment. Bars are
//! had nowhere by request: a short-lived socket of the stream's kind reads them.

use super::Tastytrade;
use super::rest::{envelope, garbled, items, list, read, row, rows};
use super::stream::candles;
use super::translate::market;
use super::translate::symbol::{Kind, theirs};
use super::wire;
use crate::domain::{
    Bar, Environment, Instrument, MarketClock, MarketEvent, Price, Quote, Symbol, Timeframe,
    Timestamp,
};
use crate::net::http::{Request, Response};
use crate::providers::provider::{Answer, ProviderError, Quotes};
use std::sync::atomic::Ordering;

/// Symbols in a request, of all kinds together.
const CHUNK: usize = 100;

impl Quotes for Tastytrade {
    fn snapshots<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<MarketEvent>> {
        Box::pin(async move {
            self.learn_names(symbols).await;
            let heard = self.rest.clock().now();
            let read = self.each_row(symbols, |row| market::snapshot(row, heard));
            Ok(read.await?.into_iter().flatten().collect())
        })
    }

    fn latest<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<Quote>> {
        Box::pin(async move {
            let heard = self.rest.clock().now();
            self.each_row(symbols, |row| market::quote(row, heard))
                .await
        })
    }

    fn bars<'a>(
        &'a self,
        symbol: &'a Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Answer<'a, Vec<Bar>> {
        Box::pin(async move {
            self.learn_names(std::slice::from_ref(symbol)).await;
            let Some(name) = self.names.streamed(symbol) else {
                return Err(ProviderError::NotFound {
                    what: format!("tastytrade does not know {symbol}").into(),
                });
            };
            let wanted = candles::Wanted {
                symbol: symbol.clone(),
                name: candles::name(&name, timeframe),
                since,
            };
            let read = candles::read(&self.tickets, wanted).await?;
            self.rest.count_unreadable(read.unreadable, "candles");
            Ok(read.bars)
        })
    }

    fn clock(&self) -> Answer<'_, MarketClock> {
        Box::pin(async move {
            let url = self.rest.url(&["market-time", "sessions", "current"]);
            let request = Request::get(url).query("instrument-collections[]", "Equity");
            let response = self.rest.ask(request).await?;
            let data = envelope(&response, "the market's hours")?.data;
            let session: wire::MarketSession<'_> = match items(data, "the market's hours") {
                Ok(list) => {
                    let first = list.first();
                    let first =
                        first.ok_or_else(|| garbled("the market's hours: there are none"))?;
                    row(first).map_err(|why| garbled(format!("the market's hours: {why}")))?
                }
                Err(_) => read(&response, "the market's hours")?,
            };
            market::clock(&session, self.rest.clock().now())
                .map_err(|why| garbled(format!("the market's hours: {why}")))
        })
    }

    fn instrument<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<Instrument>> {
        Box::pin(async move {
            let Some(response) = self.record(symbol).await? else {
                return Ok(None);
            };
            let record: wire::Instrument<'_> = read(&response, "the instrument")?;
            let last = match (record.tick_size.text(), Kind::of(symbol)) {
                (None, Kind::Equity) => self.last_price(symbol).await,
                _ => None,
            };
            let instrument = market::instrument(&record, Kind::of(symbol), last);
            instrument
                .map(Some)
                .map_err(|why| garbled(format!("the instrument: {why}")))
        })
    }
}

impl Tastytrade {
    /// The record of a symbol; `None` when there is none.
    async fn record(&self, symbol: &Symbol) -> Result<Option<Response>, ProviderError> {
        let (path, name) = (Kind::of(symbol).paths().0, theirs(symbol));
        let url = self.rest.url(&["instruments", path, &name]);
        let response = match self.rest.ask(Request::get(url)).await {
            Err(ProviderError::NotFound { .. }) => return Ok(None),
            outcome => outcome?,
        };
        let record: wire::Instrument<'_> = read(&response, "the instrument")?;
        if let Some(name) = record.streamer_symbol.text() {
            self.names.learn(symbol, &name);
        }
        Ok(Some(response))
    }

    /// Learns what the stream calls the symbols that no rule tells; what cannot be learnt now is learnt later.
    async fn learn_names(&self, symbols: &[Symbol]) {
        for symbol in symbols {
            if self.names.streamed(symbol).is_none()
                && let Err(error) = self.record(symbol).await
            {
                tracing::info!(%symbol, %error, "the stream's name of a symbol was not learnt");
            }
        }
    }

    /// Asks for the market data of symbols, a hundred at a time.
    async fn each_row<T>(
        &self,
        symbols: &[Symbol],
        translate: impl Fn(&wire::MarketData<'_>) -> Result<T, wire::Unreadable>,
    ) -> Result<Vec<T>, ProviderError> {
        let mut found = Vec::new();
        for chunk in symbols.chunks(CHUNK) {
            if self.has_no_snapshots.load(Ordering::Relaxed) {
                break;
            }
            let Some(response) = self.ask_for(chunk).await? else {
                break;
            };
            let (good, rejected) = rows(&list(&response, "market data")?, |raw| {
                translate(&row(raw)?).map_err(|why| why.to_string().into())
            });
            self.rest.count_rejected("market data", &rejected);
            found.extend(good);
        }
        Ok(found)
    }

    /// Asks for one chunk; nothing where the sandbox has no such address, which it answers like a failure.
    async fn ask_for(&self, symbols: &[Symbol]) -> Result<Option<Response>, ProviderError> {
        let mut request = Request::get(self.rest.url(&["market-data", "by-type"]));
        for symbol in symbols {
            request = request.query(Kind::of(symbol).paths().1, &theirs(symbol));
        }
        let outcome = self.rest.ask(request.history()).await;
        match (self.environment, outcome) {
            (
                Environment::Paper,
                Err(ProviderError::Unavailable { .. } | ProviderError::NotFound { .. }),
            ) => {
                tracing::info!("the sandbox has no snapshots of prices: the stream tells them");
                self.has_no_snapshots.store(true, Ordering::Relaxed);
                Ok(None)
            }
            (_, outcome) => outcome.map(Some),
        }
    }

    /// What a symbol trades at, for the size of its tick; `None` when that cannot be learnt.
    async fn last_price(&self, symbol: &Symbol) -> Option<Price> {
        let quotes = self.latest(std::slice::from_ref(symbol)).await.ok()?;
        let quote = quotes.first()?;
        quote.bid.or(quote.ask)
    }
}
