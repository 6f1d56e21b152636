//! Positions of every account, valued at the newest price there is.

use super::View;
use super::json::{Exact, Moment, fraction};
use super::table::Table;
use crate::domain::{AssetClass, Environment, Money, Position, Price, Quantity, Timestamp};
use crate::ui::format;
use rust_decimal::Decimal;
use serde::Serialize;

/// A position in JSON. Prices and amounts are in `currency`, quantities in units of the instrument.
#[derive(Serialize)]
pub(super) struct Item<'v> {
    provider: Option<&'v str>,
    connection: &'v str,
    environment: Option<&'static str>,
    account: &'v str,
    symbol: &'v str,
    class: &'v AssetClass,
    currency: &'v str,
    quantity: Quantity,
    available: Option<Quantity>,
    average_price: Option<Price>,
    price: Option<Price>,
    value: Option<Exact>,
    cost: Option<Exact>,
    unrealised: Option<Exact>,
    unrealised_fraction: Option<Exact>,
    read_at: Moment,
    source: Option<&'v str>,
    simulated: bool,
    age_ms: u64,
    stale: bool,
}

/// The price a position is valued at, and where it came from.
struct Mark<'v> {
    price: Option<Price>,
    source: Option<&'v str>,
    simulated: bool,
    time: Timestamp,
    stale: bool,
}

/// A live price where there is one, else the provider's own of when it was last read, or of then if it is the newer.
fn mark<'v>(view: &View<'v>, position: &'v Position) -> Mark<'v> {
    let account = view.replica.accounts.get(&position.account);
    let is_real = account.is_none_or(|it| it.environment == Environment::Live);
    // A simulated price never values real money.
    let line = view.replica.quote(&position.symbol);
    let line = line.filter(|line| !(line.simulated && is_real));
    if let Some(line) = line
        && let (Some(price), Some(received)) = (line.mark(), line.received)
        && (position.reported_price.is_none()
            || !is_old(view, received)
            || received > position.as_of)
    {
        return Mark {
            price: Some(price),
            source: Some(line.source.as_str()),
            simulated: line.simulated,
            time: match view.is_sealed(&position.account) {
                true => received.min(position.as_of),
                false => received,
            },
            // The price may be a live one; what a viewer sees held is not known to be.
            stale: is_old(view, received) || view.is_sealed(&position.account),
        };
    }
    Mark {
        price: position.reported_price,
        source: view.provider_of(&position.account),
        simulated: false,
        time: position.as_of,
        stale: view.is_stale(&position.account, position.as_of),
    }
}

fn is_old(view: &View<'_>, received: Timestamp) -> bool {
    view.now.since(received) > view.limits.quotes
}

pub(super) fn items<'v>(view: &View<'v>) -> Vec<Item<'v>> {
    let positions = view.replica.all_positions();
    positions.map(|position| item(view, position)).collect()
}

fn item<'v>(view: &View<'v>, position: &'v Position) -> Item<'v> {
    let mark = mark(view, position);
    let at_mark = |of: fn(&Position, Price) -> Option<Decimal>| {
        mark.price.and_then(|price| of(position, price)).map(Exact)
    };
    let account = view.replica.accounts.get(&position.account);
    Item {
        provider: view.provider_of(&position.account),
        connection: position.account.connection.as_str(),
        environment: account.map(|it| it.environment.as_str()),
        account: position.account.number.as_str(),
        symbol: position.symbol.as_str(),
        class: &position.class,
        currency: position.currency.as_str(),
        quantity: position.quantity,
        available: position.available,
        average_price: position.average_price,
        price: mark.price,
        value: at_mark(Position::value),
        cost: position.cost().map(Exact),
        unrealised: at_mark(Position::unrealised),
        unrealised_fraction: mark
            .price
            .and_then(|price| position.unrealised_fraction(price))
            .map(fraction),
        read_at: Moment(position.as_of),
        source: mark.source,
        simulated: mark.simulated,
        age_ms: view.age_ms(mark.time),
        stale: mark.stale,
    }
}

pub(super) fn text(view: &View<'_>) -> String {
    let mut table = Table::new(&[
        "CONNECTION",
        "ACCOUNT",
        "SYMBOL",
        ">QUANTITY",
        ">AVERAGE",
        ">PRICE",
        ">VALUE",
        ">P/L",
        ">P/L %",
        "CCY",
        "SOURCE",
        ">AGE",
    ]);
    for position in view.replica.all_positions() {
        let mark = mark(view, position);
        let at_mark = |of: fn(&Position, Price) -> Option<Decimal>| {
            mark.price.and_then(|price| of(position, price))
        };
        let money = |amount: Decimal| Money::new(amount, position.currency);
        let age = format::age(view.now.since(mark.time));
        table.row([
            position.account.connection.to_string(),
            position.account.short(),
            position.symbol.to_string(),
            format::quantity(position.quantity),
            format::or_unknown(position.average_price, format::price),
            format::or_unknown(mark.price, format::price),
            format::or_unknown(at_mark(Position::value), |it| format::money(money(it))),
            format::or_unknown(at_mark(Position::unrealised), |it| {
                format::profit(money(it))
            }),
            format::or_unknown(
                at_mark(Position::unrealised_fraction),
                format::signed_percent,
            ),
            position.currency.to_string(),
            source_text(mark.source, mark.simulated),
            if mark.stale {
                format!("{age} old")
            } else {
                age
            },
        ]);
    }
    table.finish("no positions")
}

/// A feed's name, and that it is a simulation where the name does not say so itself.
pub(super) fn source_text(source: Option<&str>, simulated: bool) -> String {
    match source {
        Some(source) if simulated && !source.contains("simulated") => {
            format!("{source} (simulated)")
        }
        Some(source) if !source.is_empty() => source.to_owned(),
        _ => format::UNKNOWN.to_owned(),
    }
}
