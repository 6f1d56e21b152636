//! What one data socket wants.

use super::messages::{CHANNELS, QUOTES, TRADES};
use crate::sim::alpaca::Shared;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Symbols of trades and quotes on the free plan.
const FREE_SYMBOLS: usize = 30;

/// What one socket wants of each channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted([BTreeSet<String>; CHANNELS.len()]);

impl Wanted {
    /// Adds what a message subscribes to.
    pub(super) fn add(&mut self, request: &Value) {
        for (channel, name) in CHANNELS.iter().enumerate() {
            self.0[channel].extend(symbols(request, name));
        }
        self.follow_trades();
    }

    /// Takes out what a message unsubscribes from.
    pub(super) fn remove(&mut self, request: &Value) {
        for (channel, name) in CHANNELS.iter().enumerate() {
            for symbol in symbols(request, name) {
                self.0[channel].remove(&symbol);
            }
        }
        self.follow_trades();
    }

    /// The acknowledgement: everything that is wanted now, `T` first.
    pub(super) fn acknowledgement(&self) -> String {
        let channels = CHANNELS.iter().zip(&self.0);
        let lists = channels.map(|(name, symbols)| format!("\"{name}\":{}", json!(symbols)));
        let lists = lists.collect::<Vec<_>>().join(",");
        format!("[{{\"T\":\"subscription\",{lists}}}]")
    }

    pub(super) fn has(&self, channel: usize, symbol: &str) -> bool {
        self.0[channel].contains("*") || self.0[channel].contains(symbol)
    }

    /// Whether quotes or trades of a symbol are wanted now and were not before.
    pub(super) fn newly_has(&self, before: &Self, symbol: &str) -> bool {
        [TRADES, QUOTES]
            .into_iter()
            .any(|channel| self.has(channel, symbol) && !before.has(channel, symbol))
    }

    pub(super) fn exceeds_free_plan(&self) -> bool {
        let (trades, quotes) = (&self.0[TRADES], &self.0[QUOTES]);
        trades.contains("*") || quotes.contains("*") || trades.len() + quotes.len() > FREE_SYMBOLS
    }

    /// Corrections and cancelled trades come with trades.
    pub(super) fn follow_trades(&mut self) {
        for channel in ["corrections", "cancelErrors"] {
            if let Some(index) = CHANNELS.iter().position(|name| *name == channel) {
                self.0[index] = self.0[TRADES].clone();
            }
        }
    }

    pub(super) fn mask(&self, shared: &Shared) -> Vec<u16> {
        let world = shared.world();
        let bits = |symbol: &str| {
            (0..CHANNELS.len())
                .filter(|channel| self.has(*channel, symbol))
                .fold(0, |mask, channel| mask | 1 << channel)
        };
        let listings = world.market.listings().iter();
        listings
            .map(|listing| bits(listing.symbol.as_str()))
            .collect()
    }
}

fn symbols(request: &Value, channel: &str) -> Vec<String> {
    let list = request[channel].as_array();
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
