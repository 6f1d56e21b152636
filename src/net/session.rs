//! What a WebSocket connection says and hears, without the socket.
//!
//! A session is a machine: something arrived, or time passed; it answers with frames to send, events to hand on, and
//! perhaps the wish to end. It can be tested by a script, and [`super::socket`] runs it over any byte stream.
use super::error::NetError;
use std::time::Duration;
use tokio::time::Instant;

/// One connection's protocol, from the open socket to its end. A new one is made for every connection.
pub trait Session: Send {
    /// What it tells its owner.
    type Event: Send;
    /// What its owner asks of it.
    type Command: Send;

    /// The socket is open; nothing has been said yet.
    fn opened(&mut self, now: Instant, out: &mut Outbox<Self::Event>);
    /// A text message arrived.
    fn text(&mut self, now: Instant, text: &str, out: &mut Outbox<Self::Event>);
    /// A binary message arrived.
    fn binary(&mut self, now: Instant, bytes: &[u8], out: &mut Outbox<Self::Event>);
    /// The owner asks for something.
    fn command(&mut self, now: Instant, command: Self::Command, out: &mut Outbox<Self::Event>);
    /// The time named by [`Session::next_deadline`] has come: log-in took too long, or the feed fell silent.
    fn tick(&mut self, now: Instant, out: &mut Outbox<Self::Event>);
    /// When [`Session::tick`] is wanted next. A deadline that has passed must move or end the session.
    fn next_deadline(&self) -> Option<Instant>;
}

impl<S: Session + ?Sized> Session for Box<S> {
    type Event = S::Event;
    type Command = S::Command;

    fn opened(&mut self, now: Instant, out: &mut Outbox<Self::Event>) {
        (**self).opened(now, out);
    }

    fn text(&mut self, now: Instant, text: &str, out: &mut Outbox<Self::Event>) {
        (**self).text(now, text, out);
    }

    fn binary(&mut self, now: Instant, bytes: &[u8], out: &mut Outbox<Self::Event>) {
        (**self).binary(now, bytes, out);
    }

    fn command(&mut self, now: Instant, command: Self::Command, out: &mut Outbox<Self::Event>) {
        (**self).command(now, command, out);
    }

    fn tick(&mut self, now: Instant, out: &mut Outbox<Self::Event>) {
        (**self).tick(now, out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        (**self).next_deadline()
    }
}

/// What a session wants done after one step. Reused from step to step.
#[derive(Debug)]
pub struct Outbox<E> {
    /// Frames to send, in order.
    pub send: Vec<Outgoing>,
    /// Events for the owner, in order.
    pub events: Vec<E>,
    /// Set when the connection should end after `send` went out.
    pub end: Option<Ending>,
}

impl<E> Outbox<E> {
    /// Nothing to do.
    pub fn new() -> Self {
        Self {
            send: Vec::new(),
            events: Vec::new(),
            end: None,
        }
    }

    /// Asks to send a text message.
    pub fn say(&mut self, text: String) {
        self.send.push(Outgoing::Text(text));
    }

    /// Asks to end; the first wish stands.
    pub fn end(&mut self, ending: Ending) {
        self.end.get_or_insert(ending);
    }
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame to send. Log-in messages are among them, so the content is in no debug output.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping; the answer shows that the far side is there.
    Ping,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Ping => f.write_str("Ping"),
        }
    }
}

/// Whether, and how soon, connecting again makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the usual growing delay.
    Retry,
    /// Not sooner than this.
    RetryAfter(Duration),
    /// Not without a person: the same connection would fail again.
    GiveUp {
        /// What the far side said, cleaned.
        why: String,
    },
}

impl From<&NetError> for Ending {
    /// What follows from a connection that could not be had, or broke.
    fn from(error: &NetError) -> Self {
        match error {
            NetError::Address(_)
            | NetError::PlainText { .. }
            | NetError::Request(_)
            | NetError::Setup(_)
            | NetError::OtherCertificate { .. }
            | NetError::Handshake {
                status: 401 | 403, ..
            } => Self::GiveUp {
                why: error.to_string(),
            },
            NetError::Connect { .. }
            | NetError::Tls { .. }
            | NetError::Proxy { .. }
            | NetError::Timeout { .. }
            | NetError::Stalled
            | NetError::Broken { .. }
            | NetError::Protocol { .. }
            | NetError::TooLarge { .. }
            | NetError::Bomb { .. }
            | NetError::Fragments { .. }
            | NetError::Redirect { .. }
            | NetError::Handshake { .. }
            | NetError::Throttled { .. }
            | NetError::Backlog => error.retry_after().map_or(Self::Retry, Self::RetryAfter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_must_mend_is_given_up() {
        let refused = |status, retry_after| NetError::Handshake {
            status,
            retry_after,
        };
        let wait = Duration::from_secs(9);
        for (error, ending) in [
            (refused(503, Some(wait)), Ending::RetryAfter(wait)),
            (refused(200, None), Ending::Retry),
            (NetError::Backlog, Ending::Retry),
        ] {
            assert_eq!(Ending::from(&error), ending);
        }
        assert!(matches!(
            Ending::from(&refused(401, None)),
            Ending::GiveUp { .. }
        ));
    }

    #[test]
    fn a_log_in_message_is_in_no_debug_output() {
        let mut out = Outbox::<()>::new();
        out.say("my-secret-key".into());
        assert!(!format!("{out:?}").contains("secret"));
    }

    #[test]
    fn the_first_wish_to_end_stands() {
        let mut out = Outbox::<()>::new();
        out.end(Ending::GiveUp { why: "no".into() });
        out.end(Ending::Retry);
        assert_eq!(out.end, Some(Ending::GiveUp { why: "no".into() }));
    }
}
