//! The life of an order: checked, written down, sent, and followed until nothing more can happen to it.
//!
//! An order whose fate is not known stays so until the venue gives evidence; it is looked up by our id
//! and never sent again.

use crate::domain::order::OrderChange;
use crate::domain::{
    AccountId, ClientOrderId, ConnectionId, Order, OrderDraft, OrderKind, OrderSize, OrderState,
    Quantity, Text, Timestamp,
};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{Failure, OpenIntent, Sent};
use crate::engine::output::{JournalStep, Output};
use crate::engine::risk::{self, Check};
use crate::link::{EntryKind, Event, Level};
use std::collections::BTreeMap;
use std::time::Duration;

/// Finished orders kept; older ones are dropped.
const MOST_FINISHED: usize = 5_000;

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

/// Every order, ours and those the venues told us of.
#[derive(Default)]
pub(crate) struct OrderBook {
    orders: BTreeMap<ClientOrderId, Entry>,
}

struct Entry {
    order: Order,
    /// Whether this program sent it and its journal has to be told.
    is_ours: bool,
    look_up: Option<LookUp>,
    cancel_wanted: bool,
}

/// The search for an order whose fate is not known.
struct LookUp {
    due: Timestamp,
    tries: u32,
    absent: u32,
}

impl OrderBook {
    pub(crate) fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.orders.get(id).map(|entry| &entry.order)
    }

    pub(crate) fn all(&self) -> Vec<Order> {
        self.orders
            .values()
            .map(|entry| entry.order.clone())
            .collect()
    }

    /// Orders that may still fill, unknown ones included.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Order> {
        self.orders
            .values()
            .map(|entry| &entry.order)
            .filter(|order| !order.state.is_final())
    }

    pub(crate) fn forget(&mut self, connection: &ConnectionId) {
        self.orders
            .retain(|_, entry| entry.order.draft.account.connection != *connection);
    }

    pub(crate) fn next_look_up(&self) -> Option<Timestamp> {
        self.orders
            .values()
            .filter_map(|entry| entry.look_up.as_ref())
            .map(|look_up| look_up.due)
            .min()
    }

    fn insert(&mut self, order: Order, is_ours: bool) {
        let entry = Entry {
            order,
            is_ours,
            look_up: None,
            cancel_wanted: false,
        };
        self.orders.insert(entry.order.id.clone(), entry);
        if self.orders.len() <= MOST_FINISHED {
            return;
        }
        let finished = self
            .orders
            .values()
            .filter(|entry| entry.order.state.is_final());
        let oldest = finished
            .min_by_key(|entry| entry.order.updated)
            .map(|entry| entry.order.id.clone());
        if let Some(oldest) = oldest {
            self.orders.remove(&oldest);
        }
    }
}

impl Engine {
    pub(super) fn place(&mut self, now: Timestamp, id: ClientOrderId, draft: OrderDraft) {
        if self.book.get(&id).is_some() {
            return; // a repeat of the same request: the first one counts
        }
        let approved = match self
            .check(&draft)
            .and_then(|check| risk::approve(id.clone(), draft.clone(), &check))
        {
            Ok(approved) => approved,
            Err(reason) => return self.refuse(now, id, &draft, reason),
        };
        let order = new_order(now, id, draft, OrderState::Sending, None);
        self.book.insert(order.clone(), true);
        self.publish(Event::Order(Box::new(order)));
        self.out.push(Output::Place(approved));
    }

    fn check<'a>(&'a self, draft: &'a OrderDraft) -> Result<Check<'a>, Text> {
        let account = self.holdings.accounts.get(&draft.account);
        let account = account.ok_or_else(|| Text::from("that account is not connected"))?;
        let session = self.sessions.get(&draft.account.connection);
        Ok(Check {
            account,
            is_reachable: session.is_some_and(|session| session.is_usable()),
            read_only: self.settings.read_only,
            instrument: self.instruments.get(&draft.symbol),
            open: self
                .book
                .open()
                .filter(|order| order.draft.account == draft.account)
                .collect(),
        })
    }

    fn refuse(&mut self, now: Timestamp, id: ClientOrderId, draft: &OrderDraft, reason: Text) {
        let text = format!(
            "not sent: {} {}: {reason}",
            draft.side.as_str(),
            draft.symbol
        );
        self.note(
            now,
            Line::new(EntryKind::Order, text)
                .level(Level::Warn)
                .account(&draft.account),
        );
        self.publish(Event::OrderRefused { id, reason });
    }

