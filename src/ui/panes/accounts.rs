//! Accounts: every connection with what its accounts hold, how fresh that is, and what is wrong.

use super::{Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{AccountId, Balance, ConnectionId};
use crate::link::{ConnectionState, Request};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::overlays::Layer;
use crate::ui::widgets::table::{Align, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Duration;

mod entry;
mod notes;
mod totals;

use entry::Entry;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Accounts,
    title: "Accounts",
    make: || Box::new(Accounts::default()),
};

/// Reads of the balances that may be missed before a balance is old.
const MISSED_READS: u32 = 3;

/// A row: an account, or a connection that has none yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(ConnectionId, Option<AccountId>);

/// The pane.
#[derive(Default)]
struct Accounts {
    rows: Rows<Key>,
    /// The account whose equity history stands below the table while it is selected.
    history: Option<AccountId>,
}

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Mark,
    Title,
    Environment,
    Name,
    Number,
    Value,
    Currency,
    Day,
    Age,
    SignIn,
    Cash,
    BuyingPower,
}

impl Field {
    /// The columns there are: currency and sign-in only where they tell something.
    fn shown(context: &PaneContext<'_>, currencies: usize) -> Vec<Self> {
        let mut connections = context.replica.connections.values();
        let expires = connections.any(|it| it.sign_in_due.is_some());
        let all = [
            Self::Mark,
            Self::Title,
            Self::Environment,
            Self::Name,
            Self::Number,
            Self::Value,
            Self::Currency,
            Self::Day,
            Self::Age,
            Self::SignIn,
            Self::Cash,
            Self::BuyingPower,
        ];
        let is_shown = |it: &Self| {
            (*it != Self::Currency || currencies > 1) && (*it != Self::SignIn || expires)
        };
        all.into_iter().filter(is_shown).collect()
    }

    fn column(self, value_title: &str) -> Column<'_> {
        let point = Align::Point(2);
        match self {
            Self::Mark => Column::new("", 1, 1),
            Self::Title => Column::new("Account", 10, 14),
            Self::Environment => Column::new("", 5, 5).priority(2),
            Self::Name => Column::new("", 6, 10).priority(5),
            Self::Number => Column::new("", 5, 5).priority(1),
            Self::Value => Column::new(value_title, 12, 14).align(point),
            Self::Currency => Column::new("", 3, 4),
            Self::Day => Column::new("Day %", 7, 15).align(Align::Right),
            Self::Age => Column::new("Age", 4, 5).align(Align::Right).priority(4),
            Self::SignIn => Column::new("Sign-in", 7, 7).align(Align::Right).priority(6),
            Self::Cash => Column::new("Cash", 10, 14).align(point).priority(7),
            Self::BuyingPower => Column::new("Buying power", 12, 14).align(point).priority(8),
        }
    }
}

fn keys(context: &PaneContext<'_>) -> Vec<Key> {
    let replica = context.replica;
    let accounts = replica.accounts.keys();
    let mut keys: Vec<Key> = accounts
        .map(|id| Key(id.connection.clone(), Some(id.clone())))
        .collect();
    for connection in replica.connections.keys() {
        if !keys.iter().any(|Key(of, _)| of == connection) {
            keys.push(Key(connection.clone(), None));
        }
    }
    keys.sort();
    keys
}

/// How long ago a balance was read, where that is longer than it should be.
fn overdue(context: &PaneContext<'_>, balance: &Balance) -> Option<Duration> {
    let age = context.now.since(balance.as_of);
    let expected = context.config.refresh.accounts_seconds;
    let limit = Duration::from_secs(expected.saturating_mul(MISSED_READS).into());
    (age > limit).then_some(age)
}

/// Whether a balance is what the provider says now.
fn is_live(context: &PaneContext<'_>, balance: &Balance) -> bool {
    let status = context.replica.connection_of(&balance.account);
    status.is_some_and(|it| it.state == ConnectionState::Live)
        && overdue(context, balance).is_none()
}

