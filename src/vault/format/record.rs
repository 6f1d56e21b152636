//! One secret of the vault: its name, and its bytes bound to that name.

use std::fmt;

use super::super::crypto::keys::Keys;
use super::super::crypto::seal::{self, Binding, NotAuthentic, OVERHEAD, Place};
use super::super::error::VaultError;
use super::super::secret::SecretBytes;
use super::super::store::LARGEST_VALUE;
use super::reader::{Malformed, Reader};

/// Lengths are rounded up to this, so that the size of a token does not tell which broker it is for.
const STEP: usize = 256;
const LENGTH: usize = 4;
const VERSION: usize = 8;

/// The longest secret a record holds, in bytes.
pub const LARGEST_SECRET: usize = (LARGEST_VALUE - VERSION - OVERHEAD) / STEP * STEP - LENGTH;

const LONGEST_WORD: usize = 32;

/// In the place of a broker: records that the vault keeps for itself.
const VAULT: &str = "vault";

/// Which key a record is sealed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Enough to look: opens for everyone who may open the vault.
    View,
    /// Enough to trade.
    Trade,
}

/// Paper and live are part of a record's place: a live token cannot be slipped into a paper profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// The broker's simulation.
    Paper,
    /// Real money.
    Live,
}

/// Where a secret belongs. All of it is authenticated with the secret; none of it is readable on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName {
    domain: Domain,
    broker: String,
    environment: Environment,
    kind: String,
    id: [u8; 16],
}

impl RecordName {
    /// `broker` and `kind` are 1 to 32 of `a-z`, `0-9`, `-` and `_`.
    ///
    /// # Errors
    /// [`VaultError::BadName`]; [`VaultError::ReservedName`] for the broker `vault`.
    pub fn new(
        domain: Domain,
        broker: &str,
        environment: Environment,
        kind: &str,
        id: [u8; 16],
    ) -> Result<Self, VaultError> {
        match broker == VAULT {
            true => Err(VaultError::ReservedName),
            false => Self::of_words(domain, broker, environment, kind, id),
        }
    }

    /// The name of a record that the vault keeps for itself.
    pub(in crate::vault) fn of_vault(domain: Domain, kind: &str, id: [u8; 16]) -> Self {
        Self::of_words(domain, VAULT, Environment::Live, kind, id).expect("plain words")
    }

    /// Whether the vault keeps it for itself.
    pub(in crate::vault) fn is_internal(&self) -> bool {
        self.broker == VAULT
    }

    pub(in crate::vault) fn is_of_vault(&self, kind: &str) -> bool {
        self.is_internal() && self.kind == kind
    }

    fn of_words(
        domain: Domain,
        broker: &str,
        environment: Environment,
        kind: &str,
        id: [u8; 16],
    ) -> Result<Self, VaultError> {
        for (what, word) in [("a broker's name", broker), ("a kind of record", kind)] {
            if !is_word(word) {
                return Err(VaultError::BadName { what });
            }
        }
        Ok(Self {
            domain,
            broker: broker.to_owned(),
            environment,
            kind: kind.to_owned(),
            id,
        })
    }

    /// Which key it is sealed under.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// The broker's name in our registry: `alpaca`.
    #[must_use]
    pub fn broker(&self) -> &str {
        &self.broker
    }

    /// Paper or live.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// What kind of secret: `connection`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Which of that kind.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    pub(in crate::vault) fn to_bytes(&self) -> Vec<u8> {
        let domain = match self.domain {
            Domain::View => 1,
            Domain::Trade => 2,
        };
        let environment = match self.environment {
            Environment::Paper => 1,
            Environment::Live => 2,
        };
        let mut bytes = vec![domain];
        bytes.extend_from_slice(&self.id);
        for word in [&self.kind, &self.broker] {
            bytes.push(u8::try_from(word.len()).expect("words are at most 32 bytes"));
            bytes.extend_from_slice(word.as_bytes());
        }
        bytes.push(environment);
        bytes
    }

    pub(in crate::vault) fn read(rest: &mut Reader<'_>) -> Result<Self, Malformed> {
        let domain = match rest.u8()? {
            1 => Domain::View,
            2 => Domain::Trade,
            _ => return Err(Malformed),
        };
        let id = rest.array()?;
        let kind = rest.short_text(LONGEST_WORD)?;
        let broker = rest.short_text(LONGEST_WORD)?;
        let environment = match rest.u8()? {
            1 => Environment::Paper,
            2 => Environment::Live,
            _ => return Err(Malformed),
        };
        Self::of_words(domain, broker, environment, kind, id).map_err(|_| Malformed)
    }

    /// The key in the store: says nothing about the name to those who cannot open the vault.
    pub(in crate::vault) fn place(&self, keys: &Keys, epoch: u32) -> Vec<u8> {
        let mac = keys.for_places(epoch).mac(&self.to_bytes());
        [PREFIX, &mac].concat()
    }
}

