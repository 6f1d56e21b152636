//! The account stream: connecting, heartbeats with the newest token, orders and their executions.
//!
//! It sends whole objects and never what was missed, so everything is read again after each connection.

use super::{Out, garbled, give_up, retry, trouble};
use crate::auth::AccessToken;
use crate::domain::{AccountId, Environment, Mode, Text};
use crate::net::json;
use crate::net::session::Session;
use crate::providers::provider::{StreamCommand, StreamEvent};
use crate::providers::tastytrade::auth::in_message;
use crate::providers::tastytrade::names::Names;
use crate::providers::tastytrade::rest::Rest;
use crate::providers::tastytrade::translate::order::{self, Around};
use crate::providers::tastytrade::wire::{AccountAction, AccountMessage, Field, Order, Unreadable};
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the server may take to answer the connect and each heartbeat.
const STEP: Duration = Duration::from_secs(10);

/// Between two heartbeats; the server wants one every 2 to 60 seconds.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Executions that are remembered, so that each is told once.
const MOST_FILLS: usize = 8_192;

/// Notifications about things that are read again by request, or that nothing here shows.
const ASIDE: &[&str] = &[
    "AccountBalance",
    "CurrentPosition",
    "TradingStatus",
    "ComplexOrder",
    "OrderChain",
    "ExternalTransaction",
    "QuoteAlert",
    "PublicWatchlists",
    "UnderlyingYearGainSummary",
];

/// What outlives a socket: the token that was refused, and how often in a row one was.
#[derive(Default)]
pub(in crate::providers::tastytrade) struct Refused {
    token: Mutex<Option<AccessToken>>,
    times: AtomicU32,
}

