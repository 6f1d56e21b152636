//! Secrets that a script hands over on a file descriptor: never an argument, never the environment.
//!
//! They are read byte by byte into a buffer of fixed size that is wiped, so no copy is left behind in a
//! buffer that grew or read ahead, and what follows a passphrase in the same pipe stays there for its reader.

pub mod prompt;

use super::exit::{Exit, Failure};
use secrecy::SecretString;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;
use zeroize::Zeroizing;

/// Longest line read, in bytes.
const LONGEST: usize = 4_096;

/// Most fields read.
const MOST_FIELDS: usize = 16;

/// Which descriptors secrets are to be read from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Descriptors {
    /// The vault's passphrase.
    pub passphrase: Option<u32>,
    /// The vault's recovery code.
    pub recovery_code: Option<u32>,
    /// A new passphrase.
    pub new_passphrase: Option<u32>,
    /// A connection's fields.
    pub fields: Option<u32>,
}

/// What was handed over.
#[derive(Default)]
pub struct Handed {
    /// The vault's passphrase.
    pub passphrase: Option<SecretString>,
    /// The vault's recovery code.
    pub recovery_code: Option<SecretString>,
    /// A new passphrase.
    pub new_passphrase: Option<SecretString>,
    /// A connection's fields, by name.
    pub fields: Option<Vec<(String, SecretString)>>,
}

impl Handed {
    /// Reads what the options name, in the order of [`Descriptors`], so that one descriptor can carry several.
    /// To be called before anything else is opened, lest a number that was not handed over names a file of ours.
    ///
    /// # Errors
    /// A descriptor that is not open or cannot be read, or a line that is not `name=value`.
    pub fn read(descriptors: &Descriptors) -> Result<Self, Failure> {
        let mut pipes = Pipes::default();
        let mut line = |option, what, fd: Option<u32>| match fd {
            Some(fd) => one_line(pipes.open(option, fd)?, what).map(Some),
            None => Ok(None),
        };
        let passphrase = line("--passphrase-fd", "the passphrase", descriptors.passphrase)?;
        let recovery_code = line(
            "--recovery-code-fd",
            "the recovery code",
            descriptors.recovery_code,
        )?;
        let new_passphrase = line(
            "--new-passphrase-fd",
            "the new passphrase",
            descriptors.new_passphrase,
        )?;
        let fields = match descriptors.fields {
            Some(fd) => Some(fields(pipes.open("--secret-fd", fd)?)?),
            None => None,
        };
        Ok(Self {
            passphrase,
            recovery_code,
            new_passphrase,
            fields,
        })
    }
}

/// Descriptors that were opened, by number, so that one that is named twice is read on and not again.
#[derive(Default)]
struct Pipes(Vec<(u32, File)>);

impl Pipes {
    fn open(&mut self, option: &str, fd: u32) -> Result<&mut File, Failure> {
        if let Some(at) = self.0.iter().position(|(number, _)| *number == fd) {
            return Ok(&mut self.0[at].1);
        }
        let opened = match fd {
            0 => io::stdin().as_fd().try_clone_to_owned().map(File::from),
            _ => File::open(format!("/dev/fd/{fd}")),
        };
        let file = opened.map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("{option} {fd}: the descriptor cannot be read ({error}); open it for this command, as in {fd}<FILE"),
            )
        })?;
        if file.is_terminal() {
            let sentence =
                format!("{option} {fd}: that is a terminal; leave the option out to be asked");
            return Err(Failure::new(Exit::Usage, sentence));
        }
        self.0.push((fd, file));
        Ok(&mut self.0.last_mut().expect("it was pushed above").1)
    }
}

fn one_line(pipe: &mut impl Read, what: &str) -> Result<SecretString, Failure> {
    match Line::read(pipe, what)? {
        Some(line) if line.length > 0 => line.secret(what),
        _ => Err(Failure::new(
            Exit::Locked,
            format!("{what} handed over is empty; nothing was done"),
        )),
    }
}

fn fields(pipe: &mut impl Read) -> Result<Vec<(String, SecretString)>, Failure> {
    let mut fields = Vec::new();
    while let Some(line) = Line::read(pipe, "a credential")? {
        if line.bytes().iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if fields.len() == MOST_FIELDS {
            return Err(wrong("there are too many lines of credentials"));
        }
        let equals = line.bytes().iter().position(|byte| *byte == b'=');
        let equals = equals.ok_or_else(|| wrong("write each credential as a line name=value"))?;
        let name = String::from_utf8_lossy(&line.bytes()[..equals]);
        let name = name.trim().to_owned();
        fields.push((name, line.from(equals + 1).secret("a credential")?));
    }
    Ok(fields)
}

fn wrong(sentence: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, sentence)
}

/// One line of secret text, wiped when it goes.
struct Line {
    buffer: Zeroizing<[u8; LONGEST]>,
    start: usize,
    length: usize,
}

impl Line {
    /// Nothing yet.
    fn new() -> Self {
        Self {
            buffer: Zeroizing::new([0; LONGEST]),
            start: 0,
            length: 0,
        }
    }

