//! Whose session a new socket is of: by its cookie, or by the first thing it says.

use super::super::people::Person;
use super::super::portfolio::accounts;
use super::super::query::Query;
use super::super::shared::Shared;
use super::super::site::Call;
use super::Door;
use crate::sim::socket::{Gone, Line};
use http::HeaderMap;
use http::header::COOKIE;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// The person and their session; `None` where there is none, after which the socket is closed.
pub(super) async fn identify(
    line: &mut Line,
    shared: &Shared,
    door: Door,
    headers: &HeaderMap,
    query: &Query,
) -> Result<Option<(usize, String)>, Gone> {
    let session = match cookie(headers) {
        Some(session) => session,
        None => {
            let waiting = json!({"message": "waiting for session"});
            line.say("waiting", &waiting).await?;
            said(line).await?
        }
    };
    let found = person(shared, door, query, &session);
    if found.is_none() {
        line.close_normally().await;
    }
    Ok(found.map(|place| (place, session)))
}

/// The session of `api=…`, which some clients wrap in JSON.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    let mut parts = cookies.split(';').map(str::trim);
    let value = parts.find_map(|part| part.strip_prefix("api="))?;
    Some(named(value).unwrap_or_else(|| value.trim_matches('"').to_owned()))
}

/// The session of `{"session":"…"}`.
fn named(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    value["session"].as_str().map(str::to_owned)
}

/// The first session that is said.
async fn said(line: &mut Line) -> Result<String, Gone> {
    loop {
        if let Message::Text(text) = line.hear().await?
            && let Some(session) = named(text.as_str())
        {
            return Ok(session);
        }
    }
}

fn person(shared: &Shared, door: Door, query: &Query, session: &str) -> Option<usize> {
    let now = shared.clock.now();
    let (world, mut desk) = (shared.world(), shared.desk());
    desk.seats.settle(world.market.calendar(), now);
    let place = match door {
        Door::Gateway => desk.seats.at_gateway()?,
        Door::OAuth => {
            let token = query.get("oauth_token")?;
            let is_of = |person: &Person| person.access_token == token;
            let place = shared.people.iter().position(is_of)?;
            desk.tokens.is_live(place, now).then_some(place)?
        }
    };
    let seat = desk.seats.get(door, place)?;
    (seat.id == session).then_some(place)
}

/// What `/iserver/accounts` would say.
pub(super) fn accounts(shared: &Shared, door: Door, place: usize) -> Option<Value> {
    let (mut world, mut desk) = (shared.world(), shared.desk());
    let mut call = Call {
        shared,
        world: &mut world,
        desk: &mut desk,
        person: &shared.people[place],
        place,
        door,
        query: &Query::default(),
        body: &Value::Null,
        now: shared.clock.now(),
    };
    accounts::tradeable_of(&mut call).ok()
}