impl Refused {
    /// The token that the last socket was refused with.
    pub(in crate::providers::tastytrade) fn take(&self) -> Option<AccessToken> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.take()
    }

    /// Remembers it; how often in a row that happened before.
    fn note(&self, refused: AccessToken) -> u32 {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        *token = Some(refused);
        self.times.fetch_add(1, Ordering::Relaxed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Live,
}

/// One socket's protocol.
pub(in crate::providers::tastytrade) struct AccountSession {
    token: AccessToken,
    rest: Arc<Rest>,
    names: Arc<Names>,
    refused: Arc<Refused>,
    accounts: Vec<AccountId>,
    environment: Environment,
    stage: Stage,
    /// When an answer has to be there.
    deadline: Option<Instant>,
    heartbeat: Option<Instant>,
    request: u64,
    told: BTreeSet<Text>,
    oldest: VecDeque<Text>,
}

impl AccountSession {
    pub(in crate::providers::tastytrade) fn new(
        token: AccessToken,
        rest: Arc<Rest>,
        names: Arc<Names>,
        refused: Arc<Refused>,
        (accounts, environment): (Vec<AccountId>, Environment),
    ) -> Self {
        Self {
            token,
            rest,
            names,
            refused,
            accounts,
            environment,
            stage: Stage::Connecting,
            deadline: None,
            heartbeat: None,
            request: 0,
            told: BTreeSet::new(),
            oldest: VecDeque::new(),
        }
    }

    fn say(&mut self, now: Instant, action: &'static str, value: &[String], out: Out<'_>) {
        self.request += 1;
        self.deadline = Some(now + STEP);
        let message = AccountAction {
            action,
            value,
            auth_token: &in_message(&self.token),
            request_id: self.request,
        };
        out.say(serde_json::to_string(&message).expect("texts are always JSON"));
    }

    fn frame(&mut self, now: Instant, text: &[u8], out: Out<'_>) {
        let Ok(message) = json::parse_object::<AccountMessage<'_>>(text) else {
            return garbled(out, "a frame of the account stream");
        };
        let several = message.results.as_deref().unwrap_or_default();
        for raw in several {
            match json::parse_object(raw.get().as_bytes()) {
                Ok(message) => self.message(now, &message, out),
                Err(_) => garbled(out, "a message of the account stream"),
            }
        }
        if several.is_empty() {
            self.message(now, &message, out);
        }
    }

    fn message(&mut self, now: Instant, message: &AccountMessage<'_>, out: Out<'_>) {
        if let Some(status) = message.status.text() {
            return self.answer(now, &status, message, out);
        }
        match message.r#type.text_or_empty().as_ref() {
            "Order" => {
                if let Err(why) = self.order(message.data, out) {
                    garbled(out, &format!("an order: {why}"));
                }
            }
            known if ASIDE.contains(&known) => {}
            other => {
                let other = Text::at_most(other, 32);
                garbled(out, &format!("a message of unknown kind {other}"));
            }
        }
    }

    fn answer(&mut self, now: Instant, status: &str, message: &AccountMessage<'_>, out: Out<'_>) {
        let action = message.action.text_or_empty();
        match (status, action.as_ref()) {
            ("ok", "connect") if self.stage == Stage::Connecting => {
                self.stage = Stage::Live;
                self.deadline = None;
                self.heartbeat = Some(now + HEARTBEAT);
                self.refused.times.store(0, Ordering::Relaxed);
                out.events.push(StreamEvent::Ready);
            }
            ("ok", _) => self.deadline = None,
            _ => self.refusal(&message.message.text_or_empty(), out),
        }
    }

    /// They do not say whether the token or an account was wrong: another token is tried once.
    fn refusal(&mut self, said: &str, out: Out<'_>) {
        let said = Text::at_most(said, 64);
        if said.as_str() == "connect-not-completed" {
            return retry(out, "the account stream forgot our connect".into());
        }
        match self.refused.note(self.token.clone()) {
            0 => retry(
                out,
                format!("the account stream refused us ({said}); trying another token"),
            ),
            _ => give_up(
                out,
                format!("the account stream refused us twice ({said}); sign in again"),
            ),
        }
    }

    fn order(&mut self, data: Field<'_>, out: Out<'_>) -> Result<(), Unreadable> {
        let raw = data.raw().ok_or(Unreadable("its content"))?;
        let row: Order<'_> =
            json::parse_object(raw.get().as_bytes()).map_err(|_| Unreadable("its content"))?;
        let number = row.account_number.text_or_empty();
        let mut accounts = self.accounts.iter();
        let account = accounts.find(|account| account.number.as_str() == number);
        let account = account.ok_or(Unreadable("the account of an order"))?;
        let around = Around {
            account,
            mode: Mode::from(self.environment),
            heard: self.rest.clock().now(),
        };
        let read = order::order(&row, around)?;
        if read.unreadable > 0 {
            garbled(out, "executions of an order");
        }
        if let (Some(id), Some(complex)) = (&read.order.provider_id, &read.complex) {
            self.names.relate(id, complex);
        }
        if let crate::domain::OrderState::Rejected { reason } = &read.order.state {
            let symbol = &read.order.draft.symbol;
            trouble(out, format!("an order for {symbol} was rejected: {reason}"));
        }
        out.events.push(StreamEvent::Order(Box::new(read.order)));
        for fill in read.fills {
            if self.is_news(&fill.provider_id) {
                out.events.push(StreamEvent::Fill(Box::new(fill)));
            }
        }
        Ok(())
    }

    /// Whether an execution is told of for the first time: each message repeats all those of its order.
    fn is_news(&mut self, id: &Text) -> bool {
        if !self.told.insert(id.clone()) {
            return false;
        }
        self.oldest.push_back(id.clone());
        if self.oldest.len() > MOST_FILLS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.told.remove(&oldest);
        }
        true
    }
}

impl Session for AccountSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        let numbers = self.accounts.iter().map(|it| it.number.as_str().to_owned());
        let numbers: Vec<String> = numbers.collect();
        self.say(now, "connect", &numbers, out);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        self.frame(now, text.as_bytes(), out);
    }

    fn binary(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        self.frame(now, bytes, out);
    }

    fn command(&mut self, _now: Instant, command: StreamCommand, _out: Out<'_>) {
        let StreamCommand::Watch(_) = command; // orders come unasked
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            return retry(out, "the account stream did not answer in time".into());
        }
        if self.heartbeat.is_some_and(|due| due <= now) {
            self.heartbeat = Some(now + HEARTBEAT);
            if let Some(newest) = self.rest.bearer().peek() {
                self.token = newest;
            }
            self.say(now, "heartbeat", &[], out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.deadline, self.heartbeat].into_iter().flatten().min()
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
