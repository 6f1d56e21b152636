//! Bytes: what is written and read, without keeping any of it. Described in the documentation of the vault.

pub(in crate::vault) mod header;
pub(in crate::vault) mod manifest;
pub(in crate::vault) mod reader;
pub(in crate::vault) mod record;
pub(in crate::vault) mod slot;

/// Of the whole vault. Magic and format number, and the hash at the end of a header, stay where they are in all later
/// ones.
pub(in crate::vault) const FORMAT: u16 = 1;
