//! Keys however people have them, and what is said of those that are none.

use super::{ENCRYPTION_KEY, SIGNING_KEY, fixture, material, refused, secret, unhex, vectors};
use crate::auth::oauth1::Consumer;
use crate::auth::oauth1::material::{group, private_key};
use secrecy::ExposeSecret;

const OLD_SIGNING_KEY: &str = fixture!("sign.p1.pem");
const OLD_ENCRYPTION_KEY: &str = fixture!("enc.p1.pem");
const DH: &str = fixture!("dh.pem");

/// As files, as forms of one line leave them, and as environment variables hold them.
fn pasted(pem: &str) -> [String; 6] {
    [
        pem.to_owned(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " "),
        pem.replace('\n', ""),
        pem.replace('\n', "\\n"),
        format!("Key Attributes: <No Attributes>\n{pem}\n\n"),
    ]
}

#[test]
fn keys_are_read_however_they_were_pasted() {
    for (new, old) in [
        (SIGNING_KEY, OLD_SIGNING_KEY),
        (ENCRYPTION_KEY, OLD_ENCRYPTION_KEY),
    ] {
        let expected = private_key(new).unwrap();
        for pem in [new, old].into_iter().flat_map(pasted) {
            assert!(private_key(&pem) == Ok(expected.clone()), "{pem}");
        }
    }
}

#[test]
fn a_prime_is_read_as_digits_or_as_openssl_made_it() {
    let prime = vectors().dh_prime;
    let colons: Vec<&str> = (0..prime.len())
        .step_by(2)
        .map(|at| &prime[at..at + 2])
        .collect();
    let digits = [
        prime.clone(),
        prime.to_uppercase(),
        format!(" 0x{prime}\n"),
        format!("00:{}", colons.join(":\n    ")),
    ];
    let expected = group(&prime).ok().unwrap();
    for text in digits.into_iter().chain(pasted(DH)) {
        let group = group(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert!(group.prime == expected.prime && group.generator == expected.generator);
    }
}

#[test]
fn what_is_wrong_is_said_of_the_field_it_is_in() {
    let check = |what: super::BadMaterial, field: &str, told: &str| {
        assert_eq!(what.field, field);
        let text = what.to_string();
        assert!(text.contains(told), "{text}");
    };
    check(
        refused(|it| it.consumer_key = secret(" ")),
        "consumer key",
        "missing",
    );
    check(
        refused(|it| it.consumer_key = secret("A\"B")),
        "consumer key",
        "letters",
    );
    check(
        refused(|it| it.access_token = secret("a b")),
        "access token",
        "letters",
    );
    check(
        refused(|it| it.realm = Some("a\"b".into())),
        "realm",
        "limited_poa",
    );
    check(
        refused(|it| it.signing_key = secret("")),
        "signing key",
        "not PEM",
    );
    check(
        refused(|it| it.encryption_key = secret(DH)),
        "encryption key",
        "not a private key",
    );
    check(
        refused(|it| it.dh_prime = secret(SIGNING_KEY)),
        "DH prime",
        "dhparam",
    );
    check(
        refused(|it| it.dh_prime = secret("12zz")),
        "DH prime",
        "hexadecimal",
    );
    check(refused(|it| it.dh_prime = secret("17")), "DH prime", "2048");
    check(
        refused(|it| it.dh_prime = secret(format!("{}0", vectors().dh_prime))),
        "DH prime",
        "not a prime",
    );
    let token_secret = "access token secret";
    check(
        refused(|it| it.access_token_secret = secret("")),
        token_secret,
        "missing",
    );
    check(
        refused(|it| it.access_token_secret = secret("§")),
        token_secret,
        "base64",
    );
    check(
        refused(|it| it.access_token_secret = secret("c2hvcnQ=")),
        token_secret,
        "this encryption key",
    );
    check(
        refused(|it| it.encryption_key = secret(SIGNING_KEY)),
        token_secret,
        "this encryption key",
    );
}

#[test]
fn keys_of_another_kind_are_told_apart() {
    let told = |text: &str| private_key(text).err().unwrap();
    let block =
        |label: &str, body: &str| format!("-----BEGIN {label}-----{body}-----END {label}-----");
    assert!(told(&block("PUBLIC KEY", "AAAA")).contains("public"));
    assert!(told(&block("ENCRYPTED PRIVATE KEY", "AAAA")).contains("passphrase"));
    let old = "Proc-Type: 4,ENCRYPTED DEK-Info: AES-128-CBC,00 AAAA";
    assert!(told(&block("RSA PRIVATE KEY", old)).contains("passphrase"));
    assert!(told(&block("EC PRIVATE KEY", "AAAA")).contains("not a private key of RSA"));
    assert!(told(&block("PRIVATE KEY", "AAAA")).contains("not a key of RSA"));
    assert!(told(&block("RSA PRIVATE KEY", "§")).contains("base64"));
    assert!(told("-----BEGIN PRIVATE KEY-----AAAA").contains("not PEM"));
    let crossed = "-----BEGIN PRIVATE KEY-----AAAA-----END PUBLIC KEY-----";
    assert!(told(crossed).contains("ends as another"));
    assert!(told(&"a".repeat(20_000)).contains("longer"));
    // One byte of the key inside is another.
    let mut lines: Vec<_> = OLD_SIGNING_KEY.lines().map(str::to_owned).collect();
    lines[9] = lines[9].chars().rev().collect();
    assert!(told(&lines.join("\n")).contains("damaged"));
}

#[test]
fn the_trial_consumer_has_a_realm_of_its_own() {
    let realm = |key: &str, given: Option<&str>| {
        let mut material = material();
        material.consumer_key = secret(key);
        material.realm = given.map(str::to_owned);
        Consumer::read(&material, &super::entropy())
            .ok()
            .unwrap()
            .realm
    };
    assert_eq!(realm("TRADEDECK", None), "limited_poa");
    assert_eq!(realm("TESTCONS", None), "test_realm");
    assert_eq!(realm("TRADEDECK", Some("test_realm")), "test_realm");
}

/// Whatever is wrong, nothing of what was brought is in the sentence.
#[test]
fn what_is_wrong_is_said_without_repeating_it() {
    let material = material();
    let parts = [
        &material.access_token_secret,
        &material.signing_key,
        &material.encryption_key,
        &material.dh_prime,
    ];
    for part in parts {
        let text = part.expose_secret();
        for cut in [1, text.len() / 3, text.len() - 2] {
            let damaged = secret(text[..cut].to_owned());
            for what in [
                refused(|it| it.signing_key = damaged.clone()),
                refused(|it| it.encryption_key = damaged.clone()),
                refused(|it| it.dh_prime = secret(format!("{}!", damaged.expose_secret()))),
                refused(|it| {
                    it.access_token_secret = secret(format!("§{}", damaged.expose_secret()))
                }),
            ] {
                let told = what.to_string();
                let piece = &text[text.len() / 4..text.len() / 4 + 12];
                assert!(!told.contains(piece), "{told}");
            }
        }
    }
    assert_eq!(unhex("00ff"), [0, 255]);
}
