//! Their words ⇄ ours. Pure: a payload in, a value of the domain out, or what could not be read.

pub(super) mod account;
pub(super) mod family;
pub(super) mod history;
pub(super) mod hours;
pub(super) mod market;
pub(super) mod order;
pub(super) mod symbol;

use super::wire::Instrument;
use crate::domain::{AssetClass, Price, Quantity, Symbol, Timestamp};
use crate::providers::fields::{Field, Unreadable};
use rust_decimal::Decimal;

/// Shares behind one option, where its instrument does not say.
const SHARES_PER_OPTION: Decimal = Decimal::ONE_HUNDRED;

pub(super) fn price(field: Field<'_>) -> Result<Option<Price>, Unreadable> {
    Ok(field.decimal()?.map(Price))
}

pub(super) fn quantity(field: Field<'_>) -> Result<Option<Quantity>, Unreadable> {
    Ok(field.decimal()?.map(Quantity))
}

/// A moment in milliseconds; zero is none.
pub(super) fn millis(field: Field<'_>) -> Result<Option<Timestamp>, Unreadable> {
    let Some(text) = field.text() else {
        return Ok(None);
    };
    let millis: i64 = text.parse().map_err(|_| Unreadable("a time"))?;
    if millis == 0 {
        return Ok(None);
    }
    let time = Timestamp::from_millis(millis);
    time.map(Some).ok_or(Unreadable("a time"))
}

/// What kind of thing; a fund that trades like a share is one.
pub(super) fn asset_class(word: &str) -> AssetClass {
    match word {
        "EQUITY" | "COLLECTIVE_INVESTMENT" | "" => AssetClass::Equity,
        "OPTION" => AssetClass::Option,
        "FUTURE" => AssetClass::Future,
        "FOREX" => AssetClass::Forex,
        other => AssetClass::Other(other.into()),
    }
}

/// An instrument's symbol in our spelling; its CUSIP where it has no symbol, as bonds do.
pub(super) fn instrument_symbol(instrument: &Instrument<'_>) -> Result<Symbol, Unreadable> {
    let text = instrument.symbol.text().or_else(|| instrument.cusip.text());
    let text = text.ok_or(Unreadable("the symbol"))?;
    Ok(symbol::ours(&text))
}

/// Units of the underlying behind one unit.
pub(super) fn multiplier(
    instrument: &Instrument<'_>,
    class: &AssetClass,
) -> Result<Decimal, Unreadable> {
    let stated = instrument.option_multiplier.decimal()?;
    Ok(match class {
        AssetClass::Option => stated
            .filter(|stated| !stated.is_zero())
            .unwrap_or(SHARES_PER_OPTION),
        AssetClass::Equity
        | AssetClass::Crypto
        | AssetClass::Future
        | AssetClass::Forex
        | AssetClass::Other(_) => Decimal::ONE,
    })
}
