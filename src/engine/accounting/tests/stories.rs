//! One account's lots: what is open and what became final after a few entries.

use super::{account, book, number, open, policy, realised, story};
use crate::domain::{Currency, EntryId};
use crate::engine::accounting::book::{Pick, Problem};
use crate::engine::accounting::books::Books;
use crate::engine::accounting::{Method, Step};

fn check(text: &str, still_open: &str, became_final: &str) {
    let book = book(Method::Fifo, text);
    assert_eq!(
        (open(&book).as_str(), realised(&book).as_str()),
        (still_open, became_final)
    );
    for position in book.positions.values() {
        let lots = position.lots.iter().map(|lot| lot.quantity);
        assert_eq!(lots.sum::<rust_decimal::Decimal>(), position.units);
    }
}

#[test]
fn fees_belong_to_what_they_were_paid_for() {
    let bought = "2026-01-05 buy 10 AAPL 100 1";
    check(bought, "10 AAPL 1001", "");
    let sold = "2026-01-05 buy 10 AAPL 100 1\n2026-01-06 sell 4 AAPL 110 2";
    check(sold, "6 AAPL 600.6", "4 AAPL 37.6");
}

#[test]
fn a_trade_that_crosses_zero_closes_and_opens() {
    check(
        "2026-01-05 buy 10 AAPL 100\n2026-01-06 sell 15 AAPL 110 3\n2026-01-07 buy 5 AAPL 90",
        "",
        "10 AAPL 98, -5 AAPL 99",
    );
    check("2026-01-05 sell 2 AAPL 100 1", "-2 AAPL -199", "");
}

#[test]
fn each_method_realises_its_own() {
    let text = "2026-01-05 buy 1 A 10\n2026-01-06 buy 1 A 30\n2026-01-07 buy 1 A 20\n2026-01-08 sell 1 A 25";
    let profit = |method| realised(&book(method, text));
    assert_eq!(profit(Method::Fifo), "1 A 15");
    assert_eq!(profit(Method::Lifo), "1 A 5");
    assert_eq!(profit(Method::HighestCost), "1 A -5");
    assert_eq!(profit(Method::AverageCost), "1 A 5");
    let mut chosen = policy(Method::Chosen);
    let pick = Pick {
        lot: EntryId::provider("3"),
        quantity: 1.into(),
    };
    let closing = EntryId::provider("4");
    chosen.usual.picks.insert(closing, vec![pick]);
    let books = Books::rebuilt(chosen, &story(text));
    assert_eq!(realised(&books.accounts[&account("1")]), "1 A 5");
}

#[test]
fn splits_keep_the_cost_and_fractions_are_paid_out() {
    check(
        "2026-01-05 buy 1 A 10\n2026-01-06 buy 2 A 11\n2026-01-07 split A 1 4",
        "12 A 32",
        "",
    );
    check(
        "2026-01-05 buy 10 A 3\n2026-01-07 split A 4 1\n2026-01-08 cash inlieu 8 USD A",
        "2 A 24",
        "0.5 A 2",
    );
    check(
        "2026-01-05 buy 10 A 3\n2026-01-07 split A 3 1\n2026-01-08 cash inlieu 3 USD A",
        "3 A 27.000000000003",
        "0.333333333333 A 0.000000000003",
    );
    check(
        "2026-01-05 buy 1 A 3\n2026-01-08 cash inlieu 3 USD A",
        "1 A 3",
        "0 A ?",
    );
}

#[test]
fn a_used_option_gives_its_premium_to_the_delivery() {
    // Bought call: 2 * 100 + 1.30 on top of 50 * 100.
    check(
        "2026-01-05 buy 1 A260220C00050000 2 1.30\n2026-02-20 exercised -1 A260220C00050000\n2026-02-20 buy 100 A 50",
        "100 A 5201.3",
        "",
    );
    // Written call on shares that are held.
    check(
        "2026-01-05 buy 100 A 45\n2026-01-05 sell 1 A260220C00050000 2\n2026-02-20 assigned 1 A260220C00050000\n2026-02-20 sell 100 A 50",
        "",
        "100 A 700",
    );
    // Bought put: less for the shares.
    check(
        "2026-01-05 buy 100 A 45\n2026-01-05 buy 1 A260220P00050000 2\n2026-02-20 exercised -1 A260220P00050000\n2026-02-20 sell 100 A 50",
        "",
        "100 A 300",
    );
    // Written put: the shares cost less.
    check(
        "2026-01-05 sell 1 A260220P00050000 2\n2026-02-20 assigned 1 A260220P00050000\n2026-02-20 buy 100 A 50",
        "100 A 4800",
        "",
    );
}

