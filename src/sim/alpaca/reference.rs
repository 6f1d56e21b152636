//! `/v2/assets`, `/v2/clock`, `/v2/calendar`.

use super::answer::{Answer, ApiError, asset_id, find_asset, new_york, ok};
use super::site::Call;
use crate::paper::Session;
use crate::sim::market::{Listing, PriceSource};
use jiff::ToSpan;
use serde_json::{Value, json};

/// `GET /v2/assets`.
pub(super) fn assets(call: &Call<'_>) -> Answer {
    let query = call.query;
    let exchange = query.get("exchange");
    let is_listed = query.get("status").is_none_or(|status| status == "active")
        && query
            .get("asset_class")
            .is_none_or(|class| class == "us_equity");
    let body: Vec<Value> = call
        .world
        .market
        .listings()
        .iter()
        .filter(|listing| is_listed && exchange.is_none_or(|wanted| wanted == listing.exchange))
        .map(asset)
        .collect();
    ok(&Value::Array(body))
}

/// `GET /v2/assets/{symbol_or_asset_id}`.
pub(super) fn get_asset(call: &Call<'_>, name: &str) -> Answer {
    let listing = find_asset(&call.world.market, name)
        .ok_or_else(|| ApiError::not_found(format!("asset not found for {name}")))?;
    ok(&asset(&call.world.market.listings()[listing]))
}

fn asset(listing: &Listing) -> Value {
    let whole = matches!(listing.price, PriceSource::Recorded);
    json!({
        "id": asset_id(&listing.symbol).to_string(),
        "class": "us_equity",
        "exchange": listing.exchange,
        "symbol": listing.symbol.as_str(),
        "name": listing.name,
        "status": "active",
        "tradable": true,
        "marginable": true,
        "shortable": true,
        "easy_to_borrow": true,
        "borrow_status": "easy_to_borrow",
        "fractionable": !whole,
        "maintenance_margin_requirement": 30,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "attributes": [],
    })
}

/// `GET /v2/clock`.
pub(super) fn clock(call: &Call<'_>) -> Answer {
    let calendar = call.world.market.calendar();
    ok(&json!({
        "timestamp": new_york(calendar, call.now),
        "is_open": call.world.market.session(call.now) == Session::Regular,
        "next_open": new_york(calendar, calendar.next_open(call.now)),
        "next_close": new_york(calendar, calendar.next_close(call.now)),
    }))
}

/// `GET /v2/calendar`; a year back and a year ahead where no dates are given.
pub(super) fn calendar(call: &Call<'_>) -> Answer {
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let start = call.query.date("start", calendar)?;
    let end = call.query.date("end", calendar)?;
    let start = start.unwrap_or_else(|| today.saturating_sub(1.year()));
    let end = end.unwrap_or_else(|| today.saturating_add(1.year()));
    if end.saturating_sub(60.years()) > start {
        return Err(ApiError::invalid("the range is too long"));
    }
    let body: Vec<Value> = calendar
        .days(start, end)
        .map(|day| {
            let settles = calendar.next_from(crate::sim::calendar::after(day.date));
            json!({
                "date": day.date.to_string(),
                "open": "09:30",
                "close": day.close_time.strftime("%H:%M").to_string(),
                "session_open": "0400",
                "session_close": "2000",
                "settlement_date": settles.date.to_string(),
            })
        })
        .collect();
    ok(&Value::Array(body))
}
