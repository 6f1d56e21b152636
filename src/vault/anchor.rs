//! What this machine remembers of a vault, in another folder than the vault's: how far it had come. A vault put back
//! as it once was is whole in itself; only somebody who saw more can tell. Written after every commit, and before
//! its caller is told.
//!
//! ```text
//! magic[8] · vault_id[16] · epoch u32 · generation u64 · manifest[32] · mac[32]
//! ```

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::{fs, mem};

use super::commit::Next;
use super::crypto::key::Key;
use super::error::VaultError;
use super::format::reader::{Malformed, Reader};
use super::locked::LockedVault;
use super::{Vault, disk, moments};

const FILE: &str = "anchor";
const MAGIC: [u8; 8] = *b"TDANCH1\0";
const MAC: usize = 32;
const LENGTH: usize = 8 + 16 + 4 + 8 + 32 + MAC;

/// Where this machine remembers.
pub(super) struct Anchor {
    folder: PathBuf,
}

/// A vault at a moment of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    vault_id: [u8; 16],
    /// Whose key it is authenticated with.
    epoch: u32,
    generation: u64,
    /// Of the manifest as it was stored.
    digest: [u8; 32],
}

/// What a vault is, seen from what is remembered of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    /// Or nothing is remembered: a crash came between the vault and the anchor, or the machine is another.
    Newer,
    Older,
    Forked,
    Another,
}

impl LockedVault {
    /// Has the vault compared with what is remembered in that folder, and remembered there from now on.
    #[must_use]
    pub fn anchored_in(mut self, folder: &Path) -> Self {
        self.anchor = Some(Anchor::in_folder(folder.to_path_buf()));
        self
    }

    /// Accepts the vault at the next unlock as it is, whatever is remembered of it. A person's decision, to be written
    /// down somewhere: it makes an older copy of the vault the vault.
    #[must_use]
    pub fn accept_older(mut self) -> Self {
        self.accepts_older = true;
        self
    }

    /// Remembers what was just committed.
    pub(super) fn remember(&self, next: &Next<'_>, digest: [u8; 32]) -> Result<(), VaultError> {
        let Some(anchor) = &self.anchor else {
            return Ok(());
        };
        let memory = Memory {
            vault_id: next.header.vault_id,
            epoch: next.header.epoch,
            generation: next.manifest.generation,
            digest,
        };
        let key = next.keys.for_anchor(memory.epoch);
        let written = anchor.write(&memory, &key);
        written.map_err(|why| VaultError::NotAnchored(Box::new(why)))
    }
}

impl Vault {
    /// Compares the vault with what is remembered of it; what is not remembered yet is from now on.
    pub(super) fn check_anchor(&mut self) -> Result<(), VaultError> {
        let accepted = mem::take(&mut self.base.accepts_older);
        let (verdict, remembered) = match self.compare_with_anchor() {
            Err(VaultError::AnchorBroken(_)) if accepted => (Verdict::Another, 0),
            compared => compared?,
        };
        match verdict {
            Verdict::Same => Ok(()),
            Verdict::Newer => {
                let remembered = self.base.remember(&self.as_it_is(), self.digest);
                self.unanchored = remembered.err().map(|why| why.to_string());
                Ok(())
            }
            Verdict::Older | Verdict::Forked | Verdict::Another if accepted => {
                self.overtake(remembered)
            }
            Verdict::Older | Verdict::Forked | Verdict::Another => {
                Err(self.contradiction(verdict, remembered))
            }
        }
    }

    fn contradiction(&self, verdict: Verdict, remembered: u64) -> VaultError {
        match verdict {
            Verdict::Older => VaultError::OlderThanAnchor {
                found: self.generation(),
                remembered,
            },
            Verdict::Forked => VaultError::ForkedFromAnchor {
                generation: self.generation(),
            },
            Verdict::Same | Verdict::Newer | Verdict::Another => {
                VaultError::AnchorOfAnother(self.anchor_path())
            }
        }
    }

    /// Whether what is remembered is what there is, for a report.
    pub(super) fn is_as_remembered(&self) -> Result<bool, VaultError> {
        let (verdict, remembered) = self.compare_with_anchor()?;
        match verdict {
            Verdict::Same => Ok(true),
            Verdict::Newer => Ok(false),
            Verdict::Older | Verdict::Forked | Verdict::Another => {
                Err(self.contradiction(verdict, remembered))
            }
        }
    }

    /// The sentence for a person when this machine could not note the vault as it is now.
    #[must_use]
    pub fn unanchored(&self) -> Option<&str> {
        self.unanchored.as_deref()
    }

