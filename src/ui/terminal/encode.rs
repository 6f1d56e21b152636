//! The difference of two screens, in the fewest bytes: short cursor moves, colours and attributes only when they
//! change, unchanged cells rewritten where that is shorter than jumping over them.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// Longest run of unchanged cells that may be rewritten instead of jumped over: a jump costs four bytes.
const LONGEST_BRIDGE: u16 = 4;

/// Attributes that are sent, each with the code that turns it on.
const ATTRIBUTES: [(Modifier, u8); 6] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
    (Modifier::CROSSED_OUT, 9),
];

/// What colours and attributes the terminal writes with now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen {
    foreground: Color::Reset,
    background: Color::Reset,
    modifier: Modifier::empty(),
};

/// What the terminal's state is, as far as we know.
#[derive(Debug)]
pub struct Encoder {
    pen: Pen,
    /// Where the next character goes; `None` when only the terminal knows.
    cursor: Option<Position>,
    shown_cursor: Option<Position>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            pen: PLAIN,
            cursor: None,
            shown_cursor: None,
        }
    }
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
        let area = after.area;
        for y in area.top()..area.bottom() {
            self.encode_row(before, after, y, out);
        }
        self.place_cursor(cursor, out);
    }

    fn encode_row(&mut self, before: &Buffer, after: &Buffer, y: u16, out: &mut Vec<u8>) {
        let area = after.area;
        // A wide character covers the cell behind it: what that cell says is not on the screen.
        let (mut seen_from, mut shown_from) = (area.left(), area.left());
        for x in area.left()..area.right() {
            let (old, new) = (&before[(x, y)], &after[(x, y)]);
            let was_seen = x >= seen_from;
            if was_seen {
                seen_from = x + width_of(old);
            }
            if x < shown_from {
                continue;
            }
            shown_from = x + width_of(new);
            if old != new || !was_seen {
                self.move_to(after, x, y, out);
                self.write_cell(new, x, y, area.right(), out);
            }
        }
    }

    fn write_cell(&mut self, cell: &Cell, x: u16, y: u16, right: u16, out: &mut Vec<u8>) {
        let width = width_of(cell);
        self.use_pen(pen_of(cell), out);
        out.extend_from_slice(cell.symbol().as_bytes());
        // At the last column terminals differ in where the cursor is.
        self.cursor = (x + width < right).then(|| Position::new(x + width, y));
    }

    /// Moves the cursor, over the unchanged cells in between where rewriting them is shorter.
    fn move_to(&mut self, screen: &Buffer, x: u16, y: u16, out: &mut Vec<u8>) {
        let Some(at) = self.cursor else {
            return self.jump_to(x, y, out);
        };
        if at == Position::new(x, y) {
            return;
        }
        if at.y != y || at.x > x {
            return self.jump_to(x, y, out);
        }
        let gap = x - at.x;
        let same_pen = (at.x..x).all(|column| {
            let cell = &screen[(column, y)];
            pen_of(cell) == self.pen && cell.symbol().len() == 1
        });
        if gap <= LONGEST_BRIDGE && same_pen {
            for column in at.x..x {
                out.extend_from_slice(screen[(column, y)].symbol().as_bytes());
            }
        } else if gap == 1 {
            out.extend_from_slice(b"\x1b[C");
        } else {
            write(out, format_args!("\x1b[{gap}C"));
        }
        self.cursor = Some(Position::new(x, y));
    }

    fn jump_to(&mut self, x: u16, y: u16, out: &mut Vec<u8>) {
        match (self.cursor, x, y) {
            (Some(at), 0, _) if at.y + 1 == y => out.extend_from_slice(b"\r\n"),
            (_, 0, 0) => out.extend_from_slice(b"\x1b[H"),
            (_, 0, _) => write(out, format_args!("\x1b[{}H", y + 1)),
            _ => write(out, format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.cursor = Some(Position::new(x, y));
    }

    /// Changes the pen: by what differs, or from the start, whichever is shorter.
    fn use_pen(&mut self, pen: Pen, out: &mut Vec<u8>) {
        if pen == self.pen {
            return;
        }
        let afresh = codes(PLAIN, pen);
        let afresh = if afresh.is_empty() {
            String::new()
        } else {
            format!("0;{afresh}")
        };
        let turned_off = !pen.modifier.contains(self.pen.modifier);
        let codes = if turned_off {
            afresh
        } else {
            shorter(codes(self.pen, pen), afresh)
        };
        write(out, format_args!("\x1b[{codes}m"));
        self.pen = pen;
    }

    fn place_cursor(&mut self, cursor: Option<Position>, out: &mut Vec<u8>) {
        match (self.shown_cursor, cursor) {
            (None, None) => {}
            (Some(_), None) => out.extend_from_slice(b"\x1b[?25l"),
            (shown, Some(at)) => {
                if self.cursor != Some(at) || shown != cursor {
                    self.jump_to(at.x, at.y, out);
                }
                if shown.is_none() {
                    out.extend_from_slice(b"\x1b[?25h");
                }
            }
        }
        self.shown_cursor = cursor;
    }
}

/// A `Vec` takes every byte.
fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to memory does not fail");
}

fn shorter(one: String, other: String) -> String {
    if !one.is_empty() && (other.is_empty() || one.len() <= other.len()) {
        one
    } else {
        other
    }
}

fn width_of(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

fn pen_of(cell: &Cell) -> Pen {
    let sent = ATTRIBUTES
        .iter()
        .fold(Modifier::empty(), |all, (modifier, _)| all | *modifier);
    let mut pen = Pen {
        foreground: cell.fg,
        background: cell.bg,
        modifier: cell.modifier & sent,
    };
    let is_bare = cell.symbol() == " "
        && !pen
            .modifier
            .intersects(Modifier::REVERSED | Modifier::UNDERLINED);
    if is_bare {
        // Only the ground of a blank is seen: keeping one colour for all blanks saves changing it.
        pen.foreground = Color::Reset;
        pen.modifier = Modifier::empty();
    }
    pen
}

/// The codes that lead from one pen to another that has at least its attributes.
fn codes(from: Pen, to: Pen) -> String {
    let mut codes: Vec<String> = Vec::new();
    for (modifier, code) in ATTRIBUTES {
        if to.modifier.contains(modifier) && !from.modifier.contains(modifier) {
            codes.push(code.to_string());
        }
    }
    if from.foreground != to.foreground {
        codes.push(colour(to.foreground, 30));
    }
    if from.background != to.background {
        codes.push(colour(to.background, 40));
    }
    codes.join(";")
}

/// A colour's code; `base` is 30 for the foreground, 40 for the background (ECMA-48 8.3.117, xterm's additions).
fn colour(colour: Color, base: u8) -> String {
    let basic = |number: u8| (base + number).to_string();
    let bright = |number: u8| (base + 60 + number).to_string();
    match colour {
        Color::Reset => basic(9),
        Color::Black => basic(0),
        Color::Red => basic(1),
        Color::Green => basic(2),
        Color::Yellow => basic(3),
        Color::Blue => basic(4),
        Color::Magenta => basic(5),
        Color::Cyan => basic(6),
        Color::Gray => basic(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(number) => format!("{};5;{number}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
