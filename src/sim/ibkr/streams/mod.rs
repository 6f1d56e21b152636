//! The stream: text topics in, JSON out, over one session.
//!
//! What a socket is asked and how it lives is here; quotes in `quotes`, orders and executions in `dealings`,
//! what an account is worth in `worth`.

mod dealings;
mod entry;
mod quotes;
mod topic;
mod worth;

use super::Door;
use super::data::{Wanted, bars};
use super::query::Query;
use super::seats::Trading;
use super::shared::Shared;
use crate::sim::socket::{Gone, Line, Nonsense, Socket};
use crate::sim::world::Notice;
use dealings::Dealings;
use http::HeaderMap;
use quotes::Quotes;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::Message;
use topic::Topic;
use worth::Worth;

/// Where the stream is.
pub(super) const STREAM_PATH: &str = "/v1/api/ws";
/// How often quotes are told.
const BEAT: Duration = Duration::from_millis(500);
/// Beats between heartbeats.
const HEARTBEAT: u64 = 20;
/// Histories that may be open at once.
const HISTORIES_AT_MOST: usize = 5;

/// A socket that is past its entry.
struct Stream {
    line: Line,
    shared: Arc<Shared>,
    door: Door,
    place: usize,
    /// The session it is of.
    session: String,
    /// Whether there is a brokerage session, and whether another program has it, as last told.
    told: (bool, bool),
    quotes: Quotes,
    dealings: Dealings,
    worth: Worth,
    histories: HashSet<String>,
    beats: u64,
}

/// A message's frame: texts as they are, all else as JSON.
fn written(value: &Value) -> Message {
    match value {
        Value::String(text) => Message::text(text.clone()),
        value => Message::text(value.to_string()),
    }
}

/// Runs a socket until it closes.
pub(super) async fn run(
    shared: Arc<Shared>,
    door: Door,
    (socket, headers, query): (Socket, HeaderMap, Query),
) {
    let nonsense = Nonsense {
        error: |code| json!({"topic": "error", "error": "internal error", "code": code}),
        unknown: || json!({"topic": "surprise", "args": {}}),
    };
    let names = (["stream", "streams"], STREAM_PATH);
    let faults = shared.faults.clone();
    let mut line = Line::new(socket, faults, names, written, nonsense);
    let Ok(Some((place, session))) =
        entry::identify(&mut line, &shared, door, &headers, &query).await
    else {
        return;
    };
    let mut stream = Stream {
        line,
        shared,
        door,
        place,
        session,
        told: (false, false),
        quotes: Quotes::default(),
        dealings: Dealings::default(),
        worth: Worth::default(),
        histories: HashSet::new(),
        beats: 0,
    };
    // Both ways out are an end.
    drop(stream.live().await);
}