impl Accounts {
    /// A table, ready to draw or to be asked where its rows are.
    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        inside: Rect,
        act: impl FnOnce(&Table<'_>) -> T,
    ) -> T {
        let keys = keys(context);
        let sums = totals::sums(context);
        let fields = Field::shown(context, sums.len());
        let value_title = match sums.as_slice() {
            [only] => format!("Value {}", only.currency),
            _ => "Value".to_owned(),
        };
        let columns: Vec<Column<'_>> = fields.iter().map(|it| it.column(&value_title)).collect();
        let row = |index: usize| -> Row {
            let entry = Entry::of(context, &keys[index]);
            fields.iter().map(|it| entry.cell(context, *it)).collect()
        };
        let selected = self.rows.selected(&keys);
        let history = self.history.as_ref();
        let notes = notes::notes(context, &sums, selected, (history, inside.width));
        let notes = cells::few(notes, inside);
        let table = Table {
            columns: &columns,
            total: keys.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: None,
            row: &row,
            totals: totals::row(context, &sums, &fields),
            notes: &notes,
            empty: cells::nothing(context),
        };
        act(&table)
    }

    /// Starts the selected connection where that can help, else asks for a new one.
    fn connect(&self, context: &PaneContext<'_>, keys: &[Key]) -> Action {
        let connection = self
            .rows
            .selected(keys)
            .map(|Key(connection, _)| connection);
        let status = connection.and_then(|it| context.replica.connections.get(it));
        match status.map(|status| (&status.state, &status.id)) {
            Some((_, connection)) if status.is_some_and(|it| it.wants_browser(context.now)) => {
                Action::Open(Layer::SignIn(Some(connection.clone())))
            }
            Some((
                ConnectionState::Disconnected
                | ConnectionState::Retrying { .. }
                | ConnectionState::Failed { .. },
                connection,
            )) => Action::Send(Request::Connect {
                connection: connection.clone(),
            }),
            Some((
                ConnectionState::Live
                | ConnectionState::Connecting
                | ConnectionState::Sealed
                | ConnectionState::NeedsSignIn { .. },
                _,
            ))
            | None => Action::Open(Layer::Connect),
        }
    }

    /// Shows the equity history of the selected account, or hides it again.
    fn toggle_history(&mut self, account: Option<AccountId>) -> Option<Action> {
        if self.history.is_some() && self.history == account {
            self.history = None;
            return None;
        }
        self.history.clone_from(&account);
        account.map(|account| Action::Send(Request::LoadEquity { account }))
    }
}

impl Pane for Accounts {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns no account is done elsewhere"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        let Key(connection, account) = match self.rows.selected(&keys) {
            Some(key) => key.clone(),
            None if command == Command::Connect => return Some(Action::Open(Layer::Connect)),
            None => return None,
        };
        match command {
            Command::Connect => Some(self.connect(context, &keys)),
            Command::Disconnect => Some(Action::Send(Request::Disconnect { connection })),
            Command::Sync => Some(Action::Sync {
                connection: Some(connection),
                account,
            }),
            Command::Copy => {
                let text = account.map_or(connection.to_string(), |it| it.number.to_string());
                Some(Action::Copy(text))
            }
            Command::Open => self.toggle_history(account),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let count = context.replica.accounts.len().to_string();
        let frame = cells::frame(context, (1, SPEC.title), &count);
        let inside = frame.draw(context.theme, area, buffer);
        self.with_table(context, inside, |table| {
            table.draw(context.theme, inside, context.focused, buffer);
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let keys = keys(context);
        let selected = self.rows.selected(&keys);
        Selection {
            connection: selected.map(|Key(connection, _)| connection.clone()),
            account: selected.and_then(|Key(_, account)| account.clone()),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let inside = cells::inside(area);
        let row = self.with_table(context, inside, |table| table.row_at(inside, at))?;
        self.rows.select(&keys(context), row);
        None
    }

    fn hints(&self) -> &'static [Command] {
        &[
            Command::Sync,
            Command::Connect,
            Command::Disconnect,
            Command::Open,
        ]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
