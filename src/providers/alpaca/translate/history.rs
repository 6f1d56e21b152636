//! Rows of an account's history. Their words are an open set: what is not known is noted with what it moves.
//!
//! What a dividend's `qty` counts is what it was paid for, and in every other row what came or went. An execution names
//! no fees; they are rows of their own, posted later.

use super::account::{activity_time, side};
use super::{coin_pair, is_option, price, quantity};
use crate::domain::entry::Trade;
use crate::domain::{
    AccountId, AssetClass, CashCause, Currency, Entry, EntryId, Holding, Money, OptionEnd,
    Quantity, Side, Symbol, Text, What,
};
use crate::providers::alpaca::wire::{self, Unreadable};
use crate::providers::provider::told::{self, Half, Told};
use jiff::civil::Date;
use rust_decimal::Decimal;

pub(in crate::providers::alpaca) use told::joined;

/// One row of an account's history.
pub(in crate::providers::alpaca) fn entry(
    row: &wire::Activity<'_>,
    account: &AccountId,
) -> Result<Vec<Told>, Unreadable> {
    let id = row.id.text().ok_or(Unreadable("the id of an activity"))?;
    let word = row.activity_type.text();
    let word = word.ok_or(Unreadable("the type of an activity"))?;
    let status = Status::of(row);
    let (what, half) = match status {
        Status::Canceled => (What::TakenBack, None),
        Status::Other => (noted(row, &word)?, None),
        Status::Executed | Status::Correct => match word.as_ref() {
            "FILL" => (What::Trade(fill(row)?), None),
            "OPTRD" => (delivery(row)?, None),
            _ => happening(row, &word)?,
        },
    };
    let entry = Entry {
        account: account.clone(),
        id: EntryId::provider(&id),
        time: activity_time(row, &id)?,
        settles: row.date.text().and_then(|text| date(&text)),
        corrects: corrects(row, status, &id),
        word: word.as_ref().into(),
        description: description(row, status),
        what,
    };
    Ok(vec![Told { entry, half }])
}

/// What they say of a row's validity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Executed,
    Correct,
    Canceled,
    /// A word that is not known, or that it is not done yet.
    Other,
}

impl Status {
    fn of(row: &wire::Activity<'_>) -> Self {
        match row.status.text().as_deref() {
            None | Some("executed") => Self::Executed,
            Some("correct") => Self::Correct,
            Some("canceled") => Self::Canceled,
            Some(_) => Self::Other,
        }
    }
}

/// What a row takes the place of. A cancelled one that names no other took back itself.
fn corrects(row: &wire::Activity<'_>, status: Status, id: &str) -> Option<EntryId> {
    let previous = row.previous_id.text().map(|id| EntryId::provider(&id));
    match status {
        Status::Executed | Status::Other => None,
        Status::Correct => previous,
        Status::Canceled => Some(previous.unwrap_or_else(|| EntryId::provider(id))),
    }
}

fn description(row: &wire::Activity<'_>, status: Status) -> Text {
    let described = row
        .description
        .text()
        .or_else(|| row.activity_sub_type.text())
        .unwrap_or_default();
    match (status, row.status.text()) {
        (Status::Executed, _) | (_, None) => described.as_ref().into(),
        (_, Some(status)) => format!("{described} ({status})").trim_start().into(),
    }
}

