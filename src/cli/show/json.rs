//! The object every `--json` prints: version, moment, items.

use crate::domain::Timestamp;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// Version of the objects; it rises when a field changes its meaning, not when one is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Envelope<T> {
    version: u32,
    as_of: String,
    items: Vec<T>,
}

/// The object around `items`, in one line.
pub(in crate::cli) fn envelope<T: Serialize>(now: Timestamp, items: Vec<T>) -> String {
    let envelope = Envelope {
        version: VERSION,
        as_of: now.to_rfc3339_millis(),
        items,
    };
    let mut line = serde_json::to_string(&envelope).expect("items are plain values");
    line.push('\n');
    line
}

/// A decimal as its exact digits in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Exact(pub(in crate::cli) Decimal);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

/// A quotient, to eight decimals.
pub(super) fn fraction(value: Decimal) -> Exact {
    Exact(value.round_dp(8).normalize())
}

/// A moment as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Moment(pub(in crate::cli) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0.to_rfc3339_millis())
    }
}
