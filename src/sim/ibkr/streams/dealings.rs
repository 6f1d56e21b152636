//! `sor` and `str`: orders and executions. Of an order the whole row at first, then what changed of it.

use super::super::answer::float;
use super::super::orders::{Notes, first_of, newest_of, row, shown};
use super::super::portfolio::trades::{execution, executions, first_day};
use super::super::seats::Trading;
use super::super::shared::Shared;
use super::topic::Topic;
use crate::domain::Timestamp;
use crate::sim::world::{Happening, Notice, NoticeKind, World};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Everything that rows are made from.
type Known<'a> = (&'a Shared, &'a World, &'a Notes);

/// What a socket was told of orders, and whether it hears of executions.
#[derive(Debug, Default)]
pub(super) struct Dealings {
    /// Rows as last told, by the order's number; `None` without a subscription.
    orders: Option<HashMap<String, Map<String, Value>>>,
    hears_trades: bool,
}

impl Dealings {
    /// Subscribes to orders and tells those that there are. A session that asked for its orders with filters
    /// hears nothing of them.
    pub(super) fn orders(
        &mut self,
        known: Known<'_>,
        accounts: &[usize],
        trading: &Trading,
    ) -> Vec<Value> {
        let told = self.orders.insert(HashMap::new());
        if trading.is_filtered {
            return vec![json!({"topic": "sor", "args": []})];
        }
        let mut rows = Vec::new();
        for account in accounts {
            let orders = shown(&known.1.customers[*account], trading.since);
            rows.extend(orders.filter_map(|order| streamed(row(known, *account, order)?)));
        }
        for row in &rows {
            told.insert(row["orderId"].to_string(), row.clone());
        }
        vec![json!({"topic": "sor", "args": rows})]
    }

    /// Subscribes to executions and tells those of the last days, where they are wanted.
    pub(super) fn trades(
        &mut self,
        (shared, world, notes): Known<'_>,
        accounts: &[usize],
        topic: &Topic,
        now: Timestamp,
    ) -> Vec<Value> {
        self.hears_trades = true;
        if topic.arguments["realtimeUpdatesOnly"] == true {
            return Vec::new();
        }
        let days = topic.arguments["days"].as_i64().unwrap_or(1);
        let since = first_day(world, days, now);
        let rows = accounts
            .iter()
            .flat_map(|account| executions(shared, world, notes, *account, since));
        let rows: Vec<Value> = rows.map(traded).collect();
        vec![json!({"topic": "str", "args": rows})]
    }

    pub(super) fn forget_orders(&mut self) {
        self.orders = None;
    }

    pub(super) fn forget_trades(&mut self) {
        self.hears_trades = false;
    }

    /// What is told of a notice.
    pub(super) fn told(
        &mut self,
        known: Known<'_>,
        is_filtered: bool,
        notice: &Notice,
    ) -> Vec<Value> {
        let mut told = Vec::new();
        if let Some(change) = self.change(known, notice).filter(|_| !is_filtered) {
            told.push(json!({"topic": "sor", "args": [change]}));
        }
        let trade = self.hears_trades.then(|| trade(known, notice)).flatten();
        if let Some(trade) = trade {
            told.push(json!({"topic": "str", "args": [trade]}));
        }
        told
    }

    /// What changed of an order's row; all of it where it is new.
    fn change(&mut self, known: Known<'_>, notice: &Notice) -> Option<Map<String, Value>> {
        let told = self.orders.as_mut()?;
        let customer = &known.1.customers[notice.customer];
        let order = newest_of(
            customer,
            first_of(customer, customer.order(&notice.order.id)?),
        );
        let row = streamed(row(known, notice.customer, order)?)?;
        let last = told.insert(row["orderId"].to_string(), row.clone());
        let Some(last) = last else {
            return Some(row);
        };
        let changed = row
            .iter()
            .filter(|(name, value)| last.get(*name) != Some(*value));
        let mut change: Map<String, Value> = changed
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if change.is_empty() {
            return None;
        }
        for name in ["acct", "orderId"] {
            change.insert(name.to_owned(), row[name].clone());
        }
        Some(change)
    }
}

/// A row as the stream writes it: prices are numbers.
fn streamed(row: Value) -> Option<Map<String, Value>> {
    let Value::Object(mut row) = row else {
        return None;
    };
    let price = row.get("price").and_then(Value::as_str);
    if let Some(price) = price.and_then(|price| price.parse().ok()) {
        row.insert("price".to_owned(), float(price));
    }
    Some(row)
}

/// An execution as the stream writes it: its contract is a text.
fn traded(mut row: Value) -> Value {
    if let Some(fields) = row.as_object_mut()
        && let Some(conid) = fields.remove("conidEx")
    {
        fields.insert("conid".to_owned(), conid.clone());
        fields.insert("conidex".to_owned(), conid);
    }
    row
}

fn trade((shared, world, notes): Known<'_>, notice: &Notice) -> Option<Value> {
    let NoticeKind::Filled { .. } = notice.kind else {
        return None;
    };
    let mut activities = world.customers[notice.customer].activities.iter().rev();
    let activity = activities.find(|activity| {
        matches!(&activity.happening, Happening::Fill { order, cumulative, .. }
            if *order == notice.order.id && cumulative.0 == notice.order.filled)
    })?;
    execution(shared, world, notes, notice.customer, activity).map(traded)
}
