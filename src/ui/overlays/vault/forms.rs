//! The forms of the vault: what each asks for, and the request that it makes.

use super::new_passphrase;
use crate::link::VaultRequest;
use crate::link::vault::{Cipher, Opener, SlotRole, VaultFacts};
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Form};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::path::PathBuf;

/// Longest label of a slot and longest path, in characters.
const LONGEST_LABEL: usize = 32;
const LONGEST_PATH: usize = 512;

const ROLES: [SlotRole; 2] = [SlotRole::Viewer, SlotRole::Trader];

/// A field of the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Current,
    CurrentFile,
    Role,
    Label,
    Cipher,
    New,
    Again,
    NewFile,
}

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    ChangePassphrase,
    AddSlot,
    Rotate,
    Compromised,
}

impl Task {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ChangePassphrase => "Vault · change the passphrase",
            Self::AddSlot => "Vault · let somebody open it",
            Self::Rotate => "Vault · change all keys",
            Self::Compromised => "Vault · in wrong hands",
        }
    }

    /// What is being done once it is sent.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::ChangePassphrase => "deriving keys; this takes some seconds on purpose",
            Self::AddSlot => "deriving the key; this takes a second on purpose",
            Self::Rotate => "sealing everything anew; this takes some seconds",
            Self::Compromised => "sealing everything anew, replacing the backups",
        }
    }

    fn explains(self) -> &'static str {
        match self {
            Self::ChangePassphrase => {
                "Only your own slot gets the new passphrase. Copies of the vault made earlier still open with the old one."
            }
            Self::AddSlot => {
                "A viewer sees accounts and quotes, and cannot trade: the keys for that are not in a viewer's reach. \
                 A trader may do everything."
            }
            Self::Rotate => {
                "Seals everything anew under new keys. Slots other than your own are dropped, because their passphrases \
                 are not at hand; they are listed. There is a new recovery code."
            }
            Self::Compromised => {
                "For the day a copy of the vault, or what opens it, may be in wrong hands. Everything is sealed anew and \
                 old backups go; then you are told what to revoke at your brokers."
            }
        }
    }

    fn sends(self) -> &'static str {
        match self {
            Self::ChangePassphrase => "change it",
            Self::AddSlot => "add it",
            Self::Rotate => "change the keys",
            Self::Compromised => "go on",
        }
    }
}

/// What is asked once more before everything is changed.
pub(super) fn what_compromised_does() -> Vec<String> {
    vec![
        "All keys are changed, every other slot is dropped, the backups are replaced by one new one.".to_owned(),
        "Tokens are given back to the brokers that take them; the list that follows says what to revoke there by hand."
            .to_owned(),
    ]
}

/// A form and what became of it so far.
pub(super) struct Fill {
    pub(super) task: Task,
    pub(super) form: Form<Of>,
    pub(super) problem: Option<String>,
}

impl Fill {
    pub(super) fn new(task: Task, facts: &VaultFacts) -> Self {
        let with_file = facts.slots.iter().any(|slot| slot.is_own && slot.key_file);
        let mut form = Form::new(fields(task, facts));
        if task != Task::AddSlot {
            form.show(Of::CurrentFile, with_file);
        }
        Self {
            task,
            form,
            problem: None,
        }
    }

    /// The request, once everything is there; secrets leave the form with it.
    pub(super) fn submit(&mut self) -> Option<VaultRequest> {
        self.problem = None;
        let form = &mut self.form;
        if self.task != Task::AddSlot && form.secret(Of::Current)?.is_empty() {
            form.set_error(Of::Current, Some("type the passphrase".into()));
            form.focus(Of::Current);
            return None;
        }
        match self.task {
            Task::ChangePassphrase => {
                let passphrase = new_passphrase::take(form, Of::New, Of::Again)?;
                let new = Opener {
                    passphrase,
                    key_file: path(form, Of::NewFile),
                };
                let current = current(form)?;
                Some(VaultRequest::ChangePassphrase { current, new })
            }
            Task::AddSlot => {
                let passphrase = new_passphrase::take(form, Of::New, Of::Again)?;
                Some(VaultRequest::AddSlot {
                    role: ROLES.get(form.chosen(Of::Role)).copied()?,
                    label: form.text(Of::Label).into(),
                    opener: Opener {
                        passphrase,
                        key_file: path(form, Of::NewFile),
                    },
                })
            }
            Task::Rotate => Some(VaultRequest::Rotate {
                cipher: Cipher::ALL.get(form.chosen(Of::Cipher)).copied()?,
                current: current(form)?,
            }),
            Task::Compromised => Some(VaultRequest::Compromised {
                current: current(form)?,
            }),
        }
    }

