//! Which symbols a market-data socket carries, and the next step towards those that are wanted.
//!
//! The plan's limit is not told in advance: a request above it is refused as a whole. So one request is under way at a
//! time, in the order in which the symbols are wanted, and a refused one is halved until a single symbol is too many.

use crate::domain::{Symbol, Text};
use std::collections::BTreeSet;

/// Symbols asked for at first; doubled with each that is taken.
const FIRST_BATCH: usize = 30;

/// Symbols carried at most, whatever the plan allows.
const MOST: usize = 10_000;

/// Bytes of a request at most; the server closes the connection above 16 KB.
const MOST_BYTES: usize = 15_000;

/// Channels in which each symbol is named.
const CHANNELS: usize = 4;

/// The wanted, the carried, and the way between.
pub(super) struct Subscriptions {
    wanted: Vec<Symbol>,
    live: BTreeSet<Symbol>,
    /// Symbols that the feed does not take, whatever the limit.
    refused: BTreeSet<Symbol>,
    refusal: Text,
    capacity: usize,
    batch: usize,
    is_near_limit: bool,
    in_flight: Option<Step>,
    reported: BTreeSet<Symbol>,
}

/// A request to the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Carry these too.
    Subscribe(Vec<Symbol>),
    /// Carry these no more.
    Unsubscribe(Vec<Symbol>),
}

impl Subscriptions {
    pub(super) fn new() -> Self {
        Self {
            wanted: Vec::new(),
            live: BTreeSet::new(),
            refused: BTreeSet::new(),
            refusal: Text::default(),
            capacity: MOST,
            batch: FIRST_BATCH,
            is_near_limit: false,
            in_flight: None,
            reported: BTreeSet::new(),
        }
    }

    /// Replaces what is wanted, the most wanted first.
    pub(super) fn want(&mut self, symbols: Vec<Symbol>) {
        self.wanted = symbols;
    }

    /// Whether a request waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The next request, where one is due and none is under way.
    pub(super) fn next(&mut self) -> Option<Step> {
        if self.is_waiting() {
            return None;
        }
        let mut target = BTreeSet::new();
        let takeable = self
            .wanted
            .iter()
            .filter(|symbol| !self.refused.contains(*symbol));
        let additions: Vec<Symbol> = takeable
            .filter(|symbol| target.len() < self.capacity && target.insert(*symbol))
            .filter(|symbol| !self.live.contains(*symbol))
            .cloned()
            .collect();
        let removals: Vec<Symbol> = self
            .live
            .iter()
            .filter(|symbol| !target.contains(symbol))
            .cloned()
            .collect();
        let step = if removals.is_empty() {
            Step::Subscribe(fitting(additions, self.batch))
        } else {
            Step::Unsubscribe(fitting(removals, usize::MAX))
        };
        self.in_flight = Some(step).filter(|step| !step.symbols().is_empty());
        self.in_flight.clone()
    }

    /// The server took the request; `carried` is everything it carries now.
    pub(super) fn taken(&mut self, carried: &BTreeSet<Symbol>) {
        match self.in_flight.take() {
            Some(Step::Subscribe(symbols)) => {
                self.live.extend(symbols);
                let missing: Vec<Symbol> = self.live.difference(carried).cloned().collect();
                if !missing.is_empty() {
                    self.refuse(missing, "the feed does not carry it".into());
                }
                if !self.is_near_limit {
                    self.batch = self.batch.saturating_mul(2);
                }
            }
            Some(Step::Unsubscribe(symbols)) => self.drop_all(&symbols),
            None => {}
        }
    }

    /// The request would have passed the plan's limit; what was carried before still is.
    pub(super) fn over_limit(&mut self) {
        match self.in_flight.take() {
            Some(Step::Subscribe(symbols)) if symbols.len() > 1 => {
                self.is_near_limit = true;
                self.batch = symbols.len() / 2;
            }
            Some(Step::Subscribe(_)) => {
                self.capacity = self.live.len();
                self.batch = FIRST_BATCH;
            }
            Some(Step::Unsubscribe(symbols)) => self.drop_all(&symbols),
            None => {}
        }
    }

    /// The request was refused for a reason that lies in one of its symbols.
    pub(super) fn not_taken(&mut self, why: Text) {
        match self.in_flight.take() {
            Some(Step::Subscribe(symbols)) if symbols.len() > 1 => self.batch = symbols.len() / 2,
            Some(Step::Subscribe(symbols)) => self.refuse(symbols, why),
            Some(Step::Unsubscribe(symbols)) => self.drop_all(&symbols),
            None => {}
        }
    }

    /// The request is to be made again in another form.
    pub(super) fn again(&mut self) {
        self.in_flight = None;
    }

    /// Wanted symbols that are not carried, and why, when that changed since it was last told and nothing is under way.
    pub(super) fn news(&mut self) -> Option<(Vec<Symbol>, Text)> {
        let missing = |symbol: &&Symbol| !self.live.contains(*symbol);
        let symbols: Vec<Symbol> = self.wanted.iter().filter(missing).cloned().collect();
        let now: BTreeSet<Symbol> = symbols.iter().cloned().collect();
        if self.is_waiting() || now == self.reported {
            return None;
        }
        let over_limit = symbols.iter().any(|symbol| !self.refused.contains(symbol));
        let why = match (symbols.is_empty(), over_limit) {
            (true, _) => "all that are watched are carried again".into(),
            (false, true) => format!("the data plan carries {} symbols", self.live.len()).into(),
            (false, false) => self.refusal.clone(),
        };
        self.reported = now;
        Some((symbols, why))
    }

