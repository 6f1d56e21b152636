//! Every key and what it does, made from the commands and the keys in force.

use crate::ui::app::Action;
use crate::ui::command::{Command, Section};
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::keymap::Keymap;
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::picker::{Picker, PickerEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the keys.
const KEYS: u16 = 14;

/// Screens at least so wide show two columns.
const TWO_COLUMNS: u16 = 170;

/// Headings in the order of the help.
const SECTIONS: [Section; 5] = [
    Section::Move,
    Section::View,
    Section::Data,
    Section::Orders,
    Section::Program,
];

/// The overlay of the keys: a list to read, narrowed by what is typed after `/`.
pub struct Help {
    picker: Picker,
    top: usize,
    commands: Vec<Command>,
    for_viewing: bool,
}

/// A line of the help.
enum Line {
    Heading(Section),
    Command(Command),
    Gap,
}

impl Help {
    /// The help for the keys in force and what can be done now.
    pub fn new(context: &PaneContext<'_>) -> Self {
        let for_viewing = context.replica.is_for_viewing();
        let commands = Command::offered(for_viewing);
        let texts = commands.iter().map(|command| {
            format!(
                "{} {} {}",
                keys_of(context.keymap, *command),
                command.spec().name,
                command.help(for_viewing)
            )
        });
        Self {
            picker: Picker::new(texts.collect(), 0),
            top: 0,
            commands,
            for_viewing,
        }
    }

    /// Everything by section, or what matches, best first.
    fn lines(&self) -> Vec<Line> {
        if !self.picker.query().is_empty() {
            return self
                .picker
                .matches()
                .iter()
                .map(|index| Line::Command(self.commands[*index]))
                .collect();
        }
        let mut lines = Vec::new();
        for section in SECTIONS {
            if !lines.is_empty() {
                lines.push(Line::Gap);
            }
            lines.push(Line::Heading(section));
            let commands = self.commands.iter();
            let of_section = commands.filter(|command| command.spec().section == section);
            lines.extend(of_section.map(|command| Line::Command(*command)));
        }
        lines
    }

    fn scroll(&mut self, by: isize) {
        let last = self.lines().len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}

fn dialog(screen: Rect) -> Dialog<'static> {
    Dialog {
        title: "Keys",
        info: "type to search",
        width: if screen.width >= TWO_COLUMNS {
            TWO_COLUMNS
        } else {
            92
        },
        height: screen.height.saturating_sub(2).min(64), // the hints below it stay in sight
        live: false,
    }
}

fn keys_of(keymap: &Keymap, command: Command) -> String {
    let keys = keymap.keys(command).iter().map(Key::to_string);
    keys.collect::<Vec<_>>().join(" ")
}

impl Overlay for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn key(&mut self, _context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match (key.code, key.control) {
            (KeyCode::Up, _) => self.scroll(-1),
            (KeyCode::Down, _) => self.scroll(1),
            (KeyCode::PageUp, _) | (KeyCode::Char('u'), true) => self.scroll(-15),
            (KeyCode::PageDown, _) | (KeyCode::Char('d'), true) => self.scroll(15),
            _ => return self.search(key),
        }
        Vec::new()
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        self.picker.paste(text);
        self.top = 0;
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let lines = self.lines();
        let inside = dialog(area).draw(context.theme, area, buffer);
        self.picker.draw_query(context.theme, inside, buffer);
        let body = dialog::below(inside, 2);
        let columns = if area.width >= TWO_COLUMNS { 2 } else { 1 };
        let shown = usize::from(body.height) * usize::from(columns);
        let top = self.top.min(lines.len().saturating_sub(shown));
        if lines.is_empty() {
            dialog::line(context.theme, Role::Muted, "nothing matches", body, buffer);
        }
        let width = body.width / columns;
        let places = (0..columns).flat_map(|column| {
            let x = body.x + column * width;
            (body.y..body.bottom()).map(move |y| Rect::new(x, y, width, 1))
        });
        for (place, line) in places.zip(&lines[top..]) {
            self.draw_line(context, line, place, buffer);
        }
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        Some(self.picker.cursor(dialog(area).inside(area)))
    }

    fn hints(&self) -> Vec<(String, String)> {
        [("↑ ↓", "scroll"), ("esc", "close")]
            .map(|(key, hint)| (key.into(), hint.into()))
            .to_vec()
    }
}

impl Help {
    fn search(&mut self, key: Key) -> Vec<Action> {
        match self.picker.key(key) {
            PickerEvent::Close => return vec![Action::Close],
            PickerEvent::Moved => self.top = 0,
            PickerEvent::Picked(_) | PickerEvent::NotMine => {}
        }
        Vec::new()
    }

    fn draw_line(&self, context: &PaneContext<'_>, line: &Line, place: Rect, buffer: &mut Buffer) {
        match line {
            Line::Gap => {}
            Line::Heading(section) => {
                dialog::line(context.theme, Role::Title, section.title(), place, buffer);
            }
            Line::Command(command) => {
                let keys = keys_of(context.keymap, *command);
                let help = command.help(self.for_viewing);
                draw_command(context.theme, &keys, help, place, buffer);
            }
        }
    }
}

fn draw_command(theme: &Theme, keys: &str, help: &str, line: Rect, buffer: &mut Buffer) {
    let keys_width = KEYS.min(line.width);
    buffer.set_stringn(
        line.x,
        line.y,
        format::cut(keys, keys_width.into()),
        keys_width.into(),
        theme.style(Role::Key),
    );
    let rest = Rect {
        x: line.x + keys_width,
        width: line.width - keys_width,
        ..line
    };
    dialog::line(theme, Role::Text, help, rest, buffer);
}
