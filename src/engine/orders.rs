//! The life of an order: checked, written down, sent, and followed until nothing more can happen to it.
//!
//! An order whose fate is not known stays so until the venue gives evidence; it is looked up by our id
//! and never sent again.

mod asked;
mod follow;

use crate::domain::order::{OrderChange, Said};
use crate::domain::{
    AccountId, ClientOrderId, Order, OrderDraft, OrderKind, OrderSize, OrderState, Quantity, Text,
    Timestamp,
};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::Failure;
use crate::engine::output::Output;
use crate::engine::risk::{self, Check};
use crate::link::{EntryKind, Event, Level};

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
        self.no_trading().map_or(Ok(()), Err)?;
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
        if self.refuses_to_trade() {
            return;
        }
        let Some(entry) = self.book.orders.get_mut(id) else {
            return self.tell(Level::Warn, "that order is not known any more");
        };
        if entry.order.state.is_final() {
            let text = format!("the order is {} already", entry.order.state.word());
            return self.tell(Level::Info, text);
        }
        if let Some(question) = entry.order.question() {
            let name = Text::new(question.id());
            return self.answer(now, id, &name, Said::No); // there is nothing else to cancel
        }
        entry.cancel_wanted = true;
        self.cancel_if_wanted(now, id);
    }

    /// Sends a wanted cancel once the venue's id is known.
    pub(super) fn cancel_if_wanted(&mut self, now: Timestamp, id: &ClientOrderId) {
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
        if self.refuses_to_trade() {
            return;
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
            self.refuse_questions(now, &account);
            self.book.want_cancelled(&account);
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
}

pub(super) fn new_order(
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
