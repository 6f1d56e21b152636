//! Days on which US trades settle: weekends and the exchange's holidays are not among them.
//!
//! Sources: NYSE's published holidays (2020 to 2026) and its Rule 7.2 for the years after; SEC Release 34-80295 (two days
//! from 5 September 2017) and 34-96930 (one day from 28 May 2024).

use crate::domain::{AssetClass, Timestamp};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use std::sync::LazyLock;

/// Days off that are not weekends, in order; before and after these years only weekends are known.
#[rustfmt::skip]
const HOLIDAYS: &[Date] = &[
    date(2020, 1, 1), date(2020, 1, 20), date(2020, 2, 17), date(2020, 4, 10), date(2020, 5, 25), date(2020, 7, 3),
    date(2020, 9, 7), date(2020, 11, 26), date(2020, 12, 25),
    date(2021, 1, 1), date(2021, 1, 18), date(2021, 2, 15), date(2021, 4, 2), date(2021, 5, 31), date(2021, 7, 5),
    date(2021, 9, 6), date(2021, 11, 25), date(2021, 12, 24),
    date(2022, 1, 17), date(2022, 2, 21), date(2022, 4, 15), date(2022, 5, 30), date(2022, 6, 20), date(2022, 7, 4),
    date(2022, 9, 5), date(2022, 11, 24), date(2022, 12, 26),
    date(2023, 1, 2), date(2023, 1, 16), date(2023, 2, 20), date(2023, 4, 7), date(2023, 5, 29), date(2023, 6, 19),
    date(2023, 7, 4), date(2023, 9, 4), date(2023, 11, 23), date(2023, 12, 25),
    date(2024, 1, 1), date(2024, 1, 15), date(2024, 2, 19), date(2024, 3, 29), date(2024, 5, 27), date(2024, 6, 19),
    date(2024, 7, 4), date(2024, 9, 2), date(2024, 11, 28), date(2024, 12, 25),
    date(2025, 1, 1), date(2025, 1, 9), date(2025, 1, 20), date(2025, 2, 17), date(2025, 4, 18), date(2025, 5, 26),
    date(2025, 6, 19), date(2025, 7, 4), date(2025, 9, 1), date(2025, 11, 27), date(2025, 12, 25),
    date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 4, 3), date(2026, 5, 25), date(2026, 6, 19),
    date(2026, 7, 3), date(2026, 9, 7), date(2026, 11, 26), date(2026, 12, 25),
    date(2027, 1, 1), date(2027, 1, 18), date(2027, 2, 15), date(2027, 3, 26), date(2027, 5, 31), date(2027, 6, 18),
    date(2027, 7, 5), date(2027, 9, 6), date(2027, 11, 25), date(2027, 12, 24),
    date(2028, 1, 17), date(2028, 2, 21), date(2028, 4, 14), date(2028, 5, 29), date(2028, 6, 19), date(2028, 7, 4),
    date(2028, 9, 4), date(2028, 11, 23), date(2028, 12, 25),
    date(2029, 1, 1), date(2029, 1, 15), date(2029, 2, 19), date(2029, 3, 30), date(2029, 5, 28), date(2029, 6, 19),
    date(2029, 7, 4), date(2029, 9, 3), date(2029, 11, 22), date(2029, 12, 25),
    date(2030, 1, 1), date(2030, 1, 21), date(2030, 2, 18), date(2030, 4, 19), date(2030, 5, 27), date(2030, 6, 19),
    date(2030, 7, 4), date(2030, 9, 2), date(2030, 11, 28), date(2030, 12, 25),
];

/// New York's clock by its rule and not by a file: what accounting says may not depend on the machine. The rule is the
/// one since 2007; days before that may end an hour off in a few weeks of a year.
static NEW_YORK: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a rule in the form of POSIX")
});

/// The day of a moment, as the exchange and its brokers count it.
pub fn day_of(time: Timestamp) -> Date {
    time.in_zone(&NEW_YORK).date()
}

/// Whether trades settle on a day.
pub fn is_settlement_day(day: Date) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    !is_weekend && HOLIDAYS.binary_search(&day).is_err()
}

/// The day on which a trade of `class` settles where its entry does not say. Coins, currencies, futures and whatever is
/// not known settle on the day itself.
pub fn settles_on(class: &AssetClass, traded: Date) -> Date {
    let days = match class {
        AssetClass::Equity if traded < date(2017, 9, 5) => 3,
        AssetClass::Equity if traded < date(2024, 5, 28) => 2,
        AssetClass::Equity | AssetClass::Option => 1,
        AssetClass::Crypto | AssetClass::Future | AssetClass::Forex | AssetClass::Other(_) => 0,
    };
    (0..days).fold(traded, |day, _| next_settlement_day(day))
}

fn next_settlement_day(day: Date) -> Date {
    let mut next = day;
    // The last day of the calendar has no next one.
    while let Ok(tomorrow) = next.tomorrow() {
        next = tomorrow;
        if is_settlement_day(next) {
            break;
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_settle_on_the_next_day_that_is_none_off() {
        let check = |class: AssetClass, traded: Date, expected: Date| {
            assert_eq!(settles_on(&class, traded), expected, "{class:?} {traded}");
        };
        check(AssetClass::Equity, date(2026, 11, 23), date(2026, 11, 24));
        check(AssetClass::Equity, date(2026, 11, 25), date(2026, 11, 27));
        check(AssetClass::Equity, date(2026, 7, 2), date(2026, 7, 6));
        check(AssetClass::Option, date(2024, 3, 28), date(2024, 4, 1));
        check(AssetClass::Equity, date(2024, 5, 24), date(2024, 5, 29));
        check(AssetClass::Equity, date(2024, 5, 28), date(2024, 5, 29));
        check(AssetClass::Crypto, date(2026, 11, 28), date(2026, 11, 28));
    }

    #[test]
    fn the_holidays_are_in_order_and_weekdays() {
        assert!(HOLIDAYS.is_sorted());
        assert!(HOLIDAYS.iter().all(|day| !is_settlement_day(*day)));
        let weekdays = HOLIDAYS
            .iter()
            .filter(|day| day.weekday().to_monday_one_offset() <= 5);
        assert_eq!(weekdays.count(), HOLIDAYS.len());
    }

    #[test]
    fn an_evening_in_new_york_is_not_yet_tomorrow() {
        let day = |text| day_of(Timestamp::parse(text).unwrap());
        assert_eq!(day("2026-07-01T03:59:59Z"), date(2026, 6, 30));
        assert_eq!(day("2026-01-01T04:59:59Z"), date(2025, 12, 31));
        assert_eq!(day("2026-01-01T05:00:00Z"), date(2026, 1, 1));
    }
}
