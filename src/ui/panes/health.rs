//! Health: how each connection and each of its streams is doing.

use super::{Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{ConnectionId, Text};
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::Layer;
use crate::ui::widgets::table::{Align, Column, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

mod notes;
mod row;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Health,
    title: "Health",
    make: || Box::new(Health::default()),
};

const COLUMNS: [Column<'static>; 10] = [
    Column::new("", 1, 1),
    Column::new("Connection", 12, 20),
    Column::new("State", 12, 22),
    Column::new("Latency", 7, 8).align(Align::Right).priority(1),
    Column::new("Errors", 6, 9).align(Align::Right).priority(3),
    Column::new("Rate left", 10, 24)
        .align(Align::Right)
        .priority(2),
    Column::new("Synced", 6, 7).align(Align::Right).priority(5),
    Column::new("Next", 7, 8).align(Align::Right).priority(6),
    Column::new("Refresh", 7, 9).align(Align::Right).priority(4),
    Column::new("Calls", 6, 11).align(Align::Right).priority(7),
];

/// A row: a connection, or one of its streams.
#[derive(Clone, PartialEq, Eq)]
struct Key(ConnectionId, Option<Text>);

/// The pane.
#[derive(Default)]
struct Health {
    rows: Rows<Key>,
}

fn keys(context: &PaneContext<'_>) -> Vec<Key> {
    let connections = context.replica.connections.iter();
    let keys = connections.flat_map(|(id, status)| {
        let feeds = status.feeds.iter().map(|feed| Some(feed.name.clone()));
        std::iter::once(None)
            .chain(feeds)
            .map(|feed| Key(id.clone(), feed))
    });
    keys.collect()
}

fn with_table<T>(
    pane: &Health,
    context: &PaneContext<'_>,
    inside: Rect,
    act: impl FnOnce(&Table<'_>) -> T,
) -> T {
    let keys = keys(context);
    let notes = cells::few(notes::notes(context, inside.width), inside);
    let table = Table {
        columns: &COLUMNS,
        total: keys.len(),
        selected: (!keys.is_empty()).then(|| pane.rows.index(&keys)),
        sorted: None,
        row: &|index| row::row(context, &keys[index]),
        totals: None,
        notes: &notes,
        empty: cells::nothing(context),
    };
    act(&table)
}

impl Pane for Health {
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        let connection = self.rows.selected(&keys).map(|Key(id, _)| id.clone());
        if command != Command::Connect {
            return None;
        }
        match connection {
            Some(connection) => {
                let status = context.replica.connections.get(&connection);
                Some(match status {
                    Some(status) if status.wants_browser(context.now) => {
                        Action::Open(Layer::SignIn(Some(connection)))
                    }
                    Some(_) | None => Action::Send(Request::Connect { connection }),
                })
            }
            None => Some(Action::Open(Layer::Connect)),
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let overtaken = context.replica.overtaken;
        let info = if overtaken > 0 {
            format!("{} quotes overtaken", format::count(overtaken))
        } else {
            String::new()
        };
        let frame = cells::frame(context, (6, SPEC.title), &info);
        let inside = frame.draw(context.theme, area, buffer);
        with_table(self, context, inside, |table| {
            table.draw(context.theme, inside, context.focused, buffer)
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let keys = keys(context);
        let connection = self.rows.selected(&keys).map(|Key(id, _)| id.clone());
        Selection {
            connection,
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let inside = cells::inside(area);
        let row = with_table(self, context, inside, |table| table.row_at(inside, at))?;
        self.rows.select(&keys(context), row);
        None
    }

    fn hints(&self) -> &'static [Command] {
        &[Command::Sync, Command::Connect, Command::Disconnect]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
