//! A vault before its passphrase is known: what can be checked without it, and the check with it.

use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

use super::anchor::Anchor;
use super::crypto::kdf::{KdfCost, Typed};
use super::crypto::keys::Keys;
use super::crypto::wrap::{self, Stretched};
use super::error::{Damage, VaultError};
use super::format::header::Header;
use super::format::manifest::{self, Manifest};
use super::format::record;
use super::format::slot::{Role, Slot, SlotFields};
use super::lock::InstanceLock;
use super::secret::Opener;
use super::slots::recovery::RecoveryCode;
use super::store::{self, Row, Store};
use super::{HEADERS, STORE, Vault, disk, exists};

/// A vault whose header is sound, waiting for a passphrase.
pub struct LockedVault {
    pub(super) store: Store,
    pub(super) header: Header,
    /// The copies of the header that are to be written again with the next change.
    pub(super) lost_headers: Vec<&'static [u8]>,
    pub(super) wrong_guesses: u32,
    pub(super) anchor: Option<Anchor>,
    /// The answer to what the anchor may say at the next unlock.
    pub(super) accepts_older: bool,
    pub(super) lock: InstanceLock,
}

/// A vault that did not open, for another try.
pub struct Refused {
    /// The same vault, still locked.
    pub vault: Box<LockedVault>,
    /// Why it did not open.
    pub error: VaultError,
}

impl LockedVault {
    /// Opens the store and checks its header; needs no passphrase and changes no secret.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Permissions`], [`VaultError::Damaged`], [`VaultError::NewerFormat`],
    /// [`VaultError::HostileCost`], [`VaultError::StoreFailed`].
    pub fn open(lock: InstanceLock) -> Result<Self, VaultError> {
        if !exists(lock.folder()) {
            return Err(VaultError::Missing(lock.folder().to_path_buf()));
        }
        let folder = lock.folder().join(STORE);
        store::settle(&folder)?;
        disk::check_private_tree(&folder)?;
        // Without its file sled would make an empty store.
        if !folder.join("db").is_file() {
            return Err(Damage::Store.into());
        }
        let store = Store::open(&folder, lock.housing())?;
        let (header, lost_headers) = read_header(&store)?;
        Ok(Self {
            store,
            header,
            lost_headers,
            wrong_guesses: 0,
            anchor: None,
            accepts_older: false,
            lock,
        })
    }

