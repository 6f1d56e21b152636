//! The themes: the one selected is shown at once, on everything.

use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::Key;
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::picker::{Picker, PickerEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The overlay of the themes.
pub struct ThemePicker {
    names: Vec<String>,
    picker: Picker,
}

impl ThemePicker {
    /// Picks from `names`; `current` is the one in use.
    pub fn new(names: Vec<String>, current: &str) -> Self {
        let index = names.iter().position(|name| name == current).unwrap_or(0);
        Self {
            picker: Picker::new(names.clone(), index),
            names,
        }
    }

    fn preview(&self) -> Vec<Action> {
        let name = self
            .picker
            .selected()
            .map(|index| self.names[index].clone());
        vec![Action::PreviewTheme(name)]
    }

    fn dialog(&self) -> Dialog<'static> {
        let names = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        Dialog {
            title: "Themes",
            info: "",
            width: 44,
            height: names.saturating_add(10).min(30),
            live: false,
        }
    }

    /// The list's place; a sample of the theme is below it.
    fn list(&self, area: Rect) -> Rect {
        let inside = self.dialog().inside(area);
        Rect {
            height: inside.height.saturating_sub(6),
            ..inside
        }
    }
}

impl Overlay for ThemePicker {
    fn name(&self) -> &'static str {
        "themes"
    }

    fn key(&mut self, _context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.picker.key(key) {
            PickerEvent::Picked(index) => {
                vec![Action::UseTheme(self.names[index].clone()), Action::Close]
            }
            PickerEvent::Close => vec![Action::PreviewTheme(None), Action::Close],
            PickerEvent::Moved => self.preview(),
            PickerEvent::NotMine => Vec::new(),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        self.picker.paste(text);
        self.preview()
    }

    fn click(&mut self, _context: &PaneContext<'_>, area: Rect, at: Position) -> Vec<Action> {
        match self.picker.row_at(self.list(area), at) {
            Some(row) if self.picker.select_row(row) => self.preview(),
            Some(_) | None => Vec::new(),
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = self.dialog().draw(context.theme, area, buffer);
        let list = self.list(area);
        self.picker
            .draw(context.theme, list, buffer, |index, line, buffer| {
                dialog::line(context.theme, Role::Text, &self.names[index], line, buffer);
            });
        draw_sample(
            context.theme,
            dialog::below(inside, list.height + 1),
            buffer,
        );
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        Some(self.picker.cursor(self.list(area)))
    }

    fn hints(&self) -> Vec<(String, String)> {
        [("enter", "use"), ("esc", "back")]
            .map(|(key, hint)| (key.into(), hint.into()))
            .to_vec()
    }
}

/// The roles side by side, so that a theme can be judged before it is used.
fn draw_sample(theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let lines: [&[(&str, Role)]; 5] = [
        &[
            (" PAPER ", Role::PaperBadge),
            (" LIVE …4821 ", Role::LiveBadge),
        ],
        &[
            ("AAPL", Role::Strong),
            ("189.95", Role::Text),
            ("171.20", Role::Muted),
        ],
        &[
            ("▲ 1.24", Role::Up),
            ("▼ 0.20", Role::Down),
            ("stale 14 s", Role::Warn),
        ],
        &[
            ("working", Role::Accent),
            ("UNKNOWN", Role::Wrong),
            ("? help", Role::Key),
        ],
        &[
            ("every order here is PAPER", Role::Paper),
            ("LIVE", Role::Live),
        ],
    ];
    for (y, pieces) in (area.y..area.bottom()).zip(lines) {
        let mut x = area.x;
        for (text, role) in pieces {
            let room = usize::from(area.right().saturating_sub(x));
            if format::width(text) <= room {
                x = buffer.set_stringn(x, y, text, room, theme.style(*role)).0 + 2;
            }
        }
    }
}
