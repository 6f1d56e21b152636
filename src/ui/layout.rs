//! Where each pane goes: arrangements for every size, from one pane with a tab strip to five and a detail column.

use crate::ui::panes::PaneId;
use ratatui::layout::Rect;

/// Smallest screen that is drawn at all; below it one line says so.
pub const SMALLEST: (u16, u16) = (60, 16);

/// From this width two columns stand side by side.
const TWO_COLUMNS: u16 = 110;

/// From this height three rows of panes stand above each other.
const THREE_ROWS: u16 = 30;

/// From this height two panes stand above each other in one column.
const TWO_ROWS: u16 = 36;

/// From this width a third column has the details.
const THREE_COLUMNS: u16 = 180;

/// A named arrangement of panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// Everything at a glance.
    Overview,
    /// Quotes, orders and the chart.
    Trading,
    /// Connections and what they do.
    Monitor,
}

impl Arrangement {
    /// Every arrangement, in the order `[` and `]` go through them.
    pub const ALL: [Self; 3] = [Self::Overview, Self::Trading, Self::Monitor];

    /// The one `steps` further, going round.
    pub fn step(self, forward: bool) -> Self {
        let here = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        let count = Self::ALL.len();
        Self::ALL[(here + if forward { 1 } else { count - 1 }) % count]
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Trading => "trading",
            Self::Monitor => "monitor",
        }
    }

    /// Its panes: left column, right column, bottom row.
    fn slots(self) -> ([PaneId; 2], [PaneId; 2], PaneId) {
        use PaneId as P;
        match self {
            Self::Overview => (
                [P::Accounts, P::Quotes],
                [P::Positions, P::Orders],
                P::Activity,
            ),
            Self::Trading => (
                [P::Accounts, P::Quotes],
                [P::Detail, P::Orders],
                P::Positions,
            ),
            Self::Monitor => (
                [P::Accounts, P::Quotes],
                [P::Health, P::Activity],
                P::Orders,
            ),
        }
    }
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// The status bar.
    pub status: Rect,
    /// The strip that names panes which are not shown; empty where all that matter are.
    pub tabs: Rect,
    /// The panes shown.
    pub panes: Vec<(PaneId, Rect)>,
    /// The footer.
    pub footer: Rect,
}

/// What decides the layout, apart from the screen.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// The arrangement.
    pub arrangement: Arrangement,
    /// The pane that has the keys; it is always shown.
    pub focus: PaneId,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// Rows the accounts pane would like, its frame included.
    pub account_rows: u16,
}

/// Lays panes out on a screen; `None` where it is too small.
pub fn arrange(screen: Rect, wishes: Wishes) -> Option<Layout> {
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        return None;
    }
    let status = Rect {
        height: 1,
        ..screen
    };
    let footer = Rect {
        y: screen.bottom() - 1,
        height: 1,
        ..screen
    };
    let body = Rect {
        y: screen.y + 1,
        height: screen.height - 2,
        ..screen
    };
    let mut layout = Layout {
        status,
        footer,
        ..Layout::default()
    };
    if wishes.zoomed || screen.width < TWO_COLUMNS {
        let (tabs, rest) = split_rows(body, 1);
        layout.tabs = tabs;
        layout.panes = narrow(rest, wishes);
    } else if body.height < THREE_ROWS {
        let (tabs, rest) = split_rows(body, 1);
        layout.tabs = tabs;
        layout.panes = side_by_side(rest, wishes);
    } else if screen.width >= THREE_COLUMNS {
        let (main, detail) = split_columns(body, body.width - body.width * 3 / 10);
        layout.panes = cockpit(main, wishes, &[PaneId::Detail, PaneId::Health]);
        layout
            .panes
            .extend(column(detail, wishes.arrangement, &layout.panes));
        show_focus(&mut layout.panes, wishes.focus);
    } else {
        layout.panes = cockpit(body, wishes, &[]);
        show_focus(&mut layout.panes, wishes.focus);
    }
    Some(layout)
}

/// One pane, or two above each other on a tall screen.
fn narrow(area: Rect, wishes: Wishes) -> Vec<(PaneId, Rect)> {
    if wishes.zoomed || area.height < TWO_ROWS {
        return vec![(wishes.focus, area)];
    }
    let companion = if wishes.focus == PaneId::Positions {
        PaneId::Orders
    } else {
        PaneId::Positions
    };
    let (top, bottom) = split_rows(area, area.height * 6 / 10);
    vec![(wishes.focus, top), (companion, bottom)]
}

/// Quotes at the left, the focused pane at the right.
fn side_by_side(area: Rect, wishes: Wishes) -> Vec<(PaneId, Rect)> {
    let (left, right) = split_columns(area, left_width(area.width));
    let focus = if wishes.focus == PaneId::Quotes {
        PaneId::Positions
    } else {
        wishes.focus
    };
    vec![(PaneId::Quotes, left), (focus, right)]
}

