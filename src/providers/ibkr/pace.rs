//! Pauses between calls of a kind, as the manual has them: who asks too often is shut out for a quarter of an hour.

use crate::providers::provider::ProviderError;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// A kind of call with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    LiveOrders,
    Trades,
    PortfolioAccounts,
    Tickle,
    Performance,
    History,
}

impl Kind {
    fn pause(self) -> Duration {
        match self {
            // Five seconds as they count them, and they count when a call arrives.
            Self::LiveOrders | Self::Trades | Self::PortfolioAccounts => {
                Duration::from_millis(5_500)
            }
            Self::Tickle => Duration::from_millis(1_200),
            Self::Performance => Duration::from_secs(15 * 60),
            // Fifty a minute, of which bursts of ten are taken.
            Self::History => Duration::from_millis(1_200),
        }
    }
}

/// Longest that a call is held back; one that has to wait longer is refused with the pause that is left.
const LONGEST: Duration = Duration::from_secs(60);

/// When each kind of call may be made next.
#[derive(Default)]
pub(super) struct Pace([Mutex<Option<Instant>>; 6]);

/// A call's turn. The next of its kind waits from the end of this one: a call may have waited elsewhere on its way, and
/// they count when it arrives.
pub(super) struct Turn<'a> {
    kind: Kind,
    next: MutexGuard<'a, Option<Instant>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.next = Some(Instant::now() + self.kind.pause());
    }
}

impl Pace {
    /// Waits until a call of a kind may be made.
    ///
    /// # Errors
    /// [`ProviderError::RateLimited`] where that is too far away.
    pub(super) async fn turn(&self, kind: Kind) -> Result<Turn<'_>, ProviderError> {
        let next = self.0[kind as usize].lock().await;
        let wait = next.map_or(Duration::ZERO, |next| {
            next.saturating_duration_since(Instant::now())
        });
        if wait > LONGEST {
            // Not by a turn: that would begin the pause anew.
            return Err(ProviderError::RateLimited {
                retry_after: Some(wait),
            });
        }
        tokio::time::sleep(wait).await;
        Ok(Turn { kind, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_of_a_kind_keep_their_distance_and_others_do_not_wait() {
        let pace = Pace::default();
        let start = Instant::now();
        for expected in [0, 5, 11] {
            drop(pace.turn(Kind::Trades).await.unwrap());
            assert_eq!(start.elapsed().as_secs(), expected);
        }
        drop(pace.turn(Kind::LiveOrders).await.unwrap());
        assert_eq!(start.elapsed().as_secs(), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quarter_of_an_hour_is_not_waited_for() {
        let pace = Pace::default();
        drop(pace.turn(Kind::Performance).await.unwrap());
        let refused = pace.turn(Kind::Performance).await.map(drop).unwrap_err();
        let left = Some(Duration::from_secs(15 * 60));
        assert_eq!(refused, ProviderError::RateLimited { retry_after: left });
        tokio::time::advance(Duration::from_secs(14 * 60 + 1)).await;
        drop(pace.turn(Kind::Performance).await.unwrap());
    }
}
