//! `/iserver/marketdata/history`: bars of a period, oldest first.

use super::super::answer::{Answer, Reply, float, ok, utc};
use super::super::contracts::{company, spelled};
use super::super::query::Query;
use super::super::site::Call;
use super::reference::listing_of;
use crate::domain::Timestamp;
use crate::sim::market::{Frame, MarketBar};
use crate::sim::world::World;
use http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::ops::Range;
use std::time::Duration;

/// Most bars of an answer.
const POINTS_AT_MOST: usize = 1000;
/// Prices of the two summary texts are written in hundredths.
const PRICE_FACTOR: u32 = 100;

/// What is asked for.
#[derive(Debug)]
pub(in crate::sim::ibkr) struct Wanted {
    listing: usize,
    period: String,
    frame: Frame,
    /// Length of a bar in seconds.
    seconds: u64,
    span: Range<Timestamp>,
    outside: bool,
}

impl Wanted {
    /// Reads what is asked for; in the provider's words what is wrong with it.
    pub(in crate::sim::ibkr) fn read(
        listing: usize,
        query: &Query,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let period = query.get("period").unwrap_or("1w").to_owned();
        let length = length_of(&period).ok_or("invalid period")?;
        let bar = query.get("bar").unwrap_or("1d");
        let seconds = length_of(bar).ok_or("invalid bar")?;
        let frame = frame_of(bar).ok_or("invalid bar")?;
        let end = match query.get("startTime") {
            None => now,
            Some(text) => moment(text).ok_or("invalid startTime")?,
        };
        let span = match query.get("direction") {
            Some("1") => end..end.plus(Duration::from_secs(length)),
            _ => end.minus(Duration::from_secs(length))..end,
        };
        Ok(Self {
            listing,
            period,
            frame,
            seconds,
            span,
            outside: query.flag("outsideRth"),
        })
    }
}

/// `GET /iserver/marketdata/history`.
pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let listing = listing_of(call, call.query.need("conid")?)?;
    let failed = |words| Reply::error(StatusCode::INTERNAL_SERVER_ERROR, words);
    let wanted = Wanted::read(listing, call.query, call.now).map_err(failed)?;
    let id = call.world.make_id().as_fields().0 % 100_000;
    ok(&bars(call.world, &wanted, &id.to_string(), call.now))
}

/// The answer; the stream gives it too.
pub(in crate::sim::ibkr) fn bars(
    world: &World,
    wanted: &Wanted,
    server: &str,
    now: Timestamp,
) -> Value {
    let market = &world.market;
    let mut bars: Vec<MarketBar> = market
        .bars(wanted.listing, wanted.frame, wanted.span.clone(), true, now)
        .take(POINTS_AT_MOST)
        .collect();
    bars.reverse();
    let contract = &market.listings()[wanted.listing];
    let high = bars.iter().max_by_key(|bar| bar.high);
    let low = bars.iter().min_by_key(|bar| bar.low);
    let first = bars.first().map_or(wanted.span.start, |bar| bar.start);
    let note = |bar: Option<&MarketBar>, price: fn(&MarketBar) -> Decimal| {
        bar.map_or_else(String::new, |bar| {
            let factor = Decimal::from(PRICE_FACTOR);
            let minutes = bar.start.since(first).as_secs() / 60;
            let price = (price(bar) * factor).round();
            format!("{price}/{}/{minutes}", scaled(bar).normalize())
        })
    };
    json!({
        "serverId": server,
        "symbol": spelled(&contract.symbol),
        "text": company(contract),
        "priceFactor": PRICE_FACTOR,
        "startTime": utc(first, "%Y%m%d-%H:%M:%S"),
        "high": note(high, |bar| bar.high.0),
        "low": note(low, |bar| bar.low.0),
        "timePeriod": wanted.period,
        "barLength": wanted.seconds,
        "mdAvailability": "S",
        "mktDataDelay": 0,
        "outsideRth": wanted.outside,
        "tradingDayDuration": if wanted.outside { 960 } else { 390 },
        "volumeFactor": 1,
        "priceDisplayRule": 1,
        "priceDisplayValue": "2",
        "negativeCapable": false,
        "messageVersion": 2,
        "data": bars.iter().map(point).collect::<Vec<_>>(),
        "points": bars.len().saturating_sub(1),
        "travelTime": 48,
    })
}

/// Volumes are in hundreds.
fn scaled(bar: &MarketBar) -> Decimal {
    Decimal::from(bar.volume) / Decimal::ONE_HUNDRED
}

fn point(bar: &MarketBar) -> Value {
    json!({
        "o": float(bar.open.0),
        "c": float(bar.close.0),
        "h": float(bar.high.0),
        "l": float(bar.low.0),
        "v": float(scaled(bar)),
        "t": bar.start.millis(),
    })
}

/// A number and its unit: `5min`, `1d`.
fn parts(text: &str) -> Option<(u32, &str)> {
    let split = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number = number.parse().ok().filter(|number| *number > 0)?;
    Some((number, unit.trim()))
}

fn length_of(text: &str) -> Option<u64> {
    let (number, unit) = parts(text)?;
    let (seconds, most) = match unit {
        "min" => (60, 30),
        "h" => (3_600, 8),
        "d" => (86_400, 1_000),
        "w" => (7 * 86_400, 792),
        "m" => (30 * 86_400, 182),
        "y" => (365 * 86_400, 15),
        _ => return None,
    };
    (number <= most).then(|| seconds * u64::from(number))
}

fn frame_of(text: &str) -> Option<Frame> {
    Some(match parts(text)? {
        (minutes, "min") => Frame::Minutes(minutes),
        (hours, "h") => Frame::Hours(hours),
        (1, "d") => Frame::Day,
        (1, "w") => Frame::Week,
        (months, "m") => Frame::Months(months),
        _ => return None,
    })
}

/// `20261124-15:00:00`, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%d-%H:%M:%S", text).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Timestamp::from_nanos(time.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_bars_and_times_are_read() {
        let now = Timestamp::parse("2026-11-24T15:00:00Z").unwrap();
        let read = |text: &str| Wanted::read(0, &Query::parse(text), now);
        let wanted = read("period=2h&bar=5min&startTime=20261124-14:00:00").unwrap();
        assert_eq!((wanted.frame, wanted.seconds), (Frame::Minutes(5), 300));
        assert_eq!(wanted.span.end, now.minus(Duration::from_hours(1)));
        assert_eq!(wanted.span.start, now.minus(Duration::from_hours(3)));
        let ahead = read("period=1h&bar=1min&direction=1").unwrap();
        assert_eq!(ahead.span.start, now);
        for wrong in [
            "period=9h",
            "period=0d",
            "bar=2x",
            "period=d",
            "startTime=now",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
