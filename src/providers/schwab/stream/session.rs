//! The streamer's session: log-in, one request at a time, prices, account activity, every code by what it means.

use super::levels::{Level, fields, kind_of, service};
use super::message::{Frame, News, Reply};
use super::resume::Resume;
use super::subscriptions::{Command, Step, Subscriptions};
use super::{Streamer, activity, give_up, retry};
use crate::auth::AccessToken;
use crate::domain::{Symbol, Text, Timestamp};
use crate::net::http::hide;
use crate::net::json;
use crate::net::session::{Ending, Outbox, Session};
use crate::providers::fields::{Field, Unreadable, row};
use crate::providers::provider::{StreamCommand, StreamEvent};
use crate::providers::schwab::known::Known;
use crate::providers::schwab::translate::millis;
use crate::providers::schwab::translate::symbol::{self, Kind};
use crate::providers::schwab::wire::ByText;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the server may take for each answer.
const STEP: Duration = Duration::from_secs(10);

/// How long it may be silent; it sends a heartbeat about every ten seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// Symbols whose prices are kept merged.
const MOST_LEVELS: usize = 4_096;

/// Kinds of news that are named once when they are new to us.
const MOST_KINDS: usize = 16;

/// One socket's protocol.
pub(in crate::providers::schwab) struct StreamerSession {
    streamer: Streamer,
    token: AccessToken,
    known: Arc<Known>,
    resume: Arc<Resume>,
    is_live: bool,
    /// The request whose answer is awaited, and until when.
    asked: Option<(u32, Asked, Instant)>,
    next_id: u32,
    heard: Option<Instant>,
    subscriptions: Subscriptions,
    levels: HashMap<Symbol, Level>,
    strange: BTreeSet<Text>,
    has_told_delay: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    LogIn,
    Activity,
    Prices,
}

type Out<'a> = &'a mut Outbox<StreamEvent>;

impl StreamerSession {
    pub(in crate::providers::schwab) fn new(
        streamer: Streamer,
        token: AccessToken,
        known: Arc<Known>,
        resume: Arc<Resume>,
    ) -> Self {
        Self {
            streamer,
            token,
            known,
            resume,
            is_live: false,
            asked: None,
            next_id: 0,
            heard: None,
            subscriptions: Subscriptions::new(),
            levels: HashMap::new(),
            strange: BTreeSet::new(),
            has_told_delay: false,
        }
    }

