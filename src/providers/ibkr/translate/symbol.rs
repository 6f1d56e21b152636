//! Symbols: theirs ⇄ ours.
//!
//! Every contract has a number there, and that alone decides; a ticker is shared by listings around the world. Shares of
//! a class have a space (`BRK B`) and a point here; a share that is not listed in the United States is written with its
//! exchange (`SAP@IBIS`), so that it is never taken for another; options are written as everywhere here
//! (`AAPL261218C00200000`), futures with month and year (`/ESZ26`), pairs with a slash (`EUR/USD`), indices with `$`.

use super::{conid, currency, nonzero, number};
use crate::domain::{AssetClass, Currency, Symbol, Text};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::ibkr::wire::Definition;
use rust_decimal::Decimal;

/// Months by the letter of their futures.
const MONTHS: &[u8; 12] = b"FGHJKMNQUVXZ";

/// Names of months as they are in the list of an option's months: `OCT24`.
const MONTH_NAMES: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Length of an option's symbol behind its root: date, C or P, strike.
const OPTION_TAIL: usize = 15;

/// What is known of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::providers::ibkr) struct Contract {
    pub(in crate::providers::ibkr) conid: u64,
    pub(in crate::providers::ibkr) symbol: Symbol,
    pub(in crate::providers::ibkr) class: AssetClass,
    pub(in crate::providers::ibkr) name: Text,
    pub(in crate::providers::ibkr) currency: Currency,
    pub(in crate::providers::ibkr) multiplier: Decimal,
}

/// What a symbol of ours asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::providers::ibkr) enum Wanted {
    /// A share by its ticker there, and its exchange where it is not of the United States.
    Share {
        ticker: String,
        exchange: Option<String>,
    },
    /// An option on a share or an index.
    Option {
        root: String,
        /// `20261218`
        date: String,
        /// `C` or `P`
        right: char,
        strike: Decimal,
    },
    /// A future by its root and `202612`.
    Future { root: String, month: String },
    /// A pair of currencies, or a coin in a currency.
    Pair { base: String, quote: String },
    /// An index.
    Index(String),
}

impl Wanted {
    /// What a symbol of ours asks for; `None` for one that is spelled like nothing they have.
    pub(in crate::providers::ibkr) fn by(symbol: &Symbol) -> Option<Self> {
        let text = symbol.as_str();
        if let Some(rest) = text.strip_prefix('/') {
            return future(rest);
        }
        if let Some(name) = text.strip_prefix('$') {
            return Some(Self::Index(name.to_owned()));
        }
        if let Some(option) = option(text) {
            return Some(option);
        }
        if let Some((base, quote)) = text.split_once('/') {
            return Some(Self::Pair {
                base: base.to_owned(),
                quote: quote.to_owned(),
            });
        }
        let (ticker, exchange) = match text.split_once('@') {
            Some((ticker, exchange)) => (ticker, Some(exchange.to_owned())),
            None => (text, None),
        };
        let is_plain = !ticker.is_empty() && !ticker.contains([',', '&']);
        is_plain.then(|| Self::Share {
            ticker: ticker.replace('.', " "),
            exchange,
        })
    }
}

/// The month of an option as their lists have it: `20241018` → `OCT24`.
pub(in crate::providers::ibkr) fn month_name(date: &str) -> Option<String> {
    let month: usize = date.get(4..6)?.parse().ok()?;
    let name = MONTH_NAMES.get(month.checked_sub(1)?)?;
    Some(format!("{name}{}", date.get(2..4)?))
}

/// `ESZ26`, `ESZ6`
fn future(text: &str) -> Option<Wanted> {
    let split = text.len() - text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (name, year) = text.split_at(split);
    let letter = *name.as_bytes().last()?;
    let month = MONTHS.iter().position(|it| *it == letter)? + 1;
    let root = name.get(..name.len() - 1).filter(|root| !root.is_empty())?;
    let year = match year.len() {
        1 => format!("202{year}"),
        2 => format!("20{year}"),
        _ => return None,
    };
    Some(Wanted::Future {
        root: root.to_owned(),
        month: format!("{year}{month:02}"),
    })
}

