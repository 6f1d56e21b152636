//! The header of a vault, format `TDV1`: fixed binary, big-endian, with exactly one way to write each
//! header. It is read before anything proves where it came from, so everything in it is bounded.
//!
//! ```text
//! magic[8] · format u16 · min_reader u16 · vault_id[16] · suite u8 · epoch u32 · generation u64
//! slot_count u8 · slots… · mac_view[32] · mac_trade[32] · blake3[32]
//! ```
//!
//! The whole format, byte by byte, is in the documentation of the [vault](crate::vault).

use super::super::crypto::key::Key;
use super::super::crypto::seal::Binding;
use super::super::crypto::suite::Suite;
use super::super::error::{Damage, VaultError};
use super::FORMAT;
use super::reader::{Malformed, Reader, Unreadable, refuse_newer};
use super::slot::Slot;

pub(in crate::vault) const MAGIC: [u8; 8] = *b"TDVAULT\0";
const HASH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct Header {
    pub(in crate::vault) vault_id: [u8; 16],
    pub(in crate::vault) suite: Suite,
    pub(in crate::vault) epoch: u32,
    pub(in crate::vault) generation: u64,
    pub(in crate::vault) slots: Vec<Slot>,
    pub(in crate::vault) mac_view: [u8; 32],
    pub(in crate::vault) mac_trade: [u8; 32],
}

impl Header {
    pub(in crate::vault) fn binding(&self) -> Binding {
        Binding {
            vault_id: self.vault_id,
            epoch: self.epoch,
            suite: self.suite,
        }
    }

    pub(in crate::vault) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.before_macs();
        bytes.extend_from_slice(&self.mac_view);
        bytes.extend_from_slice(&self.mac_trade);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    pub(in crate::vault) fn authenticate(&mut self, view: &Key, trade: &Key) {
        let message = self.before_macs();
        self.mac_view = view.mac(&message);
        self.mac_trade = trade.mac(&message);
    }

    /// A viewer has no key to check the second with.
    pub(in crate::vault) fn is_authentic(&self, view: &Key, trade: Option<&Key>) -> bool {
        let message = self.before_macs();
        view.mac_matches(&message, &self.mac_view)
            && trade.is_none_or(|trade| trade.mac_matches(&message, &self.mac_trade))
    }

