//! Where an entry lies. Keys are not sealed, so this says what the file shows of them to somebody without the vault:
//! how many accounts there are, how many entries each has and at which moments, which entries are of the same symbol,
//! and which versions are of the same entry. Numbers of accounts, symbols and ids are there as digests under a key of
//! the file, which is sealed in it: nobody can try names against them.
//!
//! ```text
//! entries             account u32 · moment u64 · tie 8       rises with the moment; the tie is of the id
//! entries.by-id       digest 16                             of account and id
//! entries.by-symbol   digest 8 · moment u64 · account u32 · tie 8
//! entries.history     digest 16 · version u32
//! ```

use crate::domain::{Entry, EntryId, Symbol, Timestamp};
use crate::ledger::store::Part;
use crate::vault::SecretBytes;

/// The number of an account in this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ledger) struct AccountNumber(pub(in crate::ledger) u32);

/// Of account and id: the same for all versions of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) struct IdDigest(pub(in crate::ledger) [u8; 16]);

/// A moment as it stands in a key: in order, to the nanosecond from the year 1678 to 2262 and at their ends beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ledger) struct Moment(u64);

impl Moment {
    pub(in crate::ledger) fn of(time: Timestamp) -> Self {
        let ends = i128::from(i64::MIN)..=i128::from(i64::MAX);
        let held = time.nanos().clamp(*ends.start(), *ends.end());
        let nanos = i64::try_from(held).expect("held within its ends");
        // With its sign turned, so that bytes are in the order of time.
        Self(nanos.cast_unsigned() ^ (1 << 63))
    }

    pub(in crate::ledger) fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

/// Makes digests under the key of one file.
pub(in crate::ledger) struct Digests(SecretBytes);

impl Digests {
    pub(in crate::ledger) fn new(key: SecretBytes) -> Option<Self> {
        (key.expose().len() == blake3::KEY_LEN).then_some(Self(key))
    }

    pub(in crate::ledger) fn of_id(&self, account: AccountNumber, id: &EntryId) -> IdDigest {
        let (kind, text, ordinal) = match id {
            EntryId::Provider(text) => (b'p', text, 0),
            EntryId::Fingerprint(text, ordinal) => (b'f', text, *ordinal),
        };
        let mut message = vec![kind];
        message.extend(account.0.to_be_bytes());
        message.extend(ordinal.to_be_bytes());
        message.extend(text.as_str().as_bytes());
        IdDigest(self.of(&message))
    }

    pub(super) fn of_symbol(&self, symbol: &Symbol) -> [u8; 8] {
        let digest: [u8; 16] = self.of(&[b"s", symbol.as_str().as_bytes()].concat());
        *digest.first_chunk().expect("half of it")
    }

    pub(in crate::ledger) fn of<const LENGTH: usize>(&self, message: &[u8]) -> [u8; LENGTH] {
        let key = self.0.expose().first_chunk().expect("as long as that");
        let digest = blake3::keyed_hash(key, message);
        *digest.as_bytes().first_chunk().expect("no longer than 32")
    }
}

/// Where an entry lies that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryKey {
    pub(super) account: AccountNumber,
    pub(super) moment: Moment,
    tie: [u8; 8],
}

impl EntryKey {
    pub(super) fn new(account: AccountNumber, moment: Moment, id: IdDigest) -> Self {
        let tie = *id.0.first_chunk().expect("half of it");
        Self {
            account,
            moment,
            tie,
        }
    }

    pub(super) fn bytes(&self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.account.0.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.moment.bytes());
        bytes[12..].copy_from_slice(&self.tie);
        bytes
    }

    pub(super) fn of_symbol(&self, symbol: [u8; 8]) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..8].copy_from_slice(&symbol);
        bytes[8..16].copy_from_slice(&self.moment.bytes());
        bytes[16..20].copy_from_slice(&self.account.0.to_be_bytes());
        bytes[20..].copy_from_slice(&self.tie);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (account, rest) = bytes.split_first_chunk()?;
        let (moment, tie) = rest.split_first_chunk()?;
        Some(Self {
            account: AccountNumber(u32::from_be_bytes(*account)),
            moment: Moment::from_bytes(*moment),
            tie: tie.try_into().ok()?,
        })
    }

    /// From a key of the table of symbols.
    pub(super) fn from_symbol(bytes: &[u8]) -> Option<Self> {
        let (moment, rest) = bytes.get(8..)?.split_first_chunk()?;
        let (account, tie) = rest.split_first_chunk()?;
        Some(Self {
            account: AccountNumber(u32::from_be_bytes(*account)),
            moment: Moment::from_bytes(*moment),
            tie: tie.try_into().ok()?,
        })
    }
}

