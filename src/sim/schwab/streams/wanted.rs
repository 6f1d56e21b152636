//! What one connection subscribed to, and what it was told last.

use super::derived;
use super::level::{self, Fields, Service};
use crate::domain::Timestamp;
use crate::sim::market::Market;
use crate::sim::schwab::instruments::find;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most keys of one service.
const MOST_KEYS: usize = 500;

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It cannot be read.
    Format,
    /// It names more than one connection may have.
    TooMany,
}

/// One service's subscription: its fields, and for each key what was said of it last.
#[derive(Debug, Default)]
struct Subscription {
    fields: BTreeSet<u8>,
    keys: BTreeMap<String, Fields>,
}

/// All subscriptions of a connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(BTreeMap<Service, Subscription>);

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(|one| one.keys.is_empty())
    }

    pub(super) fn has(&self, service: Service) -> bool {
        self.0.get(&service).is_some_and(|one| !one.keys.is_empty())
    }

    pub(super) fn wants(&self, service: Service, key: &str) -> bool {
        self.0
            .get(&service)
            .is_some_and(|one| one.keys.contains_key(key))
    }

    /// The name that the client gave to its subscription to account activity.
    pub(super) fn label(&self) -> &str {
        let one = self.0.get(&Service::AccountActivity);
        let first = one.and_then(|one| one.keys.keys().next());
        first.map_or("", String::as_str)
    }

    /// Carries out a command.
    pub(super) fn change(
        &mut self,
        service: Service,
        command: &str,
        parameters: &Value,
    ) -> Result<(), Refused> {
        let list = |name: &str| {
            let text = parameters[name].as_str().unwrap_or_default();
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
        };
        // The key of account activity is the client's own word, echoed as it came.
        let as_it_came = service == Service::AccountActivity;
        let keys: BTreeSet<String> = match as_it_came {
            true => list("keys").map(str::to_owned).collect(),
            false => list("keys").map(str::to_uppercase).collect(),
        };
        let fields: Result<BTreeSet<u8>, _> = list("fields").map(str::parse).collect();
        let fields = fields.map_err(|_| Refused::Format)?;
        let needs_keys = command != "VIEW";
        let needs_fields = command != "UNSUBS";
        if (needs_keys && keys.is_empty()) || (needs_fields && fields.is_empty()) {
            return Err(Refused::Format);
        }
        let one = self.0.entry(service).or_default();
        let many = match command {
            "ADD" => one.keys.len() + keys.len(),
            "SUBS" => keys.len(),
            _ => 0,
        };
        if many > MOST_KEYS {
            return Err(Refused::TooMany);
        }
        one.obey(command, keys, fields);
        Ok(())
    }

    /// What is to be said of a service's keys: only fields that changed since they were last said.
    /// With `moved`, only of listings in it.
    pub(super) fn changes(
        &mut self,
        service: Service,
        market: &Market,
        now: Timestamp,
        moved: Option<&[usize]>,
    ) -> Vec<Value> {
        let Some(one) = self.0.get_mut(&service) else {
            return Vec::new();
        };
        let with_year = [19, 20].iter().any(|field| one.fields.contains(field));
        let mut content = Vec::new();
        for (key, said) in &mut one.keys {
            let figures = match service == Service::Equities {
                true => find(market, key)
                    .filter(|listing| moved.is_none_or(|moved| moved.contains(listing)))
                    .map(|listing| level::equity(market, listing, now, with_year)),
                false => derived::fields(service, key, market, now),
            };
            let Some(figures) = figures else {
                continue;
            };
            let is_first = said.is_empty();
            let mut changed = Map::new();
            for (field, value) in figures {
                if one.fields.contains(&field) && said.get(&field) != Some(&value) {
                    changed.insert(field.to_string(), value.clone());
                    said.insert(field, value);
                }
            }
            if !changed.is_empty() {
                content.push(level::marked(service, key, market, changed, is_first));
            }
        }
        content
    }
}

impl Subscription {
    fn obey(&mut self, command: &str, keys: BTreeSet<String>, fields: BTreeSet<u8>) {
        match command {
            "SUBS" => {
                self.keys = keys.into_iter().map(|key| (key, Fields::new())).collect();
                self.fields = fields;
            }
            "ADD" => {
                for key in keys {
                    self.keys.entry(key).or_default();
                }
                self.fields.extend(fields);
            }
            "UNSUBS" => self.keys.retain(|key, _| !keys.contains(key)),
            _ => self.fields = fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(wanted: &Subscriptions) -> Vec<&str> {
        let one = &wanted.0[&Service::Equities];
        one.keys.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_subscription_is_replaced_added_to_and_taken_from() {
        let mut wanted = Subscriptions::default();
        let mut obey = |command: &str, keys: &str, fields: &str| {
            let parameters = json!({"keys": keys, "fields": fields});
            wanted.change(Service::Equities, command, &parameters)
        };
        obey("SUBS", "AAPL,msft", "0,1,2").unwrap();
        obey("ADD", "BRK/B", "0,3").unwrap();
        obey("UNSUBS", "MSFT", "").unwrap();
        assert_eq!(obey("SUBS", "", "0"), Err(Refused::Format));
        assert_eq!(obey("SUBS", "AAPL", "zero"), Err(Refused::Format));
        let many: Vec<String> = (0..501).map(|number| format!("S{number}")).collect();
        assert_eq!(obey("SUBS", &many.join(","), "0"), Err(Refused::TooMany));
        assert_eq!(keys(&wanted), ["AAPL", "BRK/B"]);
        wanted
            .change(
                Service::Equities,
                "SUBS",
                &json!({"keys": "KO", "fields": "0"}),
            )
            .unwrap();
        assert_eq!(keys(&wanted), ["KO"]);
    }
}
