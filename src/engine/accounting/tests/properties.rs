//! What holds for any history in any order of arrival.

use super::{policy, story};
use crate::domain::{Currency, Entry, What};
use crate::engine::accounting::books::Books;
use crate::engine::accounting::{AccountBook, Method, Step};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

const METHODS: [Method; 5] = [
    Method::Fifo,
    Method::Lifo,
    Method::HighestCost,
    Method::AverageCost,
    Method::Chosen,
];

prop_compose! {
    /// Fills of two instruments in two accounts, some of them at one instant, some fractional.
    fn fills()(rows in prop::collection::vec(
        (0..2_u8, 0..3_u8, any::<bool>(), 1..50_u32, 1..9_999_u32, 0..300_u32, 0..25_u64),
        1..60,
    )) -> Vec<Entry> {
        let line = |row: &(u8, u8, bool, u32, u32, u32, u64)| {
            let (number, symbol, buys, units, cents, fee, _) = *row;
            let verb = if buys { "buy" } else { "sell" };
            let symbol = ["A", "B", "BTC/USD"][usize::from(symbol)];
            let units = if symbol == "A" { units.to_string() } else { format!("0.{units:03}7") };
            format!("2026-01-05 @{number} {verb} {units} {symbol} {cents}.37 0.{fee:03}")
        };
        let text: Vec<String> = rows.iter().map(line).collect();
        let mut entries = story(&text.join("\n"));
        let start = entries[0].time;
        for (entry, row) in entries.iter_mut().zip(&rows) {
            entry.time = start.plus(std::time::Duration::from_secs(row.6));
        }
        entries
    }
}

fn rebuilt(method: Method, entries: &[Entry]) -> Books {
    Books::rebuilt(policy(method), entries)
}

/// The trades that close what is open, at a price of their own.
fn closing(books: &Books) -> Vec<Entry> {
    let mut lines = Vec::new();
    for (id, book) in &books.accounts {
        for (symbol, position) in &book.positions {
            if position.units.is_zero() {
                continue;
            }
            let verb = if position.units > Decimal::ZERO {
                "sell"
            } else {
                "buy"
            };
            let units = position.units.abs();
            let number = &id.number;
            lines.push(format!(
                "2026-02-05 @{number} {verb} {units} {symbol} 41.9 0.1"
            ));
        }
    }
    let mut entries = story(&lines.join("\n"));
    for (at, entry) in entries.iter_mut().enumerate() {
        entry.id = crate::domain::EntryId::provider(&format!("close-{at}"));
    }
    entries
}

fn lots_cost(book: &AccountBook) -> Decimal {
    let lots = book.positions.values().flat_map(|it| it.lots.iter());
    lots.map(|lot| lot.cost.unwrap()).sum()
}

