//! The vault's door: the first start's choice, the making of a vault, and the passphrase that opens it.
//!
//! The key is derived elsewhere; here a spinner turns meanwhile, and wrong passphrases and waits are told.

mod draw;
mod strength;

use crate::link::{Level, SecretRequest, VaultStatus};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::{Field, Form, FormEvent};
use crate::ui::widgets::spinner::TURN_MS;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::time::Duration;

/// A field of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Passphrase,
    Again,
}

/// The two ways to start: title and what it means.
const CHOICES: [(&str, &str); 2] = [
    (
        "Make a vault",
        "seals your brokers' keys on this machine, behind a passphrase",
    ),
    (
        "Look around in the simulation",
        "made-up accounts, a made-up market; nothing is kept or sent",
    ),
];

/// What is shown while the vault is neither open nor broken.
enum Page {
    Welcome { chosen: usize },
    Create(Form<Of>),
    Unlock(Form<Of>),
}

/// The overlay of the vault.
pub struct Unlock {
    page: Page,
    /// The vault's state when a passphrase was sent, until an answer differs from it.
    asked: Option<VaultStatus>,
}

impl Unlock {
    /// The page that fits the vault's state.
    pub fn new(context: &PaneContext<'_>) -> Self {
        let page = match context.replica.vault {
            Some(VaultStatus::Absent) => Page::Welcome { chosen: 0 },
            Some(
                VaultStatus::Locked { .. }
                | VaultStatus::Unlocking
                | VaultStatus::Open { .. }
                | VaultStatus::Broken { .. },
            )
            | None => Page::Unlock(unlock_form()),
        };
        Self { page, asked: None }
    }

    fn is_working(&self, context: &PaneContext<'_>) -> bool {
        let status = context.replica.vault.as_ref();
        status == Some(&VaultStatus::Unlocking)
            || (self.asked.is_some() && self.asked.as_ref() == status)
    }

    fn welcome(&mut self, key: Key) -> Vec<Action> {
        let Page::Welcome { chosen } = &mut self.page else {
            return Vec::new();
        };
        match (key.code, key.typed()) {
            (KeyCode::Up | KeyCode::Down | KeyCode::Tab, _) | (_, Some('j' | 'k')) => {
                *chosen = 1 - *chosen
            }
            (KeyCode::Enter, _) if *chosen == 0 => self.page = Page::Create(create_form()),
            (KeyCode::Enter, _) => return vec![Action::LookAround],
            (KeyCode::Escape, _) => return vec![Action::Close],
            _ => {}
        }
        Vec::new()
    }

    fn submit(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let request = match &mut self.page {
            Page::Create(form) => create(form),
            Page::Unlock(form) => unlock(form, context),
            Page::Welcome { .. } => None,
        };
        let Some(request) = request else {
            return Vec::new();
        };
        self.asked.clone_from(&context.replica.vault);
        vec![Action::SendSecret(request)]
    }

    fn dialog(&self) -> Dialog<'static> {
        let (title, height) = match self.page {
            Page::Welcome { .. } => ("Welcome", 13),
            Page::Create(_) => ("New vault", 16),
            Page::Unlock(_) => ("Unlock", 11),
        };
        Dialog {
            title,
            info: "",
            width: 72,
            height,
            live: false,
        }
    }

    /// The form's place; sentences are above it.
    fn form_area(&self, inside: Rect) -> Rect {
        let above = match self.page {
            Page::Create(_) => 5,
            Page::Unlock(_) | Page::Welcome { .. } => 3,
        };
        dialog::below(inside, above)
    }
}

fn unlock_form() -> Form<Of> {
    Form::new(vec![Field::secret(Of::Passphrase, "Passphrase").required()])
}

fn create_form() -> Form<Of> {
    Form::new(vec![
        Field::secret(Of::Passphrase, "Passphrase").required(),
        Field::secret(Of::Again, "Once more").required(),
    ])
}

/// Takes the new passphrase, once it is long enough and typed twice.
fn create(form: &mut Form<Of>) -> Option<SecretRequest> {
    let (first, again) = (form.secret(Of::Passphrase)?, form.secret(Of::Again)?);
    let wrong = if first.count() < strength::SHORTEST {
        Some((
            Of::Passphrase,
            format!("at least {} characters", strength::SHORTEST),
        ))
    } else if !first.equals(again) {
        Some((Of::Again, "the two differ".to_owned()))
    } else {
        None
    };
    if let Some((field, error)) = wrong {
        form.set_error(field, Some(error));
        form.focus(field);
        return None;
    }
    form.secret_mut(Of::Again)?.clear();
    let passphrase = form.secret_mut(Of::Passphrase)?.take();
    Some(SecretRequest::CreateVault { passphrase })
}

