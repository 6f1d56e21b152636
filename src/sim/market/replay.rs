//! A recorded market: rows of quotes and trades from CSV files, their times shifted to now.
//!
//! Columns `time,symbol,bid,ask,bid_size,ask_size,last,last_size`; an empty field was not recorded.
//! Prices stay the text's own digits. Each file starts when the replay starts, whatever year it is of.

use crate::domain::{MarketEvent, Price, Quantity, Quote, Symbol, Timestamp, Trade};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most rows of all files together.
const MOST_ROWS: usize = 5_000_000;

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// This many times as fast as it was recorded.
    Times(u32),
    /// Without gaps: every row is sent as fast as a socket takes it.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Times(1)
    }
}

/// A text that is not a speed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a speed is a whole number of 1 or more, or max")]
pub struct NotASpeed;

impl std::str::FromStr for Speed {
    type Err = NotASpeed;
    fn from_str(text: &str) -> Result<Self, NotASpeed> {
        match text {
            "max" => Ok(Self::Max),
            _ => match text.parse() {
                Ok(0) | Err(_) => Err(NotASpeed),
                Ok(times) => Ok(Self::Times(times)),
            },
        }
    }
}

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read the recording {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// A row is not what it should be.
    #[error("the recording {} is wrong at line {line}: {why}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// More rows than are kept in memory.
    #[error("the recordings have more than {MOST_ROWS} rows")]
    TooLong,
}

/// One recorded row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Recorded time since the file's first row.
    pub offset: Duration,
    /// Of what.
    pub symbol: Symbol,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
    /// Units bid for.
    pub bid_size: Option<Quantity>,
    /// Units offered.
    pub ask_size: Option<Quantity>,
    /// Price of a trade.
    pub last: Option<Price>,
    /// Units of the trade.
    pub last_size: Option<Quantity>,
}

/// All rows of all files, in the order they are played.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Recording {
    /// Reads files; rows of one moment stay in the order of their file.
    pub fn load(paths: &[PathBuf]) -> Result<Self, ReplayError> {
        let mut rows = Vec::new();
        for path in paths {
            read(path, &mut rows)?;
        }
        rows.sort_by_key(|row: &Row| row.offset);
        Ok(Self { rows })
    }

    /// The recorded symbols, in alphabetical order.
    pub fn symbols(&self) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = Vec::new();
        for row in &self.rows {
            if !symbols.contains(&row.symbol) {
                symbols.push(row.symbol.clone());
            }
        }
        symbols.sort_unstable();
        symbols
    }

    /// When the row at `index` is due in a replay that started at `start`. Without gaps the rows are a
    /// microsecond apart, so that their order can still be told from their times.
    pub fn due(&self, index: usize, start: Timestamp, speed: Speed) -> Timestamp {
        match speed {
            Speed::Times(times) => start.plus(self.rows[index].offset / times),
            Speed::Max => start.plus(Duration::from_micros(index as u64)),
        }
    }
}

impl Row {
    /// What the row says, as if it happened at `time`.
    pub fn events(&self, time: Timestamp) -> Vec<MarketEvent> {
        let mut events = Vec::with_capacity(2);
        if self.bid.is_some() || self.ask.is_some() {
            events.push(MarketEvent::Quote(Quote {
                symbol: self.symbol.clone(),
                bid: self.bid,
                ask: self.ask,
                bid_size: self.bid_size,
                ask_size: self.ask_size,
                time,
            }));
        }
        if let Some(price) = self.last {
            events.push(MarketEvent::Trade(Trade {
                symbol: self.symbol.clone(),
                price,
                size: self.last_size.unwrap_or_default(),
                time,
            }));
        }
        events
    }
}

fn read(path: &Path, rows: &mut Vec<Row>) -> Result<(), ReplayError> {
    let unreadable = |source| ReplayError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(unreadable)?;
    let mut first = None;
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |why: String| ReplayError::Wrong {
            path: path.to_owned(),
            line,
            why,
        };
        let (time, row) = row(&record).map_err(wrong)?;
        let start = *first.get_or_insert(time);
        rows.push(Row {
            offset: time.since(start),
            ..row
        });
        if rows.len() > MOST_ROWS {
            return Err(ReplayError::TooLong);
        }
    }
    Ok(())
}

fn row(record: &csv::StringRecord) -> Result<(Timestamp, Row), String> {
    let field = |index: usize| record.get(index).unwrap_or_default();
    let time = Timestamp::parse(field(0)).map_err(|error| error.to_string())?;
    if field(1).is_empty() {
        return Err("no symbol".to_owned());
    }
    let row = Row {
        offset: Duration::ZERO,
        symbol: Symbol::new(field(1)),
        bid: amount(field(2))?,
        ask: amount(field(3))?,
        bid_size: amount(field(4))?,
        ask_size: amount(field(5))?,
        last: amount(field(6))?,
        last_size: amount(field(7))?,
    };
    Ok((time, row))
}

fn amount<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|error: T::Err| error.to_string())
}
