//! Which contracts are subscribed to, what is known of each, and when each is asked for again.

use crate::domain::{MarketEvent, Symbol, Text, Timestamp};
use crate::providers::ibkr::translate::market::{FIELDS, Prices};
use crate::providers::ibkr::wire::{ByText, Field};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// A subscription ends silently after ten minutes; it is asked for again before.
const AGAIN: Duration = Duration::from_secs(8 * 60);

/// One contract that is subscribed to.
struct Line {
    symbol: Symbol,
    prices: Prices,
    again: Instant,
    /// What the venue said against it.
    refused: Option<Text>,
}

/// Everything that is subscribed to, by the numbers of contracts.
#[derive(Default)]
pub(super) struct Subscriptions {
    lines: BTreeMap<u64, Line>,
    told: BTreeSet<(Symbol, Text)>,
}

impl Subscriptions {
    /// Subscribes; what to say for it, where it is new.
    pub(super) fn add(&mut self, conid: u64, symbol: &Symbol, now: Instant) -> Option<String> {
        if self.lines.contains_key(&conid) {
            return None;
        }
        let line = Line {
            symbol: symbol.clone(),
            prices: Prices::default(),
            again: now + AGAIN,
            refused: None,
        };
        self.lines.insert(conid, line);
        Some(ask(conid))
    }

    /// Drops what is not wanted any more; what to say for it.
    pub(super) fn keep_only(&mut self, wanted: &BTreeSet<Symbol>) -> Vec<String> {
        let gone = self
            .lines
            .iter()
            .filter(|(_, line)| !wanted.contains(&line.symbol));
        let gone: Vec<u64> = gone.map(|(conid, _)| *conid).collect();
        let said = gone.iter().map(|conid| {
            self.lines.remove(conid);
            format!("umd+{conid}+{{}}")
        });
        said.collect()
    }

    /// What is to be asked for again by now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<String> {
        let due = self.lines.iter_mut().filter(|(_, line)| line.again <= now);
        let said = due.map(|(conid, line)| {
            line.again = now + AGAIN;
            ask(*conid)
        });
        said.collect()
    }

    /// When [`Subscriptions::due`] has something next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.lines.values().map(|line| line.again).min()
    }

    /// Takes in a message about a contract: what follows from it and how many fields could not be read; `None` for one
    /// that is not subscribed to.
    pub(super) fn take(
        &mut self,
        conid: u64,
        row: &ByText<'_, Field<'_>>,
        heard: Timestamp,
    ) -> Option<(Vec<MarketEvent>, usize)> {
        let line = self.lines.get_mut(&conid)?;
        Some(line.prices.take(row, &line.symbol, heard))
    }

    /// The venue said no to a contract.
    pub(super) fn refused(&mut self, conid: u64, why: &str) {
        if let Some(line) = self.lines.get_mut(&conid) {
            line.refused = Some(why.into());
        }
    }

    /// Symbols that are not live and why, `others` included, where that changed since it was told last.
    pub(super) fn news(&mut self, others: &BTreeMap<Symbol, Text>) -> Option<(Vec<Symbol>, Text)> {
        let dead = self.lines.values().filter_map(|line| {
            let why = line.prices.availability().why().map(Text::from);
            Some((line.symbol.clone(), line.refused.clone().or(why)?))
        });
        let others = others
            .iter()
            .map(|(symbol, why)| (symbol.clone(), why.clone()));
        let now: BTreeSet<(Symbol, Text)> = dead.chain(others).collect();
        if now == self.told {
            return None;
        }
        let symbols = now.iter().map(|(symbol, _)| symbol.clone()).collect();
        let mut reasons: Vec<&str> = now.iter().map(|(_, why)| why.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let why = reasons.join("; ").into();
        self.told = now;
        Some((symbols, why))
    }
}

fn ask(conid: u64) -> String {
    let fields: Vec<String> = FIELDS.iter().map(|field| format!("\"{field}\"")).collect();
    format!("smd+{conid}+{{\"fields\":[{}]}}", fields.join(","))
}
