//! A new connection: find a provider by name, fill in what it asks for, hear what came of it.
//!
//! The form is made from the provider's offer, so a new provider changes nothing here. What is typed stays until the
//! provider accepted it, so that one wrong character does not cost the whole form.

mod draw;
mod fill;
pub mod sign_in;

use crate::domain::{AccountId, ConnectionId, Environment};
use crate::link::VaultStatus;
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::{Layer, Overlay};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::FormEvent;
use crate::ui::widgets::picker::{Picker, PickerEvent};
use crate::ui::widgets::spinner::TURN_MS;
use fill::{Fill, Of};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the overlay, its frame included, and of its frame with the blank beside it.
const WIDTH: u16 = 92;
const AROUND: u16 = 6;

/// What the overlay shows.
enum Page {
    /// The vault has to be opened first.
    Locked,
    /// The providers, by name.
    Pick(Picker),
    /// The form of one provider.
    Fill(Box<Fill>),
    /// It worked.
    Done {
        connection: ConnectionId,
        accounts: Vec<AccountId>,
    },
}

/// The overlay of a new connection.
pub struct Connect {
    page: Page,
}

impl Connect {
    /// Starts with the providers, or with the vault where that is not open.
    pub fn new(context: &PaneContext<'_>) -> Self {
        Self {
            page: if is_open(context) {
                pick(context)
            } else {
                Page::Locked
            },
        }
    }

    fn dialog(&self, screen: Rect) -> Dialog<'static> {
        let (title, height) = match &self.page {
            Page::Locked => ("Connect", 9),
            Page::Pick(_) => ("Connect", 14),
            Page::Fill(fill) => {
                let fields = fill
                    .form
                    .height(WIDTH.min(screen.width).saturating_sub(AROUND));
                ("Connect", fields.saturating_add(11))
            }
            Page::Done { accounts, .. } => {
                let accounts = u16::try_from(accounts.len()).unwrap_or(u16::MAX);
                ("Connected", accounts.saturating_add(9))
            }
        };
        let is_live =
            matches!(&self.page, Page::Fill(fill) if fill.environment() == Environment::Live);
        Dialog {
            title,
            info: if is_live { "LIVE" } else { "" },
            width: WIDTH,
            height,
            live: is_live,
        }
    }

    fn inside(&self, screen: Rect) -> Rect {
        dialog::below(self.dialog(screen).inside(screen), 1)
    }

    fn key_in_list(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Pick(picker) = &mut self.page else {
            return Vec::new();
        };
        match picker.key(key) {
            PickerEvent::Picked(index) => {
                if let Some(offer) = context.replica.offers.get(index) {
                    self.page = Page::Fill(Box::new(Fill::new(offer.clone())));
                }
                Vec::new()
            }
            PickerEvent::Close => vec![Action::Close],
            PickerEvent::Moved | PickerEvent::NotMine => Vec::new(),
        }
    }

    fn key_in_form(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Fill(fill) = &mut self.page else {
            return Vec::new();
        };
        if fill.sent.is_some() {
            let leaves = key.code == KeyCode::Escape;
            return if leaves {
                vec![Action::Close]
            } else {
                Vec::new()
            };
        }
        if fill.certificate.is_some() {
            return fill.certify(context, key);
        }
        match fill.form.key(key) {
            FormEvent::Submit => fill.submit(context),
            FormEvent::Close => {
                self.page = pick(context);
                Vec::new()
            }
            FormEvent::Changed(Of::Way) => {
                fill.show_way();
                Vec::new()
            }
            FormEvent::Changed(_) | FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => {
                Vec::new()
            }
        }
    }
}

fn is_open(context: &PaneContext<'_>) -> bool {
    matches!(context.replica.vault, Some(VaultStatus::Open { .. }))
}

fn pick(context: &PaneContext<'_>) -> Page {
    let offers = context.replica.offers.iter();
    let texts = offers.map(|offer| format!("{} {} {}", offer.title, offer.provider, offer.gives));
    Page::Pick(Picker::new(texts.collect(), 0))
}

impl Overlay for Connect {
    fn name(&self) -> &'static str {
        "connect"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match (&self.page, key.code) {
            (Page::Locked, KeyCode::Enter) => vec![Action::Open(Layer::Unlock)],
            (Page::Locked, KeyCode::Escape)
            | (Page::Done { .. }, KeyCode::Escape | KeyCode::Enter) => {
                vec![Action::Close]
            }
            (Page::Locked | Page::Done { .. }, _) => Vec::new(),
            (Page::Pick(_), _) => self.key_in_list(context, key),
            (Page::Fill(_), _) => self.key_in_form(context, key),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        match &mut self.page {
            Page::Pick(picker) => picker.paste(text),
            Page::Fill(fill) if fill.sent.is_none() && fill.certificate.is_none() => {
                fill.form.paste(text);
            }
            Page::Fill(_) | Page::Locked | Page::Done { .. } => {}
        }
        Vec::new()
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Vec<Action> {
        let inside = self.inside(area);
        if let Page::Pick(picker) = &mut self.page
            && let Some(row) = picker.row_at(inside, at)
            && picker.select_row(row)
        {
            return self.key_in_list(context, Key::plain(KeyCode::Enter));
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let next = match &mut self.page {
            Page::Locked if is_open(context) => Some(pick(context)),
            Page::Fill(fill) => fill.hear(context),
            Page::Locked | Page::Pick(_) | Page::Done { .. } => None,
        };
        if let Some(page) = next {
            self.page = page;
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = dialog::below(self.dialog(area).draw(context.theme, area, buffer), 1);
        match &self.page {
            Page::Locked => draw::locked(context, inside, buffer),
            Page::Pick(picker) => draw::offers(context, picker, inside, buffer),
            Page::Fill(fill) => draw::fill(context, fill, inside, buffer),
            Page::Done {
                connection,
                accounts,
            } => draw::done(context, connection, accounts, inside, buffer),
        }
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let inside = self.inside(area);
        match &self.page {
            Page::Pick(picker) => Some(picker.cursor(inside)),
            Page::Fill(fill) if fill.sent.is_none() && fill.certificate.is_none() => {
                fill.form.cursor(draw::fields(inside))
            }
            Page::Fill(_) | Page::Locked | Page::Done { .. } => None,
        }
    }

    fn hints(&self) -> Vec<(String, String)> {
        let hints: &[(&str, &str)] = match &self.page {
            Page::Pick(_) => &[("enter", "choose"), ("esc", "close")],
            Page::Fill(_) | Page::Locked | Page::Done { .. } => &[], // said inside
        };
        let owned = hints
            .iter()
            .map(|(key, hint)| ((*key).into(), (*hint).into()));
        owned.collect()
    }

    fn holds_secrets(&self) -> bool {
        true
    }

    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        let is_waiting = matches!(&self.page, Page::Fill(fill) if fill.sent.is_some());
        is_waiting.then_some(TURN_MS)
    }
}

#[cfg(test)]
mod tests;
