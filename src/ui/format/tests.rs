//! Tables: what goes in, what the person reads.

use super::*;
use crate::domain::money;

fn exact(text: &str) -> Decimal {
    money::decimal(text).unwrap()
}

#[test]
fn numbers_keep_their_digits_and_never_a_negative_zero() {
    let cases = [
        ("0", 2, "0.00"),
        ("-0.001", 2, "0.00"),
        ("-0.005", 2, "-0.01"),
        ("1234.5", 2, "1,234.50"),
        ("-4882", 2, "-4,882.00"),
        ("999", 0, "999"),
        ("1000", 0, "1,000"),
        ("999.995", 2, "1,000.00"),
        ("1284203.11", 2, "1,284,203.11"),
        ("0.00000001", 8, "0.00000001"),
        (
            "79228162514264337593543950335",
            0,
            "79,228,162,514,264,337,593,543,950,335",
        ),
    ];
    for (value, decimals, expected) in cases {
        assert_eq!(decimal(exact(value), decimals), expected, "{value}");
    }
}

#[test]
fn profit_carries_its_sign() {
    for (value, expected) in [
        ("2250", "+2,250.00"),
        ("-138", "-138.00"),
        ("0", "0.00"),
        ("0.004", "0.00"),
    ] {
        assert_eq!(
            profit(Money::new(exact(value), Currency::USD)),
            expected,
            "{value}"
        );
    }
}

#[test]
fn a_currency_has_its_own_decimals() {
    for (code, expected) in [
        ("USD", "1,234.50"),
        ("JPY", "1,235"),
        ("BTC", "1,234.50000000"),
        ("KWD", "1,234.500"),
    ] {
        let currency = Currency::parse(code).unwrap();
        assert_eq!(
            money(Money::new(exact("1234.5"), currency)),
            expected,
            "{code}"
        );
    }
}

#[test]
fn a_price_shows_every_digit_it_has() {
    let cases = [
        ("189.9", "189.90"),
        ("189.90", "189.90"),
        ("0", "0.00"),
        ("1.08412", "1.08412"),
        ("67114.500", "67,114.50"),
        ("0.00001234", "0.00001234"),
        ("122011.09751111286868", "122,011.09751111"),
    ];
    for (value, expected) in cases {
        assert_eq!(price(Price(exact(value))), expected, "{value}");
    }
}

#[test]
fn a_quantity_has_no_empty_decimals() {
    for (value, expected) in [
        ("120", "120"),
        ("120.000", "120"),
        ("0.2500", "0.25"),
        ("-20", "-20"),
        ("1020.113", "1,020.113"),
    ] {
        assert_eq!(quantity(Quantity(exact(value))), expected, "{value}");
    }
}

#[test]
fn a_change_has_arrow_and_size_and_zero_has_neither() {
    let cases = [
        ("0.0124", Trend::Up, "▲ 1.24"),
        ("-0.0011", Trend::Down, "▼ 0.11"),
        ("0", Trend::Level, "  0.00"),
        ("-0.00001", Trend::Level, "  0.00"),
        ("79228162514264337593543950335", Trend::Level, "…"),
    ];
    for (value, trend, expected) in cases {
        assert_eq!(change(exact(value)), (trend, expected.into()), "{value}");
    }
    assert_eq!(signed_percent(exact("0.0033")), "+0.33%");
    assert_eq!(signed_percent(exact("-0.0033")), "-0.33%");
    assert_eq!(percent(exact("0.109"), 1), "10.9");
}

#[test]
fn unknown_is_not_zero() {
    assert_eq!(or_unknown(None, price), "—");
    assert_eq!(or_unknown(Some(Price::ZERO), price), "0.00");
}

#[test]
fn ages_name_their_largest_unit() {
    for (seconds, expected) in [
        (0, "now"),
        (1, "1 s"),
        (9, "9 s"),
        (14, "10 s"),
        (59, "55 s"),
        (60, "1 m"),
        (3_599, "59 m"),
        (3_600, "1 h"),
        (86_399, "23 h"),
        (86_400, "1 d"),
    ] {
        assert_eq!(age(Duration::from_secs(seconds)), expected, "{seconds}");
    }
}

#[test]
fn latencies_grow_from_milliseconds_to_minutes() {
    for (millis, expected) in [
        (0, "0 ms"),
        (34, "34 ms"),
        (999, "999 ms"),
        (2_149, "2.1 s"),
        (59_999, "59.9 s"),
        (65_000, "1 m 05 s"),
    ] {
        assert_eq!(latency(millis), expected, "{millis}");
    }
}

