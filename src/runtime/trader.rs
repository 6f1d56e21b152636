//! The right to send orders at a connection, as a type: what sends, changes, cancels or looks up an order asks for it.

use crate::engine::Input;
use crate::engine::input::Sent;
use crate::providers::provider::{Orders, Provider, ProviderError};
use crate::runtime::Runtime;
use crate::runtime::credentials::Credentials;
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
    /// An order for a connection that gives no such right.
    pub(super) fn nobody_to_send_to(&self, id: crate::domain::ClientOrderId) {
        self.later(Input::OrderAnswered(
            id,
            Sent::NotSent("the connection is closed".into()),
        ));
    }
}
