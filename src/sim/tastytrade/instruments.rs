//! `/instruments` and what else describes what can be traded.

use super::answer::{Answer, ApiError, items, ok, spelled, symbol};
use super::site::Call;
use crate::sim::market::Listing;
use serde_json::{Value, json};

/// `GET /instruments/equities`.
pub(super) fn equities(call: &Call<'_>) -> Answer {
    let wanted = call.query.list("symbol");
    let market = &call.world.market;
    let found = wanted.iter().filter_map(|name| market.find(&symbol(name)));
    items(
        found
            .map(|listing| equity(&market.listings()[listing], listing))
            .collect(),
    )
}

/// `GET /instruments/equities/active`.
pub(super) fn active(call: &Call<'_>) -> Answer {
    let listings = call.world.market.listings().iter().enumerate();
    let rows: Vec<Value> = listings
        .map(|(place, listing)| equity(listing, place))
        .collect();
    call.query.page(&rows, 1000, 1000)
}

/// `GET /instruments/equities/{symbol}`.
pub(super) fn get(call: &Call<'_>, name: &str) -> Answer {
    let market = &call.world.market;
    let listing = market.find(&symbol(name)).ok_or_else(ApiError::not_found)?;
    ok(equity(&market.listings()[listing], listing))
}

fn equity(listing: &Listing, place: usize) -> Value {
    let name = spelled(&listing.symbol);
    let mic = match listing.exchange {
        "NASDAQ" => "XNAS",
        "NYSE" => "XNYS",
        _ => "ARCX",
    };
    json!({
        "id": place + 1,
        "active": true,
        "borrow-rate": "0.0",
        "bypass-manual-review": false,
        "description": listing.name,
        "short-description": listing.name,
        "halted-at": null,
        "instrument-sub-type": "Stock",
        "instrument-type": "Equity",
        "is-closing-only": false,
        "is-etf": listing.exchange == "ARCA",
        "is-fractional-quantity-eligible": true,
        "is-fraud-risk": false,
        "is-illiquid": false,
        "is-index": false,
        "is-options-closing-only": false,
        "lendability": "Easy To Borrow",
        "listed-market": mic,
        "market-time-instrument-collection": "Equity",
        "overnight-trading-permitted": true,
        "streamer-symbol": name,
        "symbol": name,
        "tick-sizes": [{"value": "0.0001", "threshold": "1.0"}, {"value": "0.01"}],
    })
}

/// `GET /symbols/search/{text}`, production only.
pub(super) fn search(call: &Call<'_>, text: &str) -> Answer {
    let wanted = text.to_ascii_uppercase();
    let listings = call.world.market.listings().iter();
    let found = listings.filter(|listing| spelled(&listing.symbol).starts_with(&wanted));
    let row = |listing: &Listing| {
        json!({
            "symbol": spelled(&listing.symbol),
            "description": listing.name,
            "listed-market": listing.exchange,
            "instrument-type": "Equity",
            "options": false,
        })
    };
    items(found.map(row).collect())
}

/// `GET /option-chains/{symbol}`: this market lists no options.
pub(super) fn chain(call: &Call<'_>, name: &str) -> Answer {
    match call.world.market.find(&symbol(name)) {
        Some(_) => items(Vec::new()),
        None => Err(ApiError::not_found()),
    }
}

/// `GET /instruments/quantity-decimal-precisions`.
pub(super) fn precisions() -> Answer {
    items(vec![
        json!({"instrument-type": "Equity", "value": 5, "minimum-increment-precision": 5}),
    ])
}
