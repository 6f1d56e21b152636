//! Who may pass: credentials, and how many requests a minute.

use super::Host;
use super::answer::ApiError;
use crate::domain::Timestamp;
use crate::sim::world::Customer;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::collections::HashMap;

/// The customer whose key and secret these are, if that key is good at that host.
pub(super) fn recognise(
    customers: &[Customer],
    host: Host,
    key: &str,
    secret: &str,
) -> Result<usize, ApiError> {
    let found = customers.iter().position(|customer| customer.key == key);
    let fits = |customer: &Customer| match host {
        Host::Trading => customer.profile.paper,
        Host::TradingLive => !customer.profile.paper,
        Host::Data => true,
    };
    found
        .filter(|index| customers[*index].secret == secret && fits(&customers[*index]))
        .ok_or_else(|| {
            ApiError::unauthorized(
                "access key verification failed : access key not found (Code = 40110000)",
            )
        })
}

/// Key and secret from the headers of a request.
pub(super) fn credentials(headers: &HeaderMap) -> Option<(&str, &str)> {
    let header = |name| headers.get(name)?.to_str().ok();
    Some((header("apca-api-key-id")?, header("apca-api-secret-key")?))
}

/// The token from the headers of a request.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

/// Requests counted in minutes of the clock.
#[derive(Debug, Default)]
pub(super) struct Limits(HashMap<(usize, bool), Window>);

#[derive(Debug, Default)]
struct Window {
    minute: i64,
    used: u32,
}

/// What a customer has left of its minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    limit: u32,
    remaining: u32,
    /// When it starts anew, in seconds of Unix time.
    reset: i64,
    /// Whether this request was one too many.
    pub(super) exceeded: bool,
}

impl Limits {
    /// Counts a request of a customer at the trading or the data hosts.
    pub(super) fn count(
        &mut self,
        customer: usize,
        is_data: bool,
        limit: u32,
        now: Timestamp,
    ) -> Allowance {
        let minute = now.millis().div_euclid(60_000);
        let window = self.0.entry((customer, is_data)).or_default();
        if window.minute != minute {
            *window = Window { minute, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        Allowance {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset: (minute + 1) * 60,
            exceeded: window.used > limit,
        }
    }
}

impl Allowance {
    /// An allowance of which nothing is left, whatever was used.
    pub(super) fn spent(limit: u32, now: Timestamp) -> Self {
        let minute = now.millis().div_euclid(60_000);
        Self {
            limit,
            remaining: 0,
            reset: (minute + 1) * 60,
            exceeded: true,
        }
    }

    pub(super) fn write(self, headers: &mut HeaderMap) {
        let reset = HeaderValue::from(self.reset);
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_allowance_and_the_next_one_a_new_one() {
        let mut limits = Limits::default();
        let now = Timestamp::parse("2026-11-24T15:00:59Z").unwrap();
        let allowances: Vec<_> = (0..3).map(|_| limits.count(0, false, 2, now)).collect();
        assert_eq!(
            allowances
                .iter()
                .map(|a| (a.remaining, a.exceeded))
                .collect::<Vec<_>>(),
            [(1, false), (0, false), (0, true)]
        );
        assert_eq!(
            allowances[0].reset * 1000,
            1 + now.millis() / 1000 * 1000 + 999
        );
        assert!(
            !limits.count(0, true, 2, now).exceeded,
            "the data host counts apart"
        );
        let later = now.plus(std::time::Duration::from_secs(1));
        assert!(!limits.count(0, false, 2, later).exceeded);
    }
}
