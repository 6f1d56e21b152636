//! Authenticated encryption. Everything sealed is bound to its place by associated data, and to the vault's suite.

use zeroize::Zeroizing;

use super::super::error::VaultError;
use super::super::secret::SecretBytes;
use super::key::{Key, fill_random};
use super::suite::{NONCE, Suite, TAG};

/// How much longer a sealed text is than its content.
pub(in crate::vault) const OVERHEAD: usize = NONCE + TAG;

/// What every sealed thing of one vault is bound to, whatever else it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Binding {
    pub(in crate::vault) vault_id: [u8; 16],
    pub(in crate::vault) epoch: u32,
    pub(in crate::vault) suite: Suite,
}

/// How and where something is sealed: its suite, and its associated data.
pub(in crate::vault) struct Place {
    suite: Suite,
    associated: Vec<u8>,
}

impl Binding {
    /// The associated data is a label of the kind of thing, the vault, the epoch, and then its place. The first suite
    /// was written before there was a second, so only the others are named in it, in front.
    pub(in crate::vault) fn place(&self, label: &[u8; 6], place: &[u8]) -> Place {
        let mut associated = match self.suite {
            Suite::XChaCha20Poly1305 => Vec::new(),
            Suite::Xaes256Gcm => vec![b'T', b'D', b'S', self.suite.byte()],
        };
        associated.extend_from_slice(label);
        associated.extend_from_slice(&self.vault_id);
        associated.extend_from_slice(&self.epoch.to_be_bytes());
        associated.extend_from_slice(place);
        Place {
            suite: self.suite,
            associated,
        }
    }
}

/// It did not open: another key, another place, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was changed, moved, or sealed by another vault")]
pub struct NotAuthentic;

/// Returns `nonce ‖ ciphertext ‖ tag`. The plaintext is written by `fill` where it is encrypted, so
/// that no copy is left behind.
pub(in crate::vault) fn seal_in_place(
    key: &Key,
    place: &Place,
    length: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Result<Vec<u8>, VaultError> {
    let mut sealed = Vec::with_capacity(length + OVERHEAD);
    sealed.resize(NONCE + length, 0);
    let (nonce, text) = sealed
        .split_first_chunk_mut()
        .expect("resized to hold a nonce");
    fill_random(nonce)?;
    fill(text);
    let tag = place.suite.encrypt(key, nonce, &place.associated, text);
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

pub(in crate::vault) fn seal(
    key: &Key,
    place: &Place,
    plaintext: &[u8],
) -> Result<Vec<u8>, VaultError> {
    seal_in_place(key, place, plaintext.len(), |text| {
        text.copy_from_slice(plaintext);
    })
}

pub(in crate::vault) fn open(
    key: &Key,
    place: &Place,
    sealed: &[u8],
) -> Result<SecretBytes, NotAuthentic> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(NotAuthentic)?;
    let (text, tag) = rest.split_last_chunk().ok_or(NotAuthentic)?;
    let mut plain = Zeroizing::new(text.to_vec());
    place
        .suite
        .decrypt(key, nonce, &place.associated, &mut plain, tag)?;
    Ok(SecretBytes::new(std::mem::take(&mut *plain)))
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
    current: Lock,
    /// Those of earlier epochs: what they sealed still opens.
    past: Vec<Lock>,
}

/// A key with what it is bound to.
pub(in crate::vault) struct Lock {
    pub(in crate::vault) key: Key,
    pub(in crate::vault) binding: Binding,
}

const FIRST_EPOCH: u32 = 1;
const OF_FIRST_EPOCH: u8 = 1;
const OF_LATER_EPOCH: u8 = 2;

impl Sealer {
    pub(in crate::vault) fn new(current: Lock, past: Vec<Lock>) -> Self {
        Self { current, past }
    }

    /// Seals `plaintext` so that it opens only at `place` (say, table and key): what is moved elsewhere,
    /// or under another vault, does not open.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, place: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let Lock { key, binding } = &self.current;
        let mut sealed = match binding.epoch {
            FIRST_EPOCH => vec![OF_FIRST_EPOCH],
            epoch => [&[OF_LATER_EPOCH][..], &epoch.to_be_bytes()].concat(),
        };
        sealed.extend(seal(key, &binding.place(b"TDSEAL", place), plaintext)?);
        Ok(sealed)
    }

    /// What was sealed, in this epoch of the vault or an earlier one.
    ///
    /// # Errors
    /// [`NotAuthentic`] when it was not sealed by this vault, for this purpose and at this place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<SecretBytes, NotAuthentic> {
        let (epoch, sealed) = epoch_of(sealed).ok_or(NotAuthentic)?;
        let mut locks = std::iter::once(&self.current).chain(&self.past);
        let lock = locks.find(|lock| lock.binding.epoch == epoch);
        let Lock { key, binding } = lock.ok_or(NotAuthentic)?;
        open(key, &binding.place(b"TDSEAL", place), sealed)
    }

    /// Which epoch of the vault it seals for.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.current.binding.epoch
    }

    /// Whether something was sealed in that epoch, or should be sealed anew.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        epoch_of(sealed).is_some_and(|(epoch, _)| epoch == self.epoch())
    }

    /// A random key for whoever keeps it sealed, say for digests that must outlive a rotation.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn random_key() -> Result<SecretBytes, VaultError> {
        let mut key = Zeroizing::new(vec![0; Key::LENGTH]);
        fill_random(&mut key)?;
        Ok(SecretBytes::new(std::mem::take(&mut *key)))
    }

    /// For tests of what is sealed elsewhere: the same key every time.
    #[cfg(test)]
    pub(crate) fn of_test_vault(number: u8) -> Self {
        Self::of_rotated_test_vault(number, FIRST_EPOCH)
    }

    /// The same vault after rotations: it opens what was sealed in every epoch before.
    #[cfg(test)]
    pub(crate) fn of_rotated_test_vault(number: u8, epoch: u32) -> Self {
        let past = FIRST_EPOCH..epoch;
        Self::new(
            Lock::of_test_epoch(number, epoch),
            past.map(|epoch| Lock::of_test_epoch(number, epoch))
                .collect(),
        )
    }

    /// The same without the keys of the epochs before.
    #[cfg(test)]
    pub(crate) fn of_test_epoch(number: u8, epoch: u32) -> Self {
        Self::new(Lock::of_test_epoch(number, epoch), vec![])
    }
}

