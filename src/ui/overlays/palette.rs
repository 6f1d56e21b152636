//! Every command by name, found by a few letters.

use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::key::Key;
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog::Dialog;
use crate::ui::widgets::picker::{Picker, PickerEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of a command's name.
const NAME: usize = 16;

/// The overlay of the commands.
pub struct Palette {
    picker: Picker,
    commands: Vec<Command>,
    for_viewing: bool,
}

impl Palette {
    /// What can be done now.
    pub fn new(context: &PaneContext<'_>) -> Self {
        let for_viewing = context.replica.is_for_viewing();
        let commands = Command::offered(for_viewing);
        let texts = commands
            .iter()
            .map(|command| format!("{} {}", command.spec().name, command.help(for_viewing)));
        Self {
            picker: Picker::new(texts.collect(), 0),
            commands,
            for_viewing,
        }
    }
}

fn dialog(info: &str) -> Dialog<'_> {
    Dialog {
        title: "Commands",
        info,
        width: 86,
        height: 22,
        live: false,
    }
}

impl Overlay for Palette {
    fn name(&self) -> &'static str {
        "palette"
    }

    fn key(&mut self, _context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.picker.key(key) {
            PickerEvent::Picked(index) => vec![Action::Close, Action::Run(self.commands[index])],
            PickerEvent::Close => vec![Action::Close],
            PickerEvent::Moved | PickerEvent::NotMine => Vec::new(),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        self.picker.paste(text);
        Vec::new()
    }

    fn click(&mut self, _context: &PaneContext<'_>, area: Rect, at: Position) -> Vec<Action> {
        let row = self.picker.row_at(dialog("").inside(area), at);
        if row.is_some_and(|row| self.picker.select_row(row))
            && let Some(index) = self.picker.selected()
        {
            return vec![Action::Close, Action::Run(self.commands[index])];
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = format!("{} of {}", self.picker.matches().len(), self.commands.len());
        let inside = dialog(&info).draw(context.theme, area, buffer);
        self.picker
            .draw(context.theme, inside, buffer, |index, line, buffer| {
                let command = self.commands[index];
                let (name, help) = (command.spec().name, command.help(self.for_viewing));
                let key = context.keymap.shown(command);
                draw_row(context.theme, [name, help, &key], line, buffer);
            });
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        Some(self.picker.cursor(dialog("").inside(area)))
    }

    fn hints(&self) -> Vec<(String, String)> {
        [("enter", "run"), ("esc", "close")]
            .map(|(key, hint)| (key.into(), hint.into()))
            .to_vec()
    }
}

/// Name at the left, help in the middle, key at the right.
fn draw_row(theme: &Theme, [name, help, key]: [&str; 3], line: Rect, buffer: &mut Buffer) {
    let width = usize::from(line.width);
    let key_width = format::width(key);
    let name_width = NAME.min(width);
    buffer.set_stringn(line.x, line.y, name, name_width, theme.style(Role::Strong));
    let help_room = width.saturating_sub(name_width + key_width + 3);
    let after_name = u16::try_from(name_width + 1).unwrap_or(line.width);
    buffer.set_string(
        line.x + after_name,
        line.y,
        format::cut(help, help_room),
        theme.style(Role::Muted),
    );
    if key_width + name_width < width {
        let x = line.right() - u16::try_from(key_width).unwrap_or(0);
        buffer.set_string(x, line.y, key, theme.style(Role::Key));
    }
}
