//! Signing in by browser: an address to open, as text and as a picture for a telephone, and a place to paste the one
//! that comes back. Over SSH the browser is on another machine, so pasting is as good a way as any.

mod draw;

use super::fill::{Answers, answers};
use crate::domain::{AccountId, ConnectionId};
use crate::link::{Addition, SecretRequest, SignInRequest, SignInStatus, Waiting};
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::Dialog;
use crate::ui::widgets::secret_input::SecretInput;
use crate::ui::widgets::spinner::TURN_MS;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What the overlay shows.
enum Page {
    /// The address is being made.
    Starting,
    /// The person is to open it, and to come back.
    Waiting(Box<Waiting>),
    /// What came back is being exchanged.
    Exchanging,
    /// It did not work.
    Over(String),
    /// It worked.
    Done {
        connection: ConnectionId,
        accounts: Vec<AccountId>,
    },
}

/// The overlay of an attempt to sign in.
pub struct SignIn {
    /// The connection that is signed in to again; none where a new one is made, whose form lies below.
    again: Option<ConnectionId>,
    page: Page,
    pasted: SecretInput,
    /// How the answers stood when the attempt began.
    before: Answers,
}

impl SignIn {
    /// Of a new connection, which its form asked for already; or again, which it asks for itself.
    pub fn new(again: Option<ConnectionId>, context: &PaneContext<'_>) -> Self {
        Self {
            again,
            page: Page::Starting,
            pasted: SecretInput::default(),
            before: answers(context),
        }
    }

    fn dialog(&self, screen: Rect) -> Dialog<'static> {
        let height = match &self.page {
            Page::Starting | Page::Exchanging => 8,
            Page::Waiting(waiting) => draw::height(waiting, screen),
            Page::Over(_) => 10,
            Page::Done { accounts, .. } => {
                let accounts = u16::try_from(accounts.len()).unwrap_or(u16::MAX);
                accounts.saturating_add(8)
            }
        };
        Dialog {
            title: "Sign in",
            info: "",
            width: draw::WIDTH,
            height,
            live: false,
        }
    }

    fn key_while_waiting(&mut self, key: Key) -> Vec<Action> {
        let Page::Waiting(waiting) = &mut self.page else {
            return Vec::new();
        };
        if self.pasted.is_empty() && key.typed() == Some('y') {
            return vec![Action::Copy(waiting.address.to_string())];
        }
        if key.code == KeyCode::Enter && !self.pasted.is_empty() {
            waiting.problem = None;
            let address = self.pasted.take();
            return vec![ask(SignInRequest::Pasted { address })];
        }
        self.pasted.key(key);
        Vec::new()
    }

    fn leave(&self) -> Vec<Action> {
        match &self.page {
            Page::Starting | Page::Waiting(_) => {
                vec![ask(SignInRequest::GiveUp), Action::Close]
            }
            // The form below has served.
            Page::Done { .. } if self.again.is_none() => vec![Action::Close, Action::Close],
            Page::Exchanging | Page::Over(_) | Page::Done { .. } => vec![Action::Close],
        }
    }

    fn start_over(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        match &self.again {
            None => self.leave(), // to the form, with everything that was typed
            Some(connection) => {
                let connection = connection.clone();
                self.page = Page::Starting;
                self.before = answers(context);
                vec![ask(SignInRequest::Again { connection })]
            }
        }
    }
}

/// A request about signing in.
pub fn ask(request: SignInRequest) -> Action {
    Action::SendSecret(SecretRequest::SignIn(request))
}

impl Overlay for SignIn {
    fn name(&self) -> &'static str {
        "sign_in"
    }

    fn opened(&mut self) -> Vec<Action> {
        let again = self.again.clone();
        let again = again.map(|connection| ask(SignInRequest::Again { connection }));
        again.into_iter().collect()
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match (&self.page, key.code) {
            (_, KeyCode::Escape) | (Page::Done { .. }, KeyCode::Enter) => self.leave(),
            (Page::Over(_), KeyCode::Enter) => self.start_over(context),
            (Page::Waiting(_), _) => self.key_while_waiting(key),
            (Page::Starting | Page::Exchanging | Page::Over(_) | Page::Done { .. }, _) => {
                Vec::new()
            }
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if matches!(self.page, Page::Waiting(_)) {
            self.pasted.clear(); // a second try takes the place of the first
            self.pasted.paste(text);
        }
        Vec::new()
    }

    fn signing_in(&mut self, status: &SignInStatus) -> Vec<Action> {
        match (&self.page, status) {
            (Page::Over(_) | Page::Done { .. }, _) => {}
            (_, SignInStatus::Waiting(waiting)) => self.page = Page::Waiting(waiting.clone()),
            (_, SignInStatus::Exchanging) => self.page = Page::Exchanging,
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let now = answers(context);
        if now == self.before || matches!(self.page, Page::Over(_) | Page::Done { .. }) {
            return Vec::new();
        }
        self.before = now.clone();
        self.pasted.clear();
        match now.1 {
            Some(Addition::Added {
                connection,
                accounts,
            }) => {
                self.page = Page::Done {
                    connection,
                    accounts,
                };
            }
            Some(
                Addition::Refused { why }
                | Addition::Unreachable { why }
                | Addition::Failed { why },
            ) => self.page = Page::Over(why.to_string()),
            // Of another screen: a browser's way has none.
            Some(Addition::Certificate { .. }) | None => {}
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = self.dialog(area).draw(context.theme, area, buffer);
        match &self.page {
            Page::Starting => draw::busy(context, "making the address …", inside, buffer),
            Page::Exchanging => {
                let what = "asking the provider for its accounts …";
                draw::busy(context, what, inside, buffer);
            }
            Page::Waiting(waiting) => draw::waiting(context, waiting, &self.pasted, inside, buffer),
            Page::Over(why) => draw::over(context, why, inside, buffer),
            Page::Done {
                connection,
                accounts,
            } => draw::done(context, connection, accounts, inside, buffer),
        }
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        match &self.page {
            Page::Waiting(_) => draw::cursor(&self.pasted, self.dialog(area).inside(area)),
            Page::Starting | Page::Exchanging | Page::Over(_) | Page::Done { .. } => None,
        }
    }

    fn holds_secrets(&self) -> bool {
        true
    }

    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        match &self.page {
            Page::Starting | Page::Exchanging => Some(TURN_MS),
            Page::Waiting(_) => Some(1_000), // the time that is left
            Page::Over(_) | Page::Done { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
