//! Powers of large numbers: RSA and Diffie-Hellman are little more.

use rsa::BoxedUint;
use sha2::{Digest as _, Sha256};

/// Bits of every modulus here.
const BITS: u32 = 2048;
/// Bytes of every modulus here.
const BYTES: usize = 256;
/// What stands before a SHA-256 digest in a signed block (RFC 8017, 9.2 note 1).
const DIGEST_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// Bytes of a hexadecimal number of any length; `None` where it is none.
pub(super) fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let even = match digits.len() % 2 {
        0 => digits.to_owned(),
        _ => format!("0{digits}"),
    };
    let pairs = even.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `base ^ exponent mod modulus` in 256 bytes; `None` of a base that is not below the modulus.
pub(super) fn power(base: &[u8], exponent: &[u8], modulus: &str) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, BITS).ok();
    let modulus = number(&from_hex(modulus)?)?;
    let base = number(base).filter(|base| *base < modulus)?;
    let modulus = Option::from(modulus.to_odd())?;
    let result = base.pow_mod(&number(exponent)?, &modulus);
    Some(result.to_be_bytes().to_vec())
}

/// Whether a signature is of a message (RSASSA-PKCS1-v1_5 with SHA-256).
pub(super) fn is_signed(message: &[u8], signature: &[u8], modulus: &str, exponent: &str) -> bool {
    let mut block = vec![0xff; BYTES];
    let digest = Sha256::digest(message);
    let start = BYTES - DIGEST_PREFIX.len() - digest.len();
    (block[0], block[1], block[start - 1]) = (0, 1, 0);
    block[start..start + DIGEST_PREFIX.len()].copy_from_slice(&DIGEST_PREFIX);
    block[start + DIGEST_PREFIX.len()..].copy_from_slice(&digest);
    let exponent = from_hex(exponent).unwrap_or_default();
    power(signature, &exponent, modulus).is_some_and(|opened| opened == block)
}

/// A message that the owner of the key can read (RSAES-PKCS1-v1_5). The padding is no secret here, so that
/// the same message is always encrypted the same.
pub(super) fn encrypt(message: &[u8], modulus: &str, exponent: &str) -> Option<Vec<u8>> {
    let padding = BYTES.checked_sub(message.len() + 3)?;
    let mut block = vec![0, 2];
    block.extend((1..=255).cycle().take(padding));
    block.push(0);
    block.extend_from_slice(message);
    power(&block, &from_hex(exponent)?, modulus)
}

/// A number as a Java program writes it: without leading zeros, but for one where the top bit is set.
pub(super) fn signed_bytes(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0);
    let digits = &number[first.unwrap_or(number.len())..];
    let mut bytes = Vec::new();
    if digits.first().is_none_or(|byte| *byte >= 0x80) {
        bytes.push(0);
    }
    bytes.extend_from_slice(digits);
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::*;

    #[test]
    fn powers_are_right() {
        let prime = keys::DH_PRIME;
        let one = |exponent: &[u8]| power(&[2], exponent, prime).unwrap();
        assert_eq!(signed_bytes(&one(&[10])), [4, 0]);
        // Fermat: what is raised to the prime less one is one.
        let mut less = from_hex(prime).unwrap();
        *less.last_mut().unwrap() -= 1;
        assert_eq!(signed_bytes(&one(&less)), [1]);
        assert_eq!(power(&from_hex(prime).unwrap(), &[1], prime), None);
    }

    #[test]
    fn numbers_are_written_as_java_writes_them() {
        for (number, expected) in [
            (&[0, 0, 0x7f][..], &[0x7f][..]),
            (&[0, 0x80, 1], &[0, 0x80, 1]),
            (&[0, 0], &[0]),
        ] {
            assert_eq!(signed_bytes(number), expected);
        }
        assert_eq!(from_hex("abc"), Some(vec![0x0a, 0xbc]));
        assert_eq!(from_hex("xy"), None);
        assert_eq!(to_hex(&[0x0a, 0xbc]), "0abc");
    }
}
