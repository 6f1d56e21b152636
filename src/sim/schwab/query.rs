//! Parameters of a request.

use super::answer::ApiError;
use crate::domain::Timestamp;
use std::str::FromStr;
use std::time::Duration;

/// The longest span of time that may be asked for at once.
const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// What stands after the question mark.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A parameter; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .ok_or_else(|| ApiError::parameter(name, format!("{name} is required")))
    }

    /// A parameter that is a list with commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// `true` in lower case or in Python's.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)
            .map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A parameter of a type of its own.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name)
            .map(|value| value.parse().map_err(|_| invalid(name, value)))
            .transpose()
    }

    /// A span of time whose ends both have to be there; at most a year.
    pub(super) fn span(&self, from: &str, to: &str) -> Result<(Timestamp, Timestamp), ApiError> {
        let moment = |name| {
            let text = self.need(name)?;
            moment(text).ok_or_else(|| invalid(name, text))
        };
        let (start, end) = (moment(from)?, moment(to)?);
        if start > end {
            return Err(ApiError::parameter(
                from,
                format!("{from} must not be after {to}"),
            ));
        }
        if end.since(start) > YEAR {
            return Err(ApiError::parameter(
                to,
                format!("{from} and {to} must not be more than 1 year apart"),
            ));
        }
        Ok((start, end))
    }
}

fn invalid(name: &str, value: &str) -> ApiError {
    ApiError::parameter(name, format!("{value} is not a valid {name}"))
}

/// `yyyy-MM-dd'T'HH:mm:ss.SSSZ`; clients that leave the milliseconds out are served as well, but the `Z`
/// has to be there.
fn moment(text: &str) -> Option<Timestamp> {
    let shaped = matches!(text.len(), 20 | 24) && text.ends_with('Z');
    Timestamp::parse(text).ok().filter(|_| shaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_both_ends_in_one_spelling_and_are_a_year_at_most() {
        let ask = |from: &str, to: &str| Query::parse(&format!("a={from}&b={to}")).span("a", "b");
        assert!(ask("2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z").is_ok());
        assert!(ask("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").is_ok());
        for (from, to) in [
            ("2026-01-01T00:00:00%2B00:00", "2026-02-01T00:00:00.000Z"),
            ("2026-01-01", "2026-02-01T00:00:00.000Z"),
            ("", "2026-02-01T00:00:00.000Z"),
            ("2026-02-02T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
            ("2025-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
        ] {
            assert!(ask(from, to).is_err(), "{from} {to}");
        }
    }
}
