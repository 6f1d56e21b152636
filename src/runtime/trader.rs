//! The right to send orders at a connection, as a type: what sends, changes, cancels or looks up an order asks for it.

use crate::domain::order::Said;
use crate::domain::{AccountId, ClientOrderId, Question, Text, Timestamp};
use crate::engine::Input;
use crate::engine::input::Sent;
use crate::engine::risk::{Approved, Paper};
use crate::providers::provider::{Orders, Provider, ProviderError};
use crate::runtime::Runtime;
use crate::runtime::credentials::Credentials;
use crate::runtime::effects::{Replacement, not_connected};
use crate::vault::Domain;
use std::sync::Arc;

/// A connection whose credential may trade.
#[derive(Clone)]
pub(crate) struct Trader(Arc<dyn Provider>);

impl Trader {
    /// Only a credential sealed for traders gives one, and a viewer's session has no key to any.
    pub(crate) fn of(credentials: &Credentials, provider: &Arc<dyn Provider>) -> Option<Self> {
        match credentials.domain {
            Domain::Trade => Some(Self(provider.clone())),
            Domain::View => None,
        }
    }

    /// Where its orders go.
    pub(crate) fn orders(&self) -> Result<&dyn Orders, ProviderError> {
        self.0.orders().ok_or_else(|| ProviderError::Refused {
            reason: "this provider takes no orders".into(),
        })
    }
}

impl Runtime {
    pub(super) fn send_order(&self, now: Timestamp, order: Approved<Paper>) {
        match self.trader(&order.what().account.connection) {
            Some(trader) => self.effects.place(now, trader, order),
            None => self.nobody_to_send_to(order.id().clone()),
        }
    }

    pub(super) fn send_change(&self, now: Timestamp, replacement: Replacement) {
        match self.trader(&replacement.account.connection) {
            Some(trader) => self.effects.replace(now, trader, replacement),
            None => self.nobody_to_send_to(replacement.change.id().clone()),
        }
    }

    /// What the person said to a question about the order `id`.
    pub(super) fn send_answer(
        &self,
        id: ClientOrderId,
        asked: (AccountId, Box<Question>),
        said: Said,
    ) {
        match self.trader(&asked.0.connection) {
            Some(trader) => self.effects.answer(trader, id, asked, said),
            None => self.nobody_to_send_to(id),
        }
    }

    pub(super) fn send_cancel(&self, id: ClientOrderId, account: AccountId, provider_id: Text) {
        match self.trader(&account.connection) {
            Some(trader) => self.effects.cancel(trader, id, account, provider_id),
            None => self.later(Input::CancelAnswered(id, Err(not_connected()))),
        }
    }

    pub(super) fn send_cancel_all(&self, account: AccountId) {
        match self.trader(&account.connection) {
            Some(trader) => self.effects.cancel_all(trader, account),
            None => self.later(Input::AllCancelAnswered(account, Err(not_connected()))),
        }
    }

    /// An order for a connection that gives no such right.
    fn nobody_to_send_to(&self, id: ClientOrderId) {
        self.later(Input::OrderAnswered(
            id,
            Sent::NotSent("the connection is closed".into()),
        ));
    }
}
