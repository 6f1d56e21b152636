//! What the terminal sends: a thread reads bytes, a [`Decoder`] makes events of them.
//!
//! The thread waits in `poll` and notices at once when the terminal goes away, with or without a signal. Answers to
//! our own questions are told apart from keys here, so they never reach a text field.

use crate::ui::key::{Key, KeyCode};
use ratatui::layout::Position;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use termina::escape::csi::{Csi, DecModeSetting, DecPrivateMode, DecPrivateModeCode, Device, Mode};
use termina::event::{KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind};
use termina::{Event, Parser};
use tokio::sync::mpsc;

/// Events that may wait for the screen.
const MOST_WAITING: usize = 1_024;

/// How long the rest of an escape sequence is waited for before a lone Esc is a key.
const ESCAPE_LIMIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 25_000_000,
};

/// Longest sequence that is collected, pastes included.
const LONGEST_SEQUENCE: usize = 1 << 20;

/// More keys than this at once were not typed by hand: without paste marks they are still a paste.
const MOST_TYPED_AT_ONCE: usize = 8;

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

/// Starts the reading thread.
pub(super) fn listen() -> io::Result<mpsc::Receiver<TerminalEvent>> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let (events, receiver) = mpsc::channel(MOST_WAITING);
    std::thread::Builder::new()
        .name("terminal-reader".into())
        .spawn(move || {
            read_on(&input, &events);
            // Nobody to tell means that the screen is gone already.
            let _ = events.blocking_send(TerminalEvent::HungUp);
        })?;
    Ok(receiver)
}

