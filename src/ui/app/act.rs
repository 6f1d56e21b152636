//! What commands and actions do to the screen.

use super::App;
use crate::domain::{ClientOrderId, Side, Symbol, Timestamp};
use crate::link::{Level, Request, SecretRequest, VaultRequest};
use crate::ui::app::action::{Action, Effect};
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::{self, Answer, Layer, Question};
use crate::ui::panes::PaneId;
use crate::ui::widgets::line_input::LineInput;

/// Longest filter, in characters.
const LONGEST_FILTER: usize = 64;

/// Longest part of a copied text that the notice repeats, in characters.
const LONGEST_COPIED: usize = 48;

/// Overlays above one another at most.
const MOST_OVERLAYS: usize = 8;

impl App {
    /// Runs a command: what concerns the whole screen here, the rest in the focused pane.
    pub(super) fn run(&mut self, now: Timestamp, command: Command) {
        if self.refuses(now, command) {
            return;
        }
        match command {
            Command::Focus(id) => self.focus_on(id),
            Command::FocusNext => self.focus_step(true),
            Command::FocusPrevious => self.focus_step(false),
            Command::Zoom => self.toggle_zoom(),
            Command::LayoutNext => self.step_arrangement(now, true),
            Command::LayoutPrevious => self.step_arrangement(now, false),
            Command::Filter => self.start_filter(now),
            Command::Palette => self.open(now, Layer::Palette),
            Command::Help => self.open(now, Layer::Help),
            Command::Themes => {
                let names = self.view.themes.names().to_vec();
                self.open(now, Layer::Themes { names });
            }
            Command::SyncAll => self.sync(None, None),
            Command::StopSync => self.stop_sync(),
            Command::ToggleMode => {
                let text =
                    "live trading is not part of this version: every order goes to a paper account";
                self.notices.show(now, Level::Info, text);
            }
            Command::KillSwitch => self.ask_to_kill(now),
            Command::HideAmounts => self.view.hidden = !self.view.hidden,
            Command::Vault => {
                self.open(now, Layer::Vault);
                let describe = SecretRequest::Vault(VaultRequest::Describe);
                self.effects.push(Effect::SendSecret(describe));
            }
            Command::Lock => self.lock(now),
            Command::Redraw => self.effects.push(Effect::Redraw),
            Command::Suspend => self.effects.push(Effect::Suspend),
            Command::Quit => self.ask_to_quit(now),
            Command::Back => self.back(now),
            Command::Up
            | Command::Down
            | Command::Left
            | Command::Right
            | Command::PageUp
            | Command::PageDown
            | Command::Top
            | Command::Bottom
            | Command::Open
            | Command::SortNext
            | Command::SortReverse
            | Command::Group
            | Command::NextView
            | Command::Sync
            | Command::Connect
            | Command::Disconnect
            | Command::Buy
            | Command::Sell
            | Command::Change
            | Command::Cancel
            | Command::AddSymbol
            | Command::Copy => self.run_in_pane(now, command),
        }
    }

