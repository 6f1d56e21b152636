//! What an account is worth: now, on days before, and over time.

use super::answer::{Answer, ApiError, amount, items, moment, ok};
use super::site::Call;
use crate::domain::Timestamp;
use crate::sim::world::{Customer, World};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::time::Duration;

/// Amounts that are nothing in an account of stocks alone.
const ZEROS: [&str; 35] = [
    "bond-margin-requirement",
    "buying-power-adjustment",
    "cash-settle-balance",
    "closed-loop-available-balance",
    "cryptocurrency-margin-requirement",
    "day-equity-call-value",
    "day-trading-call-value",
    "equity-offering-margin-requirement",
    "fixed-income-security-margin-requirement",
    "futures-intraday-margin-requirement",
    "futures-margin-requirement",
    "futures-overnight-margin-requirement",
    "long-bond-value",
    "long-cryptocurrency-value",
    "long-derivative-value",
    "long-fixed-income-security-value",
    "long-futures-derivative-value",
    "long-futures-value",
    "long-index-derivative-value",
    "maintenance-call-value",
    "margin-settle-balance",
    "pending-cash",
    "pending-margin-interest",
    "reg-t-call-value",
    "short-cryptocurrency-value",
    "short-derivative-value",
    "short-futures-derivative-value",
    "short-futures-value",
    "sma-equity-option-buying-power",
    "special-memorandum-account-apex-adjustment",
    "special-memorandum-account-value",
    "total-pending-liquidity-pool-rebate",
    "total-settle-balance",
    "unsettled-cryptocurrency-fiat-amount",
    "used-derivative-buying-power",
];

/// Amounts that a snapshot has no figures for.
const OF_THIS_MOMENT: [&str; 9] = [
    "equity-buying-power",
    "derivative-buying-power",
    "day-trading-buying-power",
    "available-trading-funds",
    "cash-available-to-withdraw",
    "maintenance-requirement",
    "maintenance-excess",
    "reg-t-margin-requirement",
    "day-trade-excess",
];

/// `GET /accounts/{number}/balances`.
pub(super) fn get(call: &Call<'_>) -> Answer {
    let balance = current(call.world, call.customer(), call.now);
    match call.shared.options.balances_as_items {
        true => items(vec![balance]),
        false => ok(balance),
    }
}

/// `GET /accounts/{number}/balances/{currency}`.
pub(super) fn of_currency(call: &Call<'_>, currency: &str) -> Answer {
    match currency {
        "USD" => ok(current(call.world, call.customer(), call.now)),
        _ => Err(ApiError::not_found()),
    }
}

/// The balance of this moment, as the account streamer tells it too.
pub(super) fn current(world: &World, customer: &Customer, now: Timestamp) -> Value {
    let figures = customer.figures(&world.market);
    let date = world.market.calendar().date_of(now);
    let mut balance = empty(customer, date);
    let free = (figures.equity - figures.initial_margin).max(Decimal::ZERO);
    let excess = figures.equity - figures.maintenance_margin;
    let numbers = [
        ("cash-balance", customer.cash),
        ("net-liquidating-value", figures.equity),
        ("equity-buying-power", figures.buying_power),
        ("derivative-buying-power", figures.cash_power.min(free)),
        ("day-trading-buying-power", figures.buying_power),
        ("available-trading-funds", free),
        ("cash-available-to-withdraw", figures.cash_power.min(free)),
        ("margin-equity", figures.equity),
        ("long-equity-value", figures.long_value),
        ("short-equity-value", figures.short_value.abs()),
        ("long-margineable-value", figures.long_value),
        ("short-margineable-value", figures.short_value.abs()),
        ("maintenance-requirement", figures.maintenance_margin),
        ("maintenance-excess", excess),
        ("reg-t-margin-requirement", figures.initial_margin),
        ("day-trade-excess", excess),
        ("effective-cryptocurrency-buying-power", Decimal::ZERO),
    ];
    for (name, number) in numbers {
        balance[name] = amount(number.round_dp(3));
    }
    balance["updated-at"] = moment(now);
    balance
}

fn empty(customer: &Customer, date: Date) -> Value {
    let mut balance = json!({
        "account-number": customer.number,
        "currency": "USD",
        "snapshot-date": date.to_string(),
        "pending-cash-effect": "None",
        "unsettled-cryptocurrency-fiat-effect": "None",
        "buying-power-adjustment-effect": "None",
    });
    for name in ZEROS {
        balance[name] = "0.0".into();
    }
    balance
}

