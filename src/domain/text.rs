//! Text from outside, made safe to show: no control characters, no bidirectional overrides, bounded length.
//!
//! Symbol names, reject reasons and error bodies come from servers and are hostile until cleaned:
//! an escape sequence in an order's reject reason could rewrite the screen or the clipboard.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::Arc;

/// Longest text kept, in characters; what is longer ends in `…`.
pub const LONGEST: usize = 256;

/// What stands in the place of a character that may not be shown.
const REPLACEMENT: char = '\u{fffd}';

/// Most combining marks in a row that are kept; more than that hides the lines around them.
const COMBINING_RUN: usize = 4;

/// Returns `raw` without anything that could steer a terminal, at most `longest` characters long.
///
/// Tabs and line ends become a space; other control characters (C0, DEL, C1), bidirectional
/// controls, zero-width characters and tags become `U+FFFD`.
pub fn clean(raw: &str, longest: usize) -> String {
    let mut cleaned = String::with_capacity(raw.len().min(longest * 4));
    let mut combining = 0;
    for (count, character) in raw.chars().enumerate() {
        if count == longest {
            cleaned.pop();
            cleaned.push('…');
            break;
        }
        combining = if is_combining(character) {
            combining + 1
        } else {
            0
        };
        match character {
            '\t' | '\n' | '\r' => cleaned.push(' '),
            _ if is_unsafe(character) => cleaned.push(REPLACEMENT),
            _ if combining > COMBINING_RUN => {}
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// Whether a character steers a terminal, or turns, joins or hides others on it.
pub fn is_unsafe(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// A text that has been [`clean`]ed; the only kind of outside text the domain carries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
pub struct Text(Arc<str>);

impl Text {
    /// Cleans `raw` to at most [`LONGEST`] characters.
    pub fn new(raw: &str) -> Self {
        Self::at_most(raw, LONGEST)
    }

    /// Cleans `raw` to at most `longest` characters.
    pub fn at_most(raw: &str, longest: usize) -> Self {
        Self(clean(raw, longest).into())
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, out)
    }
}

/// What arrives over a socket is outside text too.
impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(input)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        assert_eq!(clean(raw, 16), expected, "{raw:?}");
    }

    #[test]
    fn nothing_that_steers_a_terminal_survives() {
        check("AAPL", "AAPL");
        check("\u{1b}[2J", "\u{fffd}[2J");
        check("a\tb\r\nc", "a b  c");
        check("\u{9b}31m", "\u{fffd}31m");
        check("\u{202e}evil", "\u{fffd}evil");
        check("a\u{200b}b\u{7}", "a\u{fffd}b\u{fffd}");
        check("\u{e0041}", "\u{fffd}");
        check("naïve ✓", "naïve ✓");
    }

    #[test]
    fn length_is_bounded_and_shown() {
        check("0123456789abcdef", "0123456789abcdef");
        check("0123456789abcdefg", "0123456789abcde…");
    }

    #[test]
    fn a_pile_of_combining_marks_is_cut() {
        assert_eq!(
            clean(&format!("e{}", "\u{301}".repeat(9)), 64),
            format!("e{}", "\u{301}".repeat(4))
        );
    }
}
