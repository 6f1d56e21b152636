//! One supervised task for each stream of a connection: connect, run, and after a pause connect again.
//!
//! A stream leaves what it heard in a [`Basin`] and never waits; a pump carries it to the loop. Market data that
//! piles up there is thinned to the newest of each symbol; order events wait, and while [`MOST_HELD`] of them do
//! the socket is not read, so that nothing is lost and nothing grows.

use crate::domain::quote::MarketEvent;
use crate::domain::{AccountId, Clock, ConnectionId, Symbol, Text};
use crate::engine::Input;
use crate::engine::input::{Channel, StreamChange};
use crate::net::Dialer;
use crate::net::backoff::Backoff;
use crate::net::error::NetError;
use crate::net::http::HeaderText;
use crate::net::session::Ending;
use crate::net::socket::{self, Socket, SocketEnd, Target};
use crate::providers::provider::{Provider, StreamCommand, StreamEvent, StreamSpec};
use crate::runtime::effects::tell;
use crate::runtime::{Happened, Runtime, convert};
use http::HeaderName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Commands that may wait for a stream; each replaces the one before, so only a stuck stream fills this.
const MOST_COMMANDS: usize = 64;

/// An open connection.
pub(crate) struct Connection {
    pub(crate) provider: Arc<dyn Provider>,
    streams: Option<Streams>,
}

struct Streams {
    cancel: CancellationToken,
    commands: Vec<(Channel, mpsc::Sender<StreamCommand>)>,
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Connection {
    pub(crate) fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            streams: None,
        }
    }

    /// Tells the market-data stream which symbols are wanted now.
    pub(crate) fn watch(&self, symbols: &[Symbol]) {
        let commands = self.streams.iter().flat_map(|streams| &streams.commands);
        for (_, stream) in commands.filter(|(channel, _)| *channel == Channel::Quotes) {
            // A full queue means a stream that is away: it is told anew when it is back.
            let _ = stream.try_send(StreamCommand::Watch(symbols.to_vec()));
        }
    }
}

impl Runtime {
    pub(super) fn open_streams(&mut self, id: &ConnectionId, accounts: &[AccountId]) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let mut streams = Streams {
            cancel: CancellationToken::new(),
            commands: Vec::new(),
        };
        for spec in connection.provider.streams(accounts) {
            let channel = convert::channel(spec.name);
            let (sender, commands) = mpsc::channel(MOST_COMMANDS);
            streams.commands.push((channel, sender));
            let stream = Stream {
                connection: id.clone(),
                channel,
                spec,
                clock: self.clock.clone(),
                dialer: self.dialer.clone(),
                socket: self.socket,
                answers: self.effects.answers.clone(),
                commands,
                random: self.random.fork(),
            };
            tokio::spawn(stream.supervise(streams.cancel.clone()));
        }
        connection.streams = Some(streams);
    }

    pub(super) fn close_streams(&mut self, id: &ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.streams = None;
        }
    }
}

/// One stream, for as long as its connection is open.
struct Stream {
    connection: ConnectionId,
    channel: Channel,
    spec: StreamSpec,
    clock: Arc<dyn Clock>,
    dialer: Dialer,
    socket: socket::Options,
    answers: mpsc::Sender<Happened>,
    commands: mpsc::Receiver<StreamCommand>,
    random: fastrand::Rng,
}

