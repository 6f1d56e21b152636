//! How many requests a host still takes from us, and who may use the last ones.
use std::time::Duration;
use tokio::time::Instant;

/// What a request is for. The later in the list, the deeper it may dip into the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Looking something up. Paced, and leaves the whole reserve alone.
    Read,
    /// Placing or changing an order. Leaves the cancels' half of the reserve alone.
    Order,
    /// Cancelling. May use everything.
    Cancel,
}

/// What a host allows before it has said so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a window.
    pub limit: u32,
    /// How long a window is.
    pub window: Duration,
}

impl Allowance {
    /// `limit` requests a minute.
    pub const fn per_minute(limit: u32) -> Self {
        Self {
            limit,
            window: Duration::from_secs(60),
        }
    }
}

/// What a host said about our budget in an answer's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Requests in a window.
    pub limit: Option<u32>,
    /// Requests left in this window.
    pub remaining: Option<u32>,
    /// How long until the next window.
    pub reset_in: Option<Duration>,
}

/// Whether a request may go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It may go, and is counted.
    Go,
    /// Ask again after this long; nothing was counted.
    Wait(Duration),
}

/// The budget of one host: a fixed window as brokers count it, corrected by what the host reports, and our own pacing
/// of reads inside it, so that a burst of them never leaves a minute without an answer.
#[derive(Debug, Clone)]
pub struct Budget {
    allowance: Allowance,
    remaining: u32,
    in_flight: u32,
    resets_at: Instant,
    barred_until: Option<Instant>,
    next_read: Instant,
}

impl Budget {
    /// A full budget.
    pub fn new(allowance: Allowance, now: Instant) -> Self {
        let limit = allowance.limit.max(1);
        Self {
            allowance: Allowance { limit, ..allowance },
            remaining: limit,
            in_flight: 0,
            resets_at: now + allowance.window,
            barred_until: None,
            next_read: now,
        }
    }

    /// Asks to send one request; every [`Permit::Go`] is followed by one [`Budget::answered`].
    pub fn ask(&mut self, now: Instant, purpose: Purpose) -> Permit {
        self.roll(now);
        if let Some(until) = self.barred_until {
            return Permit::Wait(until - now);
        }
        if purpose != Purpose::Cancel && self.remaining <= self.reserve_before(purpose) {
            return Permit::Wait(self.resets_at - now);
        }
        if purpose == Purpose::Read {
            let earliest = self
                .next_read
                .checked_sub(self.burst())
                .unwrap_or(self.next_read);
            if earliest > now {
                return Permit::Wait(earliest - now);
            }
            self.next_read = self.next_read.max(now) + self.interval();
        }
        // A cancel goes out even when our count says that nothing is left: the count is an estimate (other programs
        // share it), the worst answer is "too many requests", and not asking is worse.
        self.remaining = self.remaining.saturating_sub(1);
        self.in_flight += 1;
        Permit::Go
    }

