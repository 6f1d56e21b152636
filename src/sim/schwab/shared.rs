//! What all requests and sockets of a simulator share, and the clockwork that moves it.

use super::gate::Limits;
use super::orders::{Desk, Rejected};
use super::people::Person;
use crate::domain::{Clock, Timestamp};
use crate::sim::faults::Faults;
use crate::sim::market::Tick;
use crate::sim::oauth::AuthServer;
use crate::sim::socket::Lifetime;
use crate::sim::world::{Notice, World};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the world advances; what happened in between leaves in one message a socket.
const BEAT: Duration = Duration::from_millis(20);
/// Batches a slow socket may be behind before it is told so and dropped: five seconds.
pub(super) const FEED_BACKLOG: usize = 256;
/// Order events a slow socket may be behind.
pub(super) const NEWS_BACKLOG: usize = 4096;

/// What happened to an order, as the streamer passes it on.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// In the books.
    Order(Box<Notice>),
    /// Refused before it came into the books.
    Rejected(Box<Rejected>),
}

/// The state behind every request and socket.
pub(super) struct Shared {
    pub(super) world: Mutex<World>,
    pub(super) people: Vec<Person>,
    pub(super) oauth: AuthServer,
    pub(super) limits: Mutex<Limits>,
    /// What is known of orders beside the books.
    pub(super) desk: Mutex<Desk>,
    /// The word that ends each person's streamer connection.
    pub(super) streams: Mutex<HashMap<usize, CancellationToken>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) feed: broadcast::Sender<Arc<Vec<Tick>>>,
    pub(super) news: broadcast::Sender<Arc<News>>,
    pub(super) requests_a_minute: u32,
    /// Where browsers are sent back to.
    pub(super) redirect: String,
    pub(super) lifetime: Lifetime,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        held(&self.world)
    }

    pub(super) fn limits(&self) -> MutexGuard<'_, Limits> {
        held(&self.limits)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        held(&self.desk)
    }

    /// The person whose access token this is.
    pub(super) fn bearer(&self, token: &str) -> Option<usize> {
        let login = self.oauth.bearer(token).ok()?.login;
        self.people.iter().position(|person| person.login == login)
    }

    /// Takes the one connection a person may have and ends the one before it.
    pub(super) fn claim_stream(&self, person: usize) -> CancellationToken {
        let own = CancellationToken::new();
        let before = held(&self.streams).insert(person, own.clone());
        if let Some(before) = before {
            before.cancel();
        }
        own
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
        self.publish(ticks);
        for notice in notices {
            self.tell(News::Order(Box::new(notice)));
        }
    }

    /// Passes on what happened to an order.
    pub(super) fn tell(&self, news: News) {
        // Nobody listening is no loss: what happened is in the books.
        drop(self.news.send(Arc::new(news)));
    }

    fn publish(&self, ticks: Vec<Tick>) {
        if !ticks.is_empty() && self.feed.receiver_count() > 0 {
            // As above: the newest of each symbol is kept and can be asked for.
            drop(self.feed.send(Arc::new(ticks)));
        }
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
        self.publish(vec![tick]);
        true
    }
}
