//! Signals that end the program, put it to sleep, wake it or tell of another size.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
pub(super) enum Told {
    End(i32),
    Sleep,
    Woken,
    Resize,
}

/// Signals that end the program, put it to sleep, wake it or tell of another size.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    sleep: Signal,
    wake: Signal,
    resize: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            sleep: signal(SignalKind::from_raw(SIGTSTP))?,
            wake: signal(SignalKind::from_raw(SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End(SignalKind::terminate().as_raw_value()),
            _ = self.hang_up.recv() => Told::End(SignalKind::hangup().as_raw_value()),
            _ = self.interrupt.recv() => Told::End(SignalKind::interrupt().as_raw_value()),
            _ = self.quit.recv() => Told::End(SignalKind::quit().as_raw_value()),
            _ = self.sleep.recv() => Told::Sleep,
            _ = self.wake.recv() => Told::Woken,
            _ = self.resize.recv() => Told::Resize,
        }
    }
}

/// Numbers of the signals that ask a program to sleep and wake it.
const SIGTSTP: i32 = rustix::process::Signal::TSTP.as_raw();
const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();
