//! What a contract is, and when it trades.

use super::super::answer::{Answer, Reply, ok, price};
use super::super::contracts::{company, exchange, is_fund, spelled, symbol};
use super::super::query::whole;
use super::super::site::Call;
use super::derivatives::months;
use crate::domain::Symbol;
use crate::sim::calendar::TradingDay;
use crate::sim::market::Listing;
use http::StatusCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Most contracts of one question.
const MOST_CONTRACTS: usize = 200;
/// Where US shares are dealt.
const EXCHANGES: &str = "SMART,AMEX,NYSE,CBOE,ARCA,NASDAQ";
/// The contract id of euros in dollars.
const EURO: i64 = 12_087_792;
/// Trading days that a schedule shows.
const DAYS_SHOWN: i32 = 6;

/// The listing of a contract id in a path or a question.
pub(super) fn listing_of(call: &Call<'_>, conid: &str) -> Result<usize, Reply> {
    let listing = call.shared.contracts.parse(conid);
    listing.ok_or_else(|| Reply::bad_request("conid is not valid"))
}

fn contract<'a>(call: &'a Call<'_>, listing: usize) -> &'a Listing {
    &call.world.market.listings()[listing]
}

fn found(call: &Call<'_>, name: &str) -> Option<usize> {
    call.world.market.find(&symbol(name))
}

/// `GET /trsrv/stocks`.
pub(super) fn stocks(call: &Call<'_>) -> Answer {
    let mut answer = json!({});
    for name in call.query.list("symbols") {
        let rows: Vec<Value> = found(call, name)
            .into_iter()
            .map(|listing| stock(call, listing))
            .collect();
        answer[name] = rows.into();
    }
    ok(&answer)
}

fn stock(call: &Call<'_>, listing: usize) -> Value {
    let id = call.shared.contracts.id(listing);
    let contract = contract(call, listing);
    json!({
        "name": company(contract),
        "chineseName": company(contract),
        "assetClass": "STK",
        "contracts": [
            {"conid": id, "exchange": contract.exchange, "isUS": true},
            // Shares of US companies are listed elsewhere too, where nothing is dealt here.
            {"conid": super::super::contracts::derived(&format!("{id}@MEXI")), "exchange": "MEXI",
             "isUS": false},
        ],
    })
}

/// `GET /trsrv/secdef`.
pub(super) fn definitions(call: &Call<'_>) -> Answer {
    let conids = call.query.list("conids");
    if conids.is_empty() || conids.len() > MOST_CONTRACTS {
        return Err(Reply::bad_request("conids are missing or too many"));
    }
    let mut rows = Vec::new();
    for conid in conids {
        rows.push(definition(call, listing_of(call, conid)?));
    }
    ok(&json!({"secdef": rows}))
}

fn definition(call: &Call<'_>, listing: usize) -> Value {
    let contract = contract(call, listing);
    json!({
        "conid": call.shared.contracts.id(listing),
        "currency": "USD",
        "name": company(contract),
        "assetClass": "STK",
        "expiry": null,
        "lastTradingDay": null,
        "group": null,
        "putOrCall": null,
        "sector": null,
        "sectorGroup": null,
        "strike": "0",
        "ticker": spelled(&contract.symbol),
        "undConid": 0,
        "multiplier": 0.0,
        "type": if is_fund(contract) { "ETF" } else { "COMMON" },
        "hasOptions": true,
        "fullName": spelled(&contract.symbol),
        "isUS": true,
        "isEventContract": false,
        "listingExchange": contract.exchange,
        "countryCode": "US",
    })
}

/// `GET /trsrv/all-conids`.
pub(super) fn all(call: &Call<'_>) -> Answer {
    let exchange = call.query.need("exchange")?;
    let listings = call.world.market.listings().iter().enumerate();
    let of = listings.filter(|(_, contract)| contract.exchange.eq_ignore_ascii_case(exchange));
    let row = |(place, contract): (usize, &Listing)| {
        json!({
            "ticker": spelled(&contract.symbol),
            "conid": call.shared.contracts.id(place),
            "exchange": contract.exchange,
        })
    };
    ok(&of.map(row).collect())
}

