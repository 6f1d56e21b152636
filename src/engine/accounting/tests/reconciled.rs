//! What a broker reports against what the entries say.

use super::{account, books, number, story};
use crate::domain::{Currency, EntryId, Symbol, Timestamp};
use crate::engine::accounting::Method;
use crate::engine::accounting::book::AccountBook;
use crate::engine::accounting::chronicle::chronicle;
use crate::engine::accounting::reconcile::{
    Cause, Finding, Item, Reconciliation, Reported, Verdict,
};
use std::collections::BTreeMap;

/// `A 10, USD 90`: units and cash that the broker reports; agreed until noon of the day, where there is one.
fn compare(text: &str, said: &str, agreed: Option<&str>) -> Vec<Finding> {
    let entries = story(text);
    let nothing = AccountBook::new(account("1"), Default::default());
    let books = books(Method::Fifo, text);
    let mut reported = Reported {
        units: Some(BTreeMap::new()),
        ..Reported::default()
    };
    let mut known = BTreeMap::new();
    let time = agreed.map(|day| Timestamp::parse(&format!("{day}T22:00:00Z")).unwrap());
    for part in said.split(", ").filter(|part| !part.is_empty()) {
        let (name, amount) = part.split_once(' ').unwrap();
        let item = match name {
            "USD" | "EUR" => Item::Cash(Currency::parse(name).unwrap()),
            _ => Item::Units(Symbol::new(name)),
        };
        known.extend(time.map(|time| (item.clone(), time)));
        match item {
            Item::Cash(currency) => drop(reported.cash.insert(currency, number(amount))),
            Item::Units(symbol) => {
                let units = reported.units.as_mut().unwrap();
                units.insert(symbol, number(amount));
            }
        }
    }
    let ordered = chronicle(entries.iter().collect());
    let reconciliation = Reconciliation {
        book: books.accounts.get(&account("1")).unwrap_or(&nothing),
        entries: &ordered.entries,
        agreed: &known,
    };
    reconciliation.with(&reported)
}

fn first(text: &str, said: &str, agreed: Option<&str>) -> Verdict {
    let item = match said.split_once(' ').unwrap().0 {
        "USD" => Item::Cash(Currency::USD),
        symbol => Item::Units(Symbol::new(symbol)),
    };
    let mut findings = compare(text, said, agreed);
    findings.retain(|it| it.item == item);
    findings.remove(0).verdict
}

fn differs(by: &str, since: Option<&str>, cause: Cause) -> Verdict {
    Verdict::Differs {
        by: number(by),
        since: since.map(EntryId::provider),
        cause,
    }
}

const BOUGHT: &str = "2026-01-05 cash deposit 100 USD\n2026-01-06 buy 10 A 1";

#[test]
fn what_is_the_same_is_agreed_and_what_nobody_says_is_unknown() {
    let findings = compare(BOUGHT, "A 10.0, USD 90", None);
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|it| it.verdict == Verdict::Agreed));
    let findings = compare(BOUGHT, "A 10", None);
    assert_eq!(findings[1].verdict, Verdict::Unknown);
    assert_eq!(first("", "A 10", None), Verdict::Unknown);
    let vanished = compare(BOUGHT, "USD 90", Some("2026-01-05"));
    assert!(matches!(vanished[0].verdict, Verdict::Differs { .. }));
}

#[test]
fn each_difference_has_its_likeliest_cause() {
    let check = |text: &str, said: &str, agreed: Option<&str>, expected: Verdict| {
        assert_eq!(first(text, said, agreed), expected, "{text} {said}");
    };
    check(
        BOUGHT,
        "A 17",
        None,
        differs("7", Some("2"), Cause::MissingHistory),
    );
    check(
        BOUGHT,
        "USD 95",
        None,
        differs("5", Some("1"), Cause::MissingHistory),
    );
    let agreed = Some("2026-01-06");
    check(
        BOUGHT,
        "A 17",
        agreed,
        differs("7", None, Cause::TransferIn),
    );
    let sold = format!("{BOUGHT}\n2026-01-07 sell 3 A 2");
    check(
        &sold,
        "A 8",
        agreed,
        differs("1", Some("3"), Cause::Unexplained),
    );
    check(
        BOUGHT,
        "A 20",
        agreed,
        differs("10", None, Cause::LooksLikeSplit { from: 1, to: 2 }),
    );
    check(
        BOUGHT,
        "A 1",
        agreed,
        differs("-9", None, Cause::LooksLikeSplit { from: 10, to: 1 }),
    );
}

#[test]
fn what_is_noted_missing_or_small_is_told_from_what_is_not() {
    let check = |text: &str, said: &str, agreed: Option<&str>, expected: Verdict| {
        assert_eq!(first(text, said, agreed), expected, "{text} {said}");
    };
    let agreed = Some("2026-01-06");
    let sold = format!("{BOUGHT}\n2026-01-07 sell 3 A 2");
    let noted = format!("{BOUGHT}\n2026-01-07 note - B 3");
    let not_understood = Cause::NotUnderstood(EntryId::provider("3"));
    check(
        &noted,
        "B 3",
        agreed,
        differs("3", Some("3"), not_understood),
    );
    let gone = "2026-01-07 units -3 A";
    check(
        gone,
        "A 7",
        agreed,
        differs("10", Some("1"), Cause::MissingHistory),
    );
    check(
        &sold,
        "USD 90",
        agreed,
        differs("-6", Some("3"), Cause::UnsettledCash),
    );
    check(
        &sold,
        "USD 95.98",
        agreed,
        differs("-0.02", Some("3"), Cause::Fee),
    );
    check(
        &sold,
        "USD 90.5",
        agreed,
        differs("-5.5", Some("3"), Cause::Unexplained),
    );
}
