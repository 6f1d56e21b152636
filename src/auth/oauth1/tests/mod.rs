//! OAuth 1.0a against vectors that another implementation made, and against a far side of our own.

mod keys;
mod server;
mod sessions;
mod vectors;

use super::{BadMaterial, Consumer, Entropy, Material};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::{Arc, Mutex};

/// Made with `openssl` and with ibind 0.2.2 and pycryptodome, from keys and chance that are fixed.
#[derive(Deserialize)]
struct Vectors {
    consumer_key: String,
    access_token: String,
    access_token_secret: String,
    prepend: String,
    dh_prime: String,
    agreements: Vec<Agreement>,
    token_request: TokenRequest,
    calls: Vec<Call>,
    encodings: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Agreement {
    kind: String,
    random: String,
    challenge: String,
    response: String,
    live_session_token: String,
    signature: String,
}

#[derive(Deserialize)]
struct TokenRequest {
    url: String,
    nonce: String,
    timestamp: String,
    base_string: String,
    signature: String,
    header: String,
}

#[derive(Deserialize)]
struct Call {
    method: String,
    url: String,
    parameters: Vec<(String, String)>,
    nonce: String,
    timestamp: String,
    base_string: String,
    signature: String,
    header: String,
}

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/oauth1/", $name))
    };
}
use fixture;

const SIGNING_KEY: &str = fixture!("sign.p8.pem");
const ENCRYPTION_KEY: &str = fixture!("enc.p8.pem");

fn vectors() -> Vectors {
    serde_json::from_str(fixture!("vectors.json")).unwrap()
}

/// The same chance each time a test runs.
fn entropy() -> Entropy {
    let dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(7)));
    Entropy::new(move |bytes| dice.lock().unwrap().fill(bytes))
}

fn material() -> Material {
    let vectors = vectors();
    Material {
        consumer_key: vectors.consumer_key.into(),
        access_token: vectors.access_token.into(),
        access_token_secret: vectors.access_token_secret.into(),
        signing_key: SIGNING_KEY.into(),
        encryption_key: ENCRYPTION_KEY.into(),
        dh_prime: vectors.dh_prime.into(),
        realm: None,
    }
}

fn consumer() -> Consumer {
    Consumer::read(&material(), &entropy()).ok().unwrap()
}

fn refused(change: impl FnOnce(&mut Material)) -> BadMaterial {
    let mut material = material();
    change(&mut material);
    Consumer::read(&material, &entropy()).err().unwrap()
}

fn secret(text: impl Into<String>) -> SecretString {
    SecretString::from(text.into())
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
