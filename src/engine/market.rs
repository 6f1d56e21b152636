//! Newest market data of every symbol, merged from quotes, trades and snapshots.

mod routes;

use crate::domain::quote::MarketEvent;
use crate::domain::{ConnectionId, Level1, Symbol, Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::link::ScreenId;

/// Symbols kept at most; one nobody watches makes room.
const MOST_SYMBOLS: usize = 20_000;

/// Newest market data.
#[derive(Default)]
pub(crate) struct Market {
    lines: HashMap<Symbol, Line>,
    changed: Vec<Symbol>,
    watches: BTreeMap<ScreenId, Vec<Symbol>>,
    dropped: u64,
}

struct Line {
    level1: Level1,
    is_changed: bool,
    /// The connection that has to say what is shown; nobody yet, and whoever speaks is heard.
    route: Option<ConnectionId>,
    /// The connection that said what is shown.
    from: Option<ConnectionId>,
}

/// Which feed events came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) label: Text,
    pub(crate) simulated: bool,
    pub(crate) delayed_minutes: u16,
}

impl Market {
    /// Takes in what the feed of a connection said at `now`.
    pub(crate) fn apply(
        &mut self,
        now: Timestamp,
        from: &ConnectionId,
        source: &Source,
        events: &[MarketEvent],
    ) {
        for event in events {
            let Some(line) = self.line_mut(symbol_of(event)) else {
                continue;
            };
            if line.route.as_ref().is_some_and(|route| route != from) {
                continue;
            }
            if line.from.as_ref() != Some(from) {
                line.level1 = Level1::unknown(line.level1.symbol.clone());
                line.from = Some(from.clone());
            }
            line.say(source);
            if line.level1.apply(event, now) && !line.is_changed {
                line.is_changed = true;
                let symbol = line.level1.symbol.clone();
                self.changed.push(symbol);
            }
        }
    }

    /// The line of a symbol, made where there is none; `None` when there is no room.
    fn line_mut(&mut self, symbol: &Symbol) -> Option<&mut Line> {
        if !self.lines.contains_key(symbol) {
            if self.lines.len() == MOST_SYMBOLS {
                self.dropped += 1;
                return None;
            }
            let line = Line {
                level1: Level1::unknown(symbol.clone()),
                is_changed: false,
                route: None,
                from: None,
            };
            self.lines.insert(symbol.clone(), line);
        }
        self.lines.get_mut(symbol)
    }

    /// From now on this connection says what is shown of a symbol.
    pub(crate) fn route(&mut self, symbol: &Symbol, to: &ConnectionId) {
        if let Some(line) = self.line_mut(symbol) {
            line.route = Some(to.clone());
        }
    }

    /// Frees the symbols that no feed is to carry any more.
    pub(crate) fn keep_routes(&mut self, routes: &BTreeMap<ConnectionId, Vec<Symbol>>) {
        for (symbol, line) in &mut self.lines {
            let stays = line.route.as_ref().is_none_or(|route| {
                let symbols = routes.get(route);
                symbols.is_some_and(|symbols| symbols.binary_search(symbol).is_ok())
            });
            if !stays {
                line.route = None;
            }
        }
    }

    /// Whether a feed is to carry a symbol.
    pub(crate) fn is_routed(&self, symbol: &Symbol) -> bool {
        self.lines
            .get(symbol)
            .is_some_and(|line| line.route.is_some())
    }

    /// Whether nothing is known of a symbol that this connection was to say something of; not of one that another
    /// connection took over meanwhile.
    pub(crate) fn lacks(&self, symbol: &Symbol, from: &ConnectionId) -> bool {
        let line = self.lines.get(symbol);
        line.is_none_or(|line| {
            let is_its_own = line.route.as_ref().is_none_or(|route| route == from);
            line.from.is_none() && is_its_own
        })
    }

    /// Whether anything changed since the last [`Market::take_changed`].
    pub(crate) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The lines that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<Level1> {
        let mut lines = Vec::with_capacity(self.changed.len());
        for symbol in self.changed.drain(..) {
            if let Some(line) = self.lines.get_mut(&symbol) {
                line.is_changed = false;
                lines.push(line.level1.clone());
            }
        }
        lines
    }

    /// Every line.
    pub(crate) fn lines(&self) -> Vec<Level1> {
        let said = self.lines.values().filter(|line| line.from.is_some());
        said.map(|line| line.level1.clone()).collect()
    }

    /// Sets what a screen watches; returns the symbols nobody watched before.
    pub(crate) fn watch(&mut self, screen: ScreenId, symbols: Vec<Symbol>) -> Vec<Symbol> {
        let before: HashSet<Symbol> = self.watched().into_iter().collect();
        self.watches.insert(screen, symbols);
        self.watched()
            .into_iter()
            .filter(|symbol| !before.contains(symbol))
            .collect()
    }

    /// Forgets what a screen watched.
    pub(crate) fn unwatch(&mut self, screen: ScreenId) {
        self.watches.remove(&screen);
    }

    /// Every symbol that some screen watches, in order.
    pub(crate) fn watched(&self) -> Vec<Symbol> {
        let all: BTreeSet<&Symbol> = self.watches.values().flatten().collect();
        all.into_iter().cloned().collect()
    }
}

impl Line {
    /// Says which feed the line is of.
    fn say(&mut self, source: &Source) {
        let shown = &mut self.level1;
        if shown.source != source.label || shown.simulated != source.simulated {
            shown.source = source.label.clone();
            shown.simulated = source.simulated;
        }
        shown.delayed_minutes = source.delayed_minutes;
    }
}

fn symbol_of(event: &MarketEvent) -> &Symbol {
    match event {
        MarketEvent::Quote(quote) => &quote.symbol,
        MarketEvent::Trade(trade) => &trade.symbol,
        MarketEvent::Bar(bar) => &bar.symbol,
        MarketEvent::Status(symbol, _) => symbol,
        MarketEvent::Day(day) => &day.symbol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Quantity, Trade};

    fn trade(symbol: &str, price: &str) -> MarketEvent {
        MarketEvent::Trade(Trade {
            symbol: Symbol::new(symbol),
            price: price.parse().unwrap(),
            size: Quantity::ZERO,
            time: Timestamp::EPOCH,
        })
    }

    #[test]
    fn many_events_of_a_symbol_are_one_changed_line() {
        let mut market = Market::default();
        let source = Source {
            label: "IEX".into(),
            simulated: false,
            delayed_minutes: 0,
        };
        market.apply(
            Timestamp::EPOCH,
            &ConnectionId::new("alpaca"),
            &source,
            &[trade("A", "1"), trade("B", "2"), trade("A", "3")],
        );
        let changed = market.take_changed();
        assert_eq!(changed.len(), 2);
        assert_eq!(changed[0].last, Some("3".parse().unwrap()));
        assert_eq!(changed[0].source.as_str(), "IEX");
        assert!(!market.has_changes());
    }

    #[test]
    fn watches_of_all_screens_are_one_set() {
        let mut market = Market::default();
        let symbols = |names: &[&str]| {
            names
                .iter()
                .map(|name| Symbol::new(name))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            market.watch(ScreenId(1), symbols(&["A", "B"])),
            symbols(&["A", "B"])
        );
        assert_eq!(
            market.watch(ScreenId(2), symbols(&["B", "C"])),
            symbols(&["C"])
        );
        market.unwatch(ScreenId(1));
        assert_eq!(market.watched(), symbols(&["B", "C"]));
    }
}
