//! How far an account's history has been read, and what became of reading it.

use crate::domain::account::AccountId;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A stretch of time: from a moment until another, which is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Span {
    /// A stretch; none where it would be empty.
    pub fn new(from: Timestamp, until: Timestamp) -> Option<Self> {
        (from < until).then_some(Self { from, until })
    }

    /// The part that both have.
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.until.min(other.until))
    }

    /// Pieces no longer than `longest`, the newest first.
    pub fn cut(self, longest: Option<Duration>) -> Vec<Self> {
        let Some(longest) = longest.filter(|longest| !longest.is_zero()) else {
            return vec![self];
        };
        let mut pieces = Vec::new();
        let mut until = self.until;
        while until > self.from {
            let from = until.minus(longest).max(self.from);
            pieces.push(Self { from, until });
            until = from;
        }
        pieces
    }
}

/// How far an account's history has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Stretches that were read to their end: in order, apart from one another.
    whole: Vec<Span>,
    /// A stretch that was begun, and where its next page starts.
    begun: Option<(Span, Text)>,
}

/// Most stretches remembered; beyond them the oldest is forgotten, and read again when it is asked for.
const MOST_STRETCHES: usize = 64;

impl Reach {
    /// Stretches that were read to their end, oldest first.
    pub fn whole(&self) -> &[Span] {
        &self.whole
    }

    /// A stretch that was begun, and where its next page starts.
    pub fn begun(&self) -> Option<(Span, &Text)> {
        self.begun.as_ref().map(|(span, cursor)| (*span, cursor))
    }

    /// After a page of `span`: begun where another page follows, else whole.
    pub fn after_page(&self, span: Span, next: Option<Text>) -> Self {
        match next {
            Some(cursor) => Self {
                whole: self.whole.clone(),
                begun: Some((span, cursor)),
            },
            None => Self {
                whole: joined(&self.whole, span),
                begun: None,
            },
        }
    }

    /// The same with its begun stretch given up: its cursor is not known to the provider any more.
    pub fn without_begun(&self) -> Self {
        Self {
            whole: self.whole.clone(),
            begun: None,
        }
    }

    /// What of `asked` has to be read, oldest first. What is newer than `settled` counts as not read yet: providers still
    /// correct it.
    pub fn missing(&self, asked: Span, settled: Timestamp) -> Vec<Span> {
        let mut gaps = Vec::new();
        let mut from = asked.from;
        for span in &self.whole {
            let until = span.until.min(settled);
            if until <= from || span.from >= asked.until {
                continue;
            }
            gaps.extend(Span::new(from, span.from.min(asked.until)));
            from = from.max(until);
        }
        gaps.extend(Span::new(from, asked.until));
        gaps
    }
}

/// Stretches with another one among them; those that touch become one.
fn joined(spans: &[Span], added: Span) -> Vec<Span> {
    let mut all = spans.to_vec();
    all.push(added);
    all.sort();
    let mut joined: Vec<Span> = Vec::with_capacity(all.len());
    for span in all {
        match joined.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            Some(_) | None => joined.push(span),
        }
    }
    let surplus = joined.len().saturating_sub(MOST_STRETCHES);
    joined.split_off(surplus)
}

/// What reading one account's history came to, or has come to so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRun {
    /// Which account.
    pub account: AccountId,
    /// Why it was read: `asked for`, `after a fill`, `every 60 min`.
    pub why: Text,
    /// The stretch that was asked for.
    pub asked: Span,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none while it is under way.
    pub ended: Option<Timestamp>,
    /// Pages that were read.
    pub pages: u32,
    /// Stretches read to their end, of how many.
    pub stretches: (u32, u32),
    /// What became of the rows.
    pub rows: RowCounts,
    /// Calls that were made again.
    pub retries: u32,
    /// Requests left in the rate limit's window, and its size, when it was last heard.
    pub requests_left: Option<(u32, u32)>,
    /// How it ended.
    pub outcome: SyncOutcome,
}

/// What became of the rows of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows that came.
    pub fetched: u64,
    /// Not known before.
    pub new: u64,
    /// Known, and the same.
    pub duplicate: u64,
    /// Known, and changed or taken back since.
    pub corrected: u64,
    /// Not to be read; kept apart.
    pub rejected: u64,
}

