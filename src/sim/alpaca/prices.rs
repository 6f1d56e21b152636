//! Market data over REST: latest quotes, trades and bars, snapshots. Prices are JSON numbers whose digits
//! are the decimal's own.

use super::answer::{Answer, ApiError, text};
use super::site::Call;
use super::streams::messages::{bar_fields, quote_fields, trade_fields};
use crate::domain::Symbol;
use crate::sim::market::MarketBar;
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// Feeds that can be asked for the latest.
const FEEDS: [&str; 6] = ["sip", "iex", "delayed_sip", "boats", "overnight", "otc"];

/// One kind of the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latest {
    Quotes,
    Trades,
    Bars,
    Snapshots,
}

/// `GET /v2/stocks/{quotes,trades,bars}/latest` and `GET /v2/stocks/snapshots`, for many symbols;
/// symbols that nobody knows are left out.
pub(super) fn latest(call: &Call<'_>, kind: Latest) -> Answer {
    check_feed(call)?;
    let symbols = call.query.list("symbols");
    if symbols.is_empty() {
        return Err(bad_request("symbols is required"));
    }
    let entries: Vec<String> = symbols
        .iter()
        .filter_map(|name| {
            let listing = call.world.market.find(&Symbol::new(name))?;
            let value = one(call, listing, kind)?;
            Some(format!("{}:{value}", Value::from(*name)))
        })
        .collect();
    let entries = entries.join(",");
    text(match kind {
        Latest::Quotes => format!("{{\"quotes\":{{{entries}}}}}"),
        Latest::Trades => format!("{{\"trades\":{{{entries}}}}}"),
        Latest::Bars => format!("{{\"bars\":{{{entries}}}}}"),
        Latest::Snapshots => format!("{{{entries}}}"),
    })
}

/// The same for one symbol in the path.
pub(super) fn latest_of(call: &Call<'_>, name: &str, kind: Latest) -> Answer {
    check_feed(call)?;
    let symbol = Symbol::new(name);
    let value = call
        .world
        .market
        .find(&symbol)
        .and_then(|listing| one(call, listing, kind))
        .ok_or_else(|| ApiError::not_found(format!("no data found for {symbol}")))?;
    let symbol = Value::from(symbol.as_str());
    text(match kind {
        Latest::Quotes => format!("{{\"symbol\":{symbol},\"quote\":{value}}}"),
        Latest::Trades => format!("{{\"symbol\":{symbol},\"trade\":{value}}}"),
        Latest::Bars => format!("{{\"symbol\":{symbol},\"bar\":{value}}}"),
        Latest::Snapshots => match value.strip_prefix('{') {
            Some(rest) => format!("{{\"symbol\":{symbol},{rest}"),
            None => value,
        },
    })
}

/// 403 where a plan does not have the feed, 400 where there is no such feed.
pub(super) fn check_feed(call: &Call<'_>) -> Result<(), ApiError> {
    let feed = call
        .query
        .word("feed", &FEEDS)
        .map_err(|_| bad_request("invalid feed"))?;
    if call.customer().profile.free && feed == Some("sip") {
        return Err(ApiError::forbidden(
            "subscription does not permit querying recent SIP data",
        ));
    }
    Ok(())
}

pub(super) fn bad_request(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, 40_010_000, message)
}

fn one(call: &Call<'_>, listing: usize, kind: Latest) -> Option<String> {
    match kind {
        Latest::Quotes => quote(call, listing),
        Latest::Trades => trade(call, listing),
        Latest::Bars => minute(call, listing).as_ref().map(bar),
        Latest::Snapshots => snapshot(call, listing),
    }
}

fn quote(call: &Call<'_>, listing: usize) -> Option<String> {
    let line = call.world.market.line(listing);
    let mut out = String::from("{");
    quote_fields(&mut out, &line.quote);
    out.push('}');
    line.is_quoted().then_some(out)
}

fn trade(call: &Call<'_>, listing: usize) -> Option<String> {
    let line = call.world.market.line(listing);
    let mut out = String::from("{");
    trade_fields(&mut out, line.trade.as_ref()?, line.trade_number);
    out.push('}');
    Some(out)
}

/// A bar as an object.
pub(super) fn bar(bar: &MarketBar) -> String {
    let mut out = String::from("{");
    bar_fields(&mut out, bar);
    out.push('}');
    out
}

fn minute(call: &Call<'_>, listing: usize) -> Option<MarketBar> {
    // At the very turn of a minute the newest bar is that of the minute before.
    let last = call.now.minus(Duration::from_nanos(1));
    let minute = last.millis().div_euclid(60_000) * 60_000;
    let start = crate::domain::Timestamp::from_millis(minute)?;
    call.world
        .market
        .bar(listing, start..start.plus(Duration::from_mins(1)), call.now)
}

fn snapshot(call: &Call<'_>, listing: usize) -> Option<String> {
    let market = &call.world.market;
    let today = market.calendar().latest_open(call.now);
    let yesterday = market.calendar().previous(today.date);
    let null = || "null".to_owned();
    let shown = |found: Option<MarketBar>| found.as_ref().map_or_else(null, bar);
    if !market.line(listing).is_quoted() && market.line(listing).trade.is_none() {
        return None;
    }
    Some(format!(
        "{{\"latestTrade\":{},\"latestQuote\":{},\"minuteBar\":{},\"dailyBar\":{},\"prevDailyBar\":{}}}",
        trade(call, listing).unwrap_or_else(null),
        quote(call, listing).unwrap_or_else(null),
        shown(minute(call, listing)),
        shown(market.day_bar(listing, today, call.now)),
        shown(market.day_bar(listing, yesterday, call.now)),
    ))
}
