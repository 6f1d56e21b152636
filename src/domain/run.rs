//! The reading of an account's history, as it is kept: runs, rows that could not be read, and what became of entries.

use crate::domain::account::AccountId;
use crate::domain::entry::{Entry, EntryId};
use crate::domain::money::Currency;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A span of time: from a moment on, up to and without another. An end that is not given is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first moment of it.
    pub from: Option<Timestamp>,
    /// The first moment behind it.
    pub until: Option<Timestamp>,
}

impl Span {
    /// All of time.
    pub const ALL: Self = Self {
        from: None,
        until: None,
    };

    /// Between two moments, the second not in it.
    pub fn between(from: Timestamp, until: Timestamp) -> Self {
        Self {
            from: Some(from),
            until: Some(until),
        }
    }

    /// Whether a moment is in it.
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|end| moment < end)
    }
}

/// The number of a run; later ones are higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub u64);

/// One reading of an account's history from its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Of which account.
    pub account: AccountId,
    /// Which part of its history was asked for.
    pub window: Span,
    /// Why it was begun: `at sign-in`, `asked for`.
    pub why: Text,
    /// When it was begun.
    pub started: Timestamp,
    /// What it brought so far.
    pub counts: RunCounts,
    /// How often something was asked again.
    pub retries: u64,
    /// How long it took so far.
    pub took: Duration,
    /// Requests that the provider allowed still, when it last said so.
    pub rate_left: Option<u64>,
    /// How it ended; none of one that goes on, or that was cut off with the program.
    pub outcome: Option<RunOutcome>,
}

impl Run {
    /// One that begins.
    pub fn new(account: AccountId, window: Span, why: Text, started: Timestamp) -> Self {
        Self {
            account,
            window,
            why,
            started,
            counts: RunCounts::default(),
            retries: 0,
            took: Duration::ZERO,
            rate_left: None,
            outcome: None,
        }
    }
}

/// What came of the rows of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Pages read.
    pub pages: u64,
    /// Rows on them: the sum of the four below.
    pub fetched: u64,
    /// Not known before.
    pub new: u64,
    /// Known, and the same.
    pub duplicates: u64,
    /// Known by the same id, and with other content.
    pub corrected: u64,
    /// Not to be read.
    pub rejected: u64,
    /// Earlier entries that a row took the place of, or took back.
    pub superseded: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// All of its window was read.
    Complete,
    /// It was stopped on purpose, and goes on another time.
    Stopped(Text),
    /// It could not go on.
    Failed(Text),
}

/// A row that could not be read, for whoever finds out why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Of which account.
    pub account: AccountId,
    /// When it was read.
    pub at: Timestamp,
    /// What was wrong with it.
    pub why: Text,
    /// The row as it came, without secrets and not all of a long one.
    pub raw: Text,
}

impl RejectedRow {
    /// Characters kept of a row.
    pub const LONGEST: usize = 2_000;

    /// `secrets` are those of the connection: none of them is kept, nor what stands behind the name of one.
    pub fn new(account: AccountId, at: Timestamp, why: Text, raw: &str, secrets: &[&str]) -> Self {
        // Cut first, so that a huge row costs little; far enough that no secret is cut in two and half kept.
        let limit = raw.floor_char_boundary(Self::LONGEST * 8);
        let secrets = secrets.iter().filter(|secret| secret.len() >= 4);
        let bare = secrets.fold(raw[..limit].to_owned(), |raw, secret| {
            raw.replace(*secret, HIDDEN)
        });
        Self {
            account,
            at,
            why,
            raw: Text::at_most(&without_named(&bare), Self::LONGEST),
        }
    }
}

const HIDDEN: &str = "[removed]";

/// What stands behind one of these in a row of JSON or a query is a secret.
const NAMES_OF_SECRETS: [&str; 8] = [
    "token",
    "secret",
    "password",
    "authorization",
    "cookie",
    "api_key",
    "apikey",
    "session",
];

/// The same without the values of fields that are named like secrets.
fn without_named(raw: &str) -> String {
    let lower = raw.to_ascii_lowercase();
    let (mut kept, mut at) = (String::with_capacity(raw.len()), 0);
    while let Some(end) = name_of_secret(&lower, at) {
        kept.push_str(&raw[at..end]);
        let Some((open, close)) = value_behind(&raw[end..]) else {
            at = end;
            continue;
        };
        kept.push_str(&raw[end..end + open]);
        kept.push_str(HIDDEN);
        at = end + close;
    }
    kept.push_str(&raw[at..]);
    kept
}

