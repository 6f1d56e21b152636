//! Accounts, balances, positions, history.

use super::symbol::{class, symbol};
use super::{conid, currency, nonzero, number};
use crate::domain::{
    Account, AccountId, AssetClass, Balance, ConnectionId, Currency, Environment, EquityPoint,
    Position, Price, ProviderId, Quantity, Symbol, Text, Timestamp,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::ibkr::wire::{self, ByText, Definition};
use rust_decimal::Decimal;

/// An account; `None` for one that is closed.
pub(in crate::providers::ibkr) fn account(
    row: &wire::PortfolioAccount<'_>,
    connection: &ConnectionId,
    environment: Environment,
) -> Result<Option<Account>, Unreadable> {
    let number = row.account_id.text().or_else(|| row.id.text());
    let number = number.ok_or(Unreadable("the account number"))?;
    let status = row.clearing_status.text();
    if matches!(status.as_deref(), Some("C")) {
        return Ok(None);
    }
    Ok(Some(Account {
        id: AccountId {
            connection: connection.clone(),
            number: number.as_ref().into(),
        },
        provider: ProviderId::new("ibkr"),
        environment,
        name: name(row, &number),
        currency: currency(row.currency).unwrap_or(Currency::USD),
        restriction: restriction(row, status.as_deref()),
    }))
}

/// The person's own name of it, else what it is; a number repeated is no name.
fn name(row: &wire::PortfolioAccount<'_>, number: &str) -> Text {
    let names = [
        row.account_alias,
        row.display_name,
        row.account_title,
        row.r#type,
    ];
    let named = names.iter().filter_map(|field| field.text());
    let named = named.into_iter().find(|name| name.as_ref() != number);
    named.map_or_else(Text::default, |name| name.as_ref().into())
}

fn restriction(row: &wire::PortfolioAccount<'_>, status: Option<&str>) -> Option<Text> {
    match status {
        Some("P") => return Some("being opened".into()),
        Some("N") => return Some("new".into()),
        Some("A") => return Some("abandoned".into()),
        Some("R") => return Some("rejected".into()),
        Some("O") | None => {}
        Some(other) => return Some(other.into()),
    }
    let says_no = |field: Field<'_>| field.raw().is_some_and(|it| it.get() == "false");
    if row.no_client_trading.is_true() {
        Some("no trading by the client".into())
    } else if says_no(row.brokerage_access) {
        Some("read only".into())
    } else {
        None
    }
}

/// What an account holds, by its ledger in the currency that it is kept in, and what it may spend, by its summary.
pub(in crate::providers::ibkr) fn balance(
    ledger: &ByText<'_, Option<wire::Ledger<'_>>>,
    summary: &ByText<'_, Option<wire::SummaryValue<'_>>>,
    account: &Account,
    as_of: Timestamp,
) -> Result<Balance, Unreadable> {
    let of = |currency: &str| ledger.get(currency).and_then(Option::as_ref);
    let row = of("BASE").or_else(|| of(account.currency.as_str()));
    let row = row.ok_or(Unreadable("the ledger of the account's currency"))?;
    let equity = number(row.netliquidationvalue)?;
    let cash = number(row.cashbalance)?;
    let settled = number(row.settledcash)?;
    Ok(Balance {
        account: account.id.clone(),
        currency: account.currency,
        equity: equity.ok_or(Unreadable("the net liquidation value"))?,
        // Theirs of the day before is equity with loan value, which is something else.
        previous_equity: None,
        cash: cash.or(settled).ok_or(Unreadable("the cash balance"))?,
        buying_power: of_summary(summary, "buyingpower")?,
        as_of,
    })
}

fn of_summary(
    summary: &ByText<'_, Option<wire::SummaryValue<'_>>>,
    key: &str,
) -> Result<Option<Decimal>, Unreadable> {
    match summary.get(key) {
        Some(Some(value)) if !value.is_null.is_true() => number(value.amount),
        _ => Ok(None),
    }
}

/// The number of a position's contract.
pub(in crate::providers::ibkr) fn conid_of(row: &wire::Position<'_>) -> Option<u64> {
    conid(row.conid)
}

/// A holding; `None` for one that was closed and is still listed. `known` is what its contract is called, where that
/// was learnt: a row alone does not always say.
pub(in crate::providers::ibkr) fn position(
    row: &wire::Position<'_>,
    known: Option<(Symbol, AssetClass)>,
    account: &AccountId,
    as_of: Timestamp,
) -> Result<Option<Position>, Unreadable> {
    let held = number(row.position)?.ok_or(Unreadable("the quantity"))?;
    if held.is_zero() {
        return Ok(None);
    }
    let (symbol, class) = match known {
        Some(known) => known,
        None => named(row)?,
    };
    let multiplier = nonzero(row.multiplier)?.unwrap_or(match class {
        AssetClass::Option => Decimal::ONE_HUNDRED,
        AssetClass::Equity
        | AssetClass::Crypto
        | AssetClass::Future
        | AssetClass::Forex
        | AssetClass::Other(_) => Decimal::ONE,
    });
    // The cost of one unit has the multiplier in it, the price has not.
    let of_cost = number(row.avg_cost)?.and_then(|cost| cost.checked_div(multiplier));
    Ok(Some(Position {
        account: account.clone(),
        symbol,
        class,
        currency: currency(row.currency).unwrap_or(Currency::USD),
        quantity: Quantity(held),
        multiplier: multiplier.normalize(),
        available: None,
        average_price: number(row.avg_price)?.or(of_cost).map(Price),
        reported_price: number(row.mkt_price)?.map(Price),
        previous_close: None,
        as_of,
    }))
}

/// What a position's row itself says of its contract.
fn named(row: &wire::Position<'_>) -> Result<(Symbol, AssetClass), Unreadable> {
    let definition = Definition {
        currency: row.currency,
        asset_class: row.asset_class,
        expiry: row.expiry,
        put_or_call: row.put_or_call,
        strike: row.strike,
        is_us: row.is_us,
        listing_exchange: row.listing_exchange,
        ticker: match row.ticker.text() {
            Some(_) => row.ticker,
            None => row.contract_desc,
        },
        ..Definition::default()
    };
    let described = row.contract_desc.text().map(|text| Symbol::new(&text));
    let spelled = symbol(&definition).ok().or(described);
    let spelled = spelled.ok_or(Unreadable("the symbol"))?;
    Ok((spelled, class(row.asset_class)))
}

/// Equity day by day; a day that cannot be read is left out and counted.
pub(in crate::providers::ibkr) fn equity(
    answer: &wire::Performance<'_>,
    account: &AccountId,
) -> (Vec<EquityPoint>, usize) {
    let nav = answer.nav.as_ref();
    let dates = nav.and_then(|nav| nav.dates.as_deref()).unwrap_or_default();
    let mut rows = nav
        .and_then(|nav| nav.data.as_deref())
        .unwrap_or_default()
        .iter();
    let row = rows.find(|row| row.id.text().as_deref() == Some(account.number.as_str()));
    let values = row.and_then(|row| row.navs.as_deref()).unwrap_or_default();
    let points = dates.iter().zip(values).map(|(date, value)| {
        let equity = number(*value)?.ok_or(Unreadable("a value"))?;
        Ok(EquityPoint {
            time: day(*date)?,
            equity,
            profit: None,
        })
    });
    let read: Vec<Result<EquityPoint, Unreadable>> = points.collect();
    let unreadable = read.iter().filter(|point| point.is_err()).count();
    (read.into_iter().flatten().collect(), unreadable)
}

/// `20260302` stands for its end in New York, near enough at nine in the evening of universal time.
fn day(field: Field<'_>) -> Result<Timestamp, Unreadable> {
    let text = field.text_or_empty();
    let (Some(year), Some(month), Some(day)) = (text.get(..4), text.get(4..6), text.get(6..8))
    else {
        return Err(Unreadable("a date"));
    };
    Timestamp::parse(&format!("{year}-{month}-{day}T21:00:00Z")).map_err(|_| Unreadable("a date"))
}
