//! What was last known of a connection: kept for the next start, and shown then with its age until it is read anew.

use crate::domain::{ConnectionId, LastKnown, Timestamp};
use crate::engine::Engine;
use crate::engine::input::Profile;
use crate::engine::output::Output;
use crate::engine::sessions::Session;
use crate::link::{ConnectionState, Event};
use std::time::Duration;

/// Shortest time between two readings that are kept.
const KEPT_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// Shows what an earlier run kept of a connection, unless this run has read something newer.
    pub(super) fn take_known(&mut self, profile: Profile, known: LastKnown) {
        let id = profile.id.clone();
        let state = match self.vault.is_for_viewing() {
            true => ConnectionState::Sealed,
            false => ConnectionState::Disconnected,
        };
        let session = self.sessions.entry(id.clone());
        let session = session.or_insert_with(|| Session::standing(profile, state));
        if session.status.last_sync.is_some_and(|at| at >= known.read) {
            return;
        }
        session.accounts = known.accounts.iter().map(|it| it.id.clone()).collect();
        session.status.last_sync = Some(known.read);
        session.kept = Some(known.read);
        let mut positions = known.positions;
        for account in known.accounts {
            let id = account.id.clone();
            self.holdings.accounts.insert(id.clone(), account.clone());
            self.publish(Event::Account(account));
            let (held, rest) = positions.into_iter().partition(|it| it.account == id);
            positions = rest;
            self.take_positions(&id, held);
        }
        for balance in known.balances {
            let id = balance.account.clone();
            self.holdings.balances.insert(id, balance.clone());
            self.publish(Event::Balance(balance));
        }
        self.publish_status(&id);
    }

    /// Has a connection kept that was just read whole, at most once a minute.
    pub(super) fn keep_in_time(&mut self, id: &ConnectionId) {
        let is_due = |session: &&Session| {
            let waited =
                |read: Timestamp| session.kept.is_none_or(|it| read.since(it) >= KEPT_EVERY);
            session.unkept().is_some_and(waited)
        };
        if self.sessions.get(id).filter(is_due).is_some() {
            self.keep(id);
        }
    }

    /// Has everything kept that was read since it was last kept: the program is about to forget it.
    pub(super) fn keep_all(&mut self) {
        let unkept = self.sessions.iter().filter(|(_, it)| it.unkept().is_some());
        let ids: Vec<ConnectionId> = unkept.map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.keep(&id);
        }
    }

    /// The simulation's accounts are nobody's, so nothing of them is kept.
    fn keep(&mut self, id: &ConnectionId) {
        let Some(session) = self.sessions.get_mut(id).filter(|_| !self.settings.demo) else {
            return;
        };
        let Some(read) = session.unkept() else { return };
        session.kept = Some(read);
        let holdings = &self.holdings;
        let accounts = session.accounts.iter();
        let positions = accounts.clone().filter_map(|it| holdings.positions.get(it));
        let known = LastKnown {
            connection: id.clone(),
            provider: session.profile.provider.clone(),
            environment: session.profile.environment,
            read,
            positions: positions.flatten().cloned().collect(),
            balances: accounts
                .clone()
                .filter_map(|it| holdings.balances.get(it).cloned())
                .collect(),
            accounts: accounts
                .filter_map(|it| holdings.accounts.get(it).cloned())
                .collect(),
        };
        self.out.push(Output::Keep(Box::new(known)));
    }
}
