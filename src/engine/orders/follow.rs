//! What becomes of an order after it was sent: answers, reports, look-ups, intents of an earlier run.
//!
//! An order whose fate is not known stays so until the venue gives evidence; it is looked up by our id
//! and never sent again.

use crate::domain::order::Said;
use crate::domain::{ClientOrderId, ConnectionId, Order, OrderSize, OrderState, Text, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::book::LookUp;
use crate::engine::input::{Failure, OpenIntent, Sent};
use crate::engine::orders::new_order;
use crate::engine::output::{JournalStep, Output};
use crate::link::{EntryKind, Event, Level};
use std::time::Duration;

/// Pauses between look-ups of an order whose fate is not known; the last one repeats.
const LOOK_UPS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Look-ups that must find nothing, and over how long, before the person is asked to decide.
const ABSENT_LOOK_UPS: u32 = 3;
const ABSENT_FOR: Duration = Duration::from_secs(60);

impl Engine {
    pub(in crate::engine) fn take_answer(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        sent: Sent,
    ) {
        if self.said(id) == Some(Said::No) {
            return self.take_answer_to_no(now, id, sent);
        }
        match sent {
            Sent::Accepted(order) => self.take_report(now, *order),
            Sent::NotSent(why) if self.said(id) == Some(Said::Yes) => {
                let reason = format!("your yes did not leave, and nothing was placed: {why}");
                let reason = reason.into();
                self.step(now, id, OrderState::Rejected { reason })
            }
            Sent::Rejected(reason) | Sent::NotSent(reason) => {
                self.step(now, id, OrderState::Rejected { reason })
            }
            Sent::Asked(question) => self.take_question(now, id, question),
            Sent::Duplicate => {
                self.lose_track(
                    now,
                    id,
                    "the venue has an order with this id already; looking it up".into(),
                );
            }
            Sent::Unknown(why) => self.lose_track(now, id, why),
        }
    }

    /// What the person said to the order's question, while the venue has not answered that.
    fn said(&self, id: &ClientOrderId) -> Option<Said> {
        let OrderState::Asked { said, .. } = self.book.get(id)?.state else {
            return None;
        };
        said
    }

    /// The order may or may not have arrived: it is looked up until the venue says.
    fn lose_track(&mut self, now: Timestamp, id: &ClientOrderId, why: Text) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        let is_under_way = matches!(
            entry.order.state,
            OrderState::Sending
                | OrderState::Asked {
                    said: Some(Said::Yes),
                    ..
                }
        );
        if !is_under_way {
            return; // the stream was faster than the answer
        }
        entry.look_up = Some(LookUp {
            due: now.plus(LOOK_UPS[0]),
            tries: 0,
            absent: 0,
        });
        self.step(now, id, OrderState::Unknown { since: now, why });
    }

    /// Moves an order to a state that we decided on, when that step is legal.
    pub(in crate::engine) fn step(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        state: OrderState,
    ) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        if !entry.order.state.may_become(&state) || entry.order.state == state {
            return;
        }
        entry.order.state = state;
        entry.order.updated = now;
        self.tell_order(now, id);
    }

    /// Takes in an order as the venue sees it; a final state never opens again and fills never shrink.
    pub(in crate::engine) fn take_report(&mut self, now: Timestamp, report: Order) {
        let id = report.id.clone();
        let Some(entry) = self.book.orders.get_mut(&id) else {
            let is_recent = !report.state.is_final();
            self.book.insert(report.clone(), false);
            self.publish(Event::Order(Box::new(report)));
            if is_recent {
                self.read_what_is_due(now);
            }
            return;
        };
        if entry.has_overtaken(&report) {
            return;
        }
        entry.look_up = None;
        if report == entry.order {
            return;
        }
        let has_filled = entry.take(report);
        let account = entry.order.draft.account.clone();
        self.tell_order(now, &id);
        if has_filled {
            self.positions_changed(now, &account);
        }
        self.cancel_if_wanted(now, &id);
    }

    /// Tells screens, the log and the journal where an order stands.
    fn tell_order(&mut self, now: Timestamp, id: &ClientOrderId) {
        let Some(entry) = self.book.orders.get(id) else {
            return;
        };
        let (order, is_ours) = (entry.order.clone(), entry.is_ours);
        if let Some(step) = journal_step(&order).filter(|_| is_ours) {
            self.out.push(Output::Record(id.clone(), step, now));
        }
        let level = match order.state {
            OrderState::Unknown { .. } | OrderState::Rejected { .. } => Level::Wrong,
            OrderState::Asked { said: None, .. } => Level::Warn,
            OrderState::Asked { said: Some(_), .. }
            | OrderState::Sending
            | OrderState::Accepted
            | OrderState::Working
            | OrderState::CancelPending
            | OrderState::ReplacePending
            | OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Expired
            | OrderState::Replaced
            | OrderState::Other { .. } => Level::Info,
        };
        let line = Line::new(EntryKind::Order, sentence(&order))
            .level(level)
            .account(&order.draft.account);
        match level {
            Level::Warn | Level::Wrong => self.announce(now, line),
            Level::Info => self.note(now, line),
        }
        self.publish(Event::Order(Box::new(order)));
    }

    /// Takes in orders that an earlier run sent and never saw settled.
    pub(in crate::engine) fn take_intents(&mut self, now: Timestamp, intents: Vec<OpenIntent>) {
        for intent in intents {
            if let Some(known) = self.book.get(&intent.id) {
                // What ended while the journal was sealed is written down now.
                if let Some(step) = journal_step(known).filter(|_| known.state.is_final()) {
                    self.out.push(Output::Record(intent.id, step, now));
                }
                continue;
            }
            let why = "the program ended before the venue's answer was known".into();
            let state = OrderState::Unknown { since: now, why };
            let mut order = new_order(intent.created, intent.id.clone(), intent.draft, state, None);
            order.provider_id = intent.provider_id;
            self.book.insert(order.clone(), true);
            if let Some(entry) = self.book.orders.get_mut(&intent.id) {
                entry.look_up = Some(LookUp {
                    due: now,
                    tries: 0,
                    absent: 0,
                });
            }
            self.publish(Event::Order(Box::new(order)));
        }
    }

    /// Looks up at once what is not known of a connection that just answered.
    pub(in crate::engine) fn look_up_open_orders(
        &mut self,
        now: Timestamp,
        connection: &ConnectionId,
    ) {
        let mine = self
            .book
            .orders
            .values_mut()
            .filter(|entry| entry.order.draft.account.connection == *connection);
        for look_up in mine.filter_map(|entry| entry.look_up.as_mut()) {
            look_up.due = now;
        }
        self.look_up_what_is_due(now);
    }

    pub(in crate::engine) fn look_up_what_is_due(&mut self, now: Timestamp) {
        for (id, entry) in &mut self.book.orders {
            let Some(look_up) = entry.look_up.as_mut().filter(|look_up| look_up.due <= now) else {
                continue;
            };
            let pause = LOOK_UPS[usize::try_from(look_up.tries)
                .unwrap_or(usize::MAX)
                .min(LOOK_UPS.len() - 1)];
            look_up.tries = look_up.tries.saturating_add(1);
            look_up.due = now.plus(pause);
            let account = entry.order.draft.account.clone();
            if self
                .sessions
                .get(&account.connection)
                .is_some_and(|session| session.is_usable())
            {
                self.out.push(Output::LookUp(account, id.clone()));
            }
        }
    }

    pub(in crate::engine) fn take_look_up(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        found: Result<Option<Box<Order>>, Failure>,
    ) {
        match found {
            Ok(Some(order)) => self.take_report(now, *order),
            Ok(None) => self.take_absence(now, id),
            Err(_) => {} // the look-up is due again by its own clock
        }
    }

    /// The venue does not know the order. That is evidence only after several looks over a minute,
    /// and even then a person decides (SAFETY: presumed not placed).
    fn take_absence(&mut self, now: Timestamp, id: &ClientOrderId) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        let OrderState::Unknown { since, .. } = entry.order.state else {
            return;
        };
        let Some(look_up) = entry.look_up.as_mut() else {
            return;
        };
        look_up.absent = look_up.absent.saturating_add(1);
        if look_up.absent < ABSENT_LOOK_UPS || now.since(since) < ABSENT_FOR {
            return;
        }
        let why = "the venue does not know it after several look-ups; presumed not placed, check with the broker";
        let state = OrderState::Unknown {
            since,
            why: why.into(),
        };
        if entry.order.state != state {
            entry.order.state = state;
            entry.order.updated = now;
            self.tell_order(now, id);
        }
    }
}

