//! The parser's words for keys, the mouse and answers, in ours.

use super::TerminalEvent;
use crate::ui::key::{Key, KeyCode};
use ratatui::layout::Position;
use termina::Event;
use termina::escape::csi::{Csi, DecModeSetting, DecPrivateMode, DecPrivateModeCode, Device, Mode};
use termina::event::{KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind};

pub(super) fn translate(event: Event) -> Option<TerminalEvent> {
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
