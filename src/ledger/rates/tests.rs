//! A rate is that of its day, or of the last before it.

use jiff::civil::date;

use super::super::tests::Home;
use super::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn rate(day: Date, rate: &str) -> ExchangeRate {
    ExchangeRate {
        from: currency("EUR"),
        to: Currency::USD,
        day,
        rate: rate.parse().unwrap(),
    }
}

#[test]
fn a_day_without_a_rate_has_that_of_the_last_before_it() {
    let home = Home::new();
    let ledger = home.ledger();
    let told = [
        rate(date(2026, 1, 2), "1.08"),
        rate(date(2025, 12, 31), "1.07"),
        rate(date(-5, 3, 1), "9"),
    ];
    ledger.keep_rates(&told).unwrap();
    ledger
        .keep_rates(&[rate(date(2026, 1, 2), "1.0850")])
        .unwrap();
    let on = |day| ledger.rate(currency("EUR"), Currency::USD, day).unwrap();
    let text = |day| on(day).map(|it| (it.day, it.rate.to_string()));
    assert_eq!(
        text(date(2026, 1, 1)),
        Some((date(2025, 12, 31), "1.07".into()))
    );
    assert_eq!(
        text(date(2026, 1, 2)),
        Some((date(2026, 1, 2), "1.0850".into()))
    );
    assert_eq!(
        text(date(2030, 1, 1)),
        Some((date(2026, 1, 2), "1.0850".into()))
    );
    assert_eq!(text(date(1, 1, 1)), Some((date(-5, 3, 1), "9".into())));
    assert_eq!(on(date(-6, 1, 1)), None);
    let other = ledger.rate(Currency::USD, currency("EUR"), date(2026, 1, 2));
    assert_eq!(other.unwrap(), None, "the other way round is another rate");
}
