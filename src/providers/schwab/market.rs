//! Market data by request.

use super::Schwab;
use super::rest::{Host, garbled, read};
use super::translate::hours::{self, Markets};
use super::translate::{market, symbol};
use super::wire::{self, ByText, QuoteRow};
use crate::domain::{
    Bar, Instrument, MarketClock, MarketEvent, Quote, Symbol, Text, Timeframe, Timestamp,
};
use crate::net::http::Response;
use crate::providers::fields::{row, rows};
use crate::providers::provider::{Answer, ProviderError, Quotes};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// Symbols of a request; 500 are allowed, but addresses stay short.
const CHUNK: usize = 200;

/// Days looked ahead for the next opening; the longest run of closed days is shorter.
const MOST_DAYS: u32 = 8;

/// How far back candles of a minute reach.
const MINUTES_REACH: Duration = Duration::from_secs(47 * 24 * 60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Opening hours by the day they were read on and the day they are of.
pub(super) type Hours = BTreeMap<(String, String), Vec<hours::Span>>;

type QuoteRows<'a> = ByText<'a, Option<&'a RawValue>>;

impl Quotes for Schwab {
    fn snapshots<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<MarketEvent>> {
        Box::pin(async move {
            let mut events = Vec::new();
            self.each_quote(symbols, |symbol, row| {
                let (parts, unreadable) = market::snapshot(row, symbol);
                events.extend(parts);
                match unreadable {
                    0 => Ok(()),
                    parts => Err(format!("{parts} parts of the snapshot").into()),
                }
            })
            .await?;
            Ok(events)
        })
    }

    fn latest<'a>(&'a self, symbols: &'a [Symbol]) -> Answer<'a, Vec<Quote>> {
        Box::pin(async move {
            let mut quotes = Vec::new();
            self.each_quote(symbols, |symbol, row| {
                if let Some(part) = &row.quote {
                    let quote = market::quote(part, symbol);
                    quotes.extend(quote.map_err(|why| why.to_string())?);
                }
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
            let bars = self.read_bars(symbol, timeframe, since).await?;
            Ok(match timeframe {
                Timeframe::Hour => market::hours(bars),
                Timeframe::Minute | Timeframe::FiveMinutes | Timeframe::Day => bars,
            })
        })
    }

    fn clock(&self) -> Answer<'_, MarketClock> {
        Box::pin(async move {
            let now = self.rest.clock().now();
            let mut sessions = Vec::new();
            for days in 0..MOST_DAYS {
                sessions.extend(self.hours_of(now, now.plus(DAY * days)).await?);
                if let Some(clock) = hours::clock(&sessions, now) {
                    return Ok(clock);
                }
            }
            Err(garbled("opening hours: no opening in the days to come"))
        })
    }

    fn instrument<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<Instrument>> {
        Box::pin(async move {
            let spelled = symbol::theirs(symbol);
            let query = [
                ("symbol", spelled.as_str()),
                ("projection", "symbol-search"),
            ];
            let searched = self
                .rest
                .get(Host::MarketData, &["instruments"], &query)
                .await;
            let searched = known(searched)?;
            let list: wire::Instruments<'_> = match &searched {
                Some(response) => read(response, "instruments")?,
                None => wire::Instruments::default(),
            };
            let is_it = |it: &&wire::Instrument<'_>| it.symbol.text().as_deref() == Some(&spelled);
            let found = list.instruments.iter().flatten().find(is_it);
            let quoted = self.ask_for_quotes(&[spelled.as_str()]).await?;
            let known: QuoteRows<'_> = match &quoted {
                Some(response) => read(response, "quotes")?,
                None => QuoteRows::default(),
            };
            let quoted = known.get(spelled.as_str()).copied().flatten();
            let quoted = quoted.and_then(|raw| row::<QuoteRow<'_>>(raw).ok());
            Ok(market::instrument(symbol, found, quoted.as_ref()))
        })
    }
}

/// An answer, or nothing where nobody knows what was asked for.
fn known(answer: Result<Response, ProviderError>) -> Result<Option<Response>, ProviderError> {
    match answer {
        Err(ProviderError::NotFound { .. }) => Ok(None),
        outcome => outcome.map(Some),
    }
}

impl Schwab {
    /// When the market is open on a day; asked for once a day, as it does not change.
    async fn hours_of(
        &self,
        now: Timestamp,
        day: Timestamp,
    ) -> Result<Vec<hours::Span>, ProviderError> {
        let (today, date) = (hours::date(now), hours::date(day));
        if let Some(known) = self.hours().get(&(today.clone(), date.clone())) {
            return Ok(known.clone());
        }
        let path = ["markets", "equity"];
        let query = [("date", date.as_str())];
        let response = self.rest.get(Host::MarketData, &path, &query).await?;
        let markets: Markets<'_> = read(&response, "opening hours")?;
        let sessions =
            hours::sessions(&markets).map_err(|why| garbled(format!("opening hours: {why}")))?;
        let mut known = self.hours();
        known.retain(|(read, _), _| *read == today);
        known.insert((today, date), sessions.clone());
        Ok(sessions)
    }

    fn hours(&self) -> MutexGuard<'_, Hours> {
        // An entry is put in whole, so a panic elsewhere does no harm.
        self.hours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for symbols chunk by chunk and hands on what is known of each.
    async fn each_quote(
        &self,
        symbols: &[Symbol],
        mut take: impl FnMut(&Symbol, &QuoteRow<'_>) -> Result<(), Text> + Send,
    ) -> Result<(), ProviderError> {
        let askable: Vec<&Symbol> = symbols
            .iter()
            .filter(|symbol| !symbol.as_str().contains(','))
            .collect();
        for chunk in askable.chunks(CHUNK) {
            let names: Vec<String> = chunk.iter().map(|symbol| symbol::theirs(symbol)).collect();
            let asked: Vec<&str> = names.iter().map(String::as_str).collect();
            let Some(response) = self.ask_for_quotes(&asked).await? else {
                continue;
            };
            let known: QuoteRows<'_> = read(&response, "quotes")?;
            for (symbol, name) in chunk.iter().zip(&names) {
                let Some(Some(raw)) = known.get(name.as_str()) else {
                    continue; // named among the invalid ones
                };
                let read = row::<QuoteRow<'_>>(raw).and_then(|quoted| take(symbol, &quoted));
                if let Err(why) = read {
                    self.rest
                        .count_unreadable(1, &format!("market data of {symbol}: {why}"));
                }
            }
        }
        Ok(())
    }

    async fn ask_for_quotes(&self, names: &[&str]) -> Result<Option<Response>, ProviderError> {
        let names = names.join(",");
        let query = [("symbols", names.as_str()), ("fields", "quote,reference")];
        known(self.rest.get(Host::MarketData, &["quotes"], &query).await)
    }

    async fn read_bars(
        &self,
        name: &Symbol,
        timeframe: Timeframe,
        since: Timestamp,
    ) -> Result<Vec<Bar>, ProviderError> {
        let now = self.rest.clock().now();
        let since = match timeframe {
            Timeframe::Day => since,
            Timeframe::Minute | Timeframe::FiveMinutes | Timeframe::Hour => {
                since.max(now.minus(MINUTES_REACH))
            }
        };
        let (period, kind, frequency) = market::frequency(timeframe);
        let spelled = symbol::theirs(name);
        let (start, end) = (since.millis().to_string(), now.millis().to_string());
        let query = [
            ("symbol", spelled.as_str()),
            ("periodType", period),
            ("frequencyType", kind),
            ("frequency", frequency),
            ("startDate", start.as_str()),
            ("endDate", end.as_str()),
            ("needExtendedHoursData", "false"),
        ];
        let path = ["pricehistory"];
        let response = self.rest.get(Host::MarketData, &path, &query).await?;
        let history: wire::History<'_> = read(&response, "bars")?;
        let candles = history.candles.unwrap_or_default();
        let (mut bars, rejected) = rows(&candles, |raw| {
            market::bar(&row(raw)?, name.clone()).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("bars", &rejected);
        bars.retain(|bar| bar.start >= since || timeframe == Timeframe::Day);
        bars.sort_by_key(|bar| bar.start);
        Ok(bars)
    }
}
