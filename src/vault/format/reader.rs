//! Reading what cannot be trusted: strictly, and with a limit on everything.

use super::super::error::VaultError;

/// Why bytes are not a header that this version takes.
pub(super) enum Unreadable {
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

pub(super) fn refuse_newer(what: &'static str, found: u16, known: u16) -> Result<(), VaultError> {
    if found > known {
        return Err(VaultError::NewerFormat { what, found, known });
    }
    Ok(())
}

/// Bytes that are not as the format writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Malformed;

/// Reads binary strictly: too little or too much is [`Malformed`].
pub(in crate::vault) struct Reader<'a>(pub(in crate::vault) &'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::vault) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(in crate::vault) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(in crate::vault) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub(in crate::vault) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(in crate::vault) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(in crate::vault) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length in one byte, then as much UTF-8 without control characters.
    pub(in crate::vault) fn short_text(&mut self, longest: usize) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u8()?);
        let text = str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        if length > longest || text.chars().any(char::is_control) {
            return Err(Malformed);
        }
        Ok(text)
    }

    pub(in crate::vault) fn finish(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}