/// The keys that begin so, from one moment up to another.
pub(super) fn part(prefix: &[u8], from: Option<Timestamp>, until: Option<Timestamp>) -> Part {
    let from = from.map_or(Moment(0), Moment::of);
    let end = match until {
        Some(until) => [prefix, &Moment::of(until).bytes()].concat(),
        // Longer than every key that begins so.
        None => [prefix, &[0xff; 32]].concat(),
    };
    Part {
        from: [prefix, &from.bytes()].concat(),
        until: end,
    }
}

/// Where an entry stands, as the table of ids has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It counts, and lies at this moment.
    Current(Moment),
    /// Something took its place; what it said is in the history.
    Ended,
    /// Something took its place before it came itself.
    Awaited,
}

impl Standing {
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Current(moment) => [&[1][..], &moment.bytes()].concat(),
            Self::Ended => vec![2],
            Self::Awaited => vec![3],
        }
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [1, moment @ ..] => Some(Self::Current(Moment::from_bytes(moment.try_into().ok()?))),
            [2] => Some(Self::Ended),
            [3] => Some(Self::Awaited),
            _ => None,
        }
    }
}

impl Digests {
    /// The keys of the table of symbols under which an entry is found.
    pub(super) fn symbol_keys(&self, entry: &Entry, key: EntryKey) -> Vec<[u8; 28]> {
        let symbols = entry.symbols().map(|symbol| self.of_symbol(symbol));
        symbols.map(|symbol| key.of_symbol(symbol)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(byte: u8) -> Digests {
        Digests::new(SecretBytes::new(vec![byte; 32])).unwrap()
    }

    #[test]
    fn moments_are_in_the_order_of_time_and_ends_are_held() {
        let at = |nanos: i128| Moment::of(Timestamp::from_nanos(nanos).unwrap());
        let ordered = [i128::from(i64::MIN) * 3, -1, 0, 1, i128::from(i64::MAX) * 3];
        assert!(ordered.windows(2).all(|it| at(it[0]) < at(it[1])));
        assert!(at(ordered[0]).bytes() < at(0).bytes());
        assert_eq!(at(i128::from(i64::MAX) * 3), at(i128::from(i64::MAX)));
    }

    #[test]
    fn keys_and_standings_are_read_as_they_were_written() {
        let moment = Moment::of(Timestamp::EPOCH);
        let id = digests(1).of_id(AccountNumber(7), &EntryId::provider("1"));
        let key = EntryKey::new(AccountNumber(7), moment, id);
        assert_eq!(EntryKey::from_bytes(&key.bytes()), Some(key));
        assert_eq!(EntryKey::from_symbol(&key.of_symbol([9; 8])), Some(key));
        assert_eq!(EntryKey::from_bytes(&key.bytes()[1..]), None);
        for standing in [
            Standing::Current(moment),
            Standing::Ended,
            Standing::Awaited,
        ] {
            assert_eq!(Standing::from_bytes(&standing.bytes()), Some(standing));
        }
        assert_eq!(Standing::from_bytes(&[4]), None);
    }

    #[test]
    fn a_digest_is_of_the_file_the_account_and_all_of_the_id() {
        let of = |file: u8, account, id: &EntryId| digests(file).of_id(AccountNumber(account), id);
        let (one, print) = (EntryId::provider("1"), |it| {
            EntryId::Fingerprint("1".into(), it)
        });
        let all = [
            of(1, 1, &one),
            of(2, 1, &one),
            of(1, 2, &one),
            of(1, 1, &EntryId::provider("2")),
            of(1, 1, &print(0)),
            of(1, 1, &print(1)),
        ];
        for (at, digest) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(digest), "{at}");
        }
        assert_eq!(of(1, 1, &one), of(1, 1, &one));
        assert!(Digests::new(SecretBytes::new(vec![1; 31])).is_none());
    }
}
