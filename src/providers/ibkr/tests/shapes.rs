//! Payloads in which each field in turn is missing, null or of a word that nobody knows: their shape is still read, and
//! what a translation needs is refused in words, never by a panic.

use super::examples::{self, Reader};
use super::fixture;
use serde_json::Value;

/// Fixtures and how each is read.
pub(super) const FIXTURES: &[(&str, Reader)] = &[
    ("auth_status", examples::session),
    ("tickle", examples::tickle),
    ("brokerage_accounts", examples::brokerage_accounts),
    ("accounts", examples::accounts),
    ("ledger", examples::ledger),
    ("summary", examples::summary),
    ("positions", examples::positions),
    ("definitions", examples::definitions),
    ("trades", examples::trades),
    ("orders", examples::orders),
    ("order_status", examples::order_status),
    ("placed", examples::order_answer),
    ("question", examples::order_answer),
    ("prompt", examples::order_answer),
    ("stocks", examples::stocks),
    ("snapshot", examples::snapshot),
    ("history", examples::bars),
    ("rules", examples::rules),
    ("schedule", examples::schedule),
    ("performance", examples::performance),
    ("frame_sor", examples::frame),
    ("frame_str", examples::frame),
    ("frame_smd", examples::frame),
];

/// Every place in a value that is a field of an object, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                places(field, &place, found);
                found.push(place);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn changed(value: &Value, place: &str, change: Option<Value>) -> String {
    let mut value = value.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    let fields = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match change {
        Some(change) => drop(fields.insert(name, change)),
        None => drop(fields.remove(&name)),
    }
    value.to_string()
}

#[test]
fn no_single_field_spoils_the_shape_of_what_is_around_it() {
    for (name, reader) in FIXTURES {
        let value: Value = serde_json::from_str(&fixture(name)).unwrap();
        let mut found = Vec::new();
        places(&value, "", &mut found);
        assert!(!found.is_empty(), "{name}");
        for place in found {
            let is_scalar = value
                .pointer(&place)
                .is_some_and(|it| !it.is_object() && !it.is_array());
            let word = is_scalar.then(|| Value::from("A_NEW_WORD"));
            let changes = [Some(None), Some(Some(Value::Null)), word.map(Some)];
            for change in changes.into_iter().flatten() {
                let text = changed(&value, &place, change);
                if let Err(why) = reader(&text) {
                    assert!(!why.starts_with("shape"), "{name} {place}: {why}");
                }
            }
        }
    }
}

#[test]
fn fixtures_are_read_by_the_same_readers() {
    for (name, reader) in FIXTURES {
        reader(&fixture(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}
