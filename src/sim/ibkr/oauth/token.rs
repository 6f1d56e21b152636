//! Live session tokens and how they are agreed on; the signature of every other call; the three legs of
//! programs that act for others.

use super::super::answer::{Answer, Reply, ok};
use super::super::shared::{Desk, Shared};
use super::super::{Door, query::Query};
use super::arithmetic::{from_hex, is_signed, power, signed_bytes, to_hex};
use super::credentials::{REALM, encrypted};
use super::header::{Signed, refused};
use super::keys;
use crate::domain::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use http::request::Parts;
use serde_json::json;
use sha1::Sha1;
use sha2::Sha256;
use std::collections::HashMap;
use std::time::Duration;

/// How long a live session token is good.
const TOKEN_LIFE: Duration = Duration::from_hours(24);
/// How far a request's time may be off.
const SKEW: Duration = Duration::from_mins(5);
/// Uses of the provider's generator.
const GENERATOR: [u8; 1] = [2];

/// What was agreed with a program.
#[derive(Debug)]
struct Session {
    token: Vec<u8>,
    ends: Timestamp,
}

/// Everything the provider remembers of signed requests.
#[derive(Debug, Default)]
pub(in crate::sim::ibkr) struct Tokens {
    sessions: HashMap<usize, Session>,
    /// Nonces that were used, and when.
    nonces: HashMap<(usize, String), Timestamp>,
    /// Tokens of programs that act for others: whose program, and the verifier once there is consent.
    requests: HashMap<String, (usize, Option<String>)>,
}

impl Tokens {
    /// Forgets what was agreed with a program that logs out.
    pub(in crate::sim::ibkr) fn forget(&mut self, person: usize, door: Door) {
        if door == Door::OAuth {
            self.sessions.remove(&person);
        }
    }

    fn session(&self, person: usize, now: Timestamp) -> Option<&Session> {
        let session = self.sessions.get(&person);
        session.filter(|session| now < session.ends)
    }

    /// Whether a program has a live session token.
    pub(in crate::sim::ibkr) fn is_live(&self, person: usize, now: Timestamp) -> bool {
        self.session(person, now).is_some()
    }

    /// Takes note of a nonce; whether it is new.
    fn is_fresh(&mut self, person: usize, nonce: &str, now: Timestamp) -> bool {
        self.nonces.retain(|_, used| now.since(*used) < SKEW + SKEW);
        !nonce.is_empty()
            && self
                .nonces
                .insert((person, nonce.to_owned()), now)
                .is_none()
    }
}

/// HMAC by SHA-1, as the handshake has it.
fn sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(message);
    hmac.finalize().into_bytes().to_vec()
}

/// Whose program signed a request, by consumer key and, where there is one, access token.
fn owner(shared: &Shared, signed: &Signed, needs_token: bool) -> Result<usize, Reply> {
    if signed.realm() != REALM {
        return Err(refused("invalid realm"));
    }
    let consumer = signed.get("oauth_consumer_key");
    let mut people = shared.people.iter();
    let place = people.position(|person| person.consumer_key == consumer);
    let place = place.ok_or_else(|| refused("invalid consumer"))?;
    let token = signed.get("oauth_token");
    match !needs_token || shared.people[place].access_token == token {
        true => Ok(place),
        false => Err(refused("invalid token")),
    }
}

/// Time and nonce of a request.
fn check_freshness(
    desk: &mut Desk,
    signed: &Signed,
    place: usize,
    now: Timestamp,
) -> Result<(), Reply> {
    let seconds = signed.get("oauth_timestamp").parse::<i64>().ok();
    let time = seconds.and_then(|seconds| Timestamp::from_millis(seconds.checked_mul(1000)?));
    let time = time.ok_or_else(|| refused("invalid timestamp"))?;
    if now.since(time).max(time.since(now)) > SKEW {
        return Err(refused("invalid timestamp"));
    }
    match desk.tokens.is_fresh(place, signed.get("oauth_nonce"), now) {
        true => Ok(()),
        false => Err(refused("invalid nonce")),
    }
}

fn check_rsa(signed: &Signed, base: &str) -> Result<(), Reply> {
    let is_rsa = signed.get("oauth_signature_method") == "RSA-SHA256";
    let (modulus, exponent) = (keys::SIGNING_MODULUS, keys::EXPONENT);
    match is_rsa && is_signed(base.as_bytes(), signed.signature(), modulus, exponent) {
        true => Ok(()),
        false => Err(refused("invalid signature")),
    }
}

