//! Reading what somebody else wrote, field by field and row by row: what cannot be read never takes its neighbours along.

use crate::domain::money::decimal;
use crate::domain::{Text, Timestamp};
use crate::net::json;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A field as it was written; nothing when it was missing or `null`.
#[derive(Clone, Copy, Default)]
pub struct Field<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Option::deserialize(input).map(Self)
    }
}

impl<'a> Field<'a> {
    /// The text of a string, or a number as written; an empty string is nothing.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.0?.get();
        let Some(quoted) = raw.strip_prefix('"') else {
            return Some(Cow::Borrowed(raw));
        };
        let plain = quoted.strip_suffix('"').unwrap_or(quoted);
        let text = if plain.contains('\\') {
            Cow::Owned(serde_json::from_str(raw).ok()?)
        } else {
            Cow::Borrowed(plain)
        };
        (!text.is_empty()).then_some(text)
    }

    /// The text, or an empty one.
    pub fn text_or_empty(self) -> Cow<'a, str> {
        self.text().unwrap_or_default()
    }

    /// A decimal written as a string or a number; `Ok(None)` when missing.
    pub fn decimal(self) -> Result<Option<Decimal>, Unreadable> {
        self.text()
            .map(|text| decimal(&text).map_err(|_| Unreadable("a number")))
            .transpose()
    }

    /// A moment as RFC 3339 text; `Ok(None)` when missing.
    pub fn time(self) -> Result<Option<Timestamp>, Unreadable> {
        self.text()
            .map(|text| Timestamp::parse(&text).map_err(|_| Unreadable("a time")))
            .transpose()
    }

    /// Whether it says `true`.
    pub fn is_true(self) -> bool {
        self.0.is_some_and(|raw| raw.get() == "true")
    }

    /// The value as it was written.
    pub fn raw(self) -> Option<&'a RawValue> {
        self.0
    }
}

/// What could not be read in a message, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing or cannot be read")]
pub struct Unreadable(pub &'static str);

/// Reads the rows of a list one by one; those that fail are left out, each with its place.
pub fn rows<T>(
    raw: &[&RawValue],
    mut read: impl FnMut(&RawValue) -> Result<T, Text>,
) -> (Vec<T>, Vec<Text>) {
    let mut good = Vec::with_capacity(raw.len());
    let mut bad = Vec::new();
    for (index, row) in raw.iter().enumerate() {
        match read(row) {
            Ok(item) => good.push(item),
            Err(why) => bad.push(format!("row {}: {why}", index + 1).into()),
        }
    }
    (good, bad)
}

/// Reads one raw object, saying what failed without its content.
pub fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Text> {
    json::parse_object(raw.get().as_bytes()).map_err(|error| error.to_string().into())
}

/// Whether a body is HTML: what a proxy in between, or a network that wants a log-in first, answers in their place.
pub fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}
