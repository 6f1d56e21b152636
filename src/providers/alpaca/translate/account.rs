//! Accounts, positions, equity over time, assets and opening hours.

use super::{asset_class, coin_pair, first_time, price, quantity, symbol};
use crate::domain::{
    Account, AccountId, AssetClass, Balance, ConnectionId, Currency, Environment, EquityPoint,
    Instrument, MarketClock, Position, Price, ProviderId, Quantity, Side, Text, Timestamp,
};
use crate::providers::alpaca::wire::{self, Field, Unreadable};
use rust_decimal::Decimal;

/// The smallest part of a share that can be traded.
const SHARE_PART: Decimal = Decimal::from_parts(1, 0, 0, false, 9);

/// The account that the keys reach, with its balance where equity and cash are there.
pub(in crate::providers::alpaca) fn account(
    row: &wire::Account<'_>,
    connection: &ConnectionId,
    environment: Environment,
    read_at: Timestamp,
) -> Result<(Account, Option<Balance>), Unreadable> {
    let number = row.account_number.text().or_else(|| row.id.text());
    let number = number.ok_or(Unreadable("the account number"))?;
    let id = AccountId {
        connection: connection.clone(),
        number: number.as_ref().into(),
    };
    let currency = currency(row.currency);
    let account = Account {
        id: id.clone(),
        provider: ProviderId::new("alpaca"),
        environment,
        name: match row.multiplier.text().as_deref() {
            Some("1") => "cash".into(),
            Some(_) => "margin".into(),
            None => Text::default(),
        },
        currency,
        restriction: restriction(row),
    };
    Ok((account, balance(row, id, currency, read_at)?))
}

fn balance(
    row: &wire::Account<'_>,
    account: AccountId,
    currency: Currency,
    as_of: Timestamp,
) -> Result<Option<Balance>, Unreadable> {
    let equity = row.equity.decimal()?.or(row.portfolio_value.decimal()?);
    let (Some(equity), Some(cash)) = (equity, row.cash.decimal()?) else {
        return Ok(None);
    };
    Ok(Some(Balance {
        account,
        currency,
        equity,
        previous_equity: row.last_equity.decimal()?,
        cash,
        buying_power: row.buying_power.decimal()?,
        as_of,
    }))
}

fn restriction(row: &wire::Account<'_>) -> Option<Text> {
    let flags = [
        (row.account_blocked, "account blocked"),
        (row.trading_blocked, "trading blocked"),
        (
            row.trade_suspended_by_user,
            "trading suspended by its owner",
        ),
        (row.transfers_blocked, "transfers blocked"),
    ];
    match row.status.text() {
        Some(status) if status != "ACTIVE" => Some(status.as_ref().into()),
        _ => flags
            .iter()
            .find(|(flag, _)| flag.is_true())
            .map(|(_, words)| (*words).into()),
    }
}

fn currency(field: Field<'_>) -> Currency {
    let named = field.text().and_then(|code| Currency::parse(&code).ok());
    named.unwrap_or(Currency::USD)
}

/// A holding. Prices are in dollars unless the account is kept in another currency, which they do not say here.
pub(in crate::providers::alpaca) fn position(
    row: &wire::Position<'_>,
    account: &AccountId,
    as_of: Timestamp,
) -> Result<Position, Unreadable> {
    let held = quantity(row.qty)?.ok_or(Unreadable("the quantity"))?;
    let is_short = row.side.text().as_deref() == Some("short");
    let class = asset_class(row.asset_class);
    Ok(Position {
        account: account.clone(),
        symbol: match class == AssetClass::Crypto {
            true => coin_pair(symbol(row.symbol)?.as_str()),
            false => symbol(row.symbol)?,
        },
        // They do not say it; standard contracts are of a hundred shares.
        multiplier: if class == AssetClass::Option {
            Decimal::ONE_HUNDRED
        } else {
            Decimal::ONE
        },
        class,
        currency: Currency::USD,
        quantity: if is_short {
            Quantity(-held.0.abs())
        } else {
            held
        },
        available: quantity(row.qty_available)?,
        average_price: price(row.avg_entry_price)?,
        reported_price: price(row.current_price)?,
        previous_close: price(row.lastday_price)?,
        as_of,
    })
}

