//! What both doors and all sockets of a simulator share, and the clockwork that moves it.

use super::Options;
use super::contracts::Contracts;
use super::oauth::Tokens;
use super::orders::Notes;
use super::pace::{Limits, Pace};
use super::people::{Person, people};
use super::seats::Seats;
use crate::domain::Clock;
use crate::sim::faults::Faults;
use crate::sim::socket::Lifetime;
use crate::sim::world::{Notice, World};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

/// How often the world advances.
const BEAT: Duration = Duration::from_millis(20);
/// Notices a socket may be behind before it is dropped.
const UPDATE_BACKLOG: usize = 4096;

/// The state behind both doors and every socket.
pub(super) struct Shared {
    pub(super) people: Vec<Person>,
    pub(super) contracts: Contracts,
    pub(super) options: Options,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) updates: broadcast::Sender<Arc<Notice>>,
    pub(super) lifetime: Lifetime,
    world: Mutex<World>,
    desk: Mutex<Desk>,
}

/// What the provider knows besides the world's books. Taken after the world where both are needed.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) seats: Seats,
    pub(super) tokens: Tokens,
    pub(super) notes: Notes,
    pub(super) pace: Pace,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(
        world: World,
        options: Options,
        clock: Arc<dyn Clock>,
        faults: Faults,
    ) -> Self {
        Self {
            people: people(&world),
            contracts: Contracts::new(&world.market),
            options,
            clock,
            faults,
            updates: broadcast::Sender::new(UPDATE_BACKLOG),
            lifetime: Lifetime::default(),
            world: Mutex::new(world),
            desk: Mutex::default(),
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            a_second: self.options.requests_a_second,
            of_calls: self.options.paced,
            penalty: self.options.penalty,
        }
    }

    pub(super) async fn drive(self: Arc<Self>) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => self.advance(),
                () = self.lifetime.stop.cancelled() => return,
            }
        }
    }

    fn advance(&self) {
        let notices = {
            let mut world = self.world();
            world.advance(self.clock.now());
            world.take_notices()
        };
        // Nobody listening is no loss: what happened is in the books.
        for notice in notices {
            drop(self.updates.send(Arc::new(notice)));
        }
    }
}
