//! What the symbol of a listed option says: `AAPL250620C00100000` is the right to buy AAPL at 100 until 20 June 2025.
//!
//! Source: the Options Symbology Initiative's 21 characters: root, two digits each of year, month and day, `C` or `P`,
//! strike in thousandths as eight digits.

use crate::domain::{Side, Symbol};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// Characters behind the root.
const TAIL: usize = 15;

/// What an option is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What is delivered.
    pub underlying: Symbol,
    /// Last day.
    pub expires: Date,
    /// Whether the right is to buy.
    pub is_call: bool,
    /// Price of one unit of the underlying.
    pub strike: Decimal,
}

impl Terms {
    /// Reads a symbol; `None` for whatever is not a listed option.
    pub fn of(symbol: &Symbol) -> Option<Self> {
        let text = symbol.as_str();
        let at = text.len().checked_sub(TAIL)?;
        if at == 0 || !text.is_ascii() {
            return None;
        }
        let (root, tail) = text.split_at(at);
        let (date, rest) = tail.split_at(6);
        let (right, strike) = rest.split_at(1);
        if !date
            .bytes()
            .chain(strike.bytes())
            .all(|it| it.is_ascii_digit())
        {
            return None;
        }
        let year: i16 = date[..2].parse().ok()?;
        let (month, day) = (date[2..4].parse().ok()?, date[4..].parse().ok()?);
        Some(Self {
            underlying: Symbol::new(root),
            expires: Date::new(2000 + year, month, day).ok()?,
            is_call: match right {
                "C" => true,
                "P" => false,
                _ => return None,
            },
            strike: Decimal::new(strike.parse().ok()?, 3).normalize(),
        })
    }

    /// What happens to the underlying in the account whose contracts are used: `held` says whether they were its own.
    pub fn delivery(&self, held: bool) -> Side {
        match self.is_call == held {
            true => Side::Buy,
            false => Side::Sell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_listed_option_names_its_terms() {
        let terms = Terms::of(&Symbol::new("BRKB260619P00452500")).unwrap();
        assert_eq!(terms.underlying, Symbol::new("BRKB"));
        assert_eq!(terms.expires, date(2026, 6, 19));
        assert!(!terms.is_call);
        assert_eq!(terms.strike.to_string(), "452.5");
    }

    #[test]
    fn nothing_else_is_an_option() {
        for other in [
            "AAPL",
            "BTC/USD",
            "250620C00100000",
            "AAPL250640C00100000",
            "AAPL250620X00100000",
            "AAPL250620C0010000X",
            "ÄÖÜÄÖÜÄÖÜÄÖÜ",
        ] {
            assert_eq!(Terms::of(&Symbol::new(other)), None, "{other}");
        }
    }

    #[test]
    fn who_owned_a_call_buys_and_who_wrote_a_put_buys() {
        let terms = |symbol| Terms::of(&Symbol::new(symbol)).unwrap();
        let (call, put) = (terms("X260619C00010000"), terms("X260619P00010000"));
        assert_eq!(
            (call.delivery(true), call.delivery(false)),
            (Side::Buy, Side::Sell)
        );
        assert_eq!(
            (put.delivery(true), put.delivery(false)),
            (Side::Sell, Side::Buy)
        );
    }
}