/// `GET` and `POST /iserver/secdef/search`: by symbol, or by the beginning of a name.
pub(super) fn search(call: &Call<'_>) -> Answer {
    let body = |name: &str| call.body[name].as_str();
    let wanted = call.query.get("symbol").or_else(|| body("symbol"));
    let wanted = wanted.ok_or_else(|| Reply::bad_request("symbol is missing"))?;
    let by_name = call.query.flag("name") || call.body["name"] == true;
    let kind = call.query.get("secType").or_else(|| body("secType"));
    let capitals = wanted.to_uppercase();
    let listings = call.world.market.listings().iter().enumerate();
    let hits = listings.filter(|(_, contract)| match by_name {
        true => company(contract).contains(&capitals),
        false => contract.symbol == symbol(wanted),
    });
    let rows: Vec<Value> = match kind {
        None | Some("STK") => hits.map(|(place, it)| hit(call, place, it)).collect(),
        Some(_) => Vec::new(),
    };
    match rows.is_empty() {
        true => Err(Reply::error(StatusCode::OK, "No symbol found")),
        false => ok(&rows.into()),
    }
}

fn hit(call: &Call<'_>, place: usize, contract: &Listing) -> Value {
    let name = company(contract);
    let today = call.world.market.calendar().date_of(call.now);
    json!({
        "conid": call.shared.contracts.id(place).to_string(),
        "companyHeader": format!("{name} - {}", contract.exchange),
        "companyName": name,
        "symbol": spelled(&contract.symbol),
        "description": contract.exchange,
        "restricted": null,
        "sections": [
            {"secType": "STK"},
            {"secType": "OPT", "months": months(today), "exchange": "SMART;AMEX;CBOE"},
            {"secType": "BAG"},
        ],
    })
}

/// `GET /iserver/contract/{conid}/info`.
pub(super) fn info(call: &Call<'_>, conid: &str) -> Answer {
    let listing = listing_of(call, conid)?;
    ok(&info_of(call, listing))
}

fn info_of(call: &Call<'_>, listing: usize) -> Value {
    let contract = contract(call, listing);
    let name = spelled(&contract.symbol);
    json!({
        "cfi_code": "",
        "symbol": name,
        "cusip": null,
        "expiry_full": null,
        "con_id": call.shared.contracts.id(listing),
        "maturity_date": null,
        "instrument_type": "STK",
        "has_related_contracts": true,
        "trading_class": name,
        "valid_exchanges": EXCHANGES,
        "allow_sell_long": false,
        "is_zero_commission_security": false,
        "local_symbol": name,
        "contract_clarification_type": null,
        "classifier": null,
        "currency": "USD",
        "text": null,
        "underlying_con_id": 0,
        "r_t_h": true,
        "multiplier": null,
        "underlying_issuer": null,
        "contract_month": null,
        "company_name": company(contract),
        "smart_available": true,
        "exchange": "SMART",
    })
}

/// `GET /iserver/contract/{conid}/info-and-rules`.
pub(super) fn info_and_rules(call: &Call<'_>, conid: &str) -> Answer {
    let listing = listing_of(call, conid)?;
    let mut answer = info_of(call, listing);
    answer["rules"] = rules(call, conid)?;
    ok(&answer)
}

/// `POST /iserver/contract/rules`.
pub(super) fn rules(call: &Call<'_>, conid: &str) -> Result<Value, Reply> {
    let listing = listing_of(call, conid)?;
    let mark = call.world.market.mark(listing).unwrap_or_default().0;
    let mark = super::super::answer::money(mark);
    let numbers = call.person.accounts.iter();
    let numbers: Vec<&str> = numbers
        .map(|at| call.world.customers[*at].number.as_str())
        .collect();
    Ok(json!({
        "algoEligible": true,
        "allOrNoneEligible": true,
        "costReport": false,
        "canTradeAcctIds": numbers,
        "error": null,
        "orderTypes": ["limit", "market", "stop", "stop_limit", "trailing_stop"],
        "defaultSize": 100,
        "cashSize": 0.0,
        "sizeIncrement": 1,
        "cashCcy": "USD",
        "limitPrice": mark,
        "stopprice": mark,
        "increment": 0.01,
        "incrementDigits": 2,
        "hasSecondary": true,
        "negativeCapable": false,
    }))
}

