//! Accounts and their balances.

use super::View;
use super::json::{Exact, Moment, fraction};
use super::table::Table;
use crate::domain::{Account, Balance, Money};
use crate::ui::format;
use rust_decimal::Decimal;
use serde::Serialize;

/// An account in JSON. Amounts are in `currency`.
#[derive(Serialize)]
pub(super) struct Item<'v> {
    provider: &'v str,
    connection: &'v str,
    environment: &'static str,
    account: &'v str,
    name: &'v str,
    currency: &'v str,
    equity: Option<Exact>,
    previous_equity: Option<Exact>,
    day_change: Option<Exact>,
    day_change_fraction: Option<Exact>,
    cash: Option<Exact>,
    buying_power: Option<Exact>,
    restriction: Option<&'v str>,
    source: &'v str,
    read_at: Option<Moment>,
    age_ms: Option<u64>,
    stale: bool,
}

pub(super) fn items<'v>(view: &View<'v>) -> Vec<Item<'v>> {
    let accounts = view.replica.accounts.values();
    accounts.map(|account| item(view, account)).collect()
}

fn item<'v>(view: &View<'v>, account: &'v Account) -> Item<'v> {
    let balance = view.replica.balances.get(&account.id);
    let figure = |of: fn(&Balance) -> Option<Decimal>| balance.and_then(of).map(Exact);
    Item {
        provider: account.provider.as_str(),
        connection: account.id.connection.as_str(),
        environment: account.environment.as_str(),
        account: account.id.number.as_str(),
        name: account.name.as_str(),
        currency: account.currency.as_str(),
        equity: figure(|it| Some(it.equity)),
        previous_equity: figure(|it| it.previous_equity),
        day_change: figure(Balance::day_change),
        day_change_fraction: balance.and_then(Balance::day_change_fraction).map(fraction),
        cash: figure(|it| Some(it.cash)),
        buying_power: figure(|it| it.buying_power),
        restriction: account.restriction.as_ref().map(|it| it.as_str()),
        source: account.provider.as_str(),
        read_at: balance.map(|it| Moment(it.as_of)),
        age_ms: balance.map(|it| view.age_ms(it.as_of)),
        stale: balance.is_none_or(|it| view.is_stale(&account.id, it.as_of)),
    }
}

pub(super) fn text(view: &View<'_>) -> String {
    let mut table = Table::new(&[
        "CONNECTION",
        "ACCOUNT",
        "NAME",
        "MONEY",
        ">EQUITY",
        ">DAY",
        ">DAY %",
        ">CASH",
        ">BUYING POWER",
        "CCY",
        ">AGE",
    ]);
    for account in view.replica.accounts.values() {
        let balance = view.replica.balances.get(&account.id);
        let money = |amount: Decimal| format::money(Money::new(amount, account.currency));
        let profit = |amount: Decimal| format::profit(Money::new(amount, account.currency));
        let name = match &account.restriction {
            Some(restriction) => format!("{} [{restriction}]", account.name),
            None => account.name.to_string(),
        };
        table.row([
            account.id.connection.to_string(),
            account.id.short(),
            name,
            account.environment.as_str().to_uppercase(),
            format::or_unknown(balance.map(|it| it.equity), money),
            format::or_unknown(balance.and_then(Balance::day_change), profit),
            format::or_unknown(
                balance.and_then(Balance::day_change_fraction),
                format::signed_percent,
            ),
            format::or_unknown(balance.map(|it| it.cash), money),
            format::or_unknown(balance.and_then(|it| it.buying_power), money),
            account.currency.to_string(),
            age(view, account, balance),
        ]);
    }
    table.finish("no accounts; add one with `tradedeck connect PROVIDER`")
}

fn age(view: &View<'_>, account: &Account, balance: Option<&Balance>) -> String {
    format::or_unknown(balance, |balance| {
        let age = format::age(view.now.since(balance.as_of));
        match view.is_stale(&account.id, balance.as_of) {
            true => format!("{age} old"),
            false => age,
        }
    })
}
