//! The frame of a pane: number and name at the left of its top line, what is shown at the right.

use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Corners and lines, clockwise from the top left, then horizontal and vertical.
const ROUNDED: [&str; 6] = ["╭", "╮", "╯", "╰", "─", "│"];

/// The same for live: heavier, so that it does not depend on colour.
const HEAVY: [&str; 6] = ["┏", "┓", "┛", "┗", "━", "┃"];

/// Narrowest information that is worth showing.
const NARROWEST_INFO: usize = 4;

/// What a frame says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// The digit that focuses the pane.
    pub number: Option<u8>,
    /// What the pane is called.
    pub name: &'a str,
    /// What is shown: filter, order, count.
    pub info: &'a str,
    /// Whether it has the keys.
    pub focused: bool,
    /// Whether live is armed.
    pub live: bool,
}

impl Frame<'_> {
    /// Draws the frame and returns what is inside of it.
    pub fn draw(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Rect {
        let area = area.intersection(buffer.area);
        if area.width < 2 || area.height < 2 {
            return Rect {
                width: 0,
                height: 0,
                ..area
            };
        }
        let role = match (self.focused, self.live) {
            (true, _) => Role::BorderFocus,
            (false, true) => Role::BorderLive,
            (false, false) => Role::Border,
        };
        draw_lines(
            area,
            if self.live { &HEAVY } else { &ROUNDED },
            theme.style(role),
            buffer,
        );
        let name_end = self.draw_name(theme, area, buffer);
        self.draw_info(theme, area, name_end, buffer);
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }

    /// Returns the column after the name.
    fn draw_name(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) -> u16 {
        let (start, end) = (area.x + 2, area.right().saturating_sub(2));
        let mut x = start;
        let mut put = |text: &str, style: Style| {
            let room = usize::from(end.saturating_sub(x));
            x = buffer.set_stringn(x, area.y, text, room, style).0;
        };
        if let Some(number) = self.number {
            let role = if self.focused { Role::Key } else { Role::Muted };
            put(" ", Style::new());
            put(&number.to_string(), theme.style(role));
        }
        put(" ", Style::new());
        put(self.name, theme.style(Role::Title));
        put(" ", Style::new());
        x
    }

    fn draw_info(&self, theme: &Theme, area: Rect, name_end: u16, buffer: &mut Buffer) {
        let room = usize::from(area.right().saturating_sub(name_end)).saturating_sub(5); // line, space, space, line, corner
        if self.info.is_empty() || room < NARROWEST_INFO {
            return;
        }
        let info = format!(" {} ", format::shortened(self.info, room));
        let width = u16::try_from(format::width(&info)).unwrap_or(area.width);
        let x = area.right().saturating_sub(width + 2);
        buffer.set_string(x, area.y, info, theme.style(Role::Muted));
    }
}

fn draw_lines(area: Rect, lines: &[&str; 6], style: Style, buffer: &mut Buffer) {
    let [
        top_left,
        top_right,
        bottom_right,
        bottom_left,
        horizontal,
        vertical,
    ] = lines;
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    let mut put = |x, y, symbol| {
        buffer[(x, y)].set_symbol(symbol).set_style(style);
    };
    for x in area.x + 1..right {
        put(x, area.y, horizontal);
        put(x, bottom, horizontal);
    }
    for y in area.y + 1..bottom {
        put(area.x, y, vertical);
        put(right, y, vertical);
    }
    put(area.x, area.y, top_left);
    put(right, area.y, top_right);
    put(right, bottom, bottom_right);
    put(area.x, bottom, bottom_left);
}

/// Clears `area` to the style of a role: spaces without marks or colours of what was there.
pub fn clear(theme: &Theme, role: Role, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    for position in area.positions() {
        buffer[position].reset();
    }
    buffer.set_style(area, theme.style(role));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Depth, Look};

    fn drawn(frame: Frame<'_>, width: u16) -> Vec<String> {
        let theme = Theme::embedded(Look {
            depth: Depth::None,
            swap_up_down: false,
        });
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 3));
        let area = buffer.area;
        frame.draw(&theme, area, &mut buffer);
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        (0..3).map(line).collect()
    }

    const POSITIONS: Frame<'static> = Frame {
        number: Some(2),
        name: "Positions",
        info: "by value · 14 of 37",
        focused: false,
        live: false,
    };

    #[test]
    fn a_frame_names_its_pane_and_what_is_shown() {
        assert_eq!(
            drawn(POSITIONS, 42),
            [
                "╭─ 2 Positions ──── by value · 14 of 37 ─╮",
                "│                                        │",
                "╰────────────────────────────────────────╯",
            ]
        );
    }

    #[test]
    fn information_gives_way_before_the_name() {
        let tops = [30, 22, 10, 2].map(|width| drawn(POSITIONS, width)[0].clone());
        assert_eq!(
            tops,
            [
                "╭─ 2 Positions ─ by va…f 37 ─╮",
                "╭─ 2 Positions ──────╮",
                "╭─ 2 Pos─╮",
                "╭╮",
            ]
        );
    }

    #[test]
    fn live_is_drawn_heavier_not_only_redder() {
        let live = Frame {
            live: true,
            ..POSITIONS
        };
        assert_eq!(
            drawn(live, 20),
            [
                "┏━ 2 Positions ━━━━┓",
                "┃                  ┃",
                "┗━━━━━━━━━━━━━━━━━━┛"
            ]
        );
    }
}
