//! The forms of the door: a new passphrase, the passphrase, and the ways in for the day one of them or the vault is
//! lost: the recovery code, a backup, the word of a person.

use super::Of;
use crate::link::vault::{BackupFacts, DoorRequest, Opener, ShutFacts};
use crate::ui::format;
use crate::ui::overlays::vault::new_passphrase;
use crate::ui::panes::PaneContext;
use crate::ui::widgets::form::{Field, Form};
use std::path::PathBuf;

/// Longest path of a key file, in characters.
const LONGEST_PATH: usize = 512;

/// What stands for the vault itself among the backups.
const AS_IT_IS: &str = "none: accept the vault as it is";

/// A form that makes a vault usable again, and what its choices mean.
pub(super) struct Rescue {
    pub(super) form: Form<Of>,
    /// The backup of each choice; none for the vault as it is.
    sources: Vec<Option<u8>>,
}

impl Rescue {
    /// The form, where there is anything to choose from.
    pub(super) fn new(shut: &ShutFacts, context: &PaneContext<'_>) -> Option<Self> {
        let sound: Vec<(u8, String)> = shut
            .backups
            .iter()
            .filter_map(|backup| Some((backup.which, line_of(backup, context)?)))
            .collect();
        let (mut sources, mut names): (Vec<_>, Vec<_>) = sound
            .into_iter()
            .map(|(which, name)| (Some(which), name))
            .unzip();
        if shut.is_doubted {
            sources.push(None);
            names.push(AS_IT_IS.to_owned());
        }
        if sources.is_empty() {
            return None;
        }
        let mut form = Form::new(vec![
            Field::choice(Of::Backup, "Backup", names, 0),
            Field::secret(Of::Passphrase, "Passphrase").required(),
            key_file(),
        ]);
        form.focus(Of::Passphrase);
        Some(Self { form, sources })
    }

    /// Whether the vault as it is may be chosen.
    pub(super) fn may_accept(&self) -> bool {
        self.sources.contains(&None)
    }

    /// Takes what is typed.
    pub(super) fn submit(&mut self) -> Option<DoorRequest> {
        let chosen = self.form.chosen(Of::Backup);
        let source = self.sources.get(chosen).copied()?;
        let opener = opener(&mut self.form)?;
        Some(match source {
            Some(backup) => DoorRequest::Restore { backup, opener },
            None => DoorRequest::AcceptOlder(opener),
        })
    }
}

/// When it was made and what is in it; `None` for one that is damaged.
fn line_of(backup: &BackupFacts, context: &PaneContext<'_>) -> Option<String> {
    let content = backup.found.as_ref().ok()?;
    let made = format::date_and_time(content.made, context.zone);
    let age = format::age(context.now.since(content.made));
    Some(format!(
        "{made}, {age} old, generation {}",
        content.generation
    ))
}

fn key_file() -> Field<Of> {
    Field::text(Of::KeyFile, "Key file", "", LONGEST_PATH).hint("if there is one")
}

pub(super) fn unlock_form(knows_key_files: bool) -> Form<Of> {
    let mut form = Form::new(vec![
        Field::secret(Of::Passphrase, "Passphrase").required(),
        key_file(),
    ]);
    form.show(Of::KeyFile, knows_key_files);
    form
}

pub(super) fn create_form() -> Form<Of> {
    Form::new(vec![
        Field::secret(Of::Passphrase, "Passphrase").required(),
        Field::secret(Of::Again, "Once more").required(),
    ])
}

/// The form of the recovery code.
pub(super) fn recover_form() -> Form<Of> {
    Form::new(vec![
        Field::visible_secret(Of::Code, "Recovery code").required(),
        Field::secret(Of::Passphrase, "New passphrase").required(),
        Field::secret(Of::Again, "Once more").required(),
    ])
}

/// Takes the code and the new passphrase. The code stays, for one wrong symbol would cost all of it.
pub(super) fn recover(form: &mut Form<Of>) -> Option<DoorRequest> {
    if form.secret(Of::Code)?.is_empty() {
        form.set_error(Of::Code, Some("type the recovery code".into()));
        form.focus(Of::Code);
        return None;
    }
    let new = new_passphrase::take(form, Of::Passphrase, Of::Again)?;
    let code = form.secret(Of::Code)?.copy();
    Some(DoorRequest::Recover { code, new })
}

/// Takes the passphrase and the key file, if there is one.
pub(super) fn opener(form: &mut Form<Of>) -> Option<Opener> {
    let path = Some(form.text(Of::KeyFile)).filter(|it| !it.is_empty());
    let key_file = path.map(PathBuf::from);
    let secret = form.secret_mut(Of::Passphrase)?;
    if secret.is_empty() {
        form.set_error(Of::Passphrase, Some("type the passphrase".into()));
        form.focus(Of::Passphrase);
        return None;
    }
    Some(Opener {
        passphrase: secret.take(),
        key_file,
    })
}
