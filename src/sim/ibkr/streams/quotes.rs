//! `smd`: market data of a contract. At first all fields, then those that changed, and after ten minutes
//! nothing more, without a word.

use super::super::data::{FIELDS_AT_MOST, Reading};
use super::super::shared::Shared;
use crate::domain::Timestamp;
use crate::sim::world::World;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a subscription lasts.
const LIFE: Duration = Duration::from_mins(10);
/// Contracts that may be watched at once.
const LINES: usize = 100;

/// One contract's subscription.
#[derive(Debug)]
struct Watched {
    /// The contract as it was named, which may have an exchange.
    target: String,
    fields: Vec<String>,
    ends: Timestamp,
    last: Map<String, Value>,
}

/// All that a socket watches.
#[derive(Debug, Default)]
pub(super) struct Quotes(BTreeMap<usize, Watched>);

impl Quotes {
    /// Begins, or begins again; whether there was room.
    pub(super) fn watch(
        &mut self,
        listing: usize,
        target: &str,
        mut fields: Vec<String>,
        now: Timestamp,
    ) -> bool {
        self.0.retain(|_, watched| now < watched.ends);
        if self.0.len() >= LINES && !self.0.contains_key(&listing) {
            return false;
        }
        if fields.is_empty() {
            fields.push("31".to_owned());
        }
        fields.truncate(FIELDS_AT_MOST);
        let watched = Watched {
            target: target.to_owned(),
            fields,
            ends: now.plus(LIFE),
            last: Map::new(),
        };
        self.0.insert(listing, watched);
        true
    }

    pub(super) fn forget(&mut self, listing: usize) {
        self.0.remove(&listing);
    }

    /// What is to be told now.
    pub(super) fn due(&mut self, shared: &Shared, world: &World, now: Timestamp) -> Vec<Value> {
        self.0.retain(|_, watched| now < watched.ends);
        let watched = self.0.iter_mut();
        watched
            .filter_map(|(listing, watched)| watched.told(shared, world, *listing, now))
            .collect()
    }
}

impl Watched {
    fn told(
        &mut self,
        shared: &Shared,
        world: &World,
        listing: usize,
        now: Timestamp,
    ) -> Option<Value> {
        let reading = Reading::new((shared, world), listing, true, now);
        let is_first = self.last.is_empty();
        let mut message = reading.heading(false);
        let mut is_news = is_first;
        for field in &self.fields {
            let Some(value) = reading.field(field) else {
                continue;
            };
            if self.last.get(field) != Some(&value) {
                self.last.insert(field.clone(), value.clone());
                message[field] = value;
                is_news = true;
            }
        }
        message["topic"] = format!("smd+{}", self.target).into();
        if !is_first && let Some(fields) = message.as_object_mut() {
            fields.remove("conidEx");
            fields.remove("6509");
        }
        is_news.then_some(message)
    }
}
