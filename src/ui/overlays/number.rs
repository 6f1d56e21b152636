//! Numbers as a person types them: digits and one point, nothing guessed and nothing rounded.

use crate::domain::money;
use rust_decimal::Decimal;

/// Reads a number above zero, or says what is wrong with it.
pub(super) fn positive(text: &str) -> Result<Decimal, String> {
    let text = text.trim();
    let is_plain = |it: char| it.is_ascii_digit() || it == '.';
    if text.is_empty() {
        return Err("this is needed".into());
    }
    if text.contains(',') {
        return Err(format!(
            "write it without commas; the decimal sign is a point: {}",
            text.replace(',', "")
        ));
    }
    if text.starts_with('-') {
        return Err("must be more than zero".into());
    }
    if !text.chars().all(is_plain) || !text.contains(|it: char| it.is_ascii_digit()) {
        return Err("not a number".into());
    }
    let number = money::decimal(text).map_err(|_| "not a number".to_owned())?;
    if number.is_zero() {
        return Err("must be more than zero".into());
    }
    Ok(number)
}

/// The same for a field that may be left empty.
pub(super) fn positive_or_none(text: &str) -> Result<Option<Decimal>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    positive(text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written_or_not_at_all() {
        for (text, expected) in [
            ("100", "100"),
            (" 189.90 ", "189.90"),
            ("0.25", "0.25"),
            (".5", "0.5"),
            ("5.", "5"),
        ] {
            assert_eq!(
                positive(text).map(|it| it.to_string()),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
        let wrong = [
            ("", "this is needed"),
            ("0", "must be more than zero"),
            ("0.00", "must be more than zero"),
            ("-5", "must be more than zero"),
            (
                "1,000",
                "write it without commas; the decimal sign is a point: 1000",
            ),
            ("1e3", "not a number"),
            ("1k", "not a number"),
            ("1.2.3", "not a number"),
            (".", "not a number"),
            ("+5", "not a number"),
            ("１００", "not a number"),
            ("99999999999999999999999999999999999999", "not a number"),
        ];
        for (text, problem) in wrong {
            assert_eq!(positive(text), Err(problem.to_owned()), "{text}");
        }
        assert_eq!(positive_or_none("  "), Ok(None));
        assert_eq!(positive_or_none("x"), Err("not a number".into()));
    }
}
