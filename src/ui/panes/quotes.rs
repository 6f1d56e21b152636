//! Quotes: the watchlists, with what each feed said last and how long ago.

use super::cells::{self, Freshness};
use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection};
use crate::domain::quote::TradingStatus;
use crate::domain::{Level1, Symbol, Timeframe, Timestamp};
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::line_chart::sparkline;
use crate::ui::widgets::table::{Align, Cell, Column, Note, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rust_decimal::Decimal;
use std::collections::HashMap;
use std::time::Duration;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Quotes,
    title: "Quotes",
    make: || Box::new(Quotes::default()),
};

/// How often the history behind the sparkline is asked for.
const HISTORY_EVERY: Duration = Duration::from_secs(60);

/// Columns that bid and ask have in the narrowest pane.
const TIGHT_SPREAD: usize = 19;

const COLUMNS: [Column<'static>; 6] = [
    Column::new("Symbol", 7, 22),
    Column::new("Last", 9, 12).align(Align::Point(2)),
    Column::new("Bid × Ask", 19, 27).align(Align::Right),
    Column::new("Day %", 7, 7).align(Align::Right).priority(2),
    Column::new("Volume", 8, 14).align(Align::Right).priority(4),
    Column::new("Age", 4, 5).align(Align::Right).priority(3),
];

/// The pane.
#[derive(Default)]
pub(super) struct Quotes {
    rows: Rows<Symbol>,
    list: usize,
    filter: Filter,
    asked: HashMap<Symbol, Timestamp>,
}

impl Quotes {
    fn list_name<'a>(&self, context: &'a PaneContext<'_>) -> &'a str {
        let lists = &context.config.watchlists;
        lists
            .get(self.list.min(lists.len().saturating_sub(1)))
            .map_or("", |list| list.name.as_str())
    }

    fn all(&self, context: &PaneContext<'_>) -> Vec<Symbol> {
        let lists = &context.config.watchlists;
        let list = lists.get(self.list.min(lists.len().saturating_sub(1)));
        list.map_or(Vec::new(), |list| {
            list.symbols
                .iter()
                .map(|symbol| Symbol::new(symbol))
                .collect()
        })
    }

    fn keys(&self, context: &PaneContext<'_>) -> Vec<Symbol> {
        let mut symbols = self.all(context);
        symbols.retain(|symbol| self.filter.lets_through(&[symbol.as_str()]));
        symbols
    }

    /// Which feed, and whether it is real: said in the frame, beside every number it concerns.
    fn source(context: &PaneContext<'_>, keys: &[Symbol]) -> String {
        let mut lines = keys
            .iter()
            .filter_map(|symbol| context.replica.quote(symbol));
        let Some(line) = lines.find(|line| !line.source.is_empty()) else {
            return String::new();
        };
        let kind = if line.simulated {
            " simulated".to_owned()
        } else if line.delayed_minutes > 0 {
            format!(" {} m delayed", line.delayed_minutes)
        } else {
            String::new()
        };
        format!("{}{kind}", line.source)
    }

    fn sparkline(&self, context: &PaneContext<'_>, keys: &[Symbol], width: u16) -> Option<Note> {
        let symbol = self.rows.selected(keys)?;
        let bars = context
            .replica
            .bars
            .get(&(symbol.clone(), Timeframe::FiveMinutes))?;
        let closes: Vec<Decimal> = bars.iter().map(|bar| bar.close.0).collect();
        let name = format!("{symbol} today ");
        let room = usize::from(width).saturating_sub(format::width(&name) + 2);
        let line = format!("{name}{}", sparkline(&closes, room));
        Some((line, context.theme.style(Role::Accent)))
    }

    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        width: u16,
        act: impl FnOnce(&Table<'_>) -> T,
    ) -> T {
        let keys = self.keys(context);
        let notes: Vec<Note> = self.sparkline(context, &keys, width).into_iter().collect();
        let table = Table {
            columns: &COLUMNS,
            total: keys.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: None,
            row: &|index| row(context, &keys[index]),
            totals: None,
            notes: &notes,
            empty: if self.filter.is_set() {
                "no symbol matches"
            } else {
                "no symbols; a adds one"
            },
        };
        act(&table)
    }
}

