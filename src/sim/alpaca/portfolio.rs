//! `/v2/account/portfolio/history`: equity over time, in plain numbers unlike the rest.

use super::account::number;
use super::activities;
use super::answer::{Answer, ApiError, text};
use super::site::Call;
use crate::domain::Timestamp;
use crate::sim::calendar::Calendar;
use crate::sim::world::{Activity, Happening};
use jiff::ToSpan;
use jiff::civil::{Date, time};
use rust_decimal::Decimal;
use std::ops::Range;
use std::time::Duration;

/// Most points of one answer.
const MOST_POINTS: usize = 20_000;

/// What is asked for.
struct Request {
    days: Range<Date>,
    step: Step,
    cashflow: Vec<String>,
}

/// One moment of the history.
struct Point {
    /// The time it is shown with.
    label: Timestamp,
    time: Timestamp,
    equity: Decimal,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Day,
    Seconds(u64),
}

/// `GET /v2/account/portfolio/history`.
pub(super) fn history(call: &Call<'_>) -> Answer {
    let request = read(call)?;
    let calendar = call.world.market.calendar();
    let customer = call.customer();
    let market = &call.world.market;
    let before = calendar.previous(request.days.start);
    let base = customer.equity_at(market, before.close).round_dp(2);
    let mut points: Vec<Point> = points(calendar, &request, call.now)
        .into_iter()
        .map(|(label, time)| Point {
            label,
            time,
            equity: customer.equity_at(market, time).round_dp(2),
        })
        .collect();
    let (mut before, mut base) = (before.date, base);
    if base.is_zero() {
        // The account was opened inside the period: its history starts with its first equity.
        points.retain(|point| !point.equity.is_zero());
        if let Some(first) = points.first() {
            (before, base) = (calendar.date_of(first.time), first.equity);
        }
    }
    let equities: Vec<Decimal> = points.iter().map(|point| point.equity).collect();
    let (profits, fractions) = profits(base, &equities, request.step);
    let seconds = points
        .iter()
        .map(|point| (point.label.millis() / 1000).to_string());
    let times: Vec<Timestamp> = points.iter().map(|point| point.time).collect();
    text(format!(
        "{{\"timestamp\":[{}],\"equity\":[{}],\"profit_loss\":[{}],\"profit_loss_pct\":[{}],\
         \"base_value\":{},\"base_value_asof\":\"{}\",\"timeframe\":\"{}\",\"cashflow\":{{{}}}}}",
        seconds.collect::<Vec<_>>().join(","),
        joined(&equities),
        joined(&profits),
        joined(&fractions),
        number(base),
        before,
        word(request.step),
        cashflows(&customer.activities, &request.cashflow, &times),
    ))
}

fn read(call: &Call<'_>) -> Result<Request, ApiError> {
    let query = call.query;
    let calendar = call.world.market.calendar();
    let today = calendar.latest_open(call.now).date;
    let period = query.get("period");
    let start = query.date("start", calendar)?;
    let end = query.date("end", calendar)?;
    if period.is_some() && start.is_some() && end.is_some() {
        return Err(ApiError::invalid(
            "period cannot be combined with both start and end",
        ));
    }
    let (number, unit) = split_period(period.unwrap_or("1M"))?;
    let (first, last) = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => match period {
            Some(_) => (start, shifted(start, number, unit)),
            None => (start, today),
        },
        (None, end) => {
            let end = end.unwrap_or(today);
            (first_of(calendar, end, number, unit), end)
        }
    };
    let days = first..last.min(today);
    let step = step(query.get("timeframe"), &days)?;
    let cashflow = match query.get("cashflow_types") {
        None | Some("NONE") => Vec::new(),
        Some("ALL") => activities::CASH_WORDS
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
        Some(_) => query
            .list("cashflow_types")
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    Ok(Request {
        days,
        step,
        cashflow,
    })
}

fn split_period(period: &str) -> Result<(i32, char), ApiError> {
    let unit = period.chars().last().unwrap_or_default();
    let number = period
        .strip_suffix(unit)
        .and_then(|digits| digits.parse().ok());
    match (number, unit) {
        (Some(number @ 1..=1000), 'D' | 'W' | 'M' | 'A') => Ok((number, unit)),
        _ => Err(ApiError::invalid(format!("invalid period: {period}"))),
    }
}

