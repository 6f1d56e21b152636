//! The panes: each shows one thing of the replica and turns commands into actions.
//!
//! A pane never imports another and never sends anything; what concerns more than one goes through `App`.
//! Drawing cannot change anything: the visible rows follow from the selection, the count and the height.
//! A new pane is one file with a `SPEC` and one line in [`PANES`].

mod accounts;
mod activity;
mod asks;
pub(crate) mod cells;
mod detail;
mod filter;
mod health;
mod orders;
mod positions;
mod quotes;
mod rows;
#[cfg(test)]
pub(crate) mod testing;

pub use filter::Filter;
pub(crate) use rows::Rows;

use crate::config::Config;
use crate::domain::{AccountId, ClientOrderId, ConnectionId, Mode, Symbol, Timestamp};
use crate::link::Replica;
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::keymap::Keymap;
use crate::ui::theme::Theme;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Which pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaneId {
    /// Connections, balances, freshness.
    Accounts,
    /// What is held.
    Positions,
    /// Watchlists.
    Quotes,
    /// Orders.
    Orders,
    /// What the program did.
    Activity,
    /// How the connections are.
    Health,
    /// The selected symbol.
    Detail,
}

/// What every pane and overlay may read.
pub struct PaneContext<'a> {
    /// The runtime's state.
    pub replica: &'a Replica,
    /// The present moment.
    pub now: Timestamp,
    /// Styles by role.
    pub theme: &'a Theme,
    /// The configuration.
    pub config: &'a Config,
    /// The zone of times on screen.
    pub zone: &'a TimeZone,
    /// The keys in force.
    pub keymap: &'a Keymap,
    /// Paper or live, as the badge says.
    pub mode: Mode,
    /// Whether amounts are hidden behind masks of fixed width.
    pub hidden: bool,
    /// Whether new orders are blocked by the kill switch.
    pub killed: bool,
    /// Whether this pane has the keys.
    pub focused: bool,
    /// Rows that a page has in this pane, for moving by pages.
    pub page: usize,
    /// What is selected in the pane that has, or last had, something to select.
    pub selection: &'a Selection,
}

/// What is selected, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Selection {
    /// A symbol.
    pub symbol: Option<Symbol>,
    /// An account.
    pub account: Option<AccountId>,
    /// A connection.
    pub connection: Option<ConnectionId>,
    /// An order.
    pub order: Option<ClientOrderId>,
}

/// One pane.
pub trait Pane {
    /// Reacts to a command; returns what the rest of the program should do.
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action>;

    /// Draws itself with its frame from what it was given. Cannot change anything.
    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer);

    /// What is selected here.
    fn selection(&self, _context: &PaneContext<'_>) -> Selection {
        Selection::default()
    }

    /// Reacts to a click at a place of the screen that `area`, its frame included, covers.
    fn click(&mut self, _context: &PaneContext<'_>, _area: Rect, _at: Position) -> Option<Action> {
        None
    }

    /// Shows only rows that `filter` lets through; `None` where rows cannot be filtered.
    fn filter_mut(&mut self) -> Option<&mut Filter> {
        None
    }

    /// Symbols whose market data it wants, shown or not.
    fn symbols(&self, _context: &PaneContext<'_>) -> Vec<Symbol> {
        Vec::new()
    }

    /// What it needs that is not there yet; asked after each change, and when [`Pane::wants_at`] says.
    fn wants(&mut self, _context: &PaneContext<'_>) -> Option<Action> {
        None
    }

    /// When it wants something though nothing changes until then.
    fn wants_at(&self) -> Option<Timestamp> {
        None
    }

    /// Commands worth a hint in the footer while it has the keys.
    fn hints(&self) -> &'static [Command] {
        &[]
    }

    /// Whether what it shows changes with time alone: ages, countdowns, spinners.
    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        false
    }
}

/// How the registry makes a pane.
pub struct PaneSpec {
    /// Which one.
    pub id: PaneId,
    /// Its title, and its name in the tab strip.
    pub title: &'static str,
    /// A fresh one.
    pub make: fn() -> Box<dyn Pane>,
}

/// Every pane, in the order of their numbers.
pub const PANES: &[PaneSpec] = &[
    accounts::SPEC,
    positions::SPEC,
    quotes::SPEC,
    orders::SPEC,
    activity::SPEC,
    health::SPEC,
    detail::SPEC,
];
