//! The vault's door: the first start's choice, the making of a vault, and what opens it.
//!
//! The key is derived elsewhere; here a spinner turns meanwhile, and wrong passphrases and waits are told. For the
//! worst day there is the recovery code, and for a damaged vault its backups.

mod draw;
mod forms;

use crate::link::vault::{DoorRequest, ShutFacts};
use crate::link::{Level, SecretRequest, VaultAnswer, VaultRequest, VaultStatus, VaultTrouble};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::vault::new_passphrase;
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::{Form, FormEvent};
use crate::ui::widgets::spinner::TURN_MS;
use forms::Rescue;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

/// A field of the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Passphrase,
    Again,
    KeyFile,
    Code,
    Backup,
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

/// What is shown while the vault is not open.
enum Page {
    Welcome { chosen: usize },
    Create(Form<Of>),
    Unlock(Form<Of>),
    Recover(Form<Of>),
    Rescue(Rescue),
}

/// The overlay of the vault.
pub struct Unlock {
    page: Page,
    /// The vault's state when something was sent, until an answer differs from it.
    asked: Option<VaultStatus>,
    /// What can be done about it, and in which kind of state that was asked for.
    shut: ShutFacts,
    described: Option<Discriminant<VaultStatus>>,
    /// Why the last attempt came to nothing.
    refused: Option<String>,
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
            | None => Page::Unlock(forms::unlock_form(false)),
        };
        Self {
            page,
            asked: None,
            shut: ShutFacts::default(),
            described: None,
            refused: None,
        }
    }

    fn is_working(&self, context: &PaneContext<'_>) -> bool {
        let status = context.replica.vault.as_ref();
        status == Some(&VaultStatus::Unlocking)
            || (self.asked.is_some() && self.asked.as_ref() == status)
    }

    /// Whether the vault cannot be used, and nothing here helps.
    fn is_stuck(&self, context: &PaneContext<'_>) -> bool {
        is_broken(context) && !matches!(self.page, Page::Rescue(_))
    }

    fn welcome(&mut self, key: Key) -> Vec<Action> {
        let Page::Welcome { chosen } = &mut self.page else {
            return Vec::new();
        };
        match (key.code, key.typed()) {
            (KeyCode::Up | KeyCode::Down | KeyCode::Tab, _) | (_, Some('j' | 'k')) => {
                *chosen = 1 - *chosen
            }
            (KeyCode::Enter, _) if *chosen == 0 => self.page = Page::Create(forms::create_form()),
            (KeyCode::Enter, _) => return vec![Action::LookAround],
            (KeyCode::Escape, _) => return vec![Action::Close],
            _ => {}
        }
        Vec::new()
    }

    fn submit(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let request = match &mut self.page {
            Page::Create(form) => new_passphrase::take(form, Of::Passphrase, Of::Again)
                .map(|passphrase| DoorRequest::Create { passphrase }),
            // What is typed stays while the vault refuses attempts.
            Page::Unlock(_) | Page::Recover(_) if waits(context).is_some() => None,
            Page::Unlock(form) => forms::opener(form).map(DoorRequest::Unlock),
            Page::Recover(form) => forms::recover(form),
            Page::Rescue(rescue) => rescue.submit(),
            Page::Welcome { .. } => None,
        };
        let Some(request) = request else {
            return Vec::new();
        };
        self.refused = None;
        self.asked.clone_from(&context.replica.vault);
        vec![Action::SendSecret(SecretRequest::Door(request))]
    }

    /// Leaves a form; what is behind the door stays behind it.
    fn leave(&mut self, context: &PaneContext<'_>) {
        let is_absent = context.replica.vault == Some(VaultStatus::Absent);
        self.refused = None;
        self.page = match self.page {
            Page::Create(_) | Page::Rescue(_) if is_absent => Page::Welcome { chosen: 0 },
            Page::Rescue(_) => match Rescue::new(&self.shut, context) {
                Some(rescue) => Page::Rescue(rescue),
                None => Page::Unlock(forms::unlock_form(false)),
            },
            Page::Create(_) | Page::Welcome { .. } | Page::Unlock(_) | Page::Recover(_) => {
                Page::Unlock(forms::unlock_form(self.shut.knows_key_files))
            }
        };
    }

    /// Keys of the door itself, beside those of its forms; whether it was one.
    fn turn(&mut self, key: Key) -> bool {
        match &mut self.page {
            Page::Unlock(_) if key == Key::ctrl('r') => {
                self.page = Page::Recover(forms::recover_form());
                true
            }
            Page::Unlock(form) if key == Key::ctrl('f') => {
                form.show(Of::KeyFile, true);
                form.focus(Of::KeyFile);
                true
            }
            Page::Welcome { .. }
            | Page::Create(_)
            | Page::Unlock(_)
            | Page::Recover(_)
            | Page::Rescue(_) => false,
        }
    }

    fn form_mut(&mut self) -> Option<&mut Form<Of>> {
        match &mut self.page {
            Page::Create(form) | Page::Unlock(form) | Page::Recover(form) => Some(form),
            Page::Rescue(rescue) => Some(&mut rescue.form),
            Page::Welcome { .. } => None,
        }
    }

    /// Asks what can be done, once in each kind of state.
    fn describe(&mut self, status: Option<&VaultStatus>) -> Vec<Action> {
        let is_shut = match status {
            Some(VaultStatus::Absent | VaultStatus::Locked { .. } | VaultStatus::Broken { .. }) => {
                true
            }
            Some(VaultStatus::Unlocking | VaultStatus::Open { .. }) | None => false,
        };
        let kind = status.map(discriminant);
        if !is_shut || self.described == kind {
            return Vec::new();
        }
        self.described = kind;
        vec![Action::SendSecret(SecretRequest::Vault(
            VaultRequest::Describe,
        ))]
    }

    /// Offers what the vault can be made from, where it is gone or damaged.
    fn offer_rescue(&mut self, context: &PaneContext<'_>) {
        // An answer from before may have come first; what is typed meanwhile stays.
        let is_free = match &self.page {
            Page::Rescue(rescue) => !rescue.form.is_touched(),
            Page::Welcome { .. } | Page::Create(_) | Page::Unlock(_) | Page::Recover(_) => true,
        };
        let helps = match &context.replica.vault {
            Some(VaultStatus::Absent) => matches!(self.page, Page::Welcome { .. }),
            Some(VaultStatus::Broken { kind, .. }) => *kind == VaultTrouble::Damaged && is_free,
            Some(
                VaultStatus::Locked { .. } | VaultStatus::Unlocking | VaultStatus::Open { .. },
            )
            | None => false,
        };
        if helps && let Some(rescue) = Rescue::new(&self.shut, context) {
            self.page = Page::Rescue(rescue);
        }
    }

    fn dialog(&self) -> Dialog<'static> {
        let (title, height) = match self.page {
            Page::Welcome { .. } => ("Welcome", 13),
            Page::Create(_) => ("New vault", 16),
            Page::Unlock(_) => ("Unlock", 12),
            Page::Recover(_) => ("Recovery code", 18),
            Page::Rescue(_) => ("Restore", 17),
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
            Page::Create(_) | Page::Recover(_) => 5,
            Page::Rescue(_) => 5,
            Page::Unlock(_) | Page::Welcome { .. } => 3,
        };
        dialog::below(inside, above)
    }
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
        if self.is_working(context) || self.is_stuck(context) || self.turn(key) {
            return Vec::new();
        }
        let Some(form) = self.form_mut() else {
            return self.welcome(key);
        };
        match form.key(key) {
            FormEvent::Submit => return self.submit(context),
            FormEvent::Close => self.leave(context),
            FormEvent::Changed(_) | FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => {}
        }
        Vec::new()
    }

    fn paste(&mut self, context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if !self.is_stuck(context)
            && let Some(form) = self.form_mut()
        {
            form.paste(text);
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let status = context.replica.vault.as_ref();
        if self.asked.is_some() && status == Some(&VaultStatus::Unlocking) {
            self.asked = Some(VaultStatus::Unlocking); // it may end as it began
        } else if self.asked.as_ref() != status {
            self.asked = None;
        }
        match (status, &self.page) {
            (Some(VaultStatus::Open { failures: 0, .. }), _) => return vec![Action::Close],
            (Some(VaultStatus::Open { failures, .. }), _) => {
                let sentence = format!("before this one, {failures} wrong passphrases were tried");
                return vec![Action::Notice(Level::Warn, sentence), Action::Close];
            }
            (
                Some(VaultStatus::Locked { .. }),
                Page::Welcome { .. } | Page::Create(_) | Page::Rescue(_),
            ) => self.page = Page::Unlock(forms::unlock_form(self.shut.knows_key_files)),
            (Some(VaultStatus::Absent), Page::Unlock(_) | Page::Recover(_)) => {
                self.page = Page::Welcome { chosen: 0 };
            }
            _ => {}
        }
        self.describe(status)
    }

    fn answered(&mut self, context: &PaneContext<'_>, answer: &VaultAnswer) -> Vec<Action> {
        match answer {
            VaultAnswer::Shut(shut) => {
                self.shut = shut.clone();
                self.offer_rescue(context);
                if let Page::Unlock(form) = &mut self.page {
                    form.show(Of::KeyFile, shut.knows_key_files);
                }
            }
            VaultAnswer::Refused { why } => {
                self.asked = None;
                self.refused = Some(why.to_string());
            }
            VaultAnswer::Open(_)
            | VaultAnswer::Done { .. }
            | VaultAnswer::Rotated(_)
            | VaultAnswer::Checked(_)
            | VaultAnswer::RecoveryCode(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = dialog::below(self.dialog().draw(context.theme, area, buffer), 1);
        if let Some(VaultStatus::Broken { problem, .. }) = &context.replica.vault
            && self.is_stuck(context)
        {
            draw::draw_broken(context, problem, inside, buffer);
            return;
        }
        let places = (inside, self.form_area(inside));
        let refused = self.refused.as_deref();
        match &self.page {
            Page::Welcome { chosen } => draw::draw_welcome(context, *chosen, inside, buffer),
            Page::Create(form) => draw::draw_create(context, form, refused, places, buffer),
            Page::Unlock(form) => draw::draw_unlock(context, form, places, buffer),
            Page::Recover(form) => draw::draw_recover(context, form, refused, places, buffer),
            Page::Rescue(rescue) => {
                draw::draw_rescue(context, rescue, refused, places, buffer);
            }
        }
        if self.is_working(context) {
            draw::draw_working(context, inside, buffer);
        }
    }

    fn cursor(&self, context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let inside = dialog::below(self.dialog().inside(area), 1);
        if self.is_working(context) || self.is_stuck(context) {
            return None;
        }
        let fields = self.form_area(inside);
        match &self.page {
            Page::Welcome { .. } => None,
            Page::Create(form) | Page::Unlock(form) | Page::Recover(form) => form.cursor(fields),
            Page::Rescue(rescue) => rescue.form.cursor(fields),
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
