//! What both hosts and all sockets of a simulator share, and the clockwork that moves it.

use super::orders::Notes;
use super::people::People;
use super::{Host, Options};
use crate::domain::{Clock, Timestamp};
use crate::sim::faults::Faults;
use crate::sim::market::Tick;
use crate::sim::socket::Lifetime;
use crate::sim::world::{Notice, World};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

/// How often the world advances.
const BEAT: Duration = Duration::from_millis(20);
/// Batches of ticks a market data socket may be behind before it is dropped.
const FEED_BACKLOG: usize = 256;
/// Notices an account streamer may be behind before it is dropped.
const UPDATE_BACKLOG: usize = 4096;
/// How long a token for market data is good.
const FEED_TOKEN_LIFE: Duration = Duration::from_hours(24);

/// The state behind both hosts and every socket.
pub(super) struct Shared {
    pub(super) people: People,
    pub(super) options: Options,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) feed: broadcast::Sender<Arc<Vec<Tick>>>,
    pub(super) updates: broadcast::Sender<Arc<Notice>>,
    pub(super) lifetime: Lifetime,
    world: Mutex<World>,
    notes: Mutex<Notes>,
    /// Requests of each login in a minute of the clock.
    minutes: Mutex<HashMap<&'static str, (i64, u32)>>,
    feed_tokens: Mutex<HashMap<String, (Host, Timestamp)>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        world: World,
        people: People,
        options: Options,
        clock: Arc<dyn Clock>,
        faults: Faults,
    ) -> Self {
        Self {
            people,
            options,
            clock,
            faults,
            feed: broadcast::Sender::new(FEED_BACKLOG),
            updates: broadcast::Sender::new(UPDATE_BACKLOG),
            lifetime: Lifetime::default(),
            world: Mutex::new(world),
            notes: Mutex::default(),
            minutes: Mutex::default(),
            feed_tokens: Mutex::default(),
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        held(&self.world)
    }

    /// What the world's books do not know of orders. Taken after the world where both are needed.
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        held(&self.notes)
    }

    /// Counts a request; whether it was one too many.
    pub(super) fn exceeds(&self, login: &'static str, now: Timestamp) -> bool {
        let minute = now.millis().div_euclid(60_000);
        let mut minutes = held(&self.minutes);
        let used = minutes.entry(login).or_insert((minute, 0));
        if used.0 != minute {
            *used = (minute, 0);
        }
        used.1 = used.1.saturating_add(1);
        used.1 > self.options.requests_a_minute
    }

    /// A token for market data, and when it ends.
    pub(super) fn make_feed_token(
        &self,
        world: &mut World,
        host: Host,
        now: Timestamp,
    ) -> (String, Timestamp) {
        let token = world.make_id().simple().to_string();
        let ends = now.plus(FEED_TOKEN_LIFE);
        held(&self.feed_tokens).insert(token.clone(), (host, ends));
        (token, ends)
    }

    pub(super) fn is_feed_token(&self, host: Host, token: &str, now: Timestamp) -> bool {
        let tokens = held(&self.feed_tokens);
        tokens
            .get(token)
            .is_some_and(|(of, ends)| *of == host && now < *ends)
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
        // Nobody listening is no loss: what happened is in the market and in the books.
        if !ticks.is_empty() {
            drop(self.feed.send(Arc::new(ticks)));
        }
        for notice in notices {
            drop(self.updates.send(Arc::new(notice)));
        }
    }
}
