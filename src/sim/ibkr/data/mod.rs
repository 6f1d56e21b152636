//! Contracts and market data.

mod derivatives;
mod fields;
mod history;
mod reference;
mod snapshot;

pub(super) use fields::{FIELDS_AT_MOST, Reading};
pub(super) use history::{Wanted, bars};
pub(super) use reference::{conid_in, described, worded_price};

use super::answer::{Answer, Reply, ok};
use super::query::whole;
use super::site::Call;
use http::{Method, StatusCode};
use serde_json::json;

/// Everything that is of no account. What begins with `iserver` needs a brokerage session.
pub(super) fn route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    if path.first() == Some(&"iserver") {
        call.trading()?;
    }
    match (method.as_str(), path) {
        ("GET", ["trsrv", "stocks"]) => reference::stocks(call),
        ("GET", ["trsrv", "secdef"]) => reference::definitions(call),
        ("GET", ["trsrv", "all-conids"]) => reference::all(call),
        ("GET", ["trsrv", "futures"]) => ok(&json!({})),
        ("GET", ["trsrv", "secdef", "schedule"]) => reference::old_schedule(call),
        ("GET", ["contract", "trading-schedule"]) => reference::schedule(call),
        ("GET" | "POST", ["iserver", "secdef", "search"]) => reference::search(call),
        ("GET", ["iserver", "secdef", "strikes"]) => derivatives::strikes(call),
        ("GET", ["iserver", "secdef", "info"]) => derivatives::info(call),
        ("GET", ["iserver", "contract", conid, "info"]) => reference::info(call, conid),
        ("GET", ["iserver", "contract", conid, "info-and-rules"]) => {
            reference::info_and_rules(call, conid)
        }
        ("POST", ["iserver", "contract", "rules"]) => {
            let conid = whole(&call.body["conid"]).unwrap_or_default().to_string();
            ok(&reference::rules(call, &conid)?)
        }
        ("GET", ["iserver", "currency", "pairs"]) => reference::pairs(call),
        ("GET", ["iserver", "exchangerate"]) => reference::exchange_rate(call),
        ("GET", ["iserver", "marketdata", "snapshot"]) => snapshot::get(call),
        ("POST", ["iserver", "marketdata", "unsubscribe"]) => snapshot::unsubscribe(call),
        ("GET", ["iserver", "marketdata", "unsubscribeall"]) => snapshot::unsubscribe_all(call),
        ("GET", ["iserver", "marketdata", "history"]) => history::get(call),
        _ => Err(Reply::of_status(StatusCode::NOT_FOUND)),
    }
}
