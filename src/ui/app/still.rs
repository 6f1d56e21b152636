//! A screen held still: cells with their colours resolved, for a picture outside of any terminal.

use super::App;
use crate::domain::Timestamp;
use crate::ui::footer::LinkFigures;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// One cell; empty behind a wide character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillCell {
    /// What stands in it.
    pub text: String,
    /// Colour of the text; `None` for the terminal's own.
    pub foreground: Option<Colour>,
    /// Colour behind it; `None` for the terminal's own.
    pub background: Option<Colour>,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is dim.
    pub dim: bool,
    /// Whether it is italic.
    pub italic: bool,
    /// Whether it is underlined.
    pub underlined: bool,
}

impl App {
    /// What the screen shows at `now`, row by row.
    pub fn still(&self, now: Timestamp) -> Vec<Vec<StillCell>> {
        let mut buffer = Buffer::empty(self.screen());
        self.draw(now, LinkFigures::default(), &mut buffer);
        let area = buffer.area;
        (area.top()..area.bottom())
            .map(|y| row(&buffer, y))
            .collect()
    }
}

fn row(buffer: &Buffer, y: u16) -> Vec<StillCell> {
    let mut covered = 0;
    let columns = buffer.area.left()..buffer.area.right();
    columns
        .map(|x| {
            let cell = &buffer[(x, y)];
            let is_covered = covered > 0;
            covered = if is_covered {
                covered - 1
            } else {
                cell.symbol().width().saturating_sub(1)
            };
            still(cell, is_covered)
        })
        .collect()
}

fn still(cell: &Cell, is_covered: bool) -> StillCell {
    let (mut foreground, mut background) = (rgb(cell.fg), rgb(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut foreground, &mut background);
    }
    StillCell {
        text: if is_covered {
            String::new()
        } else {
            cell.symbol().to_owned()
        },
        foreground,
        background,
        bold: cell.modifier.contains(Modifier::BOLD),
        dim: cell.modifier.contains(Modifier::DIM),
        italic: cell.modifier.contains(Modifier::ITALIC),
        underlined: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// Only exact colours are known outside of a terminal.
fn rgb(colour: Color) -> Option<Colour> {
    if let Color::Rgb(red, green, blue) = colour {
        return Some([red, green, blue]);
    }
    None
}