    pub(super) fn take_answer(&mut self, now: Timestamp, id: &ClientOrderId, sent: Sent) {
        match sent {
            Sent::Accepted(order) => self.take_report(now, *order),
            Sent::Rejected(reason) | Sent::NotSent(reason) => {
                self.step(now, id, OrderState::Rejected { reason })
            }
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

    /// The order may or may not have arrived: it is looked up until the venue says.
    fn lose_track(&mut self, now: Timestamp, id: &ClientOrderId, why: Text) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        if entry.order.state != OrderState::Sending {
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
    fn step(&mut self, now: Timestamp, id: &ClientOrderId, state: OrderState) {
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
    pub(super) fn take_report(&mut self, now: Timestamp, report: Order) {
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
        let ours = &mut entry.order;
        let is_stale = report.filled < ours.filled || !ours.state.may_become(&report.state);
        if is_stale {
            return;
        }
        entry.look_up = None;
        if report == *ours {
            return;
        }
        let has_filled = report.filled > ours.filled;
        let created = ours.created.min(report.created);
        *ours = Order { created, ..report };
        let account = ours.draft.account.clone();
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
        if is_ours {
            self.out
                .push(Output::Record(id.clone(), journal_step(&order), now));
        }
        let level = match order.state {
            OrderState::Unknown { .. } | OrderState::Rejected { .. } => Level::Wrong,
            _ => Level::Info,
        };
        let line = Line::new(EntryKind::Order, sentence(&order))
            .level(level)
            .account(&order.draft.account);
        match level {
            Level::Wrong => self.announce(now, line),
            Level::Info | Level::Warn => self.note(now, line),
        }
        self.publish(Event::Order(Box::new(order)));
    }

    pub(super) fn replace(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        replacement: ClientOrderId,
        change: OrderChange,
    ) {
        if self.book.get(&replacement).is_some() {
            return;
        }
        let Some(order) = self.book.get(id).cloned() else {
            return self.tell(Level::Warn, "that order is not known any more");
        };
        let draft = changed_draft(&order.draft, &change);
        let provider_id = match &order.provider_id {
            Some(provider_id) if !order.state.is_final() => provider_id.clone(),
            _ => {
                return self.refuse(
                    now,
                    replacement,
                    &draft,
                    "the order cannot be changed in its state".into(),
                );
            }
        };
        let approved = self.check(&draft).and_then(|check| {
            risk::approve_change(replacement.clone(), (&draft, change), &order, &check)
        });
        let change = match approved {
            Ok(change) => change,
            Err(reason) => return self.refuse(now, replacement, &draft, reason),
        };
        let sending = new_order(
            now,
            replacement,
            draft.clone(),
            OrderState::Sending,
            Some(provider_id.clone()),
        );
        self.book.insert(sending.clone(), true);
        self.publish(Event::Order(Box::new(sending)));
        let account = order.draft.account.clone();
        let draft = Box::new(draft);
        self.out.push(Output::Replace {
            account,
            original: id.clone(),
            provider_id,
            change,
            draft,
        });
    }

    pub(super) fn cancel(&mut self, now: Timestamp, id: &ClientOrderId) {
        if self.settings.read_only {
            return self.tell(Level::Warn, "this run is read-only; nothing was cancelled");
        }
        let Some(entry) = self.book.orders.get_mut(id) else {
            return self.tell(Level::Warn, "that order is not known any more");
        };
        if entry.order.state.is_final() {
            let text = format!("the order is {} already", entry.order.state.word());
            return self.tell(Level::Info, text);
        }
        entry.cancel_wanted = true;
        self.cancel_if_wanted(now, id);
    }

    /// Sends a wanted cancel once the venue's id is known.
    fn cancel_if_wanted(&mut self, now: Timestamp, id: &ClientOrderId) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        let Some(provider_id) = entry.order.provider_id.clone() else {
            return;
        };
        if !std::mem::take(&mut entry.cancel_wanted) || entry.order.state.is_final() {
            return;
        }
        let account = entry.order.draft.account.clone();
        self.out.push(Output::Cancel {
            id: id.clone(),
            account,
            provider_id,
        });
        self.step(now, id, OrderState::CancelPending);
    }

    pub(super) fn take_cancel_answer(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        answer: Result<(), Failure>,
    ) {
        let Err(failure) = answer else { return };
        let Some(order) = self.book.get(id).cloned() else {
            return;
        };
        let text = format!(
            "cancel of {} not taken: {}",
            order.draft.symbol, failure.what
        );
        self.announce(
            now,
            Line::new(EntryKind::Order, text)
                .level(Level::Wrong)
                .account(&order.draft.account),
        );
        // What the venue says of the order now is the truth, not our wish.
        let account = order.draft.account;
        self.schedule(
            &account.connection.clone(),
            crate::engine::Reading::Orders(account),
            now,
        );
        self.step(now, id, OrderState::Working);
    }

    pub(super) fn cancel_all(&mut self, now: Timestamp, account: Option<AccountId>) {
        if self.settings.read_only {
            return self.tell(Level::Warn, "this run is read-only; nothing was cancelled");
        }
        let mut accounts: Vec<AccountId> = self
            .book
            .open()
            .map(|order| order.draft.account.clone())
            .collect();
        accounts.sort();
        accounts.dedup();
        accounts.retain(|candidate| account.as_ref().is_none_or(|wanted| wanted == candidate));
        for account in accounts {
            let line = Line::new(EntryKind::Order, "cancel of every working order asked for")
                .account(&account);
            self.note(now, line);
            self.out.push(Output::CancelAll(account));
        }
    }

    pub(super) fn take_all_cancel_answer(
        &mut self,
        now: Timestamp,
        account: &AccountId,
        answer: Result<(usize, Vec<Text>), Failure>,
    ) {
        let line = match answer {
            Ok((asked, refused)) if refused.is_empty() => Line::new(
                EntryKind::Order,
                format!("{asked} cancels taken by the venue"),
            ),
            Ok((asked, refused)) => {
                let text = format!(
                    "{asked} cancels taken by the venue, {} refused",
                    refused.len()
                );
                Line::new(EntryKind::Order, text)
                    .level(Level::Wrong)
                    .detail(refused[0].clone())
            }
            Err(failure) => {
                let text = format!("cancel of every order not taken: {}", failure.what);
                Line::new(EntryKind::Order, text).level(Level::Wrong)
            }
        };
        self.announce(now, line.account(account));
        self.schedule(
            &account.connection,
            crate::engine::Reading::Orders(account.clone()),
            now,
        );
    }

    /// Takes in orders that an earlier run sent and never saw settled.
    pub(super) fn take_intents(&mut self, now: Timestamp, intents: Vec<OpenIntent>) {
        for intent in intents {
            if self.book.get(&intent.id).is_some() {
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
    pub(super) fn look_up_open_orders(&mut self, now: Timestamp, connection: &ConnectionId) {
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

    pub(super) fn look_up_what_is_due(&mut self, now: Timestamp) {
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

    pub(super) fn take_look_up(
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

fn new_order(
    now: Timestamp,
    id: ClientOrderId,
    draft: OrderDraft,
    state: OrderState,
    replaces: Option<Text>,
) -> Order {
    Order {
        id,
        provider_id: None,
        draft,
        state,
        filled: Quantity::ZERO,
        average_price: None,
        created: now,
        updated: now,
        replaces,
        parent: None,
    }
}

/// The draft of an order with a change applied.
fn changed_draft(draft: &OrderDraft, change: &OrderChange) -> OrderDraft {
    let mut changed = draft.clone();
    if let Some(quantity) = change.quantity {
        changed.size = OrderSize::Quantity(quantity);
    }
    if let Some(time_in_force) = change.time_in_force {
        changed.time_in_force = time_in_force;
    }
    changed.kind = match draft.kind {
        OrderKind::Market => OrderKind::Market,
        OrderKind::Limit { limit } => OrderKind::Limit {
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::Stop { stop } => OrderKind::Stop {
            stop: change.stop.unwrap_or(stop),
        },
        OrderKind::StopLimit { stop, limit } => OrderKind::StopLimit {
            stop: change.stop.unwrap_or(stop),
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::TrailingStop { trail } => OrderKind::TrailingStop {
            trail: change.trail.unwrap_or(trail),
        },
    };
    changed
}

fn journal_step(order: &Order) -> JournalStep {
    match &order.state {
        OrderState::Rejected { reason } => JournalStep::Rejected(reason.clone()),
        OrderState::Unknown { why, .. } => JournalStep::Unknown(why.clone()),
        state if state.is_final() => JournalStep::Closed(state.word().into()),
        _ => JournalStep::Acknowledged(order.provider_id.clone().unwrap_or_default()),
    }
}

/// An order and where it stands, in one line: `buy 100 AAPL limit 189.90 day: working (PAPER)`.
fn sentence(order: &Order) -> String {
    let draft = &order.draft;
    let size = match draft.size {
        OrderSize::Quantity(quantity) => quantity.to_string(),
        OrderSize::Notional(amount) => format!("{amount} worth of"),
    };
    let state = match &order.state {
        OrderState::Rejected { reason } => format!("rejected: {reason}"),
        OrderState::Unknown { why, .. } => format!("UNKNOWN: {why}"),
        OrderState::Working if order.is_partly_filled() => format!("{} filled", order.filled),
        state => state.word().to_owned(),
    };
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
