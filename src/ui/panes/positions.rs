//! Positions: what is held, by account or by symbol, valued live where a live price is there.

use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{AccountId, Currency, Side, Symbol};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::Layer;
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Align, Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position as Place, Rect};
use std::cmp::Ordering;

mod holding;
mod totals;

use holding::Holding;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Positions,
    title: "Positions",
    make: || Box::new(Positions::default()),
};

/// What a column shows, in the order of the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    Symbol,
    Quantity,
    Average,
    Last,
    #[default]
    Value,
    DayChange,
    Unrealised,
    Percent,
    Account,
}

const FIELDS: [Field; 9] = [
    Field::Symbol,
    Field::Quantity,
    Field::Average,
    Field::Last,
    Field::Value,
    Field::DayChange,
    Field::Unrealised,
    Field::Percent,
    Field::Account,
];

impl Field {
    fn title(self) -> &'static str {
        match self {
            Self::Symbol => "Symbol",
            Self::Quantity => "Qty",
            Self::Average => "Avg",
            Self::Last => "Last",
            Self::Value => "Value",
            Self::DayChange => "Day %",
            Self::Unrealised => "Unrealised",
            Self::Percent => "%",
            Self::Account => "Acct",
        }
    }

    /// Its column; `marked` where a price has a word beside it.
    fn column(self, marked: bool) -> Column<'static> {
        let column = |narrowest, widest| Column::new(self.title(), narrowest, widest);
        let point = Align::Point(2);
        match self {
            Self::Symbol => column(6, 22),
            Self::Quantity => column(8, 12).align(Align::Right),
            Self::Average => column(9, 12).align(point).priority(5),
            Self::Last if marked => column(14, 16).align(Align::Point(6)).priority(2),
            Self::Last => column(9, 12).align(point).priority(2),
            Self::Value => column(11, 14).align(point),
            Self::DayChange => column(7, 7).align(Align::Right).priority(3),
            Self::Unrealised => column(11, 14).align(Align::Right).priority(1),
            Self::Percent => column(6, 7).align(Align::Right).priority(6),
            Self::Account => column(5, 6).align(Align::Right).priority(4),
        }
    }

    /// Whether its rows begin with the greatest, as long as nobody turns them round.
    fn is_from_the_greatest(self) -> bool {
        !matches!(self, Self::Symbol | Self::Account)
    }
}

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
            Self::Symbol => "summed by symbol",
            Self::Account => "account by account",
        }
    }
}

/// What a row is about.
type Key = (Symbol, Currency, Option<AccountId>);

