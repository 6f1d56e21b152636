//! What a person registered with the broker, read once and checked.

use super::entropy::Entropy;
use super::material::{self, Group};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// The broker's own consumer for trying out, which has a realm of its own.
const TRIAL_CONSUMER: &str = "TESTCONS";

/// Longest name or token, in characters.
const LONGEST_NAME: usize = 128;

/// What the person brings. It has no `Debug`.
pub struct Material {
    /// Names the program to the broker.
    pub consumer_key: SecretString,
    /// Names what the person granted it.
    pub access_token: SecretString,
    /// Made with the public encryption key, in base64.
    pub access_token_secret: SecretString,
    /// The private half of the signing key, in PEM.
    pub signing_key: SecretString,
    /// The private half of the encryption key, in PEM.
    pub encryption_key: SecretString,
    /// The prime of the agreements, in PEM or hexadecimal digits.
    pub dh_prime: SecretString,
    /// The realm, where it is not the one that goes with the consumer key.
    pub realm: Option<String>,
}

/// What is wrong with what the person brought. Nothing of that is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} {what}")]
pub struct BadMaterial {
    /// Which part.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Who signs. The encryption key has done its work when this is made, and is gone. It has no `Debug`.
pub struct Consumer {
    pub(super) key: SecretString,
    pub(super) access_token: SecretString,
    pub(super) token_secret: Zeroizing<Vec<u8>>,
    pub(super) signing_key: PrivateKey,
    pub(super) group: Group,
    pub(super) realm: String,
}

impl Consumer {
    /// Reads and checks everything; nothing is sent.
    ///
    /// # Errors
    /// The first part that is not as it should be.
    pub fn read(material: &Material, entropy: &Entropy) -> Result<Self, BadMaterial> {
        let key = name("consumer key", &material.consumer_key)?;
        let access_token = name("access token", &material.access_token)?;
        let field = |field| move |what| BadMaterial { field, what };
        let signing_key = material::private_key(material.signing_key.expose_secret())
            .map_err(field("signing key"))?;
        let encryption_key = material::private_key(material.encryption_key.expose_secret())
            .map_err(field("encryption key"))?;
        let group =
            material::group(material.dh_prime.expose_secret()).map_err(field("DH prime"))?;
        let sealed = material.access_token_secret.expose_secret();
        let token_secret =
            decrypt(&encryption_key, sealed, entropy).map_err(field("access token secret"))?;
        let realm = realm(material.realm.as_deref(), key.expose_secret())?;
        Ok(Self {
            key,
            access_token,
            token_secret,
            signing_key,
            group,
            realm,
        })
    }
}

/// A name without its surroundings; it stands between quotes in a header.
fn name(field: &'static str, text: &SecretString) -> Result<SecretString, BadMaterial> {
    let text = text.expose_secret().trim();
    let wrong = |what| Err(BadMaterial { field, what });
    if text.is_empty() {
        return wrong("is missing");
    }
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    if text.len() > LONGEST_NAME || !text.bytes().all(is_plain) {
        return wrong("holds more than letters and digits; paste it alone, as the broker shows it");
    }
    Ok(SecretString::from(text.to_owned()))
}

fn realm(given: Option<&str>, consumer_key: &str) -> Result<String, BadMaterial> {
    let usual = match consumer_key {
        TRIAL_CONSUMER => "test_realm",
        _ => "limited_poa",
    };
    let realm = given.unwrap_or(usual);
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    match !realm.is_empty() && realm.bytes().all(is_plain) {
        true => Ok(realm.to_owned()),
        false => Err(BadMaterial {
            field: "realm",
            what: "is neither limited_poa nor test_realm",
        }),
    }
}

/// The token's secret (RSAES-PKCS1-v1_5, RFC 8017, 7.2.2). That its padding is looked at in the open gives nothing
/// away: nobody sends us one to learn from what we do.
fn decrypt(
    key: &PrivateKey,
    sealed: &str,
    entropy: &Entropy,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let sealed: String = sealed.split_ascii_whitespace().collect();
    if sealed.is_empty() {
        return Err("is missing");
    }
    let sealed = BASE64_STANDARD
        .decode(sealed)
        .map_err(|_| "is not base64; paste all of it, as the broker shows it")?;
    let another =
        "was not made for this encryption key; is it the newest, and are both of one registration";
    if sealed.len() != key.size() {
        return Err(another);
    }
    let number = BoxedUint::from_be_slice(&sealed, key.n_bits_precision()).map_err(|_| another)?;
    let mut blinding = entropy.clone();
    let opened = rsa::hazmat::rsa_decrypt_and_check(key, Some(&mut blinding), &number);
    let opened = Zeroizing::new(opened.map_err(|_| another)?);
    let opened = Zeroizing::new(opened.to_be_bytes().into_vec());
    let block = &opened[opened.len() - key.size()..];
    unpadded(block).ok_or(another)
}

/// What stands in a block behind `00 02`, eight or more bytes of chance and a zero.
fn unpadded(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let padded = block.strip_prefix(&[0, 2])?;
    let chance = padded.iter().position(|it| *it == 0)?;
    let secret = &padded[chance + 1..];
    (chance >= 8 && !secret.is_empty()).then(|| Zeroizing::new(secret.to_vec()))
}
