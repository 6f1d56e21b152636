//! How the vault's door looks.

use super::forms::Rescue;
use super::{CHOICES, Of, waits};
use crate::domain::text::Text;
use crate::link::VaultStatus;
use crate::ui::format;
use crate::ui::overlays::vault::new_passphrase;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::form::Form;
use crate::ui::widgets::spinner::spinner;
use crate::ui::widgets::{dialog, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// The first start's choice.
pub(super) fn draw_welcome(
    context: &PaneContext<'_>,
    chosen: usize,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let rest = dialog::line(theme, Role::Title, "tradedeck", inside, buffer);
    let tagline = "every account you own, in one terminal";
    let mut rest = dialog::below(dialog::line(theme, Role::Muted, tagline, rest, buffer), 1);
    for (index, (title, meaning)) in CHOICES.iter().enumerate() {
        let text = Rect {
            x: rest.x + 2.min(rest.width),
            width: rest.width.saturating_sub(2),
            ..rest
        };
        let is_chosen = index == chosen;
        if is_chosen {
            dialog::line(theme, Role::Accent, "▌", rest, buffer);
        }
        let role = if is_chosen { Role::Strong } else { Role::Text };
        let below = dialog::line(theme, role, title, text, buffer);
        dialog::line(theme, Role::Muted, meaning, below, buffer);
        rest = dialog::below(rest, 3);
    }
    dialog::hints(
        theme,
        &[("↑ ↓", "choose"), ("enter", "go on"), ("ctrl-c", "quit")],
        rest,
        buffer,
    );
}

/// A vault that cannot be used, and why.
pub(super) fn draw_broken(
    context: &PaneContext<'_>,
    problem: &Text,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let rest = dialog::line(
        theme,
        Role::Wrong,
        "The vault cannot be used",
        inside,
        buffer,
    );
    let rest = dialog::paragraph(
        theme,
        Role::Text,
        problem.as_str(),
        dialog::below(rest, 1),
        buffer,
    );
    dialog::hints(theme, &[("ctrl-c", "quit")], dialog::below(rest, 1), buffer);
}

/// The footer while a key is derived.
pub(super) fn draw_working(context: &PaneContext<'_>, inside: Rect, buffer: &mut Buffer) {
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let text = format!(
        "{} deriving the key; this takes a second on purpose",
        spinner(context.now)
    );
    frame::clear(context.theme, Role::Panel, footer, buffer);
    dialog::line(context.theme, Role::Accent, &text, footer, buffer);
}

/// The making of a vault: `fields` is where the form stands.
pub(super) fn draw_create(
    context: &PaneContext<'_>,
    form: &Form<Of>,
    refused: Option<&str>,
    (inside, fields): (Rect, Rect),
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let sentence = "One passphrase opens everything. It is kept nowhere: without it, a recovery code on \
                    paper opens the vault, or nothing does. Four or five random words are easy to keep in mind.";
    draw_sentence(context, refused, sentence, inside, buffer);
    form.draw(theme, fields, buffer);
    let below = dialog::below(fields, form.height(fields.width) + 1);
    new_passphrase::draw_strength(context, form, Of::Passphrase, below, buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    form.draw_footer(
        theme,
        &[("enter", "make it"), ("tab", "next field"), ("esc", "back")],
        footer,
        buffer,
    );
}

/// The passphrase: `fields` is where the form stands.
pub(super) fn draw_unlock(
    context: &PaneContext<'_>,
    form: &Form<Of>,
    (inside, fields): (Rect, Rect),
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let (role, sentence) = locked_sentence(context);
    dialog::line(theme, role, &sentence, inside, buffer);
    draw_wait(context, dialog::below(inside, 1), buffer);
    form.draw(theme, fields, buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    form.draw_footer(
        theme,
        &[
            ("enter", "unlock"),
            ("ctrl-r", "recovery code"),
            ("ctrl-f", "key file"),
            ("ctrl-c", "quit"),
        ],
        footer,
        buffer,
    );
}

/// The recovery code and the new passphrase.
pub(super) fn draw_recover(
    context: &PaneContext<'_>,
    form: &Form<Of>,
    refused: Option<&str>,
    (inside, fields): (Rect, Rect),
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let sentence = "Type the code from your note; blanks and dashes do not matter. It opens the vault, and the \
                    new passphrase opens it from then on.";
    draw_sentence(context, refused, sentence, inside, buffer);
    draw_wait(context, dialog::below(inside, 3), buffer);
    form.draw(theme, fields, buffer);
    let below = dialog::below(fields, form.height(fields.width) + 1);
    new_passphrase::draw_strength(context, form, Of::Passphrase, below, buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [("enter", "open it"), ("tab", "next field"), ("esc", "back")];
    form.draw_footer(theme, &keys, footer, buffer);
}

/// What the vault can be made from again.
pub(super) fn draw_rescue(
    context: &PaneContext<'_>,
    rescue: &Rescue,
    refused: Option<&str>,
    (inside, fields): (Rect, Rect),
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let sentence = match &context.replica.vault {
        Some(VaultStatus::Broken { problem, .. }) => problem.as_str(),
        Some(
            VaultStatus::Absent
            | VaultStatus::Locked { .. }
            | VaultStatus::Unlocking
            | VaultStatus::Open { .. },
        )
        | None => "The vault is gone, but there are backups of it.",
    };
    let form = &rescue.form;
    dialog::paragraph(theme, Role::Warn, sentence, inside, buffer);
    form.draw(theme, fields, buffer);
    let below = dialog::below(fields, form.height(fields.width) + 1);
    let what = if rescue.may_accept() {
        "If you put it back yourself, accept the vault as it is instead of a backup: the last choice."
    } else {
        "It opens with the passphrase it had when the backup was made. What there is now is kept beside it."
    };
    let refused = refused.filter(|why| *why != sentence); // said above
    draw_sentence(context, refused, what, below, buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [
        ("enter", "restore"),
        ("↑ ↓", "field"),
        ("← →", "choose"),
        ("ctrl-c", "quit"),
    ];
    form.draw_footer(theme, &keys, footer, buffer);
}

/// Why the last attempt came to nothing, or what this page is for.
fn draw_sentence(
    context: &PaneContext<'_>,
    refused: Option<&str>,
    sentence: &str,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (role, text) = match refused {
        Some(why) => (Role::Wrong, why),
        None => (Role::Muted, sentence),
    };
    dialog::paragraph(context.theme, role, text, area, buffer);
}

/// How long the vault refuses attempts.
fn draw_wait(context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
    if let Some(wait) = waits(context) {
        let seconds = wait + Duration::from_millis(999); // a started second is still to wait
        let text = format!("next attempt in {}", format::countdown(seconds));
        dialog::line(context.theme, Role::Warn, &text, area, buffer);
    }
}

/// What is said above the passphrase.
fn locked_sentence(context: &PaneContext<'_>) -> (Role, String) {
    match &context.replica.vault {
        Some(VaultStatus::Locked {
            failures, problem, ..
        }) => match (problem, failures) {
            (Some(problem), 0 | 1) => (Role::Wrong, problem.as_str().to_owned()),
            (Some(problem), failures) => {
                (Role::Wrong, format!("{problem} ({failures} wrong so far)"))
            }
            (None, 0) => (Role::Text, "The vault is locked.".into()),
            (None, 1) => (
                Role::Warn,
                "The vault is locked; 1 wrong passphrase was tried.".into(),
            ),
            (None, failures) => (
                Role::Warn,
                format!("The vault is locked; {failures} wrong passphrases were tried."),
            ),
        },
        Some(VaultStatus::Unlocking) => (Role::Text, "Opening the vault.".into()),
        Some(VaultStatus::Absent | VaultStatus::Open { .. } | VaultStatus::Broken { .. })
        | None => (Role::Text, String::new()),
    }
}
