//! `/markets`: whether markets are open and when.

use super::answer::{Answer, ApiError, ok};
use super::site::Call;
use crate::domain::Timestamp;
use crate::sim::calendar::Calendar;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// The markets there are.
const NAMES: [&str; 5] = ["equity", "option", "bond", "future", "forex"];

/// `GET /markets`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let names = call.query.list("markets");
    if names.is_empty() {
        return Err(ApiError::parameter("markets", "markets is required"));
    }
    let mut body = Map::new();
    for name in names {
        body.insert(name.to_owned(), market(call, name)?);
    }
    ok(&Value::Object(body))
}

/// `GET /markets/{name}`.
pub(super) fn get(call: &Call<'_>, name: &str) -> Answer {
    ok(&json!({name: market(call, name)?}))
}

fn market(call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
    if !NAMES.contains(&name) {
        return Err(ApiError::parameter(
            "markets",
            format!("{name} is not a valid market"),
        ));
    }
    let calendar = call.world.market.calendar();
    let date = match call.query.get("date") {
        None => calendar.date_of(call.now),
        Some(text) => text
            .parse::<Date>()
            .map_err(|_| ApiError::parameter("date", format!("{text} is not a valid date")))?,
    };
    let (product, product_name) = match name {
        "equity" => ("EQ", "equity"),
        "option" => ("EQO", "equity option"),
        other => (other, other),
    };
    let mut shown = json!({
        "date": date.to_string(),
        "marketType": name.to_uppercase(),
        "product": product,
        "productName": product_name,
        "isOpen": calendar.day(date).is_some(),
    });
    if let Some(day) = calendar.day(date) {
        let hours =
            |from, to| json!([{"start": local(calendar, from), "end": local(calendar, to)}]);
        let mut sessions = json!({"regularMarket": hours(day.open, day.close)});
        if name == "equity" {
            sessions["preMarket"] = hours(day.pre_open, day.open);
            sessions["postMarket"] = hours(day.close, day.post_close);
        }
        shown["sessionHours"] = sessions;
    }
    Ok(json!({product: shown}))
}

/// A time with New York's offset, to the second.
fn local(calendar: &Calendar, time: Timestamp) -> String {
    let time = time.in_zone(calendar.zone());
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
