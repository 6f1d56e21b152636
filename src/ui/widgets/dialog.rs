//! The box of an overlay: a panel in the middle of the screen, everything behind it covered.

use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::frame::{self, Frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Blank columns between a dialog's frame and what is in it.
const PADDING: u16 = 2;

/// What a dialog says in its frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialog<'a> {
    /// What it is.
    pub title: &'a str,
    /// What is shown: count, mode.
    pub info: &'a str,
    /// Columns wanted, frame included.
    pub width: u16,
    /// Lines wanted, frame included.
    pub height: u16,
    /// Whether it concerns real money.
    pub live: bool,
}

impl Dialog<'_> {
    /// The place it takes of the screen, below the first line: that one always says paper or live.
    pub fn area(&self, screen: Rect) -> Rect {
        let room = below(screen, 1);
        let (width, height) = (self.width.min(room.width), self.height.min(room.height));
        Rect {
            x: room.x + (room.width - width) / 2,
            y: room.y + (room.height - height) / 2,
            width,
            height,
        }
    }

    /// The place for what is in it.
    pub fn inside(&self, screen: Rect) -> Rect {
        let area = self.area(screen);
        let padding = (1 + PADDING).min(area.width / 2);
        Rect {
            x: area.x + padding,
            y: (area.y + 1).min(area.bottom()),
            width: area.width - 2 * padding,
            height: area.height.saturating_sub(2),
        }
    }

    /// Covers what is behind it, draws the frame and returns the place for what is in it.
    pub fn draw(&self, theme: &Theme, screen: Rect, buffer: &mut Buffer) -> Rect {
        let area = self.area(screen);
        frame::clear(theme, Role::Panel, area, buffer);
        let frame = Frame {
            number: None,
            name: self.title,
            info: self.info,
            focused: !self.live,
            live: self.live,
        };
        frame.draw(theme, area, buffer);
        self.inside(screen)
    }
}

/// Writes one line, cut at its end; returns the area below it.
pub fn line(theme: &Theme, role: Role, text: &str, area: Rect, buffer: &mut Buffer) -> Rect {
    if area.height > 0 {
        let text = format::cut(text, area.width.into());
        buffer.set_string(area.x, area.y, text, theme.style(role));
    }
    below(area, 1)
}

/// Writes a text over as many lines as it needs; returns the area below it.
pub fn paragraph(theme: &Theme, role: Role, text: &str, area: Rect, buffer: &mut Buffer) -> Rect {
    format::wrapped(text, area.width.into())
        .iter()
        .fold(area, |area, text| line(theme, role, text, area, buffer))
}

/// The area without its first `lines`.
pub fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect {
        y: area.y + lines,
        height: area.height - lines,
        ..area
    }
}

/// Writes keys and what they do, as far as they fit: `enter connect  esc close`.
pub fn hints(theme: &Theme, hints: &[(&str, &str)], area: Rect, buffer: &mut Buffer) {
    let mut x = area.x;
    for (key, meaning) in hints {
        let width = format::width(key) + 1 + format::width(meaning);
        if area.height == 0 || usize::from(area.right().saturating_sub(x)) < width {
            return;
        }
        x = buffer
            .set_stringn(x, area.y, key, width, theme.style(Role::Key))
            .0
            + 1;
        x = buffer
            .set_stringn(x, area.y, meaning, width, theme.style(Role::Muted))
            .0
            + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_in_the_middle_and_never_leaves_the_screen() {
        let dialog = Dialog {
            width: 40,
            height: 10,
            ..Dialog::default()
        };
        let cases = [
            (Rect::new(0, 0, 80, 24), Rect::new(20, 7, 40, 10)),
            (Rect::new(0, 0, 30, 8), Rect::new(0, 1, 30, 7)),
            (Rect::new(0, 0, 0, 0), Rect::new(0, 0, 0, 0)),
        ];
        for (screen, expected) in cases {
            assert_eq!(dialog.area(screen), expected);
            let inside = dialog.inside(screen);
            assert_eq!(inside.intersection(expected), inside);
        }
    }
}
