//! What every DXLink connection has in common: shaking hands, opening a feed, staying alive, errors.
//!
//! Channel 0 is the connection itself; channels that we open have odd numbers, and one is enough.

use super::ticket::{Ticket, Tickets};
use super::{Out, garbled, give_up, retry, trouble};
use crate::domain::Text;
use crate::net::json;
use crate::providers::provider::fields::Field;
use crate::providers::tastytrade::translate::market::Row;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the far side may take for each step.
const STEP: Duration = Duration::from_secs(10);

/// How often we say that we are there; we promise to be silent for a minute at most.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long the far side may be silent where it does not say so itself.
const SILENCE: Duration = Duration::from_secs(60);

const SETUP: &str = concat!(
    r#"{"type":"SETUP","channel":0,"version":"0.1-tradedeck/"#,
    env!("CARGO_PKG_VERSION"),
    r#"","keepaliveTimeout":60,"acceptKeepaliveTimeout":60}"#
);
const CHANNEL: &str =
    r#"{"type":"CHANNEL_REQUEST","channel":1,"service":"FEED","parameters":{"contract":"AUTO"}}"#;
const ALIVE: &str = r#"{"type":"KEEPALIVE","channel":0}"#;
const TIMED_OUT: &str =
    r#"{"type":"ERROR","channel":0,"error":"TIMEOUT","message":"nothing was heard in time"}"#;

/// The columns that are asked for, by type of event.
pub(super) type Wanted = &'static [(&'static str, &'static [&'static str])];

