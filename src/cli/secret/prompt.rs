//! Asking the person at the terminal: without echo where it is a secret, and the terminal as it was afterwards.

use super::Line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use secrecy::SecretString;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use zeroize::Zeroizing;

/// Why the person did not answer.
#[derive(Debug)]
pub enum Unanswered {
    /// There is no terminal to ask at.
    NoTerminal,
    /// They gave up: `Ctrl-C`.
    Cancelled,
    /// The terminal failed.
    Io(io::Error),
}

/// Somebody who can be asked.
pub trait Ask {
    /// Asks for one line; `hidden` keeps it off the screen.
    ///
    /// # Errors
    /// [`Unanswered`] when there is no answer.
    fn ask(&mut self, label: &str, hidden: bool) -> Result<SecretString, Unanswered>;

    /// Asks for one line that may come while something else is waited for.
    ///
    /// # Errors
    /// [`Unanswered`] when nobody can be asked so.
    fn begin(&mut self, _label: &str, _hidden: bool) -> Result<Box<dyn Pending>, Unanswered> {
        Err(Unanswered::NoTerminal)
    }
}

/// A line that is being typed. The terminal is as it was when this goes.
pub trait Pending: Send {
    /// The line, when it is there; never waits.
    ///
    /// # Errors
    /// [`Unanswered`] when there will be none.
    fn poll(&mut self) -> Result<Option<SecretString>, Unanswered>;
}

/// The person at the controlling terminal, wherever stdin and stdout go.
pub struct Terminal;

impl Ask for Terminal {
    fn ask(&mut self, label: &str, hidden: bool) -> Result<SecretString, Unanswered> {
        Typed::begin(terminal()?, label, hidden)?.wait()
    }

    fn begin(&mut self, label: &str, hidden: bool) -> Result<Box<dyn Pending>, Unanswered> {
        Ok(Box::new(Typed::begin(terminal()?, label, hidden)?))
    }
}

fn terminal() -> Result<File, Unanswered> {
    let opened = File::options().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| Unanswered::NoTerminal)
}

/// Puts the terminal back as it was.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    /// No echo, no line editing and no signals by the terminal: a signal would end the program with the echo still off.
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO
            | LocalModes::ECHONL
            | LocalModes::ICANON
            | LocalModes::ISIG
            | LocalModes::IEXTEN;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that went away needs nothing put back.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// A line at a terminal.
struct Typed {
    quiet: Quiet,
    line: Line,
    hidden: bool,
}

impl Typed {
    fn begin(terminal: File, label: &str, hidden: bool) -> Result<Self, Unanswered> {
        let mut quiet = Quiet::new(terminal).map_err(Unanswered::Io)?;
        write!(quiet.terminal, "{label}: ").map_err(Unanswered::Io)?;
        Ok(Self {
            quiet,
            line: Line::new(),
            hidden,
        })
    }

    fn wait(mut self) -> Result<SecretString, Unanswered> {
        loop {
            if let Some(line) = self.take()? {
                return Ok(line);
            }
        }
    }

