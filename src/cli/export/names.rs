//! Names that plain-text accounting allows, made of names that it may not: accounts and commodities.

use crate::domain::{AccountId, Currency, Symbol};
use std::collections::{BTreeMap, BTreeSet};

/// Longest commodity that beancount reads.
const LONGEST_COMMODITY: usize = 24;

/// One name each, in the order of what they name: where two would be the same, the later one gets a number.
fn distinct<K: Ord>(
    keys: impl IntoIterator<Item = K>,
    name: impl Fn(&K) -> String,
) -> BTreeMap<K, String> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    let keys: BTreeSet<K> = keys.into_iter().collect();
    for key in keys {
        let plain = name(&key);
        let numbered = (2_u32..).map(|count| format!("{plain}-{count}"));
        let mut candidates = std::iter::once(plain.clone()).chain(numbered);
        let free = candidates.find(|it| !taken.contains(it)).unwrap_or(plain);
        taken.insert(free.clone());
        names.insert(key, free);
    }
    names
}

/// The part of an account's name that says whose it is: `Alpaca:PA123`.
pub(super) fn accounts(all: impl IntoIterator<Item = AccountId>) -> BTreeMap<AccountId, String> {
    distinct(all, |account| {
        let connection = component(account.connection.as_str());
        format!("{connection}:{}", component(account.number.as_str()))
    })
}

/// Letters, digits and dashes, with a capital first.
fn component(text: &str) -> String {
    let plain = text
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
    let mut plain: String = plain.collect();
    match plain.chars().next() {
        Some(first) if first.is_ascii_alphanumeric() => {
            plain[..1].make_ascii_uppercase();
            plain
        }
        _ => format!("X{plain}"),
    }
}

/// What a commodity is called: its symbol where that is allowed and no currency's code.
pub(super) fn commodities(
    all: impl IntoIterator<Item = Symbol>,
    currencies: &BTreeSet<Currency>,
) -> BTreeMap<Symbol, String> {
    let is_currency = |name: &str| currencies.iter().any(|it| it.as_str() == name);
    distinct(all, |symbol| {
        let allowed =
            |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || ".-_".contains(it);
        let plain = symbol
            .as_str()
            .chars()
            .map(|it| if allowed(it) { it } else { '-' });
        let plain: String = plain.collect();
        let plain = plain.trim_matches(|it| ".-_".contains(it));
        let is_name = plain.starts_with(|it: char| it.is_ascii_uppercase()) && !is_currency(plain);
        // A single letter is no commodity in older versions.
        let name = match is_name && plain.len() > 1 {
            true => plain.to_owned(),
            false => format!("X.{plain}"),
        };
        name.chars().take(LONGEST_COMMODITY - 2).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commodities_are_allowed_and_distinct() {
        let symbols = ["BRK.B", "BTC/USD", "/ES", "A", "EUR", "1SYM", "BTC-USD"].map(Symbol::new);
        let euro = Currency::parse("EUR").unwrap();
        let names = commodities(symbols.clone(), &BTreeSet::from([euro]));
        let shown = symbols.map(|symbol| names[&symbol].clone());
        assert_eq!(
            shown,
            [
                "BRK.B",
                "BTC-USD-2",
                "ES",
                "X.A",
                "X.EUR",
                "X.1SYM",
                "BTC-USD"
            ]
        );
    }

    #[test]
    fn accounts_have_capitals_and_no_spaces() {
        let account = |number: &str| AccountId {
            connection: crate::domain::ConnectionId::new("my broker"),
            number: number.into(),
        };
        let names = accounts([account("a 1"), account("a-1"), account("")]);
        let shown: Vec<&str> = names.values().map(String::as_str).collect();
        assert_eq!(shown, ["My-broker:X", "My-broker:A-1", "My-broker:A-1-2"]);
    }
}
