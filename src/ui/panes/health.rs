//! Health: how each connection and each of its streams is doing.

use super::{Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{ConnectionId, Text};
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth, Request};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::Layer;
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Align, Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rust_decimal::Decimal;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Health,
    title: "Health",
    make: || Box::new(Health::default()),
};

const COLUMNS: [Column<'static>; 9] = [
    Column::new("", 1, 1),
    Column::new("Connection", 10, 16),
    Column::new("State", 10, 40),
    Column::new("Latency", 7, 8).align(Align::Right).priority(1),
    Column::new("Calls", 7, 9).align(Align::Right).priority(4),
    Column::new("Errors", 6, 8).align(Align::Right).priority(3),
    Column::new("Left", 13, 15).align(Align::Right).priority(2),
    Column::new("Synced", 6, 7).align(Align::Right).priority(5),
    Column::new("Next", 5, 7).align(Align::Right).priority(6),
];

/// A row: a connection, or one of its streams.
#[derive(Clone, PartialEq, Eq)]
struct Key(ConnectionId, Option<Text>);

/// The pane.
#[derive(Default)]
pub(super) struct Health {
    rows: Rows<Key>,
}

fn keys(context: &PaneContext<'_>) -> Vec<Key> {
    let mut keys = Vec::new();
    for (id, status) in &context.replica.connections {
        keys.push(Key(id.clone(), None));
        keys.extend(
            status
                .feeds
                .iter()
                .map(|feed| Key(id.clone(), Some(feed.name.clone()))),
        );
    }
    keys
}

fn row(context: &PaneContext<'_>, Key(id, feed): &Key) -> Row {
    let Some(status) = context.replica.connections.get(id) else {
        return COLUMNS.iter().map(|_| Cell::empty()).collect();
    };
    match feed {
        None => connection_row(context, status),
        Some(name) => status
            .feeds
            .iter()
            .find(|feed| feed.name == *name)
            .map_or_else(Vec::new, |feed| feed_row(context, feed)),
    }
}

fn connection_row(context: &PaneContext<'_>, status: &ConnectionStatus) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let text = theme.style(Role::Text);
    let (mark, role) = cells::mark(Some(status));
    let (words, words_role) = state_words(context, status);
    let errors = if status.errors > 0 {
        Role::Warn
    } else {
        Role::Muted
    };
    let age =
        |moment: Option<_>| format::or_unknown(moment, |at| format::age(context.now.since(at)));
    vec![
        Cell::name(mark, theme.style(role)),
        Cell::name(status.id.as_str(), theme.style(Role::Strong)),
        Cell::sentence(words, theme.style(words_role)),
        Cell::number(format::or_unknown(status.latency_ms, format::latency), text),
        Cell::number(format::count(status.calls), muted),
        Cell::number(error_rate(status), theme.style(errors)),
        Cell::number(
            format::or_unknown(status.requests_left, |(left, all)| {
                format!("{left} / {all}")
            }),
            text,
        ),
        Cell::number(age(status.last_sync), muted),
        Cell::number(
            format::or_unknown(status.next_sync, |at| format::age(at.since(context.now))),
            muted,
        ),
    ]
}

/// Failed calls and their share: `3 1.2%`.
fn error_rate(status: &ConnectionStatus) -> String {
    let share = Decimal::from(status.errors).checked_div(Decimal::from(status.calls));
    match share {
        Some(share) if status.errors > 0 => {
            format!("{} {}", status.errors, format::percent(share, 0))
        }
        _ => "0".into(),
    }
}

fn state_words(context: &PaneContext<'_>, status: &ConnectionStatus) -> (String, Role) {
    let skew = status
        .clock_skew_ms
        .map(|millis| format!(", clock off by {} s", millis / 1_000));
    match &status.state {
        ConnectionState::Live => (format!("live{}", skew.unwrap_or_default()), Role::Text),
        ConnectionState::Connecting => ("reading accounts".into(), Role::Accent),
        ConnectionState::Disconnected => ("disconnected".into(), Role::Muted),
        ConnectionState::Retrying { at, why } => (
            format!("again in {}: {why}", format::age(at.since(context.now))),
            Role::Warn,
        ),
        ConnectionState::NeedsSignIn { why } => (format!("sign in: {why}"), Role::Wrong),
        ConnectionState::Failed { why } => (format!("failed: {why}"), Role::Wrong),
    }
}

fn feed_row(context: &PaneContext<'_>, feed: &FeedHealth) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let (words, role) = feed_words(feed);
    vec![
        Cell::empty(),
        Cell::name(format!("  {}", feed.name), muted),
        Cell::sentence(words, theme.style(role)),
        Cell::empty(),
        Cell::number(format::count(feed.messages), muted),
        Cell::number(
            format::count(feed.garbled),
            theme.style(if feed.garbled > 0 {
                Role::Warn
            } else {
                Role::Muted
            }),
        ),
        Cell::empty(),
        Cell::number(
            format::or_unknown(feed.heard, |at| format::age(context.now.since(at))),
            muted,
        ),
        Cell::empty(),
    ]
}

fn feed_words(feed: &FeedHealth) -> (String, Role) {
    let reconnects = match feed.reconnects {
        0 => String::new(),
        1 => ", connected again once".into(),
        times => format!(", connected again {times} times"),
    };
    let missing = match feed.not_live.len() {
        0 => String::new(),
        count => format!(", {count} symbols not live"),
    };
    match (&feed.problem, feed.live) {
        (Some(problem), _) => (format!("{problem}{missing}{reconnects}"), Role::Warn),
        (None, true) => (format!("live{missing}{reconnects}"), Role::Text),
        (None, false) => ("not connected".into(), Role::Muted),
    }
}

fn with_table<T>(pane: &Health, context: &PaneContext<'_>, act: impl FnOnce(&Table<'_>) -> T) -> T {
    let keys = keys(context);
    let table = Table {
        columns: &COLUMNS,
        total: keys.len(),
        selected: (!keys.is_empty()).then(|| pane.rows.index(&keys)),
        sorted: None,
        row: &|index| row(context, &keys[index]),
        totals: None,
        notes: &[],
        empty: "nothing is connected; c connects",
    };
    act(&table)
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
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
            Some(connection) => Some(Action::Send(Request::Connect { connection })),
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
        let frame = Frame {
            number: Some(6),
            name: SPEC.title,
            info: &info,
            focused: context.focused,
            live: false,
        };
        let inside = frame.draw(context.theme, area, buffer);
        with_table(self, context, |table| {
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
        let row = with_table(self, context, |table| table.row_at(inside(area), at))?;
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
