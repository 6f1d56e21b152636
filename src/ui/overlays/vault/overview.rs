//! What the vault is, on one page.

use super::draw;
use crate::link::vault::{AnchorFacts, BackupFacts, SlotFacts, SlotRole, VaultFacts};
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the words at the left.
const LABEL: u16 = 11;

/// Lines besides slots and backups, with the frame.
const FIXED: usize = 14;

/// Columns of a slot's parts.
const SLOT_COLUMNS: [u16; 5] = [6, 10, 22, 10, 26];

/// Lines of the whole dialog.
pub(super) fn height(facts: Option<&VaultFacts>) -> u16 {
    let rows = facts.map_or(4, |facts| facts.slots.len() + facts.backups.len().max(1));
    u16::try_from(FIXED + rows).unwrap_or(u16::MAX)
}

pub(super) fn draw(
    context: &PaneContext<'_>,
    facts: &VaultFacts,
    selected: usize,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let what = format!(
        "{}, {}; generation {}, epoch {}",
        facts.cipher.name(),
        draw::counted(facts.records, "secret"),
        facts.generation,
        facts.epoch,
    );
    let rest = labelled(context, "Sealed by", (Role::Text, &what), inside, buffer);
    let rest = labelled(context, "Recovery", recovery(facts), rest, buffer);
    let (role, anchor) = anchor(&facts.anchor);
    let rest = labelled(context, "Memory", (role, &anchor), rest, buffer);
    let mut rest = dialog::below(rest, 1);
    let heads = ["slot", "opens as", "whose", "key file", "a guess costs"];
    rest = columns(
        context,
        Role::Muted,
        &heads.map(str::to_owned),
        rest,
        buffer,
    );
    for (index, slot) in facts.slots.iter().enumerate() {
        rest = draw_slot(context, slot, index == selected, rest, buffer);
    }
    rest = dialog::below(rest, 1);
    if facts.backups.is_empty() {
        labelled(context, "Backups", (Role::Warn, "none yet"), rest, buffer);
    }
    for (index, backup) in facts.backups.iter().enumerate() {
        let label = if index == 0 { "Backups" } else { "" };
        let (role, text) = backup_line(context, backup, facts.epoch);
        rest = labelled(context, label, (role, &text), rest, buffer);
    }
}

fn recovery(facts: &VaultFacts) -> (Role, &'static str) {
    let has_code = facts
        .slots
        .iter()
        .any(|slot| slot.role == SlotRole::Recovery);
    if has_code {
        (Role::Text, "there is a recovery code for a lost passphrase")
    } else {
        (
            Role::Warn,
            "no recovery code: a lost passphrase is a lost vault",
        )
    }
}

fn anchor(facts: &AnchorFacts) -> (Role, String) {
    match facts {
        AnchorFacts::Kept => (
            Role::Text,
            "an older copy put back would be noticed".to_owned(),
        ),
        AnchorFacts::None => (Role::Muted, "this machine does not remember it".to_owned()),
        AnchorFacts::Failed(why) => (Role::Warn, why.to_string()),
    }
}

fn draw_slot(
    context: &PaneContext<'_>,
    slot: &SlotFacts,
    is_selected: bool,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    if is_selected {
        dialog::line(context.theme, Role::Accent, "▌", area, buffer);
    }
    let role = if is_selected {
        Role::Strong
    } else {
        Role::Text
    };
    let label = slot.label.as_str();
    let whose = match (label, slot.is_own) {
        ("", true) => "you".to_owned(),
        ("", false) => "—".to_owned(),
        (label, true) => format!("{label} (you)"),
        (label, false) => label.to_owned(),
    };
    let cost = format!(
        "{} MiB × {}, {} lanes",
        format::count(slot.memory_mib.into()),
        slot.passes,
        slot.lanes
    );
    let key_file = if slot.key_file { "yes" } else { "no" };
    let cells = [
        slot.id.to_string(),
        slot.role.name().to_owned(),
        whose,
        key_file.to_owned(),
        cost,
    ];
    columns(context, role, &cells, area, buffer)
}

fn columns(
    context: &PaneContext<'_>,
    role: Role,
    cells: &[String; 5],
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let mut x = area.x + 2.min(area.width);
    for (cell, wanted) in cells.iter().zip(SLOT_COLUMNS) {
        let width = wanted.min(area.right().saturating_sub(x));
        let text = format::shortened(cell, usize::from(width.saturating_sub(1)));
        let place = Rect { x, width, ..area };
        dialog::line(context.theme, role, &text, place, buffer);
        x += width;
    }
    dialog::below(area, 1)
}

fn labelled(
    context: &PaneContext<'_>,
    label: &str,
    (role, text): (Role, &str),
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    dialog::line(context.theme, Role::Muted, label, area, buffer);
    let at = LABEL.min(area.width);
    let place = Rect {
        x: area.x + at,
        width: area.width - at,
        ..area
    };
    dialog::line(context.theme, role, text, place, buffer);
    dialog::below(area, 1)
}

/// A backup in a line: how old it is, when it was made, what is in it.
fn backup_line(context: &PaneContext<'_>, backup: &BackupFacts, epoch: u32) -> (Role, String) {
    match &backup.found {
        Err(why) => (Role::Wrong, format!("{}: {why}", backup.which)),
        Ok(content) => {
            let age = format::age(context.now.since(content.made));
            let made = format::date_and_time(content.made, context.zone);
            let older = if content.epoch == epoch {
                ""
            } else {
                ", old keys"
            };
            let text = format!(
                "{}: {age} old, {made}, generation {}{older}",
                backup.which, content.generation
            );
            (Role::Text, text)
        }
    }
}

/// The keys: a viewer's are fewer.
pub(super) fn draw_footer(
    context: &PaneContext<'_>,
    may_change: bool,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let first = dialog::below(inside, inside.height.saturating_sub(2));
    let second = dialog::below(inside, inside.height.saturating_sub(1));
    let everybody = [("b", "back up now"), ("c", "check"), ("esc", "close")];
    if may_change {
        let trader = [
            ("p", "passphrase"),
            ("a", "add a slot"),
            ("x", "remove it"),
            ("r", "change keys"),
            ("n", "recovery code"),
        ];
        dialog::hints(context.theme, &trader, first, buffer);
        let [back_up, check, close] = everybody;
        let rest = [back_up, check, ("!", "in wrong hands"), close];
        dialog::hints(context.theme, &rest, second, buffer);
    } else {
        dialog::hints(context.theme, &everybody, second, buffer);
    }
}