fn cockpit(area: Rect, wishes: Wishes, elsewhere: &[PaneId]) -> Vec<(PaneId, Rect)> {
    let (left_ids, mut right_ids, bottom_id) = wishes.arrangement.slots();
    if elsewhere.contains(&right_ids[0]) {
        right_ids[0] = PaneId::Positions; // the detail column has what would be here
    }
    let bottom_id = if right_ids.contains(&bottom_id) {
        PaneId::Activity
    } else {
        bottom_id
    };
    let bottom_height = (area.height / 4).clamp(8, 14);
    let (top, bottom) = split_rows(area, area.height - bottom_height);
    let (left, right) = split_columns(top, left_width(area.width));
    let (accounts, quotes) = split_rows(left, wishes.account_rows.clamp(6, top.height / 2));
    let (upper, lower) = split_rows(right, right.height * 6 / 10);
    let areas = [accounts, quotes, upper, lower, bottom];
    let ids = [
        left_ids[0],
        left_ids[1],
        right_ids[0],
        right_ids[1],
        bottom_id,
    ];
    ids.into_iter().zip(areas).collect()
}

/// The detail column of a wide screen: what the cockpit beside it does not show.
fn column(area: Rect, arrangement: Arrangement, shown: &[(PaneId, Rect)]) -> Vec<(PaneId, Rect)> {
    let is_shown = |id: PaneId| shown.iter().any(|(shown, _)| *shown == id);
    let lower = if is_shown(PaneId::Health) || arrangement == Arrangement::Monitor {
        PaneId::Activity
    } else {
        PaneId::Health
    };
    if is_shown(lower) {
        return vec![(PaneId::Detail, area)];
    }
    let (top, bottom) = split_rows(area, area.height * 6 / 10);
    vec![(PaneId::Detail, top), (lower, bottom)]
}

/// A focused pane that has no place takes the last one's.
fn show_focus(panes: &mut [(PaneId, Rect)], focus: PaneId) {
    if panes.iter().any(|(id, _)| *id == focus) {
        return;
    }
    if let Some((id, _)) = panes.get_mut(4) {
        *id = focus;
    }
}

fn left_width(width: u16) -> u16 {
    (width * 11 / 30).clamp(38, 54)
}

fn split_rows(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    let upper = Rect {
        height: top,
        ..area
    };
    (
        upper,
        Rect {
            y: area.y + top,
            height: area.height - top,
            ..area
        },
    )
}

fn split_columns(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let first = Rect {
        width: left,
        ..area
    };
    (
        first,
        Rect {
            x: area.x + left,
            width: area.width - left,
            ..area
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(focus: PaneId, zoomed: bool, arrangement: Arrangement) -> Wishes {
        Wishes {
            arrangement,
            focus,
            zoomed,
            account_rows: 10,
        }
    }

    fn all_ids() -> [PaneId; 7] {
        use PaneId as P;
        [
            P::Accounts,
            P::Positions,
            P::Quotes,
            P::Orders,
            P::Activity,
            P::Health,
            P::Detail,
        ]
    }

    #[test]
    fn a_screen_that_is_too_small_has_no_layout() {
        for (width, height) in [(59, 16), (60, 15), (20, 5), (0, 0)] {
            let wishes = wishes(PaneId::Quotes, false, Arrangement::Overview);
            assert_eq!(
                arrange(Rect::new(0, 0, width, height), wishes),
                None,
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn at_every_size_the_panes_fill_the_screen_without_overlap_and_show_the_focus() {
        for width in (60..=250).step_by(10) {
            for height in (16..=80).step_by(4) {
                for focus in all_ids() {
                    for arrangement in Arrangement::ALL {
                        let screen = Rect::new(0, 0, width, height);
                        let layout = arrange(screen, wishes(focus, false, arrangement)).unwrap();
                        let name = format!("{width}x{height} {focus:?} {arrangement:?}");
                        assert!(layout.panes.iter().any(|(id, _)| *id == focus), "{name}");
                        check_cover(&layout, screen, &name);
                    }
                }
            }
        }
    }

    fn check_cover(layout: &Layout, screen: Rect, name: &str) {
        let mut cells: u32 = layout.panes.iter().map(|(_, area)| area.area()).sum();
        cells += layout.status.area() + layout.tabs.area() + layout.footer.area();
        assert_eq!(cells, screen.area(), "{name}");
        for (index, (id, area)) in layout.panes.iter().enumerate() {
            assert!(
                area.width >= 30 && area.height >= 3,
                "{name}: {id:?} {area}"
            );
            for (other, other_area) in &layout.panes[index + 1..] {
                assert_ne!(id, other, "{name}");
                assert!(!area.intersects(*other_area), "{name}");
            }
        }
    }

    #[test]
    fn zoom_gives_the_focus_everything() {
        let layout = arrange(
            Rect::new(0, 0, 200, 50),
            wishes(PaneId::Orders, true, Arrangement::Overview),
        )
        .unwrap();
        assert_eq!(layout.panes, [(PaneId::Orders, Rect::new(0, 2, 200, 47))]);
    }

    #[test]
    fn arrangements_go_round() {
        assert_eq!(Arrangement::Overview.step(true), Arrangement::Trading);
        assert_eq!(Arrangement::Overview.step(false), Arrangement::Monitor);
        assert_eq!(Arrangement::Monitor.step(true), Arrangement::Overview);
    }
}
