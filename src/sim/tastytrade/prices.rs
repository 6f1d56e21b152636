//! Prices of this moment, the way to the stream of them, and when the market is open.

use super::answer::{Answer, ApiError, amount, items, moment, ok, spelled, symbol};
use super::site::Call;
use super::{Host, ready};
use crate::domain::TradingStatus;
use crate::paper::Session;
use crate::sim::calendar::TradingDay;
use jiff::ToSpan;
use jiff::civil::Weekday;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Most symbols of one request.
const MOST_SYMBOLS: usize = 100;
/// Kinds of instruments that can be asked for.
const KINDS: [&str; 6] = [
    "equity",
    "equity-option",
    "index",
    "future",
    "future-option",
    "cryptocurrency",
];

/// `GET /market-data/by-type`, production only.
pub(super) fn by_type(call: &Call<'_>) -> Answer {
    let asked: usize = KINDS.iter().map(|kind| call.query.list(kind).len()).sum();
    if asked > MOST_SYMBOLS {
        return Err(ApiError::validation("symbols", "are more than 100"));
    }
    let market = &call.world.market;
    let wanted = call.query.list("equity");
    let names = wanted.into_iter().flat_map(|names| names.split(','));
    let found = names.filter_map(|name| market.find(&symbol(name)));
    items(found.map(|listing| summary(call, listing)).collect())
}

fn summary(call: &Call<'_>, listing: usize) -> Value {
    let market = &call.world.market;
    let (line, calendar) = (market.line(listing), market.calendar());
    let today = calendar.latest_open(call.now);
    let day = market.day_bar(listing, today, call.now);
    let before = market.previous_close(listing, call.now);
    let mut row = json!({
        "symbol": spelled(&line.quote.symbol),
        "instrument-type": "Equity",
        "updated-at": moment(line.quote.time),
        "is-trading-halted": matches!(line.status, TradingStatus::Halted(_)),
        "halt-start-time": -1,
        "halt-end-time": -1,
        "summary-date": today.date.to_string(),
        "prev-close-date": calendar.previous(today.date).date.to_string(),
        "close-price-type": "Regular",
        "prev-close-price-type": "Final",
    });
    let middle = |bid: Decimal, ask: Decimal| (bid + ask) / Decimal::TWO;
    let (bid, ask) = (line.quote.bid, line.quote.ask);
    let last = line.trade.as_ref().map(|trade| trade.price.0);
    let numbers = [
        ("bid", bid.map(|price| price.0)),
        ("ask", ask.map(|price| price.0)),
        ("bid-size", line.quote.bid_size.map(|size| size.0)),
        ("ask-size", line.quote.ask_size.map(|size| size.0)),
        ("mid", bid.zip(ask).map(|(bid, ask)| middle(bid.0, ask.0))),
        ("mark", market.mark(listing).map(|price| price.0)),
        ("last", last),
        ("last-mkt", last),
        ("open", day.map(|day| day.open.0)),
        ("day-high-price", day.map(|day| day.high.0)),
        ("day-low-price", day.map(|day| day.low.0)),
        ("volume", day.map(|day| day.volume.into())),
        ("prev-close", before.map(|price| price.0)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            row[name] = amount(number);
        }
    }
    row
}

/// `GET /api-quote-tokens`: the address follows the one the request came to.
pub(super) fn token(call: &mut Call<'_>) -> Answer {
    let (token, ends) = call.shared.make_feed_token(call.world, call.host, call.now);
    let level = match call.host {
        Host::Sandbox => "demo",
        Host::Live => "api",
    };
    ok(json!({
        "token": token,
        "dxlink-url": format!("ws://{}{}", call.authority, ready::feed_path(call.host)),
        "level": level,
        "issued-at": moment(call.now),
        "expires-at": moment(ends),
    }))
}

/// `GET /market-time/sessions/current` and `/market-time/equities/sessions/current`.
pub(super) fn session(call: &Call<'_>) -> Answer {
    let market = &call.world.market;
    let state = match market.session(call.now) {
        Session::Regular => "Open",
        Session::Extended => "Extended",
        Session::Closed => "Closed",
    };
    let calendar = market.calendar();
    let today = calendar.latest_open(call.now);
    let next = calendar.next_from(crate::sim::calendar::after(today.date));
    let mut body = hours(&today);
    body["state"] = state.into();
    body["instrument-collection"] = "Equity".into();
    body["next-session"] = hours(&next);
    body["previous-session"] = hours(&calendar.previous(today.date));
    match call.query.get("instrument-collections") {
        Some(_) => items(vec![body]),
        None => ok(body),
    }
}

fn hours(day: &TradingDay) -> Value {
    json!({
        "session-date": day.date.to_string(),
        "instrument-collection": "Equity",
        "start-at": moment(day.pre_open),
        "open-at": moment(day.open),
        "close-at": moment(day.close),
        "close-at-ext": moment(day.post_close),
    })
}

/// `GET /market-time/equities/holidays`: weekdays of two years without a session, and short sessions.
pub(super) fn holidays(call: &Call<'_>) -> Answer {
    let calendar = call.world.market.calendar();
    let year = calendar.date_of(call.now).year();
    let first = jiff::civil::date(year, 1, 1);
    let weekdays = first
        .series(1.day())
        .take_while(|date| date.year() < year + 2);
    let weekdays =
        weekdays.filter(|date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
    let (mut closed, mut short) = (Vec::new(), Vec::new());
    for date in weekdays {
        match calendar.day(date) {
            None => closed.push(date.to_string()),
            Some(day) if day.close_time.hour() < 16 => short.push(date.to_string()),
            Some(_) => {}
        }
    }
    ok(json!({"market-holidays": closed, "market-half-days": short}))
}
