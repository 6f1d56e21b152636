//! Profit, cash and worth across accounts and currencies.

use super::{account, books, number, story};
use crate::domain::{Currency, Price, Symbol};
use crate::engine::accounting::Method;
use crate::engine::accounting::ladder::{Holds, ladder};
use crate::engine::accounting::profit::{Mark, Marks, Period, Report, report};
use crate::engine::accounting::rates::{Conversion, Figure, Rate, Rates};
use crate::engine::accounting::worth::{Closes, allocation, equity_curve};
use jiff::civil::{Date, date};

fn marks(prices: &[(&str, &str, &str)]) -> Marks {
    let mark = |(symbol, price, before): &(&str, &str, &str)| {
        let mark = Mark {
            price: Price(number(price)),
            previous_close: Some(Price(number(before))),
        };
        (Symbol::new(symbol), mark)
    };
    Marks {
        prices: prices.iter().map(mark).collect(),
    }
}

fn euros() -> Rates {
    let mut rates = Rates::default();
    for (day, value) in [
        ("2026-01-05", "1.10"),
        ("2026-01-08", "1.20"),
        ("2026-01-09", "1.25"),
    ] {
        rates.add(Rate {
            from: Currency::parse("EUR").unwrap(),
            to: Currency::USD,
            date: day.parse().unwrap(),
            value: number(value),
            source: "ECB".into(),
        });
    }
    rates
}

const TODAY: Date = date(2026, 1, 9);

fn reported(text: &str, prices: &[(&str, &str, &str)]) -> Report {
    let rates = euros();
    let by = Conversion {
        base: Currency::USD,
        rates: &rates,
    };
    let period = Period {
        first: date(2026, 1, 1),
        today: TODAY,
    };
    report(&books(Method::Fifo, text), &marks(prices), period, by)
}

fn amount(figure: &Figure) -> String {
    figure
        .amount()
        .map_or("?".into(), |it| it.normalize().to_string())
}

#[test]
fn a_report_adds_up_by_symbol_by_account_and_in_total() {
    let report = reported(
        "2026-01-05 buy 10 A 10 1
         2026-01-06 @2 buy 5 A 11
         2026-01-07 sell 4 A 12 1
         2026-01-07 cash dividend 3 USD A
         2026-01-07 cash interest -1 USD
         2026-01-07 cash fee -2 USD
         2026-01-07 cash tax -0.5 USD A
         2025-12-31 cash dividend 100 USD A",
        &[("A", "13", "12.5")],
    );
    let total = &report.total;
    // 4 * 12 - 1 - 4 / 10 * 101
    assert_eq!(amount(&total.realised), "6.6");
    // 6 * 13 - 60.6 + 5 * (13 - 11)
    assert_eq!(amount(&total.unrealised), "27.4");
    let figures = [
        &total.dividends,
        &total.interest,
        &total.fees,
        &total.taxes,
        &total.trade_fees,
    ];
    assert_eq!(figures.map(amount), ["3", "-1", "-2", "-0.5", "2"]);
    assert_eq!(total.total(), Some(number("33.5")));
    assert_eq!(amount(&total.day_change), "5.5");
    let symbol = &report.symbols[&Symbol::new("A")];
    assert_eq!(
        (amount(&symbol.fees), amount(&symbol.unrealised)),
        ("0".into(), "27.4".into())
    );
    assert_eq!(amount(&report.accounts[&account("2")].unrealised), "10");
}

#[test]
fn the_day_s_change_counts_what_was_traded_today() {
    let change = |text: &str| amount(&reported(text, &[("A", "13", "12")]).total.day_change);
    assert_eq!(change("2026-01-05 buy 10 A 10"), "10");
    assert_eq!(
        change("2026-01-05 buy 10 A 10\n2026-01-09 sell 10 A 12.5"),
        "5"
    );
    assert_eq!(change("2026-01-09 buy 10 A 12.9"), "1");
    assert_eq!(
        change("2026-01-05 buy 10 A 24\n2026-01-09 split A 1 2"),
        "20"
    );
    assert_eq!(
        change("2026-01-05 buy 10 A 24\n2026-01-09 units 10 A"),
        "20"
    );
    assert_eq!(change("2026-01-05 buy 10 Q 10"), "?");
}

#[test]
fn another_currency_is_converted_by_the_days_of_its_legs() {
    let report = reported(
        "2026-01-05 buy 10 SAP.DE 100\n2026-01-08 sell 4 SAP.DE 100",
        &[("SAP.DE", "100", "100")],
    );
    // 400 * 1.20 - 400 * 1.10, and 600 * 1.25 - 600 * 1.10
    assert_eq!(amount(&report.total.realised), "40");
    assert_eq!(amount(&report.total.unrealised), "90");
    let rates = report.total.realised.rates.iter();
    let days: Vec<Date> = rates.map(|rate| rate.date).collect();
    assert_eq!(days, [date(2026, 1, 5), date(2026, 1, 8)]);
}

