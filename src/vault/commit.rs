//! The one way in which a vault changes: a single batch, read back from the disk, then remembered by this machine,
//! and only then told. A crash at any moment leaves what was before or what came after.

use super::crypto::keys::Keys;
use super::error::VaultError;
use super::format::header::Header;
use super::format::manifest::{self, Manifest};
use super::locked::{self, LockedVault};
use super::store::{Change, Row};
use super::{HEADERS, Vault, moments};

/// What a vault is to be after a commit.
pub(super) struct Next<'a> {
    pub(super) keys: &'a Keys,
    pub(super) header: &'a Header,
    pub(super) manifest: &'a Manifest,
}

/// What is on the disk now.
pub(super) struct Committed {
    /// Of the manifest as it is stored.
    pub(super) digest: [u8; 32],
    /// Whether this machine remembers it. If not, nothing is lost, but a vault put back could not be told.
    pub(super) anchored: Result<(), VaultError>,
}

impl Vault {
    /// Commits changed records and their manifest, and the header where it is another one.
    pub(super) fn commit(
        &mut self,
        manifest: Manifest,
        header: &Header,
        records: Vec<Change>,
    ) -> Result<(), VaultError> {
        let next = Next {
            keys: &self.keys,
            header,
            manifest: &manifest,
        };
        let committed = self.base.commit(&next, records, &self.manifest)?;
        self.manifest = manifest;
        self.digest = committed.digest;
        self.unanchored = committed.anchored.as_ref().err().map(ToString::to_string);
        committed.anchored
    }
}

impl LockedVault {
    pub(super) fn commit(
        &mut self,
        next: &Next<'_>,
        records: Vec<Change>,
        before: &Manifest,
    ) -> Result<Committed, VaultError> {
        if let Some(anchor) = &self.anchor {
            anchor.check_space()?;
        }
        let rows = next.manifest.seal(next.keys, &next.header.binding())?;
        let digest = manifest::digest(&rows);
        let is_other_header = next.header.generation != self.header.generation;
        // Never both copies of a new header at once, so that one of them is whole whatever happens.
        let (first, then) = match is_other_header {
            true => {
                let [first, then] = self.copies_by_age();
                (vec![first], vec![then])
            }
            false => (std::mem::take(&mut self.lost_headers), vec![]),
        };
        let superfluous = next.manifest.parts()..before.parts();
        let mut changes = records;
        changes.extend(rows.into_iter().map(written));
        changes.extend(superfluous.map(|index| (manifest::part_key(index), None)));
        changes.extend(copies(next.header, &first));
        moments::pass("before the batch");
        self.store.commit(changes)?;
        moments::pass("after the batch");
        self.read_back(next, is_other_header)?;
        self.header = next.header.clone();
        let anchored = self.remember(next, digest);
        moments::pass("after the anchor");
        if !then.is_empty() {
            self.store.commit(copies(next.header, &then).collect())?;
            moments::pass("after the second header");
        }
        self.lost_headers.clear();
        Ok(Committed { digest, anchored })
    }

    /// The copy of the header that is broken or older, and the other one.
    fn copies_by_age(&self) -> [&'static [u8]; 2] {
        let [a, b] = HEADERS;
        let newest_is_a = match self.lost_headers.first() {
            Some(lost) => *lost == b,
            None => self.header.generation % 2 == 1,
        };
        match newest_is_a {
            true => [b, a],
            false => [a, b],
        }
    }

    fn read_back(&mut self, next: &Next<'_>, everything: bool) -> Result<(), VaultError> {
        let as_written = if everything {
            locked::read_manifest(&self.store, next.header, next.keys)
                .map(|(manifest, _)| manifest == *next.manifest)
        } else {
            self.read_back_manifest(next)
        };
        match as_written {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.store.fail("the list of records did not read back")),
            Err(VaultError::Damaged(_)) => {
                Err(self.store.fail("what was written did not read back"))
            }
            Err(other) => Err(other),
        }
    }

    fn read_back_manifest(&self, next: &Next<'_>) -> Result<bool, VaultError> {
        let mut kept = Vec::new();
        for key in (0..next.manifest.parts()).map(manifest::part_key) {
            let value = self.store.get(&key)?;
            kept.extend(value.map(|value| (key, value)));
        }
        let kept: Vec<&Row> = kept.iter().collect();
        let read = Manifest::open(next.keys, &next.header.binding(), &kept);
        Ok(read.as_ref() == Ok(next.manifest))
    }
}

fn copies(header: &Header, places: &[&'static [u8]]) -> impl Iterator<Item = Change> {
    let bytes = header.to_bytes();
    let copies = places
        .iter()
        .map(move |place| (place.to_vec(), Some(bytes.clone())));
    copies.collect::<Vec<_>>().into_iter()
}

pub(super) fn written((key, value): Row) -> Change {
    (key, Some(value))
}