/// What the store's keys of records begin with.
pub(in crate::vault) const PREFIX: &[u8] = b"rec/";

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let environment = match self.environment {
            Environment::Paper => "paper",
            Environment::Live => "live",
        };
        write!(f, "{}/{environment}/{}", self.broker, self.kind)
    }
}

fn is_word(word: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(allowed)
}

/// Returns `version u64 ‖ nonce ‖ ciphertext ‖ tag`; the plaintext is `length u32 ‖ secret ‖ zeros`.
pub(in crate::vault) fn seal(
    keys: &Keys,
    binding: &Binding,
    name: &RecordName,
    version: u64,
    secret: &SecretBytes,
) -> Result<Vec<u8>, VaultError> {
    let secret = secret.expose();
    if secret.len() > LARGEST_SECRET {
        return Err(VaultError::TooLarge {
            limit: LARGEST_SECRET,
            found: secret.len(),
        });
    }
    let length = u32::try_from(secret.len()).expect("at most LARGEST_SECRET");
    let padded = (LENGTH + secret.len()).next_multiple_of(STEP);
    let key = keys.for_records(name.domain, binding.epoch)?;
    let sealed = seal::seal_in_place(&key, &associated(binding, name, version), padded, |text| {
        text[..LENGTH].copy_from_slice(&length.to_be_bytes());
        text[LENGTH..LENGTH + secret.len()].copy_from_slice(secret);
    })?;
    Ok([&version.to_be_bytes()[..], &sealed].concat())
}

pub(in crate::vault) fn open(
    keys: &Keys,
    binding: &Binding,
    name: &RecordName,
    version: u64,
    value: &[u8],
) -> Result<SecretBytes, NotAuthentic> {
    if version_of(value) != Some(version) {
        return Err(NotAuthentic);
    }
    let key = keys
        .for_records(name.domain, binding.epoch)
        .map_err(|_| NotAuthentic)?;
    let associated = associated(binding, name, version);
    let padded = seal::open(&key, &associated, &value[VERSION..])?;
    let (length, rest) = padded
        .expose()
        .split_first_chunk::<LENGTH>()
        .ok_or(NotAuthentic)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| NotAuthentic)?;
    let (secret, padding) = rest.split_at_checked(length).ok_or(NotAuthentic)?;
    // One secret, one spelling.
    let is_padded = padded.expose().len() == (LENGTH + length).next_multiple_of(STEP);
    if !is_padded || padding.iter().any(|&byte| byte != 0) {
        return Err(NotAuthentic);
    }
    Ok(SecretBytes::new(secret.to_vec()))
}

/// The version a stored value says it is, before anything is authenticated.
pub(in crate::vault) fn version_of(value: &[u8]) -> Option<u64> {
    value
        .first_chunk::<VERSION>()
        .map(|bytes| u64::from_be_bytes(*bytes))
}

fn associated(binding: &Binding, name: &RecordName, version: u64) -> Place {
    let mut place = name.to_bytes();
    place.extend_from_slice(&version.to_be_bytes());
    binding.place(b"TDREC1", &place)
}

