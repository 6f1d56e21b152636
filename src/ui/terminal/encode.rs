//! The difference of two screens, in the fewest bytes: short cursor moves, colours and attributes only where they
//! change and are seen, unchanged cells rewritten where that is shorter than jumping over them.

use super::pen::{Pen, ground_of, is_bare, pen_of, shows_through};
use crate::domain::text::is_unsafe;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// Longest run of unchanged cells that may be rewritten instead of jumped over: a jump costs four bytes.
const LONGEST_BRIDGE: u16 = 4;

/// What is written where a cell holds what may not be shown.
const REPLACEMENT: &str = "\u{fffd}";

/// What the terminal's state is, as far as we know.
#[derive(Debug, Default)]
pub struct Encoder {
    pen: Pen,
    /// Where the next character goes; `None` when only the terminal knows.
    cursor: Option<Position>,
    shown_cursor: Option<Position>,
}

impl Encoder {
    /// Clears the terminal, of which nothing is known.
    pub fn start_over(&mut self, out: &mut Vec<u8>) {
        *self = Self::default();
        out.extend_from_slice(b"\x1b[?25l\x1b[0m\x1b[2J");
    }

    /// Appends what turns `before` into `after`; nothing when they are alike. Both cover the same area.
    pub fn encode(
        &mut self,
        before: &Buffer,
        after: &Buffer,
        cursor: Option<Position>,
        out: &mut Vec<u8>,
    ) {
        let width = usize::from(after.area.width).max(1);
        let rows = before
            .content
            .chunks(width)
            .zip(after.content.chunks(width));
        for (y, (old, new)) in (after.area.top()..).zip(rows) {
            if old != new {
                self.encode_row(old, new, Position::new(after.area.left(), y), out);
            }
        }
        self.place_cursor(cursor, out);
    }

    fn encode_row(&mut self, old: &[Cell], new: &[Cell], start: Position, out: &mut Vec<u8>) {
        // A wide character covers the cell behind it: what that cell says is not on the screen.
        let (mut seen_from, mut shown_from) = (0, 0);
        for (x, (was, is)) in (0_u16..).zip(old.iter().zip(new)) {
            let was_seen = x >= seen_from;
            if was_seen {
                seen_from = x + width_of(was);
            }
            if x < shown_from {
                continue;
            }
            shown_from = x + width_of(is);
            if !was_seen || !looks_alike(was, is) {
                let at = Position::new(start.x + x, start.y);
                self.move_to(new, start.x, at, out);
                self.write_cell(is, out);
                let is_last = usize::from(shown_from) >= new.len();
                // At the last column, behind several code points in one cell and behind a replacement character,
                // terminals differ in where they are.
                let symbol = shown(is);
                let is_sure = !is_last && symbol != REPLACEMENT && symbol.chars().nth(1).is_none();
                self.cursor = is_sure.then(|| Position::new(start.x + shown_from, start.y));
            }
        }
    }

    fn write_cell(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        if !shows_through(cell, self.pen) {
            let pen = if is_bare(cell) {
                ground_of(cell, self.pen)
            } else {
                pen_of(cell)
            };
            self.pen.change_to(pen, out);
        }
        out.extend_from_slice(shown(cell).as_bytes());
    }

    /// Moves the cursor the shortest way; `row` is the row it moves to, and starts at column `left`.
    fn move_to(&mut self, row: &[Cell], left: u16, to: Position, out: &mut Vec<u8>) {
        let Some(at) = self.cursor else {
            out.extend_from_slice(&absolute(to));
            return;
        };
        if at == to {
            return;
        }
        if at.y == to.y && at.x < to.x && to.x - at.x <= LONGEST_BRIDGE {
            let between = &row[usize::from(at.x - left)..usize::from(to.x - left)];
            let is_cheap = |cell: &Cell| shown(cell).len() == 1 && shows_through(cell, self.pen);
            if between.iter().all(is_cheap) {
                for cell in between {
                    out.extend_from_slice(shown(cell).as_bytes());
                }
                return;
            }
        }
        self.jump(at, to, out);
    }

