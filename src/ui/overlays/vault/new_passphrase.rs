//! A new passphrase, typed twice: what it must be, and how hard it is to guess.

use super::strength;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::form::Form;
use crate::ui::widgets::{dialog, meter};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use secrecy::SecretString;

/// Takes the new passphrase out of both fields, once it is long enough and typed twice; else says what is wrong.
pub(in crate::ui::overlays) fn take<Id: Copy + PartialEq>(
    form: &mut Form<Id>,
    first: Id,
    again: Id,
) -> Option<SecretString> {
    let (typed, repeated) = (form.secret(first)?, form.secret(again)?);
    let wrong = if typed.count() < strength::SHORTEST {
        Some((first, format!("at least {} characters", strength::SHORTEST)))
    } else if !typed.equals(repeated) {
        Some((again, "the two differ".to_owned()))
    } else {
        None
    };
    if let Some((field, error)) = wrong {
        form.set_error(field, Some(error));
        form.focus(field);
        return None;
    }
    form.secret_mut(again)?.clear();
    Some(form.secret_mut(first)?.take())
}

/// A meter of how hard the new passphrase is to guess.
pub(in crate::ui::overlays) fn draw_strength<Id: Copy + PartialEq>(
    context: &PaneContext<'_>,
    form: &Form<Id>,
    field: Id,
    area: Rect,
    buffer: &mut Buffer,
) {
    let typed = form.secret(field).filter(|it| !it.is_empty());
    let Some(bits) = typed.map(|it| it.judged(strength::bits)) else {
        return;
    };
    dialog::line(context.theme, Role::Muted, "  hard to guess?", area, buffer);
    let bar = Rect {
        x: area.x + 18.min(area.width),
        width: area.width.saturating_sub(18).min(20),
        height: area.height.min(1),
        ..area
    };
    if bar.is_empty() {
        return;
    }
    meter::draw(context.theme, bar, (bits, strength::STRONG_BITS), buffer);
    let word = Rect {
        x: bar.right() + 2,
        width: area.right().saturating_sub(bar.right() + 2),
        ..bar
    };
    let role = if bits < strength::FAIR_BITS {
        Role::Warn
    } else {
        Role::Text
    };
    dialog::line(context.theme, role, strength::word(bits), word, buffer);
}