    /// Takes one byte in; the line, when that ended it.
    fn take(&mut self) -> Result<Option<SecretString>, Unanswered> {
        let mut byte = Zeroizing::new([0; 1]);
        let typing = match self.quiet.terminal.read(byte.as_mut_slice()) {
            Ok(0) => Typing::Cancelled,
            Ok(_) => type_byte(&mut self.line, byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err(Unanswered::Io(error)),
        };
        match typing {
            Typing::Goes(echo) if self.hidden => drop(echo),
            Typing::Goes(echo) => self.write(&echo)?,
            Typing::Done => {
                self.write(b"\n")?;
                let line = std::mem::replace(&mut self.line, Line::new());
                let line = line.secret("what was typed");
                let unusable = |sentence: String| Unanswered::Io(io::Error::other(sentence));
                return line.map(Some).map_err(|failure| unusable(failure.sentence));
            }
            Typing::Cancelled => {
                self.write(b"\n")?;
                return Err(Unanswered::Cancelled);
            }
        }
        Ok(None)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unanswered> {
        let written = self.quiet.terminal.write_all(bytes);
        written.map_err(Unanswered::Io)
    }

    fn has_input(&self) -> io::Result<bool> {
        let mut asked = [PollFd::new(&self.quiet.terminal, PollFlags::IN)];
        match poll(&mut asked, Some(&Timespec::default())) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Pending for Typed {
    fn poll(&mut self) -> Result<Option<SecretString>, Unanswered> {
        while self.has_input().map_err(Unanswered::Io)? {
            if let Some(line) = self.take()? {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

/// What a typed byte did.
#[derive(Debug, PartialEq, Eq)]
enum Typing {
    /// It goes on; what a visible answer shows of it.
    Goes(Vec<u8>),
    /// The line is done.
    Done,
    /// The person gave up.
    Cancelled,
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const ESCAPE: u8 = 27;
const DELETE: u8 = 127;

fn type_byte(typed: &mut Line, byte: u8) -> Typing {
    match byte {
        b'\r' | b'\n' => Typing::Done,
        CTRL_C | CTRL_D | ESCAPE => Typing::Cancelled,
        BACKSPACE | DELETE => match typed.pop_character() {
            0 => Typing::Goes(vec![]),
            _ => Typing::Goes(b"\x08 \x08".to_vec()),
        },
        CTRL_U => {
            let mut wiped = Vec::new();
            while typed.pop_character() > 0 {
                wiped.extend_from_slice(b"\x08 \x08");
            }
            Typing::Goes(wiped)
        }
        0..=31 => Typing::Goes(vec![]),
        _ if typed.push(byte) => Typing::Goes(vec![byte]),
        _ => Typing::Goes(vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use secrecy::ExposeSecret;

    /// What a person sees at a terminal, and how its echo is set: while asked, and after.
    struct Sitting {
        answer: Result<String, String>,
        seen: String,
        echo: (bool, bool),
    }

    fn sit(typed: &[u8], hidden: bool) -> Sitting {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, vec![]).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let mut person = File::from(person);
        let look = terminal.try_clone().unwrap();
        let echo = move || {
            tcgetattr(&look)
                .unwrap()
                .local_modes
                .contains(LocalModes::ECHO)
        };
        assert!(echo());
        let (answer, seen, asked) = std::thread::scope(|scope| {
            let asking = scope.spawn(|| Typed::begin(terminal, "Passphrase", hidden)?.wait());
            let mut seen = vec![0; "Passphrase: ".len()];
            person.read_exact(&mut seen).unwrap();
            let asked = echo();
            person.write_all(typed).unwrap();
            let answer = asking.join().unwrap();
            (answer, String::from_utf8(seen).unwrap(), asked)
        });
        let after = echo();
        drop(echo);
        let mut rest = Vec::new();
        let _ = person.read_to_end(&mut rest); // ends in an error when the other side closed
        Sitting {
            answer: answer
                .map(|it| it.expose_secret().to_owned())
                .map_err(|it| format!("{it:?}")),
            seen: seen + &String::from_utf8(rest).unwrap(),
            echo: (asked, after),
        }
    }

    #[test]
    fn a_secret_is_not_shown_and_the_echo_comes_back() {
        let sitting = sit("opem\x7fn säsamé\r".as_bytes(), true);
        assert_eq!(sitting.answer.unwrap(), "open säsamé");
        assert_eq!(sitting.seen, "Passphrase: \r\n");
        assert_eq!(sitting.echo, (false, true));
    }

    #[test]
    fn what_is_no_secret_is_shown_as_typed() {
        let sitting = sit(b"PKX\x7f1\n", false);
        assert_eq!(sitting.answer.unwrap(), "PK1");
        assert_eq!(sitting.seen, "Passphrase: PKX\x08 \x081\r\n");
    }

    #[test]
    fn giving_up_puts_the_terminal_back() {
        for key in [b"abc\x03", b"abc\x1b"] {
            let sitting = sit(key, true);
            assert_eq!(sitting.answer, Err("Cancelled".into()));
            assert_eq!(sitting.echo, (false, true));
        }
    }

    #[test]
    fn a_line_can_be_begun_again_and_never_overflows() {
        let mut typed = Line::new();
        for byte in b"wrong\x15ri\x01ght" {
            assert!(matches!(type_byte(&mut typed, *byte), Typing::Goes(_)));
        }
        assert_eq!(typed.secret("").ok().unwrap().expose_secret(), "right");
        for _ in 0..2 * super::super::LONGEST {
            type_byte(&mut typed, b'x');
        }
        assert_eq!(type_byte(&mut typed, b'x'), Typing::Goes(vec![]));
        assert_eq!(type_byte(&mut typed, b'\r'), Typing::Done);
    }
}
