//! Pauses between calls of a kind, as the manual has them: who asks too often is shut out for a quarter of an hour.

use crate::providers::provider::ProviderError;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
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
pub(super) struct Pace(Mutex<BTreeMap<Kind, Instant>>);

impl Pace {
    /// Waits until a call of a kind may be made, and counts it as made.
    ///
    /// # Errors
    /// [`ProviderError::RateLimited`] where that is too far away.
    pub(super) async fn wait(&self, kind: Kind) -> Result<(), ProviderError> {
        let now = Instant::now();
        let turn = {
            let mut next = self.lock();
            let turn = next.get(&kind).map_or(now, |turn| (*turn).max(now));
            if turn - now > LONGEST {
                return Err(ProviderError::RateLimited {
                    retry_after: Some(turn - now),
                });
            }
            next.insert(kind, turn + kind.pause());
            turn
        };
        tokio::time::sleep_until(turn).await;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Kind, Instant>> {
        // Each entry is whole at every step, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            pace.wait(Kind::Trades).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), expected);
        }
        pace.wait(Kind::LiveOrders).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quarter_of_an_hour_is_not_waited_for() {
        let pace = Pace::default();
        pace.wait(Kind::Performance).await.unwrap();
        let refused = pace.wait(Kind::Performance).await.unwrap_err();
        let left = Some(Duration::from_secs(15 * 60));
        assert_eq!(refused, ProviderError::RateLimited { retry_after: left });
        tokio::time::advance(Duration::from_secs(14 * 60 + 1)).await;
        pace.wait(Kind::Performance).await.unwrap();
    }
}
