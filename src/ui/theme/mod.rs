//! How things look, by role: a screen asks for `Role::Up`, never for green.
//!
//! A theme is a TOML file that names a colour for each role and inherits what it leaves out; [`Themes`] holds the
//! embedded ones and the person's own. What is wrong in a file is a [`ThemeWarning`], never a failure.
//! Paper and live look different in every theme and depth: a theme that would blur them loses those roles.
//! A new role is one line in [`ROLES`] and one in each of the three tables of `themes/default.toml`.

mod colour;
mod file;
mod library;

pub use file::ThemeWarning;
pub use library::Themes;

use crate::link::Level;
use crate::ui::format::Trend;
use ratatui::style::Style;

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Behind everything.
    Ground,
    /// What is read.
    Text,
    /// What leads a line: symbols, names, totals.
    Strong,
    /// What is secondary, old or unknown.
    Muted,
    /// Name of a pane or overlay.
    Title,
    /// Focus, progress, what works.
    Accent,
    /// A key to press.
    Key,
    /// Frame of a pane.
    Border,
    /// Frame of the focused pane.
    BorderFocus,
    /// Frame of every other pane while live is armed.
    BorderLive,
    /// Behind an overlay.
    Panel,
    /// Behind a text that is being typed.
    Field,
    /// Behind the selected row.
    Selection,
    /// Rose, gained, bought.
    Up,
    /// Fell, lost, sold.
    Down,
    /// Worth a look.
    Warn,
    /// Failed.
    Wrong,
    /// The word PAPER and what belongs to it.
    Paper,
    /// The badge that says PAPER.
    PaperBadge,
    /// The word LIVE and what belongs to it.
    Live,
    /// The badge that says LIVE.
    LiveBadge,
}

/// Every role with its name in a theme file.
pub const ROLES: [(Role, &str); 21] = [
    (Role::Ground, "ground"),
    (Role::Text, "text"),
    (Role::Strong, "strong"),
    (Role::Muted, "muted"),
    (Role::Title, "title"),
    (Role::Accent, "accent"),
    (Role::Key, "key"),
    (Role::Border, "border"),
    (Role::BorderFocus, "border.focus"),
    (Role::BorderLive, "border.live"),
    (Role::Panel, "panel"),
    (Role::Field, "field"),
    (Role::Selection, "selection"),
    (Role::Up, "up"),
    (Role::Down, "down"),
    (Role::Warn, "warn"),
    (Role::Wrong, "wrong"),
    (Role::Paper, "paper"),
    (Role::PaperBadge, "paper.badge"),
    (Role::Live, "live"),
    (Role::LiveBadge, "live.badge"),
];

/// The roles that tell paper from live, in pairs.
const MODE_PAIRS: [(Role, Role); 3] = [
    (Role::Paper, Role::Live),
    (Role::PaperBadge, Role::LiveBadge),
    (Role::Border, Role::BorderLive),
];

impl Role {
    /// The role's name in a theme file.
    pub fn name(self) -> &'static str {
        ROLES[self as usize].1
    }
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, dim, underlined and reversed only.
    None,
    /// The sixteen of the terminal's own scheme.
    Sixteen,
    /// The fixed 256.
    Indexed,
    /// Any.
    True,
}

impl Depth {
    /// What the environment says of the terminal: `NO_COLOR`, `TERM`, `COLORTERM`.
    ///
    /// Sources: <https://no-color.org>, terminfo's names, the habit of setting `COLORTERM` to `truecolor`.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let colour_term = variable("COLORTERM").unwrap_or_default();
        let no_colour = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        if no_colour || term == "dumb" {
            Self::None
        } else if matches!(&*colour_term, "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// What the terminal and the person ask of every theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours there are.
    pub depth: Depth,
    /// Whether up and down trade colours, as in East Asian markets.
    pub swap_up_down: bool,
}

/// A theme, ready to draw with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    name: String,
    depth: Depth,
    styles: [Style; ROLES.len()],
}

impl Theme {
    /// The embedded default theme.
    pub fn embedded(look: Look) -> Self {
        Themes::embedded().theme(library::DEFAULT, look).0
    }

    /// Its name, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Colours it draws with.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The style of a change.
    pub fn trend(&self, trend: Trend) -> Style {
        self.style(match trend {
            Trend::Up => Role::Up,
            Trend::Down => Role::Down,
            Trend::Level => Role::Muted,
        })
    }

    /// The style of a sentence by how bad it is.
    pub fn level(&self, level: Level) -> Style {
        self.style(match level {
            Level::Info => Role::Text,
            Level::Warn => Role::Warn,
            Level::Wrong => Role::Wrong,
        })
    }

    fn of(name: &str, depth: Depth, mut style: impl FnMut(Role) -> Style) -> Self {
        Self {
            name: name.into(),
            depth,
            styles: ROLES.map(|(role, _)| style(role)),
        }
    }

    fn swap(&mut self, one: Role, other: Role) {
        self.styles.swap(one as usize, other as usize);
    }

    /// Whether paper and live could be taken for each other.
    pub fn blurs_paper_and_live(&self) -> bool {
        let ground = self.style(Role::Ground);
        MODE_PAIRS.iter().any(|(paper, live)| {
            let (paper, live) = (self.style(*paper), self.style(*live));
            colour::are_alike(paper, live) || !colour::is_legible(live, ground)
        })
    }

    fn take_mode_styles_of(&mut self, other: &Self) {
        for (paper, live) in MODE_PAIRS {
            self.styles[paper as usize] = other.style(paper);
            self.styles[live as usize] = other.style(live);
        }
    }
}

#[cfg(test)]
mod tests;
