//! What the market-data socket says and hears: log-in, subscriptions, quotes, trades, bars, halts, errors.

use super::subscriptions::{Step, Subscriptions};
use super::{give_up, retry};
use crate::domain::{MarketEvent, Symbol, Text};
use crate::net::session::{Ending, Outbox, Session};
use crate::providers::alpaca::auth::Keys;
use crate::providers::alpaca::translate::market::{self, Status};
use crate::providers::alpaca::wire::{Datum, Field, Subscription, Unreadable};
use crate::providers::provider::{StreamCommand, StreamEvent};
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long the server may take for each step of the log-in and for each subscription. It allows us as much.
const STEP: Duration = Duration::from_secs(10);

/// Kinds of messages that are named once when they are new to us.
const MOST_KINDS: usize = 16;

/// What outlives a socket: how often in a row another one was in our place.
#[derive(Default)]
pub(in crate::providers::alpaca) struct Resume {
    taken: AtomicU32,
}

/// One socket's protocol.
pub(in crate::providers::alpaca) struct DataSession {
    keys: Keys,
    resume: Arc<Resume>,
    stage: Stage,
    deadline: Option<Instant>,
    subscriptions: Subscriptions,
    /// Whether bars and halts are asked for beside quotes and trades; some feeds have none.
    has_extras: bool,
    known: HashMap<Box<str>, Symbol>,
    strange: BTreeSet<Text>,
    garbled: Option<Text>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    LogIn,
    Live,
}

type Out<'a> = &'a mut Outbox<StreamEvent>;

impl DataSession {
    pub(in crate::providers::alpaca) fn new(keys: Keys, resume: Arc<Resume>) -> Self {
        Self {
            keys,
            resume,
            stage: Stage::Greeting,
            deadline: None,
            subscriptions: Subscriptions::new(),
            has_extras: true,
            known: HashMap::new(),
            strange: BTreeSet::new(),
            garbled: None,
        }
    }