    /// A request that was let go is over; `report` is what its answer said, if there was one.
    pub fn answered(&mut self, now: Instant, report: Report) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.roll(now);
        if let Some(limit) = report.limit {
            self.allowance.limit = limit.max(1);
            self.remaining = self.remaining.min(self.allowance.limit);
        }
        if let Some(reset_in) = report.reset_in {
            self.resets_at = now + reset_in.min(self.allowance.window * 2);
        }
        if let Some(remaining) = report.remaining {
            // What is still on its way was not counted by the host when it wrote this.
            self.remaining = remaining.saturating_sub(self.in_flight);
        }
    }

    /// The host refused a request as one too many.
    pub fn refused(&mut self, now: Instant, retry_after: Option<Duration>) {
        let wait = retry_after.unwrap_or_else(|| self.resets_at.saturating_duration_since(now));
        let until = now + wait.max(Duration::from_secs(1));
        self.remaining = 0;
        self.barred_until = Some(self.barred_until.map_or(until, |other| other.max(until)));
    }

    /// Requests left in this window, by our count.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Requests in a window.
    pub fn limit(&self) -> u32 {
        self.allowance.limit
    }

    /// Starts a new window where the old one is over.
    fn roll(&mut self, now: Instant) {
        if self.barred_until.is_some_and(|until| until <= now) {
            // The host named the moment from which it takes requests again: a window of its own.
            self.barred_until = None;
            self.resets_at = now;
        }
        if self.resets_at <= now {
            self.remaining = self.allowance.limit.saturating_sub(self.in_flight);
            self.resets_at = now + self.allowance.window;
        }
    }

    /// A tenth of the window, at least two requests: half for orders, half for cancels.
    fn reserve_before(&self, purpose: Purpose) -> u32 {
        let reserve = (self.allowance.limit / 10).max(2);
        match purpose {
            Purpose::Read => reserve,
            Purpose::Order => reserve / 2,
            Purpose::Cancel => 0,
        }
    }

    fn interval(&self) -> Duration {
        self.allowance.window / self.allowance.limit
    }

    /// How far reads may run ahead of an even pace: a quarter of the window's requests.
    fn burst(&self) -> Duration {
        self.interval() * (self.allowance.limit / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn start() -> (Instant, Budget) {
        let now = Instant::now();
        (now, Budget::new(Allowance::per_minute(200), now))
    }

    fn drain(budget: &mut Budget, now: Instant, purpose: Purpose) -> u32 {
        let mut sent = 0;
        while sent < 1_000 && budget.ask(now, purpose) == Permit::Go {
            budget.answered(now, Report::default());
            sent += 1;
        }
        sent
    }

    #[test]
    fn each_purpose_leaves_what_belongs_to_the_next() {
        let (now, mut budget) = start();
        let left = |remaining| Report {
            remaining: Some(remaining),
            ..Report::default()
        };
        budget.answered(now, left(20));
        assert_eq!(budget.ask(now, Purpose::Read), Permit::Wait(second(60)));
        assert_eq!(drain(&mut budget, now, Purpose::Order), 10);
        assert_eq!(budget.ask(now, Purpose::Order), Permit::Wait(second(60)));
        assert_eq!(budget.remaining(), 10);
        assert_eq!(budget.ask(now, Purpose::Cancel), Permit::Go);
        budget.answered(now, left(0));
        assert_eq!(budget.ask(now, Purpose::Cancel), Permit::Go);
    }

    #[test]
    fn reads_are_paced_after_a_burst() {
        let (now, mut budget) = start();
        assert_eq!(drain(&mut budget, now, Purpose::Read), 51);
        let interval = Duration::from_millis(300);
        assert_eq!(budget.ask(now, Purpose::Read), Permit::Wait(interval));
        assert_eq!(drain(&mut budget, now + interval, Purpose::Read), 1);
        assert_eq!(budget.ask(now, Purpose::Order), Permit::Go);
    }

    #[test]
    fn a_new_window_is_full_again() {
        let (now, mut budget) = start();
        budget.answered(
            now,
            Report {
                remaining: Some(3),
                reset_in: Some(second(7)),
                limit: None,
            },
        );
        assert_eq!(budget.ask(now, Purpose::Read), Permit::Wait(second(7)));
        assert_eq!(budget.ask(now + second(7), Purpose::Read), Permit::Go);
        assert_eq!(budget.remaining(), 199);
    }

    #[test]
    fn the_host_knows_better_and_what_is_on_its_way_counts() {
        let (now, mut budget) = start();
        for _ in 0..3 {
            assert_eq!(budget.ask(now, Purpose::Order), Permit::Go);
        }
        budget.answered(
            now,
            Report {
                limit: Some(1_000),
                remaining: Some(900),
                reset_in: None,
            },
        );
        assert_eq!(budget.remaining(), 898);
    }

    #[test]
    fn after_too_many_even_a_cancel_waits_as_told() {
        let (now, mut budget) = start();
        budget.refused(now, Some(second(5)));
        assert_eq!(budget.ask(now, Purpose::Cancel), Permit::Wait(second(5)));
        let later = now + second(5);
        assert_eq!(budget.ask(later, Purpose::Read), Permit::Go);
        assert_eq!(budget.remaining(), 199);
    }

    #[test]
    fn a_refusal_without_a_time_waits_for_the_window() {
        let (now, mut budget) = start();
        budget.refused(now + second(20), None);
        let then = now + second(20);
        assert_eq!(budget.ask(then, Purpose::Order), Permit::Wait(second(40)));
    }

    #[test]
    fn an_absurd_report_cannot_stop_us_for_long() {
        let (now, mut budget) = start();
        budget.answered(
            now,
            Report {
                limit: Some(0),
                remaining: Some(0),
                reset_in: Some(Duration::from_secs(u64::MAX)),
            },
        );
        assert_eq!(budget.ask(now, Purpose::Read), Permit::Wait(second(120)));
        assert_eq!(budget.ask(now, Purpose::Cancel), Permit::Go);
    }
}
