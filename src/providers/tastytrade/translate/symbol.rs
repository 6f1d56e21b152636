//! Symbols: theirs, ours, and the stream's. Shares of a class have a slash there (`BRK/B`) and a point here; options are
//! padded there; the rest is spelled alike.

use super::super::wire::{Field, Unreadable};
use crate::domain::{AssetClass, Symbol};

/// Length of an option's symbol behind its root: date, C or P, strike.
const OPTION_TAIL: usize = 15;

/// What kind of instrument a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::providers::tastytrade) enum Kind {
    Equity,
    EquityOption,
    Future,
    FutureOption,
    Crypto,
}

impl Kind {
    /// By our spelling.
    pub(in crate::providers::tastytrade) fn of(symbol: &Symbol) -> Self {
        let text = symbol.as_str();
        if text.starts_with("./") {
            Self::FutureOption
        } else if text.starts_with('/') {
            Self::Future
        } else if option_root(text).is_some() {
            Self::EquityOption
        } else if text.contains('/') {
            Self::Crypto
        } else {
            Self::Equity
        }
    }

    /// By their word for it.
    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "Equity" => Self::Equity,
            "Equity Option" => Self::EquityOption,
            "Future" => Self::Future,
            "Future Option" => Self::FutureOption,
            "Cryptocurrency" => Self::Crypto,
            _ => return None,
        })
    }

    /// Their word for it.
    pub(in crate::providers::tastytrade) fn word(self) -> &'static str {
        match self {
            Self::Equity => "Equity",
            Self::EquityOption => "Equity Option",
            Self::Future => "Future",
            Self::FutureOption => "Future Option",
            Self::Crypto => "Cryptocurrency",
        }
    }

    /// The name of its list in `/instruments` and its parameter in `/market-data/by-type`.
    pub(in crate::providers::tastytrade) fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::Equity => ("equities", "equity"),
            Self::EquityOption => ("equity-options", "equity-option"),
            Self::Future => ("futures", "future"),
            Self::FutureOption => ("future-options", "future-option"),
            Self::Crypto => ("cryptocurrencies", "cryptocurrency"),
        }
    }

    /// Our word for it.
    pub(in crate::providers::tastytrade) fn class(self) -> AssetClass {
        match self {
            Self::Equity => AssetClass::Equity,
            Self::EquityOption | Self::FutureOption => AssetClass::Option,
            Self::Future => AssetClass::Future,
            Self::Crypto => AssetClass::Crypto,
        }
    }
}

/// Our class for their word; a word that is not known is kept.
pub(in crate::providers::tastytrade) fn class(kind: Field<'_>) -> AssetClass {
    match kind.text() {
        None => AssetClass::Equity,
        Some(word) => match Kind::of_word(&word) {
            Some(kind) => kind.class(),
            None => AssetClass::Other(word.as_ref().into()),
        },
    }
}

/// Our spelling of a symbol of theirs, whose kind they say beside it.
pub(in crate::providers::tastytrade) fn ours(
    symbol: Field<'_>,
    kind: Field<'_>,
) -> Result<Symbol, Unreadable> {
    let text = symbol.text().ok_or(Unreadable("the symbol"))?;
    let kind = kind.text().and_then(|word| Kind::of_word(&word));
    let is_coin = text.ends_with("/USD"); // a pair, where nobody says what it is
    let tail_first = !text.starts_with(['/', '.']);
    Ok(match kind {
        Some(Kind::EquityOption) => Symbol::new(&text.replace(' ', "")),
        Some(Kind::Equity) => Symbol::new(&text.replace('/', ".")),
        Some(Kind::Future | Kind::FutureOption | Kind::Crypto) => Symbol::new(&text),
        None if tail_first && !is_coin => Symbol::new(&text.replace(' ', "").replace('/', ".")),
        None => Symbol::new(&text),
    })
}