fn shifted(date: Date, number: i32, unit: char) -> Date {
    let span = match unit {
        'D' => number.days(),
        'W' => number.weeks(),
        'M' => number.months(),
        _ => number.years(),
    };
    date.saturating_add(span)
}

/// The first day of a period that ends with `end`; days count trading days.
fn first_of(calendar: &Calendar, end: Date, number: i32, unit: char) -> Date {
    if unit != 'D' {
        return shifted(end, -number, unit);
    }
    let mut first = end;
    for _ in 1..number {
        first = calendar.previous(first).date;
    }
    first
}

fn step(timeframe: Option<&str>, days: &Range<Date>) -> Result<Step, ApiError> {
    let hours = days.start.duration_until(days.end).as_hours();
    let (is_week, long) = (hours < 24 * 7, hours > 24 * 31);
    let step = match timeframe {
        Some("1D") => Step::Day,
        None if long => Step::Day,
        Some("1Min") => Step::Seconds(60),
        None if is_week => Step::Seconds(60),
        Some("5Min") => Step::Seconds(300),
        Some("15Min") | None => Step::Seconds(900),
        Some("1H") => Step::Seconds(3600),
        Some(other) => return Err(ApiError::invalid(format!("invalid timeframe: {other}"))),
    };
    if long && step != Step::Day {
        return Err(ApiError::invalid(
            "only 1D timeframe is allowed for more than 30 days",
        ));
    }
    Ok(step)
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Day => "1D",
        Step::Seconds(60) => "1Min",
        Step::Seconds(300) => "5Min",
        Step::Seconds(900) => "15Min",
        Step::Seconds(_) => "1H",
    }
}

/// Label and moment of each point: a day's label is the end of its extended session.
fn points(calendar: &Calendar, request: &Request, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let days = calendar.days(request.days.start, request.days.end);
    match request.step {
        Step::Day => days
            .filter(|day| day.open <= now)
            .map(|day| {
                let label = calendar.at(day.date, time(20, 0, 0, 0));
                (label, day.close.min(now))
            })
            .collect(),
        Step::Seconds(seconds) => days
            .flat_map(|day| {
                let step = Duration::from_secs(seconds);
                std::iter::successors(Some(day.open), move |time| Some(time.plus(step)))
                    .take_while(move |time| *time < day.close && *time <= now)
            })
            .take(MOST_POINTS)
            .map(|time| (time, time))
            .collect(),
    }
}

/// Profit of each point and the same as a fraction: of days since the day before, within days since the
/// base.
fn profits(base: Decimal, equities: &[Decimal], step: Step) -> (Vec<Decimal>, Vec<Decimal>) {
    let mut before = base;
    let profit = |equity: &Decimal| {
        let from = before;
        if step == Step::Day {
            before = *equity;
        }
        let profit = equity - from;
        let fraction = profit.checked_div(from).unwrap_or_default().round_dp(4);
        (profit, fraction)
    };
    equities.iter().map(profit).unzip()
}

fn joined(numbers: &[Decimal]) -> String {
    let texts: Vec<String> = numbers.iter().map(|amount| number(*amount)).collect();
    texts.join(",")
}

/// Cash that came and went between one point and the next, by kind.
fn cashflows(activities: &[Activity], kinds: &[String], times: &[Timestamp]) -> String {
    let of_kind = |kind: &String| {
        let mut before = times
            .first()
            .map(|first| first.minus(Duration::from_secs(86_400)));
        let sums: Vec<Decimal> = times
            .iter()
            .map(|time| {
                let from = before.replace(*time);
                activities
                    .iter()
                    .filter(|past| Some(past.time) > from && past.time <= *time)
                    .filter(|past| is_cash_of(past, kind))
                    .map(Activity::cash)
                    .sum()
            })
            .collect();
        format!("\"{kind}\":[{}]", joined(&sums))
    };
    kinds.iter().map(of_kind).collect::<Vec<_>>().join(",")
}

fn is_cash_of(activity: &Activity, word: &str) -> bool {
    match &activity.happening {
        Happening::Cash(cash) => activities::cash_word(cash.kind).0 == word,
        Happening::Fill { .. } => false,
    }
}
