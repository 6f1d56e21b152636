//! The one file that a backup is: the rows of the store as they are, sealed, with a hash for everybody and a MAC for
//! who has the keys.
//!
//! ```text
//! magic[8] · format u16 · made u64 · vault_id[16] · epoch u32 · header_generation u64 · generation u64
//! row_count u32 · rows… · mac[32] · blake3[32]
//! ```
//! A row: `key_length u16 · key · value_length u16 · value`, in the order of the keys.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::super::check;
use super::super::crypto::key::Key;
use super::super::crypto::keys::Keys;
use super::super::error::{Damage, VaultError};
use super::super::format::header::Header;
use super::super::format::reader::{Malformed, Reader};
use super::super::format::record;
use super::super::store::Row;
use super::super::{disk, locked};

const MAGIC: [u8; 8] = *b"TDBACKUP";
const FORMAT: u16 = 1;
const MAC: usize = 32;
const HASH: usize = 32;
const MOST_ROWS: u32 = 8 * 1024;
/// As many rows as a store may have, of the largest kind.
const LARGEST: u64 = 80 * 1024 * 1024;

/// What a backup says it is, to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFacts {
    /// When it was made, in seconds since 1970 as its maker's clock had it.
    pub made: u64,
    /// The vault's generation then.
    pub generation: u64,
    /// The epoch of its keys then.
    pub epoch: u32,
    /// How many sealed records are in it.
    pub records: usize,
    pub(super) header_generation: u64,
    pub(super) vault_id: [u8; 16],
}

/// A backup in memory.
pub(super) struct Export {
    pub(super) facts: BackupFacts,
    pub(super) rows: Vec<Row>,
}

impl Export {
    pub(super) fn new(header: &Header, generation: u64, made: u64, mut rows: Vec<Row>) -> Self {
        rows.sort();
        let facts = BackupFacts {
            made,
            generation,
            epoch: header.epoch,
            records: count_records(&rows),
            header_generation: header.generation,
            vault_id: header.vault_id,
        };
        Self { facts, rows }
    }

    pub(super) fn to_bytes(&self, key: &Key) -> Vec<u8> {
        let facts = &self.facts;
        let short =
            |length: usize| u16::try_from(length).expect("rows of a store are at most 8 KiB");
        let count = u32::try_from(self.rows.len()).expect("a store has at most 8,192 rows");
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&facts.made.to_be_bytes());
        bytes.extend_from_slice(&facts.vault_id);
        bytes.extend_from_slice(&facts.epoch.to_be_bytes());
        bytes.extend_from_slice(&facts.header_generation.to_be_bytes());
        bytes.extend_from_slice(&facts.generation.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        for part in self.rows.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&short(part.len()).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let mac = key.mac(&bytes);
        bytes.extend_from_slice(&mac);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    /// Reads a backup and what its MAC is over. Nothing in it is authenticated yet.
    ///
    /// # Errors
    /// [`VaultError::BackupDamaged`], [`VaultError::NewerFormat`], [`VaultError::Permissions`], [`VaultError::Io`].
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<u8>), VaultError> {
        disk::check_private(path)?;
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(VaultError::io("read", path))?;
        let export = Self::parse(&bytes)?;
        Ok((export, bytes))
    }

    fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let damaged = |_: Malformed| VaultError::BackupDamaged(Damage::File);
        let (content, hash) = bytes
            .split_last_chunk::<HASH>()
            .ok_or_else(|| damaged(Malformed))?;
        let mut rest = Reader(content);
        let is_whole = blake3::hash(content) == *hash;
        if !is_whole || rest.array().map_err(damaged)? != MAGIC {
            return Err(damaged(Malformed));
        }
        let found = rest.u16().map_err(damaged)?;
        if found > FORMAT {
            let (what, known) = ("backup format", FORMAT);
            return Err(VaultError::NewerFormat { what, found, known });
        }
        Self::read_content(rest).map_err(damaged)
    }

    fn read_content(mut rest: Reader<'_>) -> Result<Self, Malformed> {
        let made = rest.u64()?;
        let vault_id = rest.array()?;
        let epoch = rest.u32()?;
        let header_generation = rest.u64()?;
        let generation = rest.u64()?;
        let count = rest.u32()?;
        if count > MOST_ROWS {
            return Err(Malformed);
        }
        let mut part = || {
            let length = rest.u16()?;
            rest.take(length.into()).map(<[u8]>::to_vec)
        };
        let rows = (0..count).map(|_| Ok((part()?, part()?)));
        let rows = rows.collect::<Result<Vec<Row>, Malformed>>()?;
        let _mac: [u8; MAC] = rest.array()?;
        rest.finish()?;
        let in_order = rows.is_sorted_by(|(one, _), (next, _)| one < next);
        let facts = BackupFacts {
            made,
            generation,
            epoch,
            records: count_records(&rows),
            header_generation,
            vault_id,
        };
        match in_order {
            true => Ok(Self { facts, rows }),
            false => Err(Malformed),
        }
    }

    pub(super) fn header(&self) -> Result<Header, VaultError> {
        let found = locked::header_in(&self.rows).map_err(as_backup)?;
        let (header, _) = found;
        Ok(header)
    }

    /// Whether everything in it is as it was sealed, and opens.
    pub(super) fn verify(&self, bytes: &[u8], keys: &Keys) -> Result<(), VaultError> {
        let header = self.header()?;
        let facts = &self.facts;
        let key = keys.for_backup(header.epoch);
        let (content, _) = bytes
            .split_last_chunk::<HASH>()
            .ok_or(VaultError::BackupDamaged(Damage::File))?;
        let authentic = content
            .split_last_chunk::<MAC>()
            .is_some_and(|(message, mac)| key.mac_matches(message, mac));
        if !authentic {
            return Err(VaultError::BackupDamaged(Damage::File));
        }
        let (manifest, _) = locked::check_rows(&self.rows, &header, keys).map_err(as_backup)?;
        let says = (facts.vault_id, facts.epoch, facts.header_generation);
        let is = (header.vault_id, header.epoch, header.generation);
        if says != is || facts.generation != manifest.generation {
            return Err(VaultError::BackupDamaged(Damage::File));
        }
        let mut unsound = check::records(&self.rows, &header, &manifest, keys).into_iter();
        match unsound.next() {
            Some(damage) => Err(VaultError::BackupDamaged(damage)),
            None => Ok(()),
        }
    }
}

fn count_records(rows: &[Row]) -> usize {
    let records = rows
        .iter()
        .filter(|(key, _)| key.starts_with(record::PREFIX));
    records.count()
}

fn as_backup(error: VaultError) -> VaultError {
    if let VaultError::Damaged(damage) = error {
        return VaultError::BackupDamaged(damage);
    }
    error
}
