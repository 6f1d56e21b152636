//! The secrets of a run, and every way in which one may be written.

use crate::terminal::needles::Needles;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write as _;

/// What is secret.
#[derive(Default)]
pub(super) struct Canaries(Needles);

impl Canaries {
    pub(super) fn add(&mut self, name: &str, secret: &str) {
        self.add_bytes(name, secret.as_bytes());
        let mut others = vec![serde_json::to_string(secret).unwrap()];
        others.push(others[0].replace('/', "\\/"));
        let others = others.iter().map(|it| it.trim_matches('"').to_owned());
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut others: Vec<String> = others.chain([form, format!("{secret:?}")]).collect();
        for hex in [
            |byte| format!("%{byte:02X}"),
            |byte: u8| format!("%{byte:02x}"),
        ] {
            let bytes = secret
                .bytes()
                .map(|byte| match byte.is_ascii_alphanumeric() {
                    true => char::from(byte).to_string(),
                    false => hex(byte),
                });
            others.push(bytes.collect());
        }
        others.sort();
        others.dedup();
        for other in others.into_iter().filter(|it| it != secret) {
            self.0.add(&format!("{name}, escaped"), other);
        }
    }

    pub(super) fn add_bytes(&mut self, name: &str, secret: &[u8]) {
        self.0.add(name, secret);
        let mut hex = String::new();
        for byte in secret {
            write!(hex, "{byte:02x}").unwrap();
        }
        self.0.add(&format!("{name} in HEX"), hex.to_uppercase());
        self.0.add(&format!("{name} in hex"), hex);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            // Wherever in a longer text it begins; digits that are shared with a neighbour are left out.
            for before in 0..3 {
                let coded = engine.encode([&vec![0; before][..], secret].concat());
                let whole = (before + secret.len()) * 8 / 6;
                self.0.add(
                    &format!("{name} in base64"),
                    &coded.as_bytes()[(before * 8).div_ceil(6)..whole],
                );
            }
        }
    }

    /// What of it stands in a text.
    pub(super) fn found_in(&self, text: &[u8]) -> Vec<&str> {
        self.0.found_in(text, text.len())
    }
}

#[test]
fn canaries_are_found_however_they_are_written() {
    let secret = "no \"way\" / \u{fc}%\\+1";
    let mut canaries = Canaries::default();
    canaries.add("it", secret);
    let json = serde_json::json!({ "a": ["b", secret] }).to_string();
    let debug = format!("{:?}", Some(secret));
    let mut address = url::Url::parse("http://a/").unwrap();
    address.query_pairs_mut().append_pair("p", secret);
    let mut ways = vec![secret.to_owned(), json, debug, address.to_string()];
    ways.push("no%20%22way%22%20%2f%20%c3%bc%25%5c%2b1".to_owned());
    for before in ["", "1", "12", "123"] {
        ways.push(STANDARD_NO_PAD.encode(format!("{before}{secret}")));
        ways.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret}behind")));
    }
    ways.push(blake3::Hash::from_bytes([7; 32]).to_hex().to_string());
    let last = ways.pop().unwrap();
    for way in ways {
        assert!(!canaries.found_in(way.as_bytes()).is_empty(), "{way}");
    }
    assert!(canaries.found_in(last.as_bytes()).is_empty());
}
