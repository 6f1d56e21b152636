//! Keys as the program knows them, and their text: `ctrl-k`, `shift-tab`, `del`, `?`, `G`.

use crate::domain::text::Text;
use std::fmt;

/// What is on the key's cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A character, already in the case that was typed.
    Char(char),
    /// Enter or Return.
    Enter,
    /// Escape.
    Escape,
    /// Tab; with shift it is what terminals call back-tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    Function(u8),
}

/// A key with what was held beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The key itself.
    pub code: KeyCode,
    /// Whether Ctrl was held.
    pub control: bool,
    /// Whether Alt was held.
    pub alt: bool,
    /// Whether Shift was held; always `false` for a character, whose case says it.
    pub shift: bool,
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key")]
pub struct NotAKey(pub Text);

/// Names of the keys that are not a character.
const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Escape),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];

impl Key {
    /// A key pressed alone.
    pub const fn plain(code: KeyCode) -> Self {
        Self {
            code,
            control: false,
            alt: false,
            shift: false,
        }
    }

    /// A character pressed alone.
    pub const fn char(character: char) -> Self {
        Self::plain(KeyCode::Char(character))
    }

    /// A character pressed with Ctrl.
    pub const fn ctrl(character: char) -> Self {
        Self {
            control: true,
            ..Self::char(character)
        }
    }

    /// The character it types into a text field, if it types one.
    pub fn typed(self) -> Option<char> {
        let KeyCode::Char(character) = self.code else {
            return None;
        };
        (!self.control && !self.alt).then_some(character)
    }

    /// Reads a name such as `ctrl-k`, `shift-tab`, `del`, `f5`, `?`.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let mut key = Self::plain(KeyCode::Escape);
        let mut rest = text;
        loop {
            let (held, after) = match rest.split_once('-') {
                Some((held, after)) if !after.is_empty() => (held.to_lowercase(), after),
                _ => break,
            };
            match held.as_str() {
                "ctrl" => key.control = true,
                "alt" => key.alt = true,
                "shift" => key.shift = true,
                _ => break,
            }
            rest = after;
        }
        key.code = code(rest).ok_or_else(|| NotAKey(Text::at_most(text, 32)))?;
        Ok(key.normal())
    }

    /// Reads keys as tests and macros write them: `jj<enter><ctrl-k>abc`.
    pub fn script(text: &str) -> Result<Vec<Self>, NotAKey> {
        let mut keys = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let named = rest
                .strip_prefix('<')
                .and_then(|inside| inside.split_once('>'))
                .filter(|(name, _)| !name.is_empty());
            if let Some((name, after)) = named {
                keys.push(Self::parse(name)?);
                rest = after;
            } else {
                keys.push(Self::char(first));
                rest = &rest[first.len_utf8()..];
            }
        }
        Ok(keys)
    }

    /// The one way to write a chord: Shift with a letter is the capital, Ctrl with a letter the small one.
    fn normal(mut self) -> Self {
        if let KeyCode::Char(character) = &mut self.code {
            if self.control {
                *character = character.to_ascii_lowercase();
            } else if self.shift {
                *character = character.to_ascii_uppercase();
            }
            self.shift = false;
        }
        self
    }
}

fn code(name: &str) -> Option<KeyCode> {
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return Some(KeyCode::Char(only));
    }
    let lower = name.to_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12)
        .contains(&number)
        .then_some(KeyCode::Function(number))
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (held, name) in [
            (self.control, "ctrl-"),
            (self.alt, "alt-"),
            (self.shift, "shift-"),
        ] {
            if held {
                text.push_str(name);
            }
        }
        match (self.code, NAMES.iter().find(|(_, code)| *code == self.code)) {
            (_, Some((name, _))) => text.push_str(name),
            (KeyCode::Char(character), None) => text.push(character),
            (KeyCode::Function(number), None) => text.push_str(&format!("f{number}")),
            _ => {}
        }
        out.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_text_and_reads_back() {
        let cases = [
            ("ctrl-k", "ctrl-k"),
            ("Ctrl-K", "ctrl-k"),
            ("shift-tab", "shift-tab"),
            ("shift-g", "G"),
            ("?", "?"),
            ("-", "-"),
            ("ctrl--", "ctrl--"),
            ("DEL", "del"),
            ("f12", "f12"),
            ("alt-x", "alt-x"),
            ("space", "space"),
            ("pgdn", "pgdn"),
        ];
        for (text, expected) in cases {
            let key = Key::parse(text).unwrap();
            assert_eq!(key.to_string(), expected);
            assert_eq!(Key::parse(&key.to_string()), Ok(key), "{text}");
        }
        for wrong in ["", "ctrl-", "hyper-x", "f13", "f0", "entre"] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_script_mixes_characters_and_names() {
        assert_eq!(
            Key::script("j<enter><ctrl-k><é").unwrap(),
            [
                Key::char('j'),
                Key::plain(KeyCode::Enter),
                Key::ctrl('k'),
                Key::char('<'),
                Key::char('é'),
            ]
        );
        assert!(Key::script("<nope>").is_err());
    }

    #[test]
    fn only_plain_characters_type() {
        assert_eq!(Key::char('G').typed(), Some('G'));
        assert_eq!(Key::ctrl('k').typed(), None);
        assert_eq!(Key::plain(KeyCode::Enter).typed(), None);
    }
}