    /// Gives a command to the focused pane, and does the usual where the pane has nothing of its own.
    fn run_in_pane(&mut self, now: Timestamp, command: Command) {
        let action = self
            .with_pane(now, self.focus, |pane, context| {
                pane.update(context, command)
            })
            .flatten();
        let action = action.or_else(|| self.usual(command));
        self.perform(now, action);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what has no usual meaning does nothing"
    )]
    fn usual(&self, command: Command) -> Option<Action> {
        let selection = &self.view.selection;
        let connection = selection.connection.clone();
        let connection = connection.or_else(|| {
            selection
                .account
                .as_ref()
                .map(|account| account.connection.clone())
        });
        let ticket = |side| {
            Action::Open(Layer::Ticket {
                side,
                symbol: selection.symbol.clone(),
                account: selection.account.clone(),
            })
        };
        match command {
            Command::Sync => Some(Action::Sync {
                connection,
                account: selection.account.clone(),
            }),
            Command::Connect => Some(Action::Open(Layer::Connect)),
            Command::Disconnect => {
                connection.map(|connection| Action::Send(Request::Disconnect { connection }))
            }
            Command::Buy => Some(ticket(Side::Buy)),
            Command::Sell => Some(ticket(Side::Sell)),
            Command::AddSymbol => Some(Action::Open(Layer::AddSymbol)),
            Command::Copy => selection
                .symbol
                .as_ref()
                .map(|symbol| Action::Copy(symbol.to_string())),
            _ => None,
        }
    }

    /// Does what panes and overlays want done, in order.
    pub(super) fn perform(&mut self, now: Timestamp, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            match action {
                Action::Send(request) => self.effects.push(Effect::Send(request)),
                Action::SendSecret(request) => self.effects.push(Effect::SendSecret(request)),
                Action::Sync {
                    connection,
                    account,
                } => self.sync(connection, account),
                Action::Place(draft) => {
                    self.send_order(now, |id| Request::PlaceOrder { id, draft })
                }
                Action::Replace { id, change } => {
                    self.send_order(now, |replacement| Request::ReplaceOrder {
                        id,
                        replacement,
                        change,
                    });
                }
                Action::Open(layer) if self.refuses_layer(now, &layer) => {}
                Action::Open(layer) => self.open(now, layer),
                Action::Close => {
                    self.overlays.pop();
                }
                Action::Run(command) => self.run(now, command),
                Action::Copy(text) => self.copy(now, text),
                Action::Notice(level, text) => self.notices.show(now, level, &text),
                Action::UseTheme(name) => {
                    if let Some((level, text)) = self.view.use_theme(&name) {
                        self.notices.show(now, level, &text);
                    }
                }
                Action::PreviewTheme(name) => self.view.preview_theme(name.as_deref()),
                Action::AddToWatchlist(symbol) => self.add_symbol(now, symbol),
                Action::RemoveFromWatchlist(symbol) => {
                    let list = self.list_shown(now);
                    self.view.remove_symbol(list, &symbol);
                }
                Action::Kill => self.kill(now),
                Action::LookAround => self.effects.push(Effect::LookAround),
                Action::Quit => self.effects.push(Effect::Quit),
            }
        }
    }

    /// Makes the id of an order, once, here: a repeat of the request is recognised by it.
    fn send_order(&mut self, now: Timestamp, request: impl FnOnce(ClientOrderId) -> Request) {
        if self.refuses_orders(now) {
            return;
        }
        if self.view.killed {
            let text =
                "not sent: the kill switch blocks new orders until tradedeck is started again";
            return self.notices.show(now, Level::Warn, text);
        }
        let id = ClientOrderId::from_random((self.new_id)());
        self.effects.push(Effect::Send(request(id)));
    }

    pub(super) fn open(&mut self, now: Timestamp, layer: Layer) {
        if self.overlays.len() == MOST_OVERLAYS {
            return;
        }
        self.filter_line = None;
        match overlays::open(layer, &self.view.context(now, true, 0)) {
            Some(mut overlay) => {
                let actions = overlay.opened();
                self.overlays.push(overlay);
                self.perform(now, actions);
            }
            None => self
                .notices
                .show(now, Level::Info, "that is not there any more"),
        }
    }

    fn copy(&mut self, now: Timestamp, text: String) {
        if !self.view.config.ui.clipboard {
            return self.notices.show(
                now,
                Level::Info,
                "the clipboard is turned off in the configuration",
            );
        }
        let shown = format::shortened(&text, LONGEST_COPIED);
        self.notices
            .show(now, Level::Info, &format!("copied {shown}"));
        self.effects.push(Effect::Copy(text));
    }

    fn add_symbol(&mut self, now: Timestamp, symbol: Symbol) {
        let list = self.list_shown(now);
        if self.view.add_symbol(list, &symbol) {
            // What nobody knows is said by the runtime, in a notice.
            self.effects.push(Effect::Send(Request::LookUp { symbol }));
        }
    }

    /// The watchlist that the quotes pane shows.
    fn list_shown(&mut self, now: Timestamp) -> usize {
        let shown = self
            .with_pane(now, PaneId::Quotes, |pane, context| pane.symbols(context))
            .unwrap_or_default();
        let is_shown = |symbols: &[String]| {
            symbols
                .iter()
                .map(|symbol| Symbol::new(symbol))
                .eq(shown.iter().cloned())
        };
        self.view
            .config
            .watchlists
            .iter()
            .position(|list| is_shown(&list.symbols))
            .unwrap_or(0)
    }

    fn lock(&mut self, now: Timestamp) {
        if self.view.replica.demo {
            return self
                .notices
                .show(now, Level::Info, "the demo has nothing to lock");
        }
        self.effects.push(Effect::Send(Request::Lock));
    }

    fn ask_to_quit(&mut self, now: Timestamp) {
        let working = self
            .view
            .replica
            .orders
            .values()
            .filter(|order| !order.state.is_final())
            .count();
        if self.view.replica.demo || working == 0 {
            return self.effects.push(Effect::Quit);
        }
        let question = Question {
            title: "Quit".into(),
            lines: vec![
                format!("{working} orders still work. They go on working without tradedeck.")
                    .into(),
                "Cancel them first if they should not.".into(),
            ],
            yes: "quit".into(),
            dangerous: false,
            then: Answer::Quit,
        };
        self.open(now, Layer::Confirm(question));
    }

    fn ask_to_kill(&mut self, now: Timestamp) {
        let is_open = self
            .overlays
            .last()
            .is_some_and(|overlay| overlay.name() == "confirm");
        if self.view.killed || is_open {
            return;
        }
        let working = self
            .view
            .replica
            .orders
            .values()
            .filter(|order| !order.state.is_final())
            .count();
        let question = Question {
            title: "Kill switch".into(),
            lines: vec![
                format!("Cancels {working} working orders of every account.").into(),
                "Blocks new orders from this screen until tradedeck is started again.".into(),
                "Positions stay as they are.".into(),
            ],
            yes: "cancel everything".into(),
            dangerous: true,
            then: Answer::Kill,
        };
        self.open(now, Layer::Confirm(question));
    }

    fn kill(&mut self, now: Timestamp) {
        self.view.killed = true;
        self.effects
            .push(Effect::Send(Request::CancelAll { account: None }));
        self.notices.show(
            now,
            Level::Wrong,
            "kill switch: new orders are blocked, every working order is being cancelled",
        );
    }

    fn back(&mut self, now: Timestamp) {
        if self.notices.dismiss(now) {
            return;
        }
        let had_filter = self.with_pane(now, self.focus, |pane, _| {
            let filter = pane.filter_mut();
            filter.is_some_and(|filter| {
                let was_set = filter.is_set();
                filter.set("");
                was_set
            })
        });
        if had_filter != Some(true) {
            self.leave_zoom();
        }
    }

    fn start_filter(&mut self, now: Timestamp) {
        let typed = self.with_pane(now, self.focus, |pane, _| {
            pane.filter_mut().map(|filter| filter.text().to_owned())
        });
        match typed.flatten() {
            Some(typed) => self.filter_line = Some(LineInput::new(&typed, LONGEST_FILTER)),
            None => self
                .notices
                .show(now, Level::Info, "this pane has nothing to filter"),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other key edits the line"
    )]
    pub(super) fn filter_key(&mut self, now: Timestamp, key: Key) {
        let Some(line) = &mut self.filter_line else {
            return;
        };
        match key.code {
            KeyCode::Enter => self.filter_line = None,
            KeyCode::Escape => {
                *line = LineInput::new("", LONGEST_FILTER);
                self.apply_filter(now);
                self.filter_line = None;
            }
            _ => {
                line.key(key);
                self.apply_filter(now);
            }
        }
    }

    pub(super) fn apply_filter(&mut self, now: Timestamp) {
        let Some(text) = self.filter_line.as_ref().map(|line| line.text().to_owned()) else {
            return;
        };
        self.with_pane(now, self.focus, |pane, _| {
            if let Some(filter) = pane.filter_mut() {
                filter.set(&text);
            }
        });
    }
}