impl Stream {
    async fn live(&mut self) -> Result<(), Gone> {
        let mut updates = self.shared.updates.subscribe();
        self.greet().await?;
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = self.line.hear() => {
                    if let Message::Text(text) = heard? {
                        self.take(text.as_str()).await?;
                    }
                }
                notice = updates.recv() => match notice {
                    Ok(notice) => self.pass_on(&notice).await?,
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Gone),
                },
                _ = beat.tick() => self.beat().await?,
            }
        }
    }

    async fn greet(&mut self) -> Result<(), Gone> {
        let person = &self.shared.people[self.place];
        let hello = json!({
            "topic": "system", "success": person.login, "isFT": false, "isPaper": person.paper,
        });
        self.line.say("system", &hello).await?;
        let state = self.state();
        if let Some((true, _)) = state
            && let Some(accounts) = entry::accounts(&self.shared, self.door, self.place)
        {
            let accounts = json!({"topic": "act", "args": accounts});
            self.line.say("act", &accounts).await?;
        }
        self.tell_state(state.unwrap_or_default()).await
    }

    async fn tell_state(&mut self, state: (bool, bool)) -> Result<(), Gone> {
        self.told = state;
        let (authenticated, competing) = state;
        let args = json!({"authenticated": authenticated, "competing": competing});
        let status = json!({"topic": "sts", "args": args});
        self.line.say("sts", &status).await
    }

    /// Whether there is a brokerage session, and whether another program has it; `None` once the outer
    /// session is over.
    fn state(&self) -> Option<(bool, bool)> {
        let now = self.shared.clock.now();
        let (world, mut desk) = (self.shared.world(), self.shared.desk());
        desk.seats.settle(world.market.calendar(), now);
        let is_live = self.door == Door::Gateway || desk.tokens.is_live(self.place, now);
        let seat = desk.seats.get(self.door, self.place);
        let seat = seat.filter(|seat| is_live && seat.id == self.session)?;
        Some((seat.trading.is_some(), seat.competing))
    }

    async fn beat(&mut self) -> Result<(), Gone> {
        let Some(state) = self.state() else {
            self.line.close("session closed").await;
            return Err(Gone);
        };
        if state != self.told {
            self.tell_state(state).await?;
        }
        self.beats += 1;
        let now = self.shared.clock.now();
        let mut due = Vec::new();
        {
            let world = self.shared.world();
            if state.0 {
                due.extend(self.quotes.due(&self.shared, &world, now));
            }
            let accounts = &self.shared.people[self.place].accounts;
            due.extend(self.worth.due(&world, accounts, self.beats, now));
        }
        if self.beats.is_multiple_of(HEARTBEAT) {
            due.push(json!({"topic": "system", "hb": now.millis()}));
        }
        self.say_all(due).await
    }

    async fn say_all(&mut self, messages: Vec<Value>) -> Result<(), Gone> {
        for message in messages {
            self.line.say("message", &message).await?;
        }
        Ok(())
    }

    async fn pass_on(&mut self, notice: &Notice) -> Result<(), Gone> {
        let accounts = &self.shared.people[self.place].accounts;
        if !accounts.contains(&notice.customer) {
            return Ok(());
        }
        let told = {
            let (world, desk) = (self.shared.world(), self.shared.desk());
            let seat = desk.seats.get(self.door, self.place);
            let trading = seat.and_then(|seat| seat.trading.as_ref());
            let known = (&*self.shared, &*world, &desk.notes);
            trading.map_or_else(Vec::new, |trading| {
                self.dealings.told(known, trading.is_filtered, notice)
            })
        };
        self.say_all(told).await
    }

    async fn take(&mut self, text: &str) -> Result<(), Gone> {
        let topic = Topic::parse(text);
        let answers = match topic.name.as_str() {
            "ech" => vec![Value::from(text)],
            "tic" => {
                let now = self.shared.clock.now();
                vec![json!({"topic": "tic", "lastAccessed": now.millis()})]
            }
            "smd" | "smh" | "sor" | "str" => self.subscribe_to_dealing(&topic),
            "umd" | "umh" | "uor" | "utr" => self.unsubscribe(&topic),
            _ => self.about_worth(&topic),
        };
        self.say_all(answers).await
    }

    /// Topics that need a brokerage session.
    fn subscribe_to_dealing(&mut self, topic: &Topic) -> Vec<Value> {
        let now = self.shared.clock.now();
        let shared = Arc::clone(&self.shared);
        let (world, mut desk) = (shared.world(), shared.desk());
        let desk = &mut *desk;
        let seat = desk.seats.get_mut(self.door, self.place);
        let Some(trading) = seat.and_then(|seat| seat.trading.as_mut()) else {
            return vec![json!({"topic": topic.whole(), "error": "not authenticated"})];
        };
        let accounts = &shared.people[self.place].accounts;
        let known = (&*shared, &*world, &desk.notes);
        match topic.name.as_str() {
            "smd" => self.watch(topic, trading, now),
            "smh" => {
                let listing = shared.contracts.parse(&topic.target);
                let wanted = listing.and_then(|at| Wanted::read(at, &topic.query(), now).ok());
                let id = format!("{}", self.beats + 341_115 + self.histories.len() as u64);
                match wanted.filter(|_| self.histories.len() < HISTORIES_AT_MOST) {
                    None => vec![json!({"topic": topic.whole(), "error": "no bridge"})],
                    Some(wanted) => {
                        let mut answer = bars(&world, &wanted, &id, now);
                        answer["topic"] = topic.whole().into();
                        self.histories.insert(id);
                        vec![answer]
                    }
                }
            }
            "sor" => self.dealings.orders(known, accounts, trading),
            _ => self.dealings.trades(known, accounts, topic, now),
        }
    }

    fn watch(
        &mut self,
        topic: &Topic,
        trading: &mut Trading,
        now: crate::domain::Timestamp,
    ) -> Vec<Value> {
        let listing = self.shared.contracts.parse(&topic.target);
        let taken = listing.is_some_and(|listing| {
            trading.watched.insert(listing);
            self.quotes
                .watch(listing, &topic.target, topic.list("fields"), now)
        });
        match taken {
            true => Vec::new(),
            false => vec![json!({"topic": topic.whole(), "error": "not available"})],
        }
    }

    fn unsubscribe(&mut self, topic: &Topic) -> Vec<Value> {
        match topic.name.as_str() {
            "umd" => {
                if let Some(listing) = self.shared.contracts.parse(&topic.target) {
                    self.quotes.forget(listing);
                }
            }
            "uor" => self.dealings.forget_orders(),
            "utr" => self.dealings.forget_trades(),
            _ => {
                self.histories.remove(&topic.target);
                return vec![json!({"message": format!("Unsubscribed {}", topic.target)})];
            }
        }
        Vec::new()
    }

    /// Topics that need no brokerage session; what is none is ignored.
    fn about_worth(&mut self, topic: &Topic) -> Vec<Value> {
        let person = &self.shared.people[self.place];
        let account = person.account(&self.shared.world(), &topic.target);
        self.worth.take(topic, account)
    }
}
