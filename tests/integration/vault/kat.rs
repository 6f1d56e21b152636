//! The primitives give the published answers: each through the crate that the vault uses, all vectors of Wycheproof and
//! those of the standards.

use super::home::from_hex;
use aes_gcm::AesGcm;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::{U1, U2, U4, U6, U8, U10, U12, U15, U16, U20, U32, U64, U128, U257};
use aes_gcm::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wycheproof::{TestResult, aead, hkdf as hkdf_vectors, mac};

/// What a cipher answers: the sealed text with its tag, and what comes of opening one.
struct Answer {
    sealed: Option<Vec<u8>>,
    opened: Option<Vec<u8>>,
}

fn answer<C: KeyInit + Aead>(test: &aead::Test) -> Answer {
    let none = Answer {
        sealed: None,
        opened: None,
    };
    let Ok(cipher) = C::new_from_slice(&test.key) else {
        return none;
    };
    let Ok(nonce) = Array::try_from(&test.nonce[..]) else {
        return none;
    };
    let payload = |msg| Payload {
        msg,
        aad: &test.aad,
    };
    let given = [&test.ct[..], &test.tag].concat();
    Answer {
        sealed: cipher.encrypt(&nonce, payload(&test.pt)).ok(),
        opened: cipher.decrypt(&nonce, payload(&given)).ok(),
    }
}

/// Runs every case; how many there were.
fn every_aead(name: aead::TestName, answer: impl Fn(&aead::Test) -> Answer) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let tests = set.test_groups.iter().flat_map(|group| &group.tests);
    let check = |test: &aead::Test| {
        let given = [&test.ct[..], &test.tag].concat();
        let Answer { sealed, opened } = answer(test);
        let case = format!("{name:?} {}: {}", test.tc_id, test.comment);
        match test.result {
            TestResult::Valid => {
                assert!(opened.as_deref() == Some(&test.pt[..]), "{case}");
                assert!(sealed == Some(given), "{case}");
            }
            TestResult::Invalid => assert!(opened.is_none(), "{case}"),
            TestResult::Acceptable => panic!("{case}: no opinion"),
        }
    };
    tests.map(check).count()
}

macro_rules! by_nonce_size {
    ($test:expr, $block:ty, $($size:ty = $bytes:literal),*) => {
        match $test.nonce.len() {
            $($bytes => answer::<AesGcm<$block, $size>>($test),)*
            _ => Answer { sealed: None, opened: None },
        }
    };
}

fn gcm_with<Block>(test: &aead::Test) -> Answer
where
    AesGcm<Block, U1>: KeyInit + AeadInOut,
    AesGcm<Block, U2>: KeyInit + AeadInOut,
    AesGcm<Block, U4>: KeyInit + AeadInOut,
    AesGcm<Block, U6>: KeyInit + AeadInOut,
    AesGcm<Block, U8>: KeyInit + AeadInOut,
    AesGcm<Block, U10>: KeyInit + AeadInOut,
    AesGcm<Block, U12>: KeyInit + AeadInOut,
    AesGcm<Block, U15>: KeyInit + AeadInOut,
    AesGcm<Block, U16>: KeyInit + AeadInOut,
    AesGcm<Block, U20>: KeyInit + AeadInOut,
    AesGcm<Block, U32>: KeyInit + AeadInOut,
    AesGcm<Block, U64>: KeyInit + AeadInOut,
    AesGcm<Block, U128>: KeyInit + AeadInOut,
    AesGcm<Block, U257>: KeyInit + AeadInOut,
{
    by_nonce_size!(
        test,
        Block,
        U1 = 1,
        U2 = 2,
        U4 = 4,
        U6 = 6,
        U8 = 8,
        U10 = 10,
        U12 = 12,
        U15 = 15,
        U16 = 16,
        U20 = 20,
        U32 = 32,
        U64 = 64,
        U128 = 128,
        U257 = 257
    )
}

#[test]
fn kat_wycheproof_ciphers() {
    let extended = every_aead(
        aead::TestName::XChaCha20Poly1305,
        answer::<XChaCha20Poly1305>,
    );
    let plain = every_aead(aead::TestName::ChaCha20Poly1305, answer::<ChaCha20Poly1305>);
    let gcm = every_aead(aead::TestName::AesGcm, |test| match test.key.len() {
        16 => gcm_with::<Aes128>(test),
        24 => gcm_with::<Aes192>(test),
        _ => gcm_with::<Aes256>(test),
    });
    assert_eq!((extended, plain, gcm), (315, 325, 316));
}

