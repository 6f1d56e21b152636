//! Questions, lists and what was said.

use crate::link::Level;
use crate::link::vault::{CheckFacts, Revoked, RotatedFacts};
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::spinner::spinner;
use crate::ui::widgets::{dialog, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A line of a list: what it is about, and what is said.
pub(super) struct Row {
    role: Role,
    about: String,
    says: String,
}

/// Columns of what a row is about.
const ABOUT: u16 = 22;

/// Lines around a list: frame, blank lines, keys.
const AROUND: usize = 7;

fn row(role: Role, about: impl Into<String>, says: impl Into<String>) -> Row {
    Row {
        role,
        about: about.into(),
        says: says.into(),
    }
}

/// `1 secret`, `3 secrets`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// What a look through the vault found, as rows.
pub(super) fn check_rows(facts: &CheckFacts) -> Vec<Row> {
    let mut sentence = format!("{} opened", counted(facts.records, "secret"));
    if facts.sealed > 0 {
        sentence += &format!(", {} only compared, as they are for traders", facts.sealed);
    }
    sentence += &format!("; {} whole", counted(facts.backups, "backup"));
    let mut rows = vec![row(Role::Text, "read", sentence)];
    if facts.findings.is_empty() {
        rows.push(row(Role::Strong, "found", "nothing: all is well"));
    }
    rows.extend(facts.findings.iter().map(|finding| {
        let role = if finding.is_damage {
            Role::Wrong
        } else {
            Role::Warn
        };
        row(role, finding.part.as_str(), finding.says.as_str())
    }));
    rows
}

/// What new keys made, as rows.
pub(super) fn rotated_rows(facts: &RotatedFacts) -> Vec<Row> {
    let mut rows = vec![row(Role::Text, "keys", "everything is sealed anew")];
    for warning in &facts.warnings {
        rows.push(row(Role::Warn, "but", warning.as_str()));
    }
    for slot in &facts.dropped {
        let label = if slot.label.is_empty() {
            "—"
        } else {
            slot.label.as_str()
        };
        let says = format!("{} {label} is dropped; add it again", slot.role.name());
        rows.push(row(Role::Warn, format!("slot {}", slot.id), says));
    }
    if facts.dropped.is_empty() {
        rows.push(row(
            Role::Text,
            "slots",
            "none was dropped but the old recovery code",
        ));
    }
    if let Some(revoke) = &facts.revoke {
        rows.extend(revoke.iter().map(|it| {
            let says = format!("{} ({}): {}", it.provider, it.environment, it.sentence());
            let role = match it.revoked {
                Revoked::Tokens => Role::Warn,
                Revoked::Nothing { .. } => Role::Wrong,
            };
            row(role, it.connection.as_str(), says)
        }));
        if revoke.is_empty() {
            rows.push(row(Role::Text, "credentials", "there are none to revoke"));
        }
    }
    rows
}

/// Lines of the dialog of a list.
pub(super) fn rows_height(rows: usize) -> u16 {
    // Some rows take two lines on a narrow screen.
    u16::try_from(rows.saturating_mul(2).saturating_add(AROUND)).unwrap_or(u16::MAX)
}

pub(super) fn rows(
    context: &PaneContext<'_>,
    rows: &[Row],
    top: usize,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let mut rest = Rect {
        height: inside.height.saturating_sub(2),
        ..inside
    };
    for row in rows.iter().skip(top) {
        let at = ABOUT.min(rest.width);
        let about = format::shortened(&row.about, usize::from(at.saturating_sub(2)));
        dialog::line(context.theme, Role::Muted, &about, rest, buffer);
        let place = Rect {
            x: rest.x + at,
            width: rest.width - at,
            ..rest
        };
        let below = dialog::paragraph(context.theme, row.role, &row.says, place, buffer);
        rest = dialog::below(rest, rest.height - below.height);
    }
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [("↑ ↓", "scroll"), ("enter", "back to the vault")];
    dialog::hints(context.theme, &keys, footer, buffer);
}

/// Lines of the dialog of a question.
pub(super) fn ask_height(lines: &[String], columns: u16) -> u16 {
    let lines = lines
        .iter()
        .map(|line| format::wrapped(line, columns.into()).len() + 1);
    u16::try_from(lines.sum::<usize>() + 5).unwrap_or(u16::MAX)
}

pub(super) fn ask(
    context: &PaneContext<'_>,
    (lines, yes): (&[String], &str),
    inside: Rect,
    buffer: &mut Buffer,
) {
    let mut rest = inside;
    for line in lines {
        rest = dialog::paragraph(context.theme, Role::Text, line, rest, buffer);
        rest = dialog::below(rest, 1);
    }
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [("y", yes), ("enter or esc", "leave it as it is")];
    dialog::hints(context.theme, &keys, footer, buffer);
}

/// What came of what was done last, above the keys.
pub(super) fn said(
    context: &PaneContext<'_>,
    said: Option<&(Level, String)>,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let Some((level, text)) = said else {
        return;
    };
    let role = match level {
        Level::Info => Role::Accent,
        Level::Warn => Role::Warn,
        Level::Wrong => Role::Wrong,
    };
    let above = dialog::below(inside, inside.height.saturating_sub(4));
    let one_line = Rect {
        height: above.height.min(1),
        ..above
    };
    dialog::line(context.theme, role, text, one_line, buffer);
}

/// The last line while something is under way.
pub(super) fn doing(context: &PaneContext<'_>, doing: &str, inside: Rect, buffer: &mut Buffer) {
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    frame::clear(context.theme, Role::Panel, footer, buffer);
    let text = format!("{} {doing}", spinner(context.now));
    dialog::line(context.theme, Role::Accent, &text, footer, buffer);
}