/// Where an order stands, for the journal; `None` while it is as sent there: an order that is asked about after a
/// crash is looked up like every other that was sent.
fn journal_step(order: &Order) -> Option<JournalStep> {
    if matches!(order.state, OrderState::Sending | OrderState::Asked { .. }) {
        return None;
    }
    Some(step_of(order))
}

fn step_of(order: &Order) -> JournalStep {
    if let OrderState::Rejected { reason } = &order.state {
        return JournalStep::Rejected(reason.clone());
    }
    if let OrderState::Unknown { why, .. } = &order.state {
        return JournalStep::Unknown(why.clone());
    }
    if order.state.is_final() {
        return JournalStep::Closed(order.state.word().into());
    }
    JournalStep::Acknowledged(order.provider_id.clone().unwrap_or_default())
}

/// An order and where it stands, in one line: `buy 100 AAPL limit 189.90 day: working (PAPER)`.
fn sentence(order: &Order) -> String {
    let draft = &order.draft;
    let size = match draft.size {
        OrderSize::Quantity(quantity) => quantity.to_string(),
        OrderSize::Notional(amount) => format!("{amount} worth of"),
    };
    let state = sentence_of_state(order);
    let (side, kind, time) = (
        draft.side.as_str(),
        draft.kind,
        draft.time_in_force.as_str(),
    );
    format!(
        "{side} {size} {} {kind} {time}: {state} ({})",
        draft.symbol,
        draft.mode.word()
    )
}

fn sentence_of_state(order: &Order) -> String {
    if let OrderState::Rejected { reason } = &order.state {
        return format!("rejected: {reason}");
    }
    if let OrderState::Unknown { why, .. } = &order.state {
        return format!("UNKNOWN: {why}");
    }
    if let Some(question) = order.question() {
        let words = question.sentences().first().cloned().unwrap_or_default();
        return format!("the venue asks: {words}");
    }
    if order.state == OrderState::Working && order.is_partly_filled() {
        return format!("{} filled", order.filled);
    }
    order.state.word().to_owned()
}