impl Stream {
    async fn supervise(mut self, cancel: CancellationToken) {
        let mut backoff = Backoff::new();
        loop {
            let started = Instant::now();
            let end = tokio::select! {
                () = cancel.cancelled() => return,
                end = self.run_once(&cancel) => end,
            };
            if cancel.is_cancelled() {
                return;
            }
            let pause = backoff.next(started.elapsed(), self.random.u64(..));
            let pause = end.least_pause.map(|least| pause.max(least));
            let again = pause.map(|pause| self.clock.now().plus(pause));
            let down = StreamChange::Down {
                why: end.why,
                again,
            };
            tell(
                &self.answers,
                Input::Stream(self.connection.clone(), self.channel, down),
            )
            .await;
            let Some(pause) = pause else { return };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Connects and runs one session; its pump stops with it, after the last thing heard was handed on.
    async fn run_once(&mut self, cancel: &CancellationToken) -> End {
        while self.commands.try_recv().is_ok() {} // meant for the session before; this one is told anew
        let basin = Arc::new(Basin::new());
        let source = (
            self.connection.clone(),
            self.channel,
            self.spec.label.clone(),
        );
        let pump = tokio::spawn(pump(basin.clone(), source, self.answers.clone()));
        let end = self.run_session(&basin, cancel).await;
        basin.over.cancel();
        let _ = pump.await; // it panics only with the whole program
        end
    }

    async fn run_session(&mut self, basin: &Basin, cancel: &CancellationToken) -> End {
        let target = match target(&self.spec) {
            Ok(target) => target,
            Err(error) => return End::of_error(&error),
        };
        let connected = tokio::select! {
            () = cancel.cancelled() => return End::cancelled(),
            connected = Socket::connect(&self.dialer, &target) => connected,
        };
        let socket = match connected {
            Ok(socket) => socket,
            Err(error) => return End::of_error(&error),
        };
        let mut session = (self.spec.session)();
        let mut fill = |events: &mut Vec<StreamEvent>| basin.fill(events);
        let end = socket
            .run(
                &mut session,
                &mut self.commands,
                &mut fill,
                self.socket,
                cancel,
            )
            .await;
        End::of_socket(&end)
    }
}

fn target(spec: &StreamSpec) -> Result<Target, NetError> {
    let url = Url::parse(&spec.url).map_err(|_| NetError::Address("it cannot be read"))?;
    let headers = spec
        .headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderText::Secret(value.clone()),
            )
        })
        .collect();
    Ok(Target { url, headers })
}

/// Why a session ended, and the least pause before the next; `None` when there is no next.
struct End {
    why: Text,
    least_pause: Option<Duration>,
}

impl End {
    fn cancelled() -> Self {
        Self {
            why: "stopped".into(),
            least_pause: None,
        }
    }

    fn of_error(error: &NetError) -> Self {
        Self::new(error.to_string(), Some(Ending::from(error)))
    }

    fn of_socket(end: &SocketEnd) -> Self {
        let why = match end {
            SocketEnd::Cancelled => "stopped".to_owned(),
            SocketEnd::Ended(Ending::GiveUp { why }) => why.clone(),
            SocketEnd::Ended(Ending::Retry | Ending::RetryAfter(_)) => {
                "the provider asked to connect again".to_owned()
            }
            SocketEnd::Closed { reason, .. } if reason.is_empty() => {
                "the provider closed the connection".to_owned()
            }
            SocketEnd::Closed { reason, .. } => {
                format!("the provider closed the connection: {reason}")
            }
            SocketEnd::Silent(limit) => format!("silent for {} s", limit.as_secs()),
            SocketEnd::Failed(error) => error.to_string(),
        };
        Self::new(why, end.ending())
    }

    fn new(why: String, ending: Option<Ending>) -> Self {
        let least_pause = match ending {
            Some(Ending::Retry) => Some(Duration::ZERO),
            Some(Ending::RetryAfter(pause)) => Some(pause),
            Some(Ending::GiveUp { .. }) | None => None,
        };
        Self {
            why: why.into(),
            least_pause,
        }
    }
}

/// Where a stream leaves what it heard.
struct Basin {
    held: Mutex<Held>,
    filled: Notify,
    /// The session is over: the pump hands on what is left and stops.
    over: CancellationToken,
}

#[derive(Default)]
struct Held {
    market: Vec<MarketEvent>,
    others: Vec<StreamEvent>,
}

/// Market events that may pile up before they are thinned.
const THIN_ABOVE: usize = 8_192;

/// Other events that may wait before the socket is read no further.
const MOST_HELD: usize = 4_096;

