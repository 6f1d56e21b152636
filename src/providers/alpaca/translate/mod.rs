//! Their words ⇄ ours. Pure: a payload in, a value of the domain out, or what could not be read.

pub(super) mod account;
pub(super) mod history;
pub(super) mod market;
pub(super) mod order;
pub(super) mod request;

use super::wire::{Field, Unreadable};
use crate::domain::{AssetClass, Price, Quantity, Symbol, Timestamp};

pub(super) fn price(field: Field<'_>) -> Result<Option<Price>, Unreadable> {
    Ok(field.decimal()?.map(Price))
}

pub(super) fn quantity(field: Field<'_>) -> Result<Option<Quantity>, Unreadable> {
    Ok(field.decimal()?.map(Quantity))
}

/// A symbol, passed through as they spell it: `BRK.B`, `BTC/USD`, `BTCUSD` in positions, OSI options.
pub(super) fn symbol(field: Field<'_>) -> Result<Symbol, Unreadable> {
    let text = field.text().ok_or(Unreadable("the symbol"))?;
    Ok(Symbol::new(&text))
}

/// The first of several moments that is there.
pub(super) fn first_time(fields: &[Field<'_>]) -> Result<Option<Timestamp>, Unreadable> {
    for field in fields {
        if let Some(time) = field.time()? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

pub(super) fn asset_class(field: Field<'_>) -> AssetClass {
    match field.text_or_empty().as_ref() {
        "us_equity" | "" => AssetClass::Equity,
        "us_option" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        other => AssetClass::Other(other.into()),
    }
}

/// What coins are quoted in.
const QUOTES: [&str; 4] = ["USDT", "USDC", "USD", "BTC"];

/// A pair of coins with its slash, which they leave out in positions, fees and transfers.
pub(super) fn coin_pair(text: &str) -> Symbol {
    let coin = |quote: &str| {
        let coin = text.strip_suffix(quote)?;
        (!coin.is_empty() && !coin.contains('/')).then(|| format!("{coin}/{quote}"))
    };
    match QUOTES.into_iter().find_map(coin) {
        Some(pair) => Symbol::new(&pair),
        None => Symbol::new(text),
    }
}

/// Whether a symbol is an option's, by the OSI form without padding: root, six digits, C or P, eight digits.
pub(super) fn is_option(symbol: &str) -> bool {
    let Some(split) = symbol.len().checked_sub(15).filter(|split| *split > 0) else {
        return false;
    };
    let Some((root, rest)) = symbol.split_at_checked(split) else {
        return false;
    };
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let rest = rest.as_bytes();
    root.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && digits(&rest[..6])
        && matches!(rest[6], b'C' | b'P')
        && digits(&rest[7..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_coins_gets_its_slash() {
        for (text, expected) in [
            ("BTCUSD", "BTC/USD"),
            ("BTC/USD", "BTC/USD"),
            ("USDCUSD", "USDC/USD"),
            ("USDTUSDC", "USDT/USDC"),
            ("ETHBTC", "ETH/BTC"),
            ("ETHUSDT", "ETH/USDT"),
            ("BTC", "BTC"),
            ("USD", "USD"),
        ] {
            assert_eq!(coin_pair(text).as_str(), expected, "{text}");
        }
    }

    #[test]
    fn an_option_is_told_by_its_form() {
        for (symbol, expected) in [
            ("AAPL250620C00100000", true),
            ("F250620P00010000", true),
            ("250620C00100000", false),
            ("AAPL", false),
            ("BTC/USD", false),
            ("ESU4", false),
            ("AAPL250620X00100000", false),
            ("É250620C00100000", false),
        ] {
            assert_eq!(is_option(symbol), expected, "{symbol}");
        }
    }
}
