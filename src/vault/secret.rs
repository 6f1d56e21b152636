//! Secrets as values: wiped when dropped, and with no voice. None of them has `Debug`, `Display`, `Clone` or `Serialize`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::crypto::kdf::Typed;
use super::error::VaultError;
use super::memory::Cell;

const LONGEST_PASSPHRASE: usize = 1024;

/// What a person types to open the vault, in Unicode form NFKC, so that another keyboard's spelling of
/// the same characters opens it too.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// let passphrase = tradedeck::vault::Passphrase::new("correct horse").ok().unwrap();
/// format!("{passphrase:?}");
/// ```
/// ```compile_fail,E0277
/// let passphrase = tradedeck::vault::Passphrase::new("correct horse").ok().unwrap();
/// format!("{passphrase}");
/// ```
/// and not serialised:
/// ```compile_fail,E0277
/// let passphrase = tradedeck::vault::Passphrase::new("correct horse").ok().unwrap();
/// serde_json::to_string(&passphrase);
/// ```
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Copies `typed`; wiping the original is up to the caller.
    ///
    /// # Errors
    /// [`VaultError::BadPassphrase`] when it is empty or longer than 1,024 bytes.
    pub fn new(typed: &str) -> Result<Self, VaultError> {
        if typed.is_empty() {
            return Err(VaultError::BadPassphrase("the passphrase is empty"));
        }
        if typed.len() > LONGEST_PASSPHRASE {
            return Err(VaultError::BadPassphrase(
                "the passphrase is longer than 1024 bytes",
            ));
        }
        // Sized first, because a string that grows leaves its old buffer behind unwiped.
        let length = typed.nfkc().map(char::len_utf8).sum();
        let mut normal = Zeroizing::new(String::with_capacity(length));
        normal.extend(typed.nfkc());
        Ok(Self(normal))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The file that some slots ask for beside the passphrase: something one has, beside something one knows.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// format!("{:?}", tradedeck::vault::KeyFile::from_bytes(b"something").ok().unwrap());
/// ```
pub struct KeyFile(Cell);

const LARGEST_KEY_FILE: u64 = 1024 * 1024;

impl KeyFile {
    /// Reads a key file: any file of 1 byte to 1 MiB that does not change.
    ///
    /// # Errors
    /// [`VaultError::BadKeyFile`], [`VaultError::Io`].
    pub fn read(path: &Path) -> Result<Self, VaultError> {
        let file = File::open(path).map_err(VaultError::io("open", path))?;
        let length = file.metadata().map_err(VaultError::io("look at", path))?;
        // Sized first, because a buffer that grows leaves the old one behind unwiped.
        let room = length.len().min(LARGEST_KEY_FILE) + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
        file.take(room)
            .read_to_end(&mut bytes)
            .map_err(VaultError::io("read", path))?;
        Self::from_bytes(&bytes)
    }

    /// The key file with this content.
    ///
    /// # Errors
    /// [`VaultError::BadKeyFile`] when it is empty or larger than 1 MiB.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        if bytes.is_empty() || bytes.len() as u64 > LARGEST_KEY_FILE {
            return Err(VaultError::BadKeyFile);
        }
        let mut hash = Cell::new();
        hash.copy_from_slice(blake3::hash(bytes).as_bytes());
        Ok(Self(hash))
    }
}

/// What opens a slot: a passphrase, and its key file where it has one. A passphrase alone becomes one by itself.
#[derive(Clone, Copy)]
pub struct Opener<'a> {
    /// What is typed.
    pub passphrase: &'a Passphrase,
    /// What lies beside it.
    pub key_file: Option<&'a KeyFile>,
}

impl<'a> From<&'a Passphrase> for Opener<'a> {
    fn from(passphrase: &'a Passphrase) -> Self {
        Self {
            passphrase,
            key_file: None,
        }
    }
}

impl<'a> Opener<'a> {
    /// What is stretched for a slot that does or does not ask for a key file; `None` when there is none to give.
    pub(super) fn typed(&self, with_key_file: bool) -> Option<Typed<'a>> {
        let key_file = match with_key_file {
            true => Some(&*self.key_file?.0),
            false => None,
        };
        Some(Typed {
            secret: self.passphrase.bytes(),
            key_file,
        })
    }
}

/// A secret that the vault keeps, or just gave back.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// format!("{:?}", tradedeck::vault::SecretBytes::new(vec![1, 2, 3]));
/// ```
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the buffer over; it is wiped when this value is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret itself. Copy it nowhere that outlives this value.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Compares without telling by its duration where two secrets differ.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::crypto::key::Key;
    use super::super::crypto::keys::Keys;
    use super::super::crypto::seal::Sealer;
    use super::super::{LockedVault, Vault};
    use super::*;

    /// Does not compile once one of them learns to print itself: then two traits would fit.
    macro_rules! silent {
        ($($secret:ty),*) => {$(
            const _: fn() = || {
                trait Speaks<How> {
                    fn check() {}
                }
                struct Aloud;
                impl<T: ?Sized> Speaks<()> for T {}
                impl<T: ?Sized + std::fmt::Debug> Speaks<Aloud> for T {}
                <$secret as Speaks<_>>::check();
            };
        )*};
    }
    silent!(
        Passphrase,
        KeyFile,
        Opener<'static>,
        SecretBytes,
        Cell,
        Key,
        Keys,
        Sealer,
        Vault,
        LockedVault
    );

    #[test]
    fn the_same_characters_spelt_otherwise_are_the_same_passphrase() {
        let composed = Passphrase::new("caf\u{e9} \u{fb01}").ok().unwrap();
        let decomposed = Passphrase::new("cafe\u{301} fi").ok().unwrap();
        assert!(composed.bytes() == decomposed.bytes());
    }

    #[test]
    fn empty_and_endless_passphrases_are_refused() {
        assert!(Passphrase::new("").is_err());
        assert!(Passphrase::new(&"x".repeat(1024)).is_ok());
        assert!(Passphrase::new(&"x".repeat(1025)).is_err());
    }

    #[test]
    fn a_key_file_is_a_file_of_some_bytes_and_not_too_many() {
        let home = tempfile::tempdir().unwrap();
        let read = |bytes: usize| {
            let path = home.path().join("key");
            std::fs::write(&path, vec![7; bytes]).unwrap();
            KeyFile::read(&path)
        };
        assert!(read(0).is_err());
        let most = usize::try_from(LARGEST_KEY_FILE).unwrap();
        assert!(read(most + 1).is_err());
        let whole = read(most).ok().unwrap();
        assert_eq!(*whole.0, *blake3::hash(&vec![7; most]).as_bytes());
        assert!(KeyFile::read(&home.path().join("absent")).is_err());
    }

    #[test]
    fn secrets_compare_by_content() {
        let secret = || SecretBytes::new(vec![1, 2, 3]);
        assert!(secret().same_as(&secret()));
        assert!(!secret().same_as(&SecretBytes::new(vec![1, 2, 4])));
        assert!(!secret().same_as(&SecretBytes::new(vec![1, 2])));
    }
}
