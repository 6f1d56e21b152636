//! Their words ⇄ ours. Pure: a payload in, a value of the domain out, or what could not be read.

pub(super) mod account;
pub(super) mod activity;
pub(super) mod market;
pub(super) mod order;
pub(super) mod request;
pub(super) mod symbol;

use crate::domain::money::decimal;
use crate::domain::{Currency, Side, Timestamp};
use crate::providers::fields::{Field, Unreadable};
use rust_decimal::Decimal;

/// A number, however it is dressed: a prefix of one letter, separators of thousands, `K`, `M` or `B` behind it.
pub(super) fn number(field: Field<'_>) -> Result<Option<Decimal>, Unreadable> {
    let Some(text) = field.text() else {
        return Ok(None);
    };
    if let Ok(plain) = decimal(&text) {
        return Ok(Some(plain));
    }
    let text = text.trim().trim_start_matches(['C', 'H', '+']);
    if text.is_empty() || matches!(text, "N/A" | "-" | "n/a") {
        return Ok(None);
    }
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'M') => (&text[..text.len() - 1], 1_000_000),
        Some(b'B') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let plain = decimal(&digits.replace(',', "")).map_err(|_| Unreadable("a number"))?;
    let scaled = plain.checked_mul(Decimal::from(factor));
    scaled.map(Some).ok_or(Unreadable("a number"))
}

/// A number that is not zero: of prices and sizes zero stands for none.
pub(super) fn nonzero(field: Field<'_>) -> Result<Option<Decimal>, Unreadable> {
    Ok(number(field)?.filter(|it| !it.is_zero()))
}

/// The number of a contract.
pub(super) fn conid(field: Field<'_>) -> Option<u64> {
    let text = field.text()?;
    text.parse().ok().filter(|conid| *conid > 0)
}

/// A moment in milliseconds.
pub(super) fn millis(field: Field<'_>) -> Result<Option<Timestamp>, Unreadable> {
    let Some(text) = field.text() else {
        return Ok(None);
    };
    let millis = text.parse().map_err(|_| Unreadable("a time"))?;
    let moment = Timestamp::from_millis(millis).ok_or(Unreadable("a time"))?;
    Ok(Some(moment).filter(|it| it.millis() > 0))
}

pub(super) fn currency(field: Field<'_>) -> Option<Currency> {
    Currency::parse(&field.text()?).ok()
}

/// `BUY`, `B`, `BOT`, `Bought` …: what it begins with counts.
pub(super) fn side(field: Field<'_>) -> Result<Side, Unreadable> {
    match field.text_or_empty().as_bytes().first() {
        Some(b'B' | b'b') => Ok(Side::Buy),
        Some(b'S' | b's') => Ok(Side::Sell),
        _ => Err(Unreadable("the side")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Field<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_come_dressed_and_bare() {
        for (text, expected) in [
            ("\"655.89\"", Some("655.89")),
            ("\"C655.89\"", Some("655.89")),
            ("\"H12.5\"", Some("12.5")),
            ("\"1,300\"", Some("1300")),
            ("\"1.5M\"", Some("1500000.0")),
            ("\"97.2K\"", Some("97200.0")),
            ("584.3133333333334", Some("584.3133333333334")),
            ("\"-3.50\"", Some("-3.50")),
            ("null", None),
            ("\"\"", None),
            ("\"C\"", None),
            ("\"N/A\"", None),
        ] {
            let read = number(field(text)).unwrap().map(|it| it.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        for odd in ["\"much\"", "{}", "\"K\"", "\"1M2\""] {
            assert!(number(field(odd)).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_side_is_told_by_its_beginning() {
        for (word, expected) in [("BUY", Side::Buy), ("BOT", Side::Buy), ("S", Side::Sell)] {
            assert_eq!(side(field(&format!("\"{word}\""))), Ok(expected));
        }
        assert!(side(field("\"EXCHANGE\"")).is_err());
        assert!(side(Field::default()).is_err());
    }
}
