//! Losses that a purchase disallows.

use super::books;
use crate::domain::EntryId;
use crate::engine::accounting::Method;
use crate::engine::accounting::wash::{LotName, Washes, wash_sales};

fn found(text: &str) -> Washes {
    wash_sales(&books(Method::Fifo, text))
}

fn line(lot: &LotName) -> String {
    match &lot.2 {
        EntryId::Provider(id) => id.to_string(),
        EntryId::Fingerprint(..) => unreachable!("stories have ids"),
    }
}

/// `-100>100:3` : a loss, how much of it is disallowed, in favour of the lots of which lines.
fn check(text: &str, expected: &str) {
    let washes = found(text);
    let one = |wash: &crate::engine::accounting::wash::Wash| {
        let lots: Vec<String> = wash.replacements.iter().map(|it| line(&it.lot)).collect();
        let (loss, disallowed) = (wash.loss.normalize(), wash.disallowed.normalize());
        format!("{loss}>{disallowed}:{}", lots.join("+"))
    };
    let shown: Vec<String> = washes.washes.iter().map(one).collect();
    assert_eq!(shown.join(" "), expected, "{text}");
}

#[test]
fn a_purchase_within_thirty_days_disallows_the_loss() {
    let sold = "2026-01-05 buy 10 A 20\n2026-03-02 sell 10 A 10\n";
    check(sold, "");
    check(&format!("{sold}2026-04-01 buy 10 A 11"), "-100>100:3");
    check(&format!("{sold}2026-04-02 buy 10 A 11"), "");
    check(&format!("{sold}2026-01-31 buy 10 A 11"), "-100>100:3");
    check(&format!("{sold}2026-01-30 buy 10 A 11"), "");
    check(&format!("{sold}2026-03-10 buy 4 A 11"), "-100>40:3");
    check(
        &format!("{sold}2026-03-10 @2 buy 4 A 11\n2026-03-11 buy 10 A 9"),
        "-100>100:3+4",
    );
    check(&format!("{sold}2026-03-10 buy 10 B 11"), "");
}

#[test]
fn a_profit_a_coin_and_the_lot_itself_are_none() {
    check(
        "2026-01-05 buy 10 A 10\n2026-01-06 sell 10 A 20\n2026-01-07 buy 10 A 20",
        "",
    );
    check(
        "2026-01-05 buy 1 BTC/USD 20\n2026-01-06 sell 1 BTC/USD 10\n2026-01-07 buy 1 BTC/USD 9",
        "",
    );
    check("2026-01-05 buy 10 A 20\n2026-01-06 sell 4 A 10", "");
    check(
        "2026-01-05 units 10 A\n2026-01-06 sell 10 A 10\n2026-01-07 buy 10 A 9",
        "",
    );
}

#[test]
fn what_was_sold_before_the_loss_replaces_nothing() {
    let text = "2026-01-05 buy 10 A 20\n2026-02-20 buy 10 A 8\n2026-03-02 sell 20 A 10";
    check(text, "");
    let kept = "2026-01-05 buy 10 A 20\n2026-02-20 buy 10 A 8\n2026-03-02 sell 10 A 10";
    check(kept, "-100>100:2");
}

#[test]
fn the_loss_moves_on_with_the_replacement() {
    let text = "2026-01-05 buy 10 A 20\n2026-02-05 sell 10 A 10\n2026-02-06 buy 10 A 10\n2026-02-20 sell 10 A 9\n2026-02-21 buy 10 A 9";
    check(text, "-100>100:3 -110>110:5");
    let washes = found(text);
    let added: Vec<_> = washes
        .added_cost
        .iter()
        .map(|(lot, cost)| (line(lot), cost.to_string()))
        .collect();
    assert_eq!(
        added,
        [("3".into(), "100".into()), ("5".into(), "110".into())]
    );
    let adjusted: Vec<_> = washes
        .adjusted_profit
        .values()
        .map(|it| it.to_string())
        .collect();
    assert_eq!(adjusted, ["0", "0"]);
}

#[test]
fn each_bought_unit_answers_for_one_sold_unit() {
    let text = "2026-01-05 buy 10 A 20\n2026-03-02 sell 5 A 10\n2026-03-03 sell 5 A 10\n2026-03-04 buy 7 A 9";
    check(text, "-50>50:4 -50>20:4");
}

#[test]
fn splits_between_the_two_are_counted_out() {
    let text = "2026-01-05 buy 10 A 20\n2026-03-02 sell 10 A 10\n2026-03-04 split A 1 2\n2026-03-05 @2 buy 10 A 5";
    check(text, "-100>50:4");
}

#[test]
fn a_short_sale_that_lost_is_washed_by_the_next_one() {
    let text = "2026-01-05 sell 10 A 10\n2026-03-02 buy 10 A 20\n2026-03-05 sell 10 A 19";
    check(text, "-100>100:3");
}

#[test]
fn an_average_sells_its_oldest_units() {
    let text = "2026-01-05 buy 10 A 20\n2026-02-25 buy 10 A 20\n2026-03-02 sell 10 A 10";
    let washes = wash_sales(&books(Method::AverageCost, text));
    assert_eq!(washes.washes.len(), 1);
    assert_eq!(line(&washes.washes[0].replacements[0].lot), "2");
}

#[test]
fn options_on_the_same_thing_are_only_warned_of() {
    let text =
        "2026-01-05 buy 100 A 20\n2026-03-02 sell 100 A 10\n2026-03-05 buy 1 A260620C00010000 2";
    check(text, "");
    let warnings = found(text).warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(line(&warnings[0].other), "3");
    let other =
        "2026-01-05 buy 100 A 20\n2026-03-02 sell 100 A 10\n2026-03-05 buy 1 B260620C00010000 2";
    assert!(found(other).warnings.is_empty());
}
