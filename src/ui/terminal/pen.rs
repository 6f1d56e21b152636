//! What the terminal writes with: colours and attributes, changed by what differs and nothing else.

use super::encode::write;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Attributes that are sent, each with the codes that turn it on and off; one code ends both bold and dim.
const ATTRIBUTES: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Attributes that are sent.
const SENT: Modifier = Modifier::BOLD
    .union(Modifier::DIM)
    .union(Modifier::ITALIC)
    .union(SEEN_ON_A_BLANK);

/// Attributes that are seen without any letter.
const SEEN_ON_A_BLANK: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Colours and attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Default for Pen {
    fn default() -> Self {
        Self {
            foreground: Color::Reset,
            background: Color::Reset,
            modifier: Modifier::empty(),
        }
    }
}

impl Pen {
    /// Appends what turns this pen into `pen`, and is it from now on.
    pub(super) fn change_to(&mut self, pen: Self, out: &mut Vec<u8>) {
        if pen == *self {
            return;
        }
        if pen == Self::default() {
            out.extend_from_slice(b"\x1b[m");
        } else {
            let codes = self.codes_to(pen);
            write(out, format_args!("\x1b[{}m", codes.join(";")));
        }
        *self = pen;
    }

    fn codes_to(self, pen: Self) -> Vec<String> {
        let mut codes = Vec::new();
        let mut on = self.modifier;
        for (modifier, _, off) in ATTRIBUTES {
            if on.contains(modifier) && !pen.modifier.contains(modifier) {
                codes.push(off.to_string());
                on -= match off {
                    22 => Modifier::BOLD | Modifier::DIM,
                    _ => modifier,
                };
            }
        }
        for (modifier, code, _) in ATTRIBUTES {
            if pen.modifier.contains(modifier) && !on.contains(modifier) {
                codes.push(code.to_string());
            }
        }
        if self.foreground != pen.foreground {
            codes.push(colour(pen.foreground, 30));
        }
        if self.background != pen.background {
            codes.push(colour(pen.background, 40));
        }
        codes
    }
}

/// What a cell wants to be written with.
pub(super) fn pen_of(cell: &Cell) -> Pen {
    Pen {
        foreground: cell.fg,
        background: cell.bg,
        modifier: cell.modifier & SENT,
    }
}

/// Whether only the ground of a cell is seen.
pub(super) fn is_bare(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(SEEN_ON_A_BLANK)
}

/// The pen to write a bare cell with: its ground, and of the rest what `pen` has already and nobody sees.
pub(super) fn ground_of(cell: &Cell, pen: Pen) -> Pen {
    Pen {
        background: cell.bg,
        modifier: pen.modifier - SEEN_ON_A_BLANK,
        ..pen
    }
}

/// Whether a cell written with `pen` looks as it should.
pub(super) fn shows_through(cell: &Cell, pen: Pen) -> bool {
    if is_bare(cell) {
        ground_of(cell, pen) == pen
    } else {
        pen_of(cell) == pen
    }
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
        Color::Indexed(number @ 0..=7) => basic(number),
        Color::Indexed(number @ 8..=15) => bright(number - 8),
        Color::Indexed(number) => format!("{};5;{number}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}
