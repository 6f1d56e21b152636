//! Pieces of text beside each other on one line, of which the least important give way where it is narrow.

use crate::ui::format;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Narrowest a text that may be shortened is shown.
const NARROWEST: u16 = 6;

/// A text in one style.
pub type Span = (String, Style);

/// One way to say a piece.
#[derive(Clone, Debug)]
struct Form {
    /// When it gives way: the greatest first, zero never.
    rank: u8,
    spans: Vec<Span>,
    /// How its only span is made to fit where it need not be whole.
    shorten: Option<fn(&str, usize) -> String>,
}

impl Form {
    fn width(&self) -> u16 {
        let width: usize = self.spans.iter().map(|(text, _)| format::width(text)).sum();
        u16::try_from(width).unwrap_or(u16::MAX)
    }

    fn narrowest(&self) -> u16 {
        match self.shorten {
            Some(_) => self.width().min(NARROWEST),
            None => self.width(),
        }
    }
}

/// A form with the columns it gets.
type Fitted<'a> = (&'a Form, u16);

/// Something to say, the long way and perhaps shorter ways.
#[derive(Clone, Debug)]
pub struct Piece {
    forms: Vec<Form>,
}

impl Piece {
    /// A piece that is shown whole or, once it gives way, not at all; the greatest rank gives way first, zero never.
    pub fn new(rank: u8, spans: Vec<Span>) -> Self {
        Self {
            forms: vec![Form {
                rank,
                spans,
                shorten: None,
            }],
        }
    }

    /// The same of one text.
    pub fn text(rank: u8, text: impl Into<String>, style: Style) -> Self {
        Self::new(rank, vec![(text.into(), style)])
    }

    /// A name, that may be shortened in its middle.
    pub fn name(rank: u8, text: impl Into<String>, style: Style) -> Self {
        Self::flexible(rank, (text.into(), style), format::shortened)
    }

    /// A sentence, that may be cut at its end.
    pub fn sentence(rank: u8, text: impl Into<String>, style: Style) -> Self {
        Self::flexible(rank, (text.into(), style), format::cut)
    }

    fn flexible(rank: u8, span: Span, shorten: fn(&str, usize) -> String) -> Self {
        let form = Form {
            rank,
            spans: vec![span],
            shorten: Some(shorten),
        };
        Self { forms: vec![form] }
    }

    /// The same with a shorter way to say it, that gives way at a rank of its own.
    pub fn or(mut self, rank: u8, spans: Vec<Span>) -> Self {
        self.forms.push(Form {
            rank,
            spans,
            shorten: None,
        });
        self
    }
}

/// A line of pieces.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// At its left.
    pub left: Vec<Piece>,
    /// At its right.
    pub right: Vec<Piece>,
    /// Columns between two pieces.
    pub gap: u16,
    /// Laid over the style of every piece: a selection.
    pub over: Style,
}

impl Line {
    /// Draws the line; whatever is shown is whole, but for names and sentences.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let (left, right) = self.fitted(area.width);
        let left_end = self.draw_forms(&left, area, buffer);
        let x = area
            .right()
            .saturating_sub(self.width(&right))
            .max(left_end);
        let place = Rect {
            x,
            width: area.right() - x,
            ..area
        };
        self.draw_forms(&right, place, buffer);
    }

    /// What is shown of each side, with its width.
    fn fitted(&self, width: u16) -> (Vec<Fitted<'_>>, Vec<Fitted<'_>>) {
        let pieces: Vec<&Piece> = self.left.iter().chain(&self.right).collect();
        let mut shown: Vec<Option<usize>> = vec![Some(0); pieces.len()];
        while self.needed(&pieces, &shown) > width && give_way(&pieces, &mut shown) {}
        let mut spare = width.saturating_sub(self.needed(&pieces, &shown));
        let mut forms = pieces.iter().zip(&shown).map(|(piece, form)| {
            let form = &piece.forms[(*form)?];
            let more = (form.width() - form.narrowest()).min(spare);
            spare -= more;
            Some((form, form.narrowest() + more))
        });
        let left = forms.by_ref().take(self.left.len()).flatten().collect();
        (left, forms.flatten().collect())
    }

    fn needed(&self, pieces: &[&Piece], shown: &[Option<usize>]) -> u16 {
        let forms = pieces.iter().zip(shown);
        let widths = forms.filter_map(|(piece, form)| Some(piece.forms[(*form)?].narrowest()));
        let width = widths.map(|width| width.saturating_add(self.gap));
        width.fold(0, u16::saturating_add).saturating_sub(self.gap)
    }

    fn width(&self, forms: &[Fitted<'_>]) -> u16 {
        let width = forms.iter().map(|(_, width)| *width + self.gap);
        width.fold(0, u16::saturating_add).saturating_sub(self.gap)
    }

    /// Returns where the next piece would stand.
    fn draw_forms(&self, forms: &[Fitted<'_>], area: Rect, buffer: &mut Buffer) -> u16 {
        let mut x = area.x;
        for (form, width) in forms {
            let mut at = x;
            for (text, style) in &form.spans {
                let room = usize::from(area.right().saturating_sub(at));
                let text = match form.shorten {
                    Some(shorten) => shorten(text, room.min((*width).into())),
                    None => format::cut(text, room),
                };
                at = buffer
                    .set_stringn(at, area.y, text, room, style.patch(self.over))
                    .0;
            }
            x = x.saturating_add(width + self.gap).min(area.right());
        }
        x
    }
}

/// Says the least important piece a shorter way or not at all; whether there was one.
fn give_way(pieces: &[&Piece], shown: &mut [Option<usize>]) -> bool {
    let rank = |index: &usize| shown[*index].map_or(0, |form| pieces[*index].forms[form].rank);
    let least = (0..pieces.len()).max_by_key(rank);
    let Some(least) = least.filter(|index| rank(index) > 0) else {
        return false;
    };
    let next = shown[least].map_or(0, |form| form + 1);
    shown[least] = (next < pieces[least].forms.len()).then_some(next);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &Line, width: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        line.draw(buffer.area, &mut buffer);
        (0..width).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    fn line() -> Line {
        let plain = Style::new();
        Line {
            left: vec![
                Piece::text(0, "PAPER", plain),
                Piece::text(3, "net 1,234.50 USD", plain).or(1, vec![("1,234.50".into(), plain)]),
                Piece::name(2, "Vanguard Total Stock", plain),
            ],
            right: vec![Piece::text(0, "14:32:07", plain)],
            gap: 2,
            over: plain,
        }
    }

    #[test]
    fn the_least_important_gives_way_and_nothing_is_a_part_of_a_number() {
        let line = line();
        let cases = [
            (
                60,
                "PAPER  net 1,234.50 USD  Vanguard Total Stock       14:32:07",
            ),
            (50, "PAPER  net 1,234.50 USD  Vanguar…l Stock  14:32:07"),
            (41, "PAPER  net 1,234.50 USD  Van…ck  14:32:07"),
            (40, "PAPER  1,234.50  Vangua… Stock  14:32:07"),
            (30, "PAPER  1,234.50       14:32:07"),
            (24, "PAPER           14:32:07"),
            (20, "PAPER       14:32:07"),
            (12, "PAPER  …    "),
            (4, "PAP…"),
        ];
        for (width, expected) in cases {
            assert_eq!(drawn(&line, width), expected, "{width}");
        }
    }

    #[test]
    fn no_room_is_no_panic() {
        for width in 0..4 {
            assert_eq!(drawn(&line(), width).chars().count(), usize::from(width));
        }
    }
}
