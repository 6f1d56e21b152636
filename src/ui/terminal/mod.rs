//! The terminal: entered, drawn on with one write a frame, listened to, and always given back as it was.
//!
//! [`session`] owns the modes, [`input`] and [`decode`] turn bytes into events, [`burst`] tells pastes from keys,
//! [`encode`] turns a difference of screens into the fewest bytes, [`writer`] sends them from a thread of its own so
//! that a slow line never blocks a key.
//! Nothing here knows what is drawn.

mod burst;
mod decode;
mod encode;
mod input;
mod keys;
mod pen;
mod session;
mod writer;

pub use decode::Decoder;
pub use encode::Encoder;
pub use input::TerminalEvent;
pub use session::install_panic_hook;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use writer::Writer;

/// A terminal that does not answer is not waited for longer than this, then twice as long, and so on: an answer may be
/// lost, but frames for a line that stands still would all be seen before the newest.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const LONGEST_ANSWER_LIMIT: Duration = Duration::from_secs(80);

/// How soon a line that was still taking bytes is looked at again.
const WRITER_LOOK: Duration = Duration::from_millis(5);

/// A frame of so many bytes after a pause of this length is not waited for.
const SMALL_FRAME: usize = 256;
const QUIET: Duration = Duration::from_millis(500);

/// How the terminal is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether the mouse is reported.
    pub mouse: bool,
    /// Most kilobytes a second; zero for no limit.
    pub max_kbps: u32,
    /// Whether it knows keys and colours only: what is in [`PLAIN`] would show titles and questions as text.
    pub plain: bool,
}

/// Values of `TERM` of such terminals. The Linux console prints the end of sequences it does not know.
pub const PLAIN: [&str; 2] = ["linux", "dumb"];

/// What the terminal said it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Abilities {
    /// Synchronised output, mode 2026.
    synchronised: bool,
    /// Status requests, which pace frames to what the line takes.
    answers_status: bool,
}

/// The terminal of this process.
pub struct Terminal {
    options: Options,
    events: mpsc::Receiver<TerminalEvent>,
    _listening: input::Listening,
    writer: Writer,
    encoder: Encoder,
    shown: Buffer,
    abilities: Abilities,
    /// Whether the next waking is one that [`Terminal::suspend`] knows of.
    slept: bool,
    /// When the frame under way was sent, until the terminal says that it was taken.
    in_flight: Option<Instant>,
    /// How long that is waited for.
    answer_limit: Duration,
    last_frame: Option<Instant>,
    budget: Budget,
}

/// Bytes that may still be sent, when a limit is set.
struct Budget {
    per_second: u64,
    debt: u64,
    paid: Instant,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When there is no terminal, or it cannot be set up; it is as it was then.
    pub fn enter(options: Options) -> io::Result<Self> {
        session::enter(options.mouse)?;
        let opened = (input::listen(), Writer::start());
        let ((events, listening), writer) = match opened {
            (Ok(events), Ok(writer)) => (events, writer),
            (Err(error), _) | (_, Err(error)) => {
                session::leave();
                return Err(error);
            }
        };
        let terminal = Self {
            options,
            events,
            _listening: listening,
            writer,
            encoder: Encoder::default(),
            shown: Buffer::empty(Rect::default()),
            abilities: Abilities::default(),
            slept: false,
            in_flight: None,
            answer_limit: ANSWER_LIMIT,
            last_frame: None,
            budget: Budget {
                per_second: u64::from(options.max_kbps) * 1_024,
                debt: 0,
                paid: Instant::now(),
            },
        };
        let probe = if options.plain {
            session::PLAIN_PROBE
        } else {
            session::PROBE
        };
        terminal.writer.send(probe.to_vec());
        Ok(terminal)
    }

