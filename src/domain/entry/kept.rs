//! What is kept beside entries: what they said before, and rows that could not be read.

use super::{Entry, EntryId};
use crate::domain::account::AccountId;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

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
        assert_eq!(
            kept("Authorization: Bearer a.b", &[]),
            "Authorization: [removed]"
        );
        assert_eq!(kept("token=1&x=2", &[]), "token=[removed]&x=2");
        assert_eq!(
            kept(r#"{"sessionId": 12, "a": 1}"#, &[]),
            r#"{"sessionId": [removed], "a": 1}"#
        );
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
}
