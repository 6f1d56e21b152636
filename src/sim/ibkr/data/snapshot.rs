//! `/iserver/marketdata/snapshot`: of a contract nothing at first, then its values as texts.

use super::super::answer::{Answer, Reply, ok};
use super::super::query::whole;
use super::super::site::Call;
use super::fields::{FIELDS_AT_MOST, Reading};
use http::StatusCode;
use serde_json::{Value, json};

/// Most contracts of one question.
const CONTRACTS_AT_MOST: usize = 100;

/// `GET /iserver/marketdata/snapshot`.
pub(super) fn get(call: &mut Call<'_>) -> Answer {
    call.ready()?;
    let (conids, fields) = (call.query.list("conids"), call.query.list("fields"));
    if conids.is_empty() || conids.len() > CONTRACTS_AT_MOST || fields.len() > FIELDS_AT_MOST {
        return Err(Reply::bad_request(
            "conids or fields are missing or too many",
        ));
    }
    let mut rows = Vec::new();
    for conid in conids {
        rows.push(row(call, conid, &fields)?);
    }
    ok(&rows.into())
}

fn row(call: &mut Call<'_>, conid: &str, fields: &[&str]) -> Result<Value, Reply> {
    let id: i64 = conid
        .split('@')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or(-1);
    let bare = json!({"conid": id, "conidEx": conid});
    let Some(listing) = call.shared.contracts.listing(id) else {
        return Ok(bare);
    };
    if call.trading()?.watched.insert(listing) {
        return Ok(bare);
    }
    let reading = Reading::new((call.shared, call.world), listing, false, call.now);
    let first = call.person.accounts[0];
    let is_delayed = call.world.customers[first].profile.free;
    let mut row = reading.heading(is_delayed);
    for field in fields {
        if let Some(value) = reading.field(field) {
            row[*field] = value;
        }
    }
    Ok(row)
}

/// `POST /iserver/marketdata/unsubscribe`.
pub(super) fn unsubscribe(call: &mut Call<'_>) -> Answer {
    let listing = whole(&call.body["conid"]).and_then(|id| call.shared.contracts.listing(id));
    let trading = call.trading()?;
    match listing.is_some_and(|listing| trading.watched.remove(&listing)) {
        true => ok(&json!({"success": true})),
        false => Err(Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "unknown")),
    }
}

/// `GET /iserver/marketdata/unsubscribeall`.
pub(super) fn unsubscribe_all(call: &mut Call<'_>) -> Answer {
    call.trading()?.watched.clear();
    ok(&json!({"unsubscribed": true}))
}
