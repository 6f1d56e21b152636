//! Candles: the past of a symbol in bars, newest first, and then the bar that is being made.

use super::super::answer::symbol as ours;
use super::events::{Event, candle, no_candle};
use crate::domain::Timestamp;
use crate::sim::market::{Frame, Market};
use std::time::Duration;

/// Most bars of one snapshot; older ones are cut off.
const MOST_BARS: usize = 8_000;
/// The furthest back that any bar is.
const MOST_REACH: Duration = Duration::from_hours(24 * 366 * 60);
const SNAPSHOT_BEGIN: u8 = 4;
const SNAPSHOT_END: u8 = 8;
const SNAPSHOT_SNIP: u8 = 0x10;
const REMOVE_EVENT: u8 = 2;

/// A subscription to candles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candles {
    /// The symbol as dxFeed writes it: `AAPL{=5m}`.
    pub(super) symbol: String,
    pub(super) listing: usize,
    frame: Frame,
    from: Timestamp,
}

impl Candles {
    /// Reads `AAPL{=1d,tho=true}`; `None` where there is no such symbol or span.
    pub(super) fn parse(market: &Market, symbol: &str, from: i64) -> Option<Self> {
        let (name, attributes) = symbol.strip_suffix('}')?.split_once("{=")?;
        let listing = market.find(&ours(name))?;
        let (period, rest) = match attributes.split_once(',') {
            Some((period, rest)) => (period, format!(",{rest}")),
            None => (attributes, String::new()),
        };
        let letters = period.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = period.split_at(letters);
        let count: u32 = if count.is_empty() {
            1
        } else {
            count.parse().ok()?
        };
        let frame = match (unit, count) {
            ("m", 1..) => Frame::Minutes(count),
            ("h", 1..) => Frame::Hours(count),
            ("d", 1) => Frame::Day,
            ("w", 1) => Frame::Week,
            ("mo", 1..) => Frame::Months(count),
            _ => return None,
        };
        // dxFeed leaves a single one out.
        let count = if count == 1 {
            String::new()
        } else {
            count.to_string()
        };
        Some(Self {
            symbol: format!("{name}{{={count}{unit}{rest}}}"),
            listing,
            frame,
            from: Timestamp::from_millis(from)?,
        })
    }

    /// Everything from the wanted moment on, newest first.
    pub(super) fn snapshot(&self, market: &Market, now: Timestamp) -> Vec<Event> {
        let earliest = now.minus(self.reach());
        let span = self.from.max(earliest)..now;
        let bars: Vec<_> = market
            .bars(self.listing, self.frame, span, true, now)
            .take(MOST_BARS + 1)
            .collect();
        let cut = bars.len() > MOST_BARS || self.from < earliest;
        let last = bars.len().min(MOST_BARS);
        let shown = bars.iter().take(MOST_BARS).enumerate();
        let mut rows: Vec<Event> = shown
            .map(|(place, bar)| {
                let begin = if place == 0 { SNAPSHOT_BEGIN } else { 0 };
                let snip = if cut && place + 1 == last {
                    SNAPSHOT_SNIP
                } else {
                    0
                };
                candle(&self.symbol, bar, begin | snip)
            })
            .collect();
        if !cut || rows.is_empty() {
            let begin = if rows.is_empty() { SNAPSHOT_BEGIN } else { 0 };
            let flags = begin | SNAPSHOT_END | REMOVE_EVENT;
            rows.push(no_candle(&self.symbol, self.from.millis(), flags));
        }
        rows
    }

    /// How far back the most bars can reach: a market is open for a sixth of a week or more.
    fn reach(&self) -> Duration {
        let hours = |count: u32| Duration::from_hours(u64::from(count));
        let bar = match self.frame {
            Frame::Minutes(count) => Duration::from_mins(count.into()),
            Frame::Hours(count) => hours(count),
            Frame::Day => hours(24),
            Frame::Week => hours(24 * 7),
            Frame::Months(count) => hours(24 * 31).saturating_mul(count),
        };
        bar.saturating_mul(6 * 8_000).min(MOST_REACH)
    }

    /// The bar that is being made.
    pub(super) fn current(&self, market: &Market, now: Timestamp) -> Option<Event> {
        let span = now.minus(Duration::from_hours(24 * 7))..now;
        let mut bars = market.bars(self.listing, self.frame, span, true, now);
        let bar = bars.next()?;
        Some(candle(&self.symbol, &bar, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::calendar::MarketHours;
    use crate::sim::market::{MarketOptions, Speed};
    use std::sync::Arc;

    fn market() -> (Market, Timestamp) {
        let now = Timestamp::parse("2026-11-24T15:00:00Z").unwrap();
        let options = MarketOptions {
            seed: 1,
            universe: 0,
            quotes_per_second: 0,
            hours: MarketHours::Always,
            recording: Arc::default(),
            speed: Speed::Times(1),
        };
        (Market::new(options, now), now)
    }

    #[test]
    fn symbols_are_written_as_dxfeed_writes_them() {
        let (market, _) = market();
        let canonical = |text| Candles::parse(&market, text, 0).map(|candles| candles.symbol);
        assert_eq!(canonical("AAPL{=1d}").unwrap(), "AAPL{=d}");
        assert_eq!(canonical("AAPL{=d}").unwrap(), "AAPL{=d}");
        assert_eq!(
            canonical("BRK/B{=5m,tho=true}").unwrap(),
            "BRK/B{=5m,tho=true}"
        );
        for wrong in ["AAPL", "AAPL{=}", "AAPL{=0m}", "AAPL{=2q}", "NOPE{=d}"] {
            assert_eq!(canonical(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_snapshot_begins_with_the_newest_and_ends_with_a_row_to_drop() {
        let (market, now) = market();
        let from = now.minus(Duration::from_hours(24 * 10)).millis();
        let candles = Candles::parse(&market, "AAPL{=d}", from).unwrap();
        let rows = candles.snapshot(&market, now);
        let flags: Vec<u64> = rows
            .iter()
            .map(|row| row["eventFlags"].as_u64().unwrap())
            .collect();
        assert_eq!((flags[0], flags[1], *flags.last().unwrap()), (4, 0, 10));
        let times: Vec<i64> = rows
            .iter()
            .map(|row| row["time"].as_i64().unwrap())
            .collect();
        assert!(times.is_sorted_by(|one, other| one > other), "{times:?}");
        let none = Candles::parse(&market, "AAPL{=d}", now.millis() + 1).unwrap();
        assert_eq!(none.snapshot(&market, now)[0]["eventFlags"], 14);
        let minutes = Candles::parse(&market, "AAPL{=m}", 0).unwrap();
        let cut = minutes.snapshot(&market, now);
        assert_eq!(
            (cut.len(), &cut[MOST_BARS - 1]["eventFlags"]),
            (MOST_BARS, &16.into())
        );
    }
}
