//! The two keys that everything in the vault is sealed under, and how a slot wraps them.

use subtle::ConstantTimeEq as _;

use super::error::VaultError;
use super::format::{FORMAT, Header, Role, SUITE, Slot, SlotFields};
use super::kdf::{self, KdfCost};
use super::record::Domain;
use super::seal::{self, Binding, Key, Purpose, Sealer, Use};
use super::secret::Passphrase;

/// Random and independent: whoever has only the view key cannot open what is kept for trading.
pub(super) struct Keys {
    view: Key,
    trade: Key,
}

impl Keys {
    pub(super) fn random() -> Result<Self, VaultError> {
        let view = Key::random()?;
        let trade = Key::random()?;
        Ok(Self { view, trade })
    }

    pub(super) fn for_records(&self, domain: Domain, epoch: u32) -> Key {
        match domain {
            Domain::View => self.view.subkey(Use::ViewRecords, epoch),
            Domain::Trade => self.trade.subkey(Use::TradeRecords, epoch),
        }
    }

    pub(super) fn for_manifest(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Manifest, epoch)
    }

    pub(super) fn for_places(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Places, epoch)
    }

    pub(super) fn sealer(&self, purpose: Purpose, binding: Binding) -> Sealer {
        let key = match purpose {
            Purpose::Journal => self.trade.subkey(Use::Journal, binding.epoch),
            Purpose::Ledger => self.view.subkey(Use::Ledger, binding.epoch),
        };
        Sealer::new(key, binding)
    }

    pub(super) fn authenticate(&self, header: &mut Header) {
        let (view, trade) = self.for_header(header.epoch);
        header.authenticate(&view, &trade);
    }

    pub(super) fn vouch_for(&self, header: &Header) -> bool {
        let (view, trade) = self.for_header(header.epoch);
        header.is_authentic(&view, &trade)
    }

    fn for_header(&self, epoch: u32) -> (Key, Key) {
        let view = self.view.subkey(Use::HeaderView, epoch);
        let trade = self.trade.subkey(Use::HeaderTrade, epoch);
        (view, trade)
    }
}

/// A passphrase, stretched for one slot. Costs what the slot says; everything after it is cheap.
pub(super) struct Stretched(Key);

impl Stretched {
    fn new(
        passphrase: &Passphrase,
        fields: &SlotFields,
        binding: &Binding,
    ) -> Result<Self, VaultError> {
        let mut context = blake3::Hasher::new();
        context.update(b"tradedeck slot v1");
        context.update(&binding.vault_id);
        context.update(&[fields.id, fields.role.byte()]);
        context.update(&fields.cost_bytes());
        let context = context.finalize();
        kdf::stretch(passphrase, &fields.salt, context.as_bytes(), fields.cost).map(Self)
    }

    fn commitment(&self) -> Key {
        self.0.extract(b"commit")
    }

    fn wrapping_key(&self) -> Key {
        self.0.extract(b"kek")
    }
}

/// Makes the first slot of a vault: role trader, no label.
pub(super) fn first_slot(
    keys: &Keys,
    passphrase: &Passphrase,
    cost: KdfCost,
    binding: &Binding,
) -> Result<(Slot, Stretched), VaultError> {
    let mut fields = SlotFields {
        id: 1,
        role: Role::Trader,
        label: String::new(),
        cost,
        salt: [0; 16],
        commit: [0; 32],
    };
    seal::fill_random(&mut fields.salt)?;
    let stretched = Stretched::new(passphrase, &fields, binding)?;
    fields.commit = *stretched.commitment().bytes();
    let associated = associated(&fields, binding);
    let (view, trade) = (keys.view.bytes(), keys.trade.bytes());
    let length = 2 * Key::LENGTH;
    let wrapped = seal::seal_in_place(&stretched.wrapping_key(), &associated, length, |text| {
        text[..Key::LENGTH].copy_from_slice(view);
        text[Key::LENGTH..].copy_from_slice(trade);
    })?;
    Ok((Slot { fields, wrapped }, stretched))
}

