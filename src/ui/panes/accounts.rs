//! Accounts: every connection with what its accounts hold, how fresh that is, and what is wrong.

use super::{Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{AccountId, ConnectionId, Currency};
use crate::link::{ConnectionState, Request};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::Layer;
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Align, Cell, Column, Note, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Accounts,
    title: "Accounts",
    make: || Box::new(Accounts::default()),
};

const COLUMNS: [Column<'static>; 9] = [
    Column::new("", 1, 1),
    Column::new("Account", 8, 16),
    Column::new("", 5, 10).priority(3),
    Column::new("", 5, 5),
    Column::new("Value", 10, 14).align(Align::Point(2)),
    Column::new("Day %", 7, 7).align(Align::Right),
    Column::new("Cash", 10, 14)
        .align(Align::Point(2))
        .priority(5),
    Column::new("Buying power", 12, 14)
        .align(Align::Point(2))
        .priority(6),
    Column::new("Age", 4, 5).align(Align::Right).priority(4),
];

/// A row: an account, or a connection that has none yet.
#[derive(Clone, PartialEq, Eq)]
struct Key(ConnectionId, Option<AccountId>);

/// The pane.
#[derive(Default)]
pub(super) struct Accounts {
    rows: Rows<Key>,
}

fn keys(context: &PaneContext<'_>) -> Vec<Key> {
    let replica = context.replica;
    let mut keys: Vec<Key> = replica
        .accounts
        .keys()
        .map(|id| Key(id.connection.clone(), Some(id.clone())))
        .collect();
    for connection in replica.connections.keys() {
        if !keys.iter().any(|Key(of, _)| of == connection) {
            keys.push(Key(connection.clone(), None));
        }
    }
    keys.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    keys
}

fn row(context: &PaneContext<'_>, Key(connection, account): &Key) -> Row {
    let (replica, theme) = (context.replica, context.theme);
    let status = replica.connections.get(connection);
    let (mark, role) = cells::mark(status);
    let trouble = status.and_then(|status| cells::trouble(status, context.now));
    let strong = if trouble.is_none() {
        Role::Strong
    } else {
        Role::Muted
    };
    let muted = theme.style(Role::Muted);
    let balance = account.as_ref().and_then(|id| replica.balances.get(id));
    let details = account.as_ref().and_then(|id| replica.accounts.get(id));
    let environment = status.map_or("", |status| status.environment.as_str());
    let kind = details.map_or(environment, |account| account.name.as_str());
    let text = if trouble.is_none() {
        Role::Text
    } else {
        Role::Muted
    };
    vec![
        Cell::name(mark, theme.style(role)),
        Cell::name(connection.as_str(), theme.style(strong)),
        Cell::name(
            if kind == connection.as_str() {
                environment
            } else {
                kind
            },
            muted,
        ),
        Cell::name(
            account.as_ref().map(AccountId::short).unwrap_or_default(),
            muted,
        ),
        cells::amount(context, balance.map(|it| it.equity), theme.style(text)),
        match &trouble {
            Some((words, role)) => Cell::sentence(words.as_str(), theme.style(*role)),
            None => cells::change(context, balance.and_then(|it| it.day_change_fraction())),
        },
        cells::amount(context, balance.map(|it| it.cash), theme.style(text)),
        cells::amount(
            context,
            balance.and_then(|it| it.buying_power),
            theme.style(text),
        ),
        match balance {
            Some(balance) => Cell::number(format::age(context.now.since(balance.as_of)), muted),
            None => cells::unknown(context),
        },
    ]
}

/// Sums of what is held, and of what of it is live.
#[derive(Default)]
struct Sum {
    equity: Decimal,
    before: Decimal,
    live: Decimal,
}

fn sums(context: &PaneContext<'_>) -> BTreeMap<Currency, Sum> {
    let mut sums: BTreeMap<Currency, Sum> = BTreeMap::new();
    for balance in context.replica.balances.values() {
        let sum = sums.entry(balance.currency).or_default();
        sum.equity += balance.equity;
        sum.before += balance.previous_equity.unwrap_or(balance.equity);
        let state = context
            .replica
            .connection_of(&balance.account)
            .map(|status| &status.state);
        if state == Some(&ConnectionState::Live) {
            sum.live += balance.equity;
        }
    }
    sums
}

fn totals(context: &PaneContext<'_>) -> (Option<Row>, Vec<Note>) {
    let mut sums = sums(context).into_iter();
    let Some((currency, sum)) = sums.next() else {
        return (None, Vec::new());
    };
    let theme = context.theme;
    let strong = theme.style(Role::Strong);
    let fraction = (sum.equity - sum.before).checked_div(sum.before);
    let row = vec![
        Cell::empty(),
        Cell::name("Total", strong),
        Cell::empty(),
        Cell::name(currency.as_str(), theme.style(Role::Muted)),
        cells::amount(context, Some(sum.equity), strong),
        cells::change(context, fraction),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
    ];
    let muted = theme.style(Role::Muted);
    let mut notes = Vec::new();
    let share = (sum.live * Decimal::ONE_HUNDRED)
        .checked_div(sum.equity)
        .map(|share| share.round());
    if let Some(share) = share.filter(|share| *share < Decimal::ONE_HUNDRED) {
        notes.push((
            format!("{share}% live, {}% older", Decimal::ONE_HUNDRED - share),
            muted,
        ));
    }
    for (currency, sum) in sums {
        notes.push((
            format!("and {} {currency}", format::decimal(sum.equity, 2)),
            muted,
        ));
    }
    (Some(row), notes)
}

/// A table, and what the frame around it says.
fn with_table<T>(
    pane: &Accounts,
    context: &PaneContext<'_>,
    act: impl FnOnce(&Table<'_>, &[Key]) -> T,
) -> T {
    let keys = keys(context);
    let (totals, notes) = totals(context);
    let table = Table {
        columns: &COLUMNS,
        total: keys.len(),
        selected: (!keys.is_empty()).then(|| pane.rows.index(&keys)),
        sorted: None,
        row: &|index| row(context, &keys[index]),
        totals,
        notes: &notes,
        empty: "nothing is connected; c connects",
    };
    act(&table, &keys)
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

impl Pane for Accounts {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns other panes does nothing here"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        let connection = self
            .rows
            .selected(&keys)
            .map(|Key(connection, _)| connection.clone());
        if command == Command::Connect
            && let Some(connection) = connection
            && context
                .replica
                .connections
                .get(&connection)
                .is_some_and(|status| status.state != ConnectionState::Live)
        {
            return Some(Action::Send(Request::Connect { connection }));
        }
        let account = self
            .rows
            .selected(&keys)
            .and_then(|Key(_, account)| account.clone());
        match command {
            Command::Connect => Some(Action::Open(Layer::Connect)),
            Command::Copy => {
                account.map(|account| Action::Copy(account.number.as_str().to_owned()))
            }
            Command::Open => Some(Action::Run(Command::Focus(PaneId::Positions))),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let count = context.replica.accounts.len().to_string();
        let frame = Frame {
            number: Some(1),
            name: SPEC.title,
            info: &count,
            focused: context.focused,
            live: false,
        };
        let inside = frame.draw(context.theme, area, buffer);
        with_table(self, context, |table, _| {
            table.draw(context.theme, inside, context.focused, buffer)
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
        let row = with_table(self, context, |table, _| table.row_at(inside(area), at))?;
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
