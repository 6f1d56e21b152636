//! Accounts, balances and positions.

use super::{asset_class, instrument_symbol, multiplier, price};
use crate::domain::{
    Account, AccountId, AssetClass, Balance, ConnectionId, Currency, Environment, Position, Price,
    ProviderId, Quantity, Text, Timestamp,
};
use crate::providers::fields::Unreadable;
use crate::providers::schwab::wire;
use rust_decimal::Decimal;

/// Digits kept of a price that is worked out of a value.
const DIGITS: u32 = 6;

/// An account, with its balance where its value and its cash are there.
pub(in crate::providers::schwab) fn account(
    row: &wire::Account<'_>,
    (connection, environment): (&ConnectionId, Environment),
    read_at: Timestamp,
) -> Result<(Account, Option<Balance>), Unreadable> {
    let securities = row
        .securities_account
        .as_ref()
        .ok_or(Unreadable("the account"))?;
    let number = securities
        .account_number
        .text()
        .ok_or(Unreadable("the account number"))?;
    let id = AccountId {
        connection: connection.clone(),
        number: number.as_ref().into(),
    };
    let account = Account {
        id: id.clone(),
        provider: ProviderId::new("schwab"),
        environment,
        name: securities.r#type.text_or_empty().to_lowercase().into(),
        currency: Currency::USD,
        restriction: restriction(securities),
    };
    Ok((account, balance(row, securities, id, read_at)?))
}

fn restriction(account: &wire::SecuritiesAccount<'_>) -> Option<Text> {
    let current = account.current_balances.as_ref();
    // A boolean live, a number in the specification.
    let is_in_call = current.is_some_and(|it| {
        it.is_in_call.is_true() || it.is_in_call.decimal().ok().flatten() == Some(Decimal::ONE)
    });
    if account.is_closing_only_restricted.is_true() {
        Some("may only close positions".into())
    } else if is_in_call {
        Some("margin call".into())
    } else {
        None
    }
}

fn balance(
    row: &wire::Account<'_>,
    securities: &wire::SecuritiesAccount<'_>,
    account: AccountId,
    as_of: Timestamp,
) -> Result<Option<Balance>, Unreadable> {
    let Some(current) = &securities.current_balances else {
        return Ok(None);
    };
    let (Some(equity), Some(cash)) = (equity(row, current)?, cash(current)?) else {
        return Ok(None);
    };
    let previous_equity = match &securities.initial_balances {
        Some(initial) => first(&[initial.liquidation_value, initial.account_value])?,
        None => None,
    };
    Ok(Some(Balance {
        account,
        currency: Currency::USD,
        equity,
        previous_equity,
        cash,
        buying_power: first(&[
            current.buying_power,
            current.cash_available_for_trading,
            current.available_funds,
        ])?,
        as_of,
    }))
}

/// What everything in it is worth: of the account itself, else of the sum that stands beside it.
fn equity(
    row: &wire::Account<'_>,
    current: &wire::Balances<'_>,
) -> Result<Option<Decimal>, Unreadable> {
    let own = current.liquidation_value.decimal()?;
    let beside = match &row.aggregated_balance {
        Some(sum) => first(&[sum.current_liquidation_value, sum.liquidation_value])?,
        None => None,
    };
    Ok(own.or(beside).or(current.equity.decimal()?))
}

/// Cash, less what is borrowed: a margin account owes where its margin balance is negative.
fn cash(current: &wire::Balances<'_>) -> Result<Option<Decimal>, Unreadable> {
    let Some(cash) = first(&[current.cash_balance, current.total_cash])? else {
        return Ok(None);
    };
    let margin = current.margin_balance.decimal()?.unwrap_or_default();
    let owed = margin.min(Decimal::ZERO);
    cash.checked_add(owed)
        .map(Some)
        .ok_or(Unreadable("the cash"))
}

/// The first of several figures that is there.
fn first(fields: &[crate::providers::fields::Field<'_>]) -> Result<Option<Decimal>, Unreadable> {
    for field in fields {
        if let Some(figure) = field.decimal()? {
            return Ok(Some(figure));
        }
    }
    Ok(None)
}

/// A holding: what is held less what is sold short. Prices are in dollars.
pub(in crate::providers::schwab) fn position(
    row: &wire::Position<'_>,
    account: &AccountId,
    as_of: Timestamp,
) -> Result<Position, Unreadable> {
    let instrument = row
        .instrument
        .as_ref()
        .ok_or(Unreadable("the instrument"))?;
    let class = asset_class(&instrument.asset_type.text_or_empty());
    let multiplier = multiplier(instrument, &class)?;
    let quantity = held(row)?;
    let reported_price = unit_price(row, quantity, multiplier)?;
    let change = instrument.net_change.decimal()?;
    let previous = reported_price
        .zip(change)
        .and_then(|(now, change)| now.0.checked_sub(change));
    Ok(Position {
        account: account.clone(),
        symbol: instrument_symbol(instrument)?,
        average_price: average_price(row, &class)?,
        class,
        currency: Currency::USD,
        quantity: Quantity(quantity),
        multiplier,
        available: None,
        reported_price,
        previous_close: previous.filter(|price| !price.is_zero()).map(Price),
        as_of,
    })
}

fn held(row: &wire::Position<'_>) -> Result<Decimal, Unreadable> {
    match (row.long_quantity.decimal()?, row.short_quantity.decimal()?) {
        (None, None) => Err(Unreadable("the quantity")),
        (long, short) => long
            .unwrap_or_default()
            .checked_sub(short.unwrap_or_default())
            .ok_or(Unreadable("the quantity")),
    }
}

/// Bonds are priced for a hundred of their face value and counted one by one; their price paid is not comparable.
fn average_price(
    row: &wire::Position<'_>,
    class: &AssetClass,
) -> Result<Option<Price>, Unreadable> {
    let is_bond = matches!(class, AssetClass::Other(word) if word.as_str() == "FIXED_INCOME");
    Ok(price(row.average_price)?.filter(|_| !is_bond))
}

/// They give the value of the whole holding.
fn unit_price(
    row: &wire::Position<'_>,
    quantity: Decimal,
    multiplier: Decimal,
) -> Result<Option<Price>, Unreadable> {
    let units = quantity.checked_mul(multiplier);
    let Some((value, units)) = row.market_value.decimal()?.zip(units) else {
        return Ok(None);
    };
    let unit = value.checked_div(units);
    Ok(unit.map(|unit| Price(unit.abs().round_dp(DIGITS).normalize())))
}
