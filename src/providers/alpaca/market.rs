//! Market data by request.
//!
//! Stocks, coins and options have addresses of their own. A symbol's form tells which: options by the OSI form, coins
//! by a slash; what the coins' address does not know is asked for among the stocks, since a feed may carry other pairs.

use super::Alpaca;
use super::rest::{Host, garbled, read, refusal, row};
use super::translate::{account, is_option, market};
use super::wire::{self, Datum, Snapshot};
use crate::domain::{
    Bar, Instrument, MarketClock, MarketEvent, Quote, Symbol, Text, Timeframe, Timestamp,
};
use crate::net::http::{Request, Response};
use crate::providers::provider::{Answer, ProviderError, Quotes};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Symbols in a request, the most that options allow; addresses stay short.
const CHUNK: usize = 100;

/// Bars in a page, the most there can be.
const BARS: &str = "10000";

/// Pages of bars at most.
const MOST_PAGES: usize = 20;

/// Where a symbol's data are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shelf {
    Stocks,
    Coins,
    Options,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Snapshots,
    Quotes,
}

impl Shelf {
    fn of(symbol: &Symbol) -> Self {
        if symbol.as_str().contains('/') {
            Self::Coins
        } else if is_option(symbol.as_str()) {
            Self::Options
        } else {
            Self::Stocks
        }
    }

    fn path(self, ask: Ask) -> &'static [&'static str] {
        match (self, ask) {
            (Self::Stocks, Ask::Snapshots) => &["v2", "stocks", "snapshots"],
            (Self::Stocks, Ask::Quotes) => &["v2", "stocks", "quotes", "latest"],
            (Self::Coins, Ask::Snapshots) => &["v1beta3", "crypto", "us", "snapshots"],
            (Self::Coins, Ask::Quotes) => &["v1beta3", "crypto", "us", "latest", "quotes"],
            (Self::Options, Ask::Snapshots) => &["v1beta1", "options", "snapshots"],
            (Self::Options, Ask::Quotes) => &["v1beta1", "options", "quotes", "latest"],
        }
    }

    fn bars(self) -> &'static [&'static str] {
        match self {
            Self::Stocks => &["v2", "stocks", "bars"],
            Self::Coins => &["v1beta3", "crypto", "us", "bars"],
            Self::Options => &["v1beta1", "options", "bars"],
        }
    }
}

/// Every answer of this file: symbols and what is known of them, under a name or bare.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Wrapped<'a> {
    snapshots: Option<ByText<'a, Option<&'a RawValue>>>,
    quotes: Option<ByText<'a, Option<&'a RawValue>>>,
    bars: Option<ByText<'a, Option<Vec<&'a RawValue>>>>,
    next_page_token: wire::Field<'a>,
}

type ByText<'a, T> = BTreeMap<Cow<'a, str>, T>;

impl Quotes for Alpaca {
    fn snapshots<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<MarketEvent>> {
        Box::pin(async move {
            let mut events = Vec::new();
            self.each_symbol(symbols, Ask::Snapshots, |symbol, raw| {
                let snapshot: Snapshot<'_> = row(raw)?;
                let (parts, unreadable) = market::snapshot(&snapshot, symbol);
                events.extend(parts);
                if unreadable == 0 {
                    Ok(())
                } else {
                    Err(format!("{unreadable} parts of the snapshot").into())
                }
            })
            .await?;
            Ok(events)
        })
    }