/// A message of any type; the fields of the others are missing.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Message<'a> {
    r#type: Field<'a>,
    channel: Field<'a>,
    state: Field<'a>,
    error: Field<'a>,
    message: Field<'a>,
    keepalive_timeout: Field<'a>,
    event_fields: Field<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Auth<'a> {
    r#type: &'static str,
    channel: u8,
    token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FeedSetup {
    r#type: &'static str,
    channel: u8,
    accept_aggregation_period: Box<RawValue>,
    accept_data_format: &'static str,
    accept_event_fields: BTreeMap<&'static str, &'static [&'static str]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// We have said who we are.
    Greeting,
    /// The token is shown.
    Auth,
    /// The feed's channel is asked for.
    Channel,
    Open,
}

/// What the owner of a link has to know.
#[derive(Debug)]
pub(super) enum Heard<'a> {
    /// The feed is open; subscriptions may be sent.
    Open,
    /// Events of the feed.
    Data(&'a RawValue),
}

/// One connection's handshake and upkeep.
pub(super) struct Link {
    ticket: Ticket,
    tickets: Arc<Tickets>,
    wanted: Wanted,
    stage: Stage,
    /// When the step under way has taken too long.
    step: Option<Instant>,
    heard: Option<Instant>,
    silence: Duration,
    keep_alive: Option<Instant>,
    columns: BTreeMap<Box<str>, Vec<Box<str>>>,
}

impl Link {
    pub(super) fn new(ticket: Ticket, tickets: Arc<Tickets>, wanted: Wanted) -> Self {
        // Until the far side says otherwise, rows come as they were asked for.
        let columns = wanted.iter().map(|(kind, names)| {
            let names = names.iter().map(|name| (*name).into()).collect();
            ((*kind).into(), names)
        });
        Self {
            ticket,
            tickets,
            wanted,
            stage: Stage::Greeting,
            step: None,
            heard: None,
            silence: SILENCE,
            keep_alive: None,
            columns: columns.collect(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    pub(super) fn opened(&mut self, now: Instant, out: Out<'_>) {
        self.step = Some(now + STEP);
        self.heard = Some(now);
        self.keep_alive = Some(now + KEEP_ALIVE);
        out.say(SETUP.to_owned());
    }

    pub(super) fn hear<'a>(
        &mut self,
        now: Instant,
        text: &'a str,
        out: Out<'_>,
    ) -> Option<Heard<'a>> {
        self.heard = Some(now);
        let Ok(message) = json::parse_object::<Message<'a>>(text.as_bytes()) else {
            garbled(out, "a frame of market data");
            return None;
        };
        match message.r#type.text_or_empty().as_ref() {
            "FEED_DATA" => return message.data.map(Heard::Data),
            "FEED_CONFIG" => self.configure(message.event_fields),
            "SETUP" => self.set_up(message.keepalive_timeout),
            "AUTH_STATE" => self.auth_state(now, &message.state.text_or_empty(), out),
            "CHANNEL_OPENED" if self.stage == Stage::Channel => {
                self.stage = Stage::Open;
                self.step = None;
                out.say(self.feed_setup());
                return Some(Heard::Open);
            }
            "CHANNEL_CLOSED" => retry(out, "the server closed the market data".into()),
            "ERROR" => self.error(&message, out),
            "KEEPALIVE" | "CHANNEL_OPENED" => {}
            other => garbled(
                out,
                &format!("a message of unknown kind {}", Text::at_most(other, 32)),
            ),
        }
        None
    }

    fn set_up(&mut self, keep_alive: Field<'_>) {
        let seconds = keep_alive.text().and_then(|text| text.parse::<u64>().ok());
        if let Some(seconds) = seconds.filter(|seconds| (1..=3_600).contains(seconds)) {
            self.silence = Duration::from_secs(seconds);
        }
    }

    fn auth_state(&mut self, now: Instant, state: &str, out: Out<'_>) {
        match (state, self.stage) {
            ("UNAUTHORIZED", Stage::Greeting) => {
                self.next(Stage::Auth, now);
                let auth = Auth {
                    r#type: "AUTH",
                    channel: 0,
                    token: self.ticket.token.expose_secret(),
                };
                out.say(serde_json::to_string(&auth).expect("texts are always JSON"));
            }
            ("UNAUTHORIZED", _) => self.refused(out),
            ("AUTHORIZED", Stage::Greeting | Stage::Auth) => {
                self.tickets.accept();
                self.next(Stage::Channel, now);
                out.say(CHANNEL.to_owned());
            }
            _ => {}
        }
    }

    /// A token may be over before its time: a new one is had for the next connection, and only a second refusal in a
    /// row is for a person.
    fn refused(&self, out: Out<'_>) {
        match self.tickets.refuse() {
            0 => retry(
                out,
                "the market data's token was refused; asking for another".into(),
            ),
            _ => give_up(
                out,
                "the market data's token was refused twice; sign in again or ask tastytrade".into(),
            ),
        }
    }

    fn next(&mut self, stage: Stage, now: Instant) {
        self.stage = stage;
        self.step = Some(now + STEP);
    }

    /// Errors inform; the connection is over when it closes, or when what it is for cannot be had.
    fn error(&mut self, message: &Message<'_>, out: Out<'_>) {
        let code = message.error.text_or_empty();
        let said = message.message.text_or_empty();
        let said = format!(
            "{} ({})",
            Text::at_most(&said, 120),
            Text::at_most(&code, 32)
        );
        let is_of_feed = message.channel.text().is_some_and(|channel| channel != "0");
        match code.as_ref() {
            "UNSUPPORTED_PROTOCOL" => {
                give_up(
                    out,
                    format!("the server does not speak our protocol: {said}"),
                );
            }
            "UNAUTHORIZED" if is_of_feed => {
                give_up(
                    out,
                    format!("this account may not read market data: {said}"),
                );
            }
            "UNAUTHORIZED" => self.refused(out),
            "TIMEOUT" => retry(out, format!("the server heard nothing of us: {said}")),
            _ if self.stage == Stage::Open => {
                trouble(out, format!("the market data's server said: {said}"));
            }
            _ => retry(out, format!("the market data's server said: {said}")),
        }
    }

    /// Columns of a type may be told right before its first rows: what is told is added to what is known.
    fn configure(&mut self, fields: Field<'_>) {
        let raw = fields.raw().map(|raw| raw.get().as_bytes());
        let told = raw.and_then(|raw| json::parse::<BTreeMap<Box<str>, Vec<Box<str>>>>(raw).ok());
        self.columns.extend(told.unwrap_or_default());
    }

    fn feed_setup(&self) -> String {
        let setup = FeedSetup {
            r#type: "FEED_SETUP",
            channel: 1,
            accept_aggregation_period: RawValue::from_string("0.1".into()).expect("it is JSON"),
            accept_data_format: "COMPACT",
            accept_event_fields: self.wanted.iter().copied().collect(),
        };
        serde_json::to_string(&setup).expect("texts are always JSON")
    }

    /// Hands on the rows of an event message, of either format; whether all of it could be read.
    pub(super) fn rows(&self, data: &RawValue, mut each: impl FnMut(&str, Row<'_, '_>)) -> bool {
        let Ok(parts) = serde_json::from_str::<Vec<&RawValue>>(data.get()) else {
            return false;
        };
        let mut is_whole = true;
        let mut parts = parts.into_iter();
        while let Some(part) = parts.next() {
            is_whole &= match part.get().as_bytes().first() {
                Some(b'{') => full_row(part, &mut each),
                _ => match (
                    serde_json::from_str::<Cow<'_, str>>(part.get()),
                    parts.next(),
                ) {
                    (Ok(kind), Some(values)) => self.compact_rows(&kind, values, &mut each),
                    _ => false,
                },
            };
        }
        is_whole
    }

    fn compact_rows(
        &self,
        kind: &str,
        values: &RawValue,
        each: &mut impl FnMut(&str, Row<'_, '_>),
    ) -> bool {
        let Ok(values) = serde_json::from_str::<Vec<Field<'_>>>(values.get()) else {
            return false;
        };
        let columns = self.columns.get(kind).filter(|columns| !columns.is_empty());
        let Some(columns) = columns else {
            return false;
        };
        let rows = values.chunks_exact(columns.len());
        let is_whole = rows.remainder().is_empty();
        for values in rows {
            each(kind, Row { columns, values });
        }
        is_whole
    }

    pub(super) fn tick(&mut self, now: Instant, out: Out<'_>) {
        if self.step.is_some_and(|deadline| deadline <= now) {
            self.step = None;
            return retry(
                out,
                "the market data's server did not answer in time".into(),
            );
        }
        if self.silent_at().is_some_and(|deadline| deadline <= now) {
            self.heard = None;
            out.say(TIMED_OUT.to_owned());
            return retry(out, "the market data's server fell silent".into());
        }
        if self.keep_alive.is_some_and(|due| due <= now) {
            self.keep_alive = Some(now + KEEP_ALIVE);
            out.say(ALIVE.to_owned());
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [self.step, self.silent_at(), self.keep_alive];
        deadlines.into_iter().flatten().min()
    }

    fn silent_at(&self) -> Option<Instant> {
        self.heard.map(|heard| heard + self.silence)
    }
}

fn full_row(part: &RawValue, each: &mut impl FnMut(&str, Row<'_, '_>)) -> bool {
    let Ok(fields) = serde_json::from_str::<BTreeMap<Box<str>, Field<'_>>>(part.get()) else {
        return false;
    };
    let kind = fields.get("eventType").copied().unwrap_or_default();
    let (columns, values): (Vec<Box<str>>, Vec<Field<'_>>) = fields.into_iter().unzip();
    let row = Row {
        columns: &columns,
        values: &values,
    };
    each(&kind.text_or_empty(), row);
    true
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