    fn jump(&self, at: Position, to: Position, out: &mut Vec<u8>) {
        let ways = [absolute(to), relative(at, to), from_the_left(at, to)];
        let shortest = ways
            .into_iter()
            .filter(|way| !way.is_empty())
            .min_by_key(Vec::len);
        out.extend_from_slice(&shortest.expect("there is always the absolute way"));
    }

    fn place_cursor(&mut self, cursor: Option<Position>, out: &mut Vec<u8>) {
        match (self.shown_cursor, cursor) {
            (None, None) => {}
            (Some(_), None) => out.extend_from_slice(b"\x1b[?25l"),
            (shown, Some(at)) => {
                if self.cursor != Some(at) {
                    out.extend_from_slice(&absolute(at));
                    self.cursor = Some(at);
                }
                if shown.is_none() {
                    out.extend_from_slice(b"\x1b[?25h");
                }
            }
        }
        self.shown_cursor = cursor;
    }
}

/// Whether a person would see no difference: of a blank only the ground is seen.
fn looks_alike(one: &Cell, other: &Cell) -> bool {
    one == other || (is_bare(one) && is_bare(other) && one.bg == other.bg)
}

fn absolute(to: Position) -> Vec<u8> {
    let (row, column) = (to.y + 1, to.x + 1);
    match (row, column) {
        (1, 1) => b"\x1b[H".to_vec(),
        (_, 1) => format!("\x1b[{row}H").into_bytes(),
        _ => format!("\x1b[{row};{column}H").into_bytes(),
    }
}

/// Down by line feeds, which keep the column while output is raw, then sideways; empty where that is no way.
fn relative(at: Position, to: Position) -> Vec<u8> {
    if to.y < at.y {
        return Vec::new();
    }
    let mut way = down(to.y - at.y);
    match (at.x.cmp(&to.x), at.x.abs_diff(to.x)) {
        (std::cmp::Ordering::Less, gap) => way.extend(step(gap, b'C')),
        (std::cmp::Ordering::Greater, gap @ 1..=3) => {
            way.extend(std::iter::repeat_n(0x08, usize::from(gap)));
        }
        (std::cmp::Ordering::Greater, gap) => way.extend(step(gap, b'D')),
        (std::cmp::Ordering::Equal, _) => {}
    }
    way
}

/// Back to the first column, down, then right; empty where that is no way.
fn from_the_left(at: Position, to: Position) -> Vec<u8> {
    if to.y < at.y {
        return Vec::new();
    }
    let mut way = vec![b'\r'];
    way.extend(down(to.y - at.y));
    if to.x > 0 {
        way.extend(step(to.x, b'C'));
    }
    way
}

fn down(rows: u16) -> Vec<u8> {
    if rows <= 3 {
        vec![b'\n'; usize::from(rows)]
    } else {
        step(rows, b'B')
    }
}

/// A relative move: `CSI C`, `CSI 12 C`.
fn step(count: u16, direction: u8) -> Vec<u8> {
    let mut way = b"\x1b[".to_vec();
    if count > 1 {
        write(&mut way, format_args!("{count}"));
    }
    way.push(direction);
    way
}

/// A `Vec` takes every byte.
pub(super) fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to memory does not fail");
}

/// What is written for a cell. Texts were cleaned long before; this is the last look, and costs nothing for ASCII.
fn shown(cell: &Cell) -> &str {
    let symbol = cell.symbol();
    let is_plain = matches!(symbol.as_bytes(), [b' '..=b'~']);
    if !is_plain && symbol.chars().any(is_unsafe) {
        return REPLACEMENT;
    }
    symbol
}

fn width_of(cell: &Cell) -> u16 {
    let symbol = shown(cell);
    if symbol.len() == 1 {
        return 1;
    }
    u16::try_from(symbol.width()).unwrap_or(1).max(1)
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