    fn refuse(&mut self, symbols: Vec<Symbol>, why: Text) {
        self.drop_all(&symbols);
        self.refused.extend(symbols);
        self.refusal = why;
    }

    fn drop_all(&mut self, symbols: &[Symbol]) {
        for symbol in symbols {
            self.live.remove(symbol);
        }
    }
}

impl Step {
    pub(super) fn symbols(&self) -> &[Symbol] {
        match self {
            Self::Subscribe(symbols) | Self::Unsubscribe(symbols) => symbols,
        }
    }
}

/// The first symbols that fit one request.
fn fitting(symbols: Vec<Symbol>, most: usize) -> Vec<Symbol> {
    let mut bytes = 0;
    let fits = |symbol: &Symbol| {
        bytes += CHANNELS * (2 * symbol.as_str().len() + 3); // escaped and in quotes, with a comma
        bytes <= MOST_BYTES
    };
    symbols
        .into_iter()
        .take(most.max(1))
        .take_while(fits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<Symbol> {
        (0..count)
            .map(|index| Symbol::new(&format!("S{index:03}")))
            .collect()
    }

    /// Plays the server: a limit on all that is carried, and symbols it refuses. Returns how many requests it took.
    fn settle(
        subscriptions: &mut Subscriptions,
        carried: &mut BTreeSet<Symbol>,
        limit: usize,
        bad: &[&str],
    ) -> usize {
        let mut requests = 0;
        while let Some(step) = subscriptions.next() {
            requests += 1;
            assert!(requests < 500, "it never settles");
            match &step {
                Step::Unsubscribe(symbols) => carried.retain(|it| !symbols.contains(it)),
                Step::Subscribe(symbols) if symbols.iter().any(|it| bad.contains(&it.as_str())) => {
                    subscriptions.not_taken("invalid syntax".into());
                    continue;
                }
                Step::Subscribe(symbols) if carried.len() + symbols.len() > limit => {
                    subscriptions.over_limit();
                    continue;
                }
                Step::Subscribe(symbols) => carried.extend(symbols.iter().cloned()),
            }
            subscriptions.taken(carried);
        }
        requests
    }

    #[test]
    fn the_first_ones_stay_live_whatever_the_limit_is() {
        for limit in [0, 1, 15, 30, 31, 100, 250] {
            let (mut subscriptions, mut carried) = (Subscriptions::new(), BTreeSet::new());
            subscriptions.want(names(200));
            let requests = settle(&mut subscriptions, &mut carried, limit, &[]);
            let expected: BTreeSet<Symbol> = names(200.min(limit)).into_iter().collect();
            assert_eq!(carried, expected, "limit {limit}");
            assert!(requests <= 24, "limit {limit}: {requests} requests");
            let news = subscriptions.news();
            assert_eq!(
                news.map(|(symbols, _)| symbols.len()),
                (limit < 200).then(|| 200 - limit),
                "limit {limit}"
            );
            assert_eq!(subscriptions.news(), None, "told once");
        }
    }

    #[test]
    fn what_becomes_visible_takes_the_place_of_what_does_not() {
        let (mut subscriptions, mut carried) = (Subscriptions::new(), BTreeSet::new());
        subscriptions.want(names(40));
        settle(&mut subscriptions, &mut carried, 30, &[]);
        let mut wanted = names(40);
        wanted.rotate_left(35);
        subscriptions.want(wanted.clone());
        settle(&mut subscriptions, &mut carried, 30, &[]);
        assert_eq!(carried, wanted[..30].iter().cloned().collect());
        let (missing, why) = subscriptions.news().unwrap();
        assert_eq!(missing, wanted[30..]);
        assert_eq!(why.as_str(), "the data plan carries 30 symbols");
        subscriptions.want(names(3));
        assert_eq!(
            settle(&mut subscriptions, &mut carried, 30, &[]),
            1,
            "one unsubscribe"
        );
        assert_eq!(subscriptions.news().unwrap().0, []);
    }

    #[test]
    fn one_bad_symbol_does_not_spoil_the_rest() {
        let (mut subscriptions, mut carried) = (Subscriptions::new(), BTreeSet::new());
        subscriptions.want(names(100));
        let requests = settle(&mut subscriptions, &mut carried, 1_000, &["S007"]);
        assert_eq!(carried.len(), 99);
        assert!(requests <= 20, "{requests} requests");
        let (missing, why) = subscriptions.news().unwrap();
        assert_eq!(
            (missing, why.as_str()),
            (vec![Symbol::new("S007")], "invalid syntax")
        );
    }

    #[test]
    fn a_symbol_that_the_answer_leaves_out_is_not_asked_for_again() {
        let mut subscriptions = Subscriptions::new();
        subscriptions.want(names(2));
        subscriptions.next();
        subscriptions.taken(&names(1).into_iter().collect());
        assert_eq!(subscriptions.next(), None);
        assert_eq!(subscriptions.news().unwrap().0, [Symbol::new("S001")]);
    }

    #[test]
    fn one_request_is_under_way_at_a_time_and_stays_below_sixteen_kilobytes() {
        let long = |index: usize| Symbol::new(&format!("{index:\"<32}"));
        let mut subscriptions = Subscriptions::new();
        subscriptions.want((0..500).map(long).collect());
        let mut carried = BTreeSet::new();
        while let Some(step) = subscriptions.next() {
            assert_eq!(subscriptions.next(), None);
            let names: Vec<&str> = step.symbols().iter().map(Symbol::as_str).collect();
            assert!(CHANNELS * serde_json::to_string(&names).unwrap().len() < 16_000);
            carried.extend(step.symbols().iter().cloned());
            subscriptions.taken(&carried);
        }
        assert_eq!(carried.len(), 500);
    }
}
