//! One supervised task for each stream of a connection: connect, run, and after a pause connect again.
//!
//! A stream leaves what it heard in a [`Basin`] and never waits; a pump carries it to the loop.

mod basin;

use crate::auth::Bearer;
use crate::domain::{AccountId, Clock, ConnectionId, Symbol, Text};
use crate::engine::Input;
use crate::engine::input::{Channel, Feed, StreamChange};
use crate::net::Dialer;
use crate::net::backoff::Backoff;
use crate::net::error::NetError;
use crate::net::http::HeaderText;
use crate::net::session::Ending;
use crate::net::socket::{self, Socket, SocketEnd, Target};
use crate::providers::provider::{
    Provider, ProviderError, StreamCommand, StreamEvent, StreamSession, StreamSpec, StreamStart,
};
use crate::runtime::additions::Open;
use crate::runtime::effects::tell;
use crate::runtime::trader::Trader;
use crate::runtime::{Happened, Runtime, convert};
use basin::{Basin, pump};
use http::HeaderName;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Commands that may wait for a stream; each replaces the one before, so only a stuck stream fills this.
const MOST_COMMANDS: usize = 64;

/// How often it is looked whether the person did what a stream waits for.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// An open connection.
pub(crate) struct Connection {
    pub(crate) provider: Arc<dyn Provider>,
    /// What orders need; none where the credential is only good to look.
    pub(crate) trader: Option<Trader>,
    bearer: Option<Bearer>,
    streams: Option<Streams>,
}

#[derive(Default)]
struct Streams {
    cancel: CancellationToken,
    /// Where each takes commands; one that gave up takes none any more.
    commands: Vec<(Channel, mpsc::Sender<StreamCommand>)>,
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Connection {
    pub(crate) fn new(open: Open, trader: Option<Trader>) -> Self {
        Self {
            provider: open.provider,
            bearer: open.bearer,
            trader,
            streams: None,
        }
    }

    /// The tokens it works with.
    pub(crate) fn bearer(&self) -> Option<Bearer> {
        self.bearer.clone()
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
        let streams = connection.streams.get_or_insert_default();
        streams.commands.retain(|(_, stream)| !stream.is_closed());
        for spec in connection.provider.streams(accounts) {
            let channel = convert::channel(spec.name);
            if streams.commands.iter().any(|(open, _)| *open == channel) {
                continue;
            }
            let (sender, commands) = mpsc::channel(MOST_COMMANDS);
            streams.commands.push((channel, sender));
            let stream = Stream {
                connection: id.clone(),
                channel,
                spec,
                carries_orders: connection.provider.orders_come_with_quotes(),
                clock: self.clock.clone(),
                dialer: self.dialer.clone(),
                socket: self.socket,
                answers: self.effects.answers.clone(),
                commands,
                random: self.random.fork(),
            };
            tokio::spawn(stream.supervise(streams.cancel.clone()));
        }
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
    carries_orders: bool,
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
            Feed {
                label: self.spec.label.clone(),
                delayed_minutes: self.spec.delayed_minutes,
                carries_orders: self.carries_orders,
            },
        );
        let pump = tokio::spawn(pump(basin.clone(), source, self.answers.clone()));
        let end = self.run_session(&basin, cancel).await;
        basin.close();
        let _ = pump.await; // it panics only with the whole program
        end
    }

    async fn run_session(&mut self, basin: &Basin, cancel: &CancellationToken) -> End {
        let connecting = async {
            let (target, session, dialer) = self.target().await?;
            let dialer = dialer.as_ref().unwrap_or(&self.dialer);
            let socket = Socket::connect(dialer, &target).await;
            Ok((socket.map_err(|error| End::of_error(&error))?, session))
        };
        let connected = tokio::select! {
            () = cancel.cancelled() => return End::cancelled(),
            connected = connecting => connected,
        };
        let (socket, mut session) = match connected {
            Ok(connected) => connected,
            Err(end) => return end,
        };
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
        End::of_socket(&end, basin.trouble())
    }

    /// Asks the provider where the stream is.
    async fn target(&self) -> Result<(Target, StreamSession, Option<Dialer>), End> {
        let start = (self.spec.start)()
            .await
            .map_err(|error| End::of_refusal(&error))?;
        let target = target(&start).map_err(|error| End::of_error(&error))?;
        Ok((target, start.session, start.dialer))
    }
}

fn target(start: &StreamStart) -> Result<Target, NetError> {
    let url = Url::parse(&start.url).map_err(|_| NetError::Address("it cannot be read"))?;
    let headers = start
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

    /// Of a provider that does not say where its stream is.
    fn of_refusal(error: &ProviderError) -> Self {
        let why = error.to_string();
        let ending = match error {
            ProviderError::Unreachable(error) => Ending::from(error),
            ProviderError::RateLimited {
                retry_after: Some(pause),
            } => Ending::RetryAfter(*pause),
            ProviderError::AwaitsPerson { .. } => Ending::RetryAfter(LOOK_AGAIN),
            ProviderError::RateLimited { retry_after: None }
            | ProviderError::Unavailable { .. }
            | ProviderError::Garbled { .. } => Ending::Retry,
            ProviderError::Refused { .. }
            | ProviderError::Unauthorised { .. }
            | ProviderError::UnknownCursor
            | ProviderError::NotFound { .. }
            | ProviderError::Misconfigured { .. } => Ending::GiveUp { why: why.clone() },
        };
        Self::new(why, Some(ending))
    }

    /// `trouble` is what the session said last, which is why it wanted to end.
    fn of_socket(end: &SocketEnd, trouble: Option<Text>) -> Self {
        let why = match end {
            SocketEnd::Cancelled => "stopped".to_owned(),
            SocketEnd::Ended(Ending::GiveUp { why }) => why.clone(),
            SocketEnd::Ended(Ending::Retry | Ending::RetryAfter(_)) => trouble.map_or_else(
                || "the provider asked to connect again".to_owned(),
                |trouble| trouble.to_string(),
            ),
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