    fn before_macs(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&self.vault_id);
        bytes.push(self.suite.byte());
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.push(u8::try_from(self.slots.len()).expect("at most eight slots"));
        for slot in &self.slots {
            bytes.extend(slot.fields.bytes());
            bytes.extend_from_slice(&slot.wrapped);
        }
        bytes
    }

    /// # Errors
    /// [`VaultError::NewerFormat`] for a format, suite or slot this version does not know,
    /// [`VaultError::HostileCost`], and [`VaultError::Damaged`] for everything else.
    pub(in crate::vault) fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let header = Self::read(bytes).map_err(|unreadable| match unreadable {
            Unreadable::Malformed => Damage::Headers.into(),
            Unreadable::Refused(why) => why,
        })?;
        // What was read loosely would be written otherwise: one header, one spelling.
        if header.to_bytes() == bytes {
            Ok(header)
        } else {
            Err(Damage::Headers.into())
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (content, hash) = bytes.split_last_chunk::<HASH>().ok_or(Malformed)?;
        let mut rest = Reader(content);
        if blake3::hash(content) != *hash || rest.array()? != MAGIC {
            return Err(Unreadable::Malformed);
        }
        refuse_newer("format", rest.u16()?, FORMAT)?;
        let _min_reader = rest.u16()?;
        let vault_id = rest.array()?;
        let suite = rest.u8()?;
        refuse_newer("cipher suite", suite.into(), Suite::NEWEST.into())?;
        let suite = Suite::from_byte(suite).ok_or(Malformed)?;
        let epoch = rest.u32()?;
        let generation = rest.u64()?;
        let slots = Slot::read_all(&mut rest)?;
        let header = Self {
            vault_id,
            suite,
            epoch,
            generation,
            slots,
            mac_view: rest.array()?,
            mac_trade: rest.array()?,
        };
        rest.finish()?;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::super::slot::{Role, SlotFields};
    use super::*;
    use crate::vault::crypto::kdf::KdfCost;
    use crate::vault::crypto::seal::OVERHEAD;

    fn slot(id: u8, role: Role, label: &str) -> Slot {
        let cost = KdfCost::new(65_536, 3, 4).expect("the floor");
        Slot {
            fields: SlotFields {
                id,
                role,
                key_file: false,
                label: label.to_owned(),
                cost,
                salt: [7; 16],
                commit: [8; 32],
            },
            wrapped: vec![9; role.keys() * Key::LENGTH + OVERHEAD],
        }
    }

    fn header(slots: Vec<Slot>) -> Header {
        Header {
            vault_id: [1; 16],
            suite: Suite::XChaCha20Poly1305,
            epoch: 2,
            generation: 3,
            slots,
            mac_view: [4; 32],
            mac_trade: [5; 32],
        }
    }

    fn one_slot() -> Header {
        header(vec![slot(1, Role::Trader, "")])
    }

    /// Where the slots begin: after magic, two numbers, id, suite, epoch, generation and their count.
    const FIRST_SLOT: usize = 8 + 2 + 2 + 16 + 1 + 4 + 8 + 1;

    /// The header with one byte set otherwise, and its BLAKE3 made right again.
    fn altered(at: usize, byte: u8) -> Vec<u8> {
        let mut bytes = one_slot().to_bytes();
        bytes[at] = byte;
        rehash(&mut bytes);
        bytes
    }

    fn rehash(bytes: &mut [u8]) {
        let content = bytes.len() - HASH;
        let hash = blake3::hash(&bytes[..content]);
        bytes[content..].copy_from_slice(hash.as_bytes());
    }

    fn damaged(bytes: &[u8]) -> bool {
        matches!(
            Header::parse(bytes),
            Err(VaultError::Damaged(Damage::Headers))
        )
    }

    fn newer(bytes: &[u8], expected: &str) -> bool {
        matches!(Header::parse(bytes), Err(VaultError::NewerFormat { what, .. }) if what == expected)
    }

    #[test]
    fn one_to_eight_slots_of_any_role_come_back_as_written() {
        for count in 1..=8 {
            let roles = [Role::Viewer, Role::Trader, Role::Recovery]
                .into_iter()
                .cycle();
            let slots = (0..count).zip(roles);
            let slots = slots
                .map(|(id, role)| slot(id, role, "alice at home"))
                .collect();
            let written = header(slots);
            assert_eq!(Header::parse(&written.to_bytes()).ok(), Some(written));
        }
    }

    #[test]
    fn suite_and_key_files_come_back_as_written() {
        let mut written = header(vec![
            slot(1, Role::Trader, ""),
            slot(2, Role::Viewer, "alice"),
        ]);
        written.suite = Suite::Xaes256Gcm;
        written.slots[1].fields.key_file = true;
        assert_eq!(Header::parse(&written.to_bytes()).ok(), Some(written));
    }

    #[test]
    fn no_slot_and_nine_slots_are_refused() {
        assert!(damaged(&header(vec![]).to_bytes()));
        let nine = (0..9).map(|id| slot(id, Role::Trader, "")).collect();
        assert!(damaged(&header(nine).to_bytes()));
    }

    #[test]
    fn slots_must_come_in_order_and_once() {
        for ids in [[1, 1], [2, 1]] {
            let slots = ids.map(|id| slot(id, Role::Trader, "")).to_vec();
            assert!(damaged(&header(slots).to_bytes()));
        }
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let bytes = one_slot().to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(damaged(&flipped), "bit {bit}");
        }
    }

    #[test]
    fn shorter_and_longer_is_damage_even_with_a_right_hash() {
        let bytes = one_slot().to_bytes();
        for length in 0..bytes.len() {
            assert!(damaged(&bytes[..length]), "cut at {length}");
        }
        for length in HASH..bytes.len() {
            let mut cut = bytes[..length].to_vec();
            rehash(&mut cut);
            assert!(damaged(&cut), "cut at {length} and hashed again");
        }
        let mut longer = bytes[..bytes.len() - HASH].to_vec();
        longer.extend([0; 1 + HASH]);
        rehash(&mut longer);
        assert!(damaged(&longer));
    }

    #[test]
    fn what_a_newer_version_wrote_is_said_to_be_newer() {
        assert!(newer(&altered(9, 2), "format"));
        assert!(newer(&altered(8, 1), "format"));
        assert!(newer(&altered(28, 3), "cipher suite"));
        assert!(newer(&altered(FIRST_SLOT + 2, 2), "key slot flags"));
        assert!(newer(&altered(FIRST_SLOT + 2, 3), "key slot flags"));
        assert!(newer(&altered(FIRST_SLOT + 4, 2), "key derivation"));
    }

    #[test]
    fn a_second_spelling_of_the_same_header_is_refused() {
        assert!(damaged(&altered(0, b't')), "magic");
        assert!(damaged(&altered(9, 0)), "format 0");
        assert!(damaged(&altered(11, 0)), "readable by format 0");
        assert!(
            damaged(&altered(11, 2)),
            "readable by format 2 only, but format 1"
        );
        assert!(damaged(&altered(28, 0)), "suite 0");
        assert!(damaged(&altered(FIRST_SLOT + 1, 0)), "no role");
        assert!(damaged(&altered(FIRST_SLOT + 1, 4)), "unknown role");
        assert!(damaged(&altered(FIRST_SLOT + 4, 0)), "no key derivation");
    }

    #[test]
    fn a_label_is_short_clean_text() {
        let labelled = |label: &str| header(vec![slot(1, Role::Trader, label)]).to_bytes();
        assert!(Header::parse(&labelled(&"x".repeat(32))).is_ok());
        assert!(damaged(&labelled(&"x".repeat(33))));
        assert!(damaged(&labelled("bell\u{7}")));
        assert!(damaged(&labelled("\u{9b}31m")));
    }

    #[test]
    fn a_cost_beyond_reason_is_refused_before_any_guess() {
        let memory = FIRST_SLOT + 5;
        for at in [memory, memory + 4, memory + 8] {
            let refused = Header::parse(&altered(at, 0xff));
            assert!(matches!(refused, Err(VaultError::HostileCost { .. })));
        }
    }

    #[test]
    fn the_macs_cover_everything_before_them() {
        let key = |byte: u8| Key::from_slice(&[byte; 32]).expect("32 bytes");
        let mut sealed = one_slot();
        sealed.authenticate(&key(1), &key(2));
        assert!(sealed.is_authentic(&key(1), Some(&key(2))));
        assert!(!sealed.is_authentic(&key(1), Some(&key(3))));
        assert!(!sealed.is_authentic(&key(3), Some(&key(2))));
        assert!(
            sealed.is_authentic(&key(1), None),
            "all that a viewer can tell"
        );
        assert!(!sealed.is_authentic(&key(3), None));
        for at in 12..FIRST_SLOT - 1 {
            let mut bytes = sealed.to_bytes();
            bytes[at] ^= 0x80;
            rehash(&mut bytes);
            if let Ok(changed) = Header::parse(&bytes) {
                assert!(!changed.is_authentic(&key(1), Some(&key(2))), "byte {at}");
            }
        }
    }
}
