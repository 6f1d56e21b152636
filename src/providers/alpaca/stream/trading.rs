//! What the trading socket says and hears: log-in, listening, events of orders.
//!
//! The paper host sends its JSON in binary frames, the live host in text; both are read the same.

use super::{give_up, retry};
use crate::domain::{AccountId, Environment, Mode, Order, OrderState, Text};
use crate::net::json;
use crate::net::session::{Outbox, Session};
use crate::providers::alpaca::auth::Shown;
use crate::providers::alpaca::families::Families;
use crate::providers::alpaca::translate::order;
use crate::providers::alpaca::wire::{
    Acknowledgement, Field, Order as OrderRow, TradeUpdate, TradingMessage, Unreadable,
};
use crate::providers::provider::{StreamCommand, StreamEvent};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the server may take for each step before events flow.
const STEP: Duration = Duration::from_secs(10);

const LISTEN: &str = r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#;

/// Events whose order says everything.
const EVENTS: [&str; 18] = [
    "accepted",
    "new",
    "fill",
    "partial_fill",
    "canceled",
    "expired",
    "done_for_day",
    "replaced",
    "rejected",
    "pending_new",
    "stopped",
    "pending_cancel",
    "pending_replace",
    "calculated",
    "suspended",
    "restated",
    "held",
    "accepted_for_bidding",
];

/// One socket's protocol.
pub(in crate::providers::alpaca) struct TradeSession {
    shown: Shown,
    account: AccountId,
    environment: Environment,
    families: Arc<Families>,
    stage: Stage,
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    LogIn,
    Listening,
    Live,
}

type Out<'a> = &'a mut Outbox<StreamEvent>;

impl TradeSession {
    pub(in crate::providers::alpaca) fn new(
        shown: Shown,
        account: AccountId,
        environment: Environment,
        families: Arc<Families>,
    ) -> Self {
        Self {
            shown,
            account,
            environment,
            families,
            stage: Stage::LogIn,
            deadline: None,
        }
    }

    fn frame(&mut self, now: Instant, bytes: &[u8], out: Out<'_>) {
        let Ok(message) = json::parse_object::<TradingMessage<'_>>(bytes) else {
            return garbled(out, "a frame of the order stream");
        };
        match message.stream.text_or_empty().as_ref() {
            "authorization" => self.authorization(now, message.data, out),
            "listening" => self.listening(message.data, out),
            "trade_updates" => {
                if let Err(why) = self.trade_update(message.data, out) {
                    garbled(out, &format!("an order event: {why}"));
                }
            }
            other => garbled(out, &format!("a message of the unknown stream {other}")),
        }
    }

    fn authorization(&mut self, now: Instant, data: Field<'_>, out: Out<'_>) {
        let answer: Acknowledgement<'_> = nested(data).unwrap_or_default();
        let words = self.shown.hidden_in(&answer.message.text_or_empty());
        match (
            answer.status.text_or_empty().as_ref(),
            answer.action.text_or_empty().as_ref(),
        ) {
            ("authorized", _) if self.stage == Stage::LogIn => {
                self.stage = Stage::Listening;
                self.deadline = Some(now + STEP);
                out.say(LISTEN.to_owned());
            }
            ("authorized", _) => {}
            // We asked to listen before the log-in had gone through: a new connection starts over.
            ("unauthorized", "listen") => retry(out, "the server forgot our log-in".into()),
            ("unauthorized", _) => {
                let words = if words.is_empty() {
                    self.shown.advice().into()
                } else {
                    words
                };
                give_up(out, format!("the log-in was refused: {words}"));
            }
            (other, _) => retry(
                out,
                format!(
                    "the server answered the log-in with: {}",
                    Text::at_most(self.shown.hidden_in(other).as_str(), 64)
                ),
            ),
        }
    }

    fn listening(&mut self, data: Field<'_>, out: Out<'_>) {
        let answer: Acknowledgement<'_> = nested(data).unwrap_or_default();
        let listens = answer
            .streams
            .iter()
            .any(|name| name.text().as_deref() == Some("trade_updates"));
        if !listens {
            retry(out, "the server does not send order events to us".into());
        } else if self.stage != Stage::Live {
            self.stage = Stage::Live;
            self.deadline = None;
            out.events.push(StreamEvent::Ready);
        }
    }

    fn trade_update(&self, data: Field<'_>, out: Out<'_>) -> Result<(), Unreadable> {
        let update: TradeUpdate<'_> = nested(data).ok_or(Unreadable("its content"))?;
        let row: OrderRow<'_> = nested(update.order).ok_or(Unreadable("its order"))?;
        let event = update.event.text_or_empty();
        let order = self.order(&row, &event)?;
        let fill = match event.as_ref() {
            "fill" | "partial_fill" => Some(order::fill(&update, &order)),
            _ => None,
        };
        let symbol = order.draft.symbol.clone();
        out.events.push(StreamEvent::Order(Box::new(order)));
        if let Some(fill) = fill {
            out.events.push(StreamEvent::Fill(Box::new(fill?)));
        }
        match event.as_ref() {
            "order_replace_rejected" => trouble(
                out,
                format!("the change of an order for {symbol} was refused"),
            ),
            "order_cancel_rejected" => trouble(
                out,
                format!("the cancel of an order for {symbol} was refused"),
            ),
            "trade_bust" => trouble(out, format!("an execution of {symbol} was declared void")),
            "trade_correct" => trouble(out, format!("an execution of {symbol} was corrected")),
            known if EVENTS.contains(&known) => {}
            other => garbled(out, &format!("an order event that is not known: {other}")),
        }
        Ok(())
    }

    fn order(&self, row: &OrderRow<'_>, event: &str) -> Result<Order, Unreadable> {
        let family = order::family(row, &self.account, Mode::from(self.environment))?;
        let mut order = self.families.learn(family).swap_remove(0);
        if row.status.text().is_none() {
            order.state = state_after(event);
        }
        Ok(order)
    }
}

/// The state that an event leads to, for an order that does not say its own.
fn state_after(event: &str) -> OrderState {
    order::state(match event {
        "fill" => "filled",
        "partial_fill" | "order_replace_rejected" | "order_cancel_rejected" | "restated" => "new",
        other => other,
    })
}

impl Session for TradeSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        self.deadline = Some(now + STEP);
        out.say(self.shown.trading_log_in());
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
            retry(out, "the server did not answer the log-in".into());
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

fn nested<'a, T: Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    json::parse_object(field.raw()?.get().as_bytes()).ok()
}

fn garbled(out: Out<'_>, at: &str) {
    out.events.push(StreamEvent::Garbled { at: at.into() });
}

fn trouble(out: Out<'_>, what: String) {
    out.events.push(StreamEvent::Trouble { what: what.into() });
}

#[cfg(test)]
#[path = "trading_tests.rs"]
mod tests;
