//! A table: columns that drop out from the least important, numbers that stand on their decimal point and never jump.
//!
//! Widths follow from the columns and the room alone, never from what is in them, so nothing moves when a price does.
//! Only the visible rows are asked for.

mod places;

use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use places::{Place, places};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::ops::Range;

/// Widest gap between two columns.
const WIDEST_GAP: u16 = 4;

/// Columns before the first one, for the mark of the selected row.
const MARK: u16 = 1;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right.
    Right,
    /// On its decimal point, with room for so many decimals after it.
    Point(u16),
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    title: &'a str,
    narrowest: u16,
    widest: u16,
    priority: u8,
    align: Align,
}

impl<'a> Column<'a> {
    /// A column that stays, at the left of its place, between so many columns wide.
    pub const fn new(title: &'a str, narrowest: u16, widest: u16) -> Self {
        Self {
            title,
            narrowest,
            widest,
            priority: 0,
            align: Align::Left,
        }
    }

    /// What its header says.
    pub const fn title(&self) -> &'a str {
        self.title
    }

    /// The same with another alignment.
    pub const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same with a rank: the greatest number drops out first.
    pub const fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }
}

/// How a text is made to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Name,
    Sentence,
    Number,
}

/// What stands in a column of a row.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    /// What is said instead where it is too long.
    shorter: Vec<String>,
    style: Style,
    fit: Fit,
}

impl Cell {
    /// A name: shortened in the middle where it is too long.
    pub fn name(text: impl Into<String>, style: Style) -> Self {
        Self::new(text.into(), style, Fit::Name)
    }

    /// A sentence: cut at its end where it is too long.
    pub fn sentence(text: impl Into<String>, style: Style) -> Self {
        Self::new(text.into(), style, Fit::Sentence)
    }

    /// A number: `…` where it is too long, never a part of it.
    pub fn number(text: impl Into<String>, style: Style) -> Self {
        Self::new(text.into(), style, Fit::Number)
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::new(String::new(), Style::new(), Fit::Sentence)
    }

    fn new(text: String, style: Style, fit: Fit) -> Self {
        Self {
            text,
            shorter: Vec::new(),
            style,
            fit,
        }
    }

    /// The same with another way to say it where this one and those before are too long.
    pub fn or(mut self, shorter: impl Into<String>) -> Self {
        self.shorter.push(shorter.into());
        self
    }

    fn fitted(&self, columns: usize) -> String {
        let mut texts = std::iter::once(&self.text).chain(&self.shorter);
        let whole = texts.find(|text| format::width(text) <= columns);
        let text = whole.or(self.shorter.last()).unwrap_or(&self.text);
        match self.fit {
            Fit::Name => format::shortened(text, columns),
            Fit::Sentence => format::cut(text, columns),
            Fit::Number => format::whole_or_nothing(text, columns).into(),
        }
    }
}

/// A row: one cell for each column, those that dropped out included.
pub type Row = Vec<Cell>;

/// A line under the table: why something is dim, what is missing.
pub type Note = (String, Style);

/// A table, ready to draw.
pub struct Table<'a> {
    /// Every column, in order.
    pub columns: &'a [Column<'a>],
    /// How many rows there are.
    pub total: usize,
    /// Which row is selected.
    pub selected: Option<usize>,
    /// By which column the rows are sorted, and whether from the greatest down.
    pub sorted: Option<(usize, bool)>,
    /// Builds a row; asked for the visible ones only.
    pub row: &'a dyn Fn(usize) -> Row,
    /// A row of totals after the last one, always visible.
    pub totals: Option<Row>,
    /// Lines under the table.
    pub notes: &'a [Note],
    /// What is said where there is no row.
    pub empty: &'a str,
}

/// Which rows are visible: the selected one in the middle, as far as the ends allow.
pub fn window(selected: usize, total: usize, height: usize) -> Range<usize> {
    let start = selected
        .saturating_sub(height / 2)
        .min(total.saturating_sub(height));
    start..total.min(start + height)
}

