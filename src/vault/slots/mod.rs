//! Who may open the vault: its slots, and how they are added, changed and removed. All of that is for traders.
//! Copies of the vault made earlier still open with what opened them then; only [`Vault::rotate`] makes them useless
//! for what is sealed afterwards.

pub(super) mod past;
pub(super) mod recovery;
pub(super) mod rotate;

use super::Vault;
use super::crypto::kdf::{KdfCost, LEAST_FOR_NEW};
use super::crypto::wrap::{self, Stretched};
use super::error::{Damage, VaultError};
use super::format::header::Header;
use super::format::slot::{MAX_LABEL, MAX_SLOTS, Role, Slot, SlotFields};
use super::secret::Opener;
use recovery::RecoveryCode;

/// A slot, as far as everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its number; stays as long as the slot does.
    pub id: u8,
    /// What it opens the vault for.
    pub role: Role,
    /// Whose it is: up to 32 bytes that somebody typed. Clean it before it is shown.
    pub label: String,
    /// Whether it asks for a key file beside the passphrase.
    pub key_file: bool,
    /// What a guess at it costs.
    pub cost: KdfCost,
}

/// A slot to be added.
pub struct NewSlot<'a> {
    /// [`Role::Viewer`] or [`Role::Trader`]; for the third there is [`Vault::renew_recovery_code`].
    pub role: Role,
    /// Whose it is: up to 32 bytes without control characters.
    pub label: &'a str,
    /// What is to open it.
    pub opener: Opener<'a>,
    /// What a guess is to cost.
    pub cost: KdfCost,
}

impl Vault {
    /// What it was opened for. A viewer's session holds no key to what is kept for trading.
    #[must_use]
    pub fn role(&self) -> Role {
        self.own_slot().role
    }

    /// The number of the slot that opened it.
    #[must_use]
    pub fn slot(&self) -> u8 {
        self.slot
    }

    /// All slots, in the order of their numbers.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.base.header.slots.iter().map(info).collect()
    }

    /// Adds a slot and returns its number; blocks for about a second.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::SlotsFull`], [`VaultError::BadLabel`],
    /// [`VaultError::NotByPassphrase`] for a recovery slot, and those of [`Vault::put`].
    pub fn add_slot(&mut self, new: &NewSlot<'_>) -> Result<u8, VaultError> {
        self.keys.trade()?;
        if new.role == Role::Recovery {
            return Err(VaultError::NotByPassphrase);
        }
        check_label(new.label)?;
        let id = free_id(&self.base.header.slots)?;
        let fields = fields(id, new.role, new.label, new.cost, &new.opener);
        self.put_slot(fields, &new.opener)?;
        Ok(id)
    }

    /// Removes a slot and says which it was. Copies of the vault made earlier still have it.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::NoSuchSlot`], [`VaultError::OwnSlot`], [`VaultError::LastTrader`],
    /// and those of [`Vault::put`].
    pub fn remove_slot(&mut self, id: u8) -> Result<SlotInfo, VaultError> {
        self.keys.trade()?;
        let slots = &self.base.header.slots;
        let removed = may_remove(slots, id, self.slot).map(info)?;
        self.change_header(None, |header| {
            header.slots.retain(|slot| slot.fields.id != id);
        })?;
        Ok(removed)
    }

    /// Gives the slot that opened this vault another passphrase, key file or cost; blocks for some seconds.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::WrongPassphrase`] where `current` does not open that slot,
    /// [`VaultError::NotEnoughMemory`], and those of [`Vault::put`].
    pub fn change_passphrase<'a>(
        &mut self,
        current: impl Into<Opener<'a>>,
        new: impl Into<Opener<'a>>,
        cost: KdfCost,
    ) -> Result<(), VaultError> {
        self.check_own(&current.into())?;
        let own = self.own_slot();
        let new = new.into();
        let fields = fields(own.id, own.role, &own.label.clone(), cost, &new);
        self.put_slot(fields, &new)
    }

    /// Makes a new recovery code; the one there was opens the vault no more.
    ///
    /// # Errors
    /// [`VaultError::NeedsTrader`], [`VaultError::SlotsFull`], [`VaultError::NotEnoughMemory`], and those of
    /// [`Vault::put`].
    pub fn renew_recovery_code(&mut self) -> Result<RecoveryCode, VaultError> {
        self.keys.trade()?;
        let code = RecoveryCode::random()?;
        let mut header = self.base.header.clone();
        recovery::add_to(&mut header, &self.keys, &code, self.own_slot().cost)?;
        self.change_header(None, |changed| changed.slots = header.slots)?;
        Ok(code)
    }

    /// The recovery code of a vault that was just made with one: once, to be shown and written down.
    #[must_use]
    pub fn take_recovery_code(&mut self) -> Option<RecoveryCode> {
        self.recovery.take()
    }

    pub(super) fn set_passphrase_after_recovery(
        &mut self,
        new: &Opener<'_>,
        cost: KdfCost,
    ) -> Result<(), VaultError> {
        let slots = &self.base.header.slots;
        let traders = slots
            .iter()
            .map(|slot| &slot.fields)
            .filter(|slot| slot.role == Role::Trader);
        let traders: Vec<&SlotFields> = traders.collect();
        let (id, label) = match (traders.as_slice(), free_id(slots)) {
            (&[only], _) => (only.id, only.label.clone()),
            (_, Ok(free)) => (free, "recovered".to_owned()),
            (&[first, ..], Err(_)) => (first.id, first.label.clone()),
            (&[], Err(full)) => return Err(full),
        };
        self.put_slot(fields(id, Role::Trader, &label, cost, new), new)?;
        self.slot = id;
        Ok(())
    }

    /// Wraps the keys anew for the slot that opened the vault, where a guess at it is cheaper than `least`.
    pub(super) fn raise_cost(
        &mut self,
        opener: &Opener<'_>,
        least: KdfCost,
    ) -> Result<bool, VaultError> {
        let own = self.own_slot();
        if own.cost.at_least(least) || !self.keys.may_trade() {
            return Ok(false);
        }
        let mut fields = own.clone();
        fields.cost = own.cost.raised_to(least);
        self.put_slot(fields, opener)?;
        Ok(true)
    }

    /// What a slot must cost today; a test may be cheaper.
    pub(super) const LEAST_COST: KdfCost = LEAST_FOR_NEW;

    pub(super) fn own_slot(&self) -> &SlotFields {
        let slots = &self.base.header.slots;
        let own = slots.iter().find(|slot| slot.fields.id == self.slot);
        &own.expect("the slot that opened it is not removed").fields
    }

    /// Whether it is the person who opened the vault that wants something of consequence now.
    pub(super) fn check_own(&self, opener: &Opener<'_>) -> Result<(), VaultError> {
        self.keys.trade()?;
        let slots = &self.base.header.slots;
        let own = slots.iter().filter(|slot| slot.fields.id == self.slot);
        let binding = self.base.header.binding();
        for slot in own {
            let typed = opener.typed(slot.fields.key_file);
            let typed = typed.ok_or(VaultError::WrongPassphrase)?;
            let stretched = Stretched::new(&typed, &slot.fields, &binding)?;
            if wrap::unwrap(slot, &stretched, &binding).is_some() {
                return Ok(());
            }
        }
        Err(VaultError::WrongPassphrase)
    }

    /// Writes a slot, in place of the one with its number.
    pub(super) fn put_slot(
        &mut self,
        fields: SlotFields,
        opener: &Opener<'_>,
    ) -> Result<(), VaultError> {
        let typed = opener.typed(fields.key_file);
        let typed = typed.ok_or(VaultError::BadKeyFile)?;
        let binding = self.base.header.binding();
        let (slot, stretched) = wrap::wrap(&self.keys, fields, &typed, &binding)?;
        let id = slot.fields.id;
        self.change_header(Some((id, stretched)), |header| {
            header.slots.retain(|slot| slot.fields.id != id);
            header.slots.push(slot);
            header.slots.sort_by_key(|slot| slot.fields.id);
        })
    }

    /// Commits another header. What is written is first read from its bytes, and its new slot opened.
    fn change_header(
        &mut self,
        new_slot: Option<(u8, Stretched)>,
        change: impl FnOnce(&mut Header),
    ) -> Result<(), VaultError> {
        let mut header = self.base.header.clone();
        change(&mut header);
        header.generation = header.generation.saturating_add(1);
        self.keys.authenticate(&mut header)?;
        let read = Header::parse(&header.to_bytes())?;
        if let Some((id, stretched)) = new_slot {
            let mut slots = read.slots.iter();
            let slot = slots.find(|slot| slot.fields.id == id);
            let keys = slot.and_then(|slot| wrap::unwrap(slot, &stretched, &read.binding()));
            keys.ok_or(Damage::HeaderSeal)?;
        }
        let mut manifest = self.manifest.next();
        manifest.header_generation = read.generation;
        self.commit(manifest, &read, vec![])
    }
}

