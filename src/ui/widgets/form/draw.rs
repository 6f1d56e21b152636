//! How a form looks: a mark and a label at the left, the field at the right, what is wrong below.

use super::{Control, Field, Form};
use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the mark before a label.
const MARK: u16 = 2;

/// Columns between a label and its field.
const GAP: u16 = 2;

/// Narrowest field that is worth typing into.
const NARROWEST_FIELD: u16 = 12;

/// Where a field's parts stand.
struct Place<'a, Id> {
    index: usize,
    field: &'a Field<Id>,
    line: Rect,
    errors: Vec<String>,
}

impl<Id: Copy + PartialEq> Form<Id> {
    /// Draws the form; it scrolls where it is taller than `area`, so that the focused field is in view.
    pub fn draw(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) {
        let labels = self.label_width(area.width);
        for place in self.places(area) {
            let is_focused = place.index == self.focused;
            if is_focused {
                buffer.set_string(area.x, place.line.y, "▌", theme.style(Role::Accent));
            }
            let role = if is_focused {
                Role::Strong
            } else {
                Role::Muted
            };
            let label = format::shortened(&place.field.label, labels.into());
            buffer.set_string(area.x + MARK, place.line.y, label, theme.style(role));
            let control = control_area(place.line, labels);
            place.field.draw(theme, control, is_focused, buffer);
            for (y, error) in (control.y + 1..area.bottom()).zip(&place.errors) {
                buffer.set_string(control.x, y, error, theme.style(Role::Wrong));
            }
        }
    }

    /// Where the text cursor stands, where the focused field has one.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let labels = self.label_width(area.width);
        let place = self
            .places(area)
            .find(|place| place.index == self.focused)?;
        place.field.cursor(control_area(place.line, labels))
    }

    /// Lines the form takes in a width.
    pub fn height(&self, width: u16) -> u16 {
        let lines = self.lines(width).map(|(_, _, lines)| lines).sum::<usize>();
        u16::try_from(lines).unwrap_or(u16::MAX)
    }

    /// Writes what keys do, or the question whether to discard what was typed.
    pub fn draw_footer(
        &self,
        theme: &Theme,
        hints: &[(&str, &str)],
        area: Rect,
        buffer: &mut Buffer,
    ) {
        if !self.asks_to_discard {
            return dialog::hints(theme, hints, area, buffer);
        }
        let question = "discard what you typed?";
        dialog::line(theme, Role::Warn, question, area, buffer);
        let after = u16::try_from(format::width(question) + 2)
            .unwrap_or(area.width)
            .min(area.width);
        let rest = Rect {
            x: area.x + after,
            width: area.width - after,
            ..area
        };
        dialog::hints(
            theme,
            &[("y", "discard"), ("any other key", "keep")],
            rest,
            buffer,
        );
    }

    fn label_width(&self, width: u16) -> u16 {
        let labels = self.fields.iter().filter(|field| field.is_shown);
        let widest = labels
            .map(|field| format::width(&field.label))
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(MARK + GAP + NARROWEST_FIELD);
        u16::try_from(widest).unwrap_or(room).min(room)
    }

    /// Each shown field with its index, its errors and how many lines it takes.
    fn lines(&self, width: u16) -> impl Iterator<Item = (usize, Vec<String>, usize)> {
        let room = control_area(Rect::new(0, 0, width, 1), self.label_width(width)).width;
        let shown = self
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.is_shown);
        shown.map(move |(index, field)| {
            let error = field.error.as_ref();
            let errors = error.map_or(Vec::new(), |error| format::wrapped(error, room.into()));
            let lines = 1 + errors.len();
            (index, errors, lines)
        })
    }

    fn places(&self, area: Rect) -> impl Iterator<Item = Place<'_, Id>> {
        let end_of_focused: usize = self
            .lines(area.width)
            .take_while(|(index, _, _)| *index <= self.focused)
            .map(|(_, _, lines)| lines)
            .sum();
        let skipped = end_of_focused.saturating_sub(area.height.into());
        let mut line = 0;
        self.lines(area.width)
            .filter_map(move |(index, errors, lines)| {
                let at = line;
                line += lines;
                let y = u16::try_from(at.checked_sub(skipped)?)
                    .ok()
                    .filter(|y| *y < area.height)?;
                Some(Place {
                    index,
                    field: &self.fields[index],
                    line: Rect {
                        y: area.y + y,
                        height: 1,
                        ..area
                    },
                    errors,
                })
            })
    }
}

