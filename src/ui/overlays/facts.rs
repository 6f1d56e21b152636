//! Names and values under each other, as overlays list what they know.

use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the names.
const NAMES: u16 = 14;

/// A name and its value.
pub(super) struct Fact {
    name: &'static str,
    value: String,
    role: Role,
}

impl Fact {
    /// A plain value.
    pub(super) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            role: Role::Text,
        }
    }

    /// The same value in another role.
    pub(super) fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

/// Writes facts, one a line and more where a value is long; returns the area below them.
pub(super) fn draw_facts(theme: &Theme, facts: &[Fact], area: Rect, buffer: &mut Buffer) -> Rect {
    let names = NAMES.min(area.width);
    let mut rest = area;
    for fact in facts {
        let values = Rect {
            x: rest.x + names,
            width: rest.width - names,
            ..rest
        };
        if rest.height > 0 {
            let name = format::cut(fact.name, names.into());
            buffer.set_string(rest.x, rest.y, name, theme.style(Role::Muted));
        }
        let below = dialog::paragraph(theme, fact.role, &fact.value, values, buffer);
        rest = Rect {
            y: below.y,
            height: below.height,
            ..rest
        };
    }
    rest
}

/// Lines that facts take in a width.
pub(super) fn lines(facts: &[Fact], width: u16) -> u16 {
    let columns = usize::from(width.saturating_sub(NAMES));
    let lines = facts
        .iter()
        .map(|fact| format::wrapped(&fact.value, columns).len());
    u16::try_from(lines.sum::<usize>()).unwrap_or(u16::MAX)
}
