//! Authenticated encryption and the keys derived for it. Everything sealed is bound to its place by
//! associated data, and every use has a key of its own.

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::VaultError;
use super::secret::SecretBytes;

pub(super) const NONCE: usize = 24;
const TAG: usize = 16;
/// How much longer a sealed text is than its content.
pub(super) const OVERHEAD: usize = NONCE + TAG;

/// A 256-bit key: wiped when dropped, never copied, never printed.
pub(super) struct Key(Box<Zeroizing<[u8; 32]>>);

impl Key {
    pub(super) const LENGTH: usize = 32;

    pub(super) fn random() -> Result<Self, VaultError> {
        Self::filled(fill_random)
    }

    /// Fills the key where it will stay, so that no copy is left on the stack.
    pub(super) fn filled(
        fill: impl FnOnce(&mut [u8]) -> Result<(), VaultError>,
    ) -> Result<Self, VaultError> {
        let mut key = Self(Box::default());
        fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Box::default());
        if bytes.len() != Self::LENGTH {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HKDF-SHA256, extract and expand: for input that came out of Argon2.
    pub(super) fn extract(&self, info: &[u8]) -> Self {
        Self::expanded(&Hkdf::new(None, self.bytes()), info)
    }

    /// HKDF-SHA256, expand only: this key is random and whole already.
    fn expand(&self, info: &[u8]) -> Self {
        let prk = Hkdf::from_prk(self.bytes()).expect("a key is as long as the hash");
        Self::expanded(&prk, info)
    }

    fn expanded(from: &Hkdf<Sha256>, info: &[u8]) -> Self {
        let mut key = Self(Box::default());
        from.expand(info, key.0.as_mut_slice())
            .expect("one block is within HKDF's limit");
        key
    }

    pub(super) fn subkey(&self, of: Use, epoch: u32) -> Self {
        let info = [b"tradedeck v1 ", of.label(), &epoch.to_be_bytes()].concat();
        self.expand(&info)
    }

    pub(super) fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.keyed(message).finalize().into_bytes().into()
    }

    pub(super) fn mac_matches(&self, message: &[u8], mac: &[u8; 32]) -> bool {
        self.keyed(message).verify_slice(mac).is_ok()
    }

    fn keyed(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut hmac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.bytes())
            .expect("HMAC takes a key of any length");
        hmac.update(message);
        hmac
    }
}

/// What a derived key is for. The labels are part of the format.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    ViewRecords,
    TradeRecords,
    HeaderView,
    HeaderTrade,
    Manifest,
    Places,
    Ledger,
    Journal,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Self::ViewRecords => b"cred.view",
            Self::TradeRecords => b"cred.trade",
            Self::HeaderView => b"hdr.mac",
            Self::HeaderTrade => b"hdr.mac.trade",
            Self::Manifest => b"manifest",
            Self::Places => b"places",
            Self::Ledger => b"ledger",
            Self::Journal => b"journal",
        }
    }
}

/// What every sealed thing of one vault is bound to, whatever else it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding {
    pub(super) vault_id: [u8; 16],
    pub(super) epoch: u32,
}

impl Binding {
    /// Associated data: a label of the kind of thing, the vault, the epoch, and then its place.
    pub(super) fn place(&self, label: &[u8; 6], place: &[u8]) -> Vec<u8> {
        [label, &self.vault_id[..], &self.epoch.to_be_bytes(), place].concat()
    }
}

/// It did not open: another key, another place, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was changed, moved, or sealed by another vault")]
pub struct NotAuthentic;