fn control_area(line: Rect, labels: u16) -> Rect {
    let before = (MARK + labels + GAP).min(line.width);
    Rect {
        x: line.x + before,
        width: line.width - before,
        ..line
    }
}

impl<Id> Field<Id> {
    fn draw(&self, theme: &Theme, area: Rect, is_focused: bool, buffer: &mut Buffer) {
        let typing = self.typing_area(area);
        match &self.control {
            Control::Text(line) => {
                buffer.set_style(typing, theme.style(Role::Field));
                line.draw(inner(typing), theme.style(Role::Field), buffer);
            }
            Control::Secret(secret) => {
                buffer.set_style(typing, theme.style(Role::Field));
                let face = secret.face(inner(typing).width.saturating_sub(1).into());
                buffer.set_string(inner(typing).x, typing.y, face, theme.style(Role::Field));
            }
            Control::Choice { options, chosen } => {
                draw_choice(theme, options, *chosen, typing, is_focused, buffer);
            }
        }
        if !self.hint.is_empty() {
            let x = typing.right() + 1;
            let room = usize::from(area.right().saturating_sub(x));
            buffer.set_string(
                x,
                area.y,
                format::cut(&self.hint, room),
                theme.style(Role::Muted),
            );
        }
    }

    /// The part of the line that is the field itself; the rest is the hint's.
    fn typing_area(&self, area: Rect) -> Rect {
        let hint = u16::try_from(format::width(&self.hint)).unwrap_or(u16::MAX);
        let room = area.width.saturating_sub(NARROWEST_FIELD);
        let taken = if hint == 0 {
            0
        } else {
            hint.saturating_add(1).min(room)
        };
        let widest = match &self.control {
            Control::Text(line) => line.widest(),
            Control::Secret(_) | Control::Choice { .. } => u16::MAX,
        };
        Rect {
            width: (area.width - taken).min(widest),
            ..area
        }
    }

    fn cursor(&self, area: Rect) -> Option<Position> {
        let typing = inner(self.typing_area(area));
        match &self.control {
            Control::Text(line) => Some(line.cursor(typing)),
            Control::Secret(secret) => {
                let last = typing.width.saturating_sub(1);
                let column = u16::try_from(secret.count()).unwrap_or(last).min(last);
                Some(Position::new(typing.x + column, typing.y))
            }
            Control::Choice { .. } => None,
        }
    }
}

/// A field's text starts one column inside of it.
fn inner(area: Rect) -> Rect {
    let margin = area.width.min(1);
    Rect {
        x: area.x + margin,
        width: area.width - margin,
        ..area
    }
}

/// Every option side by side where they fit, else the one that is picked between arrows.
fn draw_choice(
    theme: &Theme,
    options: &[String],
    chosen: usize,
    area: Rect,
    is_focused: bool,
    buffer: &mut Buffer,
) {
    let all: usize = options.iter().map(|option| format::width(option) + 3).sum();
    let fits = all <= usize::from(area.width) + 1;
    let picked = if is_focused {
        Role::Accent
    } else {
        Role::Strong
    };
    let picked = theme.style(Role::Field).patch(theme.style(picked));
    let mut x = area.x;
    for (index, option) in options.iter().enumerate() {
        let is_chosen = index == chosen;
        if !fits && !is_chosen {
            continue;
        }
        let style = if is_chosen {
            picked
        } else {
            theme.style(Role::Muted)
        };
        let text = match (fits, is_focused) {
            (true, _) => format!(" {option} "),
            (false, true) => format!(
                "‹ {} ›",
                format::shortened(option, usize::from(area.width).saturating_sub(4))
            ),
            (false, false) => format!(
                " {} ",
                format::shortened(option, usize::from(area.width).saturating_sub(2))
            ),
        };
        let room = usize::from(area.right().saturating_sub(x));
        x = buffer.set_stringn(x, area.y, text, room, style).0 + 1;
    }
}
