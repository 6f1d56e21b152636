//! Which feed carries what: each symbol takes its market data from one connection, the best that carries it.
//!
//! The best is a real feed before a simulated one, then the one that lags least, then the first by name. A feed that is
//! lost, falls silent (its socket ends then) or does not carry a symbol makes room for the next; when a better one is
//! back it takes over. A row never shows two feeds at once: what another one says of a symbol is left out, and the row
//! begins anew with its new feed.

use crate::domain::{ConnectionId, Symbol, Timestamp};
use crate::engine::Engine;
use crate::engine::input::Reading;
use crate::engine::output::Output;
use crate::engine::sessions::Session;
use std::collections::BTreeMap;

impl Engine {
    /// Connections with a live feed, the best first.
    fn live_feeds(&self) -> Vec<&Session> {
        let live = self.sessions.values().filter(|it| it.has_live_quotes());
        let mut live: Vec<&Session> = live.collect();
        live.sort_by_key(|it| (it.source.simulated, it.source.delayed_minutes)); // stable: by name then
        live
    }

    /// Gives every watched symbol to the best feed that carries it, tells each feed what it is to carry when that
    /// changed, and asks for the newest of what a feed took over.
    pub(super) fn rewatch(&mut self, now: Timestamp) {
        let wanted = self.routes();
        let before = std::mem::replace(&mut self.watching, wanted.clone());
        for id in before.keys().filter(|id| !wanted.contains_key(*id)) {
            self.out.push(Output::Watch(id.clone(), Vec::new()));
        }
        for (id, symbols) in wanted {
            let had = before.get(&id);
            if had == Some(&symbols) {
                continue;
            }
            let is_new =
                |symbol: &&Symbol| had.is_none_or(|had| had.binary_search(symbol).is_err());
            let taken_over: Vec<Symbol> = symbols.iter().filter(is_new).cloned().collect();
            for symbol in &taken_over {
                self.market.route(symbol, &id);
            }
            self.out.push(Output::Watch(id.clone(), symbols));
            if !taken_over.is_empty() {
                self.schedule(&id, Reading::Snapshots(taken_over), now);
            }
        }
        self.market.keep_routes(&self.watching);
    }

    /// What each feed is to carry, in order.
    fn routes(&self) -> BTreeMap<ConnectionId, Vec<Symbol>> {
        let feeds = self.live_feeds();
        let mut routes: BTreeMap<ConnectionId, Vec<Symbol>> = BTreeMap::new();
        for symbol in self.market.watched() {
            let carries = |feed: &&&Session| !feed.status.feeds[0].not_live.contains(&symbol);
            // What nobody carries stays with the best, which says so.
            if let Some(feed) = feeds.iter().find(carries).or_else(|| feeds.first()) {
                routes
                    .entry(feed.profile.id.clone())
                    .or_default()
                    .push(symbol);
            }
        }
        routes
    }

    /// A connection that can be asked about the market now.
    pub(super) fn quotes_source(&self) -> Option<ConnectionId> {
        let best = self.live_feeds().first().map(|it| it.profile.id.clone());
        best.or_else(|| {
            let usable = |session: &&Session| session.profile.has_quotes && session.is_usable();
            let mut sessions = self.sessions.values();
            sessions
                .find(usable)
                .map(|session| session.profile.id.clone())
        })
    }
}
