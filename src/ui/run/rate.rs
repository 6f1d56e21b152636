//! What the link takes: bytes and frames of the last whole second.

use crate::ui::footer::LinkFigures;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes and frames of the last whole second, for the footer.
#[derive(Default)]
pub(super) struct Rate {
    since: Option<Instant>,
    bytes: u64,
    frames: u32,
    shown: LinkFigures,
}

impl Rate {
    pub(super) fn count(&mut self, now: Instant, bytes: usize) {
        self.turn(now);
        if bytes > 0 {
            self.bytes += bytes as u64;
            self.frames += 1;
        }
    }

    pub(super) fn turn(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.duration_since(since);
        if elapsed >= Duration::from_secs(1) {
            let whole = elapsed.as_secs();
            self.shown.bytes_per_second = self.bytes / whole;
            self.shown.frames_per_second = self.frames / u32::try_from(whole).unwrap_or(u32::MAX);
            (self.bytes, self.frames) = (0, 0);
            self.since = Some(since + Duration::from_secs(whole));
        }
    }

    pub(super) fn figures(&mut self, now: Instant, latency_ms: Option<u64>) -> LinkFigures {
        self.turn(now);
        LinkFigures {
            latency_ms,
            ..self.shown
        }
    }
}
