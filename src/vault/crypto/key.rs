//! A key, and the keys derived from it: every use and every epoch has one of its own.

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::super::error::VaultError;
use super::super::memory::Cell;

/// Fills `bytes` with randomness of the system.
pub(in crate::vault) fn fill_random(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|_| VaultError::NoRandomness)
}

/// A 256-bit key: wiped when dropped, never copied, never printed.
pub(in crate::vault) struct Key(Cell);

impl Key {
    pub(in crate::vault) const LENGTH: usize = 32;

    pub(in crate::vault) fn random() -> Result<Self, VaultError> {
        Self::filled(fill_random)
    }

    /// Fills the key where it will stay, so that no copy is left on the stack.
    pub(in crate::vault) fn filled(
        fill: impl FnOnce(&mut [u8]) -> Result<(), VaultError>,
    ) -> Result<Self, VaultError> {
        let mut key = Self(Cell::new());
        fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    pub(in crate::vault) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Cell::new());
        if bytes.len() != Self::LENGTH {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    #[cfg(test)]
    pub(in crate::vault) fn copy(&self) -> Self {
        let mut key = Self(Cell::new());
        key.0.copy_from_slice(&*self.0);
        key
    }

    pub(in crate::vault) fn same_as(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }

    pub(in crate::vault) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HKDF-SHA256, extract and expand: for input that came out of Argon2.
    pub(in crate::vault) fn extract(&self, info: &[u8]) -> Self {
        Self::expanded(&Hkdf::new(None, self.bytes()), info)
    }

    /// HKDF-SHA256, expand only: this key is random and whole already.
    fn expand(&self, info: &[u8]) -> Self {
        let prk = Hkdf::from_prk(self.bytes()).expect("a key is as long as the hash");
        Self::expanded(&prk, info)
    }

    fn expanded(from: &Hkdf<Sha256>, info: &[u8]) -> Self {
        let mut key = Self(Cell::new());
        from.expand(info, key.0.as_mut_slice())
            .expect("one block is within HKDF's limit");
        key
    }

    pub(in crate::vault) fn subkey(&self, of: Use, epoch: u32) -> Self {
        let info = [b"tradedeck v1 ", of.label(), &epoch.to_be_bytes()].concat();
        self.expand(&info)
    }

    pub(in crate::vault) fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.keyed(message).finalize().into_bytes().into()
    }

    pub(in crate::vault) fn mac_matches(&self, message: &[u8], mac: &[u8; 32]) -> bool {
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
pub(in crate::vault) enum Use {
    ViewRecords,
    TradeRecords,
    HeaderView,
    HeaderTrade,
    Manifest,
    Places,
    Ledger,
    Journal,
    Anchor,
    Backup,
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
            Self::Anchor => b"anchor.mac",
            Self::Backup => b"backup",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::from_hex;

    fn key(byte: u8) -> Key {
        Key::from_slice(&[byte; 32]).unwrap()
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
            Use::Anchor,
            Use::Backup,
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
}
