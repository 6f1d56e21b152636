//! Pauses between attempts.

use std::time::Duration;

/// First pause after a failed reading; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause after a failed reading.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Pauses between attempts, spread by chance so that many connections do not return at once.
pub(crate) struct Jitter(pub(crate) fastrand::Rng);

impl Jitter {
    /// The pause after `failures` in a row: half of it fixed, half by chance.
    pub(crate) fn pause(&mut self, failures: u32) -> Duration {
        let ceiling = FIRST_PAUSE
            .saturating_mul(1 << failures.clamp(1, 7).saturating_sub(1))
            .min(LONGEST_PAUSE);
        let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis / 2 + self.0.u64(0..=millis / 2))
    }
}
