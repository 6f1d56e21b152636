//! Symbols: theirs ⇄ ours.
//!
//! Schwab writes class shares with a slash (`BRK/B`) and pads an option's root to six characters
//! (`AAPL  251219C00200000`); we write `BRK.B` and `AAPL251219C00200000`. Indices (`$SPX`), futures (`/ESZ25`), their
//! options (`./OZCZ23C565`) and pairs (`EUR/USD`) are spelled the same.

use crate::domain::Symbol;

/// Characters of an option's root, filled up with spaces.
const ROOT: usize = 6;

/// Characters of an option after its root: six digits, `C` or `P`, eight digits.
const TAIL: usize = 15;

/// Their spelling in ours.
pub(in crate::providers::schwab) fn ours(theirs: &str) -> Symbol {
    let text = theirs.trim();
    if let Some((root, tail)) = option(text) {
        return Symbol::new(&format!("{}{tail}", root.trim_end()));
    }
    match class_share(text, '/') {
        Some((share, class)) => Symbol::new(&format!("{share}.{class}")),
        None => Symbol::new(text),
    }
}

/// Our spelling in theirs.
pub(in crate::providers::schwab) fn theirs(ours: &Symbol) -> String {
    let text = ours.as_str();
    if let Some((root, tail)) = option(text) {
        return format!("{:<ROOT$}{tail}", root.trim_end());
    }
    match class_share(text, '.') {
        Some((share, class)) => format!("{share}/{class}"),
        None => text.to_owned(),
    }
}

/// Root and rest of an option's symbol, padded or not.
fn option(text: &str) -> Option<(&str, &str)> {
    let split = text.len().checked_sub(TAIL).filter(|split| *split > 0)?;
    let (root, tail) = text.split_at_checked(split)?;
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let bytes = tail.as_bytes();
    let is_tail = digits(&bytes[..6]) && matches!(bytes[6], b'C' | b'P') && digits(&bytes[7..]);
    let name = root.trim_end().strip_prefix('$').unwrap_or(root.trim_end());
    let is_root = !name.is_empty()
        && root.len() <= ROOT.max(name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_root && is_tail).then_some((root, tail))
}

/// A share and its class: letters, the mark between, one or two letters. A pair has three on each side.
fn class_share(text: &str, mark: char) -> Option<(&str, &str)> {
    let (share, class) = text.split_once(mark)?;
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let fits = !share.is_empty() && (1..=2).contains(&class.len());
    (fits && letters(share) && letters(class)).then_some((share, class))
}

/// The streamer's services that carry prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::providers::schwab) enum Kind {
    /// Shares, funds and indices.
    Equity,
    /// Options on them.
    Option,
    /// Futures.
    Future,
    /// Options on futures.
    FutureOption,
    /// Pairs of currencies.
    Forex,
}

/// Which kind of thing a symbol of ours names, told by its form.
pub(in crate::providers::schwab) fn kind(symbol: &Symbol) -> Kind {
    let text = symbol.as_str();
    if text.starts_with("./") {
        Kind::FutureOption
    } else if text.starts_with('/') {
        Kind::Future
    } else if text.contains('/') {
        Kind::Forex
    } else if option(text).is_some() {
        Kind::Option
    } else {
        Kind::Equity
    }
}

/// The underlying of an option's symbol of ours.
pub(in crate::providers::schwab) fn underlying(symbol: &Symbol) -> Option<Symbol> {
    option(symbol.as_str()).map(|(root, _)| Symbol::new(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_goes_there_and_back() {
        for (theirs_text, ours_text, expected) in [
            ("AAPL", "AAPL", Kind::Equity),
            ("BRK/B", "BRK.B", Kind::Equity),
            ("$SPX", "$SPX", Kind::Equity),
            ("AAPL  251219C00200000", "AAPL251219C00200000", Kind::Option),
            ("SPXW  251208C06880000", "SPXW251208C06880000", Kind::Option),
            (
                "GOOGL1251219P00200000",
                "GOOGL1251219P00200000",
                Kind::Option,
            ),
            ("/ESZ25", "/ESZ25", Kind::Future),
            ("./OZCZ23C565", "./OZCZ23C565", Kind::FutureOption),
            ("EUR/USD", "EUR/USD", Kind::Forex),
        ] {
            let symbol = ours(theirs_text);
            assert_eq!(symbol.as_str(), ours_text);
            assert_eq!(theirs(&symbol), theirs_text);
            assert_eq!(kind(&symbol), expected, "{ours_text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_option_is_left_alone() {
        for text in [
            "251219C00200000",
            "AAPL  251219X00200000",
            "É251219C00200000",
        ] {
            assert_eq!(ours(text), Symbol::new(text));
            assert_eq!(kind(&Symbol::new(text)), Kind::Equity, "{text}");
        }
        let option = Symbol::new("AAPL251219C00200000");
        assert_eq!(underlying(&option), Some(Symbol::new("AAPL")));
        assert_eq!(underlying(&Symbol::new("AAPL")), None);
    }
}