    fn as_it_is(&self) -> Next<'_> {
        Next {
            keys: &self.keys,
            header: &self.base.header,
            manifest: &self.manifest,
        }
    }

    fn anchor_path(&self) -> PathBuf {
        let anchor = self.base.anchor.as_ref();
        anchor.map(Anchor::path).unwrap_or_default()
    }

    /// And the generation that is remembered.
    fn compare_with_anchor(&self) -> Result<(Verdict, u64), VaultError> {
        let Some(anchor) = &self.base.anchor else {
            return Ok((Verdict::Same, 0));
        };
        let broken = || VaultError::AnchorBroken(anchor.path());
        let Some(bytes) = anchor.read()? else {
            return Ok((Verdict::Newer, 0));
        };
        let (memory, message, mac) = Memory::parse(&bytes).map_err(|_| broken())?;
        let epoch = self.base.header.epoch;
        if memory.vault_id == self.base.header.vault_id && memory.epoch <= epoch {
            let key = match memory.epoch == epoch {
                true => Some(self.keys.for_anchor(epoch)),
                false => self.past_anchor_key(memory.epoch)?,
            };
            if !key.is_some_and(|key| key.mac_matches(message, mac)) {
                return Err(broken());
            }
        }
        Ok((self.seen_from(&memory), memory.generation))
    }

    /// An anchor of a later epoch was written with a key that this copy of the vault does not have: it is not
    /// authenticated then, and the vault is older in any case.
    fn seen_from(&self, memory: &Memory) -> Verdict {
        let header = &self.base.header;
        if memory.vault_id != header.vault_id {
            return Verdict::Another;
        }
        if memory.epoch > header.epoch || self.generation() < memory.generation {
            return Verdict::Older;
        }
        if self.generation() > memory.generation {
            return Verdict::Newer;
        }
        match self.digest == memory.digest {
            true => Verdict::Same,
            false => Verdict::Forked,
        }
    }

    /// Goes on from a generation that nobody has seen, so that what was remembered stays the past.
    fn overtake(&mut self, remembered: u64) -> Result<(), VaultError> {
        // What is remembered may have been written by anybody: it must not use up all numbers.
        let remembered = remembered.min(u64::MAX / 2);
        let mut manifest = self.manifest.next();
        manifest.generation = manifest.generation.max(remembered.saturating_add(1));
        let header = self.base.header.clone();
        self.commit(manifest, &header, vec![])
    }
}

impl Anchor {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Asked before the vault changes, so that both can.
    pub(super) fn check_space(&self) -> Result<(), VaultError> {
        self.make_folder()?;
        disk::check_space(&self.folder, LENGTH as u64)
    }

    /// Forgets whatever is remembered.
    pub(super) fn forget(&self) -> Result<(), VaultError> {
        let path = self.path();
        match fs::remove_file(&path) {
            Ok(()) => disk::sync_folder_of(&path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(VaultError::io("remove", &path)(error)),
        }
    }

    fn make_folder(&self) -> Result<(), VaultError> {
        match self.folder.symlink_metadata() {
            Ok(_) => Ok(()),
            Err(_) => disk::make_folder(&self.folder),
        }
    }

    fn read(&self) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path();
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        disk::check_private(&path)?;
        let mut bytes = Vec::new();
        fs::File::open(&path)
            .and_then(|file| file.take(LENGTH as u64 + 1).read_to_end(&mut bytes))
            .map_err(VaultError::io("read", &path))?;
        Ok(Some(bytes))
    }

    fn write(&self, memory: &Memory, key: &Key) -> Result<(), VaultError> {
        self.make_folder()?;
        let (path, unfinished) = (self.path(), self.folder.join("anchor.tmp"));
        disk::write_new_file(&unfinished, &memory.to_bytes(key))?;
        moments::pass("before the anchor is in place");
        disk::rename(&unfinished, &path)
    }
}

impl Memory {
    fn to_bytes(self, key: &Key) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.vault_id);
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.digest);
        let mac = key.mac(&bytes);
        bytes.extend_from_slice(&mac);
        bytes
    }

    /// And the bytes that the MAC is over, and the MAC.
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8], &[u8; MAC]), Malformed> {
        let (message, mac) = bytes.split_last_chunk::<MAC>().ok_or(Malformed)?;
        let mut rest = Reader(message);
        if rest.array()? != MAGIC {
            return Err(Malformed);
        }
        let memory = Self {
            vault_id: rest.array()?,
            epoch: rest.u32()?,
            generation: rest.u64()?,
            digest: rest.array()?,
        };
        rest.finish()?;
        Ok((memory, message, mac))
    }
}

#[cfg(test)]
mod tests;
