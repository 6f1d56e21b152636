//! Positions: what is held, by account or by symbol, valued live where a live price is there.

use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{AccountId, Currency, Symbol};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Align, Cell, Column, Note, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position as Place, Rect};
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

mod holding;

use holding::Holding;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Positions,
    title: "Positions",
    make: || Box::new(Positions::default()),
};

const COLUMNS: [Column<'static>; 9] = [
    Column::new("Symbol", 6, 22),
    Column::new("Qty", 8, 12).align(Align::Right),
    Column::new("Avg", 9, 12).align(Align::Point(2)).priority(5),
    Column::new("Last", 9, 12)
        .align(Align::Point(2))
        .priority(2),
    Column::new("Value", 11, 14).align(Align::Point(2)),
    Column::new("Day %", 7, 7).align(Align::Right).priority(3),
    Column::new("Unrealised", 11, 14)
        .align(Align::Right)
        .priority(1),
    Column::new("%", 6, 7).align(Align::Right).priority(6),
    Column::new("Acct", 5, 6).align(Align::Right).priority(4),
];

/// Columns by which rows can be sorted, in the order `o` goes through them.
const SORTABLE: [usize; 5] = [4, 0, 5, 6, 7];

/// How rows are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Grouping {
    /// A row for each symbol of each account.
    #[default]
    Each,
    /// A row for each symbol, summed over accounts.
    Symbol,
    /// Like `Each`, the accounts one after the other.
    Account,
}

impl Grouping {
    fn next(self) -> Self {
        match self {
            Self::Each => Self::Symbol,
            Self::Symbol => Self::Account,
            Self::Account => Self::Each,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Each => "all accounts",
            Self::Symbol => "by symbol",
            Self::Account => "by account",
        }
    }
}

/// What a row is about.
type Key = (Symbol, Option<AccountId>);

/// The pane.
#[derive(Default)]
pub(super) struct Positions {
    rows: Rows<Key>,
    grouping: Grouping,
    /// Index into [`SORTABLE`].
    sort: usize,
    ascending: bool,
    filter: Filter,
}

impl Positions {
    fn holdings(&self, context: &PaneContext<'_>) -> Vec<Holding> {
        let positions = context.replica.all_positions();
        let mut holdings: Vec<Holding> = match self.grouping {
            Grouping::Symbol => Holding::by_symbol(context, positions),
            Grouping::Each | Grouping::Account => {
                positions.map(|it| Holding::of(context, it)).collect()
            }
        };
        holdings.retain(|it| {
            self.filter
                .lets_through(&[it.symbol.as_str(), it.account_name()])
        });
        holdings.sort_by(|a, b| self.order(a, b));
        holdings
    }

    fn order(&self, a: &Holding, b: &Holding) -> Ordering {
        let by_column = match SORTABLE[self.sort] {
            0 => b.symbol.cmp(&a.symbol),
            5 => a.day_change.cmp(&b.day_change),
            6 => a.unrealised.cmp(&b.unrealised),
            7 => a.unrealised_fraction.cmp(&b.unrealised_fraction),
            _ => a.value.map(|it| it.abs()).cmp(&b.value.map(|it| it.abs())),
        };
        let by_column = if self.ascending {
            by_column
        } else {
            by_column.reverse()
        };
        let by_account = match self.grouping {
            Grouping::Account => a.account.cmp(&b.account),
            Grouping::Each | Grouping::Symbol => Ordering::Equal,
        };
        by_account
            .then(by_column)
            .then_with(|| a.key().cmp(&b.key()))
    }

    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        act: impl FnOnce(&Table<'_>, &[Holding]) -> T,
    ) -> T {
        let holdings = self.holdings(context);
        let keys: Vec<Key> = holdings.iter().map(Holding::key).collect();
        let notes = notes(context, &holdings);
        let table = Table {
            columns: &COLUMNS,
            total: holdings.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: Some((SORTABLE[self.sort], !self.ascending)),
            row: &|index| row(context, &holdings[index]),
            totals: totals(context, &holdings),
            notes: &notes,
            empty: if self.filter.is_set() {
                "no position matches"
            } else {
                "no positions"
            },
        };
        act(&table, &holdings)
    }

    fn keys(&self, context: &PaneContext<'_>) -> Vec<Key> {
        self.holdings(context).iter().map(Holding::key).collect()
    }
}

fn row(context: &PaneContext<'_>, holding: &Holding) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let (name, text) = if holding.is_live {
        (theme.style(Role::Strong), theme.style(Role::Text))
    } else {
        (muted, muted)
    };
    let price = |price| Cell::number(format::price(price), text);
    let quantity = if context.hidden {
        Cell::number(cells::MASK, text)
    } else {
        Cell::number(format::quantity(holding.quantity), text)
    };
    vec![
        Cell::name(holding.symbol.as_str(), name),
        quantity,
        match holding.average {
            Some(average) => Cell::number(format::price_to(average, 2), muted),
            None => cells::unknown(context),
        },
        holding.price.map_or_else(|| cells::unknown(context), price),
        cells::amount(context, holding.value, text),
        cells::change(context, holding.day_change),
        cells::profit(context, holding.unrealised),
        match holding.unrealised_fraction {
            Some(fraction) => Cell::number(format::percent(fraction, 1), muted),
            None => cells::unknown(context),
        },
        match &holding.account {
            Some(account) => cells::account(context, account),
            None => Cell::name(format!("×{}", holding.accounts), muted),
        },
    ]
}

