//! The days and hours on which US equities trade, by the New York exchanges' rules.

use crate::domain::Timestamp;
use crate::paper;
use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use std::time::Duration;

/// When a simulated market trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketHours {
    /// At any hour, so that a demonstration at night is alive; days still end at the exchange's close.
    #[default]
    Always,
    /// In the exchange's own hours.
    Real,
}

/// A text that is not a kind of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("market hours are real or always")]
pub struct NotHours;

impl std::str::FromStr for MarketHours {
    type Err = NotHours;
    fn from_str(text: &str) -> Result<Self, NotHours> {
        match text {
            "always" => Ok(Self::Always),
            "real" => Ok(Self::Real),
            _ => Err(NotHours),
        }
    }
}

/// One trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingDay {
    /// Its date in New York.
    pub date: Date,
    /// Its opening auction.
    pub open: Timestamp,
    /// Its closing auction.
    pub close: Timestamp,
    /// Start of the extended session before it.
    pub pre_open: Timestamp,
    /// End of the extended session after it.
    pub post_close: Timestamp,
    /// Wall-clock time of the close: 16:00, or 13:00 on short days.
    pub close_time: Time,
}

/// Wall-clock time of every opening auction.
pub const OPEN_TIME: Time = time(9, 30, 0, 0);
const PRE_OPEN_TIME: Time = time(4, 0, 0, 0);
const CLOSE_TIME: Time = time(16, 0, 0, 0);
const SHORT_CLOSE_TIME: Time = time(13, 0, 0, 0);
/// Extended trading after the close, on full days until 20:00 and on short ones until 17:00.
const AFTER_HOURS: Duration = Duration::from_secs(4 * 3600);

/// The exchange's calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            zone: TimeZone::get("America/New_York").expect("the zone table is compiled in"),
        }
    }
}

impl Calendar {
    /// The zone the exchange keeps its hours in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The date in New York at `now`.
    pub fn date_of(&self, now: Timestamp) -> Date {
        now.in_zone(&self.zone).date()
    }

    /// The moment of a wall-clock time in New York.
    pub fn at(&self, date: Date, time: Time) -> Timestamp {
        let moment = self
            .zone
            .to_timestamp(date.to_datetime(time))
            .expect("every simulated date is within representable time");
        Timestamp::from_nanos(moment.as_nanosecond()).expect("it was a timestamp")
    }

    /// The trading day of a date; `None` on weekends and holidays.
    pub fn day(&self, date: Date) -> Option<TradingDay> {
        if !is_trading_date(date) {
            return None;
        }
        let close_time = if is_short(date) {
            SHORT_CLOSE_TIME
        } else {
            CLOSE_TIME
        };
        let close = self.at(date, close_time);
        Some(TradingDay {
            date,
            open: self.at(date, OPEN_TIME),
            close,
            pre_open: self.at(date, PRE_OPEN_TIME),
            post_close: close.plus(AFTER_HOURS),
            close_time,
        })
    }

    /// The last trading day that opened at or before `now`.
    pub fn latest_open(&self, now: Timestamp) -> TradingDay {
        let mut date = self.date_of(now);
        loop {
            match self.day(date) {
                Some(day) if day.open <= now => return day,
                _ => date = before(date),
            }
        }
    }

    /// The trading day before a date.
    pub fn previous(&self, date: Date) -> TradingDay {
        let mut date = before(date);
        loop {
            match self.day(date) {
                Some(day) => return day,
                None => date = before(date),
            }
        }
    }

    /// The first trading day on or after a date.
    pub fn next_from(&self, date: Date) -> TradingDay {
        let mut date = date;
        loop {
            match self.day(date) {
                Some(day) => return day,
                None => date = after(date),
            }
        }
    }

    /// The next opening after `now`.
    pub fn next_open(&self, now: Timestamp) -> Timestamp {
        let day = self.next_from(self.date_of(now));
        if day.open > now {
            return day.open;
        }
        self.next_from(after(day.date)).open
    }

    /// The next close after `now`.
    pub fn next_close(&self, now: Timestamp) -> Timestamp {
        let day = self.next_from(self.date_of(now));
        if day.close > now {
            return day.close;
        }
        self.next_from(after(day.date)).close
    }

    /// The trading days of a span of dates, both included, oldest first.
    pub fn days(&self, first: Date, last: Date) -> impl Iterator<Item = TradingDay> + '_ {
        let mut next = Some(first);
        std::iter::from_fn(move || {
            let date = next.filter(|date| *date <= last)?;
            next = date.tomorrow().ok();
            Some(date)
        })
        .filter_map(|date| self.day(date))
    }

    /// Which part of the trading day it is by the exchange's own hours.
    pub fn session(&self, now: Timestamp) -> paper::Session {
        match self.day(self.date_of(now)) {
            Some(day) if (day.open..day.close).contains(&now) => paper::Session::Regular,
            Some(day) if (day.pre_open..day.post_close).contains(&now) => paper::Session::Extended,
            _ => paper::Session::Closed,
        }
    }
}

/// The day before; dates near the end of time stay where they are.
pub fn before(date: Date) -> Date {
    date.yesterday().unwrap_or(date)
}