#[test]
fn a_delivery_that_is_listed_first_gets_its_premium_as_well() {
    check(
        "2026-01-05 sell 2 A260220P00050000 2\n2026-02-20 buy 200 A 50\n2026-02-21 assigned 2 A260220P00050000",
        "200 A 9600",
        "",
    );
}

#[test]
fn a_trade_at_the_strike_on_another_day_is_no_delivery() {
    let text = "2026-01-05 sell 1 A260220P00050000 2\n2026-02-20 assigned 1 A260220P00050000\n2026-03-20 buy 100 A 50";
    check(text, "100 A 5000", "");
    assert_eq!(book(Method::Fifo, text).premiums.len(), 1);
}

#[test]
fn options_end_worthless_or_in_cash() {
    check(
        "2026-01-05 buy 1 A260220C00050000 2\n2026-02-20 expired -1 A260220C00050000",
        "",
        "1 A260220C00050000 -200",
    );
    check(
        "2026-01-05 sell 3 A260220C00050000 2\n2026-02-20 expired 3 A260220C00050000",
        "",
        "-3 A260220C00050000 600",
    );
    check(
        "2026-01-05 buy 1 SPX260220C05000000 20\n2026-02-20 exercised -1 SPX260220C05000000\n2026-02-20 cash adjustment 3000 USD SPX260220C05000000",
        "",
        "1 SPX260220C05000000 1000",
    );
}

#[test]
fn unknown_cost_stays_unknown() {
    check(
        "2026-01-05 units 10 A\n2026-01-06 buy 10 A 5\n2026-01-07 sell 15 A 6",
        "5 A 25",
        "10 A ?, 5 A 5",
    );
    check(
        "2026-01-05 units 10 A 70\n2026-01-07 sell 5 A 6",
        "5 A 35",
        "5 A -5",
    );
    check("2026-01-05 buy 4 A 7\n2026-01-07 units -3 A", "1 A 7", "");
    let gone = book(Method::Fifo, "2026-01-05 buy 4 A 7\n2026-01-07 units -3 A");
    assert_eq!(gone.moved_out[&Currency::USD], Some(number("21")));
}

#[test]
fn what_goes_without_having_come_is_missing_history() {
    let text = "2026-01-07 units -3 A\n2026-01-07 expired -1 A260220C00050000";
    check(text, "-3 A ?, -1 A260220C00050000 ?", "");
    let troubles = book(Method::Fifo, text).troubles;
    assert!(
        troubles
            .iter()
            .all(|it| it.problem == Problem::MoreThanHeld)
    );
    assert_eq!(troubles.len(), 2);
}

#[test]
fn mergers_keep_cost_and_age() {
    check(
        "2026-01-05 buy 10 A 7\n2026-02-01 swap 10 A 5 B",
        "5 B 70",
        "",
    );
    check(
        "2026-01-05 buy 10 A 7\n2026-02-01 swap 10 A 5 B 30",
        "5 B 40",
        "",
    );
    check(
        "2026-01-05 buy 10 A 7\n2026-02-01 swap 10 A 5 B 90",
        "5 B 0",
        "10 A 20",
    );
    check(
        "2026-01-05 buy 10 A 7\n2026-02-01 swap 10 A 0 B 90",
        "",
        "10 A 20",
    );
    check(
        "2026-01-05 sell 10 A 7\n2026-02-01 swap 10 A 5 B",
        "-5 B -70",
        "",
    );
    check(
        "2026-01-05 buy 4 A 7\n2026-02-01 swap 10 A 5 B",
        "-6 A ?, 5 B ?",
        "",
    );
    let lots = book(
        Method::Fifo,
        "2026-01-05 buy 10 A 7\n2026-02-01 swap 10 A 5 B",
    );
    let lot = lots
        .positions
        .values()
        .flat_map(|it| it.lots.iter())
        .next()
        .unwrap();
    assert_eq!(lot.opened, Some(story("2026-01-05 buy 1 A 1")[0].time));
}