/// Tries the passphrase on every slot that wraps both keys.
///
/// # Errors
/// [`VaultError::WrongPassphrase`] also for a slot that was tampered with: whoever tampers learns nothing
/// from the answer.
pub(super) fn unlock(header: &Header, passphrase: &Passphrase) -> Result<Keys, VaultError> {
    let binding = header.binding();
    for slot in &header.slots {
        if slot.fields.role.keys() == 2 {
            let stretched = Stretched::new(passphrase, &slot.fields, &binding)?;
            if let Some(keys) = unwrap(slot, &stretched, &binding) {
                return Ok(keys);
            }
        }
    }
    Err(VaultError::WrongPassphrase)
}

/// The commitment first: the cipher does not commit to its key, so one ciphertext could be made to open
/// under many passphrases, and an attacker who may alter slots would test them all with one guess.
/// <https://www.usenix.org/conference/usenixsecurity21/presentation/len>
pub(super) fn unwrap(slot: &Slot, stretched: &Stretched, binding: &Binding) -> Option<Keys> {
    let commitment = stretched.commitment();
    if !bool::from(commitment.bytes().ct_eq(&slot.fields.commit)) {
        return None;
    }
    let associated = associated(&slot.fields, binding);
    let opened = seal::open(&stretched.wrapping_key(), &associated, &slot.wrapped).ok()?;
    let (view, trade) = opened.expose().split_at_checked(Key::LENGTH)?;
    Some(Keys {
        view: Key::from_slice(view)?,
        trade: Key::from_slice(trade)?,
    })
}

fn associated(fields: &SlotFields, binding: &Binding) -> Vec<u8> {
    let mut place = fields.bytes();
    place.extend_from_slice(&FORMAT.to_be_bytes());
    place.push(SUITE);
    binding.place(b"TDSLOT", &place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINDING: Binding = Binding {
        vault_id: [1; 16],
        epoch: 1,
    };

    fn first() -> (Slot, Stretched) {
        let keys = Keys::random().ok().unwrap();
        let passphrase = Passphrase::new("right").ok().unwrap();
        let cost = KdfCost {
            memory_kib: 32,
            passes: 1,
            lanes: 1,
        };
        first_slot(&keys, &passphrase, cost, &BINDING).ok().unwrap()
    }

    #[test]
    fn every_field_of_a_slot_is_bound_to_its_keys() {
        let (slot, stretched) = first();
        let opens = |slot: &Slot, binding: &Binding| unwrap(slot, &stretched, binding).is_some();
        assert!(opens(&slot, &BINDING));
        let changes: [fn(&mut Slot); 7] = [
            |slot| slot.fields.id = 2,
            |slot| slot.fields.role = Role::Recovery,
            |slot| slot.fields.label = "x".to_owned(),
            |slot| slot.fields.cost.passes = 2,
            |slot| slot.fields.salt[0] ^= 1,
            |slot| slot.fields.commit[0] ^= 1,
            |slot| slot.wrapped[50] ^= 1,
        ];
        for (case, change) in changes.iter().enumerate() {
            let mut changed = slot.clone();
            change(&mut changed);
            assert!(!opens(&changed, &BINDING), "case {case}");
        }
        let vault_id = [2; 16];
        assert!(!opens(
            &slot,
            &Binding {
                vault_id,
                ..BINDING
            }
        ));
        assert!(!opens(
            &slot,
            &Binding {
                epoch: 2,
                ..BINDING
            }
        ));
    }

    #[test]
    fn keys_that_open_but_were_not_committed_to_are_refused() {
        let (mut slot, stretched) = first();
        slot.fields.commit[0] ^= 1;
        let associated = associated(&slot.fields, &BINDING);
        slot.wrapped = seal::seal(&stretched.wrapping_key(), &associated, &[0; 64]).unwrap();
        assert!(unwrap(&slot, &stretched, &BINDING).is_none());
    }
}
