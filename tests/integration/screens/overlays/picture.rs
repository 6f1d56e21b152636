//! A screen with one overlay: what it reads, and how it looks as text with a legend of roles.

use super::world;
use jiff::tz::TimeZone;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use std::fmt::Write;
use std::time::Duration;
use tradedeck::config::Config;
use tradedeck::domain::{Mode, Timestamp};
use tradedeck::link::{Replica, VaultAnswer};
use tradedeck::ui::key::Key;
use tradedeck::ui::keymap::Keymap;
use tradedeck::ui::overlays::{self, Layer, Overlay};
use tradedeck::ui::panes::{PaneContext, Selection};
use tradedeck::ui::theme::{Depth, Look, ROLES, Role, Theme, Themes};

/// What an overlay reads.
pub(super) struct Screen {
    replica: Replica,
    theme: Theme,
    config: Config,
    keymap: Keymap,
    zone: TimeZone,
    selection: Selection,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The small world, changed.
    pub(super) fn with(change: impl FnOnce(&mut Replica)) -> Self {
        let mut replica = world::replica();
        change(&mut replica);
        let config = Config::default();
        Self {
            replica,
            theme: roles_as_colours(),
            keymap: Keymap::new(&config.keys).unwrap(),
            config,
            zone: TimeZone::UTC,
            selection: Selection::default(),
        }
    }

    fn context(&self, now: Timestamp) -> PaneContext<'_> {
        PaneContext {
            replica: &self.replica,
            now,
            theme: &self.theme,
            config: &self.config,
            zone: &self.zone,
            keymap: &self.keymap,
            mode: Mode::Paper,
            hidden: false,
            killed: false,
            focused: true,
            page: 10,
            selection: &self.selection,
        }
    }

    /// Opens an overlay and presses keys, a second apart.
    fn played(&self, layer: Layer, keys: &str) -> (Box<dyn Overlay>, Timestamp) {
        let mut now = world::now();
        let mut overlay = overlays::open(layer, &self.context(now)).expect("there is such a thing");
        for key in Key::script(keys).unwrap() {
            now = now.plus(Duration::from_secs(1));
            overlay.key(&self.context(now), key);
        }
        (overlay, now)
    }
}

/// Compares the picture of an overlay with the one kept, at 80x24 and at 140x40.
pub(super) fn pictures(name: &str, screen: &Screen, layer: Layer, keys: &str) {
    let (overlay, now) = screen.played(layer, keys);
    compare(name, screen, overlay.as_ref(), now);
}

/// The same for one that hears answers of the vault between its keys.
pub(super) fn pictures_after(
    name: &str,
    screen: &Screen,
    layer: Layer,
    steps: &[(Option<VaultAnswer>, &str)],
) {
    let (mut overlay, mut now) = screen.played(layer, "");
    for (answer, keys) in steps {
        if let Some(answer) = answer {
            overlay.answered(&screen.context(now), answer);
        }
        for key in Key::script(keys).unwrap() {
            now = now.plus(Duration::from_secs(1));
            overlay.key(&screen.context(now), key);
        }
    }
    compare(name, screen, overlay.as_ref(), now);
}

/// The same for an overlay that no layer names.
pub(super) fn compare(name: &str, screen: &Screen, overlay: &dyn Overlay, now: Timestamp) {
    for (width, height) in [(80, 24), (140, 40)] {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        overlay.draw(&screen.context(now), buffer.area, &mut buffer);
        let mut picture = text(&buffer);
        if let Some(cursor) = overlay.cursor(&screen.context(now), buffer.area) {
            writeln!(picture, "cursor {}:{}", cursor.y, cursor.x).unwrap();
        }
        if width == 80 {
            picture.push_str(&legend(&buffer, &screen.theme));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
        });
    }
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect();
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

/// What is neither plain nor muted text nor a frame, by line: columns and role.
fn legend(buffer: &Buffer, theme: &Theme) -> String {
    let mut legend = String::new();
    for y in 0..buffer.area.height {
        let mut runs = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let role = role(&buffer[(x, y)], theme);
            let start = x;
            while x < buffer.area.width && self::role(&buffer[(x, y)], theme) == role {
                x += 1;
            }
            if !matches!(role, "" | "text" | "muted" | "border.focus" | "border.live") {
                runs.push(format!("{start}-{} {role}", x - 1));
            }
        }
        if !runs.is_empty() {
            writeln!(legend, "{y}: {}", runs.join(", ")).unwrap();
        }
    }
    legend
}

/// What a cell's words mean, or what is behind them where they are plain.
fn role(cell: &Cell, theme: &Theme) -> &'static str {
    let named = |find: &dyn Fn(Role) -> bool| {
        let found = ROLES.iter().find(|(role, _)| find(*role));
        found.map(|(_, name)| *name)
    };
    let front = named(&|role| theme.style(role).fg == Some(cell.fg));
    let behind = named(&|role| theme.style(role).bg == Some(cell.bg));
    match (front, behind) {
        (Some("text" | "muted") | None, Some(behind @ ("field" | "selection"))) => behind,
        (Some("panel" | "field" | "selection"), _) | (None, _) => "",
        (Some(front), _) => front,
    }
}

/// A theme in which every role has a colour of its own, so that a cell tells its role.
fn roles_as_colours() -> Theme {
    let with_ground = [
        "ground",
        "panel",
        "field",
        "selection",
        "paper.badge",
        "live.badge",
    ];
    let mut file = String::from("[roles]\n");
    for (index, (_, name)) in ROLES.iter().enumerate() {
        // Paper and live stay far apart and legible, or the theme would be refused theirs.
        let is_live = name.contains("live");
        let front = match *name {
            "panel" | "field" | "selection" => String::new(), // their words are text
            _ if is_live => format!("#ff{:02x}ff", 128 + index),
            _ => format!("#00{:02x}ff", 128 + index),
        };
        let behind = match with_ground.contains(name) {
            true if is_live => format!(" on #80{index:02x}00"),
            true => format!(" on #00{index:02x}00"),
            false => String::new(),
        };
        writeln!(file, "\"{name}\" = \"{front}{behind}\"").unwrap();
    }
    let mut themes = Themes::embedded();
    themes.add("roles", &file);
    let look = Look {
        depth: Depth::True,
        swap_up_down: false,
    };
    themes.theme("roles", look).0
}