#[test]
fn a_spin_off_takes_its_share_of_the_cost() {
    let text = "2026-01-05 buy 10 A 7\n2026-01-06 buy 10 A 9\n2026-02-01 spin A 5 B 0.25";
    check(text, "20 A 120, 5 B 40", "");
    check(
        "2026-01-05 buy 10 A 7\n2026-02-01 spin A 5 B",
        "10 A ?, 5 B ?",
        "",
    );
    check("2026-02-01 spin A 5 B 0.25", "5 B ?", "");
}

#[test]
fn futures_pay_their_profit_by_daily_settlement() {
    let text = "2026-01-05 buy 1 /ES 5000 2\n2026-01-05 cash mtm 500 USD /ES\n2026-01-06 sell 1 /ES 5020 2\n2026-01-06 cash mtm 500 USD /ES";
    check(text, "", "1 /ES 996");
    let book = book(Method::Fifo, text);
    assert_eq!(book.cash[&Currency::USD], number("996"));
    assert_eq!(book.futures[&Currency::USD], number("0"));
}

#[test]
fn a_correction_takes_the_place_of_what_it_corrects() {
    let bought = "2026-01-05 buy 10 A 7\n2026-01-06 sell 10 A 9\n";
    check(&format!("{bought}2026-01-09 !1 buy 10 A 6"), "", "10 A 30");
    check(
        &format!("{bought}2026-01-09 !1 buy 10 A 6\n2026-01-10 !3 buy 10 A 5"),
        "",
        "10 A 40",
    );
    check(&format!("{bought}2026-01-09 !2 back"), "10 A 70", "");
    check(
        &format!("{bought}2026-01-09 !1 buy 10 A 6\n2026-01-10 !1 back"),
        "-10 A -90",
        "",
    );
    check(
        &format!("{bought}2026-01-09 !77 buy 1 A 6"),
        "1 A 6",
        "10 A 20",
    );
    check("2026-01-09 !1 buy 1 A 6", "1 A 6", "");
}

#[test]
fn at_one_instant_what_opens_comes_before_what_closes() {
    let mut entries = story("2026-01-05 buy 5 A 7\n2026-01-06 sell 15 A 9\n2026-01-06 buy 10 A 8");
    entries[2].time = entries[1].time;
    let books = Books::rebuilt(policy(Method::Fifo), &entries);
    let book = &books.accounts[&account("1")];
    assert_eq!(realised(book), "5 A 10, 10 A 10");
    assert!(
        book.openings
            .iter()
            .all(|it| it.quantity > rust_decimal::Decimal::ZERO)
    );
}

#[test]
fn what_cannot_be_counted_is_said() {
    let problems = |text: &str| {
        let book = book(Method::Fifo, text);
        book.troubles
            .iter()
            .map(|it| it.problem)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        problems("2026-01-05 buy 1000000000000000 A 10"),
        [Problem::TooLarge]
    );
    assert_eq!(problems("2026-01-05 split A 0 10"), [Problem::NoRatio]);
    assert_eq!(problems("2026-01-05 note - A 3"), [Problem::NotUnderstood]);
    check("2026-01-05 buy 1 A 10\n2026-01-06 note - A 3", "4 A ?", "");
}

#[test]
fn the_next_entry_is_counted_and_an_earlier_one_asks_for_a_rebuild() {
    let entries = story("2026-01-05 buy 5 A 7\n2026-01-06 sell 3 A 9\n2026-01-07 !2 sell 2 A 9");
    let mut books = Books::default();
    assert_eq!(books.apply(&entries[1]), Step::Counted);
    assert_eq!(books.apply(&entries[0]), Step::Rebuild);
    assert_eq!(books.apply(&entries[1]), Step::Rebuild);
    assert_eq!(books.apply(&entries[2]), Step::Rebuild);
    books.rebuild(&account("1"), &entries);
    assert_eq!(open(&books.accounts[&account("1")]), "3 A 21");
}
