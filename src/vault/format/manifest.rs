//! The list of what the vault holds, sealed and written with every change: what is swapped, put back,
//! removed or slipped in does not match it.

use std::collections::BTreeMap;

use super::super::crypto::keys::Keys;
use super::super::crypto::seal::{self, Binding, OVERHEAD, Place};
use super::super::error::{Damage, VaultError};
use super::super::store::{LARGEST_VALUE, Row};
use super::reader::{Malformed, Reader};
use super::record::{self, RecordName};

/// What the store's keys of the manifest's parts begin with; their number follows, in two bytes.
pub(in crate::vault) const PREFIX: &[u8] = b"man/";
pub(in crate::vault) const MAX_RECORDS: usize = 4096;
const PART_HEAD: usize = 8 + 2;
const PART: usize = LARGEST_VALUE - PART_HEAD - OVERHEAD;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct Manifest {
    /// Rises with every change of the store.
    pub(in crate::vault) generation: u64,
    /// The header that these records belong to.
    pub(in crate::vault) header_generation: u64,
    pub(in crate::vault) records: BTreeMap<RecordName, Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Entry {
    /// The store's generation when the record was written: no version is ever used twice.
    pub(in crate::vault) version: u64,
    /// BLAKE3 of the stored value.
    pub(in crate::vault) hash: [u8; 32],
}

impl Entry {
    pub(in crate::vault) fn of(value: &[u8]) -> Self {
        Self {
            version: record::version_of(value).unwrap_or(0),
            hash: *blake3::hash(value).as_bytes(),
        }
    }
}

impl Manifest {
    pub(in crate::vault) fn new(header_generation: u64) -> Self {
        Self {
            generation: 1,
            header_generation,
            records: BTreeMap::new(),
        }
    }

    /// The manifest of the next change.
    pub(in crate::vault) fn next(&self) -> Self {
        let generation = self.generation.checked_add(1);
        Self {
            generation: generation.expect("2^64 changes cannot be made"),
            ..self.clone()
        }
    }

    pub(in crate::vault) fn insert(
        &mut self,
        name: RecordName,
        entry: Entry,
    ) -> Result<(), VaultError> {
        if self.records.len() >= MAX_RECORDS && !self.records.contains_key(&name) {
            return Err(VaultError::TooMany { limit: MAX_RECORDS });
        }
        self.records.insert(name, entry);
        Ok(())
    }

    /// How many rows it is stored as.
    pub(in crate::vault) fn parts(&self) -> u16 {
        part_number(self.to_bytes().len().div_ceil(PART))
    }

    /// The rows it is stored as: `generation u64 ‖ parts u16 ‖ sealed part`.
    pub(in crate::vault) fn seal(
        &self,
        keys: &Keys,
        binding: &Binding,
    ) -> Result<Vec<Row>, VaultError> {
        let bytes = self.to_bytes();
        let count = self.parts();
        let key = keys.for_manifest(binding.epoch);
        let seal_part = |(index, part): (usize, &[u8])| {
            let index = part_number(index);
            let head = [&self.generation.to_be_bytes()[..], &count.to_be_bytes()].concat();
            let sealed = seal::seal(&key, &associated(binding, &head, index), part)?;
            Ok((part_key(index), [head, sealed].concat()))
        };
        bytes.chunks(PART).enumerate().map(seal_part).collect()
    }

    /// Reads it from `rows`, which must be all the rows of the manifest, in order.
    pub(in crate::vault) fn open(
        keys: &Keys,
        binding: &Binding,
        rows: &[&Row],
    ) -> Result<Self, Damage> {
        Self::read(keys, binding, rows).map_err(|_| Damage::Manifest)
    }

    fn read(keys: &Keys, binding: &Binding, rows: &[&Row]) -> Result<Self, Malformed> {
        let key = keys.for_manifest(binding.epoch);
        let (_, first) = rows.first().ok_or(Malformed)?;
        let head = first.get(..PART_HEAD).ok_or(Malformed)?;
        let mut bytes = Vec::new();
        for (index, (row_key, value)) in rows.iter().enumerate() {
            let index = u16::try_from(index).map_err(|_| Malformed)?;
            let sealed = value.strip_prefix(head).ok_or(Malformed)?;
            if *row_key != part_key(index) {
                return Err(Malformed);
            }
            let part = seal::open(&key, &associated(binding, head, index), sealed);
            bytes.extend_from_slice(part.map_err(|_| Malformed)?.expose());
        }
        let mut head = Reader(head);
        let manifest = Self::from_bytes(&bytes)?;
        let whole = head.u64()? == manifest.generation && usize::from(head.u16()?) == rows.len();
        if whole { Ok(manifest) } else { Err(Malformed) }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.generation.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.header_generation.to_be_bytes());
        for (name, entry) in &self.records {
            bytes.extend(name.to_bytes());
            bytes.extend_from_slice(&entry.version.to_be_bytes());
            bytes.extend_from_slice(&entry.hash);
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = Reader(bytes);
        let mut manifest = Self::new(0);
        manifest.generation = rest.u64()?;
        manifest.header_generation = rest.u64()?;
        while !rest.0.is_empty() {
            let name = RecordName::read(&mut rest)?;
            let entry = Entry {
                version: rest.u64()?,
                hash: rest.array()?,
            };
            manifest.insert(name, entry).map_err(|_| Malformed)?;
        }
        // Names out of order or twice would be written otherwise.
        if manifest.to_bytes() == bytes {
            Ok(manifest)
        } else {
            Err(Malformed)
        }
    }

    /// Compares the list with the records that are there.
    pub(in crate::vault) fn check(
        &self,
        keys: &Keys,
        epoch: u32,
        records: &[&Row],
    ) -> Result<(), Damage> {
        let mut found: BTreeMap<&[u8], &[u8]> = records
            .iter()
            .map(|(key, value)| (&key[..], &value[..]))
            .collect();
        for (name, listed) in &self.records {
            let value = found
                .remove(&name.place(keys, epoch)[..])
                .ok_or_else(|| Damage::RecordMissing(name.clone()))?;
            if Entry::of(value) != *listed {
                return Err(self.what_happened_to(name, *listed, value));
            }
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(Damage::Unlisted)
        }
    }

    fn what_happened_to(&self, name: &RecordName, listed: Entry, value: &[u8]) -> Damage {
        let hash = Entry::of(value).hash;
        let mut others = self.records.iter().filter(|(other, _)| *other != name);
        if others.any(|(_, entry)| entry.hash == hash) {
            Damage::RecordSwapped(name.clone())
        } else if record::version_of(value).is_some_and(|found| found < listed.version) {
            Damage::RecordOlder(name.clone())
        } else {
            Damage::RecordChanged(name.clone())
        }
    }
}

/// What tells one stored manifest from every other, without telling what is in it.
pub(in crate::vault) fn digest(rows: &[Row]) -> [u8; 32] {
    let mut whole = blake3::Hasher::new();
    for (_, value) in rows {
        whole.update(blake3::hash(value).as_bytes());
    }
    *whole.finalize().as_bytes()
}

fn part_number(number: usize) -> u16 {
    u16::try_from(number).expect("4096 records fit in some 70 parts")
}

pub(in crate::vault) fn part_key(index: u16) -> Vec<u8> {
    [PREFIX, &index.to_be_bytes()].concat()
}

fn associated(binding: &Binding, head: &[u8], index: u16) -> Place {
    binding.place(b"TDMAN1", &[head, &index.to_be_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::super::record::{Domain, Environment};
    use super::*;
    use crate::vault::crypto::suite::Suite;
    use crate::vault::secret::SecretBytes;

    const BINDING: Binding = Binding {
        vault_id: [1; 16],
        epoch: 1,
        suite: Suite::XChaCha20Poly1305,
    };

    fn name(id: u16) -> RecordName {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&id.to_be_bytes());
        RecordName::new(Domain::View, "ibkr", Environment::Live, "token", bytes).expect("good")
    }

    fn listing(count: u16) -> Manifest {
        let mut manifest = Manifest::new(3);
        manifest.generation = 9;
        for id in 0..count {
            let hash = [7; 32];
            manifest
                .insert(name(id), Entry { version: 1, hash })
                .expect("room");
        }
        manifest
    }

    fn open(keys: &Keys, rows: &[Row]) -> Result<Manifest, Damage> {
        Manifest::open(keys, &BINDING, &rows.iter().collect::<Vec<_>>())
    }

    #[test]
    fn any_number_of_records_comes_back_in_small_parts() {
        let keys = Keys::random().ok().unwrap();
        for (count, parts) in [(0, 1), (1, 1), (200, 2), (4096, 35)] {
            let manifest = listing(count);
            let rows = manifest.seal(&keys, &BINDING).unwrap();
            assert_eq!(
                (rows.len(), manifest.parts()),
                (parts, u16::try_from(parts).unwrap())
            );
            assert!(rows.iter().all(|(_, value)| value.len() <= LARGEST_VALUE));
            assert_eq!(open(&keys, &rows), Ok(manifest));
        }
    }

    #[test]
    fn there_is_a_limit_that_replacing_does_not_meet() {
        let mut full = listing(u16::try_from(MAX_RECORDS).unwrap());
        let entry = Entry {
            version: 2,
            hash: [8; 32],
        };
        assert!(full.insert(name(4095), entry).is_ok());
        assert!(matches!(
            full.insert(name(4096), entry),
            Err(VaultError::TooMany { .. })
        ));
    }

    #[test]
    fn parts_missing_moved_mixed_or_changed_are_found() {
        let keys = Keys::random().ok().unwrap();
        let rows = listing(200).seal(&keys, &BINDING).unwrap();
        let same_again = listing(200).seal(&keys, &BINDING).unwrap();
        let older = listing(200).next().seal(&keys, &BINDING).unwrap();
        let key = |index: usize| rows[index].0.clone();
        let value = |rows: &[Row], index: usize| rows[index].1.clone();
        let wrong: [Vec<Row>; 6] = [
            vec![],
            vec![rows[0].clone()],
            vec![rows[1].clone()],
            vec![(key(0), value(&rows, 1)), (key(1), value(&rows, 0))],
            vec![rows[0].clone(), (key(1), value(&older, 1))],
            vec![
                rows[0].clone(),
                rows[1].clone(),
                (part_key(2), value(&rows, 1)),
            ],
        ];
        for (case, wrong) in wrong.iter().enumerate() {
            assert_eq!(open(&keys, wrong), Err(Damage::Manifest), "case {case}");
        }
        for at in [0, 7, 8, 9, 10, 100] {
            let mut changed = same_again.clone();
            changed[0].1[at] ^= 1;
            assert_eq!(open(&keys, &changed), Err(Damage::Manifest), "byte {at}");
        }
        let other_keys = Keys::random().ok().unwrap();
        assert_eq!(open(&other_keys, &rows), Err(Damage::Manifest));
    }

    #[test]
    fn a_part_that_says_it_is_not_all_there_is_is_not_all_there_is() {
        let keys = Keys::random().ok().unwrap();
        let sealed_as = |generation: u64, parts: u16| -> Row {
            let head = [&generation.to_be_bytes()[..], &parts.to_be_bytes()].concat();
            let place = associated(&BINDING, &head, 0);
            let key = keys.for_manifest(BINDING.epoch);
            let sealed = seal::seal(&key, &place, &listing(1).to_bytes()).unwrap();
            (part_key(0), [head, sealed].concat())
        };
        assert_eq!(open(&keys, &[sealed_as(9, 1)]), Ok(listing(1)));
        assert_eq!(open(&keys, &[sealed_as(9, 2)]), Err(Damage::Manifest));
        assert_eq!(open(&keys, &[sealed_as(8, 1)]), Err(Damage::Manifest));
    }

    #[test]
    fn names_out_of_order_or_twice_are_another_spelling() {
        let bytes = listing(2).to_bytes();
        let entry = (bytes.len() - 16) / 2;
        let (head, entries) = bytes.split_at(16);
        let (first, second) = entries.split_at(entry);
        assert!(Manifest::from_bytes(&[head, first, second].concat()).is_ok());
        assert!(Manifest::from_bytes(&[head, second, first].concat()).is_err());
        assert!(Manifest::from_bytes(&[head, first, first].concat()).is_err());
        assert!(Manifest::from_bytes(&[head, first, &second[1..]].concat()).is_err());
    }

    #[test]
    fn what_happened_to_a_record_is_told() {
        let keys = Keys::random().ok().unwrap();
        let stored = |id: u16, version: u64| -> Row {
            let secret = SecretBytes::new(id.to_be_bytes().to_vec());
            let value = record::seal(&keys, &BINDING, &name(id), version, &secret).unwrap();
            (name(id).place(&keys, BINDING.epoch), value)
        };
        let (one, two) = (stored(1, 5), stored(2, 5));
        let mut manifest = Manifest::new(1);
        manifest.insert(name(1), Entry::of(&one.1)).unwrap();
        manifest.insert(name(2), Entry::of(&two.1)).unwrap();
        let check = |rows: &[&Row]| manifest.check(&keys, BINDING.epoch, rows);

        assert_eq!(check(&[&one, &two]), Ok(()));
        assert_eq!(check(&[&two]), Err(Damage::RecordMissing(name(1))));
        assert_eq!(
            check(&[&one, &stored(2, 4)]),
            Err(Damage::RecordOlder(name(2)))
        );
        assert_eq!(
            check(&[&one, &stored(2, 5)]),
            Err(Damage::RecordChanged(name(2)))
        );
        let swapped = (two.0.clone(), one.1.clone());
        assert_eq!(
            check(&[&one, &swapped]),
            Err(Damage::RecordSwapped(name(2)))
        );
        assert_eq!(check(&[&one, &two, &stored(3, 5)]), Err(Damage::Unlisted));
    }
}
