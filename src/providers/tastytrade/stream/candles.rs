//! Candles of the past: a socket that lives until it has been sent them all.

use super::link::{Heard, Link, Wanted as Columns};
use super::ticket::{Ticket, Tickets};
use super::{Out, garbled};
use crate::domain::{Bar, Symbol, Text, Timeframe, Timestamp};
use crate::net::Dialer;
use crate::net::session::Session;
use crate::net::socket::{self, Socket, SocketEnd, Target};
use crate::providers::provider::{ProviderError, StreamCommand, StreamEvent};
use crate::providers::tastytrade::rest::garbled as unread;
use crate::providers::tastytrade::translate::market;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const COLUMNS: Columns = &[(
    "Candle",
    &[
        "eventFlags",
        "eventSymbol",
        "time",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ],
)];

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Candles kept of one reading; the oldest are left out.
const MOST: usize = 20_000;

/// Flags of a row: taken back, the last of the snapshot, cut short.
const REMOVE: u32 = 0x02;
const END: u32 = 0x08;
const SNIP: u32 = 0x10;

/// Which candles.
pub(in crate::providers::tastytrade) struct Wanted {
    /// Of what.
    pub(in crate::providers::tastytrade) symbol: Symbol,
    /// What the stream calls those: see [`name`].
    pub(in crate::providers::tastytrade) name: String,
    /// From when on.
    pub(in crate::providers::tastytrade) since: Timestamp,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub(in crate::providers::tastytrade) struct Candles {
    /// Oldest first.
    pub(in crate::providers::tastytrade) bars: Vec<Bar>,
    /// Rows that could not be read.
    pub(in crate::providers::tastytrade) unreadable: usize,
}

/// The stream's name of a symbol's candles, in the form that its server answers with.
pub(in crate::providers::tastytrade) fn name(streamed: &str, timeframe: Timeframe) -> String {
    let span = match timeframe {
        Timeframe::Minute => "m",
        Timeframe::FiveMinutes => "5m",
        Timeframe::Hour => "h",
        Timeframe::Day => "d",
    };
    format!("{streamed}{{={span}}}")
}

/// Reads candles by a socket of their own.
///
/// # Errors
/// See [`ProviderError`]; candles that do not all come in time are none.
pub(in crate::providers::tastytrade) async fn read(
    tickets: &Arc<Tickets>,
    wanted: Wanted,
) -> Result<Candles, ProviderError> {
    let reading = read_all(tickets, wanted);
    let outcome = tokio::time::timeout(PATIENCE, reading).await;
    outcome.unwrap_or_else(|_| Err(unread("candles: they did not all come in time")))
}

async fn read_all(tickets: &Arc<Tickets>, wanted: Wanted) -> Result<Candles, ProviderError> {
    let ticket = tickets.take().await?;
    let target = Target {
        url: ticket.url.clone(),
        headers: Vec::new(),
    };
    let dialer = Dialer::from_system()?;
    let socket = Socket::connect(&dialer, &target).await?;
    let mut session = CandleSession::new(ticket, tickets.clone(), wanted);
    let (_never, mut commands) = mpsc::channel(1);
    let (done, trouble) = (CancellationToken::new(), Mutex::new(None));
    let ends = done.clone();
    let mut sink = |events: &mut Vec<StreamEvent>| {
        for event in events.drain(..) {
            match event {
                StreamEvent::Ready => ends.cancel(),
                StreamEvent::Trouble { what } => {
                    *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
                }
                StreamEvent::Market(_)
                | StreamEvent::Order(_)
                | StreamEvent::Fill(_)
                | StreamEvent::NotLive { .. }
                | StreamEvent::Garbled { .. } => {}
            }
        }
    };
    let options = socket::Options::default();
    let end = socket
        .run(&mut session, &mut commands, &mut sink, options, &done)
        .await;
    if session.is_whole {
        return Ok(session.candles());
    }
    let said = trouble.into_inner().unwrap_or_else(PoisonError::into_inner);
    Err(failure(end, said))
}

fn failure(end: SocketEnd, said: Option<Text>) -> ProviderError {
    match (end, said) {
        (SocketEnd::Failed(error), _) => error.into(),
        (_, Some(reason)) => ProviderError::Refused { reason },
        (_, None) => unread("candles: the server closed before all had come"),
    }
}

/// One socket's protocol. It is ready when all candles are there.
struct CandleSession {
    link: Link,
    wanted: Wanted,
    bars: BTreeMap<Timestamp, Bar>,
    unreadable: usize,
    is_whole: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    r#type: &'static str,
    symbol: &'a str,
    from_time: i64,
}

#[derive(Serialize)]
struct Subscription<'a> {
    r#type: &'static str,
    channel: u8,
    add: [Entry<'a>; 1],
}

impl CandleSession {
    fn new(ticket: Ticket, tickets: Arc<Tickets>, wanted: Wanted) -> Self {
        Self {
            link: Link::new(ticket, tickets, COLUMNS),
            wanted,
            bars: BTreeMap::new(),
            unreadable: 0,
            is_whole: false,
        }
    }

    fn candles(self) -> Candles {
        Candles {
            bars: self.bars.into_values().collect(),
            unreadable: self.unreadable,
        }
    }

    fn subscription(&self) -> String {
        let subscription = Subscription {
            r#type: "FEED_SUBSCRIPTION",
            channel: 1,
            add: [Entry {
                r#type: "Candle",
                symbol: &self.wanted.name,
                from_time: self.wanted.since.millis(),
            }],
        };
        serde_json::to_string(&subscription).expect("texts are always JSON")
    }

    fn data(&mut self, data: &serde_json::value::RawValue, out: Out<'_>) {
        let Self {
            link,
            wanted,
            bars,
            unreadable,
            is_whole,
        } = self;
        let is_read = link.rows(data, |kind, row| {
            if kind != "Candle" {
                return;
            }
            let flags = row.get("eventFlags").text();
            let flags = flags.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
            *is_whole |= flags & (END | SNIP) != 0;
            match market::candle(row, &wanted.symbol) {
                Ok(Some(bar)) if flags & REMOVE == 0 && bar.start >= wanted.since => {
                    bars.insert(bar.start, bar);
                }
                Ok(_) => {}
                Err(_) => *unreadable += 1,
            }
            if bars.len() > MOST {
                bars.pop_first();
            }
        });
        *unreadable += usize::from(!is_read);
        if *is_whole {
            out.events.push(StreamEvent::Ready);
        }
    }
}

impl Session for CandleSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        self.link.opened(now, out);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        match self.link.hear(now, text, out) {
            Some(Heard::Open) => out.say(self.subscription()),
            Some(Heard::Data(data)) if !self.is_whole => self.data(data, out),
            Some(Heard::Data(_)) | None => {}
        }
    }

    fn binary(&mut self, _now: Instant, _bytes: &[u8], out: Out<'_>) {
        garbled(out, "a binary frame of candles");
    }

    fn command(&mut self, _now: Instant, command: StreamCommand, _out: Out<'_>) {
        let StreamCommand::Watch(_) = command; // it has been told what is wanted
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        self.link.tick(now, out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.link.next_deadline()
    }
}

#[cfg(test)]
#[path = "candles_tests.rs"]
mod tests;
