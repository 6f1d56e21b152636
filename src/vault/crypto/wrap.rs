//! How a slot wraps the keys: what is typed is stretched, and the stretched key wraps them.

use subtle::ConstantTimeEq as _;

use super::super::error::VaultError;
use super::super::format::FORMAT;
use super::super::format::slot::{Slot, SlotFields};
use super::kdf::{self, Typed};
use super::key::{Key, fill_random};
use super::keys::Keys;
use super::seal::{self, Binding, Place};

/// What was typed, stretched for one slot. Costs what the slot says; everything after it is cheap.
pub(in crate::vault) struct Stretched(Key);

impl Stretched {
    pub(in crate::vault) fn new(
        typed: &Typed<'_>,
        fields: &SlotFields,
        binding: &Binding,
    ) -> Result<Self, VaultError> {
        let mut context = blake3::Hasher::new();
        context.update(b"tradedeck slot v1");
        context.update(&binding.vault_id);
        context.update(&[fields.id, fields.role.byte()]);
        context.update(&fields.cost_bytes());
        let context = context.finalize();
        kdf::stretch(typed, &fields.salt, context.as_bytes(), fields.cost).map(Self)
    }

    fn commitment(&self) -> Key {
        self.0.extract(b"commit")
    }

    fn wrapping_key(&self) -> Key {
        self.0.extract(b"kek")
    }
}

/// Makes a slot; its salt and commitment are set here, all other fields are the caller's.
///
/// # Errors
/// [`VaultError::NeedsTrader`] where the role takes more keys than there are; [`VaultError::NotEnoughMemory`],
/// [`VaultError::NoRandomness`].
pub(in crate::vault) fn wrap(
    keys: &Keys,
    mut fields: SlotFields,
    typed: &Typed<'_>,
    binding: &Binding,
) -> Result<(Slot, Stretched), VaultError> {
    let trade = match fields.role.keys() {
        1 => None,
        _ => Some(keys.trade()?),
    };
    fill_random(&mut fields.salt)?;
    let stretched = Stretched::new(typed, &fields, binding)?;
    fields.commit = *stretched.commitment().bytes();
    let place = place(&fields, binding);
    let length = fields.role.keys() * Key::LENGTH;
    let wrapped = seal::seal_in_place(&stretched.wrapping_key(), &place, length, |text| {
        let (view, rest) = text.split_at_mut(Key::LENGTH);
        view.copy_from_slice(keys.view.bytes());
        if let Some(trade) = trade {
            rest.copy_from_slice(trade.bytes());
        }
    })?;
    Ok((Slot { fields, wrapped }, stretched))
}

/// The commitment first: the cipher does not commit to its key, so one ciphertext could be made to open
/// under many passphrases, and an attacker who may alter slots would test them all with one guess.
/// <https://www.usenix.org/conference/usenixsecurity21/presentation/len>
pub(in crate::vault) fn unwrap(
    slot: &Slot,
    stretched: &Stretched,
    binding: &Binding,
) -> Option<Keys> {
    let commitment = stretched.commitment();
    if !bool::from(commitment.bytes().ct_eq(&slot.fields.commit)) {
        return None;
    }
    let place = place(&slot.fields, binding);
    let opened = seal::open(&stretched.wrapping_key(), &place, &slot.wrapped).ok()?;
    let (view, trade) = opened.expose().split_at_checked(Key::LENGTH)?;
    let trade = match slot.fields.role.keys() {
        1 => None,
        _ => Some(Key::from_slice(trade)?),
    };
    Some(Keys {
        view: Key::from_slice(view)?,
        trade,
    })
}

fn place(fields: &SlotFields, binding: &Binding) -> Place {
    let mut place = fields.bytes();
    place.extend_from_slice(&FORMAT.to_be_bytes());
    place.push(binding.suite.byte());
    binding.place(b"TDSLOT", &place)
}

