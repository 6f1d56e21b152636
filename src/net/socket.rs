//! Runs a session over a WebSocket on any byte stream.
//!
//! The cost of a live feed is waking up, not parsing: everything that has arrived is read in one go, handed to the
//! session message by message, and its events are delivered once. While a stream is busy it is read every few
//! milliseconds only; a message that comes alone is delivered at once.
use super::dial::{Dialed, Dialer};
use super::error::{NetError, Step, clean, root_cause};
use super::frame_guard::FrameGuard;
pub use super::frame_guard::{FRAGMENT_LIMIT, Wire};
use super::http::HeaderText;
use super::message::retry_after;
use super::session::{Outbox, Outgoing, Session};
use futures_util::{SinkExt, StreamExt};
use http::HeaderName;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, error::ProtocolError};
use tokio_util::sync::CancellationToken;
use url::Url;

mod end;
mod pace;

pub use end::SocketEnd;
use pace::Pace;

/// Bytes one message may have.
pub const MESSAGE_LIMIT: usize = 1 << 20;
/// Bytes one frame may have.
pub const FRAME_LIMIT: usize = 256 << 10;
/// Bytes that may wait to be sent.
pub const BACKLOG_LIMIT: usize = 1 << 20;
const READ_BUFFER: usize = 64 << 10;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a goodbye may take; the far side may be gone.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);
/// Messages, and events, after which a batch is delivered even if more has arrived.
const BATCH_LIMIT: usize = 4096;
/// Commands taken in one go.
const COMMANDS_AT_ONCE: usize = 64;

/// Where a WebSocket is, and what its handshake says beside the standard headers.
#[derive(Clone)]
pub struct Target {
    /// `wss`, or `ws` on loopback.
    pub url: Url,
    /// Headers of the handshake.
    pub headers: Vec<(HeaderName, HeaderText)>,
}

/// How a socket behaves over time.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a busy stream is left alone after a batch.
    pub pace: Duration,
    /// How often a ping is sent.
    pub ping_every: Duration,
    /// How long no frame at all may arrive, answers to pings included, before the socket counts as half-open.
    pub silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pace: Duration::from_millis(4),
            ping_every: Duration::from_secs(10),
            silence: Duration::from_secs(15),
        }
    }
}

/// Where a session's events go.
pub trait EventSink<E>: Send {
    /// Takes events from the front. What it leaves is offered again a moment later, and until all is taken nothing
    /// more is read, so that a slow taker slows the far side and no queue grows.
    fn batch(&mut self, events: &mut Vec<E>);
}

impl<E, F: FnMut(&mut Vec<E>) + Send> EventSink<E> for F {
    fn batch(&mut self, events: &mut Vec<E>) {
        self(events);
    }
}

/// An open WebSocket.
pub struct Socket<IO> {
    stream: WebSocketStream<FrameGuard<IO>>,
}

impl Socket<Dialed> {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// What stood in the way; nothing is repeated here.
    pub async fn connect(dialer: &Dialer, target: &Target) -> Result<Self, NetError> {
        Self::handshake(dialer.dial(&target.url).await?, target).await
    }
}

impl<IO: Wire> Socket<IO> {
    /// Shakes hands over a byte stream that is open already.
    ///
    /// # Errors
    /// [`NetError::Handshake`] when something else than a WebSocket answered, [`NetError::Timeout`] when nothing did.
    pub async fn handshake(io: IO, target: &Target) -> Result<Self, NetError> {
        let mut request = target
            .url
            .as_str()
            .into_client_request()
            .map_err(|_invalid| NetError::Address("it is not one of a WebSocket"))?;
        for (name, text) in &target.headers {
            request.headers_mut().insert(name, text.value()?);
        }
        let shaking = tokio_tungstenite::client_async_with_config(
            request,
            FrameGuard::new(io),
            Some(limits()),
        );
        let (stream, _answer) = timeout(HANDSHAKE_LIMIT, shaking)
            .await
            .map_err(|_elapsed| NetError::Timeout {
                step: Step::Handshake,
                limit: HANDSHAKE_LIMIT,
            })?
            .map_err(explain)?;
        Ok(Self { stream })
    }