#[test]
fn kat_wycheproof_hkdf_sha256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let tests = set.test_groups.iter().flat_map(|group| &group.tests);
    let check = |test: &hkdf_vectors::Test| {
        let mut okm = vec![0; test.size];
        let done = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        match test.result {
            TestResult::Invalid => assert!(done.is_err(), "case {}", test.tc_id),
            TestResult::Valid | TestResult::Acceptable => {
                assert!(done.is_ok() && okm == test.okm[..], "case {}", test.tc_id)
            }
        }
    };
    assert_eq!(tests.map(check).count(), 86);
}

fn keyed(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut hmac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).unwrap();
    hmac.update(message);
    hmac
}

#[test]
fn kat_wycheproof_hmac_sha256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let tests = set.test_groups.iter().flat_map(|group| &group.tests);
    let check = |test: &mac::Test| {
        let matches = keyed(&test.key, &test.msg).verify_truncated_left(&test.tag);
        assert_eq!(
            matches.is_err(),
            test.result.must_fail(),
            "case {}",
            test.tc_id
        );
    };
    assert_eq!(tests.map(check).count(), 174);
}

/// The value of a name in a file of lines `name = value`, hexadecimal, for each block between empty lines.
pub(super) fn blocks(text: &str) -> Vec<Vec<(&str, Vec<u8>)>> {
    let text = text.split("\n\n");
    text.map(|block| {
        let lines = block.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.trim(), from_hex(value.trim())));
        pairs.collect::<Vec<_>>()
    })
    .filter(|block| !block.is_empty())
    .collect()
}

pub(super) fn value<'a>(block: &'a [(&str, Vec<u8>)], name: &str) -> &'a [u8] {
    let found = block.iter().find(|(found, _)| *found == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn kat_rfc_5869_hkdf_sha256() {
    let cases = blocks(include_str!("../../fixtures/vault/rfc5869.txt"));
    for case in &cases {
        let [ikm, salt, info, prk, okm] =
            ["ikm", "salt", "info", "prk", "okm"].map(|name| value(case, name));
        let (found, hkdf) = Hkdf::<Sha256>::extract(Some(salt), ikm);
        assert_eq!(found[..], *prk);
        let mut out = vec![0; okm.len()];
        hkdf.expand(info, &mut out).unwrap();
        assert_eq!(out, okm);
        let mut out = vec![0; okm.len()];
        let expanded = Hkdf::<Sha256>::from_prk(prk).unwrap();
        expanded.expand(info, &mut out).unwrap();
        assert_eq!(out, okm);
    }
    assert_eq!(cases.len(), 3);
}

#[test]
fn kat_rfc_4231_hmac_sha256() {
    let cases = blocks(include_str!("../../fixtures/vault/rfc4231.txt"));
    for case in &cases {
        let [key, data, tag] = ["key", "data", "mac"].map(|name| value(case, name));
        assert!(keyed(key, data).verify_truncated_left(tag).is_ok());
    }
    assert_eq!(cases.len(), 7);
}

#[test]
fn kat_rfc_9106_argon2id() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .output_len(32)
        .build()
        .unwrap();
    let argon = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = [0; 32];
    let argon = argon.unwrap();
    argon
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .unwrap();
    let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    assert_eq!(tag[..], from_hex(expected));
}

#[test]
fn kat_draft_irtf_cfrg_xchacha_a_3_1() {
    let cases = blocks(include_str!("../../fixtures/vault/xchacha.txt"));
    let [key, nonce, aad, text, sealed] =
        ["key", "nonce", "aad", "text", "sealed"].map(|name| value(&cases[0], name));
    let cipher = XChaCha20Poly1305::new_from_slice(key).unwrap();
    let nonce = Array::try_from(nonce).unwrap();
    let found = cipher.encrypt(&nonce, Payload { msg: text, aad }).unwrap();
    assert_eq!(found, sealed);
    let found = cipher.decrypt(&nonce, Payload { msg: sealed, aad });
    assert_eq!(found.unwrap(), text);
}
