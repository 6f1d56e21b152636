//! A terminal of a test's own with a program in it.

use super::output::{count, left_behind, take_apart};
use crate::support::pty::{self, Pty};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for something that must happen; a test that needs it has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_tradedeck");

/// What a program is started in.
pub(super) struct Setting {
    command: Command,
    size: (u16, u16),
    answers: bool,
    /// Most bytes read at once.
    piece: usize,
    home: tempfile::TempDir,
}

impl Setting {
    /// A program in a terminal that answers what a terminal answers, with nothing of the tester's environment.
    pub(super) fn of(words: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = pty::command(words);
        command.env_clear();
        command.env("PATH", "/usr/bin:/bin");
        command.env("HOME", home.path());
        command.env("TMPDIR", home.path());
        command.env("TERM", "xterm-256color");
        Self {
            command,
            size: (24, 80),
            answers: true,
            piece: 8_192,
            home,
        }
    }

    /// The demo.
    pub(super) fn demo() -> Self {
        Self::of(&[PROGRAM, "demo"])
    }

    pub(super) fn size(mut self, rows: u16, cols: u16) -> Self {
        self.size = (rows, cols);
        self
    }

    pub(super) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// In a terminal that answers no questions.
    pub(super) fn mute(mut self) -> Self {
        self.answers = false;
        self
    }

    /// In a terminal that reads so few bytes at once.
    pub(super) fn pieces(mut self, bytes: usize) -> Self {
        self.piece = bytes;
        self
    }

    pub(super) fn start(self) -> Seat {
        let (rows, cols) = self.size;
        let pty = Pty::open(rows, cols);
        let before = pty.modes();
        let child = pty.start(self.command);
        let (mut reader, keys) = (pty.handle(), pty.handle());
        // Without room in between: a test that takes no output is a terminal that reads nothing.
        let (sender, output) = sync_channel(0);
        std::thread::spawn(move || {
            let mut bytes = vec![0; self.piece];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Seat {
            screen: vt100::Parser::new(rows, cols, 0),
            pty,
            child,
            keys,
            output,
            before,
            answers: self.answers,
            written: Vec::new(),
            home: self.home,
        }
    }
}

/// A terminal with a program in it.
pub(super) struct Seat {
    pub(super) pty: Pty,
    pub(super) child: Child,
    pub(super) keys: File,
    pub(super) output: Receiver<Vec<u8>>,
    pub(super) screen: vt100::Parser,
    /// The terminal's own modes before the program began.
    before: String,
    answers: bool,
    /// Everything the program wrote.
    pub(super) written: Vec<u8>,
    pub(super) home: tempfile::TempDir,
}

impl Seat {
    /// Takes output in, answers what a terminal answers, until `done`.
    pub(super) fn until(&mut self, what: &str, done: impl Fn(&vt100::Screen, &[u8]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self.screen.screen(), &self.written) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) if Instant::now() < deadline => self.take_output(&bytes),
                Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let contents = self.screen.screen().contents();
                    panic!("never happened: {what}\n{contents}")
                }
            }
        }
    }

    pub(super) fn take_output(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.screen.process(bytes);
        if !self.answers {
            return;
        }
        if count(bytes, "\x1b[?2026$p") > 0 {
            self.press("\x1b[?2026;2$y\x1b[0n\x1b[?62;22c");
        } else if count(bytes, "\x1b[5n") > 0 {
            self.press("\x1b[0n");
        }
    }

    /// Waits until the cockpit is on screen.
    pub(super) fn shown(&mut self) {
        self.until("the cockpit is on screen", |screen, _| {
            let contents = screen.contents();
            contents.contains("Positions") && contents.contains("NVDA")
        });
    }

    /// Waits until so many more frames were drawn.
    pub(super) fn frames_later(&mut self, frames: usize) {
        let before = count(&self.written, "\x1b[?2026l");
        self.until("some frames later", |_, written| {
            count(written, "\x1b[?2026l") >= before + frames
        });
    }

    pub(super) fn press(&mut self, keys: &str) {
        // A program that is gone takes no keys; what it left behind is what the test looks at.
        let _ = self.keys.write_all(keys.as_bytes());
    }

    pub(super) fn resize(&mut self, rows: u16, cols: u16) {
        self.screen.screen_mut().set_size(rows, cols);
        self.pty.resize(rows, cols);
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The program that a shell in this terminal runs.
    pub(super) fn first_child(&self) -> Pid {
        let shell = self.pid().as_raw_pid();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        let first = children.unwrap().split(' ').next().unwrap().parse();
        Pid::from_raw(first.unwrap()).unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Takes output in until the program is gone.
    pub(super) fn end(&mut self) -> ExitStatus {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take_output(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            }
        }
    }

    /// Waits for the end, checks that every mode was undone, and that it ended so.
    #[track_caller]
    pub(super) fn check_restored(&mut self, ending: Ending) {
        let status = self.end();
        assert_eq!(Ending::of(&status), ending, "{status:?}\n{}", self.story());
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still in the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let left = left_behind(&take_apart(&self.written));
        assert!(left.is_empty(), "not undone: {left:?}");
        assert!(self.is_as_before(), "{}", self.modes());
    }

    /// Whether the terminal's own modes, every one of them, are as they were before the program.
    pub(super) fn is_as_before(&self) -> bool {
        self.modes() == self.before
    }

    fn modes(&self) -> String {
        self.pty.modes()
    }

    pub(super) fn story(&self) -> String {
        self.screen.screen().contents()
    }
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Code(i32),
    Killed(Signal),
}

impl Ending {
    pub(super) fn of(status: &ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Killed(Signal::from_named_raw(signal.unwrap()).unwrap()),
        }
    }
}
