//! Moments: arithmetic and text, no `now`. Whoever needs the time is handed a [`Clock`].

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A moment, to the nanosecond, in UTC; its text is RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

/// Where the time comes from: the real one in `runtime/clock.rs`, a fixed one in tests.
pub trait Clock: Send + Sync {
    /// The present moment by the wall clock.
    fn now(&self) -> Timestamp;

    /// How long the machine has been suspended since it was started. A clock that cannot tell says never.
    fn asleep(&self) -> Duration {
        Duration::ZERO
    }
}

/// A text that is not an RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a moment in time: {0}")]
pub struct NotATime(pub crate::domain::text::Text);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Parses RFC 3339 with zero to nine fractional digits and `Z` or an offset.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        text.parse().map(Self).map_err(|_| NotATime(text.into()))
    }

    /// From whole milliseconds since the epoch; `None` outside the years ±9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// From nanoseconds since the epoch; `None` outside the years ±9999.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        jiff::Timestamp::from_nanosecond(nanos).ok().map(Self)
    }

    /// Whole milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Nanoseconds since the epoch.
    pub fn nanos(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// Time from `earlier` to this moment; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    /// This moment plus `duration`, held at the end of representable time.
    pub fn plus(self, duration: Duration) -> Self {
        self.0
            .checked_add(duration)
            .map_or(Self(jiff::Timestamp::MAX), Self)
    }

    /// This moment minus `duration`, held at the start of representable time.
    pub fn minus(self, duration: Duration) -> Self {
        self.0
            .checked_sub(duration)
            .map_or(Self(jiff::Timestamp::MIN), Self)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-22T14:32:07.123Z`.
    pub fn to_rfc3339_millis(self) -> String {
        format!("{:.3}", self.0)
    }

    /// The moment in a zone, for people to read; see jiff's `ZonedDateTime::strftime`.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::ZonedDateTime {
        self.0.to_zoned_datetime(zone.clone())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn offsets_and_nanoseconds_are_read() {
        assert_eq!(
            at("2022-04-19T13:45:04.981350886-04:00").to_string(),
            "2022-04-19T17:45:04.981350886Z"
        );
        assert_eq!(at("2024-07-01T23:58:01Z").millis(), 1_719_878_281_000);
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn the_past_has_no_age() {
        let (early, late) = (at("2024-07-01T00:00:00Z"), at("2024-07-01T00:00:01.5Z"));
        assert_eq!(late.since(early), Duration::from_millis(1500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.plus(Duration::from_millis(1500)), late);
        assert_eq!(late.minus(Duration::from_millis(1500)), early);
    }

    #[test]
    fn text_for_scripts_has_milliseconds() {
        assert_eq!(
            at("2026-11-22T14:32:07.1239Z").to_rfc3339_millis(),
            "2026-11-22T14:32:07.123Z"
        );
    }
}