impl Table<'_> {
    /// Draws the table into `area`; `active` says whether its selection has the keys.
    pub fn draw(&self, theme: &Theme, area: Rect, active: bool, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let places = places(self.columns, area);
        self.draw_header(theme, area, &places, buffer);
        let body = self.body(area);
        for (y, index) in (body.y..body.bottom()).zip(self.visible(body)) {
            let line = Rect::new(area.x, y, area.width, 1);
            self.draw_row(&(self.row)(index), line, &places, buffer);
            if self.selected == Some(index) {
                mark_selected(theme, line, active, buffer);
            }
        }
        self.draw_below(theme, area, body, &places, buffer);
    }

    /// The row at a place of the screen, for the mouse.
    pub fn row_at(&self, area: Rect, at: Position) -> Option<usize> {
        let body = self.body(area);
        let rows = self.visible(body);
        let index = rows.start + usize::from(at.y.checked_sub(body.y)?);
        (body.contains(at) && rows.contains(&index)).then_some(index)
    }

    /// Where a column stands in each visible row, for what is drawn over it; nowhere where it dropped out.
    pub fn cells(&self, area: Rect, column: usize) -> Vec<(usize, Rect)> {
        let places = places(self.columns, area);
        let Some(place) = places.iter().find(|place| place.column == column) else {
            return Vec::new();
        };
        let body = self.body(area);
        let lines = body.y..body.bottom();
        let cell = |(index, y)| (index, Rect::new(place.x, y, place.width, 1));
        self.visible(body).zip(lines).map(cell).collect()
    }

    /// How many rows are visible at once, for paging.
    pub fn page(&self, area: Rect) -> usize {
        usize::from(self.body(area).height)
    }

    fn visible(&self, body: Rect) -> Range<usize> {
        window(self.selected.unwrap_or(0), self.total, body.height.into())
    }

    /// The rows' place: below the header, above totals and notes; rows come before notes where it is tight.
    fn body(&self, area: Rect) -> Rect {
        let below = self.notes_shown(area) + u16::from(self.totals.is_some() && area.height > 2);
        Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1 + below),
            ..area
        }
    }

    fn notes_shown(&self, area: Rect) -> u16 {
        let room = area.height.saturating_sub(4);
        u16::try_from(self.notes.len()).unwrap_or(room).min(room)
    }

    fn draw_header(&self, theme: &Theme, area: Rect, places: &[Place], buffer: &mut Buffer) {
        for place in places {
            let column = &self.columns[place.column];
            let sorted = self.sorted.filter(|(by, _)| *by == place.column);
            let mark = match sorted {
                Some((_, true)) => "↓",
                Some((_, false)) => "↑",
                None => "",
            };
            let room = usize::from(place.width) - format::width(mark).min(place.width.into());
            let title = format!("{}{mark}", format::cut(column.title, room));
            let role = if sorted.is_some() {
                Role::Accent
            } else {
                Role::Muted
            };
            let align = match column.align {
                Align::Left => Align::Left,
                Align::Right | Align::Point(_) => Align::Right,
            };
            let pad = pad_left(&title, place.width, align);
            put(buffer, (place.x + pad, area.y), &title, theme.style(role));
        }
    }

    fn draw_row(&self, row: &Row, line: Rect, places: &[Place], buffer: &mut Buffer) {
        for place in places {
            if let Some(cell) = row.get(place.column) {
                let text = cell.fitted(place.width.into());
                let pad = pad_left(&text, place.width, self.columns[place.column].align);
                put(buffer, (place.x + pad, line.y), &text, cell.style);
            }
        }
    }

    fn draw_below(
        &self,
        theme: &Theme,
        area: Rect,
        body: Rect,
        places: &[Place],
        buffer: &mut Buffer,
    ) {
        if self.total == 0 && body.height > 0 {
            let text = format::cut(self.empty, usize::from(area.width.saturating_sub(MARK)));
            put(
                buffer,
                (area.x + MARK, body.y),
                &text,
                theme.style(Role::Muted),
            );
        }
        let rows = u16::try_from(self.visible(body).len().max(1)).unwrap_or(body.height);
        let mut y = body.y + rows.min(body.height);
        if let Some(totals) = self.totals.as_ref().filter(|_| y < area.bottom()) {
            self.draw_row(
                totals,
                Rect {
                    y,
                    height: 1,
                    ..area
                },
                places,
                buffer,
            );
            y += 1;
        }
        for (text, style) in self.notes.iter().take(self.notes_shown(area).into()) {
            let text = format::cut(text, usize::from(area.width.saturating_sub(MARK)));
            put(buffer, (area.x + MARK, y), &text, *style);
            y += 1;
        }
    }
}

fn mark_selected(theme: &Theme, line: Rect, active: bool, buffer: &mut Buffer) {
    let role = if active { Role::Accent } else { Role::Border };
    put(buffer, (line.x, line.y), "▌", theme.style(role));
    if active {
        let after_mark = Rect {
            x: line.x + MARK,
            width: line.width - MARK,
            ..line
        };
        buffer.set_style(after_mark, theme.style(Role::Selection));
    }
}

fn put(buffer: &mut Buffer, (x, y): (u16, u16), text: &str, style: Style) {
    buffer.set_string(x, y, text, style);
}

/// Columns before a text that fits `width`.
fn pad_left(text: &str, width: u16, align: Align) -> u16 {
    let columns = |text: &str| u16::try_from(format::width(text)).unwrap_or(width);
    let spare = width.saturating_sub(columns(text));
    match align {
        Align::Left => 0,
        Align::Right => spare,
        Align::Point(decimals) => {
            let after_point = text.rfind('.').map_or(0, |point| columns(&text[point..]));
            let reserved = if decimals == 0 { 0 } else { decimals + 1 };
            spare - reserved.saturating_sub(after_point).min(spare)
        }
    }
}

#[cfg(test)]
mod tests;
