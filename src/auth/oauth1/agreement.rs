//! The day's key: agreed on by Diffie and Hellman's method, and made from what both sides then know.
//!
//! Chance is an argument. Powers are computed in a time that does not depend on the secret.

use super::material::Group;
use hmac::{Hmac, KeyInit, Mac};
use rsa::BoxedUint;
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Bits of our secret exponent.
const SECRET_BITS: u32 = 256;

/// Our secret of one agreement.
#[derive(ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Made from chance.
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    fn exponent(&self) -> Zeroizing<BoxedUint> {
        let exponent = BoxedUint::from_be_slice(&self.0, SECRET_BITS);
        Zeroizing::new(exponent.expect("32 bytes are 256 bits"))
    }
}

/// Our half, as the broker wants it: hexadecimal digits, lower case, no zeros before them.
pub fn challenge(group: &Group, secret: &Secret) -> String {
    let half = power(&group.generator, secret, group);
    let digits = hex(&half.to_be_bytes_trimmed_vartime());
    digits.trim_start_matches('0').to_owned()
}

/// A day's key: it signs calls. It has no `Debug`.
#[derive(Clone, ZeroizeOnDrop)]
pub struct DayKey([u8; 20]);

impl DayKey {
    /// The key that follows from the broker's half (`diffie_hellman_response`) and the secret of the access token;
    /// `None` where that half is no number that an honest broker sends.
    pub fn agreed(group: &Group, secret: &Secret, half: &str, token_secret: &[u8]) -> Option<Self> {
        let half = number(half, group)?;
        let shared = Zeroizing::new(power(&half, secret, group));
        let mut mac = hmac_sha1(&integer_bytes(&shared));
        mac.update(token_secret);
        Some(Self(mac.finalize().into_bytes().into()))
    }

    /// Whether the broker made the same key: its `live_session_token_signature`.
    pub fn is_confirmed(&self, signature: &str, consumer_key: &str) -> bool {
        let mut mac = hmac_sha1(&self.0);
        mac.update(consumer_key.as_bytes());
        let expected = hex(&mac.finalize().into_bytes());
        let signature = signature.to_ascii_lowercase();
        expected.as_bytes().ct_eq(signature.as_bytes()).into()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Zero, one and minus one make a key that anybody can know.
fn number(digits: &str, group: &Group) -> Option<BoxedUint> {
    let digits = digits.trim_start_matches('0');
    let precision = group.prime.bits_precision();
    let is_hex = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_hexdigit());
    if !is_hex || digits.len() > precision as usize / 4 {
        return None;
    }
    let number = BoxedUint::from_str_radix_with_precision_vartime(digits, 16, precision).ok()?;
    let one = BoxedUint::one_with_precision(precision);
    let last = group.prime.wrapping_sub(&one);
    (number > one && number < last).then_some(number)
}

fn power(base: &BoxedUint, secret: &Secret, group: &Group) -> BoxedUint {
    let modulus = group.prime.to_odd();
    let modulus = modulus.expect("a group is only made of an odd prime");
    base.pow_mod(&secret.exponent(), &modulus)
}

/// A number as Java's `BigInteger.toByteArray` writes it, which the broker's side does: a zero byte stands before a
/// first bit that is set, so that it is not taken for a sign.
fn integer_bytes(number: &BoxedUint) -> Zeroizing<Vec<u8>> {
    let digits = Zeroizing::new(number.to_be_bytes().into_vec());
    let zeros = digits.iter().take_while(|it| **it == 0).count();
    let digits = &digits[zeros..];
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() + 1));
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        bytes.push(0);
    }
    bytes.extend_from_slice(digits);
    bytes
}

fn hmac_sha1(key: &[u8]) -> Hmac<Sha1> {
    Hmac::new_from_slice(key).expect("a key of HMAC may have any length")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