/// Returns `nonce ‖ ciphertext ‖ tag`. The plaintext is written by `fill` where it is encrypted, so
/// that no copy is left behind.
pub(super) fn seal_in_place(
    key: &Key,
    associated: &[u8],
    length: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Result<Vec<u8>, VaultError> {
    let mut sealed = Vec::with_capacity(length + OVERHEAD);
    sealed.resize(NONCE + length, 0);
    let (nonce, text) = sealed.split_at_mut(NONCE);
    fill_random(nonce)?;
    fill(text);
    let nonce = XNonce::try_from(&*nonce).expect("split at its length");
    let tag = XChaCha20Poly1305::new(key.bytes().into())
        .encrypt_inout_detached(&nonce, associated, text.into())
        .expect("a record is far below the cipher's 256 GiB");
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

pub(super) fn seal(key: &Key, associated: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal_in_place(key, associated, plaintext.len(), |text| {
        text.copy_from_slice(plaintext);
    })
}

pub(super) fn open(
    key: &Key,
    associated: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, NotAuthentic> {
    let (nonce, rest) = sealed.split_at_checked(NONCE).ok_or(NotAuthentic)?;
    let text_length = rest.len().checked_sub(TAG).ok_or(NotAuthentic)?;
    let (text, tag) = rest.split_at(text_length);
    let nonce = XNonce::try_from(nonce).map_err(|_| NotAuthentic)?;
    let tag = Tag::try_from(tag).map_err(|_| NotAuthentic)?;
    let mut plain = Zeroizing::new(text.to_vec());
    XChaCha20Poly1305::new(key.bytes().into())
        .decrypt_inout_detached(&nonce, associated, plain.as_mut_slice().into(), &tag)
        .map_err(|_| NotAuthentic)?;
    Ok(SecretBytes::new(std::mem::take(&mut *plain)))
}

pub(super) fn fill_random(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|_| VaultError::NoRandomness)
}

/// What a [`Sealer`] seals for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Order intents, the audit chain, paper books. Needs the trade key.
    Journal,
    /// Trades, transfers, sync runs.
    Ledger,
}

/// Seals what is kept outside the vault, under a key of the vault. Drop it when the vault is locked.
pub struct Sealer {
    key: Key,
    binding: Binding,
}

impl Sealer {
    const VERSION: u8 = 1;

    pub(super) fn new(key: Key, binding: Binding) -> Self {
        Self { key, binding }
    }

    /// Seals `plaintext` so that it opens only at `place` (say, table and key): what is moved elsewhere,
    /// or under another vault, does not open.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, place: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut sealed = vec![Self::VERSION];
        sealed.extend(seal(&self.key, &self.associated(place), plaintext)?);
        Ok(sealed)
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`NotAuthentic`] when it was not sealed by this vault, for this purpose and at this place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<SecretBytes, NotAuthentic> {
        match sealed.split_first() {
            Some((&Self::VERSION, sealed)) => open(&self.key, &self.associated(place), sealed),
            Some(_) | None => Err(NotAuthentic),
        }
    }

    fn associated(&self, place: &[u8]) -> Vec<u8> {
        self.binding.place(b"TDSEAL", place)
    }

    /// For tests of what is sealed elsewhere: the same key every time.
    #[cfg(test)]
    pub(crate) fn of_test_vault(number: u8) -> Self {
        let binding = Binding {
            vault_id: [number; 16],
            epoch: 1,
        };
        let key = Key::from_slice(&[7; Key::LENGTH]).expect("its length");
        Self::new(key.subkey(Use::Journal, 1), binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_hex(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    fn key(byte: u8) -> Key {
        Key::from_slice(&[byte; 32]).unwrap()
    }

    #[test]
    fn draft_irtf_cfrg_xchacha_a_3_1() {
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let associated = from_hex("50515253c0c1c2c3c4c5c6c7");
        let key = Key::from_slice(&(0x80..=0x9f).collect::<Vec<u8>>()).unwrap();
        let nonce = (0x40..=0x57).collect::<Vec<u8>>();
        let ciphertext = from_hex(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
             731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
             2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
             21f9664c97637da9768812f615c68b13b52e",
        );
        let tag = from_hex("c0875924c1c7987947deafd8780acf49");
        let sealed = [nonce, ciphertext, tag].concat();
        let opened = open(&key, &associated, &sealed).ok().unwrap();
        assert_eq!(opened.expose(), text);
    }

    #[test]
    fn rfc_5869_a_1_and_rfc_4231_2() {
        let ikm = [0x0b; 22];
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let (prk, hkdf) = Hkdf::<Sha256>::extract(Some(&salt), &ikm);
        let prk_expected = "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5";
        assert_eq!(prk.as_slice(), from_hex(prk_expected));
        let okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        let mut out = [0; 32];
        hkdf.expand(&info, &mut out).unwrap();
        assert_eq!(out.as_slice(), from_hex(okm));
        let key = Key::from_slice(&prk).unwrap();
        assert_eq!(key.expand(&info).bytes().as_slice(), from_hex(okm));

        let mut hmac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(b"Jefe").unwrap();
        hmac.update(b"what do ya want for nothing?");
        let mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac.finalize().into_bytes().as_slice(), from_hex(mac));
    }

    #[test]
    fn opens_only_with_the_same_key_and_place_and_unchanged() {
        let sealed = seal(&key(1), b"here", b"secret").unwrap();
        assert_eq!(sealed.len(), b"secret".len() + OVERHEAD);
        assert_eq!(
            open(&key(1), b"here", &sealed).ok().unwrap().expose(),
            b"secret"
        );
        assert!(open(&key(2), b"here", &sealed).is_err());
        assert!(open(&key(1), b"there", &sealed).is_err());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(open(&key(1), b"here", &changed).is_err(), "byte {index}");
            assert!(open(&key(1), b"here", &sealed[..index]).is_err());
        }
    }

    #[test]
    fn every_seal_has_its_own_nonce() {
        let sealed = || seal(&key(1), b"", b"same").unwrap();
        assert_ne!(sealed()[..NONCE], sealed()[..NONCE]);
    }

    #[test]
    fn every_use_and_epoch_has_its_own_key() {
        let uses = [
            Use::ViewRecords,
            Use::TradeRecords,
            Use::HeaderView,
            Use::HeaderTrade,
            Use::Manifest,
            Use::Places,
            Use::Ledger,
            Use::Journal,
        ];
        let derived = uses
            .iter()
            .flat_map(|&of| [1, 2].map(|epoch| *key(9).subkey(of, epoch).bytes()));
        let different: std::collections::BTreeSet<_> = derived.collect();
        assert_eq!(different.len(), uses.len() * 2);
    }

    #[test]
    fn a_mac_matches_its_message_and_key_only() {
        let mac = key(1).mac(b"message");
        assert!(key(1).mac_matches(b"message", &mac));
        assert!(!key(1).mac_matches(b"massage", &mac));
        assert!(!key(2).mac_matches(b"message", &mac));
    }

    #[test]
    fn a_sealer_is_bound_to_place_vault_and_version() {
        let sealer = |vault: u8| {
            Sealer::new(
                key(1),
                Binding {
                    vault_id: [vault; 16],
                    epoch: 1,
                },
            )
        };
        let sealed = sealer(1).seal(b"intents/7", b"buy").unwrap();
        assert_eq!(
            sealer(1).open(b"intents/7", &sealed).ok().unwrap().expose(),
            b"buy"
        );
        assert!(sealer(1).open(b"intents/8", &sealed).is_err());
        assert!(sealer(2).open(b"intents/7", &sealed).is_err());
        let mut newer = sealed;
        newer[0] = 2;
        assert!(sealer(1).open(b"intents/7", &newer).is_err());
        assert!(sealer(1).open(b"intents/7", &[]).is_err());
    }
}
