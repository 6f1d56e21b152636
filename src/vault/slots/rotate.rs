//! New keys for everything: for the day somebody leaves, a cipher is to change, or a copy fell into wrong hands.

use super::super::Vault;
use super::super::commit::Next;
use super::super::crypto::keys::Keys;
use super::super::crypto::suite::Suite;
use super::super::crypto::wrap::{self, Stretched};
use super::super::error::{Damage, VaultError};
use super::super::format::header::Header;
use super::super::format::manifest::{Entry, Manifest};
use super::super::format::record::{self, RecordName};
use super::super::secret::{Opener, SecretBytes};
use super::super::store::Change;
use super::recovery::{self, RecoveryCode};
use super::{SlotInfo, past};

/// All of it is held in memory at once and written as one batch. Much more than a person's credentials take.
const LARGEST: usize = 16 * 1024 * 1024;

/// What a rotation made, and what it cost.
pub struct Rotated {
    /// The new recovery code, to be shown and written down; the one there was is worth nothing now.
    pub recovery: RecoveryCode,
    /// Slots that are gone, because what opens them was not at hand: to be added again by [`Vault::add_slot`].
    pub dropped: Vec<SlotInfo>,
    /// Why this machine does not remember it ([`VaultError::NotAnchored`]), where it does not.
    pub unanchored: Option<VaultError>,
}

/// What was done about a vault that fell into wrong hands, and what is still to be done.
pub struct Compromised {
    /// The rotation.
    pub rotated: Rotated,
    /// The credentials that whoever has a copy may have: each is to be revoked at its broker, and made anew there.
    pub revoke: Vec<RecordName>,
    /// Why the old backups are still there, where they are.
    pub backups: Option<VaultError>,
}

impl Vault {
    /// What to do when a copy of the vault and what opens it may be in wrong hands: a rotation, old backups replaced
    /// by a new one, and the list of what must be revoked, because a copy cannot be. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// As [`Vault::rotate`].
    pub fn compromised<'a>(
        &mut self,
        opener: impl Into<Opener<'a>>,
        now: u64,
    ) -> Result<Compromised, VaultError> {
        let revoke = self.list();
        let rotated = self.rotate(self.suite(), opener)?;
        let backups = self.replace_backups(now).err();
        Ok(Compromised {
            rotated,
            revoke,
            backups,
        })
    }

    /// Seals everything anew, under new random keys and with `suite`; blocks for some seconds. `opener` is what opens
    /// the slot that opened this vault. Sealers made before go on working, and what they sealed stays readable.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::WrongPassphrase`], [`VaultError::TooLargeToRotate`],
    /// [`VaultError::TooMany`], [`VaultError::NotEnoughMemory`], and those of [`Vault::put`].
    pub fn rotate<'a>(
        &mut self,
        suite: Suite,
        opener: impl Into<Opener<'a>>,
    ) -> Result<Rotated, VaultError> {
        let opener = opener.into();
        self.check_own(&opener)?;
        let keys = Keys::random()?;
        let code = RecoveryCode::random()?;
        let (header, dropped) = self.rotated_header(&keys, suite, &opener, &code)?;
        let (manifest, records) = self.sealed_anew(&keys, &header, LARGEST)?;
        let next = Next {
            keys: &keys,
            header: &header,
            manifest: &manifest,
        };
        let committed = self.base.commit(&next, records, &self.manifest)?;
        self.keys = keys;
        self.manifest = manifest;
        self.digest = committed.digest;
        self.unanchored = committed.anchored.as_ref().err().map(ToString::to_string);
        Ok(Rotated {
            recovery: code,
            dropped,
            unanchored: committed.anchored.err(),
        })
    }

    /// The slot of who asks and a recovery slot, both for the new keys; and the slots that are not in it.
    fn rotated_header(
        &self,
        keys: &Keys,
        suite: Suite,
        opener: &Opener<'_>,
        code: &RecoveryCode,
    ) -> Result<(Header, Vec<SlotInfo>), VaultError> {
        let before = &self.base.header;
        let mut header = Header {
            suite,
            epoch: before.epoch.checked_add(1).ok_or(Damage::Headers)?,
            generation: before.generation.saturating_add(1),
            slots: Vec::new(),
            ..before.clone()
        };
        let own = self.own_slot();
        let mut fields = own.clone();
        fields.cost = own.cost.raised_to(Self::LEAST_COST);
        let typed = opener.typed(fields.key_file);
        let typed = typed.ok_or(VaultError::WrongPassphrase)?;
        let (slot, stretched) = wrap::wrap(keys, fields, &typed, &header.binding())?;
        header.slots.push(slot);
        recovery::add_to(&mut header, keys, code, own.cost)?;
        keys.authenticate(&mut header)?;
        let header = Header::parse(&header.to_bytes())?;
        check_opens(&header, self.slot, &stretched, keys)?;
        let kept = |slot: &SlotInfo| slot.id == self.slot || slot.role == super::Role::Recovery;
        let dropped = self.slots().into_iter().filter(|slot| !kept(slot));
        Ok((header, dropped.collect()))
    }

    /// Every record under the new keys, and the keys of the epoch that ends; each is opened again before it counts.
    pub(super) fn sealed_anew(
        &self,
        keys: &Keys,
        header: &Header,
        largest: usize,
    ) -> Result<(Manifest, Vec<Change>), VaultError> {
        let binding = header.binding();
        let epoch = self.base.header.epoch;
        let mut manifest = self.manifest.next();
        manifest.header_generation = header.generation;
        manifest.records.clear();
        let mut changes: Vec<Change> = Vec::new();
        let mut size = 0;
        let mut add = |name: &RecordName, secret: &SecretBytes| {
            let version = manifest.generation;
            let value = record::seal(keys, &binding, name, version, secret)?;
            let opened = record::open(keys, &binding, name, version, &value);
            if !opened.is_ok_and(|opened| opened.same_as(secret)) {
                return Err(Damage::RecordChanged(name.clone()).into());
            }
            size += value.len();
            if size > largest {
                let limit_mib = largest / 1024 / 1024;
                return Err(VaultError::TooLargeToRotate { limit_mib });
            }
            manifest.insert(name.clone(), Entry::of(&value))?;
            changes.push((name.place(keys, binding.epoch), Some(value)));
            Ok(())
        };
        for name in self.manifest.records.keys() {
            let secret = self.get(name)?;
            let missing = || Damage::RecordMissing(name.clone());
            add(name, &secret.ok_or_else(missing)?)?;
        }
        for (name, secret) in &past::records(&self.keys, self.base.header.binding())? {
            add(name, secret)?;
        }
        let old = self.manifest.records.keys();
        let old = old.map(|name| (name.place(&self.keys, epoch), None));
        changes.extend(old);
        Ok((manifest, changes))
    }
}

fn check_opens(
    header: &Header,
    id: u8,
    stretched: &Stretched,
    keys: &Keys,
) -> Result<(), VaultError> {
    let mut slots = header.slots.iter();
    let slot = slots.find(|slot| slot.fields.id == id);
    let opened = slot.and_then(|slot| wrap::unwrap(slot, stretched, &header.binding()));
    match opened {
        Some(opened) if opened.same_as(keys) => Ok(()),
        Some(_) | None => Err(Damage::HeaderSeal.into()),
    }
}