/// Sums over holdings of one currency; where there are several, the greatest and a note on the rest.
fn totals(context: &PaneContext<'_>, holdings: &[Holding]) -> Option<Row> {
    let (_, value, unrealised, cost) = sums(holdings).into_iter().next()?;
    let theme = context.theme;
    let strong = theme.style(Role::Strong);
    let fraction = unrealised.checked_div(cost);
    let mut row = vec![
        Cell::name("Total", strong),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
    ];
    row.push(cells::amount(context, Some(value), strong));
    row.push(Cell::empty());
    row.push(cells::profit(context, Some(unrealised)));
    row.push(match fraction {
        Some(fraction) => Cell::number(format::percent(fraction, 1), theme.style(Role::Muted)),
        None => cells::unknown(context),
    });
    row.push(Cell::empty());
    Some(row)
}

/// Value, unrealised profit and cost by currency, the greatest value first.
fn sums(holdings: &[Holding]) -> Vec<(Currency, Decimal, Decimal, Decimal)> {
    let mut sums: BTreeMap<Currency, (Decimal, Decimal, Decimal)> = BTreeMap::new();
    for holding in holdings {
        let sum = sums.entry(holding.currency).or_default();
        sum.0 += holding.value.unwrap_or_default();
        sum.1 += holding.unrealised.unwrap_or_default();
        sum.2 += holding.cost.unwrap_or_default().abs();
    }
    let mut sums: Vec<_> = sums
        .into_iter()
        .map(|(currency, (value, profit, cost))| (currency, value, profit, cost))
        .collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.1.abs()));
    sums
}

/// Why some rows are dim, and sums in other currencies.
fn notes(context: &PaneContext<'_>, holdings: &[Holding]) -> Vec<Note> {
    let muted = context.theme.style(Role::Muted);
    let mut notes = Vec::new();
    let old: Vec<&Holding> = holdings.iter().filter(|holding| !holding.is_live).collect();
    if let Some(oldest) = old.iter().map(|holding| holding.as_of).min() {
        let names: BTreeSet<&str> = old.iter().map(|holding| holding.symbol.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let named = if names.len() > 3 {
            format!("{} symbols", names.len())
        } else {
            names.join(", ")
        };
        let when = format::when(oldest, context.now, context.zone);
        notes.push((
            format!("{named}: the broker's price as of {when}, no live quote"),
            muted,
        ));
    }
    for (currency, value, _, _) in sums(holdings).into_iter().skip(1) {
        notes.push((
            format!("and {} {currency}", format::decimal(value, 2)),
            muted,
        ));
    }
    notes
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

impl Pane for Positions {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns other panes does nothing here"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = self.keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        match command {
            Command::SortNext => self.sort = (self.sort + 1) % SORTABLE.len(),
            Command::SortReverse => self.ascending = !self.ascending,
            Command::Group => self.grouping = self.grouping.next(),
            Command::Open => return Some(Action::Run(Command::Focus(PaneId::Detail))),
            _ => {}
        }
        None
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        self.with_table(context, |table, holdings| {
            let sorted = COLUMNS[SORTABLE[self.sort]].title().to_lowercase();
            let filter = if self.filter.is_set() {
                format!("/{} · ", self.filter.text())
            } else {
                String::new()
            };
            let all = context.replica.all_positions().count();
            let count = if holdings.len() == all {
                all.to_string()
            } else {
                format!("{} of {all}", holdings.len())
            };
            let info = format!("{filter}{} · by {sorted} · {count}", self.grouping.words());
            let frame = Frame {
                number: Some(2),
                name: SPEC.title,
                info: &info,
                focused: context.focused,
                live: false,
            };
            let inside = frame.draw(context.theme, area, buffer);
            table.draw(context.theme, inside, context.focused, buffer);
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let keys = self.keys(context);
        let selected = self.rows.selected(&keys);
        Selection {
            symbol: selected.map(|(symbol, _)| symbol.clone()),
            account: selected.and_then(|(_, account)| account.clone()),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Place) -> Option<Action> {
        let row = self.with_table(context, |table, _| table.row_at(inside(area), at))?;
        self.rows.select(&self.keys(context), row);
        None
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn symbols(&self, context: &PaneContext<'_>) -> Vec<Symbol> {
        context
            .replica
            .all_positions()
            .map(|position| position.symbol.clone())
            .collect()
    }

    fn hints(&self) -> &'static [Command] {
        &[
            Command::Buy,
            Command::Sell,
            Command::SortNext,
            Command::Group,
        ]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        false
    }
}
