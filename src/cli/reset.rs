//! Restoring a terminal that a program left behind in a state of its own.

use super::exit::{Exit, Failure};
use super::print;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr,
};
use std::fs::File;
use std::io::Write;

/// Ends everything a full-screen program switches on, in an order in which none undoes another. Sources:
/// ECMA-48 and xterm's control sequences; kitty's keyboard protocol; synchronised output (mode 2026).
const SANE: &str = concat!(
    "\x1b[?2026l",                                             // synchronised output
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l", // mouse
    "\x1b[?1004l",                                             // focus
    "\x1b[?2004l",                                             // bracketed paste
    "\x1b[<u",                                                 // kitty keyboard
    "\x1b[r",                                                  // scrolling region
    "\x1b[?7h",                                                // line wrap
    "\x1b[?1049l",                                             // alternate screen
    "\x1b[23;2t",                                              // title
    "\x1b[0m",                                                 // colours
    "\x1b[0 q\x1b[?25h",                                       // cursor
    "\x1b(B\x0f",                                              // character set
    "\r",
);

/// Restores the terminal on stdout and its modes.
///
/// # Errors
/// There is no terminal.
pub(super) fn reset(out: &mut dyn Write) -> Result<Exit, Failure> {
    let no_terminal = |_| Failure::new(Exit::Failed, "there is no terminal to restore");
    let terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(no_terminal)?;
    restore(&terminal).map_err(|_| {
        Failure::new(
            Exit::Failed,
            "the terminal cannot be restored; close its window",
        )
    })?;
    print(out, SANE.as_bytes())
}

fn restore(terminal: &File) -> rustix::io::Result<()> {
    let modes = tcgetattr(terminal)?;
    tcsetattr(terminal, OptionalActions::Now, &sane(modes))
}

/// What a shell expects of its terminal: lines, echo, signals, and output with line ends.
fn sane(mut modes: Termios) -> Termios {
    modes.local_modes |= LocalModes::ICANON
        | LocalModes::ECHO
        | LocalModes::ECHOE
        | LocalModes::ECHOK
        | LocalModes::ISIG
        | LocalModes::IEXTEN;
    modes.input_modes |= InputModes::ICRNL | InputModes::IXON;
    modes.input_modes -= InputModes::IGNCR | InputModes::INLCR;
    modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    modes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    #[test]
    fn a_raw_terminal_is_a_shell_s_again() {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, vec![]).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &raw).unwrap();

        restore(&terminal).unwrap();
        let after = tcgetattr(&terminal).unwrap();
        let wanted = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert!(after.local_modes.contains(wanted));
        assert!(
            after
                .output_modes
                .contains(OutputModes::OPOST | OutputModes::ONLCR)
        );
        assert_eq!(
            after.input_modes.contains(InputModes::ICRNL),
            before.input_modes.contains(InputModes::ICRNL)
        );
    }

    #[test]
    fn the_screen_comes_back_before_the_cursor_is_shown() {
        let screen = SANE.find("\x1b[?1049l").unwrap();
        assert!(SANE.find("\x1b[?25h").unwrap() > screen);
        assert!(SANE.find("\x1b[?2026l").unwrap() < screen);
    }
}
