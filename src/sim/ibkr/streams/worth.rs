//! `spl`, `ssd` and `sld`: profit and loss every second, summary and ledger every ten.

use super::super::portfolio::balances::{gains, ledger_of, summary_of};
use super::topic::Topic;
use crate::domain::Timestamp;
use crate::sim::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Beats between two messages of profit and loss.
const GAINS_EVERY: u64 = 2;
/// Beats between two of a summary or a ledger.
const BALANCES_EVERY: u64 = 20;
/// Names of the summary as the stream spells them.
const KEYS: [(&str, &str); 8] = [
    ("accountcode", "AccountCode"),
    ("netliquidation-s", "NetLiquidation-S"),
    ("totalcashvalue-s", "TotalCashValue-S"),
    ("buyingpower", "BuyingPower"),
    ("availablefunds-s", "AvailableFunds-S"),
    ("excessliquidity-s", "ExcessLiquidity-S"),
    ("accruedcash-s", "AccruedCash-S"),
    ("grosspositionvalue-s", "GrossPositionValue-S"),
];
/// Names of a ledger's line, and as the stream spells them.
const LINE: [(&str, &str); 9] = [
    ("acctcode", "acctCode"),
    ("cashbalance", "cashbalance"),
    ("exchangerate", "exchangeRate"),
    ("netliquidationvalue", "netLiquidationValue"),
    ("unrealizedpnl", "unrealizedPnl"),
    ("secondkey", "secondKey"),
    ("settledcash", "settledCash"),
    ("severity", "severity"),
    ("stockmarketvalue", "stockMarketValue"),
];

/// What a socket hears of.
#[derive(Debug, Default)]
pub(super) struct Worth {
    hears_gains: bool,
    summaries: BTreeMap<usize, String>,
    ledgers: BTreeMap<usize, (String, Value)>,
    /// Subscriptions that were told nothing yet.
    fresh: BTreeSet<(&'static str, usize)>,
}

impl Worth {
    /// Takes a topic; one that is none is ignored.
    pub(super) fn take(&mut self, topic: &Topic, account: Option<usize>) -> Vec<Value> {
        match (topic.name.as_str(), account) {
            ("spl", _) => self.hears_gains = true,
            ("upl", _) => self.hears_gains = false,
            ("ssd", Some(account)) => {
                self.summaries.insert(account, topic.whole());
                self.fresh.insert(("ssd", account));
            }
            ("sld", Some(account)) => {
                let nothing = (topic.whole(), Value::Null);
                self.ledgers.insert(account, nothing);
                self.fresh.insert(("sld", account));
            }
            ("usd", Some(account)) => {
                self.summaries.remove(&account);
                return vec![json!({"result": "unsubscribed from summary"})];
            }
            ("uld", Some(account)) => {
                self.ledgers.remove(&account);
                return vec![json!({"result": "unsubscribed from ledger"})];
            }
            _ => {}
        }
        Vec::new()
    }

    /// What is to be told at a beat.
    pub(super) fn due(
        &mut self,
        world: &World,
        accounts: &[usize],
        beat: u64,
        now: Timestamp,
    ) -> Vec<Value> {
        let mut told = Vec::new();
        if self.hears_gains && beat.is_multiple_of(GAINS_EVERY) {
            told.push(json!({"topic": "spl", "args": gains(world, accounts, "uel", now)}));
        }
        let is_time = beat.is_multiple_of(BALANCES_EVERY);
        for (account, topic) in &self.summaries {
            if self.fresh.remove(&("ssd", *account)) || is_time {
                told.push(json!({"topic": topic, "result": summary(world, *account, now)}));
            }
        }
        for (account, (topic, last)) in &mut self.ledgers {
            if self.fresh.remove(&("sld", *account)) || is_time {
                let newest = ledger_of(world, *account, now);
                told.push(json!({"topic": topic, "result": ledger(&newest, last, now)}));
                *last = newest;
            }
        }
        told
    }
}

fn summary(world: &World, account: usize, now: Timestamp) -> Vec<Value> {
    let summary = summary_of(world, account, now);
    let row = |(name, key): (&str, &str)| {
        let from = &summary[name];
        let mut row = json!({"key": key, "severity": 0, "timestamp": now.millis() / 1000});
        match from["currency"].is_null() {
            true => row["value"] = from["value"].clone(),
            false => {
                row["currency"] = from["currency"].clone();
                row["monetaryValue"] = from["amount"].clone();
            }
        }
        row
    };
    KEYS.into_iter().map(row).collect()
}

/// Lines of the ledger; those that did not change say no more than their name.
fn ledger(newest: &Value, last: &Value, now: Timestamp) -> Vec<Value> {
    let line = |currency: &str| {
        let (line, before) = (&newest[currency], &last[currency]);
        let mut told = json!({
            "key": format!("LedgerList{currency}"), "timestamp": now.millis() / 1000,
        });
        let is_same = LINE.iter().all(|(name, _)| line[*name] == before[*name]);
        for (name, spelled) in LINE.iter().filter(|_| !is_same) {
            told[*spelled] = line[*name].clone();
        }
        told
    };
    ["BASE", "USD"].into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_did_not_change_are_blank() {
        let now = Timestamp::EPOCH;
        let before = json!({"USD": {"cashbalance": 1.0}, "BASE": {"cashbalance": 1.0}});
        let after = json!({"USD": {"cashbalance": 1.0}, "BASE": {"cashbalance": 2.0}});
        let lines = ledger(&after, &before, now);
        assert_eq!(lines[0]["cashbalance"], 2.0);
        assert_eq!(lines[1], json!({"key": "LedgerListUSD", "timestamp": 0}));
        assert_eq!(ledger(&after, &Value::Null, now)[1]["cashbalance"], 1.0);
    }
}