    /// Runs a session until something ends it.
    pub async fn run<S: Session>(
        self,
        session: &mut S,
        commands: &mut mpsc::Receiver<S::Command>,
        sink: &mut dyn EventSink<S::Event>,
        options: Options,
        cancel: &CancellationToken,
    ) -> SocketEnd {
        let now = Instant::now();
        let mut run = Run {
            stream: self.stream,
            session,
            out: Outbox::new(),
            options,
            heard: now,
            next_ping: now + options.ping_every,
            ticked: now,
            pace: Pace::new(options.pace),
            unflushed: false,
            closed: None,
        };
        run.session.opened(now, &mut run.out);
        run.until_the_end(commands, sink, cancel).await
    }
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0) // a command should not wait for company
        .max_write_buffer_size(BACKLOG_LIMIT)
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(FRAME_LIMIT))
}

/// One socket at work.
struct Run<'a, IO, S: Session> {
    stream: WebSocketStream<FrameGuard<IO>>,
    session: &'a mut S,
    out: Outbox<S::Event>,
    options: Options,
    /// When the last frame of any kind arrived.
    heard: Instant,
    next_ping: Instant,
    /// When the session was last told the time.
    ticked: Instant,
    pace: Pace,
    unflushed: bool,
    closed: Option<SocketEnd>,
}

