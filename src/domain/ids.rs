//! Names of things: providers, connections, orders, numbered updates.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(crate::domain::text::Text);

        impl $name {
            /// Cleans and bounds `raw`.
            pub fn new(raw: &str) -> Self {
                Self(crate::domain::text::Text::at_most(raw, 128))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

text_id! {
    /// A broker, aggregator or payment processor, as in the registry: `alpaca`.
    ProviderId
}

text_id! {
    /// One set of credentials at one provider, unique in a vault: `alpaca`, `alpaca-2`.
    ConnectionId
}

text_id! {
    /// Our own name of an order, made once before anything is sent; a venue that sees it twice refuses the second.
    ClientOrderId
}

impl ClientOrderId {
    /// A version 4 UUID from 16 random bytes; randomness is the caller's.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self::new(
            &uuid::Builder::from_random_bytes(bytes)
                .into_uuid()
                .to_string(),
        )
    }
}

/// Number of an update that may not be missed; the next one is one higher.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
