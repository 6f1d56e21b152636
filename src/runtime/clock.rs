//! The only file that reads the time.

use crate::domain::{Clock, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the file that reads the time"
    )]
    fn now(&self) -> Timestamp {
        let nanos = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
        };
        Timestamp::from_nanos(nanos).unwrap_or(Timestamp::EPOCH)
    }

    /// The one clock runs on while the machine is suspended, the other stands still: `clock_gettime(2)`.
    fn asleep(&self) -> Duration {
        let read = |clock| {
            let read = clock_gettime(clock);
            Duration::try_from(read).unwrap_or_default()
        };
        read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic))
    }
}
