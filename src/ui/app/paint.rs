//! Draws the whole screen from what the app knows; changes nothing.

use super::App;
use crate::domain::Timestamp;
use crate::ui::command::Command;
use crate::ui::footer::{self, LinkFigures};
use crate::ui::layout::{Layout, SMALLEST};
use crate::ui::panes::{PANES, PaneId};
use crate::ui::status_bar;
use crate::ui::theme::Role;
use crate::ui::{format, widgets};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// How often something that shows time is drawn anew.
const TIME_SHOWN_EVERY_MS: u64 = 1_000;

impl App {
    /// Writes the screen into `buffer` and says where the text cursor stands, if it shows.
    pub fn draw(
        &self,
        now: Timestamp,
        figures: LinkFigures,
        buffer: &mut Buffer,
    ) -> Option<Position> {
        let screen = self.screen();
        let context = self.view.context(now, true, 0);
        widgets::frame::clear(context.theme, Role::Ground, screen, buffer);
        let Some(layout) = self.layout() else {
            self.draw_too_small(screen, buffer);
            return None;
        };
        status_bar::draw(&context, layout.status, buffer);
        if !self.is_locked() {
            self.draw_panes(now, &layout, buffer);
        }
        self.draw_footer(now, figures, &layout, buffer);
        let mut cursor = self.filter_cursor(&layout);
        for overlay in self.shown_overlays() {
            overlay.draw(&context, screen, buffer);
            cursor = overlay.cursor(&context, screen);
        }
        cursor
    }

    fn draw_too_small(&self, screen: Rect, buffer: &mut Buffer) {
        let text = format!("needs {} x {}", SMALLEST.0, SMALLEST.1);
        let text = format::cut(&text, usize::from(screen.width));
        if screen.height > 0 {
            buffer.set_string(
                screen.x,
                screen.y + screen.height / 2,
                text,
                ratatui::style::Style::new(),
            );
        }
    }

    fn draw_panes(&self, now: Timestamp, layout: &Layout, buffer: &mut Buffer) {
        self.draw_tabs(now, layout, buffer);
        for (id, area) in &layout.panes {
            let Some((_, pane)) = self.panes.iter().find(|(pane, _)| pane == id) else {
                continue;
            };
            let focused = *id == self.focus && self.overlays.is_empty();
            pane.draw(&self.view.context(now, focused, 1), *area, buffer);
        }
    }

    fn draw_tabs(&self, now: Timestamp, layout: &Layout, buffer: &mut Buffer) {
        let context = self.view.context(now, true, 0);
        for (id, area, text) in tabs(layout.tabs) {
            let role = if id == self.focus {
                Role::Accent
            } else {
                Role::Muted
            };
            buffer.set_string(area.x, area.y, text, context.theme.style(role));
        }
    }

    fn draw_footer(
        &self,
        now: Timestamp,
        figures: LinkFigures,
        layout: &Layout,
        buffer: &mut Buffer,
    ) {
        let context = self.view.context(now, true, 0);
        if let Some(line) = &self.filter_line {
            let style = context.theme.style(Role::Accent);
            buffer.set_string(layout.footer.x, layout.footer.y, "/", style);
            return line.draw(
                filter_area(layout.footer),
                context.theme.style(Role::Text),
                buffer,
            );
        }
        footer::draw(
            &context,
            &self.hints(),
            self.notices.current(now),
            figures,
            layout.footer,
            buffer,
        );
    }

    fn filter_cursor(&self, layout: &Layout) -> Option<Position> {
        self.filter_line
            .as_ref()
            .map(|line| line.cursor(filter_area(layout.footer)))
    }

    /// Keys worth a hint now: the overlay's, else the focused pane's and the usual ones.
    fn hints(&self) -> Vec<(String, String)> {
        match self.overlays.last() {
            Some(overlay) => overlay.hints(),
            None => self
                .hinted()
                .iter()
                .map(|command| self.hint(*command))
                .collect(),
        }
    }

    fn hint(&self, command: Command) -> (String, String) {
        (
            self.view.keymap.shown(command),
            command.spec().hint.to_owned(),
        )
    }

    fn hinted(&self) -> Vec<Command> {
        const USUAL: [Command; 8] = [
            Command::Help,
            Command::Palette,
            Command::Sync,
            Command::Buy,
            Command::Sell,
            Command::Connect,
            Command::Zoom,
            Command::Quit,
        ];
        let pane = self.panes.iter().find(|(id, _)| *id == self.focus);
        let mut hinted = pane.map_or(Vec::new(), |(_, pane)| pane.hints().to_vec());
        let usual = USUAL
            .iter()
            .filter(|command| !hinted.contains(command))
            .copied()
            .collect::<Vec<_>>();
        hinted.extend(usual);
        hinted.retain(|command| self.is_offered(*command));
        hinted
    }

    pub(super) fn tab_at(&self, layout: &Layout, at: Position) -> Option<PaneId> {
        tabs(layout.tabs)
            .find(|(_, area, _)| area.contains(at))
            .map(|(id, _, _)| id)
    }

    pub(super) fn hint_at(&self, layout: &Layout, at: Position) -> Option<Command> {
        let shown_notice = self.notices.current(Timestamp::EPOCH).is_some();
        if shown_notice || !layout.footer.contains(at) {
            return None;
        }
        let hints = self.hints();
        footer::hint_at(&hints, layout.footer, at)
            .and_then(|index| self.hinted().get(index).copied())
    }

    /// The window's title: the mode first, no amounts.
    pub fn title(&self, now: Timestamp) -> String {
        status_bar::title(&self.view.context(now, true, 0))
    }

    /// When a pane on screen next wants something by time alone. What was due before was wanted when it was.
    fn wants_at(&self, now: Timestamp) -> Option<Timestamp> {
        let shown = self.shown();
        let panes = self.panes.iter().filter(|(id, _)| shown.contains(id));
        let wanted = panes.filter_map(|(_, pane)| pane.wants_at());
        wanted.filter(|at| *at > now).min()
    }

    /// Milliseconds until something looks different, or is to be done, by time alone.
    pub fn next_change_ms(&self, now: Timestamp) -> Option<u64> {
        let context = self.view.context(now, true, 0);
        let overlay = self
            .overlays
            .last()
            .and_then(|overlay| overlay.next_change_ms(&context));
        let notice = self
            .notices
            .until(now)
            .map(|until| millis(until.since(now)) + 1);
        let to_next_second =
            TIME_SHOWN_EVERY_MS - u64::try_from(now.millis().rem_euclid(1_000)).unwrap_or(0);
        let wanted = self.wants_at(now).map(|at| millis(at.since(now)));
        [overlay, notice, wanted, Some(to_next_second)]
            .into_iter()
            .flatten()
            .min()
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn filter_area(footer: Rect) -> Rect {
    Rect {
        x: footer.x + 1,
        width: footer.width.saturating_sub(1),
        ..footer
    }
}

/// The tab strip: each pane's number and name, as far as they fit.
fn tabs(strip: Rect) -> impl Iterator<Item = (PaneId, Rect, String)> {
    let mut x = strip.x + 1;
    (1..)
        .zip(PANES)
        .filter(move |_| strip.height > 0)
        .map_while(move |(number, spec)| {
            let text = format!("{number} {}", spec.title);
            let width = u16::try_from(format::width(&text)).ok()?;
            let area = Rect { x, width, ..strip };
            x += width + 2;
            (area.right() <= strip.right()).then_some((spec.id, area, text))
        })
}
