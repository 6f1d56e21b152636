//! A terminal of a test's own. The program in it has it for its controlling terminal, by setsid(1): what that takes
//! between fork and exec cannot be written without `unsafe`.

use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::process::{Child, Command, Stdio};

/// The far side of a terminal: what a window, or an ssh server, holds.
pub(crate) struct Pty {
    master: OwnedFd,
}

/// A command that will have the terminal it is started in for its own.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--"]).args(words);
    command
}

impl Pty {
    /// A terminal of this size with nothing in it yet.
    pub(crate) fn open(rows: u16, cols: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let pty = Self { master };
        pty.resize(rows, cols);
        pty
    }

    /// Starts a program in it that was made by [`command`].
    pub(crate) fn start(&self, mut command: Command) -> Child {
        let name = ptsname(&self.master, Vec::new()).unwrap();
        let name = name.into_string().unwrap();
        // What has no controlling terminal would get this one by opening it: the tester's own stays what it is.
        let slave = rustix::fs::open(
            name,
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        );
        let slave = File::from(slave.unwrap());
        command
            .stdin(Stdio::from(slave.try_clone().unwrap()))
            .stdout(Stdio::from(slave.try_clone().unwrap()))
            .stderr(Stdio::from(slave));
        command.spawn().unwrap()
    }

    /// A handle to read its output, or to press keys.
    pub(crate) fn handle(&self) -> File {
        File::from(self.master.try_clone().unwrap())
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.master, size).unwrap();
    }

    /// Every mode of the terminal, as text.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", tcgetattr(&self.master).unwrap())
    }
}
