//! The terminal's modes: set on entering, undone on every way out, panics included.

use rustix::termios::{QueueSelector, tcflush};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, mpsc};
use std::time::Duration;

/// Whether the terminal is ours now; what undoes it runs once.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// The window's title put aside, alternate screen, cursor off, bracketed paste, focus reports.
const ENTER: &str = "\x1b[22;2t\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?2004h\x1b[?1004h";

/// Button and wheel reports in the unlimited form.
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";

/// Everything undone, in the order that leaves nothing behind: synchronised output first, the screens last. The screen
/// is cleared before it is left: where there is no alternate one, amounts would stay to be read.
const LEAVE: &str = concat!(
    "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l",
    "\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l\x1b[23;2t"
);

/// The window's title as it was put aside.
const TITLE_BACK: &str = "\x1b[23;2t";

/// Asks for mode 2026, a status answer, and the attributes that every terminal answers last.
pub(super) const PROBE: &[u8] = b"\x1b[?2026$p\x1b[5n\x1b[c";

/// The same for a terminal that would show the first question.
pub(super) const PLAIN_PROBE: &[u8] = b"\x1b[5n\x1b[c";

/// How often a line that takes no bytes is asked to forget what it holds, and how long it is given each time:
/// a second in all, for a goodbye must not hang on a terminal that is stuck.
const FLUSHES: u32 = 20;
const FLUSH_AFTER: Duration = Duration::from_millis(50);

/// Whether the terminal is ours now.
pub(super) fn is_entered() -> bool {
    ENTERED.load(Ordering::SeqCst)
}

pub(super) fn enter(mouse: bool) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        let problem = "standard output is not a terminal";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    crossterm::terminal::enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut sequences = ENTER.to_owned();
    if mouse {
        sequences.push_str(MOUSE);
    }
    let written = write(&sequences);
    if written.is_err() {
        leave();
    }
    written
}

/// Gives the terminal back as it was; does nothing when it is not ours. Says whether it was.
pub(super) fn leave() -> bool {
    let was_entered = ENTERED.swap(false, Ordering::SeqCst);
    if was_entered {
        write_or_give_up(LEAVE);
        // A terminal that is gone cannot be restored, and needs not be.
        let _ = crossterm::terminal::disable_raw_mode();
    }
    was_entered
}

/// Takes the terminal again after somebody else had it: a program that was stopped from outside found no time to
/// give it back, and the shell has set modes of its own.
pub(super) fn take_again(mouse: bool) -> io::Result<()> {
    if ENTERED.swap(false, Ordering::SeqCst) {
        crossterm::terminal::disable_raw_mode()?;
        write(TITLE_BACK)?; // put aside anew on entering, once for each time it is taken back
    }
    enter(mouse)
}

/// Whether a shell notices when we stop: it gives each job a group of its own, apart from the session's first.
/// Without one, nobody would wake us again.
pub(super) fn has_job_control() -> bool {
    let group = rustix::process::getpgrp();
    rustix::process::getsid(None).is_ok_and(|session| session != group)
}

/// Writes from a thread of its own, so that a terminal which takes no bytes cannot keep the program from ending.
/// What still waits for such a terminal is thrown away to make room.
fn write_or_give_up(sequences: &'static str) {
    let (done, written) = mpsc::channel();
    let writing = std::thread::Builder::new().spawn(move || {
        // Whether it was written does not matter to anybody any more.
        let _ = write(sequences);
        let _ = done.send(());
    });
    if writing.is_err() {
        let _ = write(sequences);
        return;
    }
    for _ in 0..FLUSHES {
        if written.recv_timeout(FLUSH_AFTER) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
        let _ = tcflush(io::stdout(), QueueSelector::OFlush);
    }
}

fn write(sequences: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(sequences.as_bytes())?;
    out.flush()
}

/// Restores the terminal before a panic is reported, and reports where it was, never what was in its message: that
/// might hold a secret. Threads named in `caught` have their panics handled elsewhere.
///
/// A panic under the screen ends the program: tasks catch their panics, and a program that goes on without one of its
/// tasks and without its terminal would be neither seen nor ended.
pub fn install_panic_hook(caught: &'static [&'static str]) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            if thread.name().is_some_and(|name| caught.contains(&name)) {
                return;
            }
            let was_entered = leave();
            let place = panic
                .location()
                .map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
            let sentence =
                format!("tradedeck stopped by a defect of its own at {place}; please report it\n");
            let _ = io::stderr().lock().write_all(sentence.as_bytes());
            if was_entered {
                std::process::abort();
            }
        }));
    });
}
