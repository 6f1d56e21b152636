//! Credentials are tried when the vault opens and once a day after that.
//!
//! The list of accounts is the cheapest call that every provider has, and it changes nothing. A connection in use reads
//! it more often; one that stopped, because its provider said no, is tried again after a day.

use crate::domain::{ConnectionId, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::sessions::Session;
use crate::link::{ConnectionState, EntryKind};
use std::time::Duration;

/// How long a trial is good for.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of the credentials of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Trials {
    /// When the provider last accepted them and the person was told.
    told: Option<Timestamp>,
    /// When they were last tried.
    last: Option<Timestamp>,
}

impl Session {
    /// The provider said no.
    pub(in crate::engine) fn credentials_refused(&mut self, now: Timestamp) {
        self.trials = Trials {
            told: None,
            last: Some(now),
        };
    }

    /// The provider accepted them; whether the person is told.
    fn credentials_accepted(&mut self, now: Timestamp) -> bool {
        self.trials.last = Some(now);
        let is_news = self.trials.told.is_none_or(|told| now.since(told) >= EVERY);
        if is_news {
            self.trials.told = Some(now);
        }
        is_news
    }

    /// When credentials that were refused are tried again.
    fn next_trial(&self) -> Option<Timestamp> {
        let stopped = match self.status.state {
            ConnectionState::NeedsSignIn { .. } | ConnectionState::Failed { .. } => true,
            ConnectionState::Connecting
            | ConnectionState::Live
            | ConnectionState::Retrying { .. }
            | ConnectionState::Disconnected
            | ConnectionState::Sealed => false,
        };
        self.trials
            .last
            .filter(|_| stopped)
            .map(|last| last.plus(EVERY))
    }
}

impl Engine {
    /// Says that a provider accepted the credentials, the first time and once a day.
    pub(in crate::engine) fn note_acceptance(&mut self, now: Timestamp, id: &ConnectionId) {
        let session = self.sessions.get_mut(id);
        if session.is_some_and(|session| session.credentials_accepted(now)) {
            let line = Line::new(EntryKind::System, "its credentials are accepted");
            self.note(now, line.at(id));
        }
    }

    /// Tries credentials that were refused a day ago.
    pub(in crate::engine) fn try_refused_credentials(&mut self, now: Timestamp) {
        let sessions = self.sessions.iter();
        let due = sessions.filter(|(_, session)| session.next_trial().is_some_and(|at| at <= now));
        let due: Vec<ConnectionId> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            self.reconnect(now, &id);
        }
    }

    /// When [`Engine::try_refused_credentials`] has something to do next.
    pub(in crate::engine) fn next_trial(&self) -> Option<Timestamp> {
        self.sessions.values().filter_map(Session::next_trial).min()
    }
}
