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

/// Columns left free at each end.
const MARGIN: u16 = 1;

/// Draws the footer: a notice where there is one, else hints; beside it the figures where there is room.
pub fn draw(
    context: &PaneContext<'_>,
    hints: &[Hint],
    notice: Option<(Level, &str)>,
    figures: LinkFigures,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let end = match notice {
        Some(notice) => draw_notice(context, notice, area, buffer),
        None => draw_hints(context, hints, area, buffer),
    };
    let room = area.right().saturating_sub(end + GAP + MARGIN);
    let texts = [words(figures), latency(figures)];
    let width = |text: &String| u16::try_from(format::width(text)).unwrap_or(u16::MAX);
    if let Some(text) = texts.iter().find(|text| width(text) <= room) {
        let x = area.right() - MARGIN - width(text);
        buffer.set_string(x, area.y, text, context.theme.style(Role::Muted));
    }
}

/// Draws a sentence, over the whole line where it needs that; returns the column after it.
fn draw_notice(
    context: &PaneContext<'_>,
    (level, text): (Level, &str),
    area: Rect,
    buffer: &mut Buffer,
) -> u16 {
    let x = (area.x + MARGIN).min(area.right());
    let room = usize::from((area.right() - x).saturating_sub(MARGIN));
    let text = format::cut(text, room);
    let style = context.theme.level(level);
    buffer.set_stringn(x, area.y, text, room, style).0
}

fn draw_hints(context: &PaneContext<'_>, hints: &[Hint], area: Rect, buffer: &mut Buffer) -> u16 {
    let theme = context.theme;
    let mut end = area.x;
    for (index, place) in places(hints, area) {
        let (key, meaning) = &hints[index];
        let room = usize::from(place.width);
        let after = buffer.set_stringn(place.x, place.y, key, room, theme.style(Role::Key));
        let muted = theme.style(Role::Muted);
        buffer.set_stringn(after.0 + 1, place.y, meaning, room, muted);
        end = place.right();
    }
    end
}

/// Where each hint stands, as many as fit whole; one without a key is none.
fn places(hints: &[Hint], area: Rect) -> impl Iterator<Item = (usize, Rect)> {
    let mut x = area.x.saturating_add(MARGIN);
    let with_key = hints
        .iter()
        .enumerate()
        .filter(|(_, (key, _))| !key.is_empty());
    with_key.map_while(move |(index, (key, meaning))| {
        let width = u16::try_from(format::width(key) + 1 + format::width(meaning)).ok()?;
        let fits = x.saturating_add(width).saturating_add(MARGIN) <= area.right();
        let place = Rect {
            x,
            width,
            height: 1,
            ..area
        };
        x = x.saturating_add(width).saturating_add(GAP);
        fits.then_some((index, place))
    })
}

/// The hint at a place of the screen, for the mouse.
pub fn hint_at(hints: &[Hint], area: Rect, at: Position) -> Option<usize> {
    places(hints, area)
        .find(|(_, place)| place.contains(at))
        .map(|(index, _)| index)
}

/// `link 48 ms  3 KB/s  10 fps`.
fn words(figures: LinkFigures) -> String {
    let rate = match figures.bytes_per_second {
        bytes @ 0..1_024 => format!("{bytes} B/s"),
        bytes @ 1_024..1_048_576 => format!("{} KB/s", bytes / 1_024),
        bytes => format!("{} MB/s", bytes / 1_048_576),
    };
    let frames = figures.frames_per_second;
    format!("{}  {rate}  {frames} fps", latency(figures))
}

fn latency(figures: LinkFigures) -> String {
    format!(
        "link {}",
        format::or_unknown(figures.latency_ms, format::latency)
    )
}

#[cfg(test)]
mod tests;
