//! What the two sockets say and hear, without a socket: market data, and events of orders.
//!
//! A session owns no connection and reads no clock, so each step can be tested by a script.

pub(super) mod data;
#[cfg(test)]
mod script;
mod subscriptions;
pub(super) mod trading;

use crate::domain::Text;
use crate::net::session::{Ending, Outbox};
use crate::providers::provider::StreamEvent;

/// Ends the session for good and says why.
fn give_up(out: &mut Outbox<StreamEvent>, why: String) {
    let why = Text::from(why);
    out.events.push(StreamEvent::Trouble { what: why.clone() });
    out.end(Ending::GiveUp {
        why: why.as_str().to_owned(),
    });
}

/// Ends the session to begin another, and says why.
fn retry(out: &mut Outbox<StreamEvent>, what: String) {
    out.events.push(StreamEvent::Trouble { what: what.into() });
    out.end(Ending::Retry);
}
