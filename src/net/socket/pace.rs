//! When a stream is read.
use std::time::Duration;
use tokio::time::Instant;

/// Decides when a stream is read: at once while it is calm, every few milliseconds while it is busy.
#[derive(Debug)]
pub(super) struct Pace {
    span: Duration,
    last_batch: Option<Instant>,
    resumed: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Pace {
    /// Calm so far.
    pub(super) fn new(span: Duration) -> Self {
        Self {
            span,
            last_batch: None,
            resumed: None,
            paused_until: None,
        }
    }

    /// Whether the stream may be read now.
    pub(super) fn may_read(&mut self, now: Instant) -> bool {
        match self.paused_until {
            Some(until) if now < until => false,
            Some(_) => {
                self.paused_until = None;
                self.resumed = Some(now);
                true
            }
            None => true,
        }
    }

    /// Until when nothing is read.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Whether to pause now: the batch before is less than a span old, or this one was waiting when we came back.
    pub(super) fn after_batch(&mut self, now: Instant) -> bool {
        let close = self.last_batch.is_some_and(|at| now < at + self.span);
        let waiting = self.resumed.is_some_and(|at| now < at + self.span / 2);
        self.last_batch = Some(now);
        self.resumed = None;
        self.paused_until = (close || waiting).then(|| now + self.span);
        self.paused_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_millis(4);

    /// Plays messages that arrive at these microseconds; returns when each was read.
    fn read_at(arrivals: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let at = |micros| start + Duration::from_micros(micros);
        let mut pace = Pace::new(SPAN);
        let mut read = Vec::new();
        for micros in (0..=arrivals.last().unwrap() + 10_000).step_by(100) {
            let arrived = arrivals.iter().skip(read.len());
            let waiting = arrived.take_while(|arrival| **arrival <= micros).count();
            if pace.may_read(at(micros)) && waiting > 0 {
                read.extend(vec![micros; waiting]);
                pace.after_batch(at(micros));
            }
        }
        read
    }

    #[test]
    fn a_message_that_comes_alone_is_read_at_once() {
        let arrivals = [1_000, 6_000, 20_000, 24_000, 500_000];
        assert_eq!(read_at(&arrivals), arrivals);
    }

    #[test]
    fn a_busy_stream_is_read_every_few_milliseconds() {
        let arrivals: Vec<u64> = (0..10_000).map(|n| n * 100).collect();
        let mut batches = read_at(&arrivals);
        assert_eq!(batches.len(), arrivals.len());
        batches.dedup();
        assert!((240..=255).contains(&batches.len()), "{}", batches.len());
    }

    #[test]
    fn it_is_calm_again_when_nothing_waited() {
        assert_eq!(
            read_at(&[0, 1_000, 2_000, 30_000, 40_000]),
            [0, 1_000, 5_000, 30_000, 40_000]
        );
    }
}
