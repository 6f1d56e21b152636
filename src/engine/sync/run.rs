//! One reading of one account's history: what to fetch next, and what an answer changes. Pure.

use crate::domain::{
    AccountId, HistoryLimits, Reach, RowCounts, Span, SyncAsk, SyncOutcome, SyncRun, Text,
    Timestamp,
};
use std::collections::VecDeque;
use std::time::Duration;

/// Nothing in an account is older: the start of a history whose provider does not say how far back it goes.
const FIRST_DAY: Duration = Duration::from_secs(946_684_800); // 2000-01-01

/// Calls in a row that may fail before a reading gives up.
pub(super) const MOST_RETRIES: u32 = 8;

/// A page to be fetched and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Of which account.
    pub account: AccountId,
    /// Of which reading: its number.
    pub run: u64,
    /// Rows of which stretch.
    pub span: Span,
    /// Where the page starts; none for the first.
    pub cursor: Option<Text>,
    /// How far the history had been read before this page.
    pub reach: Reach,
    /// The reading as it stands before this page.
    pub record: SyncRun,
}

/// A reading of an account's history.
pub(super) struct Run {
    pub(super) number: u64,
    /// The line of the log that tells of it.
    pub(super) line: u64,
    pub(super) record: SyncRun,
    todo: VecDeque<Span>,
    current: Option<(Span, Option<Text>)>,
    pub(super) is_fetching: bool,
    failures: u32,
    /// A call failed: when it is made again.
    pub(super) resumes: Option<Timestamp>,
    restarted: bool,
}

/// What has to be read: stretches, the newest first, and where the first of them had come to.
pub(super) struct Plan {
    asked: Span,
    begun: Option<(Span, Text)>,
    todo: VecDeque<Span>,
}

impl Plan {
    /// What of `ask` has to be read; none where the stretch is empty.
    pub(super) fn new(
        ask: SyncAsk,
        reach: &Reach,
        limits: HistoryLimits,
        now: Timestamp,
    ) -> Option<Self> {
        let first = match limits.oldest {
            Some(oldest) => now.minus(oldest),
            None => Timestamp::EPOCH.plus(FIRST_DAY),
        };
        let from = ask.since.unwrap_or(first).max(first);
        let asked = Span::new(from, ask.until.unwrap_or(now).min(now))?;
        let settled = now.minus(limits.settled_after);
        let missing = match ask.full {
            true => vec![asked],
            false => reach.missing(asked, settled),
        };
        let begun = reach
            .begun()
            .filter(|(span, _)| !ask.full && span.overlap(asked).is_some())
            .map(|(span, cursor)| (span, cursor.clone()));
        let pieces = missing.into_iter().rev();
        let pieces = pieces.flat_map(|span| span.cut(limits.longest));
        let todo = match &begun {
            None => pieces.collect(),
            Some((begun, _)) => pieces.flat_map(|piece| without(piece, *begun)).collect(),
        };
        Some(Self { asked, begun, todo })
    }
}

/// What is left of a stretch when another one is taken out of it, the newer part first.
fn without(piece: Span, taken: Span) -> impl Iterator<Item = Span> {
    let newer = Span::new(piece.from.max(taken.until), piece.until);
    let older = Span::new(piece.from, piece.until.min(taken.from));
    newer.into_iter().chain(older)
}

impl Run {
    pub(super) fn new(
        (number, line): (u64, u64),
        account: AccountId,
        why: &str,
        plan: Plan,
        now: Timestamp,
    ) -> Self {
        let total = plan.todo.len() + usize::from(plan.begun.is_some());
        Self {
            number,
            line,
            record: SyncRun {
                account,
                why: why.into(),
                asked: plan.asked,
                started: now,
                ended: None,
                pages: 0,
                stretches: (0, u32::try_from(total).unwrap_or(u32::MAX)),
                rows: RowCounts::default(),
                retries: 0,
                requests_left: None,
                outcome: SyncOutcome::UnderWay,
            },
            todo: plan.todo,
            current: plan.begun.map(|(span, cursor)| (span, Some(cursor))),
            is_fetching: false,
            failures: 0,
            resumes: None,
            restarted: false,
        }
    }

