//! What a pane or an overlay wants done, and what the program has to do about it.

use crate::domain::order::OrderChange;
use crate::domain::{AccountId, ClientOrderId, ConnectionId, OrderDraft, Symbol};
use crate::link::{Level, Request, SecretRequest};
use crate::ui::command::Command;
use crate::ui::overlays::Layer;

/// What a pane or an overlay wants done.
pub enum Action {
    /// Asks the runtime for something.
    Send(Request),
    /// Asks the runtime for something, with a secret.
    SendSecret(SecretRequest),
    /// Reads a connection again, or all, with the histories of its accounts, or of one.
    Sync {
        /// Which connection; `None` for all.
        connection: Option<ConnectionId>,
        /// Which account's history; `None` for all of the connection.
        account: Option<AccountId>,
    },
    /// Sends an order; the app gives it its id. Refused while the kill switch is on.
    Place(OrderDraft),
    /// Changes a working order; the app gives the replacement its id. Refused while the kill switch is on.
    Replace {
        /// Which.
        id: ClientOrderId,
        /// What changes.
        change: OrderChange,
    },
    /// Opens an overlay above everything.
    Open(Layer),
    /// Closes the overlay that says so.
    Close,
    /// Runs a command as if its key had been pressed, after what was said before it.
    Run(Command),
    /// Puts a text on the clipboard; never a secret.
    Copy(String),
    /// Shows a sentence.
    Notice(Level, String),
    /// Uses a theme from now on.
    UseTheme(String),
    /// Shows a theme for as long as the picker is open; `None` shows the one in use again.
    PreviewTheme(Option<String>),
    /// Adds a symbol to the watchlist shown.
    AddToWatchlist(Symbol),
    /// Takes a symbol off the watchlist shown.
    RemoveFromWatchlist(Symbol),
    /// Blocks new orders from this screen and cancels the working ones.
    Kill,
    /// Leaves this world for the embedded simulation.
    LookAround,
    /// Leaves the program, without another question.
    Quit,
}

/// What the loop around the app has to do; everything else the app did itself.
pub enum Effect {
    /// Asks the runtime for something.
    Send(Request),
    /// Asks the runtime for something, with a secret.
    SendSecret(SecretRequest),
    /// Puts a text on the clipboard.
    Copy(String),
    /// Draws every cell anew.
    Redraw,
    /// Puts the program to sleep.
    Suspend,
    /// Leaves this world for the embedded simulation.
    LookAround,
    /// Leaves the program.
    Quit,
}