fn option(text: &str) -> Option<Wanted> {
    let split = text.len().checked_sub(OPTION_TAIL)?;
    let (root, rest) = text.split_at_checked(split)?;
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let bytes = rest.as_bytes();
    let is_option = (1..=6).contains(&root.len())
        && root.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && digits(&bytes[..6])
        && matches!(bytes[6], b'C' | b'P')
        && digits(&bytes[7..]);
    let thousandths: i64 = is_option.then(|| rest[7..].parse().ok())??;
    Some(Wanted::Option {
        root: root.to_owned(),
        date: format!("20{}", &rest[..6]),
        right: char::from(bytes[6]),
        strike: Decimal::new(thousandths, 3).normalize(),
    })
}

/// Our class for their word; a word that is not known is kept.
pub(in crate::providers::ibkr) fn class(word: Field<'_>) -> AssetClass {
    match word.text_or_empty().as_ref() {
        "" | "STK" => AssetClass::Equity,
        "OPT" | "FOP" => AssetClass::Option,
        "FUT" => AssetClass::Future,
        "CASH" => AssetClass::Forex,
        "CRYPTO" => AssetClass::Crypto,
        other => AssetClass::Other(other.into()),
    }
}

/// What a contract is, by its definition.
pub(in crate::providers::ibkr) fn contract(row: &Definition<'_>) -> Result<Contract, Unreadable> {
    let multiplier = nonzero(row.multiplier)?.unwrap_or(match class(row.asset_class) {
        AssetClass::Option => Decimal::ONE_HUNDRED,
        AssetClass::Equity
        | AssetClass::Crypto
        | AssetClass::Future
        | AssetClass::Forex
        | AssetClass::Other(_) => Decimal::ONE,
    });
    Ok(Contract {
        conid: conid(row.conid).ok_or(Unreadable("the number of a contract"))?,
        symbol: symbol(row)?,
        class: class(row.asset_class),
        name: row.name.text_or_empty().as_ref().into(),
        currency: currency(row.currency).unwrap_or(Currency::USD),
        multiplier: multiplier.normalize(),
    })
}

/// Our spelling of what a definition describes.
pub(in crate::providers::ibkr) fn symbol(row: &Definition<'_>) -> Result<Symbol, Unreadable> {
    let ticker = row.ticker.text().ok_or(Unreadable("the ticker"))?;
    let money = currency(row.currency).unwrap_or(Currency::USD);
    let spelled = match row.asset_class.text_or_empty().as_ref() {
        "OPT" => option_symbol(&ticker, row)?,
        "FOP" => format!("./{}", option_symbol(&ticker, row)?),
        "FUT" => future_symbol(&ticker, row.expiry)?,
        "CASH" | "CRYPTO" if !ticker.contains(['.', '/']) => format!("{ticker}/{money}"),
        "CASH" | "CRYPTO" => ticker.replace('.', "/"),
        "IND" => format!("${ticker}"),
        _ => match row.listing_exchange.text() {
            Some(exchange) if is_elsewhere(row, money) => {
                format!("{}@{exchange}", share(&ticker))
            }
            _ => share(&ticker),
        },
    };
    Ok(Symbol::new(&spelled))
}

/// Our spelling of a share's ticker.
pub(in crate::providers::ibkr) fn share(ticker: &str) -> String {
    ticker.trim().replace(' ', ".")
}

fn is_elsewhere(row: &Definition<'_>, money: Currency) -> bool {
    match row.is_us.raw() {
        Some(_) => !row.is_us.is_true(),
        None => money != Currency::USD,
    }
}

fn option_symbol(ticker: &str, row: &Definition<'_>) -> Result<String, Unreadable> {
    let date = digits(row.expiry)?;
    let right = match row.put_or_call.text_or_empty().as_bytes().first() {
        Some(b'C' | b'c') => 'C',
        Some(b'P' | b'p') => 'P',
        _ => return Err(Unreadable("whether an option is a call")),
    };
    let strike = number(row.strike)?.ok_or(Unreadable("the strike of an option"))?;
    let thousandths = strike.checked_mul(Decimal::from(1_000));
    let thousandths = thousandths.filter(|it| it.is_integer() && !it.is_sign_negative());
    let thousandths = thousandths.ok_or(Unreadable("the strike of an option"))?;
    let root = ticker.replace(' ', "");
    Ok(format!(
        "{root}{}{right}{:0>8}",
        &date[2..],
        thousandths.normalize()
    ))
}