    /// The page to fetch next; none while one is on its way, while a pause lasts, and when all is read.
    pub(super) fn next(&mut self, reach: &Reach, now: Timestamp) -> Option<Fetch> {
        if self.is_fetching || self.resumes.is_some_and(|at| now < at) {
            return None;
        }
        if self.current.is_none() {
            self.current = self.todo.pop_front().map(|span| (span, None));
        }
        let (span, cursor) = self.current.clone()?;
        self.resumes = None;
        self.is_fetching = true;
        Some(Fetch {
            account: self.record.account.clone(),
            run: self.number,
            span,
            cursor,
            reach: reach.clone(),
            record: self.record.clone(),
        })
    }

    /// Whether nothing is left to fetch.
    pub(super) fn is_over(&self) -> bool {
        !self.is_fetching && self.current.is_none() && self.todo.is_empty()
    }

    /// A page was fetched and kept; the next one of its stretch starts at `next`.
    pub(super) fn took(&mut self, rows: RowCounts, next: Option<Text>) {
        self.is_fetching = false;
        self.failures = 0;
        self.restarted = false;
        self.record.pages += 1;
        self.record.rows = self.record.rows.plus(rows);
        self.current = match (self.current.take(), next) {
            (Some((span, _)), Some(cursor)) => Some((span, Some(cursor))),
            (Some(_) | None, _) => {
                self.record.stretches.0 += 1;
                None
            }
        };
    }

    /// A call failed and may be made again after `pause`; whether it will be.
    pub(super) fn failed(&mut self, now: Timestamp, pause: Duration) -> bool {
        self.is_fetching = false;
        self.failures += 1;
        if self.failures > MOST_RETRIES {
            return false;
        }
        self.record.retries += 1;
        self.resumes = Some(now.plus(pause));
        true
    }

    /// How many calls failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The provider does not know the cursor any more: the stretch is read from its start, once; whether it will be.
    pub(super) fn lost_cursor(&mut self) -> bool {
        self.is_fetching = false;
        let may = !std::mem::replace(&mut self.restarted, true);
        if let Some((_, cursor)) = &mut self.current {
            *cursor = None;
        }
        may
    }

