//! A list to find something in: a few letters narrow it, arrows move, Enter picks.

use crate::ui::format;
use crate::ui::fuzzy;
use crate::ui::key::{Key, KeyCode};
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog;
use crate::ui::widgets::line_input::LineInput;
use crate::ui::widgets::table;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Longest query, in characters.
const LONGEST_QUERY: usize = 64;

/// Rows a page key moves.
const PAGE: usize = 10;

/// Columns before the query: the prompt.
const PROMPT: &str = "› ";

/// What a key did to a picker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickerEvent {
    /// The thing of that index was picked.
    Picked(usize),
    /// Another row is selected, or other rows are shown.
    Moved,
    /// The person wants to leave.
    Close,
    /// The key means nothing to a picker.
    NotMine,
}

/// A query and the rows it leaves.
pub struct Picker {
    texts: Vec<String>,
    query: LineInput,
    matches: Vec<usize>,
    selected: usize,
}

impl Picker {
    /// Picks from things that are found by `texts`; the one at `index` is selected.
    pub fn new(texts: Vec<String>, index: usize) -> Self {
        Self {
            matches: (0..texts.len()).collect(),
            query: LineInput::new("", LONGEST_QUERY),
            selected: index.min(texts.len().saturating_sub(1)),
            texts,
        }
    }

    /// Reacts to a key.
    pub fn key(&mut self, key: Key) -> PickerEvent {
        let last = self.matches.len().saturating_sub(1);
        let selected = match (key.code, key.control) {
            (KeyCode::Escape, _) | (KeyCode::Char('c'), true) => return PickerEvent::Close,
            (KeyCode::Enter, _) => {
                return self
                    .selected()
                    .map_or(PickerEvent::NotMine, PickerEvent::Picked);
            }
            (KeyCode::Up, _) | (KeyCode::Char('p' | 'k'), true) => self.selected.saturating_sub(1),
            (KeyCode::Down, _) | (KeyCode::Char('n' | 'j'), true) => self.selected + 1,
            (KeyCode::PageUp, _) => self.selected.saturating_sub(PAGE),
            (KeyCode::PageDown, _) => self.selected + PAGE,
            _ if self.query.key(key) => {
                self.search();
                return PickerEvent::Moved;
            }
            _ => return PickerEvent::NotMine,
        };
        self.selected = selected.min(last);
        PickerEvent::Moved
    }

    /// Takes a pasted text into the query.
    pub fn paste(&mut self, text: &str) {
        self.query.paste(text);
        self.search();
    }

    fn search(&mut self) {
        self.matches = fuzzy::ranked(self.query.text(), self.texts.iter().map(String::as_str));
        self.selected = 0;
    }

    /// Selects a row by its place among the rows shown; returns whether there is one.
    pub fn select_row(&mut self, row: usize) -> bool {
        let exists = row < self.matches.len();
        if exists {
            self.selected = row;
        }
        exists
    }

    /// The index of the thing selected.
    pub fn selected(&self) -> Option<usize> {
        self.matches.get(self.selected).copied()
    }

    /// What is typed.
    pub fn query(&self) -> &str {
        self.query.text()
    }

    /// Indices of the things that match, in the order shown.
    pub fn matches(&self) -> &[usize] {
        &self.matches
    }

    /// Draws the query, then a row for each match by `row`, the selected one marked.
    pub fn draw(
        &self,
        theme: &Theme,
        area: Rect,
        buffer: &mut Buffer,
        mut row: impl FnMut(usize, Rect, &mut Buffer),
    ) {
        self.draw_query(theme, area, buffer);
        let rows = dialog::below(area, 2);
        if self.matches.is_empty() {
            dialog::line(theme, Role::Muted, "nothing matches", rows, buffer);
        }
        let visible = table::window(self.selected, self.matches.len(), rows.height.into());
        for (y, at) in (rows.y..rows.bottom()).zip(visible) {
            let line = Rect {
                y,
                height: 1,
                ..rows
            };
            let inside = Rect {
                x: line.x + 2.min(line.width),
                width: line.width.saturating_sub(3),
                ..line
            };
            row(self.matches[at], inside, buffer);
            if at == self.selected {
                buffer.set_style(line, theme.style(Role::Selection));
                buffer.set_string(line.x, line.y, "▌", theme.style(Role::Accent));
            }
        }
    }

    /// Draws the query alone, in the first line of `area`.
    pub fn draw_query(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        buffer.set_string(area.x, area.y, PROMPT, theme.style(Role::Key));
        let typing = typing_area(area);
        buffer.set_style(typing, theme.style(Role::Field));
        self.query.draw(typing, theme.style(Role::Field), buffer);
    }

    /// Where the text cursor stands.
    pub fn cursor(&self, area: Rect) -> Position {
        self.query.cursor(typing_area(area))
    }

    /// The place among the matches of a row of the screen; `area` as in [`Picker::draw`].
    pub fn row_at(&self, area: Rect, at: Position) -> Option<usize> {
        let rows = dialog::below(area, 2);
        let visible = table::window(self.selected, self.matches.len(), rows.height.into());
        let row = visible.start + usize::from(at.y.checked_sub(rows.y)?);
        (rows.contains(at) && visible.contains(&row)).then_some(row)
    }
}

fn typing_area(area: Rect) -> Rect {
    let before = u16::try_from(format::width(PROMPT))
        .unwrap_or(0)
        .min(area.width);
    Rect {
        x: area.x + before,
        width: area.width - before,
        height: area.height.min(1),
        ..area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(keys: &str) -> (Picker, PickerEvent) {
        let texts = ["sync", "sync-all", "sell", "themes"].map(String::from);
        let mut picker = Picker::new(texts.to_vec(), 1);
        let mut last = PickerEvent::NotMine;
        for key in Key::script(keys).unwrap() {
            last = picker.key(key);
        }
        (picker, last)
    }

    #[test]
    fn letters_narrow_and_arrows_move() {
        let cases = [
            ("<enter>", PickerEvent::Picked(1)),
            ("<down><enter>", PickerEvent::Picked(2)),
            ("<up><up><up><enter>", PickerEvent::Picked(0)),
            ("<pgdn><enter>", PickerEvent::Picked(3)),
            ("th<enter>", PickerEvent::Picked(3)),
            ("s<down><enter>", PickerEvent::Picked(1)),
            ("zzz<enter>", PickerEvent::NotMine),
            (
                "zzz<backspace><backspace><backspace><enter>",
                PickerEvent::Picked(0),
            ),
            ("<esc>", PickerEvent::Close),
            ("sy<ctrl-c>", PickerEvent::Close),
            ("<f5>", PickerEvent::NotMine),
        ];
        for (keys, expected) in cases {
            assert_eq!(pressed(keys).1, expected, "{keys}");
        }
    }

    #[test]
    fn a_click_selects_the_row_it_sees() {
        let (mut picker, _) = pressed("s");
        let area = Rect::new(5, 2, 20, 6);
        assert_eq!(picker.row_at(area, Position::new(6, 5)), Some(1));
        assert_eq!(picker.row_at(area, Position::new(6, 2)), None);
        assert_eq!(picker.row_at(area, Position::new(6, 8)), None);
        assert!(picker.select_row(1));
        assert!(!picker.select_row(4));
        assert_eq!(picker.selected(), Some(1));
    }
}