    fn frame(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        self.heard = Some(now);
        let Ok(frame) = json::parse_object::<Frame<'_>>(bytes) else {
            return garbled(out, "a frame of the streamer");
        };
        for raw in frame.response.iter().chain(&frame.notify).flatten() {
            match row(raw) {
                Ok(reply) => self.reply(now, &reply, out),
                Err(_) => garbled(out, "an answer of the streamer"),
            }
        }
        for raw in frame.data.iter().chain(&frame.snapshot).flatten() {
            match row(raw) {
                Ok(news) => self.news(&news, out),
                Err(_) => garbled(out, "news of the streamer"),
            }
        }
    }

    fn reply(&mut self, now: Instant, reply: &Reply<'_>, out: Out<'_>) {
        if reply.heartbeat.text().is_some() {
            return;
        }
        let Some(verdict) = &reply.content else {
            return garbled(out, "an answer of the streamer");
        };
        let id = reply.requestid.text().and_then(|id| id.parse::<u32>().ok());
        let asked = self.asked.filter(|(asked, ..)| Some(*asked) == id);
        let asked = asked.map(|(_, asked, _)| asked);
        let said = self.hidden_in(&verdict.msg.text_or_empty());
        match verdict.code.text().and_then(|code| code.parse().ok()) {
            Some(code) => self.verdict(now, code, asked, &said, out),
            None => garbled(out, "the code of an answer"),
        }
    }

    /// Each code by what it means, from the manual's list.
    fn verdict(
        &mut self,
        now: Instant,
        code: u16,
        asked: Option<Asked>,
        said: &Text,
        out: Out<'_>,
    ) {
        match code {
            3 => return self.denied(said, out),
            12 => return self.displaced(out),
            20 => return retry(out, "the streamer does not know our log-in".into()),
            30 => return retry(out, format!("the streamer ended the connection: {said}")),
            _ => {}
        }
        let Some(asked) = asked else {
            // An answer to nothing that is under way: a note that changes nothing.
            return if !matches!(code, 0 | 26..=29) {
                out.events.push(StreamEvent::Trouble {
                    what: format!("the streamer said: {said} (code {code})").into(),
                });
            };
        };
        self.asked = None;
        match (asked, code) {
            (Asked::LogIn, 0) => self.logged_in(now, out),
            (Asked::LogIn, _) => {
                return retry(
                    out,
                    format!("the streamer did not take the log-in: {said} (code {code})"),
                );
            }
            (Asked::Prices, 0 | 26..=29) => self.subscriptions.taken(),
            (Asked::Prices, 11) => self.subscriptions.without_service(said),
            (Asked::Prices, 19) => self.subscriptions.over_limit(),
            (Asked::Prices, _) => self.subscriptions.not_taken(said),
            (Asked::Activity, 0 | 26..=29) => {}
            (Asked::Activity, _) => out.events.push(StreamEvent::Trouble {
                what: format!(
                    "events of orders do not come: {said}; orders are read from time to time"
                )
                .into(),
            }),
        }
        self.step(now, out);
    }

    fn logged_in(&mut self, now: Instant, out: Out<'_>) {
        self.is_live = true;
        self.resume.logged_in();
        out.events.push(StreamEvent::Ready);
        // At once: a session without subscriptions is ended by the server.
        let message = self.streamer.command(
            self.next_id,
            ("ACCT_ACTIVITY", "SUBS"),
            "Account Activity",
            Some("0,1,2,3"),
        );
        self.ask(now, Asked::Activity, message, out);
    }

    /// The token is not taken. The next socket comes with another; when that is denied too, the person has to act.
    fn denied(&self, said: &Text, out: Out<'_>) {
        if self.resume.denied(&self.token) {
            retry(out, format!("the log-in was denied ({said})"));
        } else {
            give_up(
                out,
                format!("the log-in was denied with a new token too ({said}); sign in again"),
            );
        }
    }

    /// One socket is allowed for each login, and the one before may take a while to be gone: wait, longer each time.
    fn displaced(&self, out: Out<'_>) {
        let wait = self.resume.displaced();
        let what =
            "another program uses the one data connection that this login may have; trying again";
        out.events.push(StreamEvent::Trouble { what: what.into() });
        out.end(Ending::RetryAfter(wait));
    }

    fn ask(&mut self, now: Instant, asked: Asked, message: String, out: Out<'_>) {
        self.asked = Some((self.next_id, asked, now + STEP));
        self.next_id = self.next_id.wrapping_add(1);
        out.say(message);
    }

    /// Sends the next request, or tells what is not carried when there is none.
    fn step(&mut self, now: Instant, out: Out<'_>) {
        if !self.is_live || self.asked.is_some() {
            return;
        }
        if let Some(step) = self.subscriptions.next() {
            let message = self.request(&step);
            return self.ask(now, Asked::Prices, message, out);
        }
        if let Some((symbols, why)) = self.subscriptions.news() {
            out.events.push(StreamEvent::NotLive { symbols, why });
        }
    }

    fn request(&mut self, step: &Step) -> String {
        let names: Vec<String> = step.symbols.iter().map(symbol::theirs).collect();
        let fields = match step.command {
            Command::Subscribe | Command::Add => Some(fields(step.kind)),
            Command::Unsubscribe => {
                for symbol in &step.symbols {
                    self.levels.remove(symbol);
                }
                None
            }
        };
        self.streamer.command(
            self.next_id,
            (service(step.kind), step.command.word()),
            &names.join(","),
            fields.as_deref(),
        )
    }

    fn news(&mut self, news: &News<'_>, out: Out<'_>) {
        let name = news.service.text_or_empty();
        // In some recordings it is zero, which is no time.
        let told = millis(news.timestamp).ok().flatten();
        for raw in news.content.iter().flatten() {
            let read = match (kind_of(&name), name.as_ref()) {
                (Some(kind), _) => self.prices(kind, raw, told, out),
                (None, "ACCT_ACTIVITY") => self.activity(raw, told, out),
                (None, other) => {
                    self.strange(other, out);
                    Ok(())
                }
            };
            if let Err(why) = read {
                garbled(out, &format!("{}: {why}", Text::at_most(&name, 32)));
            }
        }
    }

    fn prices(
        &mut self,
        kind: Kind,
        raw: &RawValue,
        told: Option<Timestamp>,
        out: Out<'_>,
    ) -> Result<(), Unreadable> {
        let fields: ByText<'_, Field<'_>> = row(raw).map_err(|_| Unreadable("a row"))?;
        let key = fields.get("key").and_then(|key| key.text());
        let symbol = symbol::ours(&key.ok_or(Unreadable("the symbol"))?);
        if fields.get("delayed").is_some_and(|it| it.is_true()) && !self.has_told_delay {
            self.has_told_delay = true;
            out.events.push(StreamEvent::Trouble {
                what: "prices are delayed: accept the market-data agreement at schwab.com".into(),
            });
        }
        if self.levels.len() >= MOST_LEVELS && !self.levels.contains_key(&symbol) {
            return Err(Unreadable("room for a symbol"));
        }
        let level = self.levels.entry(symbol.clone()).or_default();
        let events = level.take(&symbol, kind, &fields, told)?;
        out.events
            .extend(events.into_iter().map(StreamEvent::Market));
        Ok(())
    }

    fn activity(
        &mut self,
        raw: &RawValue,
        told: Option<Timestamp>,
        out: Out<'_>,
    ) -> Result<(), Unreadable> {
        let fields: ByText<'_, Field<'_>> = row(raw).map_err(|_| Unreadable("an event"))?;
        let text = |name: &str| fields.get(name).copied().unwrap_or_default();
        let kind = text("2").text().ok_or(Unreadable("the type of an event"))?;
        let content = text("3").text_or_empty();
        let hidden = self.hidden_in(&content);
        let content = if kind == "ERROR" {
            hidden.as_str()
        } else {
            &content
        };
        match activity::events(&kind, content, told, &self.known) {
            Ok(events) => out.events.extend(events),
            Err(Unreadable("its type")) => self.strange(&kind, out),
            Err(why) => return Err(why),
        }
        Ok(())
    }

    fn strange(&mut self, kind: &str, out: Out<'_>) {
        let kind = Text::at_most(kind, 32);
        if self.strange.len() < MOST_KINDS && self.strange.insert(kind.clone()) {
            garbled(out, &format!("news of the unknown kind {kind}"));
        }
    }

    /// What a server said, without the token and the ids where it repeats them.
    fn hidden_in(&self, said: &str) -> Text {
        let secrets = [
            self.token.expose(),
            self.streamer.customer.as_str(),
            self.streamer.correlation.as_str(),
        ];
        match hide(said.as_bytes(), secrets) {
            Some(hidden) => String::from_utf8_lossy(&hidden).as_ref().into(),
            None => said.into(),
        }
    }
}

