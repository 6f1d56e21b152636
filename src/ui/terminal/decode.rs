//! Bytes to events, in whatever pieces they come.
//!
//! Pastes are cut out here and not left to the parser: one that is too long, too slow or cut anywhere must never turn
//! into keys in its middle. Answers to our own questions are told apart from keys here as well.

use super::TerminalEvent;
use super::keys::translate;
use rustix::time::Timespec;
use termina::Parser;

/// How long a lone Esc waits for the rest of a sequence before it is a key.
const ESCAPE_LIMIT: Timespec = millis(25);

/// How long the rest of a sequence that has begun is waited for: nobody types its first two bytes by hand.
const SEQUENCE_LIMIT: Timespec = millis(500);

/// Longest paste kept, in bytes; the rest of it is read and thrown away.
const LONGEST_PASTE: usize = 1 << 20;

/// Longest sequence given to the parser; what is longer is not from a terminal.
const LONGEST_SEQUENCE: usize = 4_096;

/// The answer to a status request; the parser knows it not.
const STATUS: &[u8] = b"\x1b[0n";

/// Marks around pasted text, mode 2004.
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

pub(super) const fn millis(millis: i64) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: millis * 1_000_000,
    }
}

/// Makes events of bytes.
#[derive(Default)]
pub struct Decoder {
    parser: Parser,
    /// Bytes given to the parser since it last had an event.
    pending: usize,
    /// What may be the beginning of a mark or of an answer.
    tail: Vec<u8>,
    /// The paste under way.
    paste: Option<Vec<u8>>,
    events: Vec<TerminalEvent>,
}

impl Decoder {
    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = std::mem::take(&mut self.tail);
        rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((end, mark)) = first_of(&rest[at..], self.marks()) {
            self.take_plain(&rest[at..at + end]);
            self.take_mark(mark);
            at += end + mark.len();
        }
        let kept = begun(&rest[at..], self.marks());
        let end = rest.len() - kept;
        self.take_plain(&rest[at..end]);
        self.tail = rest.split_off(end);
    }

    /// Nothing more came for as long as [`Decoder::wait`] said: what was begun is whole. A paste waits for its end.
    pub fn end_of_input(&mut self) {
        if self.paste.is_none() {
            let tail = std::mem::take(&mut self.tail);
            self.parser.parse(&tail, false);
            if tail.is_empty() {
                self.parser.parse(&[], false);
            }
            self.pop_events();
        }
        self.pending = 0;
    }

    /// How long to wait before what was begun counts as whole; `None` where nothing was.
    pub fn wait(&self) -> Option<Timespec> {
        if self.paste.is_some() || (self.pending == 0 && self.tail.is_empty()) {
            return None;
        }
        let is_lone_escape = self.pending == 0 && self.tail == [0x1b];
        Some(if is_lone_escape {
            ESCAPE_LIMIT
        } else {
            SEQUENCE_LIMIT
        })
    }

    /// The events so far.
    pub fn take(&mut self) -> Vec<TerminalEvent> {
        std::mem::take(&mut self.events)
    }

    /// What may interrupt the bytes that are read now.
    fn marks(&self) -> &'static [&'static [u8]] {
        if self.paste.is_some() {
            &[PASTE_END]
        } else {
            &[STATUS, PASTE_START]
        }
    }

    fn take_mark(&mut self, mark: &[u8]) {
        if let Some(text) = self.paste.take() {
            self.events.push(TerminalEvent::Paste(pasted(&text)));
        } else if mark == PASTE_START {
            self.paste = Some(Vec::new());
        } else {
            self.events.push(TerminalEvent::StatusAnswered);
        }
    }

    fn take_plain(&mut self, bytes: &[u8]) {
        if let Some(paste) = &mut self.paste {
            let room = LONGEST_PASTE - paste.len();
            paste.extend_from_slice(&bytes[..bytes.len().min(room)]);
        } else if !bytes.is_empty() {
            self.parse(bytes);
        }
    }

    fn parse(&mut self, bytes: &[u8]) {
        self.parser.parse(bytes, true);
        self.pending += bytes.len();
        self.pop_events();
        if self.pending > LONGEST_SEQUENCE {
            self.parser = Parser::default();
            self.pending = 0;
        }
    }

    fn pop_events(&mut self) {
        while let Some(event) = self.parser.pop() {
            self.pending = 0;
            self.events.extend(translate(event));
        }
    }
}

/// Pasted text without control characters but line ends and tabs: nobody means to paste an escape or a Ctrl-C.
fn pasted(bytes: &[u8]) -> String {
    let is_meant = |it: &char| !it.is_control() || matches!(it, '\n' | '\r' | '\t');
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(is_meant)
        .collect()
}