/// Reads until the terminal or the screen is gone.
fn read_on(input: &OwnedFd, events: &mpsc::Sender<TerminalEvent>) {
    let mut decoder = Decoder::default();
    let mut bytes = [0; 4_096];
    loop {
        let limit = decoder.is_inside_a_sequence().then_some(&ESCAPE_LIMIT);
        let mut polled = [PollFd::new(input, PollFlags::IN)];
        match poll(&mut polled, limit) {
            Ok(0) => decoder.end_of_input(),
            Ok(_) => {
                let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                if polled[0].revents().intersects(gone) {
                    return;
                }
                match rustix::io::read(input, &mut bytes) {
                    Ok(0) => return,
                    Ok(count) => decoder.feed(&bytes[..count]),
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(_) => return,
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
        for event in decoder.take() {
            if events.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

/// Makes events of bytes, in whatever pieces they come.
#[derive(Default)]
pub struct Decoder {
    parser: Parser,
    /// Bytes given to the parser since it last had an event.
    pending: usize,
    tail: Vec<u8>,
    events: Vec<TerminalEvent>,
}

/// The answer to a status request; the parser knows it not.
const STATUS: &[u8] = b"\x1b[0n";

impl Decoder {
    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = std::mem::take(&mut self.tail);
        rest.extend_from_slice(bytes);
        while let Some(at) = rest
            .windows(STATUS.len())
            .position(|window| window == STATUS)
        {
            self.parse(&rest[..at]);
            self.events.push(TerminalEvent::StatusAnswered);
            rest.drain(..at + STATUS.len());
        }
        let kept = begun_status(&rest);
        self.tail = rest.split_off(rest.len() - kept);
        self.parse(&rest);
    }

    /// Nothing more comes for now: what was begun is whole.
    pub fn end_of_input(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.parser.parse(&tail, false);
        if tail.is_empty() {
            self.parser.parse(&[], false);
        }
        self.pop_events();
        self.pending = 0;
    }

    /// Whether more bytes may belong to what was begun.
    pub fn is_inside_a_sequence(&self) -> bool {
        self.pending > 0 || !self.tail.is_empty()
    }

    /// The events so far, a burst of keys as the paste that it is.
    pub fn take(&mut self) -> Vec<TerminalEvent> {
        let events = std::mem::take(&mut self.events);
        let count = events.iter().filter(|event| typed(event).is_some()).count();
        if count <= MOST_TYPED_AT_ONCE || count < events.len() {
            return events;
        }
        vec![TerminalEvent::Paste(
            events.iter().filter_map(typed).collect(),
        )]
    }

    fn parse(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
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

/// How many bytes at the end may be the beginning of a status answer.
fn begun_status(bytes: &[u8]) -> usize {
    (1..STATUS.len())
        .rev()
        .find(|length| bytes.ends_with(&STATUS[..*length]))
        .unwrap_or(0)
}

/// The character that a key types; Enter counts as one, so that a pasted line end is no key.
fn typed(event: &TerminalEvent) -> Option<char> {
    let TerminalEvent::Key(key) = event else {
        return None;
    };
    if key.code == KeyCode::Enter {
        Some('\n')
    } else {
        key.typed()
    }
}

fn translate(event: Event) -> Option<TerminalEvent> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => key_of(key.code, key.modifiers).map(TerminalEvent::Key),
        Event::Paste(text) => Some(TerminalEvent::Paste(text)),
        Event::Mouse(mouse) => mouse_event(&mouse),
        Event::FocusIn => Some(TerminalEvent::Focused),
        Event::Csi(csi) => answer(&csi),
        Event::WindowResized(_) | Event::FocusOut | Event::Osc(_) | Event::Dcs(_) => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what a terminal may send we know a part"
)]
fn answer(csi: &Csi) -> Option<TerminalEvent> {
    match csi {
        Csi::Device(Device::DeviceAttributes(())) => Some(TerminalEvent::AttributesAnswered),
        Csi::Mode(Mode::ReportDecPrivateMode {
            mode: DecPrivateMode::Code(DecPrivateModeCode::SynchronizedOutput),
            setting,
        }) => {
            let can = matches!(setting, DecModeSetting::Set | DecModeSetting::Reset);
            Some(TerminalEvent::Synchronised(can))
        }
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what a terminal may send we know a part"
)]
fn mouse_event(mouse: &MouseEvent) -> Option<TerminalEvent> {
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(TerminalEvent::Click(at)),
        MouseEventKind::ScrollDown => Some(TerminalEvent::Wheel(at, true)),
        MouseEventKind::ScrollUp => Some(TerminalEvent::Wheel(at, false)),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what a terminal may send we know a part"
)]
fn key_of(code: termina::event::KeyCode, modifiers: Modifiers) -> Option<Key> {
    use termina::event::KeyCode as Their;
    let mut shift = modifiers.contains(Modifiers::SHIFT);
    let code = match code {
        Their::Char(character) => {
            shift = false; // the character's case says it
            KeyCode::Char(character)
        }
        Their::Enter => KeyCode::Enter,
        Their::Escape => KeyCode::Escape,
        Their::Tab => KeyCode::Tab,
        Their::BackTab => {
            shift = true;
            KeyCode::Tab
        }
        Their::Backspace => KeyCode::Backspace,
        Their::Delete => KeyCode::Delete,
        Their::Insert => KeyCode::Insert,
        Their::Up => KeyCode::Up,
        Their::Down => KeyCode::Down,
        Their::Left => KeyCode::Left,
        Their::Right => KeyCode::Right,
        Their::Home => KeyCode::Home,
        Their::End => KeyCode::End,
        Their::PageUp => KeyCode::PageUp,
        Their::PageDown => KeyCode::PageDown,
        Their::Function(number) => KeyCode::Function(number),
        _ => return None,
    };
    let control = modifiers.contains(Modifiers::CONTROL);
    Some(Key {
        code,
        control,
        alt: modifiers.contains(Modifiers::ALT),
        shift,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_paste_is_one_event_with_or_without_marks() {
        assert_eq!(
            decode(&[b"\x1b[200~buy\rall\x1b[201~"]),
            [TerminalEvent::Paste("buy\rall".into())]
        );
        assert_eq!(
            decode(&[b"yyyyyyyyy\r"]),
            [TerminalEvent::Paste("yyyyyyyyy\n".into())]
        );
        assert_eq!(decode(&[b"jjj"]).len(), 3);
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
    fn a_paste_without_end_is_bounded() {
        let mut decoder = Decoder::default();
        decoder.feed(b"\x1b[200~");
        for _ in 0..40 {
            decoder.feed(&[b'x'; 64 * 1_024]);
        }
        assert!(decoder.pending <= LONGEST_SEQUENCE + 64 * 1_024);
    }
}
