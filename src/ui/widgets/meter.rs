//! A bar that fills by eighths of a column.

use crate::ui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A column filled by so many eighths; a dot where nothing is, so that the whole is seen.
const EIGHTHS: [&str; 9] = ["·", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// A bar of `width` columns of which `done` of `total` are filled; full where `total` is zero.
pub fn bar(done: u64, total: u64, width: u16) -> String {
    let eighths = u64::from(width) * 8;
    let filled = match total {
        0 => eighths,
        _ => u64::try_from(u128::from(done.min(total)) * u128::from(eighths) / u128::from(total))
            .expect("no more than all eighths"),
    };
    (0..u64::from(width))
        .map(|column| filled.saturating_sub(column * 8).min(8))
        .map(|part| EIGHTHS[usize::try_from(part).expect("at most eight")])
        .collect()
}

/// Draws the bar over the whole width of `area`'s first line.
pub fn draw(theme: &Theme, area: Rect, (done, total): (u64, u64), buffer: &mut Buffer) {
    let style = theme.style(Role::Field).patch(theme.style(Role::Accent));
    let bar = bar(done, total, area.width).replace(EIGHTHS[0], " "); // the field behind it shows the whole
    buffer.set_string(area.x, area.y, bar, style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_by_eighths_and_never_beyond() {
        let cases = [
            (0, 8, 4, "····"),
            (1, 8, 4, "▌···"),
            (5, 8, 4, "██▌·"),
            (1, 32, 4, "▏···"),
            (8, 8, 4, "████"),
            (9, 8, 4, "████"),
            (0, 0, 2, "██"),
            (1, 2, 0, ""),
            (u64::MAX, u64::MAX, 2, "██"),
        ];
        for (done, total, width, expected) in cases {
            assert_eq!(bar(done, total, width), expected, "{done} of {total}");
        }
    }
}
