//! One line of the activity, whole.

use crate::link::Entry;
use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::facts::{Fact, draw_facts};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The overlay of a line of the activity; it follows the line while that changes.
pub struct EntryDetail {
    id: u64,
    last_seen: Entry,
}

impl EntryDetail {
    /// The line of that number; `None` where it is no longer kept.
    pub fn new(id: u64, context: &PaneContext<'_>) -> Option<Self> {
        let last_seen = context
            .replica
            .activity
            .iter()
            .find(|entry| entry.id == id)?
            .clone();
        Some(Self { id, last_seen })
    }

    fn text(&self) -> String {
        let detail = self
            .last_seen
            .detail
            .as_ref()
            .map(|detail| format!("\n{detail}"));
        format!("{}{}", self.last_seen.text, detail.unwrap_or_default())
    }

    fn facts(&self, context: &PaneContext<'_>) -> Vec<Fact> {
        let entry = &self.last_seen;
        let mut facts = vec![
            Fact::new("Time", format::date_and_time(entry.time, context.zone)),
            Fact::new("Kind", entry.kind.as_str()),
        ];
        if let Some(connection) = &entry.connection {
            facts.push(Fact::new("Connection", connection.as_str()));
        }
        if let Some(account) = &entry.account {
            facts.push(Fact::new("Account", account.short()));
        }
        if let Some(took) = entry.took_ms {
            facts.push(Fact::new("Took", format::latency(took)));
        }
        if let Some(progress) = &entry.progress {
            let total = progress
                .total
                .map(|total| format!(" of {total}"))
                .unwrap_or_default();
            facts.push(Fact::new("Progress", format!("{}{total}", progress.done)));
        }
        facts
    }
}

impl Overlay for EntryDetail {
    fn name(&self) -> &'static str {
        "entry"
    }

    fn key(&mut self, _context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match (key.code, key.typed()) {
            (KeyCode::Escape | KeyCode::Enter, _) | (_, Some('q')) => vec![Action::Close],
            (_, Some('y')) => vec![Action::Copy(self.text())],
            _ => Vec::new(),
        }
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let entry = context
            .replica
            .activity
            .iter()
            .rev()
            .find(|entry| entry.id == self.id);
        if let Some(entry) = entry {
            self.last_seen = entry.clone();
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let facts = self.facts(context);
        let width = 80.min(area.width);
        let columns = usize::from(width.saturating_sub(6));
        let detail = self
            .last_seen
            .detail
            .as_ref()
            .map_or("", |detail| detail.as_str());
        let lines = |text| format::wrapped(text, columns).len();
        let detail_lines = if detail.is_empty() {
            0
        } else {
            lines(detail) + 1
        };
        let height = lines(self.last_seen.text.as_str()) + detail_lines + facts.len() + 5;
        let dialog = Dialog {
            title: "Activity",
            info: "",
            width,
            height: u16::try_from(height).unwrap_or(u16::MAX),
            live: false,
        };
        let inside = dialog::below(dialog.draw(context.theme, area, buffer), 1);
        let rest = draw_facts(context.theme, &facts, inside, buffer);
        let rest = format::wrapped(self.last_seen.text.as_str(), columns)
            .iter()
            .fold(dialog::below(rest, 1), |rest, line| {
                if rest.height > 0 {
                    buffer.set_string(
                        rest.x,
                        rest.y,
                        line,
                        context.theme.level(self.last_seen.level),
                    );
                }
                dialog::below(rest, 1)
            });
        if !detail.is_empty() {
            dialog::paragraph(
                context.theme,
                Role::Muted,
                detail,
                dialog::below(rest, 1),
                buffer,
            );
        }
    }

    fn hints(&self) -> Vec<(String, String)> {
        [("y", "copy"), ("esc", "close")]
            .map(|(key, hint)| (key.into(), hint.into()))
            .to_vec()
    }
}