fn future_symbol(ticker: &str, expiry: Field<'_>) -> Result<String, Unreadable> {
    let date = digits(expiry)?;
    let month: usize = date[4..6].parse().map_err(|_| Unreadable("the expiry"))?;
    let letter = month.checked_sub(1).and_then(|it| MONTHS.get(it));
    let letter = letter.ok_or(Unreadable("the expiry"))?;
    Ok(format!("/{ticker}{}{}", char::from(*letter), &date[2..4]))
}

/// Eight digits of a date.
fn digits(field: Field<'_>) -> Result<String, Unreadable> {
    let text = field.text_or_empty();
    let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_date
        .then(|| text.into_owned())
        .ok_or(Unreadable("the expiry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Symbol, Unreadable> {
        symbol(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_kind_is_spelled_as_here() {
        for (row, expected) in [
            (
                r#"{"ticker":"BRK B","assetClass":"STK","currency":"USD","isUS":true,"listingExchange":"NYSE"}"#,
                "BRK.B",
            ),
            (
                r#"{"ticker":"SAP","assetClass":"STK","currency":"EUR","isUS":false,"listingExchange":"IBIS"}"#,
                "SAP@IBIS",
            ),
            (
                r#"{"ticker":"SAP","assetClass":"STK","currency":"EUR","listingExchange":"IBIS"}"#,
                "SAP@IBIS",
            ),
            (r#"{"ticker":"SPY","assetClass":"STK"}"#, "SPY"),
            (
                r#"{"ticker":"AAPL","assetClass":"OPT","expiry":"20241018","putOrCall":"C","strike":"217.5"}"#,
                "AAPL241018C00217500",
            ),
            (
                r#"{"ticker":"ES","assetClass":"FUT","expiry":20261218}"#,
                "/ESZ26",
            ),
            (
                r#"{"ticker":"EUR","assetClass":"CASH","currency":"USD"}"#,
                "EUR/USD",
            ),
            (
                r#"{"ticker":"EUR.USD","assetClass":"CASH","currency":"USD"}"#,
                "EUR/USD",
            ),
            (
                r#"{"ticker":"BTC","assetClass":"CRYPTO","currency":"USD"}"#,
                "BTC/USD",
            ),
            (r#"{"ticker":"SPX","assetClass":"IND"}"#, "$SPX"),
        ] {
            assert_eq!(read(row).unwrap().as_str(), expected, "{row}");
        }
        for odd in [
            "{}",
            r#"{"ticker":"AAPL","assetClass":"OPT","expiry":"20241018","strike":"217.5"}"#,
            r#"{"ticker":"AAPL","assetClass":"OPT","expiry":"soon","putOrCall":"C","strike":1}"#,
            r#"{"ticker":"AAPL","assetClass":"OPT","expiry":"20241018","putOrCall":"C","strike":0.0001}"#,
            r#"{"ticker":"ES","assetClass":"FUT","expiry":"20261318"}"#,
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_symbol_says_what_to_look_for() {
        let share = |ticker: &str, exchange: Option<&str>| Wanted::Share {
            ticker: ticker.into(),
            exchange: exchange.map(str::to_owned),
        };
        for (symbol, expected) in [
            ("BRK.B", share("BRK B", None)),
            ("SAP@IBIS", share("SAP", Some("IBIS"))),
            (
                "AAPL241018C00217500",
                Wanted::Option {
                    root: "AAPL".into(),
                    date: "20241018".into(),
                    right: 'C',
                    strike: "217.5".parse().unwrap(),
                },
            ),
            (
                "/ESZ6",
                Wanted::Future {
                    root: "ES".into(),
                    month: "202612".into(),
                },
            ),
            (
                "EUR/USD",
                Wanted::Pair {
                    base: "EUR".into(),
                    quote: "USD".into(),
                },
            ),
            ("$SPX", Wanted::Index("SPX".into())),
        ] {
            assert_eq!(Wanted::by(&Symbol::new(symbol)), Some(expected), "{symbol}");
        }
        for odd in ["/", "/ES", "/Z26", "A,B", ""] {
            assert_eq!(Wanted::by(&Symbol::new(odd)), None, "{odd}");
        }
        assert_eq!(month_name("20241018").as_deref(), Some("OCT24"));
    }
}