fn info(slot: &Slot) -> SlotInfo {
    let fields = &slot.fields;
    SlotInfo {
        id: fields.id,
        role: fields.role,
        label: fields.label.clone(),
        key_file: fields.key_file,
        cost: fields.cost,
    }
}

fn fields(id: u8, role: Role, label: &str, cost: KdfCost, opener: &Opener<'_>) -> SlotFields {
    SlotFields {
        id,
        role,
        key_file: opener.key_file.is_some(),
        label: label.to_owned(),
        cost,
        salt: [0; 16],
        commit: [0; 32],
    }
}

fn check_label(label: &str) -> Result<(), VaultError> {
    match label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        true => Err(VaultError::BadLabel { limit: MAX_LABEL }),
        false => Ok(()),
    }
}

/// The lowest number that no slot has.
pub(super) fn free_id(slots: &[Slot]) -> Result<u8, VaultError> {
    let is_taken = |id: &u8| slots.iter().any(|slot| slot.fields.id == *id);
    match slots.len() >= usize::from(MAX_SLOTS) {
        true => Err(VaultError::SlotsFull { limit: MAX_SLOTS }),
        false => (1..=u8::MAX)
            .find(|id| !is_taken(id))
            .ok_or(VaultError::SlotsFull { limit: MAX_SLOTS }),
    }
}

/// The slot with this number, unless the vault would then open for nobody who may change it.
fn may_remove(slots: &[Slot], id: u8, own: u8) -> Result<&Slot, VaultError> {
    let slot = slots.iter().find(|slot| slot.fields.id == id);
    let slot = slot.ok_or(VaultError::NoSuchSlot(id))?;
    let traders = slots.iter().filter(|slot| slot.fields.role == Role::Trader);
    if slot.fields.role == Role::Trader && traders.count() == 1 {
        return Err(VaultError::LastTrader);
    }
    match id == own {
        true => Err(VaultError::OwnSlot),
        false => Ok(slot),
    }
}

#[cfg(test)]
mod tests;