const _: () = assert!(LARGEST_SECRET >= 7_900);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::crypto::suite::Suite;

    const BINDING: Binding = Binding {
        vault_id: [1; 16],
        epoch: 1,
        suite: Suite::XChaCha20Poly1305,
    };

    fn name(
        domain: Domain,
        broker: &str,
        environment: Environment,
        kind: &str,
        id: u8,
    ) -> RecordName {
        RecordName::new(domain, broker, environment, kind, [id; 16]).expect("a good name")
    }

    fn alpaca() -> RecordName {
        name(Domain::Trade, "alpaca", Environment::Paper, "token", 1)
    }

    #[test]
    fn a_record_opens_only_as_what_it_was_sealed_as() {
        let keys = Keys::random().ok().unwrap();
        let secret = SecretBytes::new(b"PKTEST".to_vec());
        let sealed = seal(&keys, &BINDING, &alpaca(), 7, &secret).unwrap();
        let opens = |binding: &Binding, name: &RecordName, version: u64| {
            open(&keys, binding, name, version, &sealed).is_ok_and(|opened| opened.same_as(&secret))
        };
        assert!(opens(&BINDING, &alpaca(), 7));
        assert!(!opens(&BINDING, &alpaca(), 6));
        let others = [
            name(Domain::View, "alpaca", Environment::Paper, "token", 1),
            name(Domain::Trade, "alpac", Environment::Paper, "atoken", 1),
            name(Domain::Trade, "alpaca", Environment::Live, "token", 1),
            name(Domain::Trade, "alpaca", Environment::Paper, "tokens", 1),
            name(Domain::Trade, "alpaca", Environment::Paper, "token", 2),
        ];
        for other in others {
            assert!(!opens(&BINDING, &other, 7), "{other:?}");
        }
        let vault_id = [2; 16];
        assert!(!opens(
            &Binding {
                vault_id,
                ..BINDING
            },
            &alpaca(),
            7
        ));
        assert!(!opens(
            &Binding {
                epoch: 2,
                ..BINDING
            },
            &alpaca(),
            7
        ));
        let other_keys = Keys::random().ok().unwrap();
        assert!(open(&other_keys, &BINDING, &alpaca(), 7, &sealed).is_err());
    }

    #[test]
    fn the_version_in_the_open_is_bound_too() {
        let keys = Keys::random().ok().unwrap();
        let secret = SecretBytes::new(vec![]);
        let mut sealed = seal(&keys, &BINDING, &alpaca(), 7, &secret).unwrap();
        sealed[VERSION - 1] = 8;
        assert!(open(&keys, &BINDING, &alpaca(), 8, &sealed).is_err());
        assert!(open(&keys, &BINDING, &alpaca(), 7, &sealed).is_err());
        for length in 0..sealed.len() {
            assert!(open(&keys, &BINDING, &alpaca(), 7, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn lengths_are_rounded_and_bounded() {
        let keys = Keys::random().ok().unwrap();
        let sealed_length = |length: usize| {
            let secret = SecretBytes::new(vec![b'x'; length]);
            let sealed = seal(&keys, &BINDING, &alpaca(), 1, &secret)?;
            let opened = open(&keys, &BINDING, &alpaca(), 1, &sealed).ok();
            assert!(opened.expect("sealed just now").same_as(&secret));
            Ok::<usize, VaultError>(sealed.len() - VERSION - OVERHEAD)
        };
        assert_eq!(sealed_length(0).unwrap(), 256);
        assert_eq!(sealed_length(252).unwrap(), 256);
        assert_eq!(sealed_length(253).unwrap(), 512);
        assert!(sealed_length(LARGEST_SECRET).unwrap() <= LARGEST_VALUE);
        let refused = sealed_length(LARGEST_SECRET + 1);
        assert!(matches!(refused, Err(VaultError::TooLarge { .. })));
    }

    #[test]
    fn names_are_plain_words() {
        let with = |broker: &str, kind: &str| {
            RecordName::new(Domain::View, broker, Environment::Live, kind, [0; 16]).is_ok()
        };
        assert!(with("ibkr", "oauth-token_2"));
        assert!(with(&"x".repeat(32), "x"));
        for bad in ["", "Alpaca", "a/b", "\u{1b}[31m", "é", &"x".repeat(33)] {
            assert!(!with(bad, "token"), "{bad:?}");
            assert!(!with("ibkr", bad), "{bad:?}");
        }
    }

    #[test]
    fn the_vaults_own_records_have_names_that_nobody_else_can_give() {
        let given = RecordName::new(Domain::View, "vault", Environment::Live, "token", [0; 16]);
        assert!(matches!(given, Err(VaultError::ReservedName)));
        let own = RecordName::of_vault(Domain::View, "past-keys", [0; 16]);
        assert!(own.is_of_vault("past-keys") && !own.is_of_vault("token"));
        assert!(!alpaca().is_of_vault("token"));
        assert_eq!(RecordName::read(&mut Reader(&own.to_bytes())), Ok(own));
    }

    #[test]
    fn a_name_has_one_spelling() {
        let written = alpaca().to_bytes();
        let mut rest = Reader(&written);
        assert_eq!(RecordName::read(&mut rest), Ok(alpaca()));
        assert_eq!(rest.finish(), Ok(()));
        assert!(RecordName::read(&mut Reader(&written[..written.len() - 1])).is_err());
    }
}
