//! Questions that a venue answers an order with: shown to the person, answered by nobody else, once, and in time.
//!
//! An order that waits for its answer is placed nowhere. Without a yes that left it can become nothing but rejected;
//! with one, its fate is that of any order that was sent.

use crate::domain::order::Said;
use crate::domain::{
    AccountId, ClientOrderId, ConnectionId, Order, OrderState, Question, Text, Timestamp,
};
use crate::engine::Engine;
use crate::engine::book::OrderBook;
use crate::engine::input::Sent;
use crate::engine::output::Output;
use crate::link::Level;
use std::time::Duration;

/// How long an answer makes sense. Venues want it at once and forget the question at the next order request or after a
/// time they do not name; what a person reads and weighs in this time is still about the price they saw.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// What an order becomes when the person said no.
const SAID_NO: &str = "you said no to the venue's question; nothing was placed";

/// What an order becomes when nobody said anything.
const TOO_LATE: &str = "the venue's question was not answered in time; nothing was placed";

impl Engine {
    /// The venue placed nothing and asks.
    pub(super) fn take_question(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        question: Box<Question>,
    ) {
        let Some(entry) = self.book.orders.get_mut(id) else {
            return;
        };
        let cancelled = std::mem::take(&mut entry.cancel_wanted);
        let connection = entry.order.draft.account.connection.clone();
        let session = self.sessions.get(&connection);
        if !session.is_some_and(|session| session.is_usable()) {
            let reason =
                "the venue asked something when its connection was closed; nothing was placed";
            return self.reject(now, id, reason);
        }
        let name = Text::new(question.id());
        let asked = OrderState::Asked {
            question,
            until: now.plus(ANSWER_WITHIN),
            said: None,
        };
        self.step(now, id, asked);
        if cancelled {
            self.answer(now, id, &name, Said::No); // the person wanted it gone before the question came
        }
    }

    /// What the person says to the question of an order.
    pub(super) fn answer(&mut self, now: Timestamp, id: &ClientOrderId, name: &Text, said: Said) {
        if self.refuses_to_trade() {
            return;
        }
        self.let_questions_expire(now);
        let Some((account, question, until)) = self.open_question(id, name) else {
            return self.tell(Level::Info, "that question is over");
        };
        if said == Said::Yes && question.missing() > 0 {
            let text = "the question could not be shown whole, so it takes no yes; say no, and place the order with the broker";
            return self.tell(Level::Warn, text);
        }
        let asked = OrderState::Asked {
            question: question.clone(),
            until,
            said: Some(said),
        };
        self.step(now, id, asked);
        self.out.push(Output::Answer {
            id: id.clone(),
            account,
            question,
            said,
        });
    }

    /// The question of that name, while the person has said nothing to it.
    fn open_question(
        &self,
        id: &ClientOrderId,
        name: &Text,
    ) -> Option<(AccountId, Box<Question>, Timestamp)> {
        let order = self.book.get(id)?;
        let question = order.question()?;
        let OrderState::Asked { until, .. } = order.state else {
            return None;
        };
        let is_it = question.id() == name.as_str();
        is_it.then(|| {
            (
                order.draft.account.clone(),
                Box::new(question.clone()),
                until,
            )
        })
    }

    /// What came of a no. Nothing is placed without a yes, so there is nothing to look up whatever the venue said,
    /// unless it says that it has the order all the same.
    pub(super) fn take_answer_to_no(&mut self, now: Timestamp, id: &ClientOrderId, sent: Sent) {
        match sent {
            Sent::Accepted(order) => self.take_report(now, *order),
            Sent::Rejected(_)
            | Sent::Asked(_)
            | Sent::Duplicate
            | Sent::NotSent(_)
            | Sent::Unknown(_) => self.reject(now, id, SAID_NO),
        }
    }

    /// Says no to every question of an account, because the person wants everything cancelled.
    pub(super) fn refuse_questions(&mut self, now: Timestamp, account: &AccountId) {
        let questions = self.book.unanswered().filter_map(|(id, order)| {
            let name = Text::new(order.question()?.id());
            (order.draft.account == *account).then(|| (id.clone(), name))
        });
        for (id, name) in questions.collect::<Vec<_>>() {
            self.answer(now, &id, &name, Said::No);
        }
    }

    /// Nobody can answer the questions of a connection any more.
    pub(super) fn drop_questions(&mut self, now: Timestamp, connection: &ConnectionId, why: &str) {
        let dropped = self
            .book
            .unanswered()
            .filter(|(_, order)| order.draft.account.connection == *connection);
        for id in dropped.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let reason =
                format!("{why} before the venue's question was answered; nothing was placed");
            self.reject(now, &id, &reason);
        }
    }

    /// What nobody answered in time is over.
    pub(super) fn let_questions_expire(&mut self, now: Timestamp) {
        let over = self.book.unanswered().filter(
            |(_, order)| matches!(order.state, OrderState::Asked { until, .. } if until <= now),
        );
        for id in over.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.reject(now, &id, TOO_LATE);
        }
    }

    fn reject(&mut self, now: Timestamp, id: &ClientOrderId, reason: &str) {
        let reason = reason.into();
        self.step(now, id, OrderState::Rejected { reason });
    }
}

impl OrderBook {
    /// Orders whose venue asks and to which the person has said nothing.
    fn unanswered(&self) -> impl Iterator<Item = (&ClientOrderId, &Order)> {
        self.orders
            .iter()
            .map(|(id, entry)| (id, &entry.order))
            .filter(|(_, order)| order.question().is_some())
    }

    /// When the next question is over.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let until = |order: &Order| {
            let OrderState::Asked { until, .. } = order.state else {
                return None;
            };
            Some(until)
        };
        self.unanswered()
            .filter_map(|(_, order)| until(order))
            .min()
    }
}
