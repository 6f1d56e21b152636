//! The real program in a real terminal: whatever ends it, the terminal is as it was.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The demo in a terminal of its own.
struct Seat {
    pty: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything the program wrote.
    written: Vec<u8>,
    _home: tempfile::TempDir,
}

impl Seat {
    fn take(rows: u16, cols: u16, variables: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tradedeck"));
        command.arg("demo");
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("TMPDIR", home.path());
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 8_192];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(rows, cols, 0);
        Self {
            pty: pair.master,
            child,
            keys,
            output,
            screen,
            written: Vec::new(),
            _home: home,
        }
    }

    /// Takes output in, answers what a terminal answers, until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&vt100::Screen, &[u8]) -> bool) {
        while !done(self.screen.screen(), &self.written) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take_output(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!(
                        "never happened: {what}\n{}",
                        self.screen.screen().contents()
                    )
                }
            }
        }
    }

    fn take_output(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.screen.process(bytes);
        let asked = |question: &[u8]| {
            bytes
                .windows(question.len())
                .any(|window| window == question)
        };
        if asked(b"\x1b[?2026$p") {
            self.keys
                .write_all(b"\x1b[?2026;2$y\x1b[0n\x1b[?62;22c")
                .unwrap();
        } else if asked(b"\x1b[5n") {
            self.keys.write_all(b"\x1b[0n").unwrap();
        }
    }

    fn shown(&mut self) {
        self.until("the cockpit is on screen", |screen, _| {
            let contents = screen.contents();
            contents.contains("Positions") && contents.contains("NVDA")
        });
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for the end and checks that every mode was undone.
    fn check_restored(mut self, exit: u32) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.exit_code(), exit, "{status:?}");
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.take_output(&bytes);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still in the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let modes = |name: &str, on: &str, off: &str| {
            let count = |text: &str| {
                self.written
                    .windows(text.len())
                    .filter(|it| *it == text.as_bytes())
                    .count()
            };
            assert!(
                count(off) >= 1 && count(on) <= count(off) + count(on),
                "{name} was not undone"
            );
        };
        modes("synchronised output", "\x1b[?2026h", "\x1b[?2026l");
        modes("focus reports", "\x1b[?1004h", "\x1b[?1004l");
        let attributes = self.pty.get_termios().expect("the terminal has attributes");
        let text = format!("{attributes:?}");
        assert!(
            text.contains("ECHO") && text.contains("ICANON"),
            "not cooked: {text}"
        );
    }
}

#[test]
fn quitting_restores_the_terminal() {
    let mut seat = Seat::take(40, 140, &[]);
    seat.shown();
    seat.press("q");
    seat.check_restored(0);
}

#[test]
fn signals_restore_the_terminal_and_are_the_exit_code() {
    for (signal, exit) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        let mut seat = Seat::take(24, 80, &[]);
        seat.shown();
        seat.signal(signal);
        seat.check_restored(exit);
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    let mut seat = Seat::take(24, 80, &[]);
    seat.shown();
    let Seat {
        pty,
        mut child,
        keys,
        output,
        ..
    } = seat;
    drop((pty, keys, output));
    let status = child.wait().unwrap();
    assert_eq!(status.exit_code(), 129, "{status:?}");
}

#[test]
fn a_screen_that_shrinks_to_almost_nothing_and_grows_again_is_whole() {
    let mut seat = Seat::take(40, 140, &[]);
    seat.shown();
    for (rows, cols, wanted) in [
        (5, 20, "needs 60 x 16"),
        (24, 80, "NVDA"),
        (50, 200, "Health"),
    ] {
        seat.screen.screen_mut().set_size(rows, cols);
        seat.pty
            .resize(PtySize {
                rows,
                cols,
                ..PtySize::default()
            })
            .unwrap();
        seat.until(wanted, |screen, _| screen.contents().contains(wanted));
    }
    seat.press("q");
    seat.check_restored(0);
}

#[test]
fn without_colours_everything_is_still_said() {
    for variables in [&[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
        let mut seat = Seat::take(40, 140, variables);
        seat.shown();
        seat.until("changes have arrows", |screen, _| {
            screen.contents().contains(['▲', '▼'])
        });
        let starts = |start: &[u8]| {
            seat.written
                .windows(start.len())
                .any(|window| window == start)
        };
        assert!(
            !starts(b"\x1b[38;2;") && !starts(b"\x1b[38;5;"),
            "colours in spite of {variables:?}"
        );
        assert!(seat.screen.screen().contents().contains("PAPER"));
        seat.press("q");
        seat.check_restored(0);
    }
}
