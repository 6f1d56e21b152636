//! What happened in an account. Types and sub-types are open sets, so what a row is follows from what it has.

use super::symbol::ours;
use super::{currency, first_moment, price, quantity, side, signed};
use crate::domain::{AccountActivity, AccountId, ActivityKind, Money, Symbol, Text, Timestamp};
use crate::providers::tastytrade::wire::{self, Unreadable};

/// One row of an account's history.
pub(in crate::providers::tastytrade) fn activity(
    row: &wire::Transaction<'_>,
    account: &AccountId,
) -> Result<AccountActivity, Unreadable> {
    let id = row.id.text().ok_or(Unreadable("the id of a transaction"))?;
    // Executions that are taken back are rows of their own and no executions.
    let is_reversal = row.reverses_id.text().is_some();
    let is_trade = row.transaction_type.text().as_deref() == Some("Trade") && !is_reversal;
    let kind = match is_trade {
        true => fill(row)?,
        false => other(row)?,
    };
    let provider_id = match &kind {
        ActivityKind::Fill { symbol, order, .. } => {
            let execution = row.ext_exec_id.text();
            execution.and_then(|it| execution_id(order, &it, symbol))
        }
        ActivityKind::Other { .. } => None,
    };
    Ok(AccountActivity {
        account: account.clone(),
        provider_id: provider_id.unwrap_or_else(|| id.as_ref().into()),
        time: time(row)?,
        kind,
    })
}

/// One name for an execution, whether the stream told of it or the history: neither says the other's id.
pub(in crate::providers::tastytrade) fn execution_id(
    order: &Text,
    execution: &str,
    symbol: &Symbol,
) -> Option<Text> {
    let has_all = !order.is_empty() && !execution.is_empty();
    has_all.then(|| format!("{order}:{execution}:{symbol}").into())
}

fn fill(row: &wire::Transaction<'_>) -> Result<ActivityKind, Unreadable> {
    let action = [row.action, row.transaction_sub_type];
    let named = action.iter().find(|field| side(**field).is_ok());
    Ok(ActivityKind::Fill {
        symbol: ours(row.symbol, row.instrument_type)?,
        side: side(named.copied().unwrap_or_default())?,
        quantity: quantity(row.quantity)?.ok_or(Unreadable("the quantity"))?,
        price: price(row.price)?.ok_or(Unreadable("the price"))?,
        order: row.order_id.text_or_empty().as_ref().into(),
    })
}

fn other(row: &wire::Transaction<'_>) -> Result<ActivityKind, Unreadable> {
    let kind = row.transaction_type.text_or_empty();
    let word = row.transaction_sub_type.text().unwrap_or(kind);
    let net = signed(row.net_value, row.net_value_effect)?;
    let amount = net.or(signed(row.value, row.value_effect)?);
    let amount = amount.filter(|amount| !amount.is_zero());
    let described = row.description.text_or_empty();
    let description = match row.reverses_id.text() {
        Some(id) => format!("{described} (reverses {id})")
            .trim_start()
            .to_owned(),
        None => described.into_owned(),
    };
    Ok(ActivityKind::Other {
        word: word.as_ref().into(),
        amount: amount.map(|amount| Money::new(amount, currency(row.currency))),
        symbol: ours(row.symbol, row.instrument_type).ok(),
        description: description.into(),
    })
}

fn time(row: &wire::Transaction<'_>) -> Result<Timestamp, Unreadable> {
    if let Some(time) = first_moment(&[row.executed_at])? {
        return Ok(time);
    }
    let date = row.transaction_date.text();
    let start = date.and_then(|date| Timestamp::parse(&format!("{date}T00:00:00Z")).ok());
    start.ok_or(Unreadable("the time of a transaction"))
}
