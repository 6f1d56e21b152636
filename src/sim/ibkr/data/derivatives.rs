//! Option contracts: they are named and described, and nothing is dealt in them.

use super::super::answer::{Answer, Reply, float, ok};
use super::super::contracts::{derived, spelled};
use super::super::site::Call;
use super::reference::listing_of;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Months in which options end.
const MONTHS: i32 = 3;

/// The next months as the provider lists them: `NOV26;DEC26;JAN27`.
pub(super) fn months(today: Date) -> String {
    let names = (0..MONTHS).map(|month| {
        let date = today.checked_add(month.months()).unwrap_or(today);
        date.strftime("%b%y").to_string().to_uppercase()
    });
    names.collect::<Vec<_>>().join(";")
}

/// Strikes around a price, lowest first.
fn around(mark: Decimal) -> Vec<Decimal> {
    let step = match mark < Decimal::from(100) {
        true => Decimal::ONE,
        false => Decimal::from(5),
    };
    let middle = (mark / step).round() * step;
    let strikes = (-4..=4).map(|place| middle + step * Decimal::from(place));
    strikes.filter(|strike| *strike > Decimal::ZERO).collect()
}

fn wanted(call: &mut Call<'_>) -> Result<(usize, String), Reply> {
    call.ready()?;
    let listing = listing_of(call, call.query.need("conid")?)?;
    let month = call.query.need("month")?.to_uppercase();
    match call.query.get("sectype") {
        Some("OPT") => Ok((listing, month)),
        _ => Err(Reply::bad_request("sectype is not valid")),
    }
}

/// `GET /iserver/secdef/strikes`.
pub(super) fn strikes(call: &mut Call<'_>) -> Answer {
    let (listing, month) = wanted(call)?;
    let today = call.world.market.calendar().date_of(call.now);
    if !months(today).split(';').any(|name| name == month) {
        return ok(&json!({"call": [], "put": []}));
    }
    let mark = call.world.market.mark(listing).unwrap_or_default().0;
    let strikes: Vec<Value> = around(mark).into_iter().map(float).collect();
    ok(&json!({"call": strikes, "put": strikes}))
}

/// `GET /iserver/secdef/info`.
pub(super) fn info(call: &mut Call<'_>) -> Answer {
    let (listing, month) = wanted(call)?;
    let strike = call.query.need("strike")?;
    let strike: Decimal = strike
        .parse()
        .map_err(|_| Reply::bad_request("strike is not valid"))?;
    let today = call.world.market.calendar().date_of(call.now);
    let place = months(today).split(';').position(|name| name == month);
    let place = i32::try_from(place.ok_or_else(|| Reply::bad_request("month is not valid"))?);
    let month = today.checked_add(place.unwrap_or(0).months());
    let end = third_friday(month.unwrap_or(today));
    let name = spelled(&call.world.market.listings()[listing].symbol);
    let rights = match call.query.get("right") {
        Some(right) => vec![right.to_owned()],
        None => vec!["C".to_owned(), "P".to_owned()],
    };
    let row = |right: &String| {
        let written = strike.normalize();
        let day = end.strftime("%Y%m%d").to_string();
        let word = if right == "C" { "Call" } else { "Put" };
        json!({
            "conid": derived(&format!("{name} {day} {right} {written}")),
            "symbol": name,
            "secType": "OPT",
            "exchange": call.query.get("exchange").unwrap_or("SMART"),
            "listingExchange": null,
            "right": right,
            "strike": float(strike),
            "currency": "USD",
            "cusip": null,
            "coupon": "No Coupon",
            "desc1": name,
            "desc2": format!("{} {written} {word}", end.strftime("%b %d '%y")).to_uppercase(),
            "maturityDate": day,
            "multiplier": "100",
            "tradingClass": name,
            "validExchanges": "SMART,AMEX,CBOE",
            "showPrips": true,
        })
    };
    ok(&rights.iter().map(row).collect())
}

fn third_friday(date: Date) -> Date {
    let day = date.nth_weekday_of_month(3, Weekday::Friday);
    day.unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_strikes_are_near() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(months(date("2026-11-24")), "NOV26;DEC26;JAN27");
        assert_eq!(third_friday(date("2026-12-01")), date("2026-12-18"));
        let strikes = around(Decimal::new(22_850, 2));
        assert_eq!(strikes.first(), Some(&Decimal::from(210)));
        assert_eq!(strikes.last(), Some(&Decimal::from(250)));
        assert_eq!(around(Decimal::from(2)).first(), Some(&Decimal::ONE));
    }
}