/// Where the first of `marks` stands, and which it is.
fn first_of(bytes: &[u8], marks: &[&'static [u8]]) -> Option<(usize, &'static [u8])> {
    let escapes = (0..bytes.len()).filter(|at| bytes[*at] == 0x1b);
    escapes
        .filter_map(|at| {
            let mark = marks.iter().find(|mark| bytes[at..].starts_with(mark))?;
            Some((at, *mark))
        })
        .next()
}

/// How many bytes at the end may be the beginning of a mark.
fn begun(bytes: &[u8], marks: &[&[u8]]) -> usize {
    let longest = marks.iter().map(|mark| mark.len() - 1).max().unwrap_or(0);
    (1..=longest)
        .rev()
        .find(|length| {
            marks
                .iter()
                .any(|mark| mark.len() > *length && bytes.ends_with(&mark[..*length]))
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::key::Key;
    use ratatui::layout::Position;

    fn decode(pieces: &[&[u8]]) -> Vec<TerminalEvent> {
        let mut decoder = Decoder::default();
        for piece in pieces {
            decoder.feed(piece);
        }
        decoder.end_of_input();
        decoder.take()
    }

    fn key(name: &str) -> TerminalEvent {
        TerminalEvent::Key(Key::parse(name).unwrap())
    }

    #[test]
    fn keys_are_read_as_the_key_map_writes_them() {
        let cases: [(&[u8], &str); 14] = [
            (b"j", "j"),
            (b"G", "G"),
            (b"?", "?"),
            (b"\x1b", "esc"),
            (b"\r", "enter"),
            (b"\t", "tab"),
            (b"\x1b[Z", "shift-tab"),
            (b"\x7f", "backspace"),
            (b"\x1b[3~", "del"),
            (b"\x1b[A", "up"),
            (b"\x1b[6~", "pgdn"),
            (b"\x0b", "ctrl-k"),
            (b"\x10", "ctrl-p"),
            (b"\x1bOP", "f1"),
        ];
        for (bytes, name) in cases {
            assert_eq!(decode(&[bytes]), [key(name)], "{name}");
        }
        assert_eq!(decode(&["ü".as_bytes()]), [key("ü")]);
    }

    #[test]
    fn answers_are_never_keys_wherever_they_are_cut() {
        let answers = b"\x1b[?2026;2$y\x1b[0n\x1b[?62;22c";
        let expected = [
            TerminalEvent::Synchronised(true),
            TerminalEvent::StatusAnswered,
            TerminalEvent::AttributesAnswered,
        ];
        for cut in 0..answers.len() {
            assert_eq!(
                decode(&[&answers[..cut], &answers[cut..]]),
                expected,
                "cut at {cut}"
            );
        }
        assert_eq!(
            decode(&[b"j\x1b[0nk"]),
            [key("j"), TerminalEvent::StatusAnswered, key("k")]
        );
        assert_eq!(
            decode(&[b"\x1b[?2026;0$y"]),
            [TerminalEvent::Synchronised(false)]
        );
    }

    #[test]
    fn a_marked_paste_is_one_event_wherever_it_is_cut() {
        let bytes = b"\x1b[200~b\r\x1b[0n\tq\x1b[201~j";
        let expected = [TerminalEvent::Paste("b\r[0n\tq".into()), key("j")];
        for cut in 0..bytes.len() {
            assert_eq!(
                decode(&[&bytes[..cut], &bytes[cut..]]),
                expected,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn nothing_that_could_act_is_in_a_paste() {
        let hostile = "a\x03b\x1b[201c\u{9b}201~d\x7f\0e\r\n\tü";
        let bytes = format!("\x1b[200~{hostile}\x1b[201~");
        let expected = "ab[201c201~de\r\n\tü".to_owned();
        assert_eq!(
            decode(&[bytes.as_bytes()]),
            [TerminalEvent::Paste(expected)]
        );
        let raw = decode(&[b"\x1b[200~\x9b201~\x1b[201~"]);
        assert_eq!(raw, [TerminalEvent::Paste("\u{fffd}201~".into())]);
    }

    #[test]
    fn a_slow_paste_waits_for_its_end() {
        let mut decoder = Decoder::default();
        for piece in [&b"\x1b[200~b\r"[..], b"\r\x1b[20", b"1"] {
            decoder.feed(piece);
            assert!(decoder.wait().is_none(), "no limit inside a paste");
            decoder.end_of_input();
            assert_eq!(decoder.take(), []);
        }
        decoder.feed(b"~");
        assert_eq!(decoder.take(), [TerminalEvent::Paste("b\r\r".into())]);
    }

    #[test]
    fn the_mouse_is_read() {
        let cases: [(&[u8], TerminalEvent); 3] = [
            (b"\x1b[<0;10;5M", TerminalEvent::Click(Position::new(9, 4))),
            (
                b"\x1b[<65;1;1M",
                TerminalEvent::Wheel(Position::new(0, 0), true),
            ),
            (
                b"\x1b[<64;1;1M",
                TerminalEvent::Wheel(Position::new(0, 0), false),
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(&[bytes]), [expected]);
        }
        assert_eq!(decode(&[b"\x1b[<0;10;5m"]), []);
    }

    #[test]
    fn a_paste_that_is_too_long_is_cut_and_never_becomes_keys() {
        let mut decoder = Decoder::default();
        decoder.feed(b"\x1b[200~");
        for _ in 0..40 {
            decoder.feed(&[b'x'; 64 * 1_024]);
        }
        assert_eq!(decoder.paste.as_ref().map(Vec::len), Some(LONGEST_PASTE));
        decoder.feed(b"y\r\x1b[201~");
        let events = decoder.take();
        assert!(matches!(&events[..], [TerminalEvent::Paste(text)] if text.len() == LONGEST_PASTE));
    }

    #[test]
    fn a_sequence_without_end_is_bounded() {
        let mut decoder = Decoder::default();
        decoder.feed(b"\x1b]52;c;");
        for _ in 0..40 {
            decoder.feed(&[b'x'; 1_024]);
            assert!(decoder.pending <= LONGEST_SEQUENCE + 1_024);
        }
    }

    #[test]
    fn a_lone_escape_is_a_key_soon_and_a_begun_sequence_later() {
        let mut decoder = Decoder::default();
        let wait = |decoder: &Decoder| decoder.wait().map(|limit| limit.tv_nsec / 1_000_000);
        assert_eq!(wait(&decoder), None);
        decoder.feed(b"\x1b");
        assert_eq!(wait(&decoder), Some(25));
        decoder.feed(b"[20");
        assert_eq!(wait(&decoder), Some(500));
        decoder.feed(b"0~");
        assert_eq!(wait(&decoder), None);
    }
}