/// `GET /accounts/{number}/balance-snapshots`.
pub(super) fn snapshots(call: &Call<'_>) -> Answer {
    let time_of_day = call.query.get("time-of-day");
    let time_of_day = time_of_day
        .filter(|word| ["BOD", "EOD", "Intraday"].contains(word))
        .ok_or_else(|| ApiError::validation("time-of-day", "is required"))?;
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let on = call.query.date("snapshot-date")?;
    let first = on.or(call.query.date("start-date")?).unwrap_or(today);
    let last = on.or(call.query.date("end-date")?).unwrap_or(today);
    let days = calendar.days(first, last.min(today));
    let customer = call.customer();
    let rows: Vec<Value> = days
        .map(|day| match time_of_day {
            "BOD" => (day.date, day.open),
            _ => (day.date, day.close.min(call.now)),
        })
        .map(|(date, time)| {
            let (cash, _) = customer.holdings_at(time);
            let worth = customer.equity_at(&call.world.market, time);
            let mut row = empty(customer, date);
            row["time-of-day"] = time_of_day.into();
            // Of the past it is known what was held, not what was free to be spent.
            let held = worth - cash;
            let long = held.max(Decimal::ZERO);
            let short = (-held).max(Decimal::ZERO);
            for name in OF_THIS_MOMENT {
                row[name] = "0.0".into();
            }
            let numbers = [
                ("cash-balance", cash),
                ("net-liquidating-value", worth),
                ("margin-equity", worth),
                ("long-equity-value", long),
                ("long-margineable-value", long),
                ("short-equity-value", short),
                ("short-margineable-value", short),
            ];
            for (name, number) in numbers {
                row[name] = amount(number.round_dp(3));
            }
            row["updated-at"] = moment(time);
            row
        })
        .collect();
    call.query.page(&rows, 250, 2000)
}

/// `GET /accounts/{number}/net-liq/history`; the one place that writes names in another way.
pub(super) fn net_liq(call: &Call<'_>) -> Answer {
    let days = match call.query.get("time-back") {
        Some("1d") => 1,
        Some("1w") => 7,
        Some("1m") => 31,
        Some("3m") => 92,
        Some("6m") => 183,
        Some("1y" | "all") => 365,
        Some(_) => return Err(ApiError::validation("time-back", "is unknown")),
        None => 31,
    };
    let start = match call.query.get("start-time") {
        // A zone's name may stand in brackets behind the offset.
        Some(text) => {
            let plain = text.split('[').next().unwrap_or(text).replace(' ', "+");
            let time = Timestamp::parse(&plain);
            time.map_err(|_| ApiError::validation("start-time", "is not a date and time"))?
        }
        None => call.now.minus(Duration::from_secs(days * 86_400)),
    };
    let customer = call.customer();
    let rows = moments(call, start).into_iter().map(|(open, close)| {
        let worth = |time| customer.equity_at(&call.world.market, time).round_dp(3);
        let (open, shut) = (worth(open), worth(close));
        let (high, low) = (open.max(shut), open.min(shut));
        let mut row = json!({"time": moment(close)});
        let prices = [
            ("Open", open),
            ("High", high),
            ("Low", low),
            ("Close", shut),
        ];
        for (name, worth) in prices {
            row[name.to_lowercase()] = amount(worth);
            row[format!("total{name}")] = amount(worth);
            row[format!("pendingCash{name}")] = "0.0".into();
        }
        row
    });
    items(rows.collect())
}

/// Quarters of an hour of the last session, or days.
fn moments(call: &Call<'_>, start: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let calendar = call.world.market.calendar();
    if call.now.since(start) > Duration::from_hours(48) {
        let days = calendar.days(calendar.date_of(start), calendar.date_of(call.now));
        let spans = days.map(|day| (day.open, day.close.min(call.now)));
        return spans.filter(|(open, close)| open < close).collect();
    }
    let day = calendar.latest_open(call.now);
    let end = day.close.min(call.now);
    let quarter = Duration::from_mins(15);
    let mut spans = Vec::new();
    let mut open = day.open;
    while open < end {
        let close = open.plus(quarter).min(end);
        spans.push((open, close));
        open = close;
    }
    spans
}