    /// What it came to.
    pub(super) fn ended(mut self, now: Timestamp, outcome: SyncOutcome) -> SyncRun {
        self.record.ended = Some(now);
        self.record.outcome = outcome;
        self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConnectionId;

    const DAY: u64 = 24 * 3600;
    const YEAR_DAYS: u64 = 365;

    fn day(number: u64) -> Timestamp {
        Timestamp::EPOCH
            .plus(FIRST_DAY)
            .plus(Duration::from_secs(number * DAY))
    }

    fn days(from: u64, until: u64) -> Span {
        Span::new(day(from), day(until)).unwrap()
    }

    fn limits(longest: Option<u64>, oldest: Option<u64>, settled: u64) -> HistoryLimits {
        let days = |days: u64| Duration::from_secs(days * DAY);
        HistoryLimits {
            longest: longest.map(days),
            oldest: oldest.map(days),
            settled_after: days(settled),
        }
    }

    fn run(plan: Plan) -> Run {
        let account = AccountId {
            connection: ConnectionId::new("alpaca"),
            number: "1".into(),
        };
        Run::new((1, 1), account, "asked for", plan, day(0))
    }

    fn fetched(run: &mut Run, reach: &Reach) -> Option<(Span, Option<Text>)> {
        let fetch = run.next(reach, day(9_999))?;
        Some((fetch.span, fetch.cursor))
    }

    #[test]
    fn a_first_reading_goes_from_now_back_in_pieces() {
        let limits = limits(Some(YEAR_DAYS), Some(2 * YEAR_DAYS + 10), 5);
        let now = day(5_000);
        let plan = Plan::new(SyncAsk::default(), &Reach::default(), limits, now).unwrap();
        let mut run = run(plan);
        let mut spans = Vec::new();
        while let Some((span, _)) = fetched(&mut run, &Reach::default()) {
            spans.push(span);
            run.took(RowCounts::default(), None);
        }
        assert_eq!(
            spans,
            [days(4_635, 5_000), days(4_270, 4_635), days(4_260, 4_270)]
        );
        assert!(run.is_over());
        assert_eq!(run.record.stretches, (3, 3));
    }

    #[test]
    fn only_what_is_new_or_unsettled_is_read_again() {
        let reach = Reach::default().after_page(days(0, 100), None);
        let check = |ask: SyncAsk, expected: Option<Span>| {
            let plan = Plan::new(ask, &reach, limits(None, None, 5), day(101)).unwrap();
            assert_eq!(plan.todo.into_iter().next(), expected, "{ask:?}");
        };
        let ask = SyncAsk::default();
        check(ask, Some(days(96, 101)));
        check(SyncAsk { full: true, ..ask }, Some(days(0, 101)));
        let since = Some(day(99));
        check(SyncAsk { since, ..ask }, Some(days(99, 101)));
        let until = Some(day(50));
        check(SyncAsk { until, ..ask }, None);
    }

    #[test]
    fn a_stretch_that_was_begun_goes_on_where_it_stopped() {
        let begun = days(40, 60);
        let reach = Reach::default().after_page(begun, Some("p7".into()));
        let ask = SyncAsk::default();
        let plan = Plan::new(ask, &reach, limits(None, Some(100), 5), day(100)).unwrap();
        let mut run = run(plan);
        assert_eq!(fetched(&mut run, &reach), Some((begun, Some("p7".into()))));
        run.took(RowCounts::default(), Some("p8".into()));
        assert_eq!(fetched(&mut run, &reach), Some((begun, Some("p8".into()))));
        run.took(RowCounts::default(), None);
        assert_eq!(fetched(&mut run, &reach), Some((days(60, 100), None)));
        run.took(RowCounts::default(), None);
        assert_eq!(fetched(&mut run, &reach), Some((days(0, 40), None)));
        run.took(RowCounts::default(), None);
        assert!(run.is_over());
    }

    #[test]
    fn a_lost_cursor_starts_its_stretch_again_once() {
        let reach = Reach::default().after_page(days(0, 9), Some("p2".into()));
        let plan = Plan::new(SyncAsk::default(), &reach, limits(None, None, 0), day(9)).unwrap();
        let mut run = run(plan);
        assert!(fetched(&mut run, &reach).is_some_and(|(_, cursor)| cursor.is_some()));
        assert!(run.lost_cursor());
        assert_eq!(fetched(&mut run, &reach), Some((days(0, 9), None)));
        assert!(!run.lost_cursor());
    }

    #[test]
    fn a_call_that_fails_is_made_again_after_a_pause_and_not_for_ever() {
        let reach = Reach::default();
        let plan = Plan::new(SyncAsk::default(), &reach, limits(None, None, 0), day(9)).unwrap();
        let mut run = run(plan);
        let pause = Duration::from_secs(10);
        let mut now = day(9);
        for _ in 0..MOST_RETRIES {
            assert!(run.next(&reach, now).is_some());
            assert!(run.next(&reach, now).is_none(), "one at a time");
            assert!(run.failed(now, pause));
            assert!(run.next(&reach, now).is_none(), "before its pause is over");
            now = now.plus(pause);
        }
        assert!(run.next(&reach, now).is_some());
        assert!(!run.failed(now, pause));
        assert_eq!(run.record.retries, MOST_RETRIES);
    }
}
