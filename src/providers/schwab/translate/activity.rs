//! Transactions: trades with their fees, dividends, transfers.

use super::{instrument_symbol, price};
use crate::domain::{
    AccountActivity, AccountId, ActivityKind, Currency, Money, Price, Quantity, Side, Symbol, Text,
};
use crate::providers::fields::Unreadable;
use crate::providers::schwab::wire::{Transaction, TransferItem};
use rust_decimal::Decimal;

/// What one transaction says: an execution for each security of a trade and its fees in a row of their own, or one row
/// for anything else.
pub(in crate::providers::schwab) fn activities(
    row: &Transaction<'_>,
    account: &AccountId,
) -> Result<Vec<AccountActivity>, Unreadable> {
    let id = row
        .activity_id
        .text()
        .ok_or(Unreadable("the id of a transaction"))?;
    let time = match row.time.time()? {
        Some(time) => time,
        None => time_of_trade(row)?,
    };
    let activity = |id: String, kind| AccountActivity {
        account: account.clone(),
        provider_id: id.into(),
        time,
        kind,
    };
    let securities = securities(row);
    let is_trade = row.r#type.text().as_deref() == Some("TRADE") && !securities.is_empty();
    if !is_trade {
        return Ok(vec![activity(id.into_owned(), other(row, &securities)?)]);
    }
    let mut found = Vec::new();
    for (index, item) in securities.iter().enumerate() {
        let name = match index {
            0 => id.clone().into_owned(),
            _ => format!("{id}:{index}"),
        };
        found.push(activity(name, fill(row, item)?));
    }
    if let Some(fees) = fees(row)? {
        found.push(activity(format!("{id}:fees"), fees));
    }
    Ok(found)
}

fn time_of_trade(row: &Transaction<'_>) -> Result<crate::domain::Timestamp, Unreadable> {
    row.trade_date
        .time()?
        .ok_or(Unreadable("the time of a transaction"))
}

/// Everything that is neither cash nor a fee.
fn securities<'r, 'a>(row: &'r Transaction<'a>) -> Vec<&'r TransferItem<'a>> {
    let items = row.transfer_items.iter().flatten();
    let is_security = |item: &&TransferItem<'_>| {
        let kind = item.instrument.as_ref().map(|it| it.asset_type.text());
        item.fee_type.text().is_none()
            && kind.is_some_and(|kind| kind.as_deref() != Some("CURRENCY"))
    };
    items.filter(is_security).collect()
}

fn fill(row: &Transaction<'_>, item: &TransferItem<'_>) -> Result<ActivityKind, Unreadable> {
    let amount = item
        .amount
        .decimal()?
        .ok_or(Unreadable("the quantity of a trade"))?;
    let side = match amount.is_sign_negative() {
        true => Side::Sell,
        false => Side::Buy,
    };
    Ok(ActivityKind::Fill {
        symbol: symbol(item)?,
        side,
        quantity: Quantity(amount.abs()),
        price: fill_price(item)?,
        order: row.order_id.text_or_empty().as_ref().into(),
    })
}

fn symbol(item: &TransferItem<'_>) -> Result<Symbol, Unreadable> {
    let instrument = item.instrument.as_ref().ok_or(Unreadable("the symbol"))?;
    instrument_symbol(instrument)
}

fn fill_price(item: &TransferItem<'_>) -> Result<Price, Unreadable> {
    price(item.price)?.ok_or(Unreadable("the price of a trade"))
}

/// What the trade cost beside its price; its net amount has it in already.
fn fees(row: &Transaction<'_>) -> Result<Option<ActivityKind>, Unreadable> {
    let mut total = Decimal::ZERO;
    let mut names: Vec<String> = Vec::new();
    for item in row.transfer_items.iter().flatten() {
        let Some(name) = item.fee_type.text() else {
            continue;
        };
        let cost = item.cost.decimal()?.unwrap_or_default().abs();
        if cost.is_zero() {
            continue;
        }
        total = total.checked_add(cost).ok_or(Unreadable("the fees"))?;
        names.push(name.to_lowercase().replace('_', " "));
    }
    Ok((!total.is_zero()).then(|| ActivityKind::Other {
        word: "FEE".into(),
        amount: Some(Money::new(-total, Currency::USD)),
        symbol: None,
        description: names.join(", ").into(),
    }))
}

fn other(
    row: &Transaction<'_>,
    securities: &[&TransferItem<'_>],
) -> Result<ActivityKind, Unreadable> {
    let word = row.r#type.text();
    let word: Text = word
        .ok_or(Unreadable("the type of a transaction"))?
        .as_ref()
        .into();
    let described = row.description.text_or_empty();
    let description = match row.status.text().as_deref() {
        None | Some("VALID") => described.into_owned(),
        Some(status) => format!("{described} ({})", status.to_lowercase()),
    };
    let amount = row.net_amount.decimal()?;
    Ok(ActivityKind::Other {
        word,
        amount: amount.map(|amount| Money::new(amount, Currency::USD)),
        symbol: securities.first().and_then(|item| symbol(item).ok()),
        description: description.trim_start().into(),
    })
}
