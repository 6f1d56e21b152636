//! Amounts, ages and times as text for a column: exact digits, thousands separators, a sign that is never colour alone.
//!
//! Unknown is [`UNKNOWN`], zero is `0.00`, and a number that does not fit is [`TOO_LONG`]: never a shorter, wrong number.

use crate::domain::{Currency, Money, Price, Quantity, Timestamp};
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "—";

/// What stands for a number that does not fit its place.
pub const TOO_LONG: &str = "…";

/// What stands for an amount that is hidden; always as wide, so that it tells nothing.
pub const MASK: &str = "•••••";

/// Most decimals a price or quantity is shown with.
const MOST_DECIMALS: u32 = 8;

/// Which way a change goes, as it is shown: what rounds to zero is level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Above zero.
    Up,
    /// Below zero.
    Down,
    /// Zero, or unknown.
    Level,
}

impl Trend {
    /// Of a number that is shown with `decimals`.
    pub fn of(value: Decimal, decimals: u32) -> Self {
        let shown = rounded(value, decimals);
        if shown.is_zero() {
            Self::Level
        } else if shown.is_sign_negative() {
            Self::Down
        } else {
            Self::Up
        }
    }

    /// `▲`, `▼` or a space.
    pub fn arrow(self) -> char {
        match self {
            Self::Up => '▲',
            Self::Down => '▼',
            Self::Level => ' ',
        }
    }
}

/// `value` with exactly `decimals` decimals and thousands separators: `-1,234.50`. Halves round away from zero.
pub fn decimal(value: Decimal, decimals: u32) -> String {
    let rounded = rounded(value, decimals);
    let digits = format!("{:.*}", decimals as usize, rounded.abs());
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::with_capacity(digits.len() + whole.len() / 3 + 1);
    if rounded.is_sign_negative() && !rounded.is_zero() {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(fraction);
    text
}

fn rounded(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// The same with a `+` before what is above zero.
pub fn signed(value: Decimal, decimals: u32) -> String {
    match Trend::of(value, decimals) {
        Trend::Up => format!("+{}", decimal(value, decimals)),
        Trend::Down | Trend::Level => decimal(value, decimals),
    }
}

/// Decimals an amount of `currency` is shown with.
pub fn decimals_of(currency: Currency) -> u32 {
    match currency.as_str() {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" => 0,
        "KWD" | "BHD" | "OMR" | "JOD" | "TND" => 3,
        "BTC" | "ETH" | "SOL" | "LTC" => 8,
        _ => 2,
    }
}

/// An amount in its currency's decimals, without the currency's code: `1,284,203.11`.
pub fn money(amount: Money) -> String {
    decimal(amount.amount, decimals_of(amount.currency))
}

/// The same with a sign: `+2,250.00`, `-138.00`, `0.00`.
pub fn profit(amount: Money) -> String {
    signed(amount.amount, decimals_of(amount.currency))
}

/// A price with all its digits, at least two and at most eight decimals: `189.90`, `1.08412`.
pub fn price(price: Price) -> String {
    decimal(price.0, decimals_shown(price.0).max(2))
}

/// A price with exactly `decimals` decimals, for averages and for columns of one instrument.
pub fn price_to(price: Price, decimals: u32) -> String {
    decimal(price.0, decimals)
}

/// A quantity with all its digits: `120`, `0.25`, `1,020.113`.
pub fn quantity(quantity: Quantity) -> String {
    decimal(quantity.0, decimals_shown(quantity.0))
}

/// A large number with its unit, where all its digits have no room: `237.3M`, `1.2B`, `41.2K`.
pub fn rough(value: Decimal) -> String {
    const UNITS: [(i64, char); 3] = [(1_000_000_000, 'B'), (1_000_000, 'M'), (1_000, 'K')];
    let size = value.abs();
    let unit = UNITS
        .into_iter()
        .find(|(unit, _)| size >= Decimal::from(*unit));
    match unit {
        Some((unit, letter)) => format!("{}{letter}", decimal(value / Decimal::from(unit), 1)),
        None => decimal(value, 0),
    }
}

/// Decimals that carry something, at most eight.
pub fn decimals_shown(value: Decimal) -> u32 {
    value.normalize().scale().min(MOST_DECIMALS)
}

/// A fraction as a percentage without its sign mark: `0.109` is `10.9` at one decimal.
pub fn percent(fraction: Decimal, decimals: u32) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => decimal(percent, decimals),
        None => TOO_LONG.into(),
    }
}

/// A fraction with its sign: `+0.33%`.
pub fn signed_percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{}%", signed(percent, 2)),
        None => TOO_LONG.into(),
    }
}

/// A change as an arrow and its size in percent: `▲ 1.24`, `▼ 0.11`, `  0.00`.
pub fn change(fraction: Decimal) -> (Trend, String) {
    let Some(percent) = fraction.checked_mul(Decimal::ONE_HUNDRED) else {
        return (Trend::Level, TOO_LONG.into());
    };
    let trend = Trend::of(percent, 2);
    let text = format!("{} {}", trend.arrow(), decimal(percent.abs(), 2));
    (trend, text)
}

