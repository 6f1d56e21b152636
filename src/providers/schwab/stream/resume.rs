//! What outlives a socket of the streamer: how earlier ones ended.

use crate::auth::AccessToken;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Log-ins that may be denied in a row, each with a new token.
const MOST_DENIED: u32 = 2;

/// Longest wait for another program to leave our place.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What outlives a socket.
#[derive(Default)]
pub(in crate::providers::schwab) struct Resume(Mutex<Past>);

#[derive(Default)]
struct Past {
    /// The token that the last log-in was denied with.
    refused: Option<AccessToken>,
    denied: u32,
    /// How often in a row another program was in our place.
    displaced: u32,
}

impl Resume {
    /// The token that was denied last, once.
    pub(in crate::providers::schwab) fn take_refused(&self) -> Option<AccessToken> {
        self.with(|past| past.refused.take())
    }

    /// A log-in with `token` was denied; whether another token is worth a try.
    pub(super) fn denied(&self, token: &AccessToken) -> bool {
        self.with(|past| {
            past.refused = Some(token.clone());
            past.denied += 1;
            past.denied < MOST_DENIED
        })
    }

    /// Another program took our place; how long to wait before we take it back, longer each time.
    pub(super) fn displaced(&self) -> Duration {
        let times = self.with(|past| {
            past.displaced = past.displaced.saturating_add(1);
            past.displaced
        });
        Duration::from_secs(1 << times.min(6)).min(LONGEST_WAIT)
    }

    /// What went before counts no more.
    pub(super) fn logged_in(&self) {
        self.with(|past| *past = Past::default());
    }

    fn with<T>(&self, act: impl FnOnce(&mut Past) -> T) -> T {
        // Counters are whole at every step, so a panic elsewhere does no harm.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