fn row(context: &PaneContext<'_>, symbol: &Symbol) -> Row {
    let theme = context.theme;
    let Some(line) = context.replica.quote(symbol) else {
        return unknown_row(context, symbol);
    };
    let fresh = cells::freshness(context, Some(line));
    let muted = theme.style(Role::Muted);
    let is_stale = matches!(fresh, Freshness::Stale(_) | Freshness::Unknown);
    let name = if is_stale {
        muted
    } else {
        theme.style(Role::Strong)
    };
    let price = if is_stale {
        muted
    } else {
        cells::price_style(context, line)
    };
    let shown = line.mark();
    vec![
        Cell::name(symbol.as_str(), name),
        shown.map_or_else(
            || cells::unknown(context),
            |price_shown| Cell::number(format::price(price_shown), price),
        ),
        spread(context, line, fresh),
        cells::change(context, line.day_change()),
        line.volume.map_or_else(
            || cells::unknown(context),
            |volume| Cell::number(format::quantity(volume), muted),
        ),
        match fresh {
            Freshness::Unknown => cells::unknown(context),
            Freshness::Live => Cell::number("now", muted),
            Freshness::Old(age) | Freshness::Stale(age) => Cell::number(format::age(age), muted),
        },
    ]
}

/// Bid × ask, or in its place what is wrong with it.
fn spread(context: &PaneContext<'_>, line: &Level1, fresh: Freshness) -> Cell {
    let theme = context.theme;
    if let TradingStatus::Halted(reason) = &line.status {
        return Cell::sentence(format!("halted {reason}"), theme.style(Role::Warn));
    }
    if let Freshness::Stale(age) = fresh {
        return Cell::sentence(
            format!("stale {}", format::age(age)),
            theme.style(Role::Warn),
        );
    }
    match (line.bid, line.ask) {
        (None, None) => cells::unknown(context),
        (bid, ask) => {
            let side = |price| format::or_unknown(price, format::price);
            let spread = format!("{} × {}", side(bid), side(ask));
            // Where it is tight the separators go, never a digit.
            let is_tight = format::width(&spread) > TIGHT_SPREAD;
            let spread = if is_tight {
                spread.replace(',', "")
            } else {
                spread
            };
            Cell::number(spread, theme.style(Role::Muted))
        }
    }
}

fn unknown_row(context: &PaneContext<'_>, symbol: &Symbol) -> Row {
    let mut row = vec![Cell::name(
        symbol.as_str(),
        context.theme.style(Role::Muted),
    )];
    row.extend((1..COLUMNS.len()).map(|_| cells::unknown(context)));
    row
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

impl Pane for Quotes {
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
            Command::NextView => {
                self.list = (self.list + 1) % context.config.watchlists.len().max(1);
                None
            }
            Command::Cancel => self
                .rows
                .selected(&keys)
                .cloned()
                .map(Action::RemoveFromWatchlist),
            Command::Open => Some(Action::Run(Command::Focus(PaneId::Detail))),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let source = Self::source(context, &self.all(context));
        let filter = if self.filter.is_set() {
            format!("/{} · ", self.filter.text())
        } else {
            String::new()
        };
        let dot = if source.is_empty() { "" } else { " · " };
        let info = format!("{filter}{}{dot}{source}", self.list_name(context));
        let frame = Frame {
            number: Some(3),
            name: SPEC.title,
            info: &info,
            focused: context.focused,
            live: false,
        };
        let inside = frame.draw(context.theme, area, buffer);
        self.with_table(context, inside.width, |table| {
            table.draw(context.theme, inside, context.focused, buffer)
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let symbol = self.rows.selected(&self.keys(context)).cloned();
        Selection {
            symbol,
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let inside = inside(area);
        let row = self.with_table(context, inside.width, |table| table.row_at(inside, at))?;
        self.rows.select(&self.keys(context), row);
        None
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn symbols(&self, context: &PaneContext<'_>) -> Vec<Symbol> {
        self.all(context)
    }

    fn wants(&mut self, context: &PaneContext<'_>) -> Option<Action> {
        if !context.replica.ready || context.replica.quotes.is_empty() {
            return None;
        }
        let symbol = self.rows.selected(&self.keys(context)).cloned()?;
        let is_due = self
            .asked
            .get(&symbol)
            .is_none_or(|asked| context.now.since(*asked) >= HISTORY_EVERY);
        if !is_due {
            return None;
        }
        self.asked.insert(symbol.clone(), context.now);
        Some(Action::Send(Request::LoadBars {
            symbol,
            timeframe: Timeframe::FiveMinutes,
        }))
    }

    fn hints(&self) -> &'static [Command] {
        &[Command::AddSymbol, Command::Cancel, Command::NextView]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true
    }
}
