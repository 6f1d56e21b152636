//! One socket: the session it belongs to, heartbeats, market data, orders, executions.
//!
//! It sends orders whole once and afterwards what changed, and nothing of what was missed, so everything is read again
//! after each connection.

mod dealings;

use super::subscriptions::Subscriptions;
use super::{Out, garbled, give_up, retry};
use crate::domain::{AccountId, Environment, Symbol, Text};
use crate::net::json;
use crate::net::session::Session;
use crate::providers::ibkr::Shared;
use crate::providers::ibkr::translate::conid;
use crate::providers::ibkr::wire::{
    AuthStatus, BrokerageAccounts, ByText, Field, Message, Notice, Unreadable,
};
use crate::providers::provider::{ProviderError, StreamCommand, StreamEvent};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the server takes to say hello; then it is spoken to all the same.
const HELLO: Duration = Duration::from_secs(3);

/// A heartbeat comes every ten seconds.
const SILENCE: Duration = Duration::from_secs(35);

/// The server wants to hear something every minute.
const TIC_EVERY: Duration = Duration::from_secs(50);

/// How often it is looked whether contracts were found meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Executions that are remembered, so that each is told once.
const MOST_FILLS: usize = 8_192;

/// Topics about things that are read by request, or that nothing here shows.
const ASIDE: &[&str] = &["tic", "blt", "spl", "ech", "upl", "uor", "utr", "umd"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Hello,
    Live,
}

/// Symbols of which no contract was found, and why; filled by the search for them.
type Unfound = Arc<Mutex<BTreeMap<Symbol, Text>>>;

/// One socket's protocol.
pub(in crate::providers::ibkr) struct StreamerSession {
    shared: Arc<Shared>,
    accounts: Vec<AccountId>,
    cookie: Option<SecretString>,
    stage: Stage,
    hello: Option<Instant>,
    heard: Option<Instant>,
    tic: Option<Instant>,
    look: Option<Instant>,
    wanted: BTreeSet<Symbol>,
    unfound: Unfound,
    subscriptions: Subscriptions,
    told: BTreeSet<Text>,
    oldest: VecDeque<Text>,
}

impl StreamerSession {
    pub(in crate::providers::ibkr) fn new(
        shared: Arc<Shared>,
        accounts: Vec<AccountId>,
        cookie: Option<SecretString>,
    ) -> Self {
        Self {
            shared,
            accounts,
            cookie,
            stage: Stage::Hello,
            hello: None,
            heard: None,
            tic: None,
            look: None,
            wanted: BTreeSet::new(),
            unfound: Unfound::default(),
            subscriptions: Subscriptions::default(),
            told: BTreeSet::new(),
            oldest: VecDeque::new(),
        }
    }

