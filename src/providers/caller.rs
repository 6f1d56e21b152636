//! Calls and what they cost: every provider's requests leave here, and its meter counts them.

use super::provider::Meter;
use crate::domain::Clock;
use crate::net::error::NetError;
use crate::net::http::{Http, Request, Response};
use crate::net::rate_limit::Allowance;
use crate::net::transport::Transport;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// Sends requests and counts them.
pub struct Caller {
    http: Http,
    main: Url,
    clock: Arc<dyn Clock>,
    meter: Mutex<Meter>,
}

impl Caller {
    /// `main` is the host whose clock and budget the meter shows.
    pub fn new(
        transport: Arc<dyn Transport>,
        allowance: Allowance,
        main: Url,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ticks = clock.clone();
        let random = Arc::new(move || scatter(ticks.now().nanos()));
        Self {
            http: Http::new(transport, allowance, random),
            main,
            clock,
            meter: Mutex::default(),
        }
    }

    /// Sends a request that is signed already; any status is an answer.
    ///
    /// # Errors
    /// See [`Http::send`].
    pub async fn send(&self, request: Request) -> Result<Response, NetError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let outcome = self.http.send(request).await;
        self.count(&host, &outcome);
        outcome
    }

    /// What calls cost so far.
    pub fn meter(&self) -> Meter {
        Meter {
            requests_left: self.http.requests_left(&self.main),
            ..self.lock().clone()
        }
    }

    /// Counts rows of a listing that could not be read.
    pub fn count_unreadable(&self, rows: usize, at: &str) {
        if rows > 0 {
            tracing::warn!(
                rows,
                at,
                "rows of an answer could not be read and were left out"
            );
            let mut meter = self.lock();
            meter.unreadable += rows as u64;
            meter.unreadable_at = Some(at.into());
        }
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn count(&self, host: &str, outcome: &Result<Response, NetError>) {
        let now = self.clock.now().millis();
        let mut meter = self.lock();
        meter.calls += 1;
        match outcome {
            Ok(response) => {
                meter.errors += u64::from(!response.is_success());
                meter.latency = Some(response.elapsed);
                if let (Some(date), true) = (response.date(), self.main.host_str() == Some(host)) {
                    meter.clock_skew_ms = Some(skew(date.as_millisecond(), now));
                }
            }
            Err(_) => meter.errors += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Meter> {
        // Counters are whole at every step, so a panic elsewhere does no harm.
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Their clock minus ours. `Date` is cut to the second, so less than one is no difference.
fn skew(theirs: i64, ours: i64) -> i64 {
    let difference = theirs - ours;
    if (-1_000..=0).contains(&difference) {
        0
    } else {
        difference
    }
}

/// A number that looks like chance, from the nanoseconds of a moment: enough to spread repetitions.
fn scatter(nanos: i128) -> u64 {
    let bytes = nanos.to_le_bytes();
    let mut value = u64::from_le_bytes(bytes[..8].try_into().expect("eight of sixteen bytes"));
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
