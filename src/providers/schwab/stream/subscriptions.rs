//! Which symbols the streamer carries, and the next step towards those that are wanted.
//!
//! Each kind of thing has a service with a limit of its own. One request is under way at a time, in the order in which
//! symbols are wanted; a refused one is halved until a single symbol is known to be the cause.

use super::levels::{KINDS, service};
use crate::domain::{Symbol, Text};
use crate::providers::schwab::translate::symbol::{Kind, kind};
use std::collections::{BTreeMap, BTreeSet};

/// Symbols that a service carries at most, by the manual.
const MOST: usize = 500;

/// The wanted, the carried, and the way between.
pub(super) struct Subscriptions {
    wanted: Vec<Symbol>,
    carried: BTreeMap<Kind, BTreeSet<Symbol>>,
    /// How many a service carries, where it said that it has enough.
    capacity: BTreeMap<Kind, usize>,
    /// Symbols that are not taken, and why.
    refused: BTreeMap<Symbol, Text>,
    batch: usize,
    in_flight: Option<Step>,
    reported: BTreeSet<Symbol>,
}

/// A request to the streamer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: Kind,
    pub(super) command: Command,
    pub(super) symbols: Vec<Symbol>,
}

/// What is to be done with the symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Carry these and no others.
    Subscribe,
    /// Carry these too.
    Add,
    /// Carry these no more.
    Unsubscribe,
}

impl Command {
    /// The streamer's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Subscribe => "SUBS",
            Self::Add => "ADD",
            Self::Unsubscribe => "UNSUBS",
        }
    }
}

impl Subscriptions {
    pub(super) fn new() -> Self {
        Self {
            wanted: Vec::new(),
            carried: BTreeMap::new(),
            capacity: BTreeMap::new(),
            refused: BTreeMap::new(),
            batch: MOST,
            in_flight: None,
            reported: BTreeSet::new(),
        }
    }

    /// Replaces what is wanted, the most wanted first.
    pub(super) fn want(&mut self, symbols: Vec<Symbol>) {
        self.wanted = symbols;
    }

    /// The next request, where one is due and none is under way.
    pub(super) fn next(&mut self) -> Option<Step> {
        if self.in_flight.is_some() {
            return None;
        }
        let step = KINDS.into_iter().find_map(|kind| self.step(kind));
        self.in_flight.clone_from(&step);
        step
    }

    fn step(&self, of: Kind) -> Option<Step> {
        let nothing = BTreeSet::new();
        let carried = self.carried.get(&of).unwrap_or(&nothing);
        let capacity = self.capacity.get(&of).copied().unwrap_or(MOST);
        let takeable = |symbol: &&Symbol| {
            // Keys are told apart by commas.
            let is_key = !symbol.as_str().contains(',') && kind(symbol) == of;
            is_key && !self.refused.contains_key(*symbol)
        };
        let target: Vec<&Symbol> = self.wanted.iter().filter(takeable).take(capacity).collect();
        let removals = carried.iter().filter(|symbol| !target.contains(symbol));
        let removals: Vec<Symbol> = removals.cloned().collect();
        let (command, symbols) = if !removals.is_empty() {
            (Command::Unsubscribe, removals)
        } else {
            let additions = target.iter().filter(|symbol| !carried.contains(**symbol));
            let additions = additions.take(self.batch).map(|symbol| (*symbol).clone());
            let command = match carried.is_empty() {
                true => Command::Subscribe,
                false => Command::Add,
            };
            (command, additions.collect())
        };
        (!symbols.is_empty()).then_some(Step {
            kind: of,
            command,
            symbols,
        })
    }

    /// The streamer took the request.
    pub(super) fn taken(&mut self) {
        let Some(step) = self.in_flight.take() else {
            return;
        };
        let carried = self.carried.entry(step.kind).or_default();
        match step.command {
            Command::Subscribe | Command::Add => {
                carried.extend(step.symbols);
                self.batch = self.batch.saturating_mul(2).min(MOST);
            }
            Command::Unsubscribe => {
                carried.retain(|symbol| !step.symbols.contains(symbol));
            }
        }
    }

    /// The request would have passed the service's limit; what was carried before still is.
    pub(super) fn over_limit(&mut self) {
        let Some(step) = self.not_carried() else {
            return;
        };
        if step.symbols.len() > 1 {
            self.batch = step.symbols.len() / 2;
        } else {
            let carried = self.carried.get(&step.kind).map_or(0, BTreeSet::len);
            self.capacity.insert(step.kind, carried);
            self.batch = MOST;
        }
    }

    /// The request was refused for a reason that may lie in one of its symbols.
    pub(super) fn not_taken(&mut self, why: &Text) {
        let Some(step) = self.not_carried() else {
            return;
        };
        if step.symbols.len() > 1 {
            self.batch = step.symbols.len() / 2;
        } else {
            self.refuse(step.symbols, why);
            self.batch = MOST;
        }
    }

    /// The whole service is not there for us.
    pub(super) fn without_service(&mut self, why: &Text) {
        let Some(step) = self.not_carried() else {
            return;
        };
        let of_kind = self
            .wanted
            .iter()
            .filter(|symbol| kind(symbol) == step.kind);
        let symbols: Vec<Symbol> = of_kind.cloned().chain(step.symbols).collect();
        self.refuse(symbols, why);
    }

    /// Ends what is under way; what is no more wanted is taken to be gone either way.
    fn not_carried(&mut self) -> Option<Step> {
        let step = self.in_flight.take()?;
        if step.command == Command::Unsubscribe {
            let carried = self.carried.entry(step.kind).or_default();
            carried.retain(|symbol| !step.symbols.contains(symbol));
            return None;
        }
        Some(step)
    }

    fn refuse(&mut self, symbols: Vec<Symbol>, why: &Text) {
        for symbol in symbols {
            self.refused.insert(symbol, why.clone());
        }
    }

    /// Wanted symbols that are not carried, and why, when that changed since it was last told and nothing is under way.
    pub(super) fn news(&mut self) -> Option<(Vec<Symbol>, Text)> {
        let is_missing = |symbol: &&Symbol| {
            let carried = self.carried.get(&kind(symbol));
            carried.is_none_or(|carried| !carried.contains(*symbol))
        };
        let symbols: Vec<Symbol> = self.wanted.iter().filter(is_missing).cloned().collect();
        let now: BTreeSet<Symbol> = symbols.iter().cloned().collect();
        if self.in_flight.is_some() || now == self.reported {
            return None;
        }
        let why = match symbols.first() {
            None => "all that are watched are carried again".into(),
            Some(first) => self.refused.get(first).cloned().unwrap_or_else(|| {
                let of = kind(first);
                let carried = self.carried.get(&of).map_or(0, BTreeSet::len);
                format!("{} carries {carried} symbols", service(of)).into()
            }),
        };
        self.reported = now;
        Some((symbols, why))
    }
}

#[cfg(test)]
#[path = "subscriptions_tests.rs"]
mod tests;
