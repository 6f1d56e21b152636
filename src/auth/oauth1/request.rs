//! The request for the day's key, and what its answer means.

use super::agreement::{DayKey, Secret, challenge};
use super::consumer::Consumer;
use super::entropy::Entropy;
use super::signature::{Signable, header, prepended, rsa_sha256};
use crate::auth::error::AuthError;
use crate::domain::Timestamp;
use crate::net::http::{Request, Response};
use crate::net::rate_limit::Purpose;
use crate::net::transport::Transport;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// How large the answer may be.
const ANSWER_LIMIT: usize = 64 * 1_024;

/// How long the broker's answer is waited for.
const DEADLINE: Duration = Duration::from_secs(15);

/// Longest life of a day's key.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3_600);

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A word that is used once: sixteen letters and digits.
pub(super) fn nonce(random: [u8; 16]) -> String {
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
    random.into_iter().map(letter).collect()
}

/// Seconds since the epoch.
pub(super) fn seconds(now: Timestamp) -> String {
    now.millis().div_euclid(1_000).to_string()
}

/// A day's key and when it ends.
pub(super) struct Agreed {
    pub(super) key: DayKey,
    pub(super) until: Timestamp,
}

/// The broker's half.
#[derive(Deserialize)]
struct Answer {
    diffie_hellman_response: String,
    live_session_token_signature: String,
    live_session_token_expiration: i64,
}

/// Agrees with the broker on a key; one request.
pub(super) async fn agree(
    consumer: &Consumer,
    place: &Url,
    transport: &dyn Transport,
    entropy: &Entropy,
    now: Timestamp,
) -> Result<Agreed, AuthError> {
    let secret = Secret::new(entropy.bytes());
    let request = signed(consumer, place, &secret, entropy, now)?;
    let response = transport.send(&request).await?;
    let answer = read(&response)?;
    let half = &answer.diffie_hellman_response;
    let key = DayKey::agreed(&consumer.group, &secret, half, &consumer.token_secret)
        .ok_or(AuthError::Garbled)?;
    if !key.is_confirmed(
        &answer.live_session_token_signature,
        consumer.key.expose_secret(),
    ) {
        return Err(AuthError::Registration {
            why: "the broker's answer does not fit; are the DH prime and the access token secret those of this registration",
        });
    }
    Ok(Agreed {
        key,
        until: end(answer.live_session_token_expiration, now),
    })
}

fn signed(
    consumer: &Consumer,
    place: &Url,
    secret: &Secret,
    entropy: &Entropy,
    now: Timestamp,
) -> Result<Request, AuthError> {
    let (nonce, seconds) = (nonce(entropy.bytes()), seconds(now));
    let challenge = challenge(&consumer.group, secret);
    let oauth = [
        ("diffie_hellman_challenge", challenge.as_str()),
        ("oauth_consumer_key", consumer.key.expose_secret()),
        ("oauth_nonce", &nonce),
        ("oauth_signature_method", "RSA-SHA256"),
        ("oauth_timestamp", &seconds),
        ("oauth_token", consumer.access_token.expose_secret()),
    ];
    let mut request = Request::new(Method::POST, place.clone(), Purpose::Read)
        // Without it the broker answers 411, and nothing else says that there is no body.
        .header(CONTENT_LENGTH, "0");
    request.size_limit = ANSWER_LIMIT;
    request.deadline = DEADLINE;
    let base_string = prepended(
        &consumer.token_secret,
        &Signable::new(&request).base_string(&oauth),
    );
    let signature = rsa_sha256(&consumer.signing_key, &base_string, &mut entropy.clone());
    let signature = signature.ok_or(AuthError::Registration {
        why: "the signing key cannot sign; register a key of RSA of 2048 bits",
    })?;
    let header = header(&consumer.realm, &oauth, &signature);
    Ok(request.secret_header(AUTHORIZATION, header))
}

fn read(response: &Response) -> Result<Answer, AuthError> {
    match response.status {
        200..=299 => serde_json::from_slice(&response.body).map_err(|_| AuthError::Garbled),
        429 => Err(AuthError::RateLimited {
            retry_after: response.retry_after(),
        }),
        // Gone: the server that answered has no session for this token, and another may have.
        status @ (408 | 410 | 500..=599) => Err(AuthError::Unavailable { status }),
        400..=499 => Err(AuthError::Registration {
            why: "the broker refuses the consumer key, the access token or the signing key; new ones open after its nightly restart, and this machine's clock has to be right",
        }),
        _ => Err(AuthError::Garbled),
    }
}

/// When a key ends; where the broker's word for it cannot be, our clock or its is wrong, and a day is what it says in
/// its manual.
fn end(stated: i64, now: Timestamp) -> Timestamp {
    let longest = now.plus(LONGEST_LIFE);
    let stated = Timestamp::from_millis(stated).filter(|it| *it > now && *it < longest);
    stated.unwrap_or(longest)
}
