//! Keys, ciphers, and what a passphrase becomes. Nothing in here knows where anything is stored.

pub(in crate::vault) mod calibrate;
pub(in crate::vault) mod kdf;
pub(in crate::vault) mod key;
pub(in crate::vault) mod keys;
pub(in crate::vault) mod seal;
pub(in crate::vault) mod suite;
pub(in crate::vault) mod wrap;