/// The pane.
#[derive(Default)]
struct Positions {
    rows: Rows<Key>,
    grouping: Grouping,
    sort: Field,
    is_turned: bool,
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
        if self.filter.is_set() {
            holdings.retain(|it| {
                let name = cells::symbol_name(&it.symbol);
                let number = it.account.as_ref().map(AccountId::short);
                self.filter.lets_through(&[
                    it.symbol.as_str(),
                    &name,
                    it.account_name(),
                    number.as_deref().unwrap_or_default(),
                ])
            });
        }
        holdings.sort_by(|a, b| self.order(a, b));
        holdings
    }

    fn is_descending(&self) -> bool {
        self.sort.is_from_the_greatest() != self.is_turned
    }

    fn order(&self, a: &Holding, b: &Holding) -> Ordering {
        let by_column = match self.sort {
            Field::Symbol => self.directed(Some(&a.symbol), Some(&b.symbol)),
            Field::Quantity => self.directed(Some(a.quantity), Some(b.quantity)),
            Field::Average => self.directed(a.average, b.average),
            Field::Last => self.directed(a.price, b.price),
            Field::Value => self.directed(a.value.map(|it| it.abs()), b.value.map(|it| it.abs())),
            Field::DayChange => self.directed(a.day_change, b.day_change),
            Field::Unrealised => self.directed(a.unrealised, b.unrealised),
            Field::Percent => self.directed(a.unrealised_fraction(), b.unrealised_fraction()),
            Field::Account => self.directed(a.account.as_ref(), b.account.as_ref()),
        };
        let by_account = match self.grouping {
            Grouping::Account => a.account.cmp(&b.account),
            Grouping::Each | Grouping::Symbol => Ordering::Equal,
        };
        by_account
            .then(by_column)
            .then_with(|| a.key().cmp(&b.key()))
    }

    /// What is unknown stands last, whichever way the rest is sorted.
    fn directed<T: Ord>(&self, a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.is_descending() => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }

    /// A table for the inside of a frame, ready to draw or to be asked where its rows are.
    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        inside: Rect,
        act: impl FnOnce(&Table<'_>, &[Holding]) -> T,
    ) -> T {
        let holdings = self.holdings(context);
        let keys: Vec<Key> = holdings.iter().map(Holding::key).collect();
        let notes = cells::few(totals::notes(context, &holdings), inside);
        // By the quote even where it is stale, so that no column moves when it gets so.
        let is_marked = holdings.iter().any(|it| {
            let quote = context.replica.quote(&it.symbol);
            quote.is_some_and(|quote| !cells::feed_mark(quote).is_empty())
        });
        let columns = FIELDS.map(|field| field.column(is_marked));
        let sorted = FIELDS.iter().position(|it| *it == self.sort);
        let table = Table {
            columns: &columns,
            total: holdings.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: sorted.map(|index| (index, self.is_descending())),
            row: &|index| row(context, &holdings[index]),
            totals: totals::row(context, &holdings),
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

    fn info(&self, context: &PaneContext<'_>, shown: usize) -> String {
        let all = context.replica.all_positions().count();
        let filter = cells::filter_words(&self.filter);
        let grouping = self.grouping.words();
        let sort = if self.sort == Field::Percent {
            "unrealised %".into()
        } else {
            self.sort.title().to_lowercase()
        };
        let count = match self.grouping {
            Grouping::Symbol => shown.to_string(),
            Grouping::Each | Grouping::Account if shown == all => all.to_string(),
            Grouping::Each | Grouping::Account => format!("{shown} of {all}"),
        };
        format!("{filter}{grouping} · by {sort} · {count}")
    }

    fn ticket(&self, context: &PaneContext<'_>, side: Side) -> Option<Action> {
        let keys = self.keys(context);
        let (symbol, _, account) = self.rows.selected(&keys)?.clone();
        Some(Action::Open(Layer::Ticket {
            side,
            symbol: Some(symbol),
            account,
        }))
    }
}

fn row(context: &PaneContext<'_>, holding: &Holding) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let is_old = holding.old.is_some();
    let (name, text) = if is_old {
        (muted, muted)
    } else {
        (theme.style(Role::Strong), theme.style(Role::Text))
    };
    let quantity = if context.hidden {
        format::MASK.to_owned()
    } else {
        format::quantity(holding.quantity)
    };
    let last = |price| {
        let gap = if holding.mark.is_empty() { "" } else { " " };
        format!("{}{gap}{}", cells::market_price(price), holding.mark)
    };
    let number = |value: Option<String>, style| match value {
        Some(value) => Cell::number(value, style),
        None => cells::unknown(context),
    };
    let fraction = holding.unrealised_fraction();
    let percent = fraction.map(|it| format::percent(it, 1));
    vec![
        Cell::name(cells::symbol_name(&holding.symbol), name),
        Cell::number(quantity, text),
        number(holding.average.map(cells::average_price), muted),
        number(holding.price.map(last), text),
        cells::amount(context, holding.value, holding.currency, text),
        cells::change(context, holding.day_change, is_old),
        cells::profit(context, holding.unrealised, holding.currency, is_old),
        number(percent, muted),
        match &holding.account {
            Some(account) => cells::account(context, account),
            None => Cell::name(format!("×{}", holding.accounts), muted),
        },
    ]
}

impl Pane for Positions {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns no position is done elsewhere"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = self.keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        match command {
            Command::SortNext => {
                let here = FIELDS.iter().position(|it| *it == self.sort).unwrap_or(0);
                self.sort = FIELDS[(here + 1) % FIELDS.len()];
                self.is_turned = false;
            }
            Command::SortReverse => self.is_turned = !self.is_turned,
            Command::Group => self.grouping = self.grouping.next(),
            Command::Buy => return self.ticket(context, Side::Buy),
            Command::Sell => return self.ticket(context, Side::Sell),
            Command::Open => return Some(Action::Run(Command::Focus(PaneId::Detail))),
            _ => {}
        }
        None
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = cells::inside(area);
        self.with_table(context, inside, |table, holdings| {
            let info = self.info(context, holdings.len());
            let frame = cells::frame(context, (2, SPEC.title), &info);
            let inside = frame.draw(context.theme, area, buffer);
            table.draw(context.theme, inside, context.focused, buffer);
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let keys = self.keys(context);
        let selected = self.rows.selected(&keys);
        Selection {
            symbol: selected.map(|(symbol, ..)| symbol.clone()),
            account: selected.and_then(|(.., account)| account.clone()),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Place) -> Option<Action> {
        let inside = cells::inside(area);
        let row = self.with_table(context, inside, |table, _| table.row_at(inside, at))?;
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
            Command::Filter,
        ]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true // a live price becomes a stale one without a word from anybody
    }
}

#[cfg(test)]
mod tests;