#[test]
fn countdowns_run_to_the_second_until_they_are_long() {
    for (seconds, expected) in [
        (0, "0:00"),
        (59, "0:59"),
        (761, "12:41"),
        (5_223, "1:27:03"),
        (172_799, "47:59:59"),
        (533_000, "6d 04h"),
    ] {
        assert_eq!(
            countdown(Duration::from_secs(seconds)),
            expected,
            "{seconds}"
        );
    }
    for (seconds, expected) in [
        (59, "0m"),
        (2_460, "41m"),
        (5_223, "1h27m"),
        (533_000, "6d 04h"),
    ] {
        assert_eq!(
            time_left(Duration::from_secs(seconds)),
            expected,
            "{seconds}"
        );
    }
}

#[test]
fn times_are_told_in_the_zone_asked_for() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let moment = Timestamp::parse("2026-11-23T02:32:07Z").unwrap();
    assert_eq!(time_of_day(moment, &zone), "21:32:07");
    assert_eq!(date(moment, &zone), "2026-11-22");
    assert_eq!(date_and_time(moment, &TimeZone::UTC), "2026-11-23 02:32:07");
    let later = moment.plus(Duration::from_secs(3 * 3_600));
    assert_eq!(when(moment, later, &TimeZone::UTC), "02:32:07");
    assert_eq!(when(moment, later, &zone), "22 Nov");
}

#[test]
fn a_number_that_does_not_fit_is_never_shortened() {
    for (text, columns, expected) in [
        ("1,234.50", 8, "1,234.50"),
        ("1,234.50", 7, "…"),
        ("1,234.50", 1, "…"),
        ("7", 0, ""),
    ] {
        assert_eq!(
            whole_or_nothing(text, columns),
            expected,
            "{text} in {columns}"
        );
    }
}

#[test]
fn a_name_is_shortened_in_the_middle_and_a_sentence_at_its_end() {
    let cases = [
        ("Individual", 10, "Individual", "Individual"),
        ("Individual", 9, "Indi…dual", "Individu…"),
        ("Individual", 2, "I…", "I…"),
        ("Individual", 1, "…", "…"),
        ("Individual", 0, "", ""),
        ("日本株式口座", 7, "日…座", "日本株…"),
        ("ééééé", 3, "é…é", "éé…"),
    ];
    for (text, columns, middle, end) in cases {
        assert_eq!(shortened(text, columns), middle, "{text} in {columns}");
        assert_eq!(cut(text, columns), end, "{text} in {columns}");
        assert!(width(&shortened(text, columns)) <= columns);
    }
}

#[test]
fn a_sentence_is_never_cut_inside_of_a_number() {
    let text = "sold 50 MSFT @ 411.22, realised +1,160.00";
    let cases = [
        (41, text),
        (40, "sold 50 MSFT @ 411.22, realised …"),
        (34, "sold 50 MSFT @ 411.22, realised …"),
        (23, "sold 50 MSFT @ 411.22,…"),
        (20, "sold 50 MSFT @ …"),
        (7, "sold …"),
        (3, "so…"),
    ];
    for (columns, expected) in cases {
        assert_eq!(cut(text, columns), expected, "{columns}");
    }
    assert_eq!(cut("1234", 2), "…");
}

#[test]
fn sentences_break_between_words() {
    let cases: [(&str, usize, &[&str]); 5] = [
        ("", 5, &[""]),
        ("one two three", 7, &["one two", "three"]),
        ("abcdefgh", 3, &["abc", "def", "gh"]),
        ("a abcdef", 3, &["a", "abc", "def"]),
        ("日本", 1, &["日", "本"]),
    ];
    for (text, columns, expected) in cases {
        assert_eq!(wrapped(text, columns), expected, "{text} in {columns}");
    }
}

#[test]
fn what_is_to_come_is_not_said_as_if_it_were_past() {
    let cases = [
        (0, "now"),
        (1, "in 1 s"),
        (59, "in 59 s"),
        (240, "in 4 m"),
        (7_200, "in 2 h"),
    ];
    for (seconds, text) in cases {
        assert_eq!(until(Duration::from_secs(seconds)), text);
    }
}

#[test]
fn a_large_number_is_rounded_to_a_unit_and_says_which() {
    let cases = [
        ("237301708", "237.3M"),
        ("1240000000", "1.2B"),
        ("41234", "41.2K"),
        ("999", "999"),
        ("-5600000", "-5.6M"),
        ("0", "0"),
    ];
    for (number, text) in cases {
        assert_eq!(rough(number.parse().unwrap()), text);
    }
}
