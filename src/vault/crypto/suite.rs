//! The ciphers a vault may be sealed with: both take a 256-bit key and a random nonce of 192 bits, and both
//! authenticate. Which one is in the header; everything sealed is bound to it.

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{Tag, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::key::Key;
use super::seal::NotAuthentic;

pub(in crate::vault) const NONCE: usize = 24;
pub(in crate::vault) const TAG: usize = 16;

/// How a vault is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suite {
    /// The usual one.
    #[default]
    XChaCha20Poly1305,
    /// AES-256, as <https://c2sp.org/XAES-256-GCM>: AES-256-GCM under a key derived from each nonce, which frees it
    /// from the 2³² messages that random nonces of 96 bits allow.
    Xaes256Gcm,
}

impl Suite {
    const ALL: [Self; 2] = [Self::XChaCha20Poly1305, Self::Xaes256Gcm];

    /// The highest number that this version knows.
    pub(in crate::vault) const NEWEST: u8 = 2;

    pub(in crate::vault) fn byte(self) -> u8 {
        match self {
            Self::XChaCha20Poly1305 => 1,
            Self::Xaes256Gcm => 2,
        }
    }

    pub(in crate::vault) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.byte() == byte)
    }

    /// Encrypts `text` where it lies, and returns its tag.
    pub(super) fn encrypt(
        self,
        key: &Key,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
    ) -> [u8; TAG] {
        let tag = match self {
            Self::XChaCha20Poly1305 => XChaCha20Poly1305::new(key.bytes().into())
                .encrypt_inout_detached(nonce.into(), associated, text.into()),
            Self::Xaes256Gcm => {
                let (derived, nonce) = for_nonce(key, nonce);
                Aes256Gcm::new(derived.bytes().into()).encrypt_inout_detached(
                    nonce.into(),
                    associated,
                    text.into(),
                )
            }
        };
        let tag: Tag = tag.expect("a record is far below the 64 GiB of either cipher");
        tag.into()
    }

    /// Decrypts `text` where it lies.
    pub(super) fn decrypt(
        self,
        key: &Key,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), NotAuthentic> {
        let opened = match self {
            Self::XChaCha20Poly1305 => XChaCha20Poly1305::new(key.bytes().into())
                .decrypt_inout_detached(nonce.into(), associated, text.into(), tag.into()),
            Self::Xaes256Gcm => {
                let (derived, nonce) = for_nonce(key, nonce);
                Aes256Gcm::new(derived.bytes().into()).decrypt_inout_detached(
                    nonce.into(),
                    associated,
                    text.into(),
                    tag.into(),
                )
            }
        };
        opened.map_err(|_| NotAuthentic)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XChaCha20Poly1305 => "XChaCha20-Poly1305",
            Self::Xaes256Gcm => "XAES-256-GCM (AES-256)",
        })
    }
}

/// The key of XAES-256-GCM for one nonce, and the twelve bytes of the nonce that AES-256-GCM then takes: the counter
/// mode KDF of NIST SP 800-108 over CMAC, of which each message is one block.
fn for_nonce<'a>(key: &Key, nonce: &'a [u8; NONCE]) -> (Key, &'a [u8; 12]) {
    let (for_key, for_gcm) = nonce
        .split_first_chunk::<12>()
        .expect("a nonce has 24 bytes");
    let aes = Aes256::new(key.bytes().into());
    let mut zeros = Zeroizing::new([0; 16]);
    aes.encrypt_block((&mut *zeros).into());
    let mask = Zeroizing::new(doubled(&zeros));
    let derived = Key::filled(|derived| {
        for (counter, half) in (1..).zip(derived.chunks_mut(16)) {
            half[..4].copy_from_slice(&[0, counter, b'X', 0]);
            half[4..].copy_from_slice(for_key);
            half.iter_mut()
                .zip(mask.iter())
                .for_each(|(byte, mask)| *byte ^= mask);
            let block: &mut [u8; 16] = half.try_into().expect("half of 32 bytes");
            aes.encrypt_block(block.into());
        }
        Ok(())
    });
    let derived = derived.expect("nothing in it fails");
    (derived, for_gcm.try_into().expect("24 less 12 bytes"))
}

/// Times `x` in GF(2¹²⁸), as CMAC makes its first subkey; without a branch on the secret bit.
fn doubled(block: &[u8; 16]) -> [u8; 16] {
    let number = u128::from_be_bytes(*block);
    let carry = (number >> 127).wrapping_neg();
    ((number << 1) ^ (carry & 0x87)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::from_hex;

    fn check(
        suite: Suite,
        key: &[u8],
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &[u8],
        hex: &str,
    ) {
        let key = Key::from_slice(key).unwrap();
        let mut sealed = text.to_vec();
        let tag = suite.encrypt(&key, nonce, associated, &mut sealed);
        assert_eq!([&sealed[..], &tag].concat(), from_hex(hex));
        suite
            .decrypt(&key, nonce, associated, &mut sealed, &tag)
            .unwrap();
        assert_eq!(sealed, text);
    }

    #[test]
    fn draft_irtf_cfrg_xchacha_a_3_1() {
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let key: Vec<u8> = (0x80..=0x9f).collect();
        let nonce = std::array::from_fn(|at| u8::try_from(0x40 + at).unwrap());
        check(
            Suite::XChaCha20Poly1305,
            &key,
            &nonce,
            &from_hex("50515253c0c1c2c3c4c5c6c7"),
            text,
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
             731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
             2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
             21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
        );
    }

    #[test]
    fn c2sp_xaes_256_gcm_on_both_sides_of_the_doubling() {
        let vector = |byte: u8, associated: &[u8], hex: &str| {
            let (key, nonce) = ([byte; 32], b"ABCDEFGHIJKLMNOPQRSTUVWX");
            check(
                Suite::Xaes256Gcm,
                &key,
                nonce,
                associated,
                b"XAES-256-GCM",
                hex,
            );
        };
        let top_bit_clear = "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271";
        vector(1, b"", top_bit_clear);
        let top_bit_set = "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d";
        vector(3, b"c2sp.org/XAES-256-GCM", top_bit_set);
    }

    #[test]
    fn doubling_reduces_when_a_bit_falls_off() {
        let l = |hex: &str| <[u8; 16]>::try_from(from_hex(hex)).unwrap();
        for (before, after) in [
            (
                "7298caa565031eadc6ce23d23ea66378",
                "e531954aca063d5b8d9c47a47d4cc6f0",
            ),
            (
                "91c08762876dccf9ba204a33768fa5fe",
                "23810ec50edb99f374409466ed1f4b7b",
            ),
        ] {
            assert_eq!(doubled(&l(before)), l(after));
        }
    }

    #[test]
    fn a_text_opens_under_its_own_suite_only() {
        let key = Key::from_slice(&[5; 32]).unwrap();
        for (suite, other) in [
            (Suite::ALL[0], Suite::ALL[1]),
            (Suite::ALL[1], Suite::ALL[0]),
        ] {
            let mut text = *b"the same text";
            let tag = suite.encrypt(&key, &[6; NONCE], b"", &mut text);
            let opened =
                |suite: Suite| suite.decrypt(&key, &[6; NONCE], b"", &mut text.clone(), &tag);
            assert!(opened(suite).is_ok() && opened(other).is_err());
        }
    }

    #[test]
    fn every_suite_has_one_number() {
        for byte in 0..=u8::MAX {
            let suite = Suite::from_byte(byte);
            assert_eq!(suite.map(Suite::byte), suite.map(|_| byte));
            assert_eq!(suite.is_some(), (1..=Suite::NEWEST).contains(&byte));
        }
    }
}
