//! How the pages of an attempt to sign in look.

use crate::domain::{AccountId, ConnectionId};
use crate::link::Waiting;
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::qr::Qr;
use crate::ui::widgets::secret_input::SecretInput;
use crate::ui::widgets::spinner::spinner;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the overlay, its frame included, and of its frame with the blank beside it.
pub(super) const WIDTH: u16 = 92;
const AROUND: u16 = 6;

/// Lines of the overlay beside the address and the picture.
const OTHER_LINES: u16 = 16;

/// Lines it has room for on a screen, with the picture where that fits.
pub(super) fn height(waiting: &Waiting, screen: Rect) -> u16 {
    let columns = WIDTH.min(screen.width).saturating_sub(AROUND);
    let plain = address_lines(waiting, columns).saturating_add(OTHER_LINES);
    let qr = Qr::of(waiting.address.as_str()).map_or(0, |qr| qr.height() + 1);
    match plain.saturating_add(qr) {
        with_picture if with_picture <= screen.height => with_picture,
        _ => plain,
    }
}

fn address_lines(waiting: &Waiting, columns: u16) -> u16 {
    let lines = format::width(waiting.address.as_str()).div_ceil(usize::from(columns.max(1)));
    u16::try_from(lines).unwrap_or(u16::MAX)
}

pub(super) fn busy(context: &PaneContext<'_>, what: &str, inside: Rect, buffer: &mut Buffer) {
    let text = format!("{} {what}", spinner(context.now));
    let rest = dialog::below(inside, 1);
    let rest = dialog::line(context.theme, Role::Accent, &text, rest, buffer);
    dialog::hints(
        context.theme,
        &[("esc", "close")],
        dialog::below(rest, 1),
        buffer,
    );
}

pub(super) fn waiting(
    context: &PaneContext<'_>,
    waiting: &Waiting,
    pasted: &SecretInput,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let left = waiting.until.since(context.now).as_secs();
    let title = format!(
        "{} · good for {}:{:02} more",
        waiting.title,
        left / 60,
        left % 60
    );
    let rest = dialog::line(theme, Role::Title, &title, inside, buffer);
    let open = format!(
        "1. Open this address at {} and say yes{}:",
        waiting.host,
        wish(waiting)
    );
    let rest = dialog::paragraph(theme, Role::Text, &open, rest, buffer);
    let rest = address(context, waiting, rest, buffer);
    let (_, field) = places(inside);
    let picture = Rect {
        height: field.y.saturating_sub(6).saturating_sub(rest.y),
        ..rest
    };
    if let Some(qr) = Qr::of(waiting.address.as_str())
        && qr.height() < picture.height
        && qr.width() <= picture.width
    {
        qr.draw(picture, buffer);
    }
    coming_back(context, waiting, pasted, inside, buffer);
}

fn wish(waiting: &Waiting) -> String {
    match waiting.scopes.as_str() {
        "" => String::new(),
        scopes => format!(" to: {scopes}"),
    }
}

/// The address, cut where the line ends and nowhere else, so that it can be selected whole.
fn address(context: &PaneContext<'_>, waiting: &Waiting, area: Rect, buffer: &mut Buffer) -> Rect {
    let characters: Vec<char> = waiting.address.as_str().chars().collect();
    let columns = usize::from(area.width.max(1));
    let lines = characters.chunks(columns).map(String::from_iter);
    lines.fold(area, |area, text: String| {
        dialog::line(context.theme, Role::Accent, &text, area, buffer)
    })
}

/// Where the last lines begin, and the line of the paste among them.
fn places(inside: Rect) -> (Rect, Rect) {
    let last = dialog::below(inside, inside.height.saturating_sub(9));
    let field = dialog::below(last, 5);
    (
        last,
        Rect {
            height: field.height.min(1),
            ..field
        },
    )
}

const PROMPT: &str = "paste here  ";

fn coming_back(
    context: &PaneContext<'_>,
    waiting: &Waiting,
    pasted: &SecretInput,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let (last, field) = places(inside);
    let (role, how) = match (&waiting.not_listening, waiting.port) {
        (Some(why), _) => (
            Role::Warn,
            format!("2. {why}; paste the address that the browser ends at."),
        ),
        (None, _) => (
            Role::Text,
            format!(
                "2. The browser comes back to {} by itself. Is it on another machine? Paste the address it ends at, also when its page cannot be shown.",
                waiting.redirect
            ),
        ),
    };
    let rest = dialog::paragraph(theme, role, &how, last, buffer);
    if let Some(port) = waiting.port {
        let tunnel = format!("   or beforehand there: ssh -L {port}:127.0.0.1:{port} this-machine");
        dialog::line(theme, Role::Muted, &tunnel, rest, buffer);
    }
    dialog::line(theme, Role::Muted, PROMPT, field, buffer);
    let typed = typed_area(field);
    buffer.set_style(typed, theme.style(Role::Field));
    let face = pasted.face(usize::from(typed.width.saturating_sub(1)));
    buffer.set_string(typed.x, typed.y, face, theme.style(Role::Field));
    let below = dialog::below(inside, inside.height.saturating_sub(3));
    if let Some(problem) = &waiting.problem {
        let two = Rect {
            height: below.height.min(2),
            ..below
        };
        dialog::paragraph(theme, Role::Wrong, problem.as_str(), two, buffer);
    }
    let keys: &[(&str, &str)] = match pasted.is_empty() {
        true => &[("y", "copy the address"), ("esc", "give up")],
        false => &[
            ("enter", "take it"),
            ("ctrl-u", "clear"),
            ("esc", "give up"),
        ],
    };
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    dialog::hints(theme, keys, footer, buffer);
}

fn typed_area(field: Rect) -> Rect {
    let prompt = u16::try_from(PROMPT.len())
        .unwrap_or(u16::MAX)
        .min(field.width);
    Rect {
        x: field.x + prompt,
        width: field.width - prompt,
        ..field
    }
}

pub(super) fn cursor(pasted: &SecretInput, inside: Rect) -> Option<Position> {
    let (_, field) = places(inside);
    let typed = typed_area(field);
    let count = u16::try_from(pasted.count()).unwrap_or(u16::MAX);
    let x = typed.x + count.min(typed.width.saturating_sub(1));
    (field.height > 0).then_some(Position { x, y: field.y })
}

pub(super) fn over(context: &PaneContext<'_>, why: &str, inside: Rect, buffer: &mut Buffer) {
    let rest = dialog::below(inside, 1);
    let rest = dialog::paragraph(context.theme, Role::Wrong, why, rest, buffer);
    let keys = [("enter", "try again"), ("esc", "close")];
    dialog::hints(context.theme, &keys, dialog::below(rest, 1), buffer);
}

pub(super) fn done(
    context: &PaneContext<'_>,
    connection: &ConnectionId,
    accounts: &[AccountId],
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let sentence =
        format!("Signed in; the tokens are sealed in the vault as {connection}. It reaches:");
    let rest = dialog::paragraph(theme, Role::Text, &sentence, inside, buffer);
    let rest = accounts.iter().fold(dialog::below(rest, 1), |rest, id| {
        let known = context.replica.accounts.get(id);
        let name = known.map_or("", |account| account.name.as_str());
        let text = format!("{}  {name}", id.short());
        dialog::line(theme, Role::Strong, &text, rest, buffer)
    });
    dialog::hints(theme, &[("enter", "close")], dialog::below(rest, 1), buffer);
}
