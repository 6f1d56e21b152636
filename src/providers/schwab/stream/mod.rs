//! What the streamer says and hears, without a socket: log-in, subscriptions, prices, account activity.
//!
//! A session owns no connection and reads no clock, so each step can be tested by a script.

mod activity;
mod levels;
mod message;
pub(super) mod resume;
pub(super) mod session;
mod subscriptions;

use super::wire::Preference;
use crate::domain::Text;
use crate::net::session::{Ending, Outbox};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::provider::StreamEvent;

/// Where the streamer is, and who we are to it. The ids name a customer, so it has no `Debug`.
#[derive(Clone)]
pub(super) struct Streamer {
    pub(super) url: String,
    customer: String,
    correlation: String,
    channel: String,
    function: String,
}

/// Reads what the user preference says of the streamer.
pub(super) fn streamer(preference: &Preference<'_>) -> Result<Streamer, Unreadable> {
    let list = preference.streamer_info.as_deref().unwrap_or_default();
    let info = list.first().ok_or(Unreadable("the streamer"))?;
    let needed = |field: Field<'_>, what| {
        let text = field.text().ok_or(Unreadable(what))?;
        Ok(text.into_owned())
    };
    Ok(Streamer {
        url: needed(info.streamer_socket_url, "the streamer's address")?,
        customer: needed(info.schwab_client_customer_id, "the customer id")?,
        correlation: needed(info.schwab_client_correl_id, "the correlation id")?,
        channel: needed(info.schwab_client_channel, "the channel")?,
        function: needed(info.schwab_client_function_id, "the function id")?,
    })
}

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
