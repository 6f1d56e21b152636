//! The last line: keys worth pressing now, or a sentence for the person; at the right what the link takes.

use crate::link::Level;
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What the link takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFigures {
    /// How long the slowest connection took to answer last, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Bytes written to the terminal in the last second.
    pub bytes_per_second: u64,
    /// Frames written in the last second.
    pub frames_per_second: u32,
}

/// Key and meaning of a hint.
pub type Hint = (String, String);

/// Columns between two hints.
const GAP: u16 = 2;

/// Draws the footer: a notice where there is one, else hints.
pub fn draw(
    context: &PaneContext<'_>,
    hints: &[Hint],
    notice: Option<(Level, &str)>,
    figures: LinkFigures,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let figures = words(figures);
    let width = u16::try_from(format::width(&figures)).unwrap_or(0);
    if let Some((level, text)) = notice {
        let text = format::cut(text, usize::from(area.width.saturating_sub(2)));
        buffer.set_string(area.x + 1, area.y, text, theme.level(level));
        return;
    }
    let end = draw_hints(context, hints, area, buffer);
    if end + GAP + width < area.right() {
        buffer.set_string(
            area.right() - width - 1,
            area.y,
            figures,
            theme.style(Role::Muted),
        );
    }
}

fn draw_hints(context: &PaneContext<'_>, hints: &[Hint], area: Rect, buffer: &mut Buffer) -> u16 {
    let mut end = area.x;
    for ((key, meaning), place) in hints.iter().zip(places(hints, area)) {
        let theme = context.theme;
        buffer.set_string(place.x, place.y, key, theme.style(Role::Key));
        let after = place.x + u16::try_from(format::width(key)).unwrap_or(0) + 1;
        buffer.set_string(after, place.y, meaning, theme.style(Role::Muted));
        end = place.right();
    }
    end
}

/// Where each hint stands, as many as fit whole.
fn places(hints: &[Hint], area: Rect) -> impl Iterator<Item = Rect> {
    let mut x = area.x + 1;
    hints.iter().map_while(move |(key, meaning)| {
        let width = u16::try_from(format::width(key) + 1 + format::width(meaning)).ok()?;
        let place = Rect {
            x,
            width,
            height: 1,
            ..area
        };
        x = place.right() + GAP;
        (place.right() < area.right()).then_some(place)
    })
}

/// The hint at a place of the screen, for the mouse.
pub fn hint_at(hints: &[Hint], area: Rect, at: Position) -> Option<usize> {
    places(hints, area).position(|place| place.contains(at))
}

/// `link 48 ms  3 KB/s  10 fps`.
fn words(figures: LinkFigures) -> String {
    let rate = match figures.bytes_per_second {
        bytes if bytes < 1_024 => format!("{bytes} B/s"),
        bytes => format!("{} KB/s", bytes / 1_024),
    };
    let latency = figures.latency_ms.map_or(String::new(), |millis| {
        format!("link {}  ", format::latency(millis))
    });
    format!("{latency}{rate}  {} fps", figures.frames_per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints() -> Vec<Hint> {
        [("s", "sync"), ("?", "help")]
            .map(|(key, meaning)| (key.to_owned(), meaning.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_click_finds_its_hint() {
        let area = Rect::new(0, 23, 80, 1);
        for (x, expected) in [
            (0, None),
            (1, Some(0)),
            (6, Some(0)),
            (7, None),
            (9, Some(1)),
            (40, None),
        ] {
            assert_eq!(
                hint_at(&hints(), area, Position::new(x, 23)),
                expected,
                "{x}"
            );
        }
        assert_eq!(
            hint_at(&hints(), Rect::new(0, 23, 10, 1), Position::new(9, 23)),
            None,
            "it does not fit"
        );
    }

    #[test]
    fn figures_are_short() {
        let figures = LinkFigures {
            latency_ms: Some(48),
            bytes_per_second: 3_500,
            frames_per_second: 10,
        };
        assert_eq!(words(figures), "link 48 ms  3 KB/s  10 fps");
        assert_eq!(words(LinkFigures::default()), "0 B/s  0 fps");
    }
}
