//! Secrets as values: wiped when dropped, and with no voice. None of them has `Debug`, `Display`, `Clone` or `Serialize`.

use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::error::VaultError;

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
    use super::super::keys::Keys;
    use super::super::seal::{Key, Sealer};
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
        SecretBytes,
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
    fn secrets_compare_by_content() {
        let secret = || SecretBytes::new(vec![1, 2, 3]);
        assert!(secret().same_as(&secret()));
        assert!(!secret().same_as(&SecretBytes::new(vec![1, 2, 4])));
        assert!(!secret().same_as(&SecretBytes::new(vec![1, 2])));
    }
}
