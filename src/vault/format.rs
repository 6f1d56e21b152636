//! The header of a vault, format `TDV1`: fixed binary, big-endian, with exactly one way to write each
//! header. It is read before anything proves where it came from, so everything in it is bounded.
//!
//! ```text
//! magic[8] · format u16 · min_reader u16 · vault_id[16] · suite u8 · epoch u32 · generation u64
//! slot_count u8 · slots… · mac_view[32] · mac_trade[32] · blake3[32]
//! ```
//! A slot: `id u8 · role u8 · flags u8 · label_length u8 · label · kdf u8 · memory_kib u32 · passes u32 ·
//! lanes u32 · salt[16] · commit[32] · nonce[24] · wrapped keys and tag`.
//!
//! The BLAKE3 covers everything before it and has no key: it tells damage from a wrong passphrase before
//! any guess. The two MACs cover everything before themselves. Magic and the first two numbers, and the
//! BLAKE3 at the end, stay where they are in every later format.

use super::error::{Damage, VaultError};
use super::kdf::KdfCost;
use super::seal::{Binding, Key, OVERHEAD};

pub(super) const MAGIC: [u8; 8] = *b"TDVAULT\0";
pub(super) const FORMAT: u16 = 1;
/// XChaCha20-Poly1305.
pub(super) const SUITE: u8 = 1;
const ARGON2ID_V13: u8 = 1;
const MAX_SLOTS: u8 = 8;
const MAX_LABEL: usize = 32;
const HASH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) vault_id: [u8; 16],
    pub(super) epoch: u32,
    pub(super) generation: u64,
    pub(super) slots: Vec<Slot>,
    pub(super) mac_view: [u8; 32],
    pub(super) mac_trade: [u8; 32],
}

/// One way to open the vault: keys, wrapped under a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) fields: SlotFields,
    /// `nonce ‖ ciphertext ‖ tag`
    pub(super) wrapped: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlotFields {
    pub(super) id: u8,
    pub(super) role: Role,
    pub(super) label: String,
    pub(super) cost: KdfCost,
    pub(super) salt: [u8; 16],
    pub(super) commit: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Viewer,
    Trader,
    Recovery,
}

impl Role {
    const ALL: [Self; 3] = [Self::Viewer, Self::Trader, Self::Recovery];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Trader => 2,
            Self::Recovery => 3,
        }
    }

    /// How many keys a slot of this role wraps: a viewer has the view key alone.
    pub(super) fn keys(self) -> usize {
        match self {
            Self::Viewer => 1,
            Self::Trader | Self::Recovery => 2,
        }
    }
}

impl SlotFields {
    /// What the slot says before its wrapped keys; they are bound to it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let label_length = u8::try_from(self.label.len()).expect("labels are at most 32 bytes");
        let mut bytes = vec![self.id, self.role.byte(), 0, label_length];
        bytes.extend_from_slice(self.label.as_bytes());
        bytes.extend(self.cost_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.commit);
        bytes
    }

    /// The key derivation and its cost, as the header has them.
    pub(super) fn cost_bytes(&self) -> [u8; 13] {
        let mut bytes = [ARGON2ID_V13; 13];
        bytes[1..5].copy_from_slice(&self.cost.memory_kib.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.cost.passes.to_be_bytes());
        bytes[9..].copy_from_slice(&self.cost.lanes.to_be_bytes());
        bytes
    }
}

impl Header {
    pub(super) fn binding(&self) -> Binding {
        Binding {
            vault_id: self.vault_id,
            epoch: self.epoch,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.before_macs();
        bytes.extend_from_slice(&self.mac_view);
        bytes.extend_from_slice(&self.mac_trade);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    pub(super) fn authenticate(&mut self, view: &Key, trade: &Key) {
        let message = self.before_macs();
        self.mac_view = view.mac(&message);
        self.mac_trade = trade.mac(&message);
    }

    pub(super) fn is_authentic(&self, view: &Key, trade: &Key) -> bool {
        let message = self.before_macs();
        view.mac_matches(&message, &self.mac_view) && trade.mac_matches(&message, &self.mac_trade)
    }

    fn before_macs(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&self.vault_id);
        bytes.push(SUITE);
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
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
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
        refuse_newer("cipher suite", rest.u8()?.into(), SUITE.into())?;
        let epoch = rest.u32()?;
        let generation = rest.u64()?;
        let slots = Slot::read_all(&mut rest)?;
        let header = Self {
            vault_id,
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

impl Slot {
    fn read_all(rest: &mut Reader<'_>) -> Result<Vec<Self>, Unreadable> {
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
        // The one flag so far, a key file beside the passphrase, is not known to this version.
        refuse_newer("key slot flags", rest.u8()?.into(), 0)?;
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
            label,
            cost,
            salt: rest.array()?,
            commit: rest.array()?,
        };
        let wrapped = rest.take(role.keys() * Key::LENGTH + OVERHEAD)?.to_vec();
        Ok(Self { fields, wrapped })
    }
}

enum Unreadable {
    Malformed,
    Refused(VaultError),
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<VaultError> for Unreadable {
    fn from(why: VaultError) -> Self {
        Self::Refused(why)
    }
}

fn refuse_newer(what: &'static str, found: u16, known: u16) -> Result<(), VaultError> {
    if found > known {
        return Err(VaultError::NewerFormat { what, found, known });
    }
    Ok(())
}

/// Bytes that are not as the format writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads binary strictly: too little or too much is [`Malformed`].
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length in one byte, then as much UTF-8 without control characters.
    pub(super) fn short_text(&mut self, longest: usize) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u8()?);
        let text = str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        if length > longest || text.chars().any(char::is_control) {
            return Err(Malformed);
        }
        Ok(text)
    }

    pub(super) fn finish(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(id: u8, role: Role, label: &str) -> Slot {
        let cost = KdfCost {
            memory_kib: 65_536,
            passes: 3,
            lanes: 4,
        };
        Slot {
            fields: SlotFields {
                id,
                role,
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
            let roles = Role::ALL.into_iter().cycle();
            let slots = (0..count).zip(roles);
            let slots = slots
                .map(|(id, role)| slot(id, role, "alice at home"))
                .collect();
            let written = header(slots);
            assert_eq!(Header::parse(&written.to_bytes()).ok(), Some(written));
        }
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
        assert!(newer(&altered(28, 2), "cipher suite"));
        assert!(newer(&altered(FIRST_SLOT + 2, 1), "key slot flags"));
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
        assert!(sealed.is_authentic(&key(1), &key(2)));
        assert!(!sealed.is_authentic(&key(1), &key(3)));
        assert!(!sealed.is_authentic(&key(3), &key(2)));
        for at in 12..FIRST_SLOT - 1 {
            let mut bytes = sealed.to_bytes();
            bytes[at] ^= 0x80;
            rehash(&mut bytes);
            if let Ok(changed) = Header::parse(&bytes) {
                assert!(!changed.is_authentic(&key(1), &key(2)), "byte {at}");
            }
        }
    }
}