    fn frame(&mut self, now: Instant, text: &str, out: Out<'_>) {
        let mut read = 0;
        let mut each = |datum: Datum<'_>| {
            read += 1;
            self.message(now, &datum, out);
        };
        let mut input = serde_json::Deserializer::from_str(text);
        if Each(&mut each).deserialize(&mut input).is_err() {
            self.rest_of_frame(now, text, read, out);
        }
        if let Some(at) = self.garbled.take() {
            out.events.push(StreamEvent::Garbled { at });
        }
    }

    /// A message that cannot be read must not take its neighbours with it: they are read one by one.
    fn rest_of_frame(&mut self, now: Instant, text: &str, read: usize, out: Out<'_>) {
        let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(text) else {
            self.garbled = Some("a frame of market data".into());
            return;
        };
        for message in messages.into_iter().skip(read) {
            match serde_json::from_str(message.get()) {
                Ok(datum) => self.message(now, &datum, out),
                Err(_) => self.garbled = Some("a message of market data".into()),
            }
        }
    }

    fn message(&mut self, now: Instant, datum: &Datum<'_>, out: Out<'_>) {
        let kind = datum.kind.text_or_empty();
        let event = match kind.as_ref() {
            "q" => self
                .symbol(datum)
                .and_then(|it| market::quote(datum, it))
                .map(MarketEvent::Quote),
            "t" => self
                .symbol(datum)
                .and_then(|it| market::trade(datum, it))
                .map(MarketEvent::Trade),
            "b" => self
                .symbol(datum)
                .and_then(|it| market::bar(datum, it))
                .map(MarketEvent::Bar),
            "s" => return self.status(datum, out),
            "success" => return self.success(now, &datum.msg.text_or_empty(), out),
            "subscription" => return self.subscribed(now, datum, out),
            "error" => return self.error(now, datum, out),
            // Sent along with trades, or by feeds of another kind; nothing here shows them.
            "u" | "d" | "l" | "c" | "x" | "i" | "o" | "n" => return,
            other => return self.strange(other),
        };
        match event {
            Ok(event) => out.events.push(StreamEvent::Market(event)),
            Err(why) => self.garbled = Some(format!("a message of kind {kind}: {why}").into()),
        }
    }

    /// The symbol, shared with every other message that names it.
    fn symbol(&self, datum: &Datum<'_>) -> Result<Symbol, Unreadable> {
        let text = datum.symbol.text().ok_or(Unreadable("the symbol"))?;
        let known = self.known.get(text.as_ref()).cloned();
        Ok(known.unwrap_or_else(|| Symbol::new(&text)))
    }

    fn status(&mut self, datum: &Datum<'_>, out: Out<'_>) {
        match (self.symbol(datum), market::status(datum)) {
            (Ok(symbol), Status::Changed(status)) => {
                out.events
                    .push(StreamEvent::Market(MarketEvent::Status(symbol, status)));
            }
            (Ok(symbol), Status::Unknown(words)) => {
                self.garbled =
                    Some(format!("a trading status of {symbol} that is not known: {words}").into());
            }
            (Ok(_), Status::Aside) => {}
            (Err(why), _) => self.garbled = Some(format!("a trading status: {why}").into()),
        }
    }

    fn strange(&mut self, kind: &str) {
        let kind = Text::at_most(kind, 32);
        if self.strange.len() < MOST_KINDS && self.strange.insert(kind.clone()) {
            self.garbled = Some(format!("a message of unknown kind {kind}").into());
        }
    }

    fn success(&mut self, now: Instant, words: &str, out: Out<'_>) {
        match (words, self.stage) {
            ("connected", Stage::Greeting) => {
                self.stage = Stage::LogIn;
                self.deadline = Some(now + STEP);
                out.say(self.keys.data_log_in());
            }
            ("authenticated", Stage::Greeting | Stage::LogIn) => self.logged_in(now, out),
            _ => {}
        }
    }

    fn logged_in(&mut self, now: Instant, out: Out<'_>) {
        self.stage = Stage::Live;
        self.deadline = None;
        self.resume.taken.store(0, Ordering::Relaxed);
        out.events.push(StreamEvent::Ready);
        self.step(now, out);
    }

    fn subscribed(&mut self, now: Instant, datum: &Datum<'_>, out: Out<'_>) {
        let mut carried = BTreeSet::new();
        for list in [datum.quotes, datum.trades] {
            for name in names(list) {
                if let Some(name) = name.text() {
                    carried.insert(Symbol::new(&name));
                }
            }
        }
        self.subscriptions.taken(&carried);
        self.step(now, out);
    }

    /// Sends the next request, or tells what is not carried when there is none.
    fn step(&mut self, now: Instant, out: Out<'_>) {
        if self.stage != Stage::Live {
            return;
        }
        if let Some(step) = self.subscriptions.next() {
            out.say(self.request(&step));
            self.deadline = Some(now + STEP);
        }
        if !self.subscriptions.is_waiting() {
            self.deadline = None;
            if let Some((symbols, why)) = self.subscriptions.news() {
                out.events.push(StreamEvent::NotLive { symbols, why });
            }
        }
    }

    fn request(&self, step: &Step) -> String {
        let names: Vec<&str> = step.symbols().iter().map(Symbol::as_str).collect();
        let extras: &[&str] = if self.has_extras { &names } else { &[] };
        let action = match step {
            Step::Subscribe(_) => "subscribe",
            Step::Unsubscribe(_) => "unsubscribe",
        };
        let message = Subscription {
            action,
            trades: &names,
            quotes: &names,
            bars: extras,
            statuses: extras,
        };
        serde_json::to_string(&message).expect("texts are always JSON")
    }

    /// Each code by what it means, from the manual's list of stream errors.
    fn error(&mut self, now: Instant, datum: &Datum<'_>, out: Out<'_>) {
        let said = self.keys.hidden_in(&datum.msg.text_or_empty());
        let code = datum.code.text_or_empty();
        let is_waiting = self.subscriptions.is_waiting();
        match code.as_ref() {
            "400" if is_waiting => self.subscriptions.not_taken(said),
            "402" => {
                return give_up(
                    out,
                    format!("the log-in was refused ({said}); check the API keys"),
                );
            }
            "403" if self.stage != Stage::Live => return self.logged_in(now, out), // logged in already
            "403" => return,
            "405" => self.subscriptions.over_limit(),
            "406" => return self.taken(out),
            "407" => return retry(out, "the server closed because we read too slowly".into()),
            "408" => {
                return give_up(
                    out,
                    format!("this account has no access to this data stream ({said})"),
                );
            }
            "409" => {
                return give_up(
                    out,
                    format!("the data plan does not include this feed ({said})"),
                );
            }
            "410" if is_waiting && self.has_extras => {
                self.has_extras = false; // ask again for what every feed has
                self.subscriptions.again();
            }
            "410" if is_waiting => self.subscriptions.not_taken(said),
            "411" => {
                return give_up(
                    out,
                    format!("the credentials do not cover market data ({said})"),
                );
            }
            "401" | "404" | "500" => return retry(out, format!("the server said: {said}")),
            _ if is_waiting => self.subscriptions.not_taken(said),
            _ => {
                return retry(
                    out,
                    format!("the server said: {said} ({})", Text::at_most(&code, 16)),
                );
            }
        }
        self.step(now, out);
    }

    /// One socket is allowed, and the one before may take a while to be gone: wait, longer each time.
    fn taken(&self, out: Out<'_>) {
        let before = self.resume.taken.fetch_add(1, Ordering::Relaxed);
        let wait = Duration::from_secs(1 << before.min(5)).min(Duration::from_secs(30));
        let what =
            "another program uses the one data connection that this account may have; trying again";
        out.events.push(StreamEvent::Trouble { what: what.into() });
        out.end(Ending::RetryAfter(wait));
    }
}

impl Session for DataSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, _out: Out<'_>) {
        self.deadline = Some(now + STEP);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        self.frame(now, text, out);
    }

    fn binary(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.frame(now, text, out),
            Err(_) => out.events.push(StreamEvent::Garbled {
                at: "a binary frame of market data".into(),
            }),
        }
    }

    fn command(&mut self, now: Instant, command: StreamCommand, out: Out<'_>) {
        let StreamCommand::Watch(symbols) = command;
        self.known = symbols
            .iter()
            .map(|symbol| (symbol.as_str().into(), symbol.clone()))
            .collect();
        self.subscriptions.want(symbols);
        self.step(now, out);
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            let what = match self.stage {
                Stage::Greeting => "the server did not greet us",
                Stage::LogIn => "the server did not answer the log-in",
                Stage::Live => "the server did not answer a subscription",
            };
            retry(out, what.into());
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

fn names(list: Field<'_>) -> Vec<Field<'_>> {
    let raw = list.raw().map(RawValue::get);
    raw.and_then(|raw| serde_json::from_str(raw).ok())
        .unwrap_or_default()
}

/// Hands on the messages of a frame one by one, without keeping them.
struct Each<'f, F>(&'f mut F);

impl<'de, F: FnMut(Datum<'de>)> DeserializeSeed<'de> for Each<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Datum<'de>)> Visitor<'de> for Each<'_, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        while let Some(datum) = messages.next_element()? {
            (self.0)(datum);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod tests;
