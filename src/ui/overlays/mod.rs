//! Layers above the panes: forms, questions, lists to pick from. The top one gets every key first.
//!
//! An overlay reads the replica through its [`PaneContext`], keeps what was typed, and answers with [`Action`]s;
//! it sends nothing itself. Esc closes it, after a question where typed text would be lost.
//! A new overlay is one file, one line in [`Layer`] and one arm in [`open`].

pub mod add_symbol;
pub mod asked;
pub mod change;
pub mod confirm;
pub mod connect;
pub mod entry;
mod facts;
pub mod help;
mod number;
pub mod order;
pub mod palette;
pub mod themes;
pub mod ticket;
pub mod unlock;
pub mod vault;

use crate::domain::text::Text;
use crate::domain::{AccountId, ClientOrderId, ConnectionId, Side, Symbol};
use crate::link::{SignInStatus, VaultAnswer};
use crate::ui::app::Action;
use crate::ui::key::Key;
use crate::ui::panes::PaneContext;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// A layer above the panes.
pub trait Overlay {
    /// Its name, for tests and the help: `ticket`.
    fn name(&self) -> &'static str;

    /// What it asks for as it opens. By default nothing.
    fn opened(&mut self) -> Vec<Action> {
        Vec::new()
    }

    /// Reacts to a key; it gets every key except the kill switch's.
    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action>;

    /// Takes in pasted text, cleaned and without line ends; it never submits. By default it is refused.
    fn paste(&mut self, _context: &PaneContext<'_>, _text: &str) -> Vec<Action> {
        Vec::new()
    }

    /// Reacts to a click at a place of the screen that `area` covers. By default nothing.
    fn click(&mut self, _context: &PaneContext<'_>, _area: Rect, _at: Position) -> Vec<Action> {
        Vec::new()
    }

    /// Looks at a replica that changed: an unlocked vault closes the unlock screen.
    fn changed(&mut self, _context: &PaneContext<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// This screen's attempt to sign in by browser went on. By default nothing.
    fn signing_in(&mut self, _status: &SignInStatus) -> Vec<Action> {
        Vec::new()
    }

    /// Takes in what the vault answered to this screen. By default nothing.
    fn answered(&mut self, _context: &PaneContext<'_>, _answer: &VaultAnswer) -> Vec<Action> {
        Vec::new()
    }

    /// Draws itself; `area` is the whole screen, of which it takes what it needs.
    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer);

    /// Whether a secret may be typed in it: then it goes when the vault is locked.
    fn holds_secrets(&self) -> bool {
        false
    }

    /// Where the text cursor stands, if it shows one; `area` as in [`Overlay::draw`].
    fn cursor(&self, _context: &PaneContext<'_>, _area: Rect) -> Option<Position> {
        None
    }

    /// Milliseconds until it looks different without anybody doing anything, for spinners and countdowns.
    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        None
    }

    /// Symbols whose market data it wants while it is open.
    fn symbols(&self) -> Vec<Symbol> {
        Vec::new()
    }

    /// The keys worth showing in the footer while it is on top: key and meaning.
    fn hints(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Builds an overlay; `None` when what it is about is no longer there (an order, a line of activity).
pub fn open(layer: Layer, context: &PaneContext<'_>) -> Option<Box<dyn Overlay>> {
    Some(match layer {
        Layer::Unlock => Box::new(unlock::Unlock::new(context)),
        Layer::Connect => Box::new(connect::Connect::new(context)),
        Layer::SignIn(again) => Box::new(connect::sign_in::SignIn::new(again, context)),
        Layer::Order(id) => Box::new(order::OrderDetail::new(id, context)?),
        Layer::Asked(id) => Box::new(asked::Asked::new(id, context)?),
        Layer::Entry(id) => Box::new(entry::EntryDetail::new(id, context)?),
        Layer::AddSymbol => Box::new(add_symbol::AddSymbol::default()),
        Layer::Confirm(question) => Box::new(confirm::Confirm::new(question, context.now)),
        Layer::Palette => Box::new(palette::Palette::new(context)),
        Layer::Help => Box::new(help::Help::new(context)),
        Layer::Themes { names } => Box::new(themes::ThemePicker::new(names, context.theme.name())),
        Layer::Ticket {
            side,
            symbol,
            account,
        } => Box::new(ticket::Ticket::new(side, symbol, account.as_ref(), context)),
        Layer::Vault => Box::new(vault::VaultRoom::new()),
        Layer::Change(id) => Box::new(change::Change::new(id, context)?),
    })
}

/// Which overlay to open, and about what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The passphrase of the vault, or the making of a vault.
    Unlock,
    /// What the vault is, and everything that can be done with it.
    Vault,
    /// A new connection.
    Connect,
    /// Signing in by browser: again to this connection, or to the one that a form asked for.
    SignIn(Option<ConnectionId>),
    /// A new order.
    Ticket {
        /// Buy or sell.
        side: Side,
        /// Of what, where something is selected.
        symbol: Option<Symbol>,
        /// In which account, where one is selected.
        account: Option<AccountId>,
    },
    /// Changes to a working order.
    Change(ClientOrderId),
    /// What a broker asks before it places an order.
    Asked(ClientOrderId),
    /// Everything about an order.
    Order(ClientOrderId),
    /// A whole line of the activity, by its number.
    Entry(u64),
    /// A symbol to add to the list shown.
    AddSymbol,
    /// A question with yes and no.
    Confirm(Question),
    /// Every command, by name.
    Palette,
    /// Every key.
    Help,
    /// The themes.
    Themes {
        /// Names to pick from.
        names: Vec<String>,
    },
}

/// A question that is answered with yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What it is about: `Cancel order`.
    pub title: Text,
    /// What happens on yes, line by line.
    pub lines: Vec<Text>,
    /// The word on the yes side: `cancel the order`.
    pub yes: Text,
    /// Whether yes is dangerous and looks so.
    pub dangerous: bool,
    /// What yes does.
    pub then: Answer,
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Sends a request.
    Send(Box<crate::link::Request>),
    /// Leaves the program.
    Quit,
    /// Blocks new orders and cancels the working ones.
    Kill,
}

#[cfg(test)]
mod tests;
