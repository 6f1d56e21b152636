//! Reading what a request asks for.

use super::answer::ApiError;
use crate::domain::Timestamp;
use crate::sim::calendar::Calendar;
use jiff::civil::{Date, time};
use std::str::FromStr;

/// The parameters after the question mark.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// A parameter; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that is a list with commas, given once or several times.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// `true` in any of the spellings in use.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| matches!(value, "true" | "True" | "1" | "t"))
    }

    /// A parameter of a type of its own.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name)
            .map(|value| value.parse().map_err(|_| invalid(name, value)))
            .transpose()
    }

    /// A number within bounds.
    pub(super) fn limit(&self, name: &str, default: usize, most: usize) -> Result<usize, ApiError> {
        let number = self.parsed(name)?.unwrap_or(default);
        if (1..=most).contains(&number) {
            return Ok(number);
        }
        Err(ApiError::invalid(format!(
            "{name} must be between 1 and {most}"
        )))
    }

    /// One of a few words.
    pub(super) fn word(
        &self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(value))
            .map(|word| Some(*word))
            .ok_or_else(|| invalid(name, value))
    }

    /// A moment: RFC 3339, a date (midnight in UTC), or seconds of Unix time.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.get(name)
            .map(|value| moment(value).ok_or_else(|| invalid(name, value)))
            .transpose()
    }

    /// A date; of a moment, its date in New York.
    pub(super) fn date(&self, name: &str, calendar: &Calendar) -> Result<Option<Date>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .parse()
            .ok()
            .filter(|_| value.len() == 10)
            .or_else(|| moment(value).map(|time| calendar.date_of(time)))
            .map(Some)
            .ok_or_else(|| invalid(name, value))
    }
}

fn invalid(name: &str, value: &str) -> ApiError {
    ApiError::invalid(format!("invalid {name}: {value}"))
}

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(time) = Timestamp::parse(&text.replace(' ', "+")) {
        return Some(time);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_millis(seconds.checked_mul(1000)?);
    }
    let date: Date = text.parse().ok()?;
    let midnight = jiff::tz::TimeZone::UTC
        .to_timestamp(date.to_datetime(time(0, 0, 0, 0)))
        .ok()?;
    Timestamp::from_nanos(midnight.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_in_many_spellings() {
        let query = Query::parse(
            "a=2021-03-16T18:38:01Z&b=2021-03-16&c=1615919881&d=2021-03-16T14:38:01-04:00\
             &e=yesterday&f=&g=2021-03-16T14:38:01+01:00",
        );
        let at = |name| {
            query
                .moment(name)
                .map(|time| time.map(|time| time.to_string()))
        };
        assert_eq!(at("a").unwrap().unwrap(), "2021-03-16T18:38:01Z");
        assert_eq!(at("b").unwrap().unwrap(), "2021-03-16T00:00:00Z");
        assert_eq!(at("c").unwrap().unwrap(), "2021-03-16T18:38:01Z");
        assert_eq!(at("d").unwrap().unwrap(), "2021-03-16T18:38:01Z");
        assert_eq!(at("g").unwrap().unwrap(), "2021-03-16T13:38:01Z");
        assert!(at("e").is_err());
        assert_eq!(at("f"), Ok(None));
    }

    #[test]
    fn lists_and_bounds() {
        let query = Query::parse("symbols=AAPL,%20MSFT&symbols=EUR%2FUSD&limit=501&flag=True");
        assert_eq!(query.list("symbols"), ["AAPL", "MSFT", "EUR/USD"]);
        assert!(query.limit("limit", 50, 500).is_err());
        assert_eq!(query.limit("page_size", 100, 100), Ok(100));
        assert!(query.flag("flag"));
    }
}
