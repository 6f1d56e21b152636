//! Live prices of symbols.

use super::View;
use super::json::{Exact, Moment, fraction};
use super::positions::source_text;
use super::table::Table;
use crate::domain::{Level1, Price, Quantity, Symbol, TradingStatus};
use crate::ui::format;
use serde::Serialize;

/// A symbol's prices in JSON, in `currency` where the instrument is known; sizes and volume are in its units.
#[derive(Serialize)]
pub(super) struct Item<'v> {
    symbol: &'v str,
    currency: Option<&'v str>,
    bid: Option<Price>,
    ask: Option<Price>,
    bid_size: Option<Quantity>,
    ask_size: Option<Quantity>,
    last: Option<Price>,
    last_size: Option<Quantity>,
    volume: Option<Quantity>,
    previous_close: Option<Price>,
    day_change_fraction: Option<Exact>,
    halted: Option<bool>,
    halt_reason: Option<&'v str>,
    exchange_time: Option<Moment>,
    received_at: Option<Moment>,
    source: Option<&'v str>,
    simulated: Option<bool>,
    delayed_minutes: Option<u16>,
    age_ms: Option<u64>,
    stale: bool,
}

pub(super) fn items<'v>(view: &View<'v>, symbols: &'v [Symbol]) -> Vec<Item<'v>> {
    symbols.iter().map(|symbol| item(view, symbol)).collect()
}

fn item<'v>(view: &View<'v>, symbol: &'v Symbol) -> Item<'v> {
    let line = view.replica.quote(symbol);
    let instrument = view.replica.instruments.get(symbol);
    let halt = line.and_then(|line| match &line.status {
        TradingStatus::Trading => None,
        TradingStatus::Halted(reason) => Some(reason.as_str()),
    });
    let received = line.and_then(|it| it.received);
    Item {
        symbol: symbol.as_str(),
        currency: instrument.map(|it| it.currency.as_str()),
        bid: line.and_then(|it| it.bid),
        ask: line.and_then(|it| it.ask),
        bid_size: line.and_then(|it| it.bid_size),
        ask_size: line.and_then(|it| it.ask_size),
        last: line.and_then(|it| it.last),
        last_size: line.and_then(|it| it.last_size),
        volume: line.and_then(|it| it.volume),
        previous_close: line.and_then(|it| it.previous_close),
        day_change_fraction: line.and_then(Level1::day_change).map(fraction),
        halted: line.map(|_| halt.is_some()),
        halt_reason: halt,
        exchange_time: line.and_then(|it| it.exchange_time).map(Moment),
        received_at: received.map(Moment),
        source: line.map(|it| it.source.as_str()),
        simulated: line.map(|it| it.simulated),
        delayed_minutes: line.map(|it| it.delayed_minutes),
        age_ms: received.map(|it| view.age_ms(it)),
        stale: received.is_none_or(|it| view.now.since(it) > view.limits.quotes),
    }
}

pub(super) fn text(view: &View<'_>, symbols: &[Symbol]) -> String {
    let mut table = Table::new(&[
        "SYMBOL",
        ">BID",
        ">ASK",
        ">LAST",
        ">CHANGE %",
        ">VOLUME",
        "SOURCE",
        ">AGE",
    ]);
    for symbol in symbols {
        let line = view.replica.quote(symbol);
        let price =
            |of: fn(&Level1) -> Option<Price>| format::or_unknown(line.and_then(of), format::price);
        let change = line.and_then(Level1::day_change);
        table.row([
            symbol.to_string(),
            price(|it| it.bid),
            price(|it| it.ask),
            price(|it| it.last),
            format::or_unknown(change, |it| format::change(it).1.trim_start().to_owned()),
            format::or_unknown(line.and_then(|it| it.volume), format::quantity),
            line.map_or_else(|| format::UNKNOWN.to_owned(), source),
            age(view, line),
        ]);
    }
    table.finish("no symbols")
}

fn source(line: &Level1) -> String {
    let mut source = source_text(Some(line.source.as_str()), line.simulated);
    if line.delayed_minutes > 0 {
        source.push_str(&format!(", {} min late", line.delayed_minutes));
    }
    if let TradingStatus::Halted(reason) = &line.status {
        source.push_str(&format!(", HALTED {reason}"));
    }
    source
}

fn age(view: &View<'_>, line: Option<&Level1>) -> String {
    format::or_unknown(line.and_then(|it| it.received), |received| {
        let elapsed = view.now.since(received);
        match elapsed > view.limits.quotes {
            true => format!("{} old", format::age(elapsed)),
            false => format::age(elapsed),
        }
    })
}