    /// Adds a byte; false when there is no room.
    fn push(&mut self, byte: u8) -> bool {
        let room = self.length < LONGEST;
        if room {
            self.buffer[self.length] = byte;
            self.length += 1;
        }
        room
    }

    /// Takes the last character off again, whatever its length in bytes; how many were taken.
    fn pop_character(&mut self) -> usize {
        let before = self.length;
        while self.length > 0 {
            self.length -= 1;
            let byte = std::mem::take(&mut self.buffer[self.length]);
            if !is_continuation(byte) {
                break;
            }
        }
        before - self.length
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.length]
    }

    fn from(mut self, start: usize) -> Self {
        self.start = start;
        self
    }

    /// The text, in a box of exactly its size.
    fn secret(&self, what: &str) -> Result<SecretString, Failure> {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => Ok(SecretString::from(text)),
            Err(_) => Err(wrong(format!("{what} is not UTF-8 text"))),
        }
    }

    /// Reads up to a line's end or the end of everything; nothing when there is nothing more.
    fn read(pipe: &mut impl Read, what: &str) -> Result<Option<Self>, Failure> {
        let mut line = Self::new();
        let mut byte = Zeroizing::new([0; 1]);
        loop {
            match pipe.read(byte.as_mut_slice()) {
                Ok(0) if line.length == 0 => return Ok(None),
                Ok(0) => break,
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) if !line.push(byte[0]) => {
                    return Err(wrong(format!("{what} is longer than {LONGEST} bytes")));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(wrong(format!("{what} cannot be read: {error}"))),
            }
        }
        if line.bytes().ends_with(b"\r") {
            line.pop_character();
        }
        Ok(Some(line))
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::fd::AsRawFd;

    fn shown(fields: Vec<(String, SecretString)>) -> Vec<(String, String)> {
        fields
            .into_iter()
            .map(|(name, value)| (name, value.expose_secret().to_owned()))
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn a_passphrase_is_its_line_and_the_rest_stays() {
        for (input, expected, rest) in [
            ("correct horse\nkey=1", "correct horse", "key=1"),
            ("naïve \r\n", "naïve ", ""),
            ("no end", "no end", ""),
        ] {
            let mut pipe = input.as_bytes();
            let found = one_line(&mut pipe, "the passphrase").unwrap();
            assert_eq!(found.expose_secret(), expected);
            assert_eq!(pipe, rest.as_bytes());
        }
        for input in ["", "\n", "\r\n"] {
            let error = one_line(&mut input.as_bytes(), "it").err().unwrap();
            assert_eq!(error.exit, Exit::Locked, "{input:?}");
        }
    }

    #[test]
    fn fields_are_lines_of_name_and_value() {
        let input = "key=PK1\r\n\n  secret =a=b c\n";
        let found = fields(&mut input.as_bytes()).unwrap();
        assert_eq!(shown(found), [pair("key", "PK1"), pair("secret", "a=b c")]);
    }

    #[test]
    fn what_is_not_a_field_is_refused_without_being_repeated() {
        let long = format!("key={}", "x".repeat(LONGEST));
        let many = "a=b\n".repeat(MOST_FIELDS + 1);
        for input in [
            b"hunter2".as_slice(),
            b"k=\xff\n",
            long.as_bytes(),
            many.as_bytes(),
        ] {
            let error = fields(&mut &*input).err().unwrap();
            assert_eq!(error.exit, Exit::Usage);
            assert!(!error.sentence.contains("hunter2"));
        }
    }

    #[test]
    fn one_descriptor_can_carry_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        std::fs::write(&path, "open sesame\nABCD-EFGH\nnew one\nkey=1\nsecret=2\n").unwrap();
        let file = File::open(&path).unwrap();
        let fd = Some(u32::try_from(file.as_raw_fd()).unwrap());
        let all = Descriptors {
            passphrase: fd,
            recovery_code: fd,
            new_passphrase: fd,
            fields: fd,
        };
        let handed = Handed::read(&all).ok().unwrap();
        assert_eq!(handed.passphrase.unwrap().expose_secret(), "open sesame");
        assert_eq!(handed.recovery_code.unwrap().expose_secret(), "ABCD-EFGH");
        assert_eq!(handed.new_passphrase.unwrap().expose_secret(), "new one");
        let expected = [pair("key", "1"), pair("secret", "2")];
        assert_eq!(shown(handed.fields.unwrap()), expected);
    }

    #[test]
    fn a_descriptor_that_is_not_open_is_a_sentence() {
        let closed = Descriptors {
            passphrase: Some(4_000_000),
            ..Descriptors::default()
        };
        let error = Handed::read(&closed).err().unwrap();
        assert_eq!(error.exit, Exit::Usage);
        assert!(error.sentence.starts_with("--passphrase-fd 4000000: "));
    }

    #[test]
    fn taking_a_character_off_takes_all_its_bytes() {
        let mut line = Line::new();
        "aß✓".bytes().for_each(|byte| assert!(line.push(byte)));
        assert_eq!(line.pop_character(), 3);
        assert_eq!(line.pop_character(), 2);
        assert_eq!(line.bytes(), b"a");
        assert_eq!((line.pop_character(), line.pop_character()), (1, 0));
    }
}
