//! What is listed, as the provider names it: spellings, kinds, numbers; `/instruments`.

use super::answer::{Answer, ApiError, number, ok};
use super::site::Call;
use crate::domain::Symbol;
use crate::sim::market::{Listing, Market};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A symbol in the provider's spelling: share classes after a slash.
pub(super) fn spelled(symbol: &Symbol) -> String {
    symbol.as_str().replace('.', "/")
}

/// A listing by the provider's spelling.
pub(super) fn find(market: &Market, name: &str) -> Option<usize> {
    if name.starts_with(['/', '.', '$']) {
        return None;
    }
    market.find(&Symbol::new(&name.replace('/', ".")))
}

/// A number that is the same for a symbol in every run.
pub(super) fn number_of(symbol: &Symbol) -> u32 {
    symbol.as_str().bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Nine digits, as a CUSIP has places.
pub(super) fn cusip(symbol: &Symbol) -> String {
    format!("{:09}", number_of(symbol) % 1_000_000_000)
}

/// Whether a listing is a fund.
pub(super) fn is_fund(listing: &Listing) -> bool {
    ["ETF", "SPDR", "iShares", "Invesco"]
        .iter()
        .any(|word| listing.name.contains(word))
}

/// Name of a listing without the kind of share behind it, in capitals.
pub(super) fn description(listing: &Listing) -> String {
    let name = listing.name.replace(" Common Stock", "");
    name.to_uppercase()
}

/// An instrument as positions and transactions carry it.
pub(super) fn instrument(market: &Market, symbol: &Symbol) -> Value {
    let listing = market.find(symbol).map(|index| &market.listings()[index]);
    let (asset, kind) = match listing.is_some_and(is_fund) {
        true => ("COLLECTIVE_INVESTMENT", "EXCHANGE_TRADED_FUND"),
        false => ("EQUITY", "COMMON_STOCK"),
    };
    json!({
        "assetType": asset,
        "cusip": cusip(symbol),
        "symbol": spelled(symbol),
        "description": listing.map(description).unwrap_or_default(),
        "instrumentId": number_of(symbol),
        "type": kind,
    })
}

/// The provider's letter for an exchange, and its name of it.
pub(super) fn exchange(listing: &Listing) -> (&'static str, &'static str) {
    match listing.exchange {
        "NASDAQ" => ("Q", "NASDAQ"),
        "NYSE" => ("N", "NYSE"),
        _ => ("P", "NYSE Arca"),
    }
}

fn found(listing: &Listing) -> Value {
    json!({
        "cusip": cusip(&listing.symbol),
        "symbol": spelled(&listing.symbol),
        "description": description(listing),
        "exchange": exchange(listing).1,
        "assetType": if is_fund(listing) { "ETF" } else { "EQUITY" },
    })
}

/// `GET /instruments`.
pub(super) fn search(call: &Call<'_>) -> Answer {
    let query = call.query;
    let wanted = query.need("symbol")?.to_uppercase();
    let projection = query.need("projection")?;
    let matches: Box<dyn Fn(&Listing) -> bool> = match projection {
        "symbol-search" | "fundamental" => {
            let names: Vec<&str> = wanted.split(',').map(str::trim).collect();
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            Box::new(move |listing| names.contains(&spelled(&listing.symbol)))
        }
        "symbol-regex" => {
            let start = wanted.trim_end_matches([']', '[', '.', '*']).to_owned();
            Box::new(move |listing| spelled(&listing.symbol).starts_with(&start))
        }
        "desc-search" | "desc-regex" | "search" => {
            let words = wanted.trim_matches(['.', '*']).to_owned();
            Box::new(move |listing| {
                description(listing).contains(&words) || spelled(&listing.symbol) == words
            })
        }
        _ => return Err(ApiError::parameter("projection", "Invalid projection")),
    };
    let market = &call.world.market;
    let all = market.listings().iter().enumerate();
    let instruments = all
        .filter(|(_, listing)| matches(listing))
        .map(|(index, listing)| {
            let mut row = found(listing);
            if projection == "fundamental" {
                row["fundamental"] = fundamental(call, index);
            }
            row
        });
    ok(&json!({"instruments": instruments.collect::<Vec<_>>()}))
}

/// `GET /instruments/{cusip}`.
pub(super) fn get(call: &Call<'_>, number: &str) -> Answer {
    let mut listings = call.world.market.listings().iter();
    let listing = listings
        .find(|listing| cusip(&listing.symbol) == number)
        .ok_or_else(|| ApiError::not_found("Instrument not found"))?;
    ok(&json!({"instruments": [found(listing)]}))
}

fn fundamental(call: &Call<'_>, listing: usize) -> Value {
    let market = &call.world.market;
    let dividend = super::quotes::yearly_dividend(market, listing);
    let (high, low) = super::quotes::year_range(market, listing, call.now);
    json!({
        "symbol": spelled(&market.listings()[listing].symbol),
        "high52": number(high),
        "low52": number(low),
        "dividendAmount": number(dividend),
        "dividendFreq": if dividend.is_zero() { 0 } else { 4 },
        "dividendPayAmount": number(dividend / Decimal::from(4)),
    })
}