/// The day after; dates near the end of time stay where they are.
pub fn after(date: Date) -> Date {
    date.tomorrow().unwrap_or(date)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn is_trading_date(date: Date) -> bool {
    !is_weekend(date) && !is_holiday(date)
}

/// The exchange's holidays as its rule 7.2 has kept them since Juneteenth was added in 2022.
fn is_holiday(day: Date) -> bool {
    let year = day.year();
    let monday = |month, nth| nth_weekday(year, month, nth, Weekday::Monday);
    let floating = [
        monday(1, 3),
        monday(2, 3),
        before(before(easter(year))),
        nth_weekday(year, 5, -1, Weekday::Monday),
        monday(9, 1),
        nth_weekday(year, 11, 4, Weekday::Thursday),
    ];
    let fixed = [(6, 19), (7, 4), (12, 25)].map(|(month, at)| observed(date(year, month, at)));
    let new_year = date(year, 1, 1);
    // New Year's Day on a Saturday is not made up for: the books of the old year stay open.
    let new_year = if new_year.weekday() == Weekday::Sunday {
        after(new_year)
    } else {
        new_year
    };
    floating.contains(&day) || fixed.contains(&day) || day == new_year
}

/// Days that close at 13:00: before Independence Day, after Thanksgiving, Christmas Eve.
fn is_short(day: Date) -> bool {
    let after_thanksgiving = after(nth_weekday(day.year(), 11, 4, Weekday::Thursday));
    let before_independence =
        (day.month(), day.day()) == (7, 3) && day.weekday() != Weekday::Friday;
    day == after_thanksgiving || before_independence || (day.month(), day.day()) == (12, 24)
}

fn observed(holiday: Date) -> Date {
    match holiday.weekday() {
        Weekday::Saturday => before(holiday),
        Weekday::Sunday => after(holiday),
        Weekday::Monday
        | Weekday::Tuesday
        | Weekday::Wednesday
        | Weekday::Thursday
        | Weekday::Friday => holiday,
    }
}

fn nth_weekday(year: i16, month: i8, nth: i8, weekday: Weekday) -> Date {
    date(year, month, 1)
        .nth_weekday_of_month(nth, weekday)
        .expect("every month has four of each weekday")
}

/// Easter Sunday by the anonymous Gregorian computus.
fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let golden = year_number % 19;
    let century = year_number / 100;
    let correction = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15) % 30;
    let epact =
        correction - (correction / 28) * (1 - (29 / (correction + 1)) * ((21 - golden) / 11));
    let weekday = (year_number + year_number / 4 + epact + 2 - century + century / 4) % 7;
    let offset = epact - weekday;
    let month = 3 + (offset + 40) / 44;
    let day = offset + 28 - 31 * (month / 4);
    let narrow = |number: i32| i8::try_from(number).expect("a month or a day of one");
    date(year, narrow(month), narrow(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn holidays_are_the_exchange_s() {
        // The exchange's published lists for 2024 to 2026.
        let closed = [
            "2024-01-01",
            "2024-01-15",
            "2024-02-19",
            "2024-03-29",
            "2024-05-27",
            "2024-06-19",
            "2024-07-04",
            "2024-09-02",
            "2024-11-28",
            "2024-12-25",
            "2025-04-18",
            "2025-07-04",
            "2026-01-01",
            "2026-04-03",
            "2026-06-19",
            "2026-07-03",
            "2026-11-26",
            "2026-12-25",
            "2022-12-26",
            "2023-01-02",
            "2026-11-21",
            "2026-11-22",
        ];
        let calendar = Calendar::default();
        for text in closed {
            assert!(calendar.day(text.parse().unwrap()).is_none(), "{text}");
        }
        for text in ["2021-12-31", "2026-11-27", "2026-07-02", "2024-07-05"] {
            assert!(calendar.day(text.parse().unwrap()).is_some(), "{text}");
        }
    }

    #[test]
    fn short_days_close_at_one() {
        let calendar = Calendar::default();
        for (text, hour) in [
            ("2024-07-03", 13),
            ("2024-11-29", 13),
            ("2024-12-24", 13),
            ("2026-07-02", 16),
            ("2026-11-24", 16),
        ] {
            let day = calendar.day(text.parse().unwrap()).unwrap();
            assert_eq!(day.close_time.hour(), hour, "{text}");
        }
    }

    #[test]
    fn the_day_has_its_parts_in_summer_and_in_winter() {
        use paper::Session::{Closed, Extended, Regular};
        let cases = [
            ("2026-11-24T14:29:59Z", Extended),
            ("2026-11-24T14:30:00Z", Regular),
            ("2026-11-24T21:00:00Z", Extended),
            ("2026-11-25T01:00:00Z", Closed),
            ("2026-07-01T13:30:00Z", Regular),
            ("2026-11-22T17:00:00Z", Closed),
        ];
        let calendar = Calendar::default();
        for (text, session) in cases {
            assert_eq!(calendar.session(at(text)), session, "{text}");
        }
    }

    #[test]
    fn the_next_open_skips_the_weekend() {
        let calendar = Calendar::default();
        let saturday = at("2026-11-21T12:00:00Z");
        assert_eq!(calendar.next_open(saturday), at("2026-11-23T14:30:00Z"));
        assert_eq!(calendar.next_close(saturday), at("2026-11-23T21:00:00Z"));
        assert_eq!(
            calendar.latest_open(saturday).open,
            at("2026-11-20T14:30:00Z")
        );
        let midday = at("2026-11-23T17:00:00Z");
        assert_eq!(calendar.next_open(midday), at("2026-11-24T14:30:00Z"));
        assert_eq!(calendar.next_close(midday), at("2026-11-23T21:00:00Z"));
    }
}