    /// Tries a passphrase, and a key file where one is given; blocks for about a second for each slot. Nothing is
    /// written where it does not open. A trader's slot that is cheaper to guess at than today's least is raised to it.
    ///
    /// # Errors
    /// The vault back, with [`VaultError::WrongPassphrase`], [`VaultError::NotEnoughMemory`],
    /// [`VaultError::Damaged`], [`VaultError::StoreFailed`], or what the anchor says:
    /// [`VaultError::OlderThanAnchor`], [`VaultError::ForkedFromAnchor`], [`VaultError::AnchorOfAnother`],
    /// [`VaultError::AnchorBroken`]; those a person may answer with [`LockedVault::accept_older`].
    pub fn unlock<'a>(self, opener: impl Into<Opener<'a>>) -> Result<Vault, Refused> {
        let opener = opener.into();
        let is_asked = |slot: &SlotFields| match slot.role {
            Role::Viewer | Role::Trader => opener.typed(slot.key_file),
            Role::Recovery => None,
        };
        let mut vault = self.open_slot(is_asked, VaultError::WrongPassphrase)?;
        // It is open all the same: what keeps it from being written is told by the next change.
        let _ = vault.raise_cost(&opener, Vault::LEAST_COST);
        Ok(vault)
    }

    /// Opens the vault with its recovery code, and sets a new passphrase; blocks for some seconds. The only trader's
    /// slot there is gets it; among several nobody knows which was lost, so a new one is added while there is room.
    ///
    /// # Errors
    /// The vault back, with [`VaultError::WrongCode`], [`VaultError::NoRecoveryCode`], and those of
    /// [`LockedVault::unlock`] and [`Vault::put`].
    pub fn recover<'a>(
        self,
        code: &RecoveryCode,
        new: impl Into<Opener<'a>>,
        cost: KdfCost,
    ) -> Result<Vault, Refused> {
        let is_recovery = |slot: &Slot| slot.fields.role == Role::Recovery;
        if !self.header.slots.iter().any(is_recovery) {
            return Err(self.refused(VaultError::NoRecoveryCode));
        }
        let is_asked = |slot: &SlotFields| (slot.role == Role::Recovery).then(|| code.typed());
        let mut vault = self.open_slot(is_asked, VaultError::WrongCode)?;
        match vault.set_passphrase_after_recovery(&new.into(), cost) {
            Ok(()) => Ok(vault),
            Err(error) => Err(vault.lock().refused(error)),
        }
    }

    /// Whether some slot asks for a key file beside the passphrase.
    #[must_use]
    pub fn knows_key_files(&self) -> bool {
        self.header.slots.iter().any(|slot| slot.fields.key_file)
    }

    /// Tries what `typed` gives for each slot.
    fn open_slot<'a>(
        mut self,
        typed: impl Fn(&SlotFields) -> Option<Typed<'a>>,
        wrong: VaultError,
    ) -> Result<Vault, Refused> {
        let binding = self.header.binding();
        let mut why = wrong;
        for slot in &self.header.slots {
            let Some(typed) = typed(&slot.fields) else {
                continue;
            };
            match Stretched::new(&typed, &slot.fields, &binding) {
                Ok(stretched) => {
                    if let Some(keys) = wrap::unwrap(slot, &stretched, &binding) {
                        let id = slot.fields.id;
                        return self.open_with(id, keys);
                    }
                }
                // Another slot may need less memory; if none opens, this is why.
                Err(error) => why = error,
            }
        }
        if matches!(why, VaultError::WrongPassphrase | VaultError::WrongCode) {
            self.wrong_guesses = self.wrong_guesses.saturating_add(1);
        }
        Err(self.refused(why))
    }

    /// How long to wait before the next guess: 0, 1, 2, 4 … 60 seconds.
    #[must_use]
    pub fn delay(&self) -> Duration {
        const LONGEST: u64 = 60;
        let seconds = match self.wrong_guesses {
            0 => 0,
            1..=6 => 1 << (self.wrong_guesses - 1),
            7.. => LONGEST,
        };
        Duration::from_secs(seconds)
    }

    /// How many guesses failed since it was last open.
    #[must_use]
    pub fn wrong_guesses(&self) -> u32 {
        self.wrong_guesses
    }

    /// The folder it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.lock.folder()
    }

    pub(super) fn open_with(self, slot: u8, keys: Keys) -> Result<Vault, Refused> {
        let (manifest, digest) = match read_manifest(&self.store, &self.header, &keys) {
            Ok(read) => read,
            Err(error) => return Err(self.refused(error)),
        };
        let mut vault = Vault {
            keys,
            manifest,
            digest,
            slot,
            recovery: None,
            unanchored: None,
            base: self,
        };
        match vault.check_anchor() {
            // What cannot be noted is told by `unanchored`; it keeps nobody from what is theirs.
            Ok(()) | Err(VaultError::NotAnchored(_)) => Ok(vault),
            Err(error) => Err(vault.base.refused(error)),
        }
    }

    fn refused(self, error: VaultError) -> Refused {
        Refused {
            vault: Box::new(self),
            error,
        }
    }
}

/// The manifest, and what tells it from every other, where everything in the store is as it says.
pub(super) fn read_manifest(
    store: &Store,
    header: &Header,
    keys: &Keys,
) -> Result<(Manifest, [u8; 32]), VaultError> {
    check_rows(&store.rows()?, header, keys)
}

/// The same for the rows of a store.
pub(super) fn check_rows(
    rows: &[Row],
    header: &Header,
    keys: &Keys,
) -> Result<(Manifest, [u8; 32]), VaultError> {
    let (manifest, digest) = manifest_in(rows, header, keys)?;
    let (records, others) = with_prefix(rows.iter(), record::PREFIX);
    let (_, others) = with_prefix(others.into_iter(), manifest::PREFIX);
    if others.iter().any(|(key, _)| !HEADERS.contains(&&key[..])) {
        return Err(Damage::Unlisted.into());
    }
    manifest.check(keys, header.epoch, &records)?;
    Ok((manifest, digest))
}