#[test]
fn without_a_rate_or_a_price_or_a_cost_a_figure_is_unknown() {
    let early = reported(
        "2025-12-05 buy 1 SAP.DE 100\n2026-01-08 sell 1 SAP.DE 100",
        &[],
    );
    assert_eq!(
        (early.total.realised.amount(), early.total.realised.unknown),
        (None, 1)
    );
    let unpriced = reported("2026-01-05 buy 1 A 1", &[]);
    assert_eq!(
        (
            unpriced.total.unrealised.amount(),
            unpriced.total.value.amount()
        ),
        (None, None)
    );
    let given = reported("2026-01-05 units 1 A\n2026-01-06 sell 1 A 5", &[]);
    assert_eq!(
        (given.total.realised.amount(), given.total.total()),
        (None, None)
    );
}

#[test]
fn cash_settles_by_the_calendar_or_as_its_entry_says() {
    let books = books(
        Method::Fifo,
        "2026-01-05 cash deposit 1000 USD
         2026-01-08 buy 10 A 10
         2026-01-09 sell 5 A 20
         2026-01-09 >2026-01-14 sell 1 A 20
         2026-01-09 buy 1 BTC/USD 50
         2026-01-09 >2026-01-13 cash deposit 70 USD
         2026-01-09 cash journal -30 USD
         2026-01-09 @2 cash journal 29 USD",
    );
    let mut holds = Holds::new();
    holds.insert((account("1"), Currency::USD), number("11"));
    let ladder = ladder(&books, TODAY, &holds);
    let rung = &ladder.rungs[&(account("1"), Currency::USD)];
    assert_eq!(rung.settled, number("820"));
    let unsettled: Vec<_> = rung
        .unsettled
        .iter()
        .map(|(day, it)| (*day, it.to_string()))
        .collect();
    assert_eq!(
        unsettled,
        [
            (date(2026, 1, 12), "100".into()),
            (date(2026, 1, 14), "20".into())
        ]
    );
    assert_eq!(
        (rung.in_transit, rung.held, rung.free()),
        (70.into(), 11.into(), 809.into())
    );
    assert_eq!(rung.total(), number("1010"));
    let between: Vec<_> = ladder
        .between_accounts
        .iter()
        .map(|it| it.money.amount.to_string())
        .collect();
    assert_eq!(between, ["-30", "29"]);
}

#[test]
fn a_journal_that_arrived_is_not_under_way() {
    let text = "2026-01-08 cash journal -30 USD\n2026-01-09 @2 cash journal 30 USD\n2025-01-09 cash journal -5 USD";
    let ladder = ladder(&books(Method::Fifo, text), TODAY, &Holds::new());
    assert!(ladder.between_accounts.is_empty());
}

fn closes() -> Closes {
    let mut closes = Closes::default();
    for (symbol, day, price) in [
        ("A", 5, "10"),
        ("A", 6, "12"),
        ("SAP.DE", 6, "100"),
        ("/ES", 6, "5010"),
    ] {
        closes.add(
            Symbol::new(symbol),
            date(2026, 1, day),
            Price(number(price)),
        );
    }
    closes
}

#[test]
fn equity_is_cash_and_what_is_held_at_the_close_of_each_day() {
    let entries = story(
        "2026-01-05 cash deposit 1000 USD
         2026-01-05 buy 10 A 9
         2026-01-06 @2 buy 1 SAP.DE 100
         2026-01-06 @2 buy 1 /ES 5000
         2026-01-07 @2 buy 1 Q 5",
    );
    let rates = euros();
    let by = Conversion {
        base: Currency::USD,
        rates: &rates,
    };
    let days = [4, 5, 6, 7].map(|day| date(2026, 1, day));
    let curve = equity_curve(&entries, &days, &closes(), by);
    let totals: Vec<_> = curve.iter().map(|point| amount(&point.total)).collect();
    // 910 + 100; 910 + 120 - 110 + 110 + 50 * 10; and Q has no price.
    assert_eq!(totals, ["0", "1010", "1530", "?"]);
    assert_eq!(amount(&curve[2].accounts[&account("2")]), "500");
    let missing: Vec<_> = curve[3].missing.iter().map(Symbol::as_str).collect();
    assert_eq!(missing, ["Q"]);
}

#[test]
fn allocation_says_what_each_part_is_of_the_whole() {
    let books = books(
        Method::Fifo,
        "2026-01-09 cash deposit 100 USD\n2026-01-09 buy 5 A 10\n2026-01-09 @2 cash deposit 40 EUR\n2026-01-09 @2 units 1 A",
    );
    let rates = euros();
    let by = Conversion {
        base: Currency::USD,
        rates: &rates,
    };
    let shares = allocation(&books, &marks(&[("A", "10", "10")]), TODAY, by);
    assert_eq!(amount(&shares.total), "160");
    let share =
        |part: &crate::engine::accounting::worth::Part| part.share.unwrap().normalize().to_string();
    assert_eq!(share(&shares.classes[&"equity".into()]), "0.375");
    assert_eq!(share(&shares.classes[&"cash".into()]), "0.625");
    assert_eq!(share(&shares.symbols[&Symbol::new("A")]), "0.375");
    assert_eq!(share(&shares.accounts[&account("2")]), "0.375");
    assert_eq!(
        share(&shares.currencies[&Currency::parse("EUR").unwrap()]),
        "0.3125"
    );
    let unknown = allocation(&books, &Marks::default(), TODAY, by);
    assert_eq!(unknown.classes[&"equity".into()].share, None);
    assert_eq!(unknown.total.amount(), None);
}