fn profit(book: &AccountBook) -> Decimal {
    book.realised.iter().map(|row| row.profit().unwrap()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn positions_are_the_sum_of_fills_in_any_order(
        (entries, shuffled) in fills().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let mut sums = BTreeMap::new();
        for entry in &entries {
            let What::Trade(trade) = &entry.what else { unreachable!("only fills") };
            let key = (entry.account.clone(), trade.holding.symbol.clone());
            *sums.entry(key).or_insert(Decimal::ZERO) += trade.units().0;
        }
        for method in METHODS {
            let (one, other) = (rebuilt(method, &entries), rebuilt(method, &shuffled));
            for ((id, symbol), sum) in &sums {
                let position = &one.accounts[id].positions[symbol];
                prop_assert_eq!(position.units, *sum);
                let lots: Decimal = position.lots.iter().map(|lot| lot.quantity).sum();
                prop_assert_eq!(lots, *sum);
            }
            for (id, book) in &one.accounts {
                prop_assert_eq!(&book.positions, &other.accounts[id].positions);
                prop_assert_eq!(&book.realised, &other.accounts[id].realised);
                prop_assert_eq!(&book.cash, &other.accounts[id].cash);
            }
        }
    }

    #[test]
    fn lots_are_of_one_direction_and_never_empty(entries in fills()) {
        for method in METHODS {
            for book in rebuilt(method, &entries).accounts.values() {
                for position in book.positions.values() {
                    let is_right = |it: Decimal| !it.is_zero() && (it > Decimal::ZERO) == (position.units > Decimal::ZERO);
                    prop_assert!(position.lots.iter().all(|lot| is_right(lot.quantity)));
                }
            }
        }
    }

    #[test]
    fn cost_and_profit_are_the_cash_that_was_paid(entries in fills()) {
        for method in METHODS {
            for book in rebuilt(method, &entries).accounts.values() {
                prop_assert_eq!(profit(book) - lots_cost(book), book.cash[&Currency::USD]);
            }
        }
    }

    #[test]
    fn all_methods_agree_once_everything_is_closed(entries in fills()) {
        let mut all = entries.clone();
        all.extend(closing(&rebuilt(Method::Fifo, &entries)));
        let books = METHODS.map(|method| rebuilt(method, &all));
        for (id, fifo) in &books[0].accounts {
            prop_assert_eq!(lots_cost(fifo), Decimal::ZERO);
            for other in &books[1..] {
                prop_assert_eq!(profit(&other.accounts[id]), profit(fifo));
            }
        }
    }

    #[test]
    fn entry_by_entry_is_the_same_as_all_at_once(entries in fills()) {
        for method in METHODS {
            let mut books = Books { policy: policy(method), ..Books::default() };
            for (at, entry) in entries.iter().enumerate() {
                if books.apply(entry) == Step::Rebuild {
                    books.rebuild(&entry.account, &entries[..=at]);
                }
            }
            let whole = rebuilt(method, &entries);
            for (id, book) in &whole.accounts {
                prop_assert_eq!(&books.accounts[id].positions, &book.positions);
                prop_assert_eq!(&books.accounts[id].realised, &book.realised);
            }
        }
    }
}

/// A trader's life: fills of 200 symbols, long and short, one a second.
fn many(count: u32) -> Vec<Entry> {
    let template = story("2026-01-05 buy 1 A 10 0.01").remove(0);
    let symbols: Vec<_> = (0..200)
        .map(|at| super::holding(&format!("S{at}")))
        .collect();
    let mut state = 1_u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let one = |at: u32| {
        let mut entry = template.clone();
        entry.id = crate::domain::EntryId::provider(&at.to_string());
        let second = std::time::Duration::from_secs(u64::from(at));
        entry.time = template.time.plus(second);
        if let What::Trade(trade) = &mut entry.what {
            trade.holding = symbols[next(200) as usize].clone();
            trade.quantity.0 = (1 + next(100)).into();
            trade.price.0 = Decimal::new(i64::from(5_000 + next(10_000)), 2);
            if next(100) < 48 {
                trade.side = crate::domain::Side::Sell;
            }
        }
        entry
    };
    (0..count).map(one).collect()
}

#[test]
fn a_few_thousand_fills_leave_nothing_over() {
    let entries = many(3_000);
    for method in METHODS {
        for book in rebuilt(method, &entries).accounts.values() {
            assert_eq!(profit(book) - lots_cost(book), book.cash[&Currency::USD]);
        }
    }
}

#[test]
#[ignore = "a million entries, against the clock: in an optimised build"]
fn a_million_entries_take_seconds_and_four_times_as_many_about_four_times_as_long() {
    let entries = many(1_000_000);
    let time = |entries: &[Entry], method| {
        #[expect(clippy::disallowed_methods, reason = "a test that measures")]
        let start = std::time::Instant::now();
        let books = rebuilt(method, entries);
        assert_eq!(books.accounts.len(), 1);
        (start.elapsed(), books)
    };
    for method in METHODS {
        let quarter = time(&entries[..250_000], method).0;
        let (whole, books) = time(&entries, method);
        eprintln!("{method:?}: 250,000 in {quarter:?}, 1,000,000 in {whole:?}");
        assert!(whole < quarter * 8, "{method:?}: {quarter:?}, {whole:?}");
        let washes = crate::engine::accounting::wash::wash_sales(&books);
        eprintln!("{} wash sales", washes.washes.len());
    }
}
