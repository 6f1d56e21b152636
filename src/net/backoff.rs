//! How long to wait before trying again.
use std::time::Duration;

/// A growing, capped delay with full jitter: each wait is uniform between nothing and a ceiling that doubles from
/// 250 ms to 30 s, so a thousand clients that lost the same server do not return together.
#[derive(Debug, Clone)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The first ceiling.
    pub const FIRST: Duration = Duration::from_millis(250);
    /// The last ceiling.
    pub const CAP: Duration = Duration::from_secs(30);
    /// A connection that stood this long was good: the next wait starts over.
    pub const STABLE: Duration = Duration::from_secs(60);

    /// Nothing failed yet.
    pub fn new() -> Self {
        Self { failures: 0 }
    }

    /// The wait after a failure. `lived` is how long the connection stood before it (zero when it never did),
    /// `random` any uniform number.
    pub fn next(&mut self, lived: Duration, random: u64) -> Duration {
        if lived >= Self::STABLE {
            self.failures = 0;
        }
        let ceiling = Self::FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(Self::CAP);
        self.failures = self.failures.saturating_add(1);
        jitter(ceiling, random)
    }

    /// How many failures came in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// A uniform part of `ceiling`, chosen by the upper half of `random`.
pub fn jitter(ceiling: Duration, random: u64) -> Duration {
    let nanoseconds = ceiling.as_nanos() * u128::from(random >> 32) / u128::from(u32::MAX);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGHEST: u64 = u64::MAX;

    #[test]
    fn the_ceiling_doubles_to_thirty_seconds() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..10)
            .map(|_| backoff.next(Duration::ZERO, HIGHEST).as_millis())
            .collect();
        assert_eq!(
            waits,
            [
                250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000
            ]
        );
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(Backoff::new().next(Duration::ZERO, 0), Duration::ZERO);
        let half = Backoff::new().next(Duration::ZERO, HIGHEST / 2);
        assert_eq!(half.as_millis(), 124);
    }

    #[test]
    fn only_a_minute_of_standing_starts_over() {
        let mut backoff = Backoff::new();
        for _ in 0..6 {
            backoff.next(Duration::ZERO, HIGHEST);
        }
        let flapping = backoff.next(Duration::from_secs(59), HIGHEST);
        assert_eq!(flapping, Duration::from_secs(16));
        let stood = backoff.next(Duration::from_secs(60), HIGHEST);
        assert_eq!(stood, Backoff::FIRST);
        assert_eq!(backoff.failures(), 1);
    }

    #[test]
    fn a_year_of_failures_does_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next(Duration::ZERO, HIGHEST), Backoff::CAP);
    }
}
