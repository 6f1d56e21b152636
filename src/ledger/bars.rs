//! Prices over time: bars packed into chunks of a fixed stretch, each number as a difference in the smallest unit that
//! occurs. A bar that is told again takes the place of the one before it.

use std::collections::BTreeMap;
use std::ops::Range;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::entries::wire;
use super::error::LedgerError;
use super::store::{Order, Part, Rows};
use crate::domain::{Bar, Price, ProviderId, Quantity, Symbol, Timeframe, Timestamp};

/// Chunks read at once; as many bars as fill the widest chart several times.
const MOST_CHUNKS: usize = 256;
const UNREADABLE: LedgerError = LedgerError::Damaged("a chunk of bars cannot be read");

/// Bars of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Who says them: prices of one exchange are not those of all.
    pub provider: ProviderId,
    /// Of what.
    pub symbol: Symbol,
    /// How long each is.
    pub timeframe: Timeframe,
}

impl Series {
    /// How much of time is in a chunk: some hundreds of bars.
    fn stretch(&self) -> i64 {
        const DAY: i64 = 24 * 3600 * 1000;
        match self.timeframe {
            Timeframe::Minute => DAY / 2,
            Timeframe::FiveMinutes => 2 * DAY,
            Timeframe::Hour => 32 * DAY,
            Timeframe::Day => 512 * DAY,
        }
    }

    fn chunk_of(&self, moment: Timestamp) -> i64 {
        moment.millis().div_euclid(self.stretch())
    }
}

impl Ledger {
    /// Keeps bars of a series.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`], [`LedgerError::Damaged`], [`LedgerError::Failed`], a full disk.
    pub fn keep_bars(&self, series: &Series, bars: &[Bar]) -> Result<(), LedgerError> {
        let mut chunks: BTreeMap<i64, Vec<&Bar>> = BTreeMap::new();
        for bar in bars {
            chunks
                .entry(series.chunk_of(bar.start))
                .or_default()
                .push(bar);
        }
        self.store.check_space()?;
        self.store.change(|change| {
            let mut rows = change.rows(Rows::BARS)?;
            for (chunk, bars) in &chunks {
                let key = self.chunk_key(series, *chunk);
                let mut held = match rows.get(&key)? {
                    Some(kept) => by_start(unpacked(kept.expose(), &series.symbol)?),
                    None => BTreeMap::new(),
                };
                held.extend(bars.iter().map(|bar| (bar.start, (*bar).clone())));
                let chunk = packed(held.values()).ok_or_else(too_many_digits)?;
                rows.put(&key, &chunk)?;
            }
            Ok(())
        })
    }

    /// Bars that start in a stretch of time, in order; of a very long one the newest.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`].
    pub fn bars(
        &self,
        series: &Series,
        stretch: &Range<Timestamp>,
    ) -> Result<Vec<Bar>, LedgerError> {
        let part = Part {
            from: self.chunk_key(series, series.chunk_of(stretch.start)),
            until: self.chunk_key(series, series.chunk_of(stretch.end).saturating_add(1)),
        };
        let reading = self.store.read()?;
        let mut rows = reading.values(Rows::BARS, &part, Order::Falling, MOST_CHUNKS)?;
        rows.reverse();
        let mut bars = Vec::new();
        for row in rows {
            let chunk = unpacked(row.value.expose(), &series.symbol)?;
            bars.extend(chunk.into_iter().filter(|bar| stretch.contains(&bar.start)));
        }
        Ok(bars)
    }

    fn chunk_key(&self, series: &Series, chunk: i64) -> Vec<u8> {
        let kind = match series.timeframe {
            Timeframe::Minute => b'm',
            Timeframe::FiveMinutes => b'5',
            Timeframe::Hour => b'h',
            Timeframe::Day => b'd',
        };
        let provider = series.provider.as_str().as_bytes();
        let symbol = series.symbol.as_str().as_bytes();
        let digest: [u8; 16] = self
            .digests
            .of(&[&[b'b', kind], provider, b"/", symbol].concat());
        let chunk = chunk.cast_unsigned() ^ (1 << 63);
        [&digest[..], &chunk.to_be_bytes()].concat()
    }
}

fn too_many_digits() -> LedgerError {
    LedgerError::Failed("a price has too many digits".to_owned())
}

fn by_start(bars: Vec<Bar>) -> BTreeMap<Timestamp, Bar> {
    bars.into_iter().map(|bar| (bar.start, bar)).collect()
}

/// A chunk: numbers of decimals, and the bars.
#[derive(Serialize, Deserialize)]
struct Chunk {
    prices: u32,
    volumes: u32,
    bars: Vec<Packed>,
}

/// Nanoseconds behind the bar before it, its open against that one's close, the rest against its open, the volume.
#[derive(Serialize, Deserialize)]
struct Packed(i128, i128, i128, i128, i128, i128);

/// None where a price has too many digits beside the others.
fn packed<'a>(bars: impl Iterator<Item = &'a Bar> + Clone) -> Option<Vec<u8>> {
    let of_bar = |bar: &'a Bar| [bar.open, bar.high, bar.low, bar.close];
    let scale = |it: Decimal| it.normalize().scale();
    let prices = bars.clone().flat_map(of_bar).map(|price| scale(price.0));
    let prices = prices.max().unwrap_or(0);
    let volumes = bars.clone().map(|bar| scale(bar.volume.0)).max();
    let volumes = volumes.unwrap_or(0);
    let (mut start, mut close) = (0, 0);
    let packed = bars.map(|bar| {
        let open = units(bar.open.0, prices)?;
        let beyond = |it: Price| units(it.0, prices)?.checked_sub(open);
        let packed = Packed(
            bar.start.nanos() - start,
            open.checked_sub(close)?,
            beyond(bar.high)?,
            beyond(bar.low)?,
            beyond(bar.close)?,
            units(bar.volume.0, volumes)?,
        );
        (start, close) = (bar.start.nanos(), units(bar.close.0, prices)?);
        Some(packed)
    });
    let bars = packed.collect::<Option<_>>()?;
    Some(wire::to_bytes(&Chunk {
        prices,
        volumes,
        bars,
    }))
}

/// An amount in the smallest unit; none where it has too many digits for that.
fn units(amount: Decimal, scale: u32) -> Option<i128> {
    let amount = amount.normalize();
    let factor = 10_i128.checked_pow(scale.checked_sub(amount.scale())?)?;
    amount.mantissa().checked_mul(factor)
}

fn decimal(units: i128, scale: u32) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(units, scale)
        .ok()
        .map(|amount| amount.normalize())
}

fn unpacked(bytes: &[u8], symbol: &Symbol) -> Result<Vec<Bar>, LedgerError> {
    let chunk: Chunk = wire::from_bytes(bytes)?;
    let (mut start, mut close) = (0_i128, 0_i128);
    let bars = chunk.bars.into_iter().map(|packed| {
        let open = close.checked_add(packed.1)?;
        let price = |more: i128| decimal(open.checked_add(more)?, chunk.prices).map(Price);
        start = start.checked_add(packed.0)?;
        close = open.checked_add(packed.4)?;
        Some(Bar {
            symbol: symbol.clone(),
            start: Timestamp::from_nanos(start)?,
            open: price(0)?,
            high: price(packed.2)?,
            low: price(packed.3)?,
            close: price(packed.4)?,
            volume: Quantity(decimal(packed.5, chunk.volumes)?),
        })
    });
    bars.collect::<Option<_>>().ok_or(UNREADABLE)
}

#[cfg(test)]
mod tests;
