//! Where each column stands: the important ones first, the room that is left shared out.

use super::{Column, MARK, WIDEST_GAP};
use ratatui::layout::Rect;

/// Where a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// Which columns are shown, and where.
pub(super) fn places(columns: &[Column<'_>], area: Rect) -> Vec<Place> {
    let room = area.width.saturating_sub(MARK);
    let shown = shown(columns, room);
    let narrowest = |index: &usize| columns[*index].narrowest.min(room);
    let mut widths: Vec<u16> = shown.iter().map(narrowest).collect();
    let gaps = narrow(shown.len().saturating_sub(1));
    let mut spare = room.saturating_sub(widths.iter().sum::<u16>() + gaps);
    let mut gap = 1;
    if spare >= gaps && gaps > 0 {
        gap += 1;
        spare -= gaps;
    }
    spare = widen(columns, &shown, &mut widths, spare);
    gap += spare.checked_div(gaps).unwrap_or(0).min(WIDEST_GAP - gap);
    let mut x = area.x + MARK;
    let place = |(column, width): (usize, u16)| {
        let place = Place { column, x, width };
        x += width + gap;
        place
    };
    shown.into_iter().zip(widths).map(place).collect()
}

/// The columns that fit at their narrowest; the last of the least important drops out first.
fn shown(columns: &[Column<'_>], room: u16) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let needed = |shown: &[usize]| -> usize {
        let widths = shown
            .iter()
            .map(|index| usize::from(columns[*index].narrowest));
        widths.sum::<usize>() + shown.len().saturating_sub(1)
    };
    while shown.len() > 1 && needed(&shown) > room.into() {
        let least = (0..shown.len()).max_by_key(|at| columns[shown[*at]].priority);
        shown.remove(least.expect("there are at least two"));
    }
    shown
}

/// Widens columns by turns, the most important first, up to their widest; returns what is left of `spare`.
fn widen(columns: &[Column<'_>], shown: &[usize], widths: &mut [u16], mut spare: u16) -> u16 {
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|at| columns[shown[*at]].priority);
    loop {
        let before = spare;
        for at in &order {
            if spare > 0 && widths[*at] < columns[shown[*at]].widest {
                widths[*at] += 1;
                spare -= 1;
            }
        }
        if spare == before {
            return spare;
        }
    }
}

fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