/// Who asks, by the signature of a call that is no handshake.
pub(in crate::sim::ibkr) fn caller(
    shared: &Shared,
    desk: &mut Desk,
    head: &Parts,
    body: &[u8],
) -> Result<usize, Reply> {
    let signed = Signed::read(head)?;
    let place = owner(shared, &signed, true)?;
    let now = shared.clock.now();
    let Some(session) = desk.tokens.session(place, now) else {
        desk.seats.leave(Door::OAuth, place);
        return Err(Reply::not_authenticated());
    };
    let mut hmac =
        Hmac::<Sha256>::new_from_slice(&session.token).expect("HMAC takes keys of any length");
    hmac.update(signed.base(head, body).as_bytes());
    let is_hmac = signed.get("oauth_signature_method") == "HMAC-SHA256";
    if !is_hmac || hmac.verify_slice(signed.signature()).is_err() {
        return Err(refused("invalid signature"));
    }
    check_freshness(desk, &signed, place, now)?;
    Ok(place)
}

/// `/oauth/…`: what comes before any call.
pub(in crate::sim::ibkr) fn handshake(shared: &Shared, head: &Parts, path: &str) -> Answer {
    let signed = Signed::read(head)?;
    match path {
        "oauth/live_session_token" => live_session_token(shared, head, &signed),
        "oauth/request_token" => request_token(shared, head, &signed),
        "oauth/access_token" => access_token(shared, head, &signed),
        _ => Err(Reply::of_status(StatusCode::NOT_FOUND)),
    }
}

fn live_session_token(shared: &Shared, head: &Parts, signed: &Signed) -> Answer {
    let place = owner(shared, signed, true)?;
    let person = &shared.people[place];
    let prepend = to_hex(&person.secret);
    check_rsa(signed, &format!("{prepend}{}", signed.base(head, b"")))?;
    let now = shared.clock.now();
    let (mut world, mut desk) = (shared.world(), shared.desk());
    check_freshness(&mut desk, signed, place, now)?;
    let invalid = || Reply::bad_request("diffie_hellman_challenge is not valid");
    let challenge = from_hex(signed.get("diffie_hellman_challenge")).ok_or_else(invalid)?;
    let ours = [world.make_id().into_bytes(), world.make_id().into_bytes()].concat();
    let response = power(&GENERATOR, &ours, keys::DH_PRIME).ok_or_else(invalid)?;
    let agreed = power(&challenge, &ours, keys::DH_PRIME).ok_or_else(invalid)?;
    let token = sha1(&signed_bytes(&agreed), &person.secret);
    let proof = to_hex(&sha1(&token, person.consumer_key.as_bytes()));
    let ends = now.plus(TOKEN_LIFE);
    desk.tokens.sessions.insert(place, Session { token, ends });
    let id = world.make_id().simple().to_string();
    desk.seats.take(Door::OAuth, place, id, now);
    let response = to_hex(&response);
    ok(&json!({
        "diffie_hellman_response": response.trim_start_matches('0'),
        "live_session_token_signature": proof,
        "live_session_token_expiration": ends.millis(),
    }))
}

fn request_token(shared: &Shared, head: &Parts, signed: &Signed) -> Answer {
    let place = owner(shared, signed, false)?;
    check_rsa(signed, &signed.base(head, b""))?;
    let mut world = shared.world();
    let mut desk = shared.desk();
    check_freshness(&mut desk, signed, place, shared.clock.now())?;
    let token = world.make_id().simple().to_string()[..20].to_owned();
    desk.tokens.requests.insert(token.clone(), (place, None));
    ok(&json!({"oauth_token": token}))
}

/// `/authorize`: the page on which the person agrees; here they always do.
pub(in crate::sim::ibkr) fn consent(shared: &Shared, query: &Query) -> Reply {
    let token = query.get("oauth_token").unwrap_or_default();
    let verifier = shared.world().make_id().simple().to_string()[..20].to_owned();
    let mut desk = shared.desk();
    let Some((_, given)) = desk.tokens.requests.get_mut(token) else {
        return Reply::html(StatusCode::BAD_REQUEST, "Invalid token".to_owned());
    };
    *given = Some(verifier.clone());
    let back = query.get("redirect_uri").unwrap_or("oob");
    let page = format!(
        "<!doctype html><title>Authorize</title>\
         <a href=\"{back}?oauth_token={token}&amp;oauth_verifier={verifier}\">{verifier}</a>"
    );
    Reply::html(StatusCode::OK, page)
}

fn access_token(shared: &Shared, head: &Parts, signed: &Signed) -> Answer {
    let place = owner(shared, signed, false)?;
    check_rsa(signed, &signed.base(head, b""))?;
    let mut desk = shared.desk();
    check_freshness(&mut desk, signed, place, shared.clock.now())?;
    let token = signed.get("oauth_token");
    let agreed = desk.tokens.requests.get(token);
    let wanted = (place, Some(signed.get("oauth_verifier").to_owned()));
    if agreed != Some(&wanted) {
        return Err(refused("invalid verifier"));
    }
    desk.tokens.requests.remove(token);
    let person = &shared.people[place];
    ok(&json!({
        "is_paper": person.paper,
        "oauth_token": person.access_token,
        "oauth_token_secret": encrypted(&person.secret),
    }))
}
