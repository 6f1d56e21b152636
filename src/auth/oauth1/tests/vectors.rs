//! What another implementation made of the same keys and chance.

use super::{Call, consumer, entropy, unhex, vectors};
use crate::auth::oauth1::agreement::{DayKey, Secret, challenge};
use crate::auth::oauth1::signature::{
    Signable, encode, header, hmac_sha256, prepended, rsa_sha256,
};
use crate::net::http::Request;
use crate::net::rate_limit::Purpose;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use url::Url;

fn our_secret(digits: &str) -> Secret {
    Secret::new(unhex(digits).try_into().unwrap())
}

fn day_key(random: &str, response: &str) -> DayKey {
    let consumer = consumer();
    let secret = our_secret(random);
    DayKey::agreed(&consumer.group, &secret, response, &consumer.token_secret).unwrap()
}

fn request(call: &Call) -> Request {
    let method = call.method.parse().unwrap();
    let mut url = Url::parse(&call.url).unwrap();
    if !call.parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(&call.parameters);
    }
    Request::new(method, url, Purpose::Read)
}

#[test]
fn text_is_encoded_as_the_broker_s_own_programs_do() {
    for (text, encoded) in vectors().encodings {
        assert_eq!(encode(&text), encoded, "{text:?}");
    }
}

#[test]
fn the_token_s_secret_is_read_with_the_encryption_key() {
    assert_eq!(*prepended(&consumer().token_secret, ""), vectors().prepend);
}

/// Among them a shared number whose first bit is set, before which a zero byte belongs, one with a whole zero byte
/// before it, and a challenge of an odd number of digits.
#[test]
fn both_sides_agree_on_the_same_key() {
    let vectors = vectors();
    assert_eq!(vectors.agreements.len(), 4);
    for agreement in &vectors.agreements {
        let kind = &agreement.kind;
        let secret = our_secret(&agreement.random);
        let ours = challenge(&consumer().group, &secret);
        assert_eq!(ours, agreement.challenge, "{kind}");
        let key = day_key(&agreement.random, &agreement.response);
        let expected = BASE64_STANDARD.decode(&agreement.live_session_token);
        assert_eq!(key.bytes(), expected.unwrap(), "{kind}");
        assert!(key.is_confirmed(&agreement.signature, &vectors.consumer_key));
        assert!(!key.is_confirmed(&agreement.signature, "ANOTHER00"));
        assert!(!key.is_confirmed("", &vectors.consumer_key));
    }
}

#[test]
fn a_half_that_no_honest_broker_sends_makes_no_key() {
    let consumer = consumer();
    let secret = our_secret(&"5a".repeat(32));
    let prime = vectors().dh_prime;
    // The prime is odd, so the number before it differs in its last digit alone.
    let (most, last) = prime.split_at(prime.len() - 1);
    let before = u32::from_str_radix(last, 16).unwrap() - 1;
    let before = format!("{most}{before:x}");
    let longer = format!("1{prime}");
    for half in [
        "", "0", "1", "xyz", "+2", "-2", "0x2", &prime, &before, &longer,
    ] {
        let key = DayKey::agreed(&consumer.group, &secret, half, &consumer.token_secret);
        assert!(key.is_none(), "{half}");
    }
    assert!(DayKey::agreed(&consumer.group, &secret, "0002", b"s").is_some());
}

#[test]
fn the_request_for_the_day_s_key_is_signed_with_rsa() {
    let (vectors, consumer) = (vectors(), consumer());
    let expected = &vectors.token_request;
    let oauth = [
        ("oauth_token", vectors.access_token.as_str()),
        ("diffie_hellman_challenge", &vectors.agreements[0].challenge),
        ("oauth_consumer_key", &vectors.consumer_key),
        ("oauth_nonce", &expected.nonce),
        ("oauth_signature_method", "RSA-SHA256"),
        ("oauth_timestamp", &expected.timestamp),
    ];
    let url = Url::parse(&expected.url).unwrap();
    let request = Request::new(http::Method::POST, url, Purpose::Read);
    let text = prepended(
        &consumer.token_secret,
        &Signable::new(&request).base_string(&oauth),
    );
    assert_eq!(*text, expected.base_string);
    let signature = rsa_sha256(&consumer.signing_key, &text, &mut entropy()).unwrap();
    assert_eq!(signature, expected.signature);
    let header = header(&consumer.realm, &oauth, &signature);
    assert_eq!(header.expose_secret(), expected.header);
}

#[test]
fn calls_are_signed_with_the_day_s_key() {
    let vectors = vectors();
    let agreement = &vectors.agreements[0];
    let key = day_key(&agreement.random, &agreement.response);
    for call in &vectors.calls {
        let oauth = [
            ("oauth_consumer_key", vectors.consumer_key.as_str()),
            ("oauth_nonce", &call.nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &call.timestamp),
            ("oauth_token", &vectors.access_token),
        ];
        let text = Signable::new(&request(call)).base_string(&oauth);
        assert_eq!(*text, call.base_string);
        let signature = hmac_sha256(&key, &text);
        assert_eq!(signature, call.signature, "{}", call.url);
        let header = header("limited_poa", &oauth, &signature);
        assert_eq!(header.expose_secret(), call.header);
    }
}

#[test]
fn fields_of_a_form_are_signed_and_json_is_not() {
    let url = || Url::parse("https://broker.example/v1/api/x?b=2").unwrap();
    let bare = Request::new(http::Method::POST, url(), Purpose::Read);
    let text = |request: &Request| Signable::new(request).base_string(&[]).to_string();
    assert_eq!(
        text(&bare),
        "POST&https%3A%2F%2Fbroker.example%2Fv1%2Fapi%2Fx&b%3D2"
    );
    assert_eq!(text(&bare.clone().json(r#"{"a":1}"#)), text(&bare));
    let mut form = bare.clone();
    form.body = Some(("application/x-www-form-urlencoded", "a=1%202&c=".into()));
    assert_eq!(
        text(&form),
        "POST&https%3A%2F%2Fbroker.example%2Fv1%2Fapi%2Fx&a%3D1+2%26b%3D2%26c%3D"
    );
}