/// `GET /iserver/currency/pairs`.
pub(super) fn pairs(call: &Call<'_>) -> Answer {
    let currency = call.query.need("currency")?.to_owned();
    let mut answer = json!({});
    answer[&currency] = json!([{"symbol": "EUR.USD", "conid": EURO, "ccyPair": "EUR"}]);
    ok(&answer)
}

/// `GET /iserver/exchangerate`: dollars are all there is, so that other rates never change.
pub(super) fn exchange_rate(call: &Call<'_>) -> Answer {
    let (source, target) = (call.query.need("source")?, call.query.need("target")?);
    let rate = match (source, target) {
        (one, other) if one == other => Decimal::ONE,
        ("USD", "EUR") => Decimal::new(86_656_614, 8),
        ("EUR", "USD") => Decimal::new(115_397_633, 8),
        _ => return Err(Reply::bad_request("no exchange rate")),
    };
    ok(&json!({"rate": super::super::answer::float(rate)}))
}

/// `GET /contract/trading-schedule`.
pub(super) fn schedule(call: &Call<'_>) -> Answer {
    listing_of(call, call.query.need("conid")?)?;
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let last = last_shown(today);
    let mut days = json!({});
    for day in calendar.days(today, last) {
        days[day.date.strftime("%Y%m%d").to_string()] = json!({
            "liquid_hours": [{
                "opening": day.open.millis() / 1000, "closing": day.close.millis() / 1000,
            }],
            "extended_hours": [{
                "cancel_daily_orders": true, "opening": day.pre_open.millis() / 1000,
                "closing": day.post_close.millis() / 1000,
            }],
        });
    }
    ok(&json!({"exchange_time_zone": "US/Eastern", "schedules": days}))
}

/// `GET /trsrv/secdef/schedule`: the same in the older words.
pub(super) fn old_schedule(call: &Call<'_>) -> Answer {
    let listing = found(call, call.query.need("symbol")?);
    let listing = listing.ok_or_else(|| Reply::bad_request("symbol is not valid"))?;
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let hour =
        |time: crate::domain::Timestamp| time.in_zone(calendar.zone()).strftime("%H%M").to_string();
    let row = |day: TradingDay| {
        json!({
            "tradingScheduleDate": day.date.strftime("%Y%m%d").to_string(),
            "sessions": [{
                "openingTime": hour(day.open), "closingTime": hour(day.close), "prop": "LIQUID",
            }],
            "tradingtimes": [{
                "openingTime": hour(day.pre_open), "closingTime": hour(day.post_close),
                "cancelDayOrders": "Y",
            }],
        })
    };
    let days = calendar.days(today, last_shown(today));
    let contract = contract(call, listing);
    ok(&json!([{
        "id": format!("p{}", call.shared.contracts.id(listing)),
        "tradeVenueId": exchange(contract),
        "timezone": "America/New_York",
        "schedules": days.map(row).collect::<Vec<_>>(),
    }]))
}

fn last_shown(today: Date) -> Date {
    let span = jiff::Span::new().days(DAYS_SHOWN);
    today.checked_add(span).unwrap_or(today)
}

/// What an order's words call a contract: `AAPL NASDAQ.NMS`.
pub(in crate::sim::ibkr) fn described(call: &Call<'_>, symbol: &Symbol) -> String {
    let listing = call.world.market.find(symbol);
    let place = listing.map_or("", |listing| exchange(contract(call, listing)));
    format!("{} {place}", spelled(symbol))
}

/// A listing's price for words.
pub(in crate::sim::ibkr) fn worded_price(call: &Call<'_>, listing: usize) -> String {
    let mark = call.world.market.mark(listing).unwrap_or_default();
    price(mark.0)
}

/// The conid that a body names as a number, a text, or before an exchange.
pub(in crate::sim::ibkr) fn conid_in(body: &Value) -> Option<i64> {
    let text = |value: &Value| value.as_str()?.split('@').next()?.trim().parse().ok();
    whole(&body["conid"])
        .or_else(|| text(&body["conidex"]))
        .or_else(|| body["secType"].as_str()?.split(':').next()?.parse().ok())
}