/// Where the next such name ends.
fn name_of_secret(lower: &str, at: usize) -> Option<usize> {
    let ends = NAMES_OF_SECRETS.iter().filter_map(|name| {
        let found = lower[at..].find(name)?;
        Some(at + found + name.len())
    });
    ends.min()
}

/// Where a value begins and ends that follows on a name: behind a `:` or `=`, in quotes or up to a separator.
fn value_behind(rest: &str) -> Option<(usize, usize)> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || "_-\"' ".contains(it);
    let sign = rest.find(|it| !is_name(it))?;
    let value = rest[sign..].strip_prefix([':', '='])?.trim_start();
    let open = rest.len() - value.len();
    let (open, ends): (_, &[char]) = match value.strip_prefix('"') {
        Some(_) => (open + 1, &['"']),
        None => (open, &[',', '}', '&', '\n']),
    };
    let close = rest[open..].find(ends).map_or(rest.len(), |it| open + it);
    Some((open, close))
}

/// What an entry said before, and why it does no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// What it said; none while the provider has told only that it was replaced.
    pub entry: Option<Entry>,
    /// What became of it.
    pub fate: Fate,
    /// When that was learnt.
    pub learnt: Timestamp,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The provider says something else under the same id.
    Corrected,
    /// Another entry took its place.
    Superseded(EntryId),
    /// Another entry says that it did not happen.
    TakenBack(EntryId),
}

impl Fate {
    /// The entry that ended it.
    pub fn by(&self) -> Option<&EntryId> {
        match self {
            Self::Corrected => None,
            Self::Superseded(by) | Self::TakenBack(by) => Some(by),
        }
    }
}

/// What one unit of a currency cost in another on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRate {
    /// Of which currency one unit.
    pub from: Currency,
    /// In which currency.
    pub to: Currency,
    /// On which day.
    pub day: Date,
    /// How much.
    #[serde(with = "rust_decimal::serde::str")]
    pub rate: Decimal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConnectionId;

    fn kept(raw: &str, secrets: &[&str]) -> String {
        let account = AccountId {
            connection: ConnectionId::new("schwab"),
            number: "1".into(),
        };
        let row = RejectedRow::new(account, Timestamp::EPOCH, "no price".into(), raw, secrets);
        row.raw.as_str().to_owned()
    }

    #[test]
    fn no_secret_of_the_connection_is_kept_nor_what_is_named_like_one() {
        assert_eq!(kept("a=PKAB1234;b", &["PKAB1234", "b"]), "a=[removed];b");
        assert_eq!(
            kept(r#"{"id":7,"access_token":"xyz","price":"1"}"#, &[]),
            r#"{"id":7,"access_token":"[removed]","price":"1"}"#
        );
        assert_eq!(kept("Authorization: Bearer a.b", &[]), "Authorization: [removed]");
        assert_eq!(kept("token=1&x=2", &[]), "token=[removed]&x=2");
        assert_eq!(kept(r#"{"sessionId": 12, "a": 1}"#, &[]), r#"{"sessionId": [removed], "a": 1}"#);
        assert_eq!(kept("the token was", &[]), "the token was");
    }

    #[test]
    fn a_long_row_is_cut_and_a_secret_across_the_cut_is_not_half_kept() {
        let secret = "s".repeat(100);
        let raw = format!("{}{secret}", "x".repeat(RejectedRow::LONGEST - 50));
        let kept = kept(&raw, &[&secret]);
        assert!(kept.chars().count() <= RejectedRow::LONGEST);
        assert!(!kept.contains("sss"), "{kept}");
        assert!(super::tests::kept(&"ü".repeat(100_000), &[]).ends_with('…'));
    }

    #[test]
    fn a_span_holds_its_first_moment_and_not_its_last() {
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let span = Span::between(at(1), at(3));
        assert_eq!([0, 1, 2, 3].map(|it| span.holds(at(it))), [false, true, true, false]);
        assert!(Span::ALL.holds(Timestamp::EPOCH));
    }
}
