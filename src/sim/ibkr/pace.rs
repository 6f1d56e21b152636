//! How much may be asked: so many requests a second, less of some, and the penalty box.

use crate::domain::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Name of a call → how many in how many seconds.
const OF_CALLS: [(&str, usize, u64); 12] = [
    ("portfolio_accounts", 1, 5),
    ("subaccounts", 1, 5),
    ("live_orders", 1, 5),
    ("trades", 1, 5),
    ("pnl", 1, 5),
    // The manual says one. A client that is much used asks three times when it opens its stream, and is let in.
    ("tickle", 5, 1),
    ("sso_validate", 1, 60),
    ("transactions", 1, 900),
    ("snapshot", 10, 1),
    ("history", 50, 60),
    ("fyi", 1, 1),
    ("scanner", 1, 900),
];

/// Limits that can be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) a_second: usize,
    pub(super) of_calls: bool,
    pub(super) penalty: Duration,
}

/// What was asked of late, by username.
#[derive(Debug, Default)]
pub(super) struct Pace {
    asked: HashMap<(usize, &'static str), VecDeque<Timestamp>>,
    /// Until when a username is answered with refusals alone.
    penalties: HashMap<usize, Timestamp>,
}

impl Pace {
    /// Counts a request; whether it was one too many.
    pub(super) fn exceeds(
        &mut self,
        person: usize,
        call: &'static str,
        limits: Limits,
        now: Timestamp,
    ) -> bool {
        if self.penalties.get(&person).is_some_and(|end| now < *end) {
            return true;
        }
        if !self.fits(person, "", (limits.a_second, 1), now) {
            self.penalties.insert(person, now.plus(limits.penalty));
            return true;
        }
        let mut table = OF_CALLS.iter().filter(|_| limits.of_calls);
        let limit = table.find(|(name, ..)| *name == call);
        limit.is_some_and(|(_, most, seconds)| !self.fits(person, call, (*most, *seconds), now))
    }

    fn fits(
        &mut self,
        person: usize,
        call: &'static str,
        (most, seconds): (usize, u64),
        now: Timestamp,
    ) -> bool {
        let asked = self.asked.entry((person, call)).or_default();
        let span = Duration::from_secs(seconds);
        while asked.front().is_some_and(|first| now.since(*first) >= span) {
            asked.pop_front();
        }
        let fits = asked.len() < most;
        if fits {
            asked.push_back(now);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_refused_and_punished() {
        let limits = Limits {
            a_second: 3,
            of_calls: true,
            penalty: Duration::from_mins(10),
        };
        let start = Timestamp::parse("2026-11-24T15:00:00Z").unwrap();
        let at = |millis| start.plus(Duration::from_millis(millis));
        let mut pace = Pace::default();
        assert!(!pace.exceeds(0, "trades", limits, at(0)));
        assert!(pace.exceeds(0, "trades", limits, at(4_999)));
        assert!(!pace.exceeds(0, "trades", limits, at(5_000)));
        // With the one that was refused these are three in a second.
        assert!(!pace.exceeds(0, "ledger", limits, at(5_001)));
        assert!(pace.exceeds(0, "ledger", limits, at(5_002)), "a fourth");
        assert!(
            !pace.exceeds(1, "ledger", limits, at(5_002)),
            "somebody else"
        );
        assert!(pace.exceeds(0, "ledger", limits, at(604_000)));
        assert!(!pace.exceeds(0, "ledger", limits, at(606_000)));
    }
}