/// Takes the passphrase, unless the vault refuses attempts for a while: then what is typed stays.
fn unlock(form: &mut Form<Of>, context: &PaneContext<'_>) -> Option<SecretRequest> {
    if waits(context).is_some() {
        return None;
    }
    let secret = form.secret_mut(Of::Passphrase)?;
    if secret.is_empty() {
        form.set_error(Of::Passphrase, Some("type the passphrase".into()));
        return None;
    }
    let passphrase = secret.take();
    Some(SecretRequest::Unlock { passphrase })
}

/// Time until the vault takes another attempt.
fn waits(context: &PaneContext<'_>) -> Option<Duration> {
    let Some(VaultStatus::Locked {
        wait_until: Some(at),
        ..
    }) = context.replica.vault
    else {
        return None;
    };
    Some(at.since(context.now)).filter(|wait| !wait.is_zero())
}

impl Overlay for Unlock {
    fn name(&self) -> &'static str {
        "unlock"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        if key == Key::ctrl('c') {
            return vec![Action::Run(Command::Quit)]; // there is nothing behind this to go back to
        }
        if self.is_working(context) || is_broken(context) {
            return Vec::new();
        }
        let event = match &mut self.page {
            Page::Welcome { .. } => return self.welcome(key),
            Page::Create(form) | Page::Unlock(form) => form.key(key),
        };
        match (event, &self.page) {
            (FormEvent::Submit, _) => self.submit(context),
            (FormEvent::Close, Page::Create(_)) => {
                self.page = Page::Welcome { chosen: 0 };
                Vec::new()
            }
            (FormEvent::Close, _) => {
                // What is behind was locked away; it shows again when the vault opens.
                self.page = Page::Unlock(unlock_form());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if let Page::Create(form) | Page::Unlock(form) = &mut self.page
            && !is_broken(context)
        {
            form.paste(text);
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let status = context.replica.vault.as_ref();
        if self.asked.as_ref() != status && status != Some(&VaultStatus::Unlocking) {
            self.asked = None;
        }
        match (status, &self.page) {
            (Some(VaultStatus::Open { failures: 0, .. }), _) => vec![Action::Close],
            (Some(VaultStatus::Open { failures, .. }), _) => {
                let sentence = format!("before this one, {failures} wrong passphrases were tried");
                vec![Action::Notice(Level::Warn, sentence), Action::Close]
            }
            (Some(VaultStatus::Locked { .. }), Page::Welcome { .. } | Page::Create(_)) => {
                self.page = Page::Unlock(unlock_form());
                Vec::new()
            }
            (Some(VaultStatus::Absent), Page::Unlock(_)) => {
                self.page = Page::Welcome { chosen: 0 };
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = dialog::below(self.dialog().draw(context.theme, area, buffer), 1);
        if let Some(VaultStatus::Broken { problem, .. }) = &context.replica.vault {
            draw::draw_broken(context, problem, inside, buffer);
            return;
        }
        let fields = self.form_area(inside);
        match &self.page {
            Page::Welcome { chosen } => draw::draw_welcome(context, *chosen, inside, buffer),
            Page::Create(form) => draw::draw_create(context, form, (inside, fields), buffer),
            Page::Unlock(form) => draw::draw_unlock(context, form, (inside, fields), buffer),
        }
        if self.is_working(context) {
            draw::draw_working(context, inside, buffer);
        }
    }

    fn cursor(&self, context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let inside = dialog::below(self.dialog().inside(area), 1);
        match &self.page {
            _ if self.is_working(context) || is_broken(context) => None,
            Page::Welcome { .. } => None,
            Page::Create(form) | Page::Unlock(form) => form.cursor(self.form_area(inside)),
        }
    }

    fn next_change_ms(&self, context: &PaneContext<'_>) -> Option<u64> {
        if self.is_working(context) {
            return Some(TURN_MS);
        }
        waits(context).map(|_| 1_000)
    }
}

fn is_broken(context: &PaneContext<'_>) -> bool {
    matches!(context.replica.vault, Some(VaultStatus::Broken { .. }))
}

#[cfg(test)]
mod tests;