/// Equity over time; moments without a value are left out.
pub(in crate::providers::alpaca) fn history(
    row: &wire::History<'_>,
) -> Result<Vec<EquityPoint>, Unreadable> {
    let mut points = Vec::with_capacity(row.timestamp.len());
    for (index, (time, equity)) in row.timestamp.iter().zip(&row.equity).enumerate() {
        let Some(equity) = equity.decimal()? else {
            continue;
        };
        let seconds = time.text().and_then(|text| text.parse::<i64>().ok());
        let time = seconds
            .and_then(|it| it.checked_mul(1_000))
            .and_then(Timestamp::from_millis);
        let profit = row.profit_loss.get(index).copied().unwrap_or_default();
        points.push(EquityPoint {
            time: time.ok_or(Unreadable("a time"))?,
            equity,
            profit: profit.decimal()?,
        });
    }
    Ok(points)
}

/// `transaction_time` of a fill, `created_at` of the rest, a bare date where there is nothing better, and the 17
/// digits that every id begins with where there is nothing at all.
pub(super) fn activity_time(row: &wire::Activity<'_>, id: &str) -> Result<Timestamp, Unreadable> {
    if let Some(time) = first_time(&[row.transaction_time, row.created_at])? {
        return Ok(time);
    }
    let stated = row.date.text();
    let date = stated.as_deref().and_then(|text| text.get(..10));
    let of_date = date.and_then(|date| Timestamp::parse(&format!("{date}T00:00:00Z")).ok());
    of_date
        .or_else(|| id_time(id))
        .ok_or(Unreadable("the time of an activity"))
}

fn id_time(id: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| {
        id.get(from..to)
            .filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second, millis) =
        (part(8, 10)?, part(10, 12)?, part(12, 14)?, part(14, 17)?);
    Timestamp::parse(&format!(
        "{year}-{month}-{day}T{hour}:{minute}:{second}.{millis}Z"
    ))
    .ok()
}

/// `buy`, `sell`, `sell_short` …: what it begins with counts.
pub(super) fn side(field: Field<'_>) -> Result<Side, Unreadable> {
    let text = field.text_or_empty();
    if text.starts_with("buy") {
        Ok(Side::Buy)
    } else if text.starts_with("sell") {
        Ok(Side::Sell)
    } else {
        Err(Unreadable("the side"))
    }
}

/// What is known of an instrument; `last` is what it trades at, for the tick.
pub(in crate::providers::alpaca) fn instrument(
    row: &wire::Asset<'_>,
    last: Option<Price>,
) -> Result<Instrument, Unreadable> {
    let symbol = symbol(row.symbol)?;
    let is_contract = row.class.text().is_none() && super::is_option(symbol.as_str());
    let class = if is_contract {
        AssetClass::Option
    } else {
        asset_class(row.class)
    };
    let fractionable = row.fractionable.is_true();
    let whole = if fractionable {
        SHARE_PART
    } else {
        Decimal::ONE
    };
    Ok(Instrument {
        symbol,
        name: row.name.text_or_empty().as_ref().into(),
        currency: Currency::USD,
        tick: row
            .price_increment
            .decimal()?
            .unwrap_or_else(|| tick(&class, last)),
        lot: row.min_trade_increment.decimal()?.unwrap_or(whole),
        class,
        tradable: row.tradable.is_true(),
        fractionable,
        shortable: row.shortable.is_true(),
    })
}

/// The price rule of United States equities: cents from one dollar on, hundredths of a cent below. Unknown for the rest.
fn tick(class: &AssetClass, last: Option<Price>) -> Decimal {
    match (class, last) {
        (AssetClass::Equity, Some(last)) if last.0 >= Decimal::ONE => Decimal::new(1, 2),
        (AssetClass::Equity, Some(_)) => Decimal::new(1, 4),
        _ => Decimal::ZERO,
    }
}

/// Opening hours.
pub(in crate::providers::alpaca) fn clock(
    row: &wire::Clock<'_>,
) -> Result<MarketClock, Unreadable> {
    Ok(MarketClock {
        market: "NYSE".into(),
        is_open: row.is_open.is_true(),
        next_open: row
            .next_open
            .time()?
            .ok_or(Unreadable("the next opening"))?,
        next_close: row.next_close.time()?.ok_or(Unreadable("the next close"))?,
    })
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
