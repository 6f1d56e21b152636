//! Signing in at the gateway, keeping the session alive, and the brokerage session.

use super::Door;
use super::answer::{Answer, Reply, ok};
use super::people::Person;
use super::query::Query;
use super::seats::{SIGN_IN_IDLE, Seat};
use super::shared::Shared;
use super::site::Call;
use http::StatusCode;
use serde_json::{Value, json};

/// What the provider calls its build.
const VERSION: &str = "Build 10.44.1d, Mar 3, 2026 1:55:32 PM";
const MAC: &str = "98:F2:B3:23:BF:A0";

/// The page with which a person signs in at the gateway: one button for each of them.
pub(super) fn page(people: &[Person]) -> Reply {
    let button = |person: &Person| {
        format!(
            "<p><button name=\"user\" value=\"{0}\">Log in as {0}</button></p>",
            person.login
        )
    };
    let buttons: String = people.iter().map(button).collect();
    let body = format!(
        "<!doctype html><title>Simulated gateway</title><form method=\"post\" \
         action=\"/sso/Login\">{buttons}</form>"
    );
    Reply::html(StatusCode::OK, body)
}

/// `POST /sso/Login`: the person of the button that was pressed, or the first.
pub(super) fn sign_in(shared: &Shared, body: &[u8]) -> Reply {
    let form = Query::parse(&String::from_utf8_lossy(body));
    let wanted = form.get("user").unwrap_or(shared.people[0].login);
    let place = shared.people.iter().position(|one| one.login == wanted);
    let Some(place) = place else {
        return Reply::html(StatusCode::UNAUTHORIZED, "Invalid username".to_owned());
    };
    let id = shared.world().make_id().simple().to_string();
    let now = shared.clock.now();
    shared.desk().seats.take(Door::Gateway, place, id, now);
    Reply::html(StatusCode::OK, "Client login succeeds".to_owned())
}

/// `GET` and `POST /tickle`.
pub(super) fn tickle(call: &Call<'_>) -> Answer {
    let seat = call.seat()?;
    let mut body = json!({
        "session": seat.id,
        "hmds": {"error": "no bridge"},
        "iserver": {"authStatus": status_of(seat)},
    });
    if call.door == Door::Gateway {
        let left = SIGN_IN_IDLE.saturating_sub(call.now.since(seat.heard));
        body["ssoExpires"] = u64::try_from(left.as_millis()).unwrap_or(0).into();
        body["collission"] = false.into();
        body["userId"] = call.person.user_id().into();
    }
    ok(&body)
}

/// `GET` and `POST /iserver/auth/status`.
pub(super) fn status(call: &Call<'_>) -> Answer {
    let mut body = status_of(call.seat()?);
    body["fail"] = "".into();
    ok(&body)
}

/// What a seat's sessions are like.
pub(super) fn status_of(seat: &Seat) -> Value {
    let is_trading = seat.trading.is_some();
    json!({
        "authenticated": is_trading,
        "established": is_trading,
        "competing": seat.competing,
        "connected": true,
        "message": "",
        "MAC": MAC,
        "serverInfo": server(),
        "hardware_info": format!("1a2b3c4d|{MAC}"),
    })
}

pub(super) fn server() -> Value {
    json!({"serverName": "SimN17091", "serverVersion": VERSION})
}

/// `POST /iserver/auth/ssodh/init`.
pub(super) fn init(call: &mut Call<'_>) -> Answer {
    if !is_true(&call.body["publish"]) {
        return Err(Reply::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed to generate sso dh token",
        ));
    }
    let compete = is_true(&call.body["compete"]);
    let who = (call.door, call.place);
    let account = call.person.accounts[0];
    call.desk.seats.begin(who, compete, account, call.now);
    ok(&status_of(call.seat()?))
}

fn is_true(value: &Value) -> bool {
    *value == true || value == "true"
}

/// `POST /iserver/reauthenticate`, which does nothing any more.
pub(super) fn reauthenticate() -> Answer {
    ok(&json!({"message": "triggered"}))
}

/// `POST /logout`.
pub(super) fn logout(call: &mut Call<'_>) -> Answer {
    call.desk.seats.leave(call.door, call.place);
    call.desk.tokens.forget(call.place, call.door);
    ok(&json!({"status": true}))
}

/// `GET /sso/validate`, which is not for OAuth 1.0a.
pub(super) fn validate(call: &Call<'_>) -> Answer {
    if call.door != Door::Gateway {
        return Err(Reply::coded(StatusCode::FORBIDDEN, "forbidden"));
    }
    let (seat, person) = (call.seat()?, call.person);
    let left = SIGN_IN_IDLE.saturating_sub(call.now.since(seat.heard));
    ok(&json!({
        "USER_ID": person.user_id(),
        "USER_NAME": person.login,
        "RESULT": true,
        "AUTH_TIME": seat.opened.millis(),
        "SF_ENABLED": false,
        "IS_FREE_TRIAL": false,
        "CREDENTIAL": person.login,
        "IP": "127.0.0.1",
        "EXPIRES": u64::try_from(left.as_millis()).unwrap_or(0),
        "QUALIFIED_FOR_MOBILE_AUTH": null,
        "LANDING_APP": "UNIVERSAL",
        "IS_MASTER": false,
        "lastAccessed": seat.heard.millis(),
        "LOGIN_TYPE": if person.paper { 2 } else { 1 },
        "PAPER_USER_NAME": person.login,
        "features": {
            "env": "PROD", "wlms": true, "realtime": true, "bond": true, "optionChains": true,
            "calendar": true, "newMf": true,
        },
        "region": "NJ",
    }))
}
