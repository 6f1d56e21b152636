//! What the terminal sends: a thread reads bytes, [`Decoder`] makes events of them, [`Burst`] tells pastes from keys.
//!
//! The thread waits in `poll` and notices at once when the terminal goes away, with or without a signal.

use super::burst::Burst;
use super::decode::Decoder;
use crate::ui::key::Key;
use ratatui::layout::Position;
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Events that may wait for the screen.
const MOST_WAITING: usize = 1_024;

/// Something that happened at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalEvent {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A mouse button was pressed.
    Click(Position),
    /// The wheel was turned, down or up.
    Wheel(Position, bool),
    /// It was looked at again after a while; what is on it may be anything.
    Focused,
    /// The frame under way was taken.
    FrameTaken,
    /// Whether it has synchronised output.
    Synchronised(bool),
    /// It answered a status request.
    StatusAnswered,
    /// It answered what it is; it answers nothing that was asked before this any more.
    AttributesAnswered,
    /// It is gone.
    HungUp,
}

/// The reading thread, for as long as this is kept: two that read at once would take each other's keys.
pub(super) struct Listening {
    /// Closing it wakes the thread and ends it.
    _stop: PipeWriter,
}

/// Starts the reading thread.
pub(super) fn listen() -> io::Result<(mpsc::Receiver<TerminalEvent>, Listening)> {
    let input = open_input()?;
    let (stopped, stop) = io::pipe()?;
    let (events, receiver) = mpsc::channel(MOST_WAITING);
    std::thread::Builder::new()
        .name("terminal-reader".into())
        .spawn(move || {
            read_on(&input, &stopped, &events);
            // Nobody to tell means that the screen is gone already.
            let _ = events.blocking_send(TerminalEvent::HungUp);
        })?;
    Ok((receiver, Listening { _stop: stop }))
}

/// Where keys come from: standard input, or the terminal itself where standard input is a file or a pipe.
fn open_input() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned();
    }
    Ok(File::open("/dev/tty")?.into())
}

/// Reads until the terminal or the screen is gone.
fn read_on(input: &OwnedFd, stopped: &PipeReader, events: &mpsc::Sender<TerminalEvent>) {
    let mut decoder = Decoder::default();
    let mut burst = Burst::default();
    while let Some(ready) = next_events((input, stopped), &mut decoder, &mut burst) {
        for event in ready {
            if events.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

/// Waits for bytes or for a silence that means something; `None` when the terminal or the screen is gone.
fn next_events(
    (input, stopped): (&OwnedFd, &PipeReader),
    decoder: &mut Decoder,
    burst: &mut Burst,
) -> Option<Vec<TerminalEvent>> {
    let limit = burst.wait().or(decoder.wait());
    let mut polled = [
        PollFd::new(input, PollFlags::IN),
        PollFd::new(stopped, PollFlags::IN),
    ];
    match poll(&mut polled, limit.as_ref()) {
        Ok(0) if burst.wait().is_some() => return Some(burst.quiet()),
        Ok(0) => decoder.end_of_input(),
        Ok(_) => {
            let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
            if polled[0].revents().intersects(gone) || !polled[1].revents().is_empty() {
                return None;
            }
            let mut bytes = Zeroizing::new([0; 4_096]); // it may be a passphrase
            match rustix::io::read(input, &mut *bytes) {
                Ok(0) => return None,
                Ok(count) => decoder.feed(&bytes[..count]),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return None,
            }
        }
        Err(rustix::io::Errno::INTR) => {}
        Err(_) => return None,
    }
    Some(burst.take(decoder.take()))
}