impl Basin {
    fn new() -> Self {
        Self {
            held: Mutex::default(),
            filled: Notify::new(),
            over: CancellationToken::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Every change is a push or a take, so a panic elsewhere leaves it whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes events from the front as far as there is room; market data makes its own.
    fn fill(&self, events: &mut Vec<StreamEvent>) {
        let mut held = self.lock();
        let room = MOST_HELD - held.others.len();
        let mut others = 0;
        let fits = events.iter().take_while(|event| {
            others += usize::from(!matches!(event, StreamEvent::Market(_)));
            others <= room
        });
        let fits = fits.count();
        for event in events.drain(..fits) {
            if let StreamEvent::Market(event) = event {
                held.market.push(event);
            } else {
                held.others.push(event);
            }
        }
        if held.market.len() > THIN_ABOVE {
            thin(&mut held.market);
        }
        drop(held);
        self.filled.notify_one();
    }
}

/// Keeps the newest quote of each symbol and drops overtaken ones; trades and the rest stay.
fn thin(events: &mut Vec<MarketEvent>) {
    let mut newest: HashMap<Symbol, usize> = HashMap::new();
    for (index, event) in events.iter().enumerate() {
        if let MarketEvent::Quote(quote) = event {
            newest.insert(quote.symbol.clone(), index);
        }
    }
    let mut index = 0;
    events.retain(|event| {
        let here = index;
        index += 1;
        !matches!(event, MarketEvent::Quote(quote) if newest[&quote.symbol] != here)
    });
    if events.len() > THIN_ABOVE {
        let surplus = events.len() - THIN_ABOVE;
        events.drain(..surplus); // a flood of trades: the newest still win
    }
}

/// Carries what a stream heard to the loop, in order, waiting for room.
async fn pump(
    basin: Arc<Basin>,
    source: (ConnectionId, Channel, Text),
    answers: mpsc::Sender<Happened>,
) {
    let (connection, channel, label) = source;
    loop {
        let ending = tokio::select! {
            biased;
            () = basin.filled.notified() => false,
            () = basin.over.cancelled() => true,
        };
        let Held { market, others } = std::mem::take(&mut *basin.lock());
        for event in others {
            tell(&answers, input_of(&connection, channel, &label, event)).await;
        }
        if !market.is_empty() {
            tell(&answers, Input::Market(connection.clone(), market)).await;
        }
        if ending {
            return;
        }
    }
}

fn input_of(
    connection: &ConnectionId,
    channel: Channel,
    label: &Text,
    event: StreamEvent,
) -> Input {
    let change = match event {
        StreamEvent::Market(event) => return Input::Market(connection.clone(), vec![event]),
        StreamEvent::Order(order) => return Input::OrderReported(order),
        StreamEvent::Fill(fill) => return Input::Filled(fill),
        StreamEvent::Ready => StreamChange::Up(label.clone()),
        StreamEvent::NotLive { symbols, why } => StreamChange::NotLive(symbols, why),
        StreamEvent::Garbled { at } => StreamChange::Garbled(1, at),
        StreamEvent::Trouble { what } => StreamChange::Trouble(what),
    };
    Input::Stream(connection.clone(), channel, change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Quantity, Quote, Timestamp, Trade};

    fn quote(symbol: &str, bid: &str) -> MarketEvent {
        MarketEvent::Quote(Quote {
            symbol: Symbol::new(symbol),
            bid: Some(bid.parse().unwrap()),
            ask: None,
            bid_size: None,
            ask_size: None,
            time: Timestamp::EPOCH,
        })
    }

    fn trade(symbol: &str) -> MarketEvent {
        let price = "1".parse().unwrap();
        MarketEvent::Trade(Trade {
            symbol: Symbol::new(symbol),
            price,
            size: Quantity::ZERO,
            time: Timestamp::EPOCH,
        })
    }

    #[test]
    fn thinning_keeps_the_newest_quote_and_every_trade_in_order() {
        let mut events = vec![
            quote("A", "1"),
            trade("A"),
            quote("B", "1"),
            quote("A", "2"),
            trade("B"),
        ];
        thin(&mut events);
        assert_eq!(
            events,
            [trade("A"), quote("B", "1"), quote("A", "2"), trade("B")]
        );
    }

    #[test]
    fn a_flood_that_nobody_takes_is_bounded() {
        let basin = Basin::new();
        for _ in 0..100 {
            let mut batch: Vec<StreamEvent> = (0..1_000)
                .map(|_| StreamEvent::Market(trade("A")))
                .collect();
            basin.fill(&mut batch);
            assert!(batch.is_empty());
        }
        assert!(basin.lock().market.len() <= THIN_ABOVE + 1_000);
    }

    #[test]
    fn order_events_wait_in_their_order_and_none_is_dropped() {
        let basin = Basin::new();
        let mut batch = vec![StreamEvent::Ready; MOST_HELD + 3];
        basin.fill(&mut batch);
        assert_eq!((basin.lock().others.len(), batch.len()), (MOST_HELD, 3));
        basin.lock().others.clear();
        basin.fill(&mut batch);
        assert_eq!((basin.lock().others.len(), batch.len()), (3, 0));
    }
}
