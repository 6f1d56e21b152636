//! Activity: what the program did and what happened to it, newest first.

use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::link::{Entry, EntryKind};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::Layer;
use crate::ui::theme::Role;
use crate::ui::widgets::meter;
use crate::ui::widgets::table::{Align, Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Activity,
    title: "Activity",
    make: || Box::new(Activity::default()),
};

/// Columns of a progress bar.
const METER: u16 = 12;

const COLUMNS: [Column<'static>; 5] = [
    Column::new("Time", 8, 8),
    Column::new("Kind", 6, 6).priority(2),
    Column::new("Where", 12, 18).priority(5),
    Column::new("What", 36, 200),
    Column::new("Took", 6, 7).align(Align::Right).priority(4),
];

/// The pane.
#[derive(Default)]
struct Activity {
    rows: Rows<u64>,
    /// Whether a line other than the newest is selected; else the newest is followed.
    is_held: bool,
    kind: Option<EntryKind>,
    filter: Filter,
}

impl Activity {
    fn shown<'a>(&self, context: &PaneContext<'a>) -> Vec<&'a Entry> {
        let mut entries: Vec<&Entry> = context
            .replica
            .activity
            .iter()
            .filter(|entry| self.kind.is_none_or(|kind| entry.kind == kind))
            .filter(|entry| {
                let place = entry
                    .connection
                    .as_ref()
                    .map_or("", |connection| connection.as_str());
                self.filter
                    .lets_through(&[entry.text.as_str(), place, entry.kind.as_str()])
            })
            .collect();
        entries.sort_by(|a, b| b.time.cmp(&a.time).then(b.id.cmp(&a.id)));
        entries
    }

    fn index(&self, keys: &[u64]) -> usize {
        if self.is_held {
            self.rows.index(keys)
        } else {
            0
        }
    }

    fn with_table<T>(&self, context: &PaneContext<'_>, act: impl FnOnce(&Table<'_>) -> T) -> T {
        let entries = self.shown(context);
        let keys: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
        let table = Table {
            columns: &COLUMNS,
            total: entries.len(),
            selected: (!keys.is_empty()).then(|| self.index(&keys)),
            sorted: None,
            row: &|index| row(context, entries[index]),
            totals: None,
            notes: &[],
            empty: if self.filter.is_set() || self.kind.is_some() {
                "nothing of that kind"
            } else {
                "nothing happened yet"
            },
        };
        act(&table)
    }

    fn keys(&self, context: &PaneContext<'_>) -> Vec<u64> {
        self.shown(context).iter().map(|entry| entry.id).collect()
    }

    fn info(&self, context: &PaneContext<'_>) -> String {
        let kind = self.kind.map_or("all", EntryKind::as_str);
        let filter = cells::filter_words(&self.filter);
        let dropped = context.replica.activity_dropped;
        let dropped = if dropped > 0 {
            format!(" · {} older dropped", format::count(dropped))
        } else {
            String::new()
        };
        format!("{filter}{kind} · newest first{dropped}")
    }
}

fn row(context: &PaneContext<'_>, entry: &Entry) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let connection = entry
        .connection
        .as_ref()
        .map_or("", |connection| connection.as_str());
    let place = match &entry.account {
        Some(account) => format!("{connection} {}", account.short()),
        None => connection.to_owned(),
    };
    let text = match &entry.progress {
        Some(progress) => {
            let total = progress.total.unwrap_or(progress.done);
            let bar = meter::bar(progress.done.into(), total.into(), METER);
            format!("{} {bar} {} of {total}", entry.text, progress.done)
        }
        None => entry.text.as_str().to_owned(),
    };
    vec![
        Cell::number(format::when(entry.time, context.now, context.zone), muted),
        Cell::name(entry.kind.as_str(), theme.style(Role::Accent)),
        Cell::name(place, muted),
        Cell::sentence(text, theme.level(entry.level)),
        match entry.took_ms {
            Some(took) => Cell::number(format::latency(took), muted),
            None => Cell::empty(),
        },
    ]
}

impl Pane for Activity {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns other panes does nothing here"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = self.keys(context);
        let here = self.index(&keys);
        self.rows.select(&keys, here);
        if self.rows.step(&keys, command, context.page) {
            self.is_held = self.rows.index(&keys) > 0;
            return None;
        }
        match command {
            Command::NextView => {
                let next = self.kind.map_or(Some(0), |kind| {
                    EntryKind::ALL
                        .iter()
                        .position(|it| *it == kind)
                        .map(|index| index + 1)
                });
                self.kind = next.and_then(|index| EntryKind::ALL.get(index).copied());
                None
            }
            Command::Open => keys.get(here).map(|id| Action::Open(Layer::Entry(*id))),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = self.info(context);
        let frame = cells::frame(context, (5, SPEC.title), &info);
        let inside = frame.draw(context.theme, area, buffer);
        self.with_table(context, |table| {
            table.draw(context.theme, inside, context.focused, buffer)
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let entries = self.shown(context);
        let keys: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
        let entry = entries.get(self.index(&keys));
        Selection {
            connection: entry.and_then(|entry| entry.connection.clone()),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let row = self.with_table(context, |table| table.row_at(cells::inside(area), at))?;
        self.rows.select(&self.keys(context), row);
        self.is_held = row > 0;
        None
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn hints(&self) -> &'static [Command] {
        &[Command::Open, Command::NextView, Command::Filter]
    }
}

#[cfg(test)]
mod tests;