    fn go_live(&mut self, now: Instant, out: Out<'_>) {
        if self.stage == Stage::Live {
            return;
        }
        self.stage = Stage::Live;
        self.hello = None;
        out.say("sor+{}".into());
        out.say(r#"str+{"realtimeUpdatesOnly":true}"#.into());
        out.events.push(StreamEvent::Ready);
        self.subscribe(now, out);
    }

    /// Subscribes to what is wanted and known, and has the rest searched for.
    fn subscribe(&mut self, now: Instant, out: Out<'_>) {
        if self.stage != Stage::Live {
            return;
        }
        let mut unknown = Vec::new();
        for symbol in &self.wanted {
            match self.shared.contracts.known(symbol) {
                Some(contract) => {
                    let said = self.subscriptions.add(contract.conid, symbol, now);
                    out.send
                        .extend(said.map(crate::net::session::Outgoing::Text));
                }
                None => unknown.push(symbol.clone()),
            }
        }
        let unfound = lock(&self.unfound).clone();
        unknown.retain(|symbol| !unfound.contains_key(symbol));
        self.look = (!unknown.is_empty()).then_some(now + LOOK_EVERY);
        self.tell_not_live(out);
    }

    fn search(&self) {
        let known = |symbol: &&Symbol| self.shared.contracts.known(symbol).is_none();
        let unknown: Vec<Symbol> = self.wanted.iter().filter(known).cloned().collect();
        if unknown.is_empty() {
            return;
        }
        let (shared, unfound) = (self.shared.clone(), self.unfound.clone());
        tokio::spawn(async move {
            for symbol in unknown {
                let why: Text = match shared.contracts.find(&symbol).await {
                    Ok(Some(_)) => continue,
                    Ok(None) => "Interactive Brokers does not know them".into(),
                    Err(ProviderError::Refused { reason }) => reason,
                    Err(error) => Text::new(&error.to_string()),
                };
                lock(&unfound).insert(symbol, why);
            }
        });
    }

    fn tell_not_live(&mut self, out: Out<'_>) {
        let unfound = lock(&self.unfound);
        let wanted = unfound
            .iter()
            .filter(|(symbol, _)| self.wanted.contains(symbol));
        let others = wanted
            .map(|(symbol, why)| (symbol.clone(), why.clone()))
            .collect();
        if let Some((symbols, why)) = self.subscriptions.news(&others) {
            out.events.push(StreamEvent::NotLive { symbols, why });
        }
    }

    fn frame(&mut self, now: Instant, text: &[u8], out: Out<'_>) {
        self.heard = Some(now);
        // Echoes and acknowledgements are no JSON.
        if !text.trim_ascii_start().starts_with(b"{") {
            return;
        }
        let Ok(message) = json::parse_object::<Message<'_>>(text) else {
            return garbled(out, "a message of the stream");
        };
        let topic = message.topic.text_or_empty();
        match topic.split('+').next().unwrap_or_default() {
            "smd" => self.market(text, &topic, &message, out),
            "sor" => self.each(message.args, out, Self::order),
            "str" => self.each(message.args, out, Self::execution),
            "system" => self.system(now, &message, out),
            "act" => self.accounts(now, message.args, out),
            "sts" => self.status(now, message.args, out),
            "ntf" => note(message.args),
            "error" => garbled(
                out,
                format!("the stream said: {}", message.error.text_or_empty()),
            ),
            "" if message.message.text().as_deref() == Some("waiting for session") => {
                self.log_in(out);
            }
            "" => {}
            known if ASIDE.contains(&known) => {}
            other => garbled(
                out,
                format!("a message of unknown kind {}", Text::at_most(other, 32)),
            ),
        }
        self.tell_replaced(out);
    }

    fn log_in(&self, out: Out<'_>) {
        match &self.cookie {
            Some(cookie) => {
                let session = serde_json::json!({ "session": cookie.expose_secret() });
                out.say(session.to_string());
            }
            None => retry(out, "the stream wants a session and there is none"),
        }
    }

    fn system(&mut self, now: Instant, message: &Message<'_>, out: Out<'_>) {
        if message.success.text().is_none() {
            return; // a heartbeat
        }
        match self.is_ours(message.is_paper) {
            true => self.go_live(now, out),
            false => self.other_world(out),
        }
    }

