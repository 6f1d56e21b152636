//! One way to open the vault, as the header holds it: who may, at what cost, and the keys wrapped for it.

use std::fmt;

use super::super::crypto::kdf::KdfCost;
use super::super::crypto::key::Key;
use super::super::crypto::seal::OVERHEAD;
use super::reader::{Malformed, Reader, Unreadable, refuse_newer};

const ARGON2ID_V13: u8 = 1;
const KEY_FILE: u8 = 1;
pub(in crate::vault) const MAX_SLOTS: u8 = 8;
pub(in crate::vault) const MAX_LABEL: usize = 32;

/// One way to open the vault: keys, wrapped under a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct Slot {
    pub(in crate::vault) fields: SlotFields,
    /// `nonce ‖ ciphertext ‖ tag`
    pub(in crate::vault) wrapped: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct SlotFields {
    pub(in crate::vault) id: u8,
    pub(in crate::vault) role: Role,
    /// Whether a key file is asked for beside what is typed.
    pub(in crate::vault) key_file: bool,
    pub(in crate::vault) label: String,
    pub(in crate::vault) cost: KdfCost,
    pub(in crate::vault) salt: [u8; 16],
    pub(in crate::vault) commit: [u8; 32],
}

/// What a slot opens the vault for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looking: it gives the view key alone, so what is kept for trading stays sealed.
    Viewer,
    /// Everything.
    Trader,
    /// Everything, for the day the passphrase is lost; opened by the recovery code.
    Recovery,
}

impl Role {
    const ALL: [Self; 3] = [Self::Viewer, Self::Trader, Self::Recovery];

    pub(in crate::vault) fn byte(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Trader => 2,
            Self::Recovery => 3,
        }
    }

    /// How many keys a slot of this role wraps: a viewer has the view key alone.
    pub(in crate::vault) fn keys(self) -> usize {
        match self {
            Self::Viewer => 1,
            Self::Trader | Self::Recovery => 2,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Trader => "trader",
            Self::Recovery => "recovery",
        })
    }
}

impl SlotFields {
    /// What the slot says before its wrapped keys; they are bound to it.
    pub(in crate::vault) fn bytes(&self) -> Vec<u8> {
        let label_length = u8::try_from(self.label.len()).expect("labels are at most 32 bytes");
        let flags = if self.key_file { KEY_FILE } else { 0 };
        let mut bytes = vec![self.id, self.role.byte(), flags, label_length];
        bytes.extend_from_slice(self.label.as_bytes());
        bytes.extend(self.cost_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.commit);
        bytes
    }

    /// The key derivation and its cost, as the header has them.
    pub(in crate::vault) fn cost_bytes(&self) -> [u8; 13] {
        let mut bytes = [ARGON2ID_V13; 13];
        bytes[1..5].copy_from_slice(&self.cost.memory_kib.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.cost.passes.to_be_bytes());
        bytes[9..].copy_from_slice(&self.cost.lanes.to_be_bytes());
        bytes
    }
}

impl Slot {
    pub(super) fn read_all(rest: &mut Reader<'_>) -> Result<Vec<Self>, Unreadable> {
        let count = rest.u8()?;
        if !(1..=MAX_SLOTS).contains(&count) {
            return Err(Unreadable::Malformed);
        }
        let slots = (0..count)
            .map(|_| Self::read(rest))
            .collect::<Result<Vec<_>, _>>()?;
        if slots.is_sorted_by(|one, next| one.fields.id < next.fields.id) {
            Ok(slots)
        } else {
            Err(Unreadable::Malformed)
        }
    }

    fn read(rest: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let id = rest.u8()?;
        let role = rest.u8()?;
        let role = Role::ALL.into_iter().find(|known| known.byte() == role);
        let role = role.ok_or(Malformed)?;
        let flags = rest.u8()?;
        refuse_newer("key slot flags", flags.into(), KEY_FILE.into())?;
        let label = rest.short_text(MAX_LABEL)?.to_owned();
        refuse_newer("key derivation", rest.u8()?.into(), ARGON2ID_V13.into())?;
        let cost = KdfCost {
            memory_kib: rest.u32()?,
            passes: rest.u32()?,
            lanes: rest.u32()?,
        };
        cost.check_stored()?;
        let fields = SlotFields {
            id,
            role,
            key_file: flags == KEY_FILE,
            label,
            cost,
            salt: rest.array()?,
            commit: rest.array()?,
        };
        let wrapped = rest.take(role.keys() * Key::LENGTH + OVERHEAD)?.to_vec();
        Ok(Self { fields, wrapped })
    }
}
