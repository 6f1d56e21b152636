//! Quotes: the watchlists, with what each feed said last and how long ago.

use super::asks::Asks;
use super::cells::{self, Freshness};
use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection};
use crate::config::Watchlist;
use crate::domain::quote::TradingStatus;
use crate::domain::{Level1, Symbol, Timeframe, Timestamp};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Align, Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

mod history;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Quotes,
    title: "Quotes",
    make: || Box::new(Quotes::default()),
};

/// Lowest inside of the frame that has room for the history.
const LOWEST_WITH_HISTORY: u16 = 6;

/// Feeds named in the title; more are counted.
const MOST_FEEDS: usize = 3;

/// Narrowest columns of symbol, last price, last price with a word beside it, and spread.
const SYMBOL: u16 = 7;
const LAST: u16 = 9;
const MARKED_LAST: u16 = 14;
const SPREAD: u16 = 17;

/// How many columns there are.
const COLUMNS: usize = 6;

/// The columns of a table that wide; `is_marked` where a price has a word beside it.
fn columns(width: u16, is_marked: bool) -> [Column<'static>; COLUMNS] {
    let last = if is_marked {
        Column::new("Last", MARKED_LAST, 16).align(Align::Point(6))
    } else {
        Column::new("Last", LAST, 12).align(Align::Point(2))
    };
    let needed = SYMBOL + if is_marked { MARKED_LAST } else { LAST } + SPREAD + 3; // mark, gaps
    // Where the spread has no room to say that it is stale, the age stays and says it.
    let (spread, day, age) = if width < needed { (5, 2, 1) } else { (1, 2, 3) };
    [
        Column::new("Symbol", SYMBOL, 22),
        last,
        Column::new("Bid × Ask", SPREAD, 23)
            .align(Align::Right)
            .priority(spread),
        Column::new("Day %", 7, 7).align(Align::Right).priority(day),
        Column::new("Volume", 8, 14).align(Align::Right).priority(4),
        Column::new("Age", 4, 5).align(Align::Right).priority(age),
    ]
}

/// The pane.
#[derive(Default)]
struct Quotes {
    rows: Rows<Symbol>,
    list: usize,
    filter: Filter,
    asks: Asks,
    /// The symbols of the list shown, read once and not each time it is drawn.
    symbols: Vec<Symbol>,
}

fn is_of(symbols: &[Symbol], list: &Watchlist) -> bool {
    let is_same =
        |(symbol, text): (&Symbol, &String)| symbol.as_str().eq_ignore_ascii_case(text.trim());
    symbols.len() == list.symbols.len() && symbols.iter().zip(&list.symbols).all(is_same)
}