impl<IO: Wire, S: Session> Run<'_, IO, S> {
    async fn until_the_end(
        &mut self,
        commands: &mut mpsc::Receiver<S::Command>,
        sink: &mut dyn EventSink<S::Event>,
        cancel: &CancellationToken,
    ) -> SocketEnd {
        loop {
            if let Err(error) = self.send_what_waits() {
                self.closed.get_or_insert(SocketEnd::Failed(error));
            }
            if !self.out.events.is_empty() {
                sink.batch(&mut self.out.events);
            }
            let taken = self.out.events.is_empty();
            if taken && let Some(end) = self.end() {
                self.say_goodbye().await;
                return end;
            }
            let now = Instant::now();
            let open = taken && self.closed.is_none() && self.out.end.is_none();
            let reading = open && self.pace.may_read(now);
            let wake = self.wake(now, open);
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    self.say_goodbye().await;
                    return SocketEnd::Cancelled;
                }
                command = commands.recv(), if open => match command {
                    Some(command) => self.obey(command, commands),
                    None => self.closed = Some(SocketEnd::Cancelled),
                },
                () = sleep_until(wake) => self.look_at_the_clock(open),
                () = poll_fn(|cx| self.poll_stream(cx, reading)) => {}
            }
        }
    }

    /// How it ends, if it does.
    fn end(&mut self) -> Option<SocketEnd> {
        let wish = self.out.end.take().map(SocketEnd::Ended);
        wish.or_else(|| self.closed.take())
    }

    fn obey(&mut self, first: S::Command, commands: &mut mpsc::Receiver<S::Command>) {
        let now = Instant::now();
        self.session.command(now, first, &mut self.out);
        for _ in 1..COMMANDS_AT_ONCE {
            let Ok(command) = commands.try_recv() else {
                return;
            };
            self.session.command(now, command, &mut self.out);
        }
    }

    fn send_what_waits(&mut self) -> Result<(), NetError> {
        for outgoing in self.out.send.drain(..) {
            let message = match outgoing {
                Outgoing::Text(text) => Message::text(text),
                Outgoing::Binary(bytes) => Message::binary(bytes),
                Outgoing::Ping => Message::Ping(bytes::Bytes::new()),
            };
            self.unflushed = true;
            self.stream.start_send_unpin(message).map_err(explain)?;
        }
        Ok(())
    }

    /// When something has to be done even if nothing arrives.
    fn wake(&self, now: Instant, open: bool) -> Instant {
        if !open {
            return now + self.options.pace.max(Duration::from_millis(1));
        }
        let silence = self.heard + self.options.silence;
        let mut wake = self.next_ping.min(silence);
        if let Some(deadline) = self.session.next_deadline() {
            // A session that leaves its deadline in the past must not spin.
            wake = wake.min(deadline.max(self.ticked + Duration::from_millis(1)));
        }
        self.pace
            .paused_until()
            .map_or(wake, |until| wake.min(until))
    }

    fn look_at_the_clock(&mut self, open: bool) {
        let now = Instant::now();
        if !open {
            self.heard = now; // nothing is read, so nothing can be heard
            return;
        }
        if now >= self.heard + self.options.silence {
            self.closed = Some(SocketEnd::Silent(self.options.silence));
            return;
        }
        if now >= self.next_ping {
            self.next_ping = now + self.options.ping_every;
            self.out.send.push(Outgoing::Ping);
        }
        if self.session.next_deadline().is_some_and(|at| at <= now) {
            self.ticked = now;
            self.session.tick(now, &mut self.out);
        }
    }

    /// Writes what is unwritten and reads all that has arrived; ready when the loop has something to do.
    fn poll_stream(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<()> {
        if self.unflushed
            && let Poll::Ready(flushed) = self.stream.poll_flush_unpin(cx)
        {
            self.unflushed = false;
            if let Err(error) = flushed {
                self.closed = Some(self.failed(error));
                return Poll::Ready(());
            }
        }
        if !reading {
            return Poll::Pending;
        }
        let now = Instant::now();
        let mut messages = 0;
        while messages < BATCH_LIMIT
            && self.out.events.len() < BATCH_LIMIT
            && self.closed.is_none()
            && self.out.end.is_none()
        {
            match self.stream.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => self.closed = Some(SocketEnd::closed_without_a_word()),
                Poll::Ready(Some(Err(error))) => self.closed = Some(self.failed(error)),
                Poll::Ready(Some(Ok(message))) => {
                    messages += 1;
                    self.take(now, message);
                }
            }
        }
        if messages == 0 && self.closed.is_none() {
            return Poll::Pending;
        }
        self.heard = now;
        let read_all = messages < BATCH_LIMIT && self.out.events.len() < BATCH_LIMIT;
        if read_all && self.pace.after_batch(now) && !self.unflushed {
            self.stream.get_mut().pause();
        }
        Poll::Ready(())
    }

    fn take(&mut self, now: Instant, message: Message) {
        match message {
            Message::Text(text) => self.session.text(now, text.as_str(), &mut self.out),
            Message::Binary(bytes) => self.session.binary(now, &bytes, &mut self.out),
            Message::Ping(_) => self.unflushed = true, // the library queued the answer
            Message::Pong(_) | Message::Frame(_) => {}
            Message::Close(frame) => {
                self.closed = Some(SocketEnd::Closed {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map_or_else(String::new, |frame| clean(frame.reason.as_str())),
                });
            }
        }
    }

    fn failed(&self, error: WsError) -> SocketEnd {
        match self.stream.get_ref().fault() {
            Some(fault) => SocketEnd::Failed(fault),
            None => SocketEnd::Failed(explain(error)),
        }
    }

    async fn say_goodbye(&mut self) {
        let last_words = async {
            self.send_what_waits().ok();
            self.stream.close(None).await.ok();
            self.stream.flush().await.ok();
        };
        timeout(FAREWELL_LIMIT, last_words).await.ok();
    }
}

fn explain(error: WsError) -> NetError {
    match error {
        WsError::Http(answer) => NetError::Handshake {
            status: answer.status().as_u16(),
            retry_after: retry_after(answer.headers()),
        },
        WsError::Capacity(_) => NetError::TooLarge {
            what: "a message",
            limit: MESSAGE_LIMIT,
        },
        WsError::WriteBufferFull(_) => NetError::Backlog,
        WsError::Io(error) => NetError::Broken {
            why: root_cause(&error),
        },
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete,
        ) => NetError::Broken {
            why: "it was closed without a word".into(),
        },
        WsError::Url(_) => NetError::Address("it is not one of a WebSocket"),
        WsError::Utf8(_)
        | WsError::Protocol(_)
        | WsError::Tls(_)
        | WsError::HttpFormat(_)
        | WsError::AttackAttempt => NetError::Protocol {
            why: clean(&error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests;
