//! The right to send orders at a connection, as a type: what sends, changes, cancels or looks up an order asks for it.

use crate::providers::provider::{Orders, Provider, ProviderError};
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
