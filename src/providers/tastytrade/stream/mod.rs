//! What the sockets say and hear, without a socket: market data and candles by DXLink, and the account stream.
//!
//! A session owns no connection and reads no clock of its own, so each step can be tested by a script. `link` is what
//! every DXLink connection has in common; `ticket` is the token and the address it begins with.

pub(super) mod account;
pub(super) mod candles;
mod link;
pub(super) mod quotes;
#[cfg(test)]
mod script;
mod subscriptions;
pub(super) mod ticket;

use crate::domain::Text;
use crate::net::session::{Ending, Outbox};
use crate::providers::provider::StreamEvent;

type Out<'a> = &'a mut Outbox<StreamEvent>;

/// Ends the session for good and says why.
fn give_up(out: Out<'_>, why: String) {
    let why = Text::from(why);
    out.events.push(StreamEvent::Trouble { what: why.clone() });
    out.end(Ending::GiveUp {
        why: why.as_str().to_owned(),
    });
}

/// Ends the session to begin another, and says why.
fn retry(out: Out<'_>, what: String) {
    trouble(out, what);
    out.end(Ending::Retry);
}

fn trouble(out: Out<'_>, what: String) {
    out.events.push(StreamEvent::Trouble { what: what.into() });
}

fn garbled(out: Out<'_>, at: &str) {
    out.events.push(StreamEvent::Garbled { at: at.into() });
}
