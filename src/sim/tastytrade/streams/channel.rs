//! A channel of the feed: what it was set up to say, what is subscribed, what waits to be said.

use super::super::answer::symbol as ours;
use super::candles::Candles;
use super::events::{Event, TYPES, field, fields_of, newest};
use crate::domain::{MarketEvent, Timestamp};
use crate::sim::market::{Market, Tick};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Most rows of one message.
const MOST_ROWS: usize = 500;

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    number: u64,
    compact: bool,
    period: Value,
    /// Fields of each type, where the client named them.
    fields: BTreeMap<String, Vec<String>>,
    /// Types whose fields were announced.
    announced: HashSet<String>,
    /// Type and listing.
    wanted: BTreeSet<(&'static str, usize)>,
    candles: Vec<Candles>,
    /// The newest of each, until it is said.
    pending: BTreeMap<(&'static str, usize), Event>,
    /// Candles until they are said, in order.
    bars: Vec<Event>,
}

impl Channel {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            compact: false,
            period: json!(0.1),
            fields: BTreeMap::new(),
            announced: HashSet::new(),
            wanted: BTreeSet::new(),
            candles: Vec::new(),
            pending: BTreeMap::new(),
            bars: Vec::new(),
        }
    }

    /// Takes a `FEED_SETUP`; what the channel is like from now on. Fields are announced later, each
    /// type's just before its first data.
    pub(super) fn set_up(&mut self, setup: &Value) -> Value {
        match setup["acceptDataFormat"].as_str() {
            Some("COMPACT") => self.compact = true,
            Some("FULL") => self.compact = false,
            _ => {}
        }
        if let Some(period) = setup
            .get("acceptAggregationPeriod")
            .filter(|period| period.is_number())
        {
            self.period = period.clone();
        }
        if let Some(fields) = setup["acceptEventFields"].as_object() {
            for (kind, names) in fields {
                let names = names.as_array().into_iter().flatten();
                let names = names.filter_map(Value::as_str).map(str::to_owned).collect();
                self.fields.insert(kind.clone(), names);
            }
            self.announced.clear();
        }
        self.config(None)
    }

    fn config(&self, kind: Option<&str>) -> Value {
        let mut config = json!({
            "type": "FEED_CONFIG",
            "channel": self.number,
            "aggregationPeriod": self.period,
            "dataFormat": if self.compact { "COMPACT" } else { "FULL" },
        });
        if let Some(kind) = kind {
            config["eventFields"] = json!({kind: self.fields_of(kind)});
        }
        config
    }

    fn fields_of(&self, kind: &str) -> Vec<String> {
        let all = || {
            fields_of(kind)
                .unwrap_or_default()
                .iter()
                .map(|name| (*name).to_owned())
        };
        self.fields
            .get(kind)
            .cloned()
            .unwrap_or_else(|| all().collect())
    }

    /// Takes a `FEED_SUBSCRIPTION`. What nobody knows is passed over, as there is no answer to it.
    pub(super) fn subscribe(&mut self, request: &Value, market: &Market, now: Timestamp) {
        if request["reset"] == true {
            self.wanted.clear();
            self.candles.clear();
            self.pending.clear();
            self.bars.clear();
        }
        for entry in request["remove"].as_array().into_iter().flatten() {
            self.remove(entry, market);
        }
        for entry in request["add"].as_array().into_iter().flatten() {
            self.add(entry, market, now);
        }
    }

    fn add(&mut self, entry: &Value, market: &Market, now: Timestamp) {
        let (kind, symbol) = (&entry["type"], &entry["symbol"]);
        let (Some(kind), Some(symbol)) = (kind.as_str(), symbol.as_str()) else {
            return;
        };
        if kind == "Candle" {
            let from = entry["fromTime"].as_i64().unwrap_or(0);
            if let Some(candles) = Candles::parse(market, symbol, from) {
                self.bars.extend(candles.snapshot(market, now));
                self.candles.retain(|known| known.symbol != candles.symbol);
                self.candles.push(candles);
            }
            return;
        }
        let known = TYPES.iter().find(|(name, _)| *name == kind);
        let (Some((kind, _)), Some(listing)) = (known, market.find(&ours(symbol))) else {
            return;
        };
        self.wanted.insert((kind, listing));
        if let Some(event) = newest(market, listing, kind, now) {
            self.pending.insert((kind, listing), event);
        }
    }

    fn remove(&mut self, entry: &Value, market: &Market) {
        let (kind, symbol) = (&entry["type"], &entry["symbol"]);
        let (Some(kind), Some(symbol)) = (kind.as_str(), symbol.as_str()) else {
            return;
        };
        if kind == "Candle" {
            let from = entry["fromTime"].as_i64().unwrap_or(0);
            if let Some(candles) = Candles::parse(market, symbol, from) {
                self.candles.retain(|known| *known != candles);
            }
        } else if let Some(listing) = market.find(&ours(symbol)) {
            self.wanted
                .retain(|(of, at)| !(*of == kind && *at == listing));
            self.pending
                .retain(|(of, at), _| !(*of == kind && *at == listing));
        }
    }

    /// Notes what ticks have changed; only the newest of each is kept.
    pub(super) fn note(&mut self, ticks: &[Tick], market: &Market, now: Timestamp) {
        let mut traded = BTreeSet::new();
        for tick in ticks {
            let kinds: &[&'static str] = match tick.event {
                MarketEvent::Quote(_) => &["Quote"],
                MarketEvent::Trade(_) => {
                    traded.insert(tick.listing);
                    &["Trade"]
                }
                MarketEvent::Status(..) => &["Profile"],
                MarketEvent::Day(_) => &["Summary"],
                MarketEvent::Bar(_) => &[],
            };
            for kind in kinds {
                let key = (*kind, tick.listing);
                if self.wanted.contains(&key)
                    && let Some(event) = newest(market, tick.listing, kind, now)
                {
                    self.pending.insert(key, event);
                }
            }
        }
        let moved = self
            .candles
            .iter()
            .filter(|candles| traded.contains(&candles.listing));
        self.bars
            .extend(moved.filter_map(|candles| candles.current(market, now)));
    }

    /// The messages that are due: fields that were not announced yet, then data.
    pub(super) fn say(&mut self) -> Vec<Value> {
        let mut events: BTreeMap<&'static str, Vec<Event>> = BTreeMap::new();
        for ((kind, _), event) in std::mem::take(&mut self.pending) {
            events.entry(kind).or_default().push(event);
        }
        let bars = std::mem::take(&mut self.bars);
        if !bars.is_empty() {
            events.insert("Candle", bars);
        }
        let mut messages = Vec::new();
        for kind in events.keys() {
            if self.announced.insert((*kind).to_owned()) {
                messages.push(self.config(Some(kind)));
            }
        }
        let small = events.values().all(|rows| rows.len() <= MOST_ROWS);
        if small && !events.is_empty() {
            messages.push(self.data(events.iter().map(|(kind, rows)| (*kind, rows.as_slice()))));
        } else {
            for (kind, rows) in &events {
                messages.extend(
                    rows.chunks(MOST_ROWS)
                        .map(|rows| self.data([(*kind, rows)])),
                );
            }
        }
        messages
    }

    fn data<'a>(&self, events: impl IntoIterator<Item = (&'a str, &'a [Event])>) -> Value {
        let mut data = Vec::new();
        for (kind, rows) in events {
            let fields = self.fields_of(kind);
            if self.compact {
                let values = rows
                    .iter()
                    .flat_map(|row| fields.iter().map(|name| field(row, name)));
                data.push(kind.into());
                data.push(values.collect());
            } else {
                data.extend(rows.iter().map(|row| {
                    let told = fields
                        .iter()
                        .filter_map(|name| Some((name.clone(), row.get(name)?.clone())));
                    Value::Object(told.collect::<Map<_, _>>())
                }));
            }
        }
        json!({"type": "FEED_DATA", "channel": self.number, "data": data})
    }
}
