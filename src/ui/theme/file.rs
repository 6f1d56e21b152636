//! A theme's file: a palette of named colours, and for each role a line such as `text on red bold`.
//!
//! `[roles]` is for terminals with 256 colours and more, `[sixteen]` names the terminal's own colours, `[none]` has
//! marks alone. What cannot be read is left out with a warning, so that the parent's line holds.

use crate::domain::text::Text;
use crate::ui::theme::colour;
use crate::ui::theme::{ROLES, Role};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;

/// Longest file that is read, in bytes.
pub(super) const LONGEST_FILE: usize = 64 * 1024;

/// What is wrong in a theme; the rest of it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeWarning {
    /// The file is not TOML.
    #[error("line {line}: {problem}")]
    NotToml {
        /// Where, counted from one; zero where unknown.
        line: usize,
        /// What the parser says.
        problem: Text,
    },
    /// The file is longer than a theme can be.
    #[error("longer than 64 KiB")]
    TooLong,
    /// A table or setting nobody knows.
    #[error("unknown setting {0}")]
    UnknownSetting(Text),
    /// A role nobody asks for.
    #[error("unknown role {0}")]
    UnknownRole(Text),
    /// A line that is no style.
    #[error("{role}: cannot read {text}; expected such as \"text on red bold\"")]
    NotAStyle {
        /// Of which role or palette name.
        role: Text,
        /// What it says.
        text: Text,
    },
    /// There is no theme of that name.
    #[error("no theme is called {0}")]
    NoSuchTheme(Text),
    /// The chain of parents does not end.
    #[error("{0} inherits from itself")]
    Circle(Text),
    /// Neither the theme nor a parent says how a role looks; the default theme's is used.
    #[error("says nothing of {0}")]
    Missing(&'static str),
    /// A role can hardly be read on its ground.
    #[error("{0} can hardly be read on its ground")]
    Faint(&'static str),
    /// Paper and live could be taken for each other; the default theme's styles are used for both.
    #[error("paper and live look alike; theirs are taken from the default theme")]
    PaperLikeLive,
}

/// Lines by role or palette name.
pub(super) type Lines = BTreeMap<String, String>;

/// What a theme's file says.
#[derive(Clone, Debug, Default)]
pub(super) struct ThemeFile {
    pub(super) inherits: Option<String>,
    pub(super) palette: Lines,
    pub(super) roles: Lines,
    pub(super) sixteen: Lines,
    pub(super) none: Lines,
}

impl ThemeFile {
    /// Reads a file as far as it can be read.
    pub(super) fn parse(text: &str) -> (Self, Vec<ThemeWarning>) {
        let mut file = Self::default();
        if text.len() > LONGEST_FILE {
            return (file, vec![ThemeWarning::TooLong]);
        }
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => return (file, vec![not_toml(text, &error)]),
        };
        let mut warnings = Vec::new();
        for (name, value) in table {
            match (&*name, value) {
                ("inherits", toml::Value::String(parent)) => file.inherits = Some(parent),
                ("palette", toml::Value::Table(table)) => {
                    file.palette = lines(table, &mut warnings);
                }
                ("roles", toml::Value::Table(table)) => file.roles = roles(table, &mut warnings),
                ("sixteen", toml::Value::Table(table)) => {
                    file.sixteen = roles(table, &mut warnings);
                }
                ("none", toml::Value::Table(table)) => file.none = roles(table, &mut warnings),
                _ => warnings.push(ThemeWarning::UnknownSetting(name.into())),
            }
        }
        (file, warnings)
    }
}

fn not_toml(text: &str, error: &toml::de::Error) -> ThemeWarning {
    let before = error.span().and_then(|span| text.get(..span.start));
    ThemeWarning::NotToml {
        line: before.map_or(0, |before| before.matches('\n').count() + 1),
        problem: error.message().into(),
    }
}

fn lines(table: toml::Table, warnings: &mut Vec<ThemeWarning>) -> Lines {
    let mut lines = Lines::new();
    for (name, value) in table {
        if let toml::Value::String(line) = value {
            lines.insert(name, line);
        } else {
            warnings.push(ThemeWarning::NotAStyle {
                role: name.into(),
                text: value.to_string().into(),
            });
        }
    }
    lines
}

fn roles(table: toml::Table, warnings: &mut Vec<ThemeWarning>) -> Lines {
    let mut lines = lines(table, warnings);
    lines.retain(|name, _| {
        let known = ROLES.iter().any(|(_, role)| role == name);
        if !known {
            warnings.push(ThemeWarning::UnknownRole(name.as_str().into()));
        }
        known
    });
    lines
}

/// Reads `text on red bold dim underlined reversed`; `colour` knows the names. `None` for anything else.
pub(super) fn style(line: &str, colour: impl Fn(&str) -> Option<Color>) -> Option<Style> {
    let mut style = Style::new();
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        style = match word {
            "on" if style.bg.is_none() => style.bg(colour(words.next()?)?),
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            _ if style.fg.is_none() => style.fg(colour(word)?),
            _ => return None,
        };
    }
    Some(style)
}

/// The colour of a palette's name, or of a `#rrggbb` in its place.
pub(super) fn palette_colour(palette: &Lines, word: &str) -> Option<Color> {
    let hex = palette.get(word).map_or(word, String::as_str);
    colour::from_hex(hex).or_else(|| matches!(hex, "default").then_some(Color::Reset))
}

/// Reads a role's line, or says that it cannot be read.
pub(super) fn role_style(
    role: Role,
    line: &str,
    colour: impl Fn(&str) -> Option<Color>,
) -> Result<Style, ThemeWarning> {
    style(line, colour).ok_or_else(|| ThemeWarning::NotAStyle {
        role: role.name().into(),
        text: line.into(),
    })
}