/// A whole number with thousands separators: `1,180`.
pub fn count(number: u64) -> String {
    decimal(Decimal::from(number), 0)
}

/// The text of a value that may be unknown.
pub fn or_unknown<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.into(), text)
}

/// How long ago something was, in its largest unit: `now`, `8 s`, `15 s`, `3 m`, `2 h`, `5 d`. From ten seconds on in
/// steps of five: what grows old must not redraw a quiet screen every second.
pub fn age(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 10..60 => in_largest_unit(seconds / 5 * 5),
        seconds => in_largest_unit(seconds),
    }
}

/// How soon something will be, in its largest unit: `now`, `in 14 s`, `in 4 m`.
pub fn until(left: Duration) -> String {
    match left.as_secs() {
        0 => "now".into(),
        seconds => format!("in {}", in_largest_unit(seconds)),
    }
}

fn in_largest_unit(seconds: u64) -> String {
    match seconds {
        0 => "now".into(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long something took: `34 ms`, `2.1 s`, `1 m 05 s`.
pub fn latency(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} m {:02} s", millis / 60_000, millis / 1_000 % 60),
    }
}

/// Time that is left, to the second: `12:41`, `1:27:03`, `6d 04h`.
pub fn countdown(left: Duration) -> String {
    let seconds = left.as_secs();
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match hours {
        0 => format!("{minutes}:{:02}", seconds % 60),
        1..48 => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        _ => format!("{}d {:02}h", hours / 24, hours % 24),
    }
}

/// Time that is left, to the minute: `41m`, `1h27m`, `6d 04h`.
pub fn time_left(left: Duration) -> String {
    let minutes = left.as_secs() / 60;
    match minutes {
        0..60 => format!("{minutes}m"),
        60..2_880 => format!("{}h{:02}m", minutes / 60, minutes % 60),
        _ => format!("{}d {:02}h", minutes / 1_440, minutes / 60 % 24),
    }
}

/// The time of day in `zone`: `14:32:07`.
pub fn time_of_day(moment: Timestamp, zone: &TimeZone) -> String {
    moment.in_zone(zone).strftime("%H:%M:%S").to_string()
}

/// The date in `zone`: `2026-11-22`.
pub fn date(moment: Timestamp, zone: &TimeZone) -> String {
    moment.in_zone(zone).strftime("%Y-%m-%d").to_string()
}

/// The moment in `zone`, to the second: `2026-11-22 14:32:07`.
pub fn date_and_time(moment: Timestamp, zone: &TimeZone) -> String {
    moment
        .in_zone(zone)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// The time of day for a moment of today, else its date: always eight or six columns, `14:32:07` or `22 Nov`.
pub fn when(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (moment.in_zone(zone), now.in_zone(zone));
    let pattern = if then.date() == today.date() {
        "%H:%M:%S"
    } else {
        "%d %b"
    };
    then.strftime(pattern).to_string()
}

/// Columns a text takes on screen.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` when it fits `columns`, else [`TOO_LONG`]: for numbers.
pub fn whole_or_nothing(text: &str, columns: usize) -> &str {
    match columns {
        0 => "",
        _ if text.width() <= columns => text,
        _ => TOO_LONG,
    }
}

/// `text` at most `columns` wide, shortened in the middle: `Vanguard T…dex Fund`.
pub fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    if columns < 2 {
        return TOO_LONG.chars().take(columns).collect();
    }
    let tail_width = (columns - 1) / 2;
    let head = leading(text, columns - 1 - tail_width);
    let tail = trailing(text, tail_width);
    format!("{head}…{tail}")
}

/// `text` at most `columns` wide, cut at its end, never inside of a number: `access token refre…`, `sold 50 @ …`.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    match columns {
        0 => String::new(),
        _ => {
            let head = leading(text, columns - 1);
            format!("{}…", without_part_of_number(head, &text[head.len()..]))
        }
    }
}

/// `head` without the number that goes on in `rest`.
fn without_part_of_number<'a>(head: &'a str, rest: &str) -> &'a str {
    let is_part = |it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | ':');
    let is_sign = |it: char| matches!(it, '+' | '-');
    if rest.starts_with(is_part) && head.ends_with(|it| is_part(it) || is_sign(it)) {
        head.trim_end_matches(is_part).trim_end_matches(is_sign)
    } else {
        head
    }
}

fn leading(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns {
            return &text[..index];
        }
    }
    text
}

fn trailing(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > columns {
            return &text[index + grapheme.len()..];
        }
    }
    text
}

/// `text` in lines of at most `columns`, broken between words; a word that is wider is broken inside.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for mut word in text.split_whitespace() {
        let line = lines.last().expect("there is always a line");
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() > columns && gap == 1 {
            lines.push(String::new());
        }
        while word.width() > columns {
            let first = word.graphemes(true).next().map_or(0, str::len);
            let (head, rest) = word.split_at(leading(word, columns).len().max(first));
            lines.last_mut().expect("as above").push_str(head);
            if !rest.is_empty() {
                lines.push(String::new());
            }
            word = rest;
        }
        let line = lines.last_mut().expect("as above");
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests;
