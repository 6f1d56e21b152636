//! Asking the person at the terminal: without echo where it is a secret, and the terminal as it was afterwards.

use super::Line;
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
}

/// The person at the controlling terminal, wherever stdin and stdout go.
pub struct Terminal;

impl Ask for Terminal {
    fn ask(&mut self, label: &str, hidden: bool) -> Result<SecretString, Unanswered> {
        let mut terminal = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map_err(|_| Unanswered::NoTerminal)?;
        ask_at(&mut terminal, label, hidden)
    }
}

/// Puts the terminal back as it was.
struct Quiet<'t> {
    terminal: &'t mut File,
    before: Termios,
}

impl<'t> Quiet<'t> {
    /// No echo, no line editing and no signals by the terminal: a signal would end the program with the echo still off.
    fn new(terminal: &'t mut File) -> io::Result<Self> {
        let before = tcgetattr(&*terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO
            | LocalModes::ECHONL
            | LocalModes::ICANON
            | LocalModes::ISIG
            | LocalModes::IEXTEN;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&*terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // A terminal that went away needs nothing put back.
        let _ = tcsetattr(&*self.terminal, OptionalActions::Flush, &self.before);
    }
}

fn ask_at(terminal: &mut File, label: &str, hidden: bool) -> Result<SecretString, Unanswered> {
    let quiet = Quiet::new(terminal).map_err(Unanswered::Io)?;
    write!(quiet.terminal, "{label}: ").map_err(Unanswered::Io)?;
    let mut typed = Line::new();
    let mut byte = Zeroizing::new([0; 1]);
    let answer = loop {
        match quiet.terminal.read(byte.as_mut_slice()) {
            Ok(0) => break Err(Unanswered::Cancelled),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => break Err(Unanswered::Io(error)),
        }
        match type_byte(&mut typed, byte[0]) {
            Typing::Goes(echo) if hidden => drop(echo),
            Typing::Goes(echo) => quiet.terminal.write_all(&echo).map_err(Unanswered::Io)?,
            Typing::Done => break Ok(()),
            Typing::Cancelled => break Err(Unanswered::Cancelled),
        }
    };
    writeln!(quiet.terminal).map_err(Unanswered::Io)?;
    answer?;
    typed
        .secret("what was typed")
        .map_err(|failure| Unanswered::Io(io::Error::other(failure.sentence)))
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
        let mut terminal = File::options().read(true).write(true).open(name).unwrap();
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
            let asking = scope.spawn(|| ask_at(&mut terminal, "Passphrase", hidden));
            let mut seen = vec![0; "Passphrase: ".len()];
            person.read_exact(&mut seen).unwrap();
            let asked = echo();
            person.write_all(typed).unwrap();
            let answer = asking.join().unwrap();
            (answer, String::from_utf8(seen).unwrap(), asked)
        });
        let after = echo();
        drop(terminal);
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
