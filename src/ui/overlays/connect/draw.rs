//! How the pages of a new connection look.

use super::Fill;
use super::fill::Certificate;
use crate::domain::{AccountId, ConnectionId, Environment};
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::picker::Picker;
use crate::ui::widgets::spinner::spinner;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of a provider's name in the list.
const TITLE: u16 = 18;

/// Lines above the form: what the provider gives, where its keys come from, the environment.
const ABOVE_FORM: u16 = 4;

/// The form's place.
pub(super) fn fields(inside: Rect) -> Rect {
    let below = dialog::below(inside, ABOVE_FORM);
    Rect {
        height: below.height.saturating_sub(4),
        ..below
    }
}

pub(super) fn locked(context: &PaneContext<'_>, inside: Rect, buffer: &mut Buffer) {
    let sentence = "A broker's keys are sealed in the vault, and the vault is not open.";
    let rest = dialog::paragraph(context.theme, Role::Text, sentence, inside, buffer);
    let keys = [("enter", "open the vault"), ("esc", "close")];
    dialog::hints(context.theme, &keys, dialog::below(rest, 1), buffer);
}

pub(super) fn offers(
    context: &PaneContext<'_>,
    picker: &Picker,
    inside: Rect,
    buffer: &mut Buffer,
) {
    if context.replica.offers.is_empty() {
        dialog::line(
            context.theme,
            Role::Muted,
            "there is nothing to connect to",
            inside,
            buffer,
        );
        return;
    }
    picker.draw(context.theme, inside, buffer, |index, line, buffer| {
        let Some(offer) = context.replica.offers.get(index) else {
            return;
        };
        let title = Rect {
            width: TITLE.min(line.width),
            ..line
        };
        let gives = Rect {
            x: title.right(),
            width: line.width - title.width,
            ..line
        };
        let name = format::shortened(
            offer.title.as_str(),
            usize::from(title.width.saturating_sub(1)),
        );
        dialog::line(context.theme, Role::Strong, &name, title, buffer);
        dialog::line(
            context.theme,
            Role::Muted,
            offer.gives.as_str(),
            gives,
            buffer,
        );
    });
}

/// The question about a certificate, in the place of the form.
fn certificate(context: &PaneContext<'_>, asked: &Certificate, inside: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let sentence = format!(
        "Nobody vouches for the certificate of {}. Its SHA-256 is",
        asked.address
    );
    let rest = dialog::paragraph(theme, Role::Text, &sentence, inside, buffer);
    let shown = asked.fingerprint.as_str();
    let rest = dialog::paragraph(theme, Role::Strong, shown, dialog::below(rest, 1), buffer);
    let question = "Is that the program you started here yourself? If it changes later, nothing is sent to it.";
    let rest = dialog::paragraph(theme, Role::Text, question, dialog::below(rest, 1), buffer);
    let keys = [("y", "yes, take this one"), ("n", "no")];
    dialog::hints(theme, &keys, dialog::below(rest, 1), buffer);
}

pub(super) fn fill(context: &PaneContext<'_>, fill: &Fill, inside: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    if let Some(asked) = &fill.certificate {
        return certificate(context, asked, inside, buffer);
    }
    let rest = dialog::line(
        theme,
        Role::Title,
        fill.offer.title.as_str(),
        inside,
        buffer,
    );
    let rest = dialog::line(theme, Role::Text, fill.offer.gives.as_str(), rest, buffer);
    let hint = fill.way().map_or("", |way| way.hint.as_str());
    dialog::line(theme, Role::Muted, hint, rest, buffer);
    let form = fields(inside);
    fill.form.draw(theme, form, buffer);
    let below = dialog::below(inside, inside.height.saturating_sub(3));
    if let Some(problem) = &fill.problem {
        let two_lines = Rect {
            height: below.height.min(2),
            ..below
        };
        dialog::paragraph(theme, Role::Wrong, problem, two_lines, buffer);
    } else {
        let (role, sentence) = match fill.environment() {
            Environment::Paper => (
                Role::Paper,
                "PAPER: the provider's own simulation, no real money",
            ),
            Environment::Live => (Role::Live, "LIVE: real accounts"),
        };
        dialog::line(theme, role, sentence, below, buffer);
    }
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    if fill.sent.is_some() {
        let text = format!("{} asking {} …", spinner(context.now), fill.offer.title);
        dialog::line(theme, Role::Accent, &text, footer, buffer);
    } else {
        let keys = [("enter", "connect"), ("tab", "next field"), ("esc", "back")];
        fill.form.draw_footer(theme, &keys, footer, buffer);
    }
}

pub(super) fn done(
    context: &PaneContext<'_>,
    connection: &ConnectionId,
    accounts: &[AccountId],
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let sentence = format!("Sealed in the vault as {connection}. It reaches:");
    let mut rest = dialog::below(
        dialog::line(theme, Role::Text, &sentence, inside, buffer),
        1,
    );
    for id in accounts {
        let known = context.replica.accounts.get(id);
        let about = known.map_or_else(String::new, |account| {
            format!("{} {}", account.name, account.environment)
        });
        let text = format!("{}  {about}", id.short());
        rest = dialog::line(theme, Role::Strong, &text, rest, buffer);
    }
    if accounts.is_empty() {
        rest = dialog::line(theme, Role::Muted, "no account", rest, buffer);
    }
    let question = "Not the accounts you meant? Stop the connection with d, and connect again.";
    let rest = dialog::paragraph(theme, Role::Muted, question, dialog::below(rest, 1), buffer);
    dialog::hints(theme, &[("enter", "close")], rest, buffer);
}
