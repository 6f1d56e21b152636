//! A secret that is being typed: never shown, never printed, wiped when it goes.

use crate::domain::text::clean;
use crate::ui::key::{Key, KeyCode};
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

/// Longest secret, in bytes. The buffer is reserved whole, so that it never moves and leaves a copy behind.
const LONGEST: usize = 4_096;

/// What stands for a character.
const DOT: &str = "•";

/// A secret being typed. It has no `Debug` and no `Clone`.
pub struct SecretInput {
    buffer: Zeroizing<String>,
    is_visible: bool,
}

impl Default for SecretInput {
    fn default() -> Self {
        Self {
            buffer: Zeroizing::new(String::with_capacity(LONGEST)),
            is_visible: false,
        }
    }
}

impl SecretInput {
    /// One whose characters are shown: a key's public half. It is wiped all the same.
    pub fn visible() -> Self {
        Self {
            is_visible: true,
            ..Self::default()
        }
    }

    /// Edits the secret; returns whether the key belongs to it. The cursor is always at the end.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(character) = key.typed() {
            self.insert(character);
            return true;
        }
        match (key.code, key.control) {
            (KeyCode::Backspace, false) => {
                self.buffer.pop();
                true
            }
            (KeyCode::Char('u' | 'w'), true) | (KeyCode::Backspace, true) => {
                self.clear();
                true
            }
            _ => false,
        }
    }

    /// Adds a pasted text without the blanks around it and without control characters.
    pub fn paste(&mut self, text: &str) {
        for character in text.trim().chars() {
            self.insert(character);
        }
    }

    fn insert(&mut self, character: char) {
        let is_text = !character.is_control() && character != char::REPLACEMENT_CHARACTER;
        if is_text && self.buffer.len() + character.len_utf8() <= LONGEST {
            self.buffer.push(character);
        }
    }

    /// Forgets what was typed.
    pub fn clear(&mut self) {
        self.buffer.zeroize();
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// How many characters are typed.
    pub fn count(&self) -> usize {
        self.buffer.chars().count()
    }

    /// What the screen shows in `columns`: a dot for each character, or the end of a visible text.
    pub fn face(&self, columns: usize) -> String {
        if !self.is_visible {
            return DOT.repeat(self.count().min(columns));
        }
        let skipped = self.count().saturating_sub(columns);
        clean(&self.buffer, LONGEST).chars().skip(skipped).collect()
    }

    /// Whether both are the same text.
    pub fn equals(&self, other: &Self) -> bool {
        *self.buffer == *other.buffer
    }

    /// Lets `look` see the secret, to judge it.
    pub fn judged<T>(&self, look: impl FnOnce(&str) -> T) -> T {
        look(&self.buffer)
    }

    /// Hands the secret over and forgets it.
    pub fn take(&mut self) -> SecretString {
        let secret = self.copy();
        self.clear();
        secret
    }

    /// Hands a copy over, for an attempt that may have to be repeated.
    pub fn copy(&self) -> SecretString {
        SecretString::from(self.buffer.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn typed(keys: &str) -> SecretInput {
        let mut secret = SecretInput::default();
        for key in Key::script(keys).unwrap() {
            secret.key(key);
        }
        secret
    }

    #[test]
    fn a_secret_is_typed_and_handed_over_once() {
        let mut secret = typed("hunter<backspace>x<left>2");
        assert_eq!(secret.face(80), "•••••••");
        assert_eq!(secret.face(3), "•••");
        assert_eq!(secret.take().expose_secret(), "huntex2");
        assert!(secret.is_empty());
        assert!(typed("abc<ctrl-u>").is_empty());
    }

    #[test]
    fn a_visible_one_shows_its_end_and_nothing_that_steers_a_terminal() {
        let mut key = SecretInput::visible();
        key.paste("PK3\u{202e}ABC");
        assert_eq!(
            (key.face(80), key.face(3)),
            ("PK3\u{fffd}ABC".into(), "ABC".into())
        );
    }

    #[test]
    fn a_pasted_secret_loses_line_ends_but_no_blank_inside() {
        let mut secret = SecretInput::default();
        secret.paste(" correct horse\u{1b}\r\nbattery \n");
        assert_eq!(secret.take().expose_secret(), "correct horsebattery");
    }

    #[test]
    fn a_secret_is_bounded_and_its_buffer_never_moves() {
        let mut secret = SecretInput::default();
        let before = secret.buffer.as_ptr();
        secret.paste(&"é".repeat(5_000));
        assert_eq!(secret.buffer.len(), LONGEST);
        assert_eq!(secret.buffer.as_ptr(), before);
    }
}
