//! What all hosts and sockets of a simulator share, and the clockwork that moves it.

use super::Host;
use super::account::Settings;
use super::gate::Limits;
use super::people::People;
use super::streams::messages::{Batch, Format};
use crate::domain::{Clock, Timestamp};
use crate::sim::faults::Faults;
use crate::sim::market::Tick;
use crate::sim::socket::Lifetime;
use crate::sim::world::{Customer, Notice, World};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

/// How often the world advances; what happened in between leaves in one frame a socket.
const BEAT: Duration = Duration::from_millis(20);
/// Frames a slow data socket may be behind before it is told so and dropped: five seconds.
pub(super) const FEED_BACKLOG: usize = 256;
/// Order updates a slow event socket may be behind.
pub(super) const UPDATE_BACKLOG: usize = 4096;

/// The state behind every host and socket.
pub(super) struct Shared {
    pub(super) people: People,
    pub(super) world: Mutex<World>,
    pub(super) settings: Mutex<Vec<Settings>>,
    pub(super) limits: Mutex<Limits>,
    /// Data sockets in use, by key and feed.
    pub(super) slots: Mutex<HashSet<(String, String)>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) feed: broadcast::Sender<Arc<Batch>>,
    pub(super) updates: broadcast::Sender<Arc<Notice>>,
    pub(super) json_listeners: Arc<AtomicUsize>,
    pub(super) pack_listeners: Arc<AtomicUsize>,
    pub(super) requests: AtomicU64,
    pub(super) requests_a_minute: u32,
    pub(super) lifetime: Lifetime,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, Vec<Settings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one data socket a key may have at a feed.
    pub(super) fn claim(&self, slot: &(String, String)) -> bool {
        self.slots().insert(slot.clone())
    }

    pub(super) fn release(&self, slot: &(String, String)) {
        self.slots().remove(slot);
    }

    pub(super) fn listeners(&self, format: Format) -> Arc<AtomicUsize> {
        match format {
            Format::Json => Arc::clone(&self.json_listeners),
            Format::Pack => Arc::clone(&self.pack_listeners),
        }
    }

    /// Requests a minute: the trading hosts' for everybody, the data host's by plan.
    pub(super) fn limit_of(&self, customer: &Customer, host: Host) -> u32 {
        match host {
            Host::Trading | Host::TradingLive => self.requests_a_minute,
            Host::Data if customer.profile.free => 200,
            Host::Data => 10_000,
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
        let (ticks, notices) = {
            let mut world = self.world();
            let ticks = world.advance(self.clock.now());
            (ticks, world.take_notices())
        };
        self.publish(&ticks);
        for notice in notices {
            // Nobody listening is no loss: what happened is in the books.
            drop(self.updates.send(Arc::new(notice)));
        }
    }

    fn publish(&self, ticks: &[Tick]) {
        let wants = |format| self.listeners(format).load(Ordering::Relaxed) > 0;
        if ticks.is_empty() || !(wants(Format::Json) || wants(Format::Pack)) {
            return;
        }
        // As above: the newest of each symbol is kept and can be asked for.
        drop(self.feed.send(Arc::new(Batch::write(ticks, wants))));
    }

    pub(super) fn tell_status(
        &self,
        mut world: MutexGuard<'_, World>,
        now: Timestamp,
        tick: Option<Tick>,
    ) -> bool {
        let Some(tick) = tick else {
            return false;
        };
        world.show_tick(now, &tick);
        drop(world);
        self.publish(&[tick]);
        true
    }
}