    fn accounts(&mut self, now: Instant, args: Field<'_>, out: Out<'_>) {
        let accounts = args
            .raw()
            .and_then(|raw| read::<BrokerageAccounts<'_>>(raw).ok());
        match accounts.is_none_or(|accounts| self.is_ours(accounts.is_paper)) {
            true => self.go_live(now, out),
            false => self.other_world(out),
        }
    }

    /// Whether what a message says of paper and live is what this connection is; saying nothing is no contradiction.
    fn is_ours(&self, is_paper: Field<'_>) -> bool {
        let says = match is_paper.text().as_deref() {
            Some("true") => Environment::Paper,
            Some("false") => Environment::Live,
            _ => return true,
        };
        says == self.shared.environment
    }

    fn other_world(&self, out: Out<'_>) {
        let ours = self.shared.environment;
        give_up(
            out,
            &format!(
                "the login is not {ours}, and this connection is; log in with the other user name"
            ),
        );
    }

    fn status(&mut self, now: Instant, args: Field<'_>, out: Out<'_>) {
        let Some(status) = args.raw().and_then(|raw| read::<AuthStatus<'_>>(raw).ok()) else {
            return garbled(out, "the state of the session");
        };
        let is_out = status
            .authenticated
            .raw()
            .is_some_and(|it| it.get() == "false");
        if status.competing.is_true() {
            retry(
                out,
                "another program takes the one trading session of this login",
            );
        } else if is_out {
            retry(out, "the trading session ended");
        } else if status.authenticated.is_true() {
            self.go_live(now, out);
        }
    }

    fn market(&mut self, text: &[u8], topic: &str, message: &Message<'_>, out: Out<'_>) {
        let number = topic.split('+').nth(1).unwrap_or_default();
        let number = number.split('@').next().and_then(|it| it.parse().ok());
        if let (Some(conid), Some(why)) = (number, message.error.text()) {
            self.subscriptions.refused(conid, &why);
            return self.tell_not_live(out);
        }
        let Ok(row) = json::parse_object::<ByText<'_, Field<'_>>>(text) else {
            return garbled(out, "market data");
        };
        let Some(conid) = row.get("conid").and_then(|it| conid(*it)).or(number) else {
            return garbled(out, "market data: the contract is missing");
        };
        let heard = self.shared.rest.clock().now();
        // What was unsubscribed from may still be on its way.
        let Some((events, unreadable)) = self.subscriptions.take(conid, &row, heard) else {
            return;
        };
        if unreadable > 0 {
            garbled(out, "fields of market data");
        }
        out.events
            .extend(events.into_iter().map(StreamEvent::Market));
        if row.contains_key("6509") {
            self.tell_not_live(out);
        }
    }

    /// Reads the rows of a message one by one; it may be a single row as well.
    fn each(
        &mut self,
        args: Field<'_>,
        out: Out<'_>,
        take: fn(&mut Self, &RawValue, Out<'_>) -> Result<(), Unreadable>,
    ) {
        let Some(raw) = args.raw() else { return };
        let rows: Vec<&RawValue> = match raw.get().starts_with('[') {
            true => serde_json::from_str(raw.get()).unwrap_or_default(),
            false => vec![raw],
        };
        for row in rows {
            if let Err(why) = take(self, row, out) {
                garbled(out, format!("a row of the stream: {why}"));
            }
        }
    }
}

/// A word to whoever is logged in, which asks for nothing.
fn note(args: Field<'_>) {
    let notice = args.raw().and_then(|raw| read::<Notice<'_>>(raw).ok());
    if let Some(notice) = notice {
        let said = notice.text.text().or_else(|| notice.message.text());
        let said = Text::new(&said.unwrap_or_default());
        tracing::info!(title = %Text::new(&notice.title.text_or_empty()), %said, "a notice");
    }
}

fn read<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Unreadable> {
    json::parse_object(raw.get().as_bytes()).map_err(|_| Unreadable("a row"))
}

fn lock(unfound: &Unfound) -> std::sync::MutexGuard<'_, BTreeMap<Symbol, Text>> {
    // Each entry is whole at every step, so a panic elsewhere does no harm.
    unfound.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session for StreamerSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        // A socket that is not spoken to is closed within seconds.
        out.say("tic".into());
        self.hello = Some(now + HELLO);
        self.heard = Some(now);
        self.tic = Some(now + TIC_EVERY);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        self.frame(now, text.as_bytes(), out);
    }

    fn binary(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        self.frame(now, bytes, out);
    }

    fn command(&mut self, now: Instant, command: StreamCommand, out: Out<'_>) {
        let StreamCommand::Watch(symbols) = command;
        self.wanted = symbols.into_iter().collect();
        for gone in self.subscriptions.keep_only(&self.wanted) {
            out.say(gone);
        }
        self.search();
        self.subscribe(now, out);
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        if self.heard.is_some_and(|at| at + SILENCE <= now) {
            return retry(out, "the stream fell silent: no heartbeat came");
        }
        if self.hello.is_some_and(|at| at <= now) {
            self.go_live(now, out);
        }
        if self.tic.is_some_and(|at| at <= now) {
            self.tic = Some(now + TIC_EVERY);
            out.say("tic".into());
        }
        if self.look.is_some_and(|at| at <= now) {
            self.subscribe(now, out);
        }
        for again in self.subscriptions.due(now) {
            out.say(again);
        }
        self.tell_replaced(out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let silence = self.heard.map(|at| at + SILENCE);
        let times = [
            self.hello,
            silence,
            self.tic,
            self.look,
            self.subscriptions.next(),
        ];
        times.into_iter().flatten().min()
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
pub(in crate::providers::ibkr) mod tests;
