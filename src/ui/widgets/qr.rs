//! A picture that a telephone reads: two modules a cell, dark on light whatever the theme.

use qrcode::{Color, EcLevel, QrCode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color as Paint, Style};

/// Blank modules around the picture; readers need four (ISO/IEC 18004, 9.1), and find it with two in practice.
const QUIET: usize = 2;

/// A text as a QR code.
pub struct Qr {
    modules: Vec<Color>,
    side: usize,
}

impl Qr {
    /// The code of a text; `None` for one that is too long.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
        Some(Self {
            side: code.width(),
            modules: code.to_colors(),
        })
    }

    /// Columns it takes.
    pub fn width(&self) -> u16 {
        u16::try_from(self.side + 2 * QUIET).unwrap_or(u16::MAX)
    }

    /// Lines it takes.
    pub fn height(&self) -> u16 {
        u16::try_from((self.side + 2 * QUIET).div_ceil(2)).unwrap_or(u16::MAX)
    }

    /// Draws it at the upper left of an area that has room for it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        for line in 0..self.height() {
            for column in 0..self.width() {
                let (x, y) = (usize::from(column), usize::from(line) * 2);
                let style = Style::new().fg(self.paint(x, y)).bg(self.paint(x, y + 1));
                buffer.set_string(area.x + column, area.y + line, "▀", style);
            }
        }
    }

    fn paint(&self, x: usize, y: usize) -> Paint {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.side);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) if self.modules[y * self.side + x] == Color::Dark => Paint::Black,
            _ => Paint::White,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finder_stands_in_the_corner_and_a_blank_around() {
        let qr = Qr::of("https://broker.example/authorize?state=x").unwrap();
        let area = Rect::new(0, 0, qr.width(), qr.height());
        let mut buffer = Buffer::empty(area);
        qr.draw(area, &mut buffer);
        let paint = |x: u16, y: u16| {
            let cell = &buffer[(x, y / 2)];
            if y.is_multiple_of(2) {
                cell.fg
            } else {
                cell.bg
            }
        };
        assert_eq!((paint(0, 0), paint(1, 5)), (Paint::White, Paint::White));
        // ISO/IEC 18004, 6.3.3: seven dark, with a light ring inside.
        for at in 2..9 {
            assert_eq!((paint(at, 2), paint(2, at)), (Paint::Black, Paint::Black));
        }
        assert_eq!(paint(3, 3), Paint::White);
        assert_eq!(paint(5, 5), Paint::Black);
    }

    #[test]
    fn what_does_not_fit_is_no_picture() {
        assert!(Qr::of(&"x".repeat(3_000)).is_none());
    }
}