#[cfg(test)]
impl Lock {
    fn of_test_epoch(number: u8, epoch: u32) -> Self {
        let binding = Binding {
            vault_id: [number; 16],
            epoch,
            suite: Suite::XChaCha20Poly1305,
        };
        let key = Key::from_slice(&[7; Key::LENGTH]).expect("its length");
        let key = key.subkey(super::key::Use::Journal, epoch);
        Self { key, binding }
    }
}

/// The epoch that something was sealed in, and the rest.
fn epoch_of(sealed: &[u8]) -> Option<(u32, &[u8])> {
    match sealed.split_first()? {
        (&OF_FIRST_EPOCH, rest) => Some((FIRST_EPOCH, rest)),
        (&OF_LATER_EPOCH, rest) => {
            let (epoch, rest) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*epoch), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::from_slice(&[byte; 32]).unwrap()
    }

    fn binding(vault: u8, epoch: u32, suite: Suite) -> Binding {
        Binding {
            vault_id: [vault; 16],
            epoch,
            suite,
        }
    }

    #[test]
    fn opens_only_with_the_same_key_and_place_and_unchanged() {
        for suite in [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm] {
            let here = binding(1, 1, suite).place(b"TDTEST", b"here");
            let sealed = seal(&key(1), &here, b"secret").unwrap();
            assert_eq!(sealed.len(), b"secret".len() + OVERHEAD);
            assert_eq!(
                open(&key(1), &here, &sealed).ok().unwrap().expose(),
                b"secret"
            );
            assert!(open(&key(2), &here, &sealed).is_err());
            let there = binding(1, 1, suite).place(b"TDTEST", b"there");
            assert!(open(&key(1), &there, &sealed).is_err());
            for index in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[index] ^= 1;
                assert!(open(&key(1), &here, &changed).is_err(), "byte {index}");
                assert!(open(&key(1), &here, &sealed[..index]).is_err());
            }
        }
    }

    #[test]
    fn a_place_names_kind_vault_epoch_and_every_suite_but_the_first() {
        let associated = |suite| binding(9, 7, suite).place(b"TDTEST", b"here").associated;
        let first = [&b"TDTEST"[..], &[9; 16], &[0, 0, 0, 7], b"here"].concat();
        assert_eq!(associated(Suite::XChaCha20Poly1305), first);
        let second = [&b"TDS\x02"[..], &first].concat();
        assert_eq!(associated(Suite::Xaes256Gcm), second);
    }

    #[test]
    fn every_seal_has_its_own_nonce() {
        let place = binding(1, 1, Suite::default()).place(b"TDTEST", b"");
        let sealed = || seal(&key(1), &place, b"same").unwrap();
        assert_ne!(sealed()[..NONCE], sealed()[..NONCE]);
    }

    fn lock(number: u8, vault: u8, epoch: u32) -> Lock {
        let binding = binding(vault, epoch, Suite::default());
        let key = key(number);
        Lock { key, binding }
    }

    #[test]
    fn a_sealer_is_bound_to_place_vault_and_version() {
        let sealer = |vault: u8| Sealer::new(lock(1, vault, 1), vec![]);
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

    #[test]
    fn a_sealer_opens_what_earlier_epochs_sealed_and_seals_for_its_own() {
        let first = Sealer::new(lock(1, 1, 1), vec![]);
        let second = Sealer::new(lock(2, 1, 2), vec![lock(1, 1, 1)]);
        let third = Sealer::new(lock(3, 1, 3), vec![lock(2, 1, 2), lock(1, 1, 1)]);
        for (sealed_by, opens) in [
            (&first, [true, true, true]),
            (&second, [false, true, true]),
            (&third, [false, false, true]),
        ] {
            let sealed = sealed_by.seal(b"here", b"buy").unwrap();
            let openers = [&first, &second, &third];
            assert_eq!(openers.map(|it| it.open(b"here", &sealed).is_ok()), opens);
            let current = openers.map(|it| it.is_current(&sealed));
            assert_eq!(
                current,
                openers.map(|it| it.epoch() == sealed_by.epoch()),
                "only its own epoch"
            );
        }
    }
}
