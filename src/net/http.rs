//! Sending requests: each within its host's budget, and again where it may be.
use super::address;
use super::backoff::Backoff;
use super::error::{NetError, Step, is_passing};
pub use super::message::{
    ANSWER_LIMIT, DEADLINE, HISTORY_LIMIT, HeaderText, Request, Response, Retry, hide,
};
use super::rate_limit::{Allowance, Budget, Permit, Report};
use super::transport::Transport;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// How often a read is asked at most.
const ATTEMPTS: u32 = 4;

/// Any uniform number, a new one each time.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What has a budget of its own: a host name and a port.
type Server = (String, Option<u16>);

/// Sends requests within each host's budget and repeats those that may be.
pub struct Http {
    transport: Arc<dyn Transport>,
    allowance: Allowance,
    random: Random,
    budgets: Mutex<BTreeMap<Server, Budget>>,
}

impl Http {
    /// `allowance` is what every host is taken to allow until it says otherwise.
    pub fn new(transport: Arc<dyn Transport>, allowance: Allowance, random: Random) -> Self {
        Self {
            transport,
            allowance,
            random,
            budgets: Mutex::default(),
        }
    }

    /// Sends one request; any status is an answer. A request that may be repeated is, after a passing failure
    /// (connection, 408, 429, 5xx), with growing delays and never past its deadline.
    ///
    /// # Errors
    /// [`NetError::Throttled`] when the budget has no room before the deadline; else what the transport met.
    pub async fn send(&self, request: Request) -> Result<Response, NetError> {
        let deadline = Instant::now() + request.deadline;
        let mut backoff = Backoff::new();
        loop {
            self.wait_for_room(&request, deadline).await?;
            let outcome = self.once(&request, deadline).await;
            let Some(asked_to_wait) = wish_to_repeat(&request, &outcome) else {
                return outcome;
            };
            let delay = backoff
                .next(Duration::ZERO, (self.random)())
                .max(asked_to_wait);
            let too_late = delay >= deadline.saturating_duration_since(Instant::now());
            if backoff.failures() >= ATTEMPTS || too_late {
                return outcome;
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// Requests left of the window of an address's host, where it was asked before, and the window's size.
    pub fn requests_left(&self, url: &Url) -> Option<(u32, u32)> {
        self.with_budgets(|budgets| {
            budgets
                .get(&server(url))
                .map(|budget| (budget.remaining(), budget.limit()))
        })
    }

    async fn wait_for_room(&self, request: &Request, deadline: Instant) -> Result<(), NetError> {
        loop {
            let now = Instant::now();
            match self.budget(request, |budget| budget.ask(now, request.purpose)) {
                Permit::Go => return Ok(()),
                Permit::Wait(wait) if now + wait < deadline => tokio::time::sleep(wait).await,
                Permit::Wait(retry_after) => return Err(NetError::Throttled { retry_after }),
            }
        }
    }

    async fn once(&self, request: &Request, deadline: Instant) -> Result<Response, NetError> {
        let slot = Slot {
            http: self,
            request,
            report: Report::default(),
        };
        let answer = tokio::time::timeout_at(deadline, self.transport.send(request)).await;
        let response = answer.unwrap_or(Err(NetError::Timeout {
            step: Step::Answer,
            limit: request.deadline,
        }))?;
        slot.answered(&response);
        Ok(response.without_secrets_of(request))
    }

    fn budget<T>(&self, request: &Request, act: impl FnOnce(&mut Budget) -> T) -> T {
        self.with_budgets(|budgets| {
            let fresh = || Budget::new(self.allowance, Instant::now());
            act(budgets.entry(server(&request.url)).or_insert_with(fresh))
        })
    }

    fn with_budgets<T>(&self, act: impl FnOnce(&mut BTreeMap<Server, Budget>) -> T) -> T {
        act(&mut self.budgets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn server(url: &Url) -> Server {
    (address::host(url).to_owned(), url.port_or_known_default())
}

/// A request under way; gives its place in the budget back even when it is dropped half-way.
struct Slot<'a> {
    http: &'a Http,
    request: &'a Request,
    report: Report,
}

impl Slot<'_> {
    fn answered(mut self, response: &Response) {
        self.report = response.rate_report();
        if response.status == 429 {
            let wait = response.retry_after().or(self.report.reset_in);
            self.http
                .budget(self.request, |budget| budget.refused(Instant::now(), wait));
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let report = self.report;
        self.http.budget(self.request, |budget| {
            budget.answered(Instant::now(), report)
        });
    }
}

/// Whether to send again, and how long at least the server wants us to wait.
fn wish_to_repeat(request: &Request, outcome: &Result<Response, NetError>) -> Option<Duration> {
    if request.retry == Retry::Never {
        return None;
    }
    match outcome {
        Ok(response) if is_passing(response.status) => {
            Some(response.retry_after().unwrap_or_default())
        }
        Err(error) if error.may_retry() => Some(error.retry_after().unwrap_or_default()),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