    fn latest<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<Quote>> {
        Box::pin(async move {
            let mut quotes = Vec::new();
            self.each_symbol(symbols, Ask::Quotes, |symbol, raw| {
                let datum: Datum<'_> = row(raw)?;
                quotes.push(market::quote(&datum, symbol.clone()).map_err(|why| why.to_string())?);
                Ok(())
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
        Box::pin(async move {
            let shelf = Shelf::of(symbol);
            match self.read_bars(shelf, symbol, timeframe, since).await {
                Ok(bars) if bars.is_empty() && shelf == Shelf::Coins => {}
                Err(ProviderError::Refused { .. } | ProviderError::NotFound { .. })
                    if shelf == Shelf::Coins => {}
                outcome => return outcome,
            }
            self.read_bars(Shelf::Stocks, symbol, timeframe, since)
                .await
        })
    }

    fn clock(&self) -> Answer<'_, MarketClock> {
        Box::pin(async move {
            let request = Request::get(self.rest.url(Host::Trading, &["v2", "clock"]));
            let response = self.rest.ask(request).await?;
            let row: wire::Clock<'_> = read(&response, "the clock")?;
            account::clock(&row).map_err(|why| garbled(why.to_string()))
        })
    }

    fn instrument<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<Instrument>> {
        Box::pin(async move {
            let (first, second) = match Shelf::of(symbol) {
                Shelf::Options => ("options", "contracts"),
                Shelf::Stocks | Shelf::Coins => ("assets", ""),
            };
            let path = ["v2", first, second, symbol.as_str()];
            let path: Vec<&str> = path
                .into_iter()
                .filter(|segment| !segment.is_empty())
                .collect();
            let response = match self
                .rest
                .ask(Request::get(self.rest.url(Host::Trading, &path)))
                .await
            {
                Err(ProviderError::NotFound { .. }) => return Ok(None),
                outcome => outcome?,
            };
            let row: wire::Asset<'_> = read(&response, "the asset")?;
            let instrument = account::instrument(&row, self.last_price(symbol).await);
            instrument.map(Some).map_err(|why| garbled(why.to_string()))
        })
    }
}

impl Alpaca {
    /// Asks for symbols, shelf by shelf and chunk by chunk, and hands on what is known of each. One symbol that the
    /// provider does not take spoils its whole request, so a refused chunk is halved until the symbol stands alone.
    async fn each_symbol(
        &self,
        symbols: &[Symbol],
        ask: Ask,
        mut take: impl FnMut(&Symbol, &RawValue) -> Result<(), Text> + Send,
    ) -> Result<(), ProviderError> {
        let mut chunks = chunks(symbols);
        while let Some((shelf, chunk)) = chunks.pop() {
            let response = match self.ask_for(shelf, &chunk, ask).await? {
                Ok(response) => response,
                Err(_) if chunk.len() > 1 => {
                    let (first, second) = chunk.split_at(chunk.len() / 2);
                    chunks.extend([(shelf, second.to_vec()), (shelf, first.to_vec())]);
                    continue;
                }
                Err(_) if shelf == Shelf::Coins => {
                    chunks.push((Shelf::Stocks, chunk));
                    continue;
                }
                Err(reason) => {
                    self.rest
                        .count_unreadable(1, &format!("market data: {reason}"));
                    continue;
                }
            };
            let missing = self.take_symbols(&response, &chunk, &mut take)?;
            if shelf == Shelf::Coins && !missing.is_empty() {
                chunks.push((Shelf::Stocks, missing));
            }
        }
        Ok(())
    }

    /// Asks for one chunk; the inner error is a chunk with a symbol in it that the provider does not take.
    async fn ask_for(
        &self,
        shelf: Shelf,
        symbols: &[Symbol],
        ask: Ask,
    ) -> Result<Result<Response, Text>, ProviderError> {
        let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        let mut request = Request::get(self.rest.url(Host::Data, shelf.path(ask)))
            .query("symbols", &names.join(","));
        match shelf {
            Shelf::Stocks => request = request.query("feed", self.feed.latest()),
            Shelf::Options if ask == Ask::Snapshots => request = request.query("limit", "1000"),
            Shelf::Options | Shelf::Coins => {}
        }
        let response = self.rest.send(request.history()).await?;
        match (response.status, refusal(&response)) {
            (200..=299, _) => Ok(Ok(response)),
            (400 | 404 | 422, error) => Ok(Err(error.to_string().into())),
            (_, error) => Err(error),
        }
    }

    /// Hands on what an answer knows, and returns the symbols it does not know.
    fn take_symbols(
        &self,
        response: &Response,
        symbols: &[Symbol],
        take: &mut impl FnMut(&Symbol, &RawValue) -> Result<(), Text>,
    ) -> Result<Vec<Symbol>, ProviderError> {
        let wrapped: Wrapped<'_> = read(response, "market data")?;
        let known = match wrapped.snapshots.or(wrapped.quotes) {
            Some(known) => known,
            None => read(response, "market data")?,
        };
        let mut missing = Vec::new();
        for symbol in symbols {
            let Some(Some(raw)) = known.get(symbol.as_str()) else {
                missing.push(symbol.clone());
                continue;
            };
            if let Err(why) = take(symbol, raw) {
                self.rest
                    .count_unreadable(1, &format!("market data of {symbol}: {why}"));
            }
        }
        Ok(missing)
    }

    async fn read_bars(
        &self,
        shelf: Shelf,
        symbol: &Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Result<Vec<Bar>, ProviderError> {
        let mut bars = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = self.bars_request(shelf, symbol, timeframe, since);
            let request = match &token {
                Some(token) => request.query("page_token", token),
                None => request,
            };
            let response = self.rest.ask(request).await?;
            let page: Wrapped<'_> = read(&response, "bars")?;
            let rows = page
                .bars
                .unwrap_or_default()
                .remove(symbol.as_str())
                .flatten()
                .unwrap_or_default();
            let (good, rejected) = super::rest::rows(&rows, |raw| {
                market::bar(&row(raw)?, symbol.clone()).map_err(|why| why.to_string().into())
            });
            self.count_rejected("bars", &rejected);
            bars.extend(good);
            token = page.next_page_token.text().map(Cow::into_owned);
            if token.is_none() {
                return Ok(bars);
            }
        }
        self.rest.count_unreadable(
            1,
            "bars: there are more than could be read; the newest are left out",
        );
        Ok(bars)
    }

    fn bars_request(
        &self,
        shelf: Shelf,
        symbol: &Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Request {
        let word = match timeframe {
            Timeframe::Minute => "1Min",
            Timeframe::FiveMinutes => "5Min",
            Timeframe::Hour => "1Hour",
            Timeframe::Day => "1Day",
        };
        let request = Request::get(self.rest.url(Host::Data, shelf.bars()))
            .query("symbols", symbol.as_str())
            .query("timeframe", word)
            .query("start", &since.to_string())
            .query("limit", BARS)
            .history();
        match shelf {
            // Splits are taken out, so that a chart has no cliff where there was none.
            Shelf::Stocks => request
                .query("adjustment", "split")
                .query("feed", self.feed.history()),
            Shelf::Coins | Shelf::Options => request,
        }
    }

    /// What a symbol trades at, for the size of its tick; `None` when that cannot be learnt.
    async fn last_price(&self, symbol: &Symbol) -> Option<crate::domain::Price> {
        if Shelf::of(symbol) != Shelf::Stocks {
            return None; // their ticks do not depend on it
        }
        let events = Quotes::snapshots(self, std::slice::from_ref(symbol))
            .await
            .ok()?;
        events.into_iter().find_map(|event| match event {
            MarketEvent::Trade(trade) => Some(trade.price),
            MarketEvent::Quote(quote) => quote.bid.or(quote.ask),
            MarketEvent::Bar(_) | MarketEvent::Status(..) | MarketEvent::Day(_) => None,
        })
    }
}

/// Symbols by shelf, at most [`CHUNK`] in each piece, the first piece last.
fn chunks(symbols: &[Symbol]) -> Vec<(Shelf, Vec<Symbol>)> {
    let mut chunks = Vec::new();
    for shelf in [Shelf::Options, Shelf::Coins, Shelf::Stocks] {
        let of_shelf: Vec<Symbol> = symbols
            .iter()
            .filter(|symbol| Shelf::of(symbol) == shelf && !symbol.as_str().contains(','))
            .cloned()
            .collect();
        chunks.extend(
            of_shelf
                .chunks(CHUNK)
                .rev()
                .map(|chunk| (shelf, chunk.to_vec())),
        );
    }
    chunks
}
