//! What the one WebSocket says and hears: topics as plain text there, JSON back.
//!
//! [`session`] is the socket's protocol; [`subscriptions`] is what is asked for and when again, because market data end
//! by themselves after ten minutes.

pub(super) mod session;
mod subscriptions;

use crate::domain::Text;
use crate::net::session::{Ending, Outbox};
use crate::providers::provider::StreamEvent;

type Out<'a> = &'a mut Outbox<StreamEvent>;

/// A message that could not be read.
fn garbled(out: Out<'_>, at: impl Into<Text>) {
    out.events.push(StreamEvent::Garbled { at: at.into() });
}

/// Ends the connection to try again, and says why.
fn retry(out: Out<'_>, why: impl Into<Text>) {
    out.events.push(StreamEvent::Trouble { what: why.into() });
    out.end(Ending::Retry);
}

/// Ends the connection for good, and says why.
fn give_up(out: Out<'_>, why: &str) {
    out.events.push(StreamEvent::Trouble { what: why.into() });
    out.end(Ending::GiveUp { why: why.into() });
}
