//! Their words ⇄ ours. Pure: a payload in, a value of the domain out, or what could not be read.

pub(super) mod account;
pub(super) mod complex;
pub(super) mod execution;
pub(super) mod history;
pub(super) mod market;
pub(super) mod order;
pub(super) mod request;
pub(super) mod symbol;

use super::wire::{Field, Unreadable};
use crate::domain::{Currency, Price, Quantity, Side, Timestamp};
use rust_decimal::Decimal;

/// What stands for a number that is none: dxFeed's own words, in quotes.
const NO_NUMBER: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// A number; those that are none are missing.
pub(super) fn number(field: Field<'_>) -> Result<Option<Decimal>, Unreadable> {
    match field.text() {
        Some(text) if NO_NUMBER.contains(&text.as_ref()) => Ok(None),
        _ => field.decimal(),
    }
}

pub(super) fn price(field: Field<'_>) -> Result<Option<Price>, Unreadable> {
    Ok(number(field)?.map(Price))
}

pub(super) fn quantity(field: Field<'_>) -> Result<Option<Quantity>, Unreadable> {
    Ok(number(field)?.map(Quantity))
}

/// An amount with the sign that its neighbour says: a debit is negative.
pub(super) fn signed(amount: Field<'_>, effect: Field<'_>) -> Result<Option<Decimal>, Unreadable> {
    let amount = number(amount)?;
    Ok(match effect.text().as_deref() {
        Some("Debit") => amount.map(|amount| -amount.abs()),
        _ => amount,
    })
}

/// A moment as text, or as milliseconds since 1970: both are used. Zero milliseconds are no moment.
pub(super) fn moment(field: Field<'_>) -> Result<Option<Timestamp>, Unreadable> {
    let Some(text) = field.text() else {
        return Ok(None);
    };
    match text.parse::<i64>() {
        Ok(0) => Ok(None),
        Ok(millis) => Timestamp::from_millis(millis)
            .map(Some)
            .ok_or(Unreadable("a time")),
        Err(_) => field.time(),
    }
}

/// The first of several moments that is there.
pub(super) fn first_moment(fields: &[Field<'_>]) -> Result<Option<Timestamp>, Unreadable> {
    for field in fields {
        if let Some(time) = moment(*field)? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

pub(super) fn currency(field: Field<'_>) -> Currency {
    let named = field.text().and_then(|code| Currency::parse(&code).ok());
    named.unwrap_or(Currency::USD)
}

/// `Buy to Open`, `Sell to Close`, `Buy` …: what it begins with counts.
pub(super) fn side(field: Field<'_>) -> Result<Side, Unreadable> {
    let text = field.text_or_empty();
    if text.starts_with("Buy") {
        Ok(Side::Buy)
    } else if text.starts_with("Sell") {
        Ok(Side::Sell)
    } else {
        Err(Unreadable("the side"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Field<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_come_in_many_forms_and_some_are_none() {
        for (text, expected) in [
            ("\"54.27\"", Some("54.27")),
            ("742", Some("742")),
            ("760.0", Some("760.0")),
            ("\"NaN\"", None),
            ("\"-Infinity\"", None),
            ("null", None),
            ("\"\"", None),
        ] {
            let read = number(field(text)).unwrap().map(|it| it.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        assert!(number(field("\"much\"")).is_err());
        assert!(number(field("{}")).is_err());
    }

    #[test]
    fn a_debit_is_negative_whatever_its_sign_was() {
        for (effect, expected) in [
            ("\"Debit\"", "-2.5"),
            ("\"Credit\"", "2.5"),
            ("\"None\"", "2.5"),
            ("null", "2.5"),
        ] {
            let read = signed(field("\"2.5\""), field(effect)).unwrap();
            assert_eq!(read.unwrap().to_string(), expected, "{effect}");
        }
    }

    #[test]
    fn a_moment_is_text_or_milliseconds() {
        let read = |text| moment(field(text)).unwrap().map(|it| it.to_string());
        assert_eq!(read("1748439528049").unwrap(), "2025-05-28T13:38:48.049Z");
        assert_eq!(
            read("\"1748439528049\"").unwrap(),
            "2025-05-28T13:38:48.049Z"
        );
        assert_eq!(
            read("\"2025-05-28T13:38:47.851+00:00\"").unwrap(),
            "2025-05-28T13:38:47.851Z"
        );
        assert_eq!(read("0"), None);
        assert!(moment(field("\"today\"")).is_err());
    }
}