/// The manifest, which must belong to a header that the keys vouch for.
pub(super) fn manifest_in(
    rows: &[Row],
    header: &Header,
    keys: &Keys,
) -> Result<(Manifest, [u8; 32]), VaultError> {
    if !keys.vouch_for(header) {
        return Err(Damage::HeaderSeal.into());
    }
    let (parts, _) = with_prefix(rows.iter(), manifest::PREFIX);
    let manifest = Manifest::open(keys, &header.binding(), &parts)?;
    if manifest.header_generation != header.generation {
        return Err(Damage::OtherHeader.into());
    }
    let parts: Vec<Row> = parts.into_iter().cloned().collect();
    Ok((manifest, manifest::digest(&parts)))
}

/// The header, and the copies of it that are to be written again.
pub(super) fn read_header(store: &Store) -> Result<(Header, Vec<&'static [u8]>), VaultError> {
    choose_header([store.get(HEADERS[0])?, store.get(HEADERS[1])?])
}

/// The same for the rows of a store.
pub(super) fn header_in(rows: &[Row]) -> Result<(Header, Vec<&'static [u8]>), VaultError> {
    choose_header(HEADERS.map(|copy| {
        let mut copies = rows.iter().filter(|(key, _)| key == copy);
        copies.next().map(|(_, value)| value.clone())
    }))
}

/// The newer of the two copies, and those that are not like it.
fn choose_header(copies: [Option<Vec<u8>>; 2]) -> Result<(Header, Vec<&'static [u8]>), VaultError> {
    let [a, b] = copies.map(|copy| match copy {
        Some(bytes) => Header::parse(&bytes),
        None => Err(Damage::Headers.into()),
    });
    let [at_a, at_b] = HEADERS;
    match (a, b) {
        // One of them was written by a newer version: then this one must not touch the vault.
        (Err(error @ VaultError::NewerFormat { .. }), _)
        | (_, Err(error @ VaultError::NewerFormat { .. })) => Err(error),
        (Ok(a), Ok(b)) => match a.generation.cmp(&b.generation) {
            Ordering::Greater => Ok((a, vec![at_b])),
            Ordering::Less => Ok((b, vec![at_a])),
            Ordering::Equal if a == b => Ok((a, vec![])),
            Ordering::Equal => Err(Damage::HeadersDisagree.into()),
        },
        (Ok(a), Err(_)) => Ok((a, vec![at_b])),
        (Err(_), Ok(b)) => Ok((b, vec![at_a])),
        (Err(error @ VaultError::HostileCost { .. }), Err(_)) | (Err(_), Err(error)) => Err(error),
    }
}

fn with_prefix<'a>(
    rows: impl Iterator<Item = &'a Row>,
    prefix: &[u8],
) -> (Vec<&'a Row>, Vec<&'a Row>) {
    rows.partition(|(key, _)| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::super::lock::Holder;
    use super::super::secret::Passphrase;
    use super::*;

    fn passphrase(typed: &str) -> Passphrase {
        Passphrase::new(typed).ok().unwrap()
    }

    fn new_vault(home: &Path) -> Vault {
        let holder = Holder {
            pid: 1,
            terminal: String::new(),
            since: String::new(),
        };
        let lock = InstanceLock::take(&home.join("data"), &holder).unwrap();
        let cost = KdfCost::least_possible();
        let created = Vault::create(lock, &passphrase("right"), cost);
        created.unwrap_or_else(|why| panic!("{why}"))
    }

    #[test]
    fn guesses_get_slower_and_the_count_is_told_after() {
        let home = tempfile::tempdir().unwrap();
        let mut vault = new_vault(home.path()).lock();
        let mut delays = Vec::new();
        for _ in 0..9 {
            delays.push(vault.delay().as_secs());
            vault = *vault.unlock(&passphrase("wrong")).err().unwrap().vault;
        }
        assert_eq!(delays, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        let vault = vault.unlock(&passphrase("right")).ok().unwrap();
        assert_eq!(vault.wrong_guesses(), 9);
        assert_eq!(vault.lock().delay(), Duration::ZERO);
    }

    #[test]
    fn an_authentic_header_of_another_time_does_not_fit_the_records() {
        let home = tempfile::tempdir().unwrap();
        let mut vault = new_vault(home.path());
        let header = &mut vault.base.header;
        header.generation = 2;
        vault.keys.authenticate(header).unwrap();
        let refused = vault.lock().unlock(&passphrase("right")).err().unwrap();
        assert!(matches!(
            refused.error,
            VaultError::Damaged(Damage::OtherHeader)
        ));
    }
}
