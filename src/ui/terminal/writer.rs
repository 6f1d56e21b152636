//! Writes from a thread of its own: a line that takes no bytes blocks that thread and nothing else.

use super::session;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Pieces that may wait: a frame and a few short sequences; more are dropped, the next frame makes up for them.
const MOST_WAITING: usize = 16;

/// How long a goodbye waits for a slow line.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// The writing thread's inbox.
pub(super) struct Writer {
    pieces: SyncSender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    count: AtomicUsize,
    lock: Mutex<()>,
    emptied: Condvar,
}

impl Writer {
    pub(super) fn start() -> io::Result<Self> {
        let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (pieces, inbox) = mpsc::sync_channel::<Vec<u8>>(MOST_WAITING);
        let waiting = Arc::new(Waiting::default());
        let shared = waiting.clone();
        std::thread::Builder::new()
            .name("terminal-writer".into())
            .spawn(move || {
                for piece in inbox {
                    // A terminal that is not ours any more gets nothing, or its owner would see our frames. One that
                    // is gone is noticed by the reader.
                    if session::is_entered() {
                        let _ = out.write_all(&piece);
                    }
                    shared.count.fetch_sub(1, Ordering::SeqCst);
                    drop(shared.lock.lock().unwrap_or_else(PoisonError::into_inner));
                    shared.emptied.notify_all();
                }
            })?;
        Ok(Self { pieces, waiting })
    }

    /// Hands a piece over, to be written at once and whole.
    pub(super) fn send(&self, piece: Vec<u8>) {
        self.waiting.count.fetch_add(1, Ordering::SeqCst);
        if self.pieces.try_send(piece).is_err() {
            self.waiting.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Whether something still waits for the line.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting.count.load(Ordering::SeqCst) > 0
    }

    /// Waits a moment until everything is written.
    pub(super) fn drain(&self) {
        let guard = self
            .waiting
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The answer does not matter: what a dead line did not take is lost with it.
        let _ = self
            .waiting
            .emptied
            .wait_timeout_while(guard, DRAIN_LIMIT, |()| self.is_busy());
    }
}