/// Their spelling of a symbol of ours.
pub(in crate::providers::tastytrade) fn theirs(symbol: &Symbol) -> String {
    let text = symbol.as_str();
    match (Kind::of(symbol), option_root(text)) {
        (Kind::EquityOption, Some(root)) => format!("{root:<6}{}", &text[root.len()..]),
        (Kind::Equity, _) => text.replace('.', "/"),
        _ => text.to_owned(),
    }
}

/// The stream's spelling, where a rule gives it: of the rest only their own record knows.
pub(in crate::providers::tastytrade) fn streamed(symbol: &Symbol) -> Option<String> {
    match Kind::of(symbol) {
        Kind::Equity => Some(theirs(symbol)),
        Kind::EquityOption => option_streamed(symbol.as_str()),
        Kind::Future | Kind::FutureOption | Kind::Crypto => None,
    }
}

/// `SPY191018C00298000` → `.SPY191018C298`
fn option_streamed(text: &str) -> Option<String> {
    let root = option_root(text)?;
    let (contract, strike) = text.get(root.len()..)?.split_at_checked(7)?;
    let thousandths: i64 = strike.parse().ok()?;
    let strike = rust_decimal::Decimal::new(thousandths, 3).normalize();
    Some(format!(".{root}{contract}{strike}"))
}

/// The root of an option's symbol by the OSI form without padding: root, six digits, C or P, eight digits.
pub(in crate::providers::tastytrade) fn option_root(symbol: &str) -> Option<&str> {
    let split = symbol.len().checked_sub(OPTION_TAIL)?;
    let (root, rest) = symbol.split_at_checked(split)?;
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let rest = rest.as_bytes();
    let is_option = (1..=6).contains(&root.len())
        && root.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && digits(&rest[..6])
        && matches!(rest[6], b'C' | b'P')
        && digits(&rest[7..]);
    is_option.then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_goes_there_and_back() {
        for (kind, theirs_text, ours_text, streamed_text) in [
            ("Equity", "AAPL", "AAPL", Some("AAPL")),
            ("Equity", "BRK/B", "BRK.B", Some("BRK/B")),
            (
                "Equity Option",
                "SPY   191018C00298000",
                "SPY191018C00298000",
                Some(".SPY191018C298"),
            ),
            (
                "Equity Option",
                "AMD   230721C00114500",
                "AMD230721C00114500",
                Some(".AMD230721C114.5"),
            ),
            ("Future", "/ESZ2", "/ESZ2", None),
            (
                "Future Option",
                "./ESU4 EW4Q4 240823C5750",
                "./ESU4 EW4Q4 240823C5750",
                None,
            ),
            (
                "Future Option",
                "./GCQ5 OGN5  250625P2095",
                "./GCQ5 OGN5  250625P2095",
                None,
            ),
            ("Cryptocurrency", "BTC/USD", "BTC/USD", None),
        ] {
            let (symbol, word) = (format!("\"{theirs_text}\""), format!("\"{kind}\""));
            let field = |text| serde_json::from_str::<Field<'_>>(text).unwrap();
            let read = ours(field(&symbol), field(&word)).unwrap();
            assert_eq!(read.as_str(), ours_text);
            assert_eq!(Kind::of(&read).word(), kind, "{ours_text}");
            assert_eq!(theirs(&read), theirs_text);
            assert_eq!(streamed(&read).as_deref(), streamed_text);
            let without = ours(field(&symbol), Field::default()).unwrap();
            assert_eq!(without, read, "{theirs_text} without its kind");
        }
    }

    #[test]
    fn what_only_looks_like_an_option_is_none() {
        for symbol in ["250620C00100000", "AAPL250620X00100000", "É250620C00100000"] {
            assert_eq!(option_root(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn a_kind_that_is_not_known_keeps_its_word() {
        let word = serde_json::from_str("\"Warrant\"").unwrap();
        assert_eq!(class(word), AssetClass::Other("Warrant".into()));
        assert_eq!(class(Field::default()), AssetClass::Equity);
    }
}