    /// The size of the screen: columns and rows.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size() -> io::Result<(u16, u16)> {
        crossterm::terminal::size()
    }

    /// The next thing that happened; answers of the terminal are kept for itself.
    pub async fn next(&mut self) -> TerminalEvent {
        loop {
            let event = self.events.recv().await.unwrap_or(TerminalEvent::HungUp);
            match event {
                TerminalEvent::Synchronised(can) => self.abilities.synchronised = can,
                TerminalEvent::StatusAnswered => {
                    self.abilities.answers_status = true;
                    self.answer_limit = ANSWER_LIMIT;
                    if self.in_flight.take().is_some() {
                        return TerminalEvent::FrameTaken;
                    }
                }
                TerminalEvent::AttributesAnswered => {} // asked so that silence about the rest has an end
                other @ (TerminalEvent::Key(_)
                | TerminalEvent::Paste(_)
                | TerminalEvent::Click(_)
                | TerminalEvent::Wheel(..)
                | TerminalEvent::Focused
                | TerminalEvent::FrameTaken
                | TerminalEvent::HungUp) => return other,
            }
        }
    }

    /// When it is worth trying again to send a frame that could not be sent.
    pub fn ready_at(&self, now: Instant) -> Instant {
        if self.writer.is_busy() {
            return now + WRITER_LOOK;
        }
        let answered = self.in_flight.map(|sent| sent + self.answer_limit);
        answered.unwrap_or(now).max(self.budget.ready_at())
    }

    /// Whether a frame can be sent at once; a key's frame need not wait for the byte budget.
    pub fn is_ready(&self, now: Instant, urgent: bool) -> bool {
        let answered = |sent| now >= sent + self.answer_limit;
        let taken = self.in_flight.is_none_or(answered);
        !self.writer.is_busy() && taken && (urgent || now >= self.budget.ready_at())
    }

    /// Shows `next`, in one write; nothing is written when nothing changed. Returns the bytes sent.
    pub fn show(&mut self, now: Instant, next: &Buffer, cursor: Option<Position>) -> usize {
        let mut bytes = Vec::with_capacity(4_096);
        if self.shown.area != next.area {
            self.shown = Buffer::empty(next.area);
            self.encoder.start_over(&mut bytes);
        }
        self.encoder.encode(&self.shown, next, cursor, &mut bytes);
        if bytes.is_empty() {
            return 0;
        }
        self.shown.clone_from(next);
        let asks = self.abilities.answers_status && !self.is_small_after_quiet(now, bytes.len());
        let frame = self.wrap(bytes, asks);
        let length = frame.len();
        self.budget.spend(now, length);
        self.last_frame = Some(now);
        if asks && self.in_flight.replace(now).is_some() {
            self.answer_limit = LONGEST_ANSWER_LIMIT.min(self.answer_limit * 2);
        }
        self.writer.send(frame);
        length
    }

    /// A few bytes after a pause cannot pile up: asking whether they arrived would only wake everybody again.
    fn is_small_after_quiet(&self, now: Instant, bytes: usize) -> bool {
        let quiet = self
            .last_frame
            .is_none_or(|last| now.duration_since(last) >= QUIET);
        quiet && bytes <= SMALL_FRAME
    }

    fn wrap(&self, bytes: Vec<u8>, asks: bool) -> Vec<u8> {
        let mut frame = Vec::with_capacity(bytes.len() + 24);
        if self.abilities.synchronised {
            frame.extend_from_slice(b"\x1b[?2026h");
        }
        frame.extend_from_slice(&bytes);
        if self.abilities.synchronised {
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        if asks {
            frame.extend_from_slice(b"\x1b[5n");
        }
        frame
    }

    /// Draws every cell anew with the next frame.
    pub fn forget_what_is_shown(&mut self) {
        self.shown = Buffer::empty(Rect::default());
        self.in_flight = None;
    }

    /// Puts a text on the clipboard by OSC 52, which works over SSH and in tmux.
    pub fn copy(&mut self, text: &str) {
        use base64::Engine;
        if self.options.plain {
            return;
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        self.writer
            .send(format!("\x1b]52;c;{encoded}\x07").into_bytes());
    }

    /// Names the window; its own name comes back when the terminal is given back.
    pub fn set_title(&mut self, title: &str) {
        if self.options.plain {
            return;
        }
        let title = crate::domain::text::clean(title, 80);
        self.writer.send(format!("\x1b]2;{title}\x07").into_bytes());
    }

    /// Gives the terminal back, sleeps until the person wakes the program, and takes it again. Without a shell to
    /// come back to, it does not sleep.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        if !session::has_job_control() {
            return Ok(());
        }
        self.writer.drain();
        session::leave();
        // The whole group, as the terminal's own Ctrl-Z would: a wrapper around us has to stop too.
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        session::enter(self.options.mouse)?;
        self.slept = true;
        self.forget_what_is_shown();
        Ok(())
    }

    /// Takes the terminal again when the program was stopped and woken from outside; the waking from a sleep of our
    /// own is told as well, and needs nothing more.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn woken(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.slept) {
            session::take_again(self.options.mouse)?;
            self.forget_what_is_shown();
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.writer.drain();
        session::leave();
    }
}

impl Budget {
    fn ready_at(&self) -> Instant {
        if self.per_second == 0 {
            return self.paid;
        }
        self.paid + Duration::from_millis(self.debt.saturating_mul(1_000) / self.per_second)
    }

    fn spend(&mut self, now: Instant, bytes: usize) {
        if self.per_second == 0 {
            return;
        }
        let elapsed = u64::try_from(now.duration_since(self.paid).as_millis()).unwrap_or(u64::MAX);
        let paid = elapsed.saturating_mul(self.per_second) / 1_000;
        self.debt = self.debt.saturating_sub(paid) + bytes as u64;
        self.paid = now;
    }
}
