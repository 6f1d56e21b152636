//! Accounts, balances, positions, history.

use super::symbol::{class, ours};
use super::{currency, moment, number, price, quantity, signed};
use crate::domain::{
    Account, AccountId, Balance, ConnectionId, Currency, Environment, EquityPoint, Position,
    ProviderId, Quantity, Text, Timestamp,
};
use crate::providers::tastytrade::wire::{self, Field, Unreadable};
use rust_decimal::Decimal;

/// An account that is open; `None` for one that is closed.
pub(in crate::providers::tastytrade) fn account(
    row: &wire::AccountRow<'_>,
    connection: &ConnectionId,
    environment: Environment,
) -> Result<Option<Account>, Unreadable> {
    let account = row.account.as_ref().ok_or(Unreadable("the account"))?;
    if account.is_closed.is_true() {
        return Ok(None);
    }
    let number = account.account_number.text();
    let number = number.ok_or(Unreadable("the account number"))?;
    Ok(Some(Account {
        id: AccountId {
            connection: connection.clone(),
            number: number.as_ref().into(),
        },
        provider: ProviderId::new("tastytrade"),
        environment,
        name: name(account),
        currency: Currency::USD,
        restriction: match row.authority_level.text().as_deref() {
            Some("read-only") => Some("read only".into()),
            _ => None,
        },
    }))
}

/// The person's own name of it, else what it is.
fn name(account: &wire::Account<'_>) -> Text {
    let names = [
        account.nickname,
        account.account_type_name,
        account.margin_or_cash,
    ];
    let named = names.iter().find_map(|field| field.text());
    named.map_or_else(Text::default, |name| name.as_ref().into())
}

/// What the account may not do; nothing when it may do everything.
pub(in crate::providers::tastytrade) fn restriction(row: &wire::TradingStatus<'_>) -> Option<Text> {
    let flags = [
        (row.is_closed, "closed"),
        (row.is_frozen, "frozen"),
        (row.is_in_margin_call, "in a margin call"),
        (row.is_closing_only, "closing only"),
        (row.is_risk_reducing_only, "risk reducing only"),
    ];
    let set = flags.iter().find(|(flag, _)| flag.is_true());
    set.map(|(_, words)| (*words).into())
}

/// What an account holds and may spend.
pub(in crate::providers::tastytrade) fn balance(
    row: &wire::Balance<'_>,
    account: &AccountId,
    as_of: Timestamp,
) -> Result<Balance, Unreadable> {
    let equity = number(row.net_liquidating_value)?;
    let cash = signed(row.cash_balance, row.cash_balance_effect)?;
    let margin = number(row.equity_buying_power)?;
    Ok(Balance {
        account: account.clone(),
        currency: currency(row.currency),
        equity: equity.ok_or(Unreadable("the net liquidating value"))?,
        previous_equity: None,
        cash: cash.ok_or(Unreadable("the cash balance"))?,
        buying_power: margin.or(number(row.derivative_buying_power)?),
        as_of,
    })
}

/// A holding; `None` for one that was closed today and is still listed.
pub(in crate::providers::tastytrade) fn position(
    row: &wire::Position<'_>,
    account: &AccountId,
    as_of: Timestamp,
) -> Result<Option<Position>, Unreadable> {
    let held = quantity(row.quantity)?.ok_or(Unreadable("the quantity"))?.0;
    let quantity_held = match row.quantity_direction.text().as_deref() {
        Some("Short") => -held.abs(),
        Some("Zero") => Decimal::ZERO,
        Some("Long") => held.abs(),
        Some(_) => return Err(Unreadable("the direction of the quantity")),
        None => held,
    };
    if quantity_held.is_zero() {
        return Ok(None);
    }
    let restricted = number(row.restricted_quantity)?;
    let free = restricted.and_then(|it| quantity_held.abs().checked_sub(it.abs()));
    Ok(Some(Position {
        account: account.clone(),
        symbol: ours(row.symbol, row.instrument_type)?,
        class: class(row.instrument_type),
        currency: Currency::USD,
        quantity: Quantity(quantity_held),
        multiplier: number(row.multiplier)?.unwrap_or(Decimal::ONE),
        available: free.map(|it| Quantity(it.max(Decimal::ZERO))),
        average_price: price(row.average_open_price)?,
        reported_price: price(row.mark_price)?.or(price(row.mark)?),
        previous_close: price(row.close_price)?.filter(|close| !close.0.is_zero()),
        as_of,
    }))
}

/// One point of the equity's history; a moment without a value is left out.
pub(in crate::providers::tastytrade) fn equity_point(
    row: &wire::NetLiq<'_>,
) -> Result<Option<EquityPoint>, Unreadable> {
    let total = number(row.total_close)?.or(number(row.total_close_dashed)?);
    let Some(equity) = total.or(number(row.close)?) else {
        return Ok(None);
    };
    Ok(Some(EquityPoint {
        time: point_time(row.time)?.ok_or(Unreadable("a time"))?,
        equity,
        profit: None,
    }))
}

/// A moment, or a date that stands for its beginning.
fn point_time(field: Field<'_>) -> Result<Option<Timestamp>, Unreadable> {
    let text = field.text_or_empty();
    let is_date = text.len() == 10 && text.parse::<i64>().is_err();
    if is_date {
        let start = Timestamp::parse(&format!("{text}T00:00:00Z"));
        return start.map(Some).map_err(|_| Unreadable("a time"));
    }
    moment(field)
}