impl Quotes {
    fn list<'a>(&self, context: &PaneContext<'a>) -> Option<&'a Watchlist> {
        let lists = &context.config.watchlists;
        lists.get(self.list.min(lists.len().saturating_sub(1)))
    }

    /// Every symbol of the list shown.
    fn all(&self, context: &PaneContext<'_>) -> Cow<'_, [Symbol]> {
        match self.list(context) {
            None => Cow::Borrowed(&[]),
            Some(list) if is_of(&self.symbols, list) => Cow::Borrowed(&self.symbols),
            Some(list) => list.symbols.iter().map(|it| Symbol::new(it)).collect(),
        }
    }

    /// The symbols shown.
    fn keys(&self, context: &PaneContext<'_>) -> Cow<'_, [Symbol]> {
        let all = self.all(context);
        if !self.filter.is_set() {
            return all;
        }
        let shown = all.iter().filter(|symbol| {
            let texts = [symbol.as_str(), &cells::symbol_name(symbol)];
            self.filter.lets_through(&texts)
        });
        shown.cloned().collect()
    }

    fn info(&self, context: &PaneContext<'_>, all: &[Symbol]) -> String {
        let filter = cells::filter_words(&self.filter);
        let lists = context.config.watchlists.len();
        let name = self.list(context).map_or("", |list| list.name.as_str());
        let which = match lists {
            0 | 1 => String::new(),
            _ => format!(" {}/{lists}", self.list.min(lists - 1) + 1),
        };
        let feeds = feeds(context, all);
        let dot = if feeds.is_empty() { "" } else { " · " };
        format!("{filter}{name}{which}{dot}{feeds}")
    }

    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        width: u16,
        act: impl FnOnce(&Table<'_>, Option<&Symbol>) -> T,
    ) -> T {
        let keys = self.keys(context);
        let is_marked = keys.iter().any(|symbol| {
            let line = context.replica.quote(symbol);
            line.is_some_and(|it| it.simulated || it.delayed_minutes > 0)
        });
        let columns = columns(width, is_marked);
        let table = Table {
            columns: &columns,
            total: keys.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: None,
            row: &|index| row(context, &keys[index]),
            totals: None,
            notes: &[],
            empty: if self.filter.is_set() {
                "no symbol matches"
            } else {
                "no symbols; a adds one"
            },
        };
        act(&table, self.rows.selected(&keys))
    }

    fn selected(&self, context: &PaneContext<'_>) -> Option<Symbol> {
        self.rows.selected(&self.keys(context)).cloned()
    }
}

/// Which feeds the list is from, and whether they are real and of now.
fn feeds(context: &PaneContext<'_>, symbols: &[Symbol]) -> String {
    let mut seen: Vec<&Level1> = Vec::new();
    for line in symbols.iter().filter_map(|it| context.replica.quote(it)) {
        if !line.source.is_empty() && !seen.iter().any(|it| is_same_feed(it, line)) {
            seen.push(line);
        }
    }
    let names = seen.iter().take(MOST_FEEDS).map(|it| cells::feed_name(it));
    let named = names.collect::<Vec<_>>().join(", ");
    match seen.len().saturating_sub(MOST_FEEDS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn is_same_feed(one: &Level1, other: &Level1) -> bool {
    let feed = |line: &Level1| (line.simulated, line.delayed_minutes);
    one.source == other.source && feed(one) == feed(other)
}

/// What is inside of the frame: the table, and the line of the history where there is room.
fn parts(inside: Rect) -> (Rect, Option<Rect>) {
    if inside.height < LOWEST_WITH_HISTORY {
        return (inside, None);
    }
    let table = Rect {
        height: inside.height - 1,
        ..inside
    };
    let history = Rect {
        y: table.bottom(),
        height: 1,
        ..inside
    };
    (table, Some(history))
}

fn row(context: &PaneContext<'_>, symbol: &Symbol) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let line = context.replica.quote(symbol);
    let fresh = cells::freshness(context, line);
    let name = cells::symbol_name(symbol);
    let Some(line) = line.filter(|_| fresh != Freshness::Unknown) else {
        let mut row = vec![Cell::name(name, muted), cells::unknown(context)];
        let (words, role) = cells::silence(context, symbol);
        row.push(Cell::sentence(words, theme.style(role)));
        row.extend((row.len()..COLUMNS).map(|_| cells::unknown(context)));
        return row;
    };
    let is_stale = matches!(fresh, Freshness::Stale(_));
    let (name_style, price_style) = if is_stale {
        (muted, muted)
    } else {
        (theme.style(Role::Strong), cells::price_style(context, line))
    };
    vec![
        Cell::name(name, name_style),
        match line.mark() {
            Some(price) => last(line, &cells::market_price(price), price_style),
            None => cells::unknown(context),
        },
        spread(context, line, fresh),
        cells::change(context, line.day_change(), is_stale),
        match line.volume {
            Some(volume) => {
                Cell::number(format::quantity(volume), muted).or(format::rough(volume.0))
            }
            None => cells::unknown(context),
        },
        age(context, fresh),
    ]
}

/// The last price, with the word beside it that says it is not a live one.
fn last(line: &Level1, price: &str, style: ratatui::style::Style) -> Cell {
    let mark = cells::feed_mark(line);
    if mark.is_empty() {
        return Cell::number(price, style);
    }
    Cell::number(format!("{price} {mark}"), style)
}

fn age(context: &PaneContext<'_>, fresh: Freshness) -> Cell {
    let muted = context.theme.style(Role::Muted);
    match fresh {
        Freshness::Unknown => cells::unknown(context),
        Freshness::Live => Cell::number("now", muted),
        Freshness::Old(age) => Cell::number(format::age(age), muted),
        Freshness::Stale(age) => Cell::number(format::age(age), context.theme.style(Role::Warn)),
    }
}

/// Bid × ask, or in its place what is wrong with it.
fn spread(context: &PaneContext<'_>, line: &Level1, fresh: Freshness) -> Cell {
    let muted = context.theme.style(Role::Muted);
    let warn = context.theme.style(Role::Warn);
    if let TradingStatus::Halted(reason) = &line.status {
        return Cell::sentence(format!("halted {reason}"), warn).or("halted");
    }
    if let Freshness::Stale(age) = fresh {
        return Cell::sentence(format!("stale {}", format::age(age)), warn);
    }
    if line.bid.is_none() && line.ask.is_none() {
        return cells::unknown(context);
    }
    let both = |text: fn(crate::domain::Price) -> String| {
        let (bid, ask) = (line.bid, line.ask);
        format!(
            "{} × {}",
            format::or_unknown(bid, text),
            format::or_unknown(ask, text)
        )
    };
    let bare = both(|price| format::price_to(price, format::decimals_shown(price.0)));
    Cell::number(both(cells::market_price), muted).or(bare)
}

impl Pane for Quotes {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns no quote is done elsewhere"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = self.keys(context).into_owned();
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        match command {
            Command::NextView => {
                let lists = context.config.watchlists.len().max(1);
                self.list = (self.list.min(lists - 1) + 1) % lists;
                None
            }
            Command::Cancel => {
                let symbol = self.rows.selected(&keys)?;
                Some(Action::RemoveFromWatchlist(symbol.clone()))
            }
            Command::Open => Some(Action::Run(Command::Focus(PaneId::Detail))),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = self.info(context, &self.all(context));
        let frame = cells::frame(context, (3, SPEC.title), &info);
        let inside = frame.draw(context.theme, area, buffer);
        let (table_area, history_area) = parts(inside);
        self.with_table(context, inside.width, |table, selected| {
            table.draw(context.theme, table_area, context.focused, buffer);
            if let (Some(area), Some(symbol)) = (history_area, selected) {
                history::draw(context, symbol, area, buffer);
            }
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        Selection {
            symbol: self.selected(context),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let (inside, _) = parts(cells::inside(area));
        let row = self.with_table(context, inside.width, |table, _| table.row_at(inside, at))?;
        let keys = self.keys(context).into_owned();
        self.rows.select(&keys, row);
        None
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn symbols(&self, context: &PaneContext<'_>) -> Vec<Symbol> {
        self.all(context).into_owned()
    }

    fn wants(&mut self, context: &PaneContext<'_>) -> Option<Action> {
        if let Cow::Owned(symbols) = self.all(context) {
            self.symbols = symbols;
        }
        if !context.replica.ready || context.replica.quotes.is_empty() {
            return None;
        }
        let symbol = self.selected(context)?;
        self.asks.due(context.now, &symbol, Timeframe::FiveMinutes)
    }

    fn wants_at(&self) -> Option<Timestamp> {
        self.asks.next()
    }

    fn hints(&self) -> &'static [Command] {
        &[
            Command::AddSymbol,
            Command::Cancel,
            Command::NextView,
            Command::Filter,
        ]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