impl RowCounts {
    /// With another page's.
    pub fn plus(self, other: Self) -> Self {
        Self {
            fetched: self.fetched + other.fetched,
            new: self.new + other.new,
            duplicate: self.duplicate + other.duplicate,
            corrected: self.corrected + other.corrected,
            rejected: self.rejected + other.rejected,
        }
    }
}

/// How reading a history ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    /// It is under way.
    UnderWay,
    /// Everything that was asked for was read; rows may have been rejected.
    Done,
    /// The person stopped it; what was read is kept.
    Cancelled,
    /// It was stopped by a lock, a lost connection or the end of the program; the next one goes on from there.
    Interrupted,
    /// It could not go on, and why.
    Failed(Text),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(hour * 3600))
    }

    fn span(from: u64, until: u64) -> Span {
        Span::new(at(from), at(until)).unwrap()
    }

    fn reach(spans: &[(u64, u64)]) -> Reach {
        let mut reach = Reach::default();
        for (from, until) in spans {
            reach = reach.after_page(span(*from, *until), None);
        }
        reach
    }

    #[test]
    fn stretches_that_touch_become_one() {
        let check = |spans: &[(u64, u64)], expected: &[(u64, u64)]| {
            let expected: Vec<Span> = expected.iter().map(|(a, b)| span(*a, *b)).collect();
            assert_eq!(reach(spans).whole(), expected, "{spans:?}");
        };
        check(&[(0, 2), (2, 4)], &[(0, 4)]);
        check(&[(2, 4), (0, 3)], &[(0, 4)]);
        check(&[(0, 1), (2, 3)], &[(0, 1), (2, 3)]);
        check(&[(0, 1), (4, 5), (1, 4)], &[(0, 5)]);
        check(&[(0, 9), (2, 3)], &[(0, 9)]);
    }

    #[test]
    fn only_what_was_not_read_is_missing() {
        let check = |read: &[(u64, u64)], settled: u64, expected: &[(u64, u64)]| {
            let expected: Vec<Span> = expected.iter().map(|(a, b)| span(*a, *b)).collect();
            let missing = reach(read).missing(span(10, 20), at(settled));
            assert_eq!(missing, expected, "{read:?}, settled {settled}");
        };
        check(&[], 99, &[(10, 20)]);
        check(&[(0, 30)], 99, &[]);
        check(&[(0, 12), (15, 17)], 99, &[(12, 15), (17, 20)]);
        check(&[(0, 5), (25, 30)], 99, &[(10, 20)]);
        check(&[(10, 20)], 18, &[(18, 20)]);
        check(&[(10, 20)], 5, &[(10, 20)]);
        check(&[(12, 30)], 25, &[(10, 12)]);
    }

    #[test]
    fn a_begun_stretch_is_remembered_until_its_last_page() {
        let begun = reach(&[(0, 5)]).after_page(span(5, 9), Some("p2".into()));
        assert_eq!(begun.begun(), Some((span(5, 9), &"p2".into())));
        assert_eq!(begun.missing(span(0, 9), at(99)), [span(5, 9)]);
        let whole = begun.after_page(span(5, 9), None);
        assert_eq!((whole.begun(), whole.whole()), (None, &[span(0, 9)][..]));
        assert_eq!(begun.without_begun(), reach(&[(0, 5)]));
    }

    #[test]
    fn pieces_cover_a_stretch_newest_first() {
        let longest = Some(Duration::from_secs(4 * 3600));
        assert_eq!(
            span(0, 10).cut(longest),
            [span(6, 10), span(2, 6), span(0, 2)]
        );
        assert_eq!(span(0, 10).cut(None), [span(0, 10)]);
        assert_eq!(span(0, 10).cut(Some(Duration::ZERO)), [span(0, 10)]);
    }

    #[test]
    fn too_many_stretches_forget_the_oldest() {
        let many: Vec<(u64, u64)> = (0..70).map(|n| (n * 2, n * 2 + 1)).collect();
        let reach = reach(&many);
        assert_eq!(reach.whole().len(), MOST_STRETCHES);
        assert_eq!(reach.whole()[0], span(12, 13));
    }
}
