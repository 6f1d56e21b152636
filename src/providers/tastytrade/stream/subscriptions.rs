//! What is subscribed to and what is wanted, and the messages that make the one the other.

use serde::Serialize;
use std::collections::BTreeSet;

/// Longest message with subscriptions, in bytes: the reference client's own limit.
const LONGEST: usize = 8_192;

/// Types of events that are asked for of every symbol.
pub(super) const KINDS: [&str; 4] = ["Quote", "Trade", "Summary", "Profile"];

/// One type of event of one symbol.
#[derive(Serialize, Clone, Copy)]
struct Entry<'a> {
    r#type: &'static str,
    symbol: &'a str,
}

#[derive(Serialize)]
struct Subscription<'a> {
    r#type: &'static str,
    channel: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    add: &'a [Entry<'a>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    remove: &'a [Entry<'a>],
}

/// Symbols that are subscribed to, in the stream's spelling.
#[derive(Default)]
pub(super) struct Subscriptions(BTreeSet<String>);

impl Subscriptions {
    /// Takes `wanted` for the whole and returns the messages to send.
    pub(super) fn want(&mut self, wanted: BTreeSet<String>) -> Vec<String> {
        let fresh = entries(wanted.difference(&self.0));
        let stale = entries(self.0.difference(&wanted));
        let mut messages = split(&stale, |remove| message(&[], remove));
        messages.extend(split(&fresh, |add| message(add, &[])));
        self.0 = wanted;
        messages
    }
}

fn entries<'a>(symbols: impl Iterator<Item = &'a String>) -> Vec<Entry<'a>> {
    let each = |symbol: &'a String| {
        KINDS.map(|kind| Entry {
            r#type: kind,
            symbol,
        })
    };
    symbols.flat_map(each).collect()
}

fn message(add: &[Entry<'_>], remove: &[Entry<'_>]) -> String {
    let subscription = Subscription {
        r#type: "FEED_SUBSCRIPTION",
        channel: 1,
        add,
        remove,
    };
    serde_json::to_string(&subscription).expect("texts are always JSON")
}

/// As few messages as fit.
fn split(entries: &[Entry<'_>], message: impl Fn(&[Entry<'_>]) -> String + Copy) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let whole = message(entries);
    if whole.len() <= LONGEST || entries.len() == 1 {
        return vec![whole];
    }
    let (first, second) = entries.split_at(entries.len() / 2);
    let mut messages = split(first, message);
    messages.extend(split(second, message));
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_changes_is_sent() {
        let mut subscriptions = Subscriptions::default();
        let first = subscriptions.want(set(&["AAPL"]));
        assert_eq!(
            first,
            [concat!(
                r#"{"type":"FEED_SUBSCRIPTION","channel":1,"add":[{"type":"Quote","symbol":"AAPL"},"#,
                r#"{"type":"Trade","symbol":"AAPL"},{"type":"Summary","symbol":"AAPL"},"#,
                r#"{"type":"Profile","symbol":"AAPL"}]}"#
            )]
        );
        assert_eq!(subscriptions.want(set(&["AAPL"])), [""; 0]);
        let change = subscriptions.want(set(&["BRK/B"]));
        assert_eq!(change.len(), 2);
        assert!(change[0].contains(r#""remove":[{"type":"Quote","symbol":"AAPL"}"#));
        assert!(!change[0].contains("add"));
        assert!(change[1].contains(r#""add":[{"type":"Quote","symbol":"BRK/B"}"#));
    }

    #[test]
    fn a_thousand_symbols_are_cut_into_messages_that_fit() {
        let names: BTreeSet<String> = (0..1_000).map(|it| format!("S{it}")).collect();
        let messages = Subscriptions::default().want(names);
        assert!(messages.iter().all(|message| message.len() <= LONGEST));
        let entries: usize = messages
            .iter()
            .map(|message| message.matches(r#""symbol""#).count())
            .sum();
        assert_eq!(entries, 1_000 * KINDS.len());
    }
}
