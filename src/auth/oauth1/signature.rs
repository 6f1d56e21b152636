//! Signing a request (RFC 5849, 3.4 and 3.5.1), as the broker wants it done.
//!
//! Time and nonce are arguments. Where the broker leaves the RFC: parameters are joined first and encoded once as a
//! whole, a space is a plus sign, and the request for the day's key is signed with the token's secret written before
//! what is signed.

use super::agreement::DayKey;
use crate::net::http::Request;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rsa::PrivateKey;
use rsa::rand_core::TryCryptoRng;
use rsa::sha2::Sha256;
use secrecy::SecretString;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// A form's content type: only its fields are signed, no other body is.
const FORM: &str = "application/x-www-form-urlencoded";

/// What of a request is signed: the method, the address without its query, and the parameters of query and form.
pub struct Signable {
    method: String,
    url: String,
    parameters: Vec<(String, String)>,
}

impl Signable {
    /// The parts of a request that are signed.
    pub fn new(request: &Request) -> Self {
        let mut url = request.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let mut parameters: Vec<_> = owned(request.url.query_pairs());
        if let Some((FORM, body)) = &request.body {
            parameters.extend(owned(form_urlencoded::parse(body)));
        }
        Self {
            method: request.method.as_str().to_owned(),
            url: url.into(),
            parameters,
        }
    }

    /// What is signed, with the `oauth_…` parameters of a header among those of the request.
    pub fn base_string(&self, oauth: &[(&str, &str)]) -> Zeroizing<String> {
        let own = self
            .parameters
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()));
        let mut all: Vec<_> = own.chain(oauth.iter().copied()).collect();
        all.sort_unstable();
        let pairs: Vec<_> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let (url, pairs) = (encode(&self.url), encode(&pairs.join("&")));
        Zeroizing::new(format!("{}&{url}&{pairs}", self.method))
    }
}

/// What is signed for the day's key: the token's secret in hexadecimal digits stands before it.
pub fn prepended(token_secret: &[u8], base_string: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(
        token_secret.len() * 2 + base_string.len(),
    ));
    for byte in token_secret {
        let digit =
            |half: u8| char::from_digit(u32::from(half), 16).expect("four bits are a digit");
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.push_str(base_string);
    text
}

fn owned(pairs: form_urlencoded::Parse<'_>) -> Vec<(String, String)> {
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Percent-encoding with a plus sign for a space; letters, digits and `_.-~` stay as they are.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The signature of a call (`HMAC-SHA256`), encoded for the header.
pub fn hmac_sha256(key: &DayKey, base_string: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.bytes());
    let mut mac = mac.expect("a key of HMAC may have any length");
    mac.update(base_string.as_bytes());
    encode(&BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// The signature of the request for the day's key (`RSA-SHA256`), encoded for the header; `None` where the key cannot
/// sign. `blinding` hides the key from who can measure time, and is not in the signature.
pub fn rsa_sha256(
    key: &PrivateKey,
    base_string: &str,
    blinding: &mut impl TryCryptoRng,
) -> Option<String> {
    let signed = key.pkcs1v15_sign_with_rng::<Sha256, _>(blinding, base_string.as_bytes());
    Some(encode(&BASE64_STANDARD.encode(signed.ok()?)))
}

/// The value of an `Authorization` header: the realm, then the parameters by name.
pub fn header(realm: &str, oauth: &[(&str, &str)], signature: &str) -> SecretString {
    let mut all = oauth.to_vec();
    all.push(("oauth_signature", signature));
    all.sort_unstable();
    let mut text = format!("OAuth realm=\"{realm}\"");
    for (name, value) in all {
        text.push_str(&format!(", {name}=\"{value}\""));
    }
    SecretString::from(text)
}