    fn asks_for_new(&self) -> bool {
        matches!(self.task, Task::ChangePassphrase | Task::AddSlot)
    }

    fn above(&self, columns: u16) -> u16 {
        let lines = format::wrapped(self.task.explains(), columns.into()).len();
        u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(1)
    }

    /// The form's place.
    pub(super) fn area(&self, inside: Rect) -> Rect {
        let below = dialog::below(inside, self.above(inside.width));
        Rect {
            height: below.height.saturating_sub(self.below()),
            ..below
        }
    }

    /// Lines below the form: the meter, what is wrong, the keys.
    fn below(&self) -> u16 {
        if self.asks_for_new() { 6 } else { 4 }
    }

    /// Lines of the whole dialog.
    pub(super) fn height(&self, columns: u16) -> u16 {
        let form = self.form.height(columns);
        form.saturating_add(self.above(columns) + self.below() + 3)
    }
}

fn fields(task: Task, facts: &VaultFacts) -> Vec<Field<Of>> {
    let path = |id, label| Field::text(id, label, "", LONGEST_PATH);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let current = [
        Field::secret(Of::Current, "Passphrase now").required(),
        path(Of::CurrentFile, "Key file now").required(),
    ];
    let new = [
        Field::secret(Of::New, "New passphrase").required(),
        Field::secret(Of::Again, "Once more").required(),
        path(Of::NewFile, "Key file").hint("optional"),
    ];
    match task {
        Task::ChangePassphrase => current.into_iter().chain(new).collect(),
        Task::AddSlot => {
            let roles = names(&ROLES.map(SlotRole::name));
            let who = [
                Field::choice(Of::Role, "Opens it as", roles, 0),
                Field::text(Of::Label, "Whose", "", LONGEST_LABEL).required(),
            ];
            who.into_iter().chain(new).collect()
        }
        Task::Rotate => {
            let now = Cipher::ALL.iter().position(|it| *it == facts.cipher);
            let ciphers = names(&Cipher::ALL.map(Cipher::name));
            let cipher = Field::choice(Of::Cipher, "Cipher", ciphers, now.unwrap_or(0));
            let [passphrase, file] = current;
            vec![passphrase, file, cipher]
        }
        Task::Compromised => current.into(),
    }
}

fn current(form: &mut Form<Of>) -> Option<Opener> {
    Some(Opener {
        key_file: path(form, Of::CurrentFile),
        passphrase: form.secret_mut(Of::Current)?.take(),
    })
}

fn path(form: &Form<Of>, id: Of) -> Option<PathBuf> {
    Some(form.text(id))
        .filter(|it| !it.is_empty())
        .map(PathBuf::from)
}

pub(super) fn draw(context: &PaneContext<'_>, fill: &Fill, inside: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    dialog::paragraph(theme, Role::Muted, fill.task.explains(), inside, buffer);
    let area = fill.area(inside);
    fill.form.draw(theme, area, buffer);
    if fill.asks_for_new() {
        let below = dialog::below(inside, inside.height.saturating_sub(5));
        new_passphrase::draw_strength(context, &fill.form, Of::New, below, buffer);
    }
    if let Some(problem) = &fill.problem {
        let below = dialog::below(inside, inside.height.saturating_sub(3));
        let two_lines = Rect {
            height: below.height.min(2),
            ..below
        };
        dialog::paragraph(theme, Role::Wrong, problem, two_lines, buffer);
    }
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [
        ("enter", fill.task.sends()),
        ("tab", "next field"),
        ("esc", "back"),
    ];
    fill.form.draw_footer(theme, &keys, footer, buffer);
}
