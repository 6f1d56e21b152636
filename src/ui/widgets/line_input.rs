//! A line of text that is being typed: cursor, words, cut and paste as in a shell.

use crate::domain::text::clean;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_input::{Input, InputRequest};
use unicode_segmentation::UnicodeSegmentation;

/// One line of text with a cursor.
#[derive(Clone)]
pub struct LineInput {
    input: Input,
    longest: usize,
}

impl LineInput {
    /// A line of at most `longest` characters that starts with `text`.
    pub fn new(text: &str, longest: usize) -> Self {
        Self {
            input: Input::new(clean(text, longest)),
            longest,
        }
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Columns that hold every text it takes, the cursor behind it included.
    pub fn widest(&self) -> u16 {
        u16::try_from(self.longest)
            .unwrap_or(u16::MAX)
            .saturating_add(2)
    }

    /// Edits the line; returns whether the key belongs to it.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(character) = key.typed() {
            self.insert(character);
            return true;
        }
        let Some(request) = request(key) else {
            return false;
        };
        self.input.handle(request);
        true
    }

    /// Inserts a text at the cursor, as far as there is room; what could steer a terminal is left out.
    pub fn paste(&mut self, text: &str) {
        for character in text.trim().chars() {
            self.insert(if character == '\n' { ' ' } else { character });
        }
    }

    fn insert(&mut self, character: char) {
        let is_safe = character != char::REPLACEMENT_CHARACTER
            && clean(character.encode_utf8(&mut [0; 4]), 2).starts_with(character);
        if is_safe && self.text().chars().count() < self.longest {
            self.input.handle(InputRequest::InsertChar(character));
        }
    }

    /// Writes the part around the cursor into one line of the screen.
    pub fn draw(&self, area: Rect, style: Style, buffer: &mut Buffer) {
        let scroll = self.scroll(area.width);
        let mut skipped = 0;
        let shown: String = self
            .text()
            .graphemes(true)
            .skip_while(|grapheme| {
                let before = skipped;
                skipped += format::width(grapheme);
                before < scroll
            })
            .collect();
        buffer.set_stringn(area.x, area.y, shown, area.width.into(), style);
    }

    /// Where the cursor stands.
    pub fn cursor(&self, area: Rect) -> Position {
        let column = self.input.visual_cursor() - self.scroll(area.width);
        let column = u16::try_from(column).unwrap_or(0);
        Position::new(area.x + column, area.y)
    }

    /// Columns left out at the left; the last column is the cursor's.
    fn scroll(&self, width: u16) -> usize {
        self.input
            .visual_scroll(usize::from(width.saturating_sub(1)))
    }
}

/// What a key asks of a line, as shells have it.
fn request(key: Key) -> Option<InputRequest> {
    let held = (key.control, key.alt);
    let request = match (key.code, held) {
        (KeyCode::Backspace, (true, false) | (false, true))
        | (KeyCode::Char('w'), (true, false)) => InputRequest::DeletePrevWord,
        (KeyCode::Backspace, _) | (KeyCode::Char('h'), (true, false)) => {
            InputRequest::DeletePrevChar
        }
        (KeyCode::Delete, _) => InputRequest::DeleteNextChar,
        (KeyCode::Left, (true, _) | (_, true)) | (KeyCode::Char('b'), (false, true)) => {
            InputRequest::GoToPrevWord
        }
        (KeyCode::Right, (true, _) | (_, true)) | (KeyCode::Char('f'), (false, true)) => {
            InputRequest::GoToNextWord
        }
        (KeyCode::Left, _) | (KeyCode::Char('b'), (true, false)) => InputRequest::GoToPrevChar,
        (KeyCode::Right, _) | (KeyCode::Char('f'), (true, false)) => InputRequest::GoToNextChar,
        (KeyCode::Home, _) | (KeyCode::Char('a'), (true, false)) => InputRequest::GoToStart,
        (KeyCode::End, _) | (KeyCode::Char('e'), (true, false)) => InputRequest::GoToEnd,
        (KeyCode::Char('u'), (true, false)) => InputRequest::DeleteLine,
        (KeyCode::Char('y'), (true, false)) => InputRequest::Yank,
        _ => return None,
    };
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> String {
        let mut line = LineInput::new("", 12);
        for key in Key::script(keys).unwrap() {
            line.key(key);
        }
        line.text().to_owned()
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let cases = [
            ("AAPL", "AAPL"),
            ("ac<left>b", "abc"),
            ("abc<backspace>", "ab"),
            ("abc<home><del>", "bc"),
            ("one two<ctrl-w>", "one "),
            ("one<ctrl-u>x<ctrl-y>", "xone"),
            ("abc<ctrl-a>x<ctrl-e>y", "xabcy"),
            ("0123456789abcdef", "0123456789ab"),
            ("a<enter><tab><up>b", "ab"),
        ];
        for (keys, expected) in cases {
            assert_eq!(typed(keys), expected, "{keys}");
        }
    }

    #[test]
    fn a_paste_is_cleaned_and_bounded() {
        let mut line = LineInput::new("x", 12);
        line.paste("  a\nb\u{1b}[2J\u{202e}  ");
        assert_eq!(line.text(), "xa b[2J");
        line.paste(&"y".repeat(99));
        assert_eq!(line.text().chars().count(), 12);
    }

    #[test]
    fn the_cursor_stays_in_view() {
        let mut line = LineInput::new("0123456789", 32);
        let area = Rect::new(3, 0, 5, 1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        line.draw(area, Style::new(), &mut buffer);
        let shown: String = (0..10).map(|x| buffer[(x, 0)].symbol()).collect();
        assert_eq!(
            (shown.as_str(), line.cursor(area)),
            ("   6789   ", Position::new(7, 0))
        );
        line.key(Key::plain(KeyCode::Home));
        assert_eq!(line.cursor(area), Position::new(3, 0));
    }
}
