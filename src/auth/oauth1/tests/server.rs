//! The broker's side, written from its manual and not from ours: it takes a word once and a time that is near its own.

use super::{ENCRYPTION_KEY, SIGNING_KEY, unhex, vectors};
use crate::auth::oauth1::material::private_key;
use crate::domain::{Clock, Timestamp};
use crate::net::error::NetError;
use crate::net::http::{HeaderText, Request, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rsa::sha2::Sha256;
use rsa::{BoxedUint, PublicKey};
use secrecy::ExposeSecret;
use sha1::Sha1;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock that stands until it is moved.
pub(super) struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(self.0.load(Ordering::SeqCst)))
    }
}

impl Still {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_790_000_000)))
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

pub(super) struct Server {
    clock: Arc<Still>,
    signing_key: PublicKey,
    token_secret: Vec<u8>,
    prime: BoxedUint,
    words: BTreeSet<String>,
    live: Option<Vec<u8>>,
    /// Keys that were agreed on.
    pub(super) agreements: u64,
    /// Answers in the place of the right one for the next requests for a key, first come first.
    pub(super) instead: VecDeque<Result<Response, NetError>>,
    /// What its word for the key is made with; the wrong one where a test says so.
    pub(super) confirms: &'static str,
    /// What it says of a key's end, where that is not a day from now.
    pub(super) ends: Option<i64>,
    /// Calls that came with a right signature.
    pub(super) served: u64,
}

impl Server {
    pub(super) fn new(clock: Arc<Still>) -> Self {
        let vectors = vectors();
        let sealed = BASE64_STANDARD.decode(vectors.access_token_secret).unwrap();
        let encryption_key = private_key(ENCRYPTION_KEY).unwrap();
        Self {
            clock,
            signing_key: private_key(SIGNING_KEY).unwrap().to_public_key(),
            token_secret: encryption_key.pkcs1v15_decrypt(&sealed).unwrap(),
            prime: BoxedUint::from_be_slice(&unhex(&vectors.dh_prime), 2_048).unwrap(),
            words: BTreeSet::new(),
            live: None,
            agreements: 0,
            instead: VecDeque::new(),
            confirms: "TRADEDECK",
            ends: None,
            served: 0,
        }
    }

    /// The broker starts anew and knows no key.
    pub(super) fn restart(&mut self) {
        self.live = None;
    }

    pub(super) fn answer(&mut self, request: &Request) -> Result<Response, NetError> {
        let given = Given::read(request);
        if request.url.path().ends_with("/oauth/live_session_token") {
            if let Some(answer) = self.instead.pop_front() {
                return answer;
            }
            return Ok(self.agree(request, &given));
        }
        Ok(match self.is_signed(request, &given) {
            true => {
                self.served += 1;
                Response::new(200, "{}")
            }
            false => Response::new(401, r#"{"error":"not authenticated","statusCode":401}"#),
        })
    }

    /// A word is taken once, and a time within half a minute.
    fn is_fresh(&mut self, given: &Given) -> bool {
        let now = self.clock.now().millis() / 1_000;
        let time: i64 = given.value("oauth_timestamp").parse().unwrap();
        let word = given.value("oauth_nonce").to_owned();
        let is_word = word.len() == 16 && word.bytes().all(|it| it.is_ascii_alphanumeric());
        (time - now).abs() <= 30 && is_word && self.words.insert(word)
    }

    fn is_signed(&mut self, request: &Request, given: &Given) -> bool {
        let Some(key) = &self.live else { return false };
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(given.signed_text(request).as_bytes());
        let expected = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let is_right = given.value("oauth_signature_method") == "HMAC-SHA256"
            && given.realm == "limited_poa"
            && given.signature() == expected;
        is_right && self.is_fresh(given)
    }

    fn agree(&mut self, request: &Request, given: &Given) -> Response {
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("{it:02x}")).collect() };
        let text = format!("{}{}", hex(&self.token_secret), given.signed_text(request));
        let signature = BASE64_STANDARD.decode(given.signature()).unwrap();
        let verified = self
            .signing_key
            .pkcs1v15_verify::<Sha256>(text.as_bytes(), &signature);
        let is_right = given.value("oauth_signature_method") == "RSA-SHA256";
        if verified.is_err() || !is_right || !self.is_fresh(given) {
            return Response::new(401, r#"{"error":"invalid signature","statusCode":401}"#);
        }
        self.agreements += 1;
        let modulus = self.prime.to_odd().unwrap();
        let exponent = BoxedUint::from(0x9e37_79b9_7f4a_7c15_u64 ^ self.agreements);
        let two = BoxedUint::from_be_slice(&[2], 2_048).unwrap();
        let ours = two.pow_mod(&exponent, &modulus);
        let challenge = format!("{:0>512}", given.value("diffie_hellman_challenge"));
        let theirs = BoxedUint::from_be_slice(&unhex(&challenge), 2_048).unwrap();
        let shared = theirs
            .pow_mod(&exponent, &modulus)
            .to_be_bytes_trimmed_vartime();
        let sign = if shared[0] >= 0x80 { vec![0] } else { vec![] };
        let hmac = |key: &[u8], message: &[u8]| {
            let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        let key = hmac(&[sign, shared.to_vec()].concat(), &self.token_secret);
        let day = self.clock.now().plus(Duration::from_secs(86_400));
        let ends = self.ends.unwrap_or(day.millis());
        let body = format!(
            r#"{{"diffie_hellman_response":"{}","live_session_token_signature":"{}","live_session_token_expiration":{ends}}}"#,
            hex(&ours.to_be_bytes_trimmed_vartime()),
            hex(&hmac(&key, self.confirms.as_bytes())),
        );
        self.live = Some(key);
        Response::new(200, body)
    }
}

/// The parameters of a header.
struct Given {
    realm: String,
    pairs: BTreeMap<String, String>,
}

impl Given {
    fn read(request: &Request) -> Self {
        let text = request
            .headers
            .iter()
            .find_map(|(name, value)| match value {
                HeaderText::Secret(text) if name == http::header::AUTHORIZATION => {
                    Some(text.expose_secret().to_owned())
                }
                HeaderText::Secret(_) | HeaderText::Plain(_) => None,
            });
        let text = text.expect("every request is signed");
        let pairs = text.strip_prefix("OAuth ").unwrap().split(", ");
        let mut pairs: BTreeMap<_, _> = pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap();
                let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect();
        let realm = pairs.remove("realm").unwrap();
        Self { realm, pairs }
    }

    fn value(&self, name: &str) -> &str {
        &self.pairs[name]
    }

    fn signature(&self) -> String {
        let encoded = format!("s={}", self.value("oauth_signature"));
        let mut pairs = url::form_urlencoded::parse(encoded.as_bytes());
        pairs.next().unwrap().1.into_owned()
    }

    fn signed_text(&self, request: &Request) -> String {
        let own = self
            .pairs
            .iter()
            .filter(|(name, _)| *name != "oauth_signature");
        let own = own.map(|(name, value)| format!("{name}={value}"));
        let query = request.url.query_pairs();
        let query = query.map(|(name, value)| format!("{name}={value}"));
        let mut all: Vec<String> = own.chain(query).collect();
        all.sort();
        let address = request.url.as_str().split('?').next().unwrap();
        let encode = |text: &str| -> String {
            let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            encoded.replace("%7E", "~").replace('*', "%2A")
        };
        let (address, all) = (encode(address), encode(&all.join("&")));
        format!("{}&{address}&{all}", request.method)
    }
}