#[cfg(test)]
mod tests {
    use super::super::kdf::KdfCost;
    use super::super::suite::Suite;
    use super::*;
    use crate::vault::format::slot::Role;

    const BINDING: Binding = Binding {
        vault_id: [1; 16],
        epoch: 1,
        suite: Suite::XChaCha20Poly1305,
    };

    fn typed(passphrase: &[u8]) -> Typed<'_> {
        Typed {
            secret: passphrase,
            key_file: None,
        }
    }

    fn fields(role: Role) -> SlotFields {
        SlotFields {
            id: 1,
            role,
            key_file: false,
            label: String::new(),
            cost: KdfCost::least_possible(),
            salt: [0; 16],
            commit: [0; 32],
        }
    }

    fn first() -> (Slot, Stretched) {
        let keys = Keys::random().ok().unwrap();
        wrap(&keys, fields(Role::Trader), &typed(b"right"), &BINDING)
            .ok()
            .unwrap()
    }

    #[test]
    fn every_field_of_a_slot_is_bound_to_its_keys() {
        let (slot, stretched) = first();
        let opens = |slot: &Slot, binding: &Binding| unwrap(slot, &stretched, binding).is_some();
        assert!(opens(&slot, &BINDING));
        let changes: [fn(&mut Slot); 8] = [
            |slot| slot.fields.id = 2,
            |slot| slot.fields.role = Role::Recovery,
            |slot| slot.fields.key_file = true,
            |slot| slot.fields.label = "x".to_owned(),
            |slot| slot.fields.cost = slot.fields.cost.with_passes(2),
            |slot| slot.fields.salt[0] ^= 1,
            |slot| slot.fields.commit[0] ^= 1,
            |slot| slot.wrapped[50] ^= 1,
        ];
        for (case, change) in changes.iter().enumerate() {
            let mut changed = slot.clone();
            change(&mut changed);
            assert!(!opens(&changed, &BINDING), "case {case}");
        }
        let changes: [fn(&mut Binding); 3] = [
            |binding| binding.vault_id = [2; 16],
            |binding| binding.epoch = 2,
            |binding| binding.suite = Suite::Xaes256Gcm,
        ];
        for (case, change) in changes.iter().enumerate() {
            let mut changed = BINDING;
            change(&mut changed);
            assert!(!opens(&slot, &changed), "binding {case}");
        }
    }

    #[test]
    fn keys_that_open_but_were_not_committed_to_are_refused() {
        let (mut slot, stretched) = first();
        slot.fields.commit[0] ^= 1;
        let place = place(&slot.fields, &BINDING);
        slot.wrapped = seal::seal(&stretched.wrapping_key(), &place, &[0; 64]).unwrap();
        assert!(unwrap(&slot, &stretched, &BINDING).is_none());
    }

    #[test]
    fn a_slot_wraps_what_its_role_is_for() {
        let keys = Keys::random().ok().unwrap();
        for (role, trade) in [
            (Role::Viewer, false),
            (Role::Trader, true),
            (Role::Recovery, true),
        ] {
            let made = wrap(&keys, fields(role), &typed(b"right"), &BINDING);
            let (slot, stretched) = made.ok().unwrap();
            assert_eq!(
                slot.wrapped.len(),
                role.keys() * Key::LENGTH + seal::OVERHEAD
            );
            let opened = unwrap(&slot, &stretched, &BINDING).unwrap();
            assert_eq!(opened.may_trade(), trade);
            let expected = if trade {
                keys.same_as(&opened)
            } else {
                keys.for_viewing().same_as(&opened)
            };
            assert!(expected);
        }
    }

    #[test]
    fn a_viewer_cannot_make_a_trader() {
        let viewer = Keys::random().ok().unwrap().for_viewing();
        let make = |role| wrap(&viewer, fields(role), &typed(b"right"), &BINDING).err();
        assert!(matches!(make(Role::Trader), Some(VaultError::NeedsTrader)));
        assert!(make(Role::Viewer).is_none());
    }
}
