//! Everything in one line, for a status bar: `PAPER net 123,346.11 ▲ +0.42% ●2 ○1`.
//!
//! Paper and live money, and different currencies, are never added up: each has its own total.

use super::View;
use super::json::{Exact, Moment, fraction};
use crate::domain::{Balance, Currency, Environment, Money, OrderState, Timestamp};
use crate::link::{ConnectionState, VaultRole, VaultStatus};
use crate::ui::format::{self, Trend};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// The state of everything in JSON.
#[derive(Serialize)]
pub(super) struct Item {
    vault: &'static str,
    role: Option<&'static str>,
    demo: bool,
    totals: Vec<Total>,
    connections_live: usize,
    connections_down: usize,
    orders_working: usize,
    orders_unknown: usize,
}

/// Accounts of one environment and currency, together. Figures are `null` where any account's is not known.
#[derive(Serialize)]
struct Total {
    environment: &'static str,
    currency: String,
    net: Option<Exact>,
    previous_net: Option<Exact>,
    day_change: Option<Exact>,
    day_change_fraction: Option<Exact>,
    accounts: usize,
    accounts_known: usize,
    read_at: Option<Moment>,
    age_ms: Option<u64>,
    stale: bool,
}

/// What accounts of one environment and currency add up to.
#[derive(Default)]
struct Sum {
    accounts: usize,
    known: usize,
    net: Decimal,
    previous: Option<Decimal>,
    oldest: Option<Timestamp>,
    stale: bool,
}

impl Sum {
    fn of<'b>(balances: impl Iterator<Item = Option<(&'b Balance, bool)>>) -> Self {
        let mut sum = Self {
            previous: Some(Decimal::ZERO),
            ..Self::default()
        };
        for balance in balances {
            sum.accounts += 1;
            let Some((balance, stale)) = balance else {
                sum.previous = None;
                sum.stale = true;
                continue;
            };
            sum.known += 1;
            sum.net = sum.net.saturating_add(balance.equity);
            sum.previous = sum
                .previous
                .zip(balance.previous_equity)
                .and_then(|(sum, previous)| sum.checked_add(previous));
            sum.oldest = Some(sum.oldest.map_or(balance.as_of, |it| it.min(balance.as_of)));
            sum.stale |= stale;
        }
        sum
    }

    fn change(&self) -> Option<Decimal> {
        self.net.checked_sub(self.previous?)
    }

    fn change_fraction(&self) -> Option<Decimal> {
        self.change()?.checked_div(self.previous?)
    }
}

fn sums(view: &View<'_>) -> BTreeMap<(Environment, Currency), Sum> {
    let mut groups: BTreeMap<(Environment, Currency), Vec<_>> = BTreeMap::new();
    for account in view.replica.accounts.values() {
        let balance = view.replica.balances.get(&account.id);
        let balance = balance.map(|it| (it, view.is_stale(&account.id, it.as_of)));
        let key = (account.environment, account.currency);
        groups.entry(key).or_default().push(balance);
    }
    let sums = groups.into_iter();
    sums.map(|(key, balances)| (key, Sum::of(balances.into_iter())))
        .collect()
}

pub(super) fn item(view: &View<'_>) -> Item {
    let totals = sums(view)
        .into_iter()
        .map(|((environment, currency), sum)| {
            let complete = sum.known == sum.accounts;
            Total {
                environment: environment.as_str(),
                currency: currency.to_string(),
                net: complete.then_some(Exact(sum.net)),
                previous_net: sum.previous.map(Exact),
                day_change: sum.change().map(Exact),
                day_change_fraction: sum.change_fraction().map(fraction),
                accounts: sum.accounts,
                accounts_known: sum.known,
                read_at: sum.oldest.map(Moment),
                age_ms: sum.oldest.map(|it| view.age_ms(it)),
                stale: sum.stale,
            }
        });
    let counts = Counts::of(view);
    Item {
        vault: vault_word(view),
        role: role_word(view),
        demo: view.replica.demo,
        totals: totals.collect(),
        connections_live: counts.live,
        connections_down: counts.down,
        orders_working: counts.working,
        orders_unknown: counts.unknown,
    }
}

fn vault_word(view: &View<'_>) -> &'static str {
    match &view.replica.vault {
        Some(VaultStatus::Open { .. }) => "open",
        Some(VaultStatus::Locked { .. }) => "locked",
        Some(VaultStatus::Unlocking) => "unlocking",
        Some(VaultStatus::Broken { .. }) => "broken",
        Some(VaultStatus::Absent) | None => "absent",
    }
}

fn role_word(view: &View<'_>) -> Option<&'static str> {
    match view.replica.vault.as_ref()? {
        VaultStatus::Open { role, .. } => Some(match role {
            VaultRole::Viewer => "viewer",
            VaultRole::Trader => "trader",
        }),
        VaultStatus::Absent
        | VaultStatus::Locked { .. }
        | VaultStatus::Unlocking
        | VaultStatus::Broken { .. } => None,
    }
}

struct Counts {
    live: usize,
    down: usize,
    working: usize,
    unknown: usize,
}

impl Counts {
    fn of(view: &View<'_>) -> Self {
        let connections = view.replica.connections.values();
        let live = connections
            .filter(|it| it.state == ConnectionState::Live)
            .count();
        let orders = || view.replica.orders.values().map(|order| &order.state);
        let unknown = orders()
            .filter(|state| matches!(state, OrderState::Unknown { .. }))
            .count();
        Self {
            live,
            down: view.replica.connections.len() - live,
            working: orders().filter(|state| !state.is_final()).count() - unknown,
            unknown,
        }
    }
}

pub(super) fn text(view: &View<'_>) -> String {
    let vault = view.replica.vault.as_ref();
    if vault.is_some_and(|it| !matches!(it, VaultStatus::Open { .. })) {
        return format!("vault {}\n", vault_word(view));
    }
    let mut parts = Vec::new();
    if view.replica.demo {
        parts.push("DEMO".to_owned());
    }
    if view.replica.is_for_viewing() {
        parts.push("VIEWER".to_owned());
    }
    let sums = sums(view);
    for ((environment, currency), sum) in &sums {
        parts.push(environment.as_str().to_uppercase());
        parts.push(total_text(sum, *currency));
    }
    if sums.is_empty() {
        parts.push("no accounts".to_owned());
    }
    let counts = Counts::of(view);
    parts.push(format!("●{}", counts.live));
    if counts.down > 0 {
        parts.push(format!("○{}", counts.down));
    }
    if counts.unknown > 0 {
        parts.push(format!("UNKNOWN {}", counts.unknown));
    }
    parts.join(" ") + "\n"
}

fn total_text(sum: &Sum, currency: Currency) -> String {
    let mut text = match (sum.known, currency == Currency::USD) {
        (0, _) => return format!("net {}", format::UNKNOWN),
        (_, true) => format!("net {}", format::money(Money::new(sum.net, currency))),
        (_, false) => format!(
            "net {} {currency}",
            format::money(Money::new(sum.net, currency))
        ),
    };
    if sum.known < sum.accounts {
        text.push_str(&format!(" ({} of {} accounts)", sum.known, sum.accounts));
    }
    if let Some(fraction) = sum.change_fraction() {
        match Trend::of(fraction.saturating_mul(Decimal::ONE_HUNDRED), 2) {
            Trend::Level => {}
            trend @ (Trend::Up | Trend::Down) => text.extend([' ', trend.arrow()]),
        }
        text.push(' ');
        text.push_str(&format::signed_percent(fraction));
    }
    if sum.stale {
        text.push_str(" (old)");
    }
    text
}
