//! A look through everything that belongs to the vault, as it lies on the disk: what is whole, and what is not.

use std::collections::BTreeMap;

use super::crypto::keys::Keys;
use super::crypto::suite::Suite;
use super::error::{Damage, VaultError};
use super::format::header::Header;
use super::format::manifest::{Entry, Manifest};
use super::format::record::{self, RecordName};
use super::store::{Row, Store};
use super::{HEADERS, STORE, Vault, locked};

/// What a look through the vault found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// How often the vault was changed.
    pub generation: u64,
    /// How often its keys were, and one.
    pub epoch: u32,
    /// How it is encrypted.
    pub suite: Suite,
    /// How many slots it has.
    pub slots: usize,
    /// How many records were opened.
    pub records: usize,
    /// How many a viewer could compare with the list, but not open.
    pub sealed: usize,
    /// How many backups are whole.
    pub backups: usize,
    /// What is to be known; empty where all is well.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub part: Part,
    /// Whether it is damage, and not only something to be known.
    pub is_damage: bool,
    /// What, in a sentence.
    pub says: String,
}

/// What belongs to a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Its store as a whole.
    Store,
    /// One of the two copies of its header.
    Header,
    /// The list of its records.
    Manifest,
    /// A record.
    Record(RecordName),
    /// What this machine remembers of it.
    Anchor,
    /// A backup, by its number; without one, all of them.
    Backup(Option<u8>),
}

impl CheckReport {
    /// Whether something is damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| finding.is_damage)
    }

    fn add(&mut self, part: Part, is_damage: bool, says: impl ToString) {
        self.findings.push(Finding {
            part,
            is_damage,
            says: says.to_string(),
        });
    }
}

impl Vault {
    /// Reads everything from the disk again and opens it: header copies, list, every record, anchor and backups.
    /// Changes nothing.
    #[must_use]
    pub fn check(&self) -> CheckReport {
        let header = &self.base.header;
        let mut report = CheckReport {
            generation: self.generation(),
            epoch: header.epoch,
            suite: header.suite,
            slots: header.slots.len(),
            records: 0,
            sealed: 0,
            backups: 0,
            findings: Vec::new(),
        };
        let folder = self.folder().join(STORE);
        match Store::open(&folder, self.base.lock.housing()).and_then(|store| store.rows()) {
            Ok(rows) => self.check_store(&rows, &mut report),
            Err(error) => report.add(Part::Store, true, error),
        }
        self.check_memory_of_machine(&mut report);
        self.check_copies(&mut report);
        report
    }

    fn check_store(&self, rows: &[Row], report: &mut CheckReport) {
        let header = &self.base.header;
        let whole = header.to_bytes();
        for copy in HEADERS {
            let mut copies = rows.iter().filter(|(key, _)| key == copy);
            if copies.next().is_none_or(|(_, value)| *value != whole) {
                let says =
                    "a copy of the header is missing or broken; the next change writes it anew";
                report.add(Part::Header, true, says);
            }
        }
        let manifest = match locked::manifest_in(rows, header, &self.keys) {
            Ok((manifest, _)) if manifest == self.manifest => manifest,
            Ok(_) => {
                let says = "the list of records is another one than when the vault was opened";
                report.add(Part::Manifest, true, says);
                return;
            }
            Err(error) => {
                report.add(Part::Manifest, true, error);
                return;
            }
        };
        if let Err(VaultError::Damaged(Damage::Unlisted)) =
            locked::check_rows(rows, header, &self.keys)
        {
            report.add(Part::Store, true, Damage::Unlisted);
        }
        for damage in records(rows, header, &manifest, &self.keys) {
            match damage {
                Damage::RecordMissing(ref name)
                | Damage::RecordOlder(ref name)
                | Damage::RecordSwapped(ref name)
                | Damage::RecordChanged(ref name) => {
                    report.add(Part::Record(name.clone()), true, &damage);
                }
                other @ (Damage::Store
                | Damage::File
                | Damage::Headers
                | Damage::HeadersDisagree
                | Damage::HeaderSeal
                | Damage::OtherHeader
                | Damage::Manifest
                | Damage::Unlisted) => report.add(Part::Store, true, other),
            }
        }
        let opened = |name: &&RecordName| self.keys.opens(name.domain());
        report.records = manifest.records.keys().filter(opened).count();
        report.sealed = manifest.records.len() - report.records;
    }

    fn check_memory_of_machine(&self, report: &mut CheckReport) {
        match self.is_as_remembered() {
            Ok(true) => {}
            Ok(false) => {
                let says =
                    "this machine does not remember the vault as it is; the next change does";
                report.add(Part::Anchor, false, says);
            }
            Err(error) => report.add(Part::Anchor, true, error),
        }
    }

    fn check_copies(&self, report: &mut CheckReport) {
        let checked = self.check_backups();
        if checked.is_empty() {
            report.add(Part::Backup(None), false, "there is no backup");
        }
        for (which, outcome) in checked {
            match outcome {
                Ok(facts) if facts.epoch != report.epoch => {
                    let says = "it was made before the keys were changed and opens with what opened the vault then";
                    report.add(Part::Backup(Some(which)), false, says);
                }
                Ok(_) => report.backups += 1,
                Err(error) => report.add(Part::Backup(Some(which)), true, error),
            }
        }
    }
}

/// What is wrong with the records that are on the list. What the keys at hand do not open is compared with it.
pub(super) fn records(
    rows: &[Row],
    header: &Header,
    manifest: &Manifest,
    keys: &Keys,
) -> Vec<Damage> {
    let binding = header.binding();
    let found: BTreeMap<&[u8], &[u8]> = rows
        .iter()
        .map(|(key, value)| (&key[..], &value[..]))
        .collect();
    let mut damaged = Vec::new();
    for (name, entry) in &manifest.records {
        let place = name.place(keys, header.epoch);
        let Some(value) = found.get(&place[..]) else {
            damaged.push(Damage::RecordMissing(name.clone()));
            continue;
        };
        let is_listed = Entry::of(value) == *entry;
        let opens = !keys.opens(name.domain())
            || record::open(keys, &binding, name, entry.version, value).is_ok();
        if !is_listed || !opens {
            damaged.push(Damage::RecordChanged(name.clone()));
        }
    }
    damaged
}

#[cfg(test)]
mod tests;