fn date(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

fn fill(row: &wire::Activity<'_>) -> Result<Trade, Unreadable> {
    let units = quantity(row.qty)?.ok_or(Unreadable("the quantity"))?;
    Ok(Trade {
        holding: holding(row)?.ok_or(Unreadable("the symbol"))?,
        side: side(row.side)?,
        quantity: Quantity(units.0.abs()),
        price: price(row.price)?.ok_or(Unreadable("the price"))?,
        fees: Decimal::ZERO,
        order: row.order_id.text().map(|id| id.as_ref().into()),
    })
}

/// The shares behind an option that was used: bought or sold at its strike. The cash is as good as the price, so both
/// have to say the same.
fn delivery(row: &wire::Activity<'_>) -> Result<What, Unreadable> {
    let (units, amount) = (quantity(row.qty)?, amount(row)?);
    let (Some(units), Some(price), Some(holding)) = (units, price(row.price)?, holding(row)?)
    else {
        return noted(row, "OPTRD");
    };
    let trade = Trade {
        holding,
        side: match units.0.is_sign_negative() {
            true => Side::Sell,
            false => Side::Buy,
        },
        quantity: Quantity(units.0.abs()),
        price,
        fees: Decimal::ZERO,
        order: row.order_id.text().map(|id| id.as_ref().into()),
    };
    let is_same = amount.is_none_or(|it| trade.cash() == Some(it.amount));
    match is_same {
        true => Ok(What::Trade(trade)),
        false => noted(row, "OPTRD"),
    }
}

/// Everything that is no trade, by its word.
fn happening(row: &wire::Activity<'_>, word: &str) -> Result<(What, Option<Half>), Unreadable> {
    let (amount, units) = (amount(row)?, quantity(row.qty)?);
    let symbol = symbol(row, word);
    if let (Some(cause), Some(amount)) = (cause(word, amount), amount) {
        let what = What::Cash {
            cause,
            amount,
            symbol,
        };
        return Ok((what, None));
    }
    let moved = units.filter(|units| !units.0.is_zero());
    let moves_cash = amount.is_some_and(|amount| !amount.amount.is_zero());
    if let (Some(quantity), Some(holding), false) = (moved, holding_of(row, word)?, moves_cash) {
        let what = match (word, option_end(word)) {
            (_, Some(how)) => Some(What::OptionEnded {
                holding,
                how,
                quantity,
            }),
            ("ACATS" | "JNLS" | "FOPT" | "OCT" | "CFEE", None) => Some(What::Units {
                holding,
                quantity,
                cost: None,
            }),
            _ => None,
        };
        if let Some(what) = what {
            return Ok((what, None));
        }
    }
    Ok((noted(row, word)?, half(row, word)?))
}

fn cause(word: &str, amount: Option<Money>) -> Option<CashCause> {
    let is_zero = amount.is_none_or(|amount| amount.amount.is_zero());
    Some(match word {
        // Paid in shares or coins.
        "DIV" | "CFEE" if is_zero => return None,
        "DIV" | "DIVCGL" | "DIVCGS" | "DIVROC" | "DIVTXEX" | "CGD" => CashCause::Dividend,
        "INT" => CashCause::Interest,
        "DIVFT" | "DIVNRA" | "DIVTW" | "INTNRA" | "INTTW" | "WH" | "TAX" => CashCause::Tax,
        "FEE" | "CFEE" | "DIVFEE" | "PTC" | "PTR" => CashCause::Fee,
        "CSD" => CashCause::Deposit,
        "CSW" => CashCause::Withdrawal,
        "ACATC" => match amount.is_some_and(|it| it.amount.is_sign_negative()) {
            true => CashCause::Withdrawal,
            false => CashCause::Deposit,
        },
        "JNL" | "JNLC" => CashCause::Journal,
        "OPCSH" => CashCause::Adjustment,
        _ => return None,
    })
}

fn option_end(word: &str) -> Option<OptionEnd> {
    Some(match word {
        "OPEXP" => OptionEnd::Expired,
        "OPEXC" | "OPXRC" => OptionEnd::Exercised,
        "OPASN" => OptionEnd::Assigned,
        _ => return None,
    })
}

/// Rows of corporate actions come in twos, one that removes and one that adds, as their descriptions begin.
fn half(row: &wire::Activity<'_>, word: &str) -> Result<Option<Half>, Unreadable> {
    let described = row.description.text_or_empty();
    let is_old = described.starts_with("REMOVE");
    let is_pair = matches!(word, "SPLIT" | "NC" | "MA" | "REO");
    let (true, true) = (is_pair, is_old || described.starts_with("ADD")) else {
        return Ok(None);
    };
    let (Some(holding), Some(quantity)) = (holding(row)?, quantity(row.qty)?) else {
        return Ok(None);
    };
    let group = row.group_id.text();
    let date = row.date.text_or_empty();
    Ok(Some(Half {
        key: match group {
            Some(group) => format!("{word} {group}"),
            None => format!("{word} {} {date}", holding.symbol),
        },
        holding,
        quantity,
        amount: amount(row)?,
        is_old,
    }))
}

fn noted(row: &wire::Activity<'_>, word: &str) -> Result<What, Unreadable> {
    let counts = word.starts_with("DIV") || matches!(word, "CGD" | "INT");
    let units = quantity(row.qty)?.filter(|_| !counts);
    Ok(What::Noted {
        amount: amount(row)?.filter(|amount| !amount.amount.is_zero()),
        symbol: symbol(row, word),
        quantity: units.filter(|units| !units.0.is_zero()),
    })
}

fn amount(row: &wire::Activity<'_>) -> Result<Option<Money>, Unreadable> {
    let amount = row.net_amount.decimal()?;
    let currency = currency(row)?;
    Ok(amount.map(|amount| Money::new(amount, currency)))
}

/// Rows that name no currency are in dollars.
fn currency(row: &wire::Activity<'_>) -> Result<Currency, Unreadable> {
    match row.currency.text() {
        None => Ok(Currency::USD),
        Some(code) => Currency::parse(&code).map_err(|_| Unreadable("the currency")),
    }
}

/// Letters of the longest ticker of a share.
const LONGEST_TICKER: usize = 5;

/// Coins have no slash in fees and transfers, nor had they in older executions.
fn symbol(row: &wire::Activity<'_>, word: &str) -> Option<Symbol> {
    let text = row.symbol.text()?;
    let is_letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_coin = matches!(word, "CFEE" | "OCT") || (is_letters && text.len() > LONGEST_TICKER);
    Some(match is_coin {
        true => coin_pair(&text),
        false => Symbol::new(&text),
    })
}

fn holding(row: &wire::Activity<'_>) -> Result<Option<Holding>, Unreadable> {
    holding_of(row, "")
}

fn holding_of(row: &wire::Activity<'_>, word: &str) -> Result<Option<Holding>, Unreadable> {
    let Some(symbol) = symbol(row, word) else {
        return Ok(None);
    };
    let currency = currency(row)?;
    let quoted = symbol.as_str().split_once('/').map(|(_, quote)| quote);
    let quoted = quoted.and_then(|quote| Currency::parse(quote).ok());
    let (class, multiplier) = match (quoted, is_option(symbol.as_str())) {
        (Some(_), _) => (AssetClass::Crypto, Decimal::ONE),
        (None, true) => (AssetClass::Option, Decimal::ONE_HUNDRED),
        (None, false) => (AssetClass::Equity, Decimal::ONE),
    };
    Ok(Some(Holding {
        symbol,
        class,
        multiplier,
        currency: quoted.unwrap_or(currency),
    }))
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
