//! What a viewer is not offered: it is left out of hints, palette and help, and a key for it says why.

use super::App;
use crate::domain::Timestamp;
use crate::link::{FOR_VIEWING, Level, Request};
use crate::ui::command::Command;
use crate::ui::overlays::{Answer, Layer};
use crate::ui::panes::PaneId;

impl App {
    /// Whether a command takes a trader and this is none; then that is said.
    pub(super) fn refuses(&mut self, now: Timestamp, command: Command) -> bool {
        let is_refused = command.needs_trader() && self.view.replica.is_for_viewing();
        self.says_why(now, is_refused)
    }

    /// The same of a layer that only leads to an order or a credential.
    pub(super) fn refuses_layer(&mut self, now: Timestamp, layer: &Layer) -> bool {
        let is_refused = self.view.replica.is_for_viewing() && needs_trader(layer);
        self.says_why(now, is_refused)
    }

    /// The same of an order that an overlay still wants to send.
    pub(super) fn refuses_orders(&mut self, now: Timestamp) -> bool {
        let is_refused = self.view.replica.is_for_viewing();
        self.says_why(now, is_refused)
    }

    /// Whether a hint for a command is worth its place.
    pub(super) fn is_offered(&self, command: Command) -> bool {
        let is_cancel = command == Command::Cancel && self.focus == PaneId::Orders;
        !self.view.replica.is_for_viewing() || !(command.needs_trader() || is_cancel)
    }

    fn says_why(&mut self, now: Timestamp, is_refused: bool) -> bool {
        if is_refused {
            self.notices.show(now, Level::Warn, FOR_VIEWING);
        }
        is_refused
    }
}

fn needs_trader(layer: &Layer) -> bool {
    match layer {
        Layer::Connect
        | Layer::SignIn(_)
        | Layer::Ticket { .. }
        | Layer::Change(_)
        | Layer::Asked(_) => true,
        Layer::Confirm(question) => match &question.then {
            Answer::Kill => true,
            Answer::Send(request) => matches!(
                **request,
                Request::CancelOrder { .. } | Request::CancelAll { .. }
            ),
            Answer::Quit => false,
        },
        Layer::Unlock
        | Layer::Vault
        | Layer::Order(_)
        | Layer::Entry(_)
        | Layer::AddSymbol
        | Layer::Palette
        | Layer::Help
        | Layer::Themes { .. } => false,
    }
}
