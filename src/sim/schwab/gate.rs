//! How many requests a minute.

use crate::domain::Timestamp;
use std::collections::HashMap;

/// Requests counted in minutes of the clock, for each program.
#[derive(Debug, Default)]
pub(super) struct Limits(HashMap<usize, (i64, u32)>);

impl Limits {
    /// Counts a request; whether it was one too many.
    pub(super) fn exceeds(&mut self, person: usize, limit: u32, now: Timestamp) -> bool {
        let minute = now.millis().div_euclid(60_000);
        let window = self.0.entry(person).or_insert((minute, 0));
        if window.0 != minute {
            *window = (minute, 0);
        }
        window.1 = window.1.saturating_add(1);
        window.1 > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_allowance_and_the_next_one_a_new_one() {
        let mut limits = Limits::default();
        let now = Timestamp::parse("2026-11-24T15:00:59Z").unwrap();
        let over: Vec<bool> = (0..3).map(|_| limits.exceeds(0, 2, now)).collect();
        assert_eq!(over, [false, false, true]);
        assert!(!limits.exceeds(1, 2, now), "everybody counts apart");
        let later = now.plus(std::time::Duration::from_secs(1));
        assert!(!limits.exceeds(0, 2, later));
    }
}