impl Session for StreamerSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        self.heard = Some(now);
        let message = self.streamer.log_in(self.next_id, &self.token);
        self.ask(now, Asked::LogIn, message, out);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        self.frame(now, text.as_bytes(), out);
    }

    fn binary(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        self.frame(now, bytes, out);
    }

    fn command(&mut self, now: Instant, command: StreamCommand, out: Out<'_>) {
        let StreamCommand::Watch(symbols) = command;
        self.subscriptions.want(symbols);
        self.step(now, out);
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        if let Some((_, asked, _)) = self.asked.filter(|(.., until)| *until <= now) {
            self.asked = None;
            let what = match asked {
                Asked::LogIn => "the streamer did not answer the log-in",
                Asked::Activity | Asked::Prices => "the streamer did not answer a subscription",
            };
            retry(out, what.into());
        } else if self.heard.is_some_and(|heard| heard + SILENCE <= now) {
            self.heard = None;
            retry(out, "the streamer fell silent".into());
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let asked = self.asked.map(|(.., until)| until);
        let silence = self.heard.map(|heard| heard + SILENCE);
        asked.into_iter().chain(silence).min()
    }
}

fn garbled(out: Out<'_>, at: &str) {
    out.events.push(StreamEvent::Garbled { at: at.into() });
}

#[cfg(test)]
#[path = "session_tests.rs"]
pub(in crate::providers::schwab) mod tests;
