//! What a WebSocket connection says and hears, without the socket.
//!
//! A session is a machine: something arrived, or time passed; it answers with frames to send, events to hand on, and
//! perhaps the wish to end. It can be tested by a script, and [`super::socket`] runs it over any byte stream.
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

#[cfg(test)]
mod tests {
    use super::*;

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
