//! For tests: one pane on an empty screen, over a small world that has one of everything a pane must tell apart.

use crate::config::{Config, Watchlist};
use crate::domain::{AccountId, ConnectionId, Mode, Timestamp};
use crate::link::Replica;
use crate::ui::app::Action;
use crate::ui::key::Key;
use crate::ui::keymap::Keymap;
use crate::ui::panes::{Pane, PaneContext, Selection};
use crate::ui::theme::{Depth, Look, Role, Theme};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

mod world;

pub(crate) use world::{order, position, quote};

/// Number of the paper account, at the connection `alpaca`, which is live.
pub(crate) const PAPER: &str = "PA3R4QS34821";

/// Number of the account with real money, at the connection `alpaca-live`, which is live.
pub(crate) const REAL: &str = "884217730";

/// Number of the account at the connection `ibkr`, which wants a sign-in since 09:12.
pub(crate) const SIGNED_OUT: &str = "U1122210";

/// Number of the account at the connection `fidelity`, which is lost since yesterday and tried again in 4 s.
pub(crate) const LOST: &str = "Z00000913";

/// Number of the account in euro, at the connection `saxo`, which is live.
pub(crate) const EURO: &str = "77120055";

/// Everything a pane reads.
pub(crate) struct Stage {
    pub(crate) replica: Replica,
    pub(crate) now: Timestamp,
    pub(crate) mode: Mode,
    pub(crate) hidden: bool,
    pub(crate) focused: bool,
    pub(crate) theme: Theme,
    pub(crate) config: Config,
    pub(crate) zone: TimeZone,
    pub(crate) selection: Selection,
    pub(crate) killed: bool,
    keymap: Keymap,
}

impl Stage {
    /// The small world, without colours.
    pub(crate) fn new() -> Self {
        Self::with_depth(Depth::None)
    }

    /// The same in colours.
    pub(crate) fn with_depth(depth: Depth) -> Self {
        let now = at("2026-11-23T14:32:07Z");
        let list = |name: &str, symbols: &[&str]| Watchlist {
            name: name.into(),
            symbols: symbols.iter().map(|it| (*it).to_owned()).collect(),
        };
        let core = ["AAPL", "TSLA", "BTC/USD", "GME", "MSFT", "EUR/USD", "ZZZZ"];
        Self {
            replica: world::world(now),
            now,
            mode: Mode::Paper,
            hidden: false,
            focused: true,
            theme: Theme::embedded(Look {
                depth,
                swap_up_down: false,
            }),
            config: Config {
                watchlists: vec![list("core", &core), list("funds", &["VTI", "JPM"])],
                ..Config::default()
            },
            zone: TimeZone::UTC,
            keymap: Keymap::new(&Config::default().keys).unwrap(),
            selection: Selection::default(),
            killed: false,
        }
    }

    /// A world in which nothing is connected.
    pub(crate) fn empty() -> Self {
        let mut stage = Self::new();
        stage.replica = Replica::default();
        stage.replica.ready = true;
        stage
    }

    pub(crate) fn context(&self) -> PaneContext<'_> {
        PaneContext {
            replica: &self.replica,
            now: self.now,
            theme: &self.theme,
            config: &self.config,
            zone: &self.zone,
            keymap: &self.keymap,
            mode: self.mode,
            hidden: self.hidden,
            killed: self.killed,
            focused: self.focused,
            page: 5,
            selection: &self.selection,
        }
    }

    /// Presses keys; returns what the last one asked for, in a few words.
    pub(crate) fn press(&self, pane: &mut dyn Pane, keys: &str) -> Option<String> {
        let mut action = None;
        for key in Key::script(keys).unwrap() {
            let command = self.keymap.command(key).unwrap();
            action = pane.update(&self.context(), command);
        }
        action.as_ref().map(told)
    }

    /// What a pane of that size draws.
    pub(crate) fn drawn(&self, pane: &dyn Pane, (width, height): (u16, u16)) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        pane.draw(&self.context(), buffer.area, &mut buffer);
        buffer
    }

    /// The same as text, line by line.
    pub(crate) fn shown(&self, pane: &dyn Pane, size: (u16, u16)) -> String {
        lines(&self.drawn(pane, size)).join("\n")
    }

    /// The line of the pane in which `text` stands.
    pub(crate) fn line(&self, pane: &dyn Pane, size: (u16, u16), text: &str) -> String {
        let shown = self.shown(pane, size);
        let line = shown.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no {text} in\n{shown}"))
            .to_owned()
    }

    /// The style in which `text` is drawn, where it stands first below the frame's title.
    pub(crate) fn style_of(&self, pane: &dyn Pane, size: (u16, u16), text: &str) -> Style {
        let buffer = self.drawn(pane, size);
        let found = (1..).zip(&lines(&buffer)[1..]).find_map(|(y, line)| {
            let before = line.split_once(text)?.0;
            Some((u16::try_from(before.chars().count()).unwrap(), y))
        });
        let at = found.unwrap_or_else(|| panic!("no {text}"));
        buffer[at].style()
    }

    /// Whether `style` is that of a role, as far as colour and emphasis go.
    pub(crate) fn is_role(&self, style: Style, role: Role) -> bool {
        let wanted = Style::reset().patch(self.theme.style(role));
        (style.fg, style.add_modifier) == (wanted.fg, wanted.add_modifier)
    }

    /// Draws at every size a pane can have and checks that no amount is cut: each number shown is one of the widest.
    pub(crate) fn never_cuts_a_number(&self, pane: &dyn Pane) {
        let whole = numbers(&self.shown(pane, (250, 60)));
        for width in (30..=250).step_by(3) {
            let shown = self.shown(pane, (width, 40));
            for number in numbers(&shown) {
                assert!(whole.contains(&number), "{number} at {width}\n{shown}");
            }
        }
        for size in [(0, 0), (1, 1), (30, 3), (30, 4), (31, 5), (250, 3)] {
            self.drawn(pane, size);
        }
    }
}

/// Runs of digits and their separators that have a decimal point, but for those that say that they are rounded.
fn numbers(shown: &str) -> Vec<String> {
    const UNITS: [char; 3] = ['K', 'M', 'B'];
    let is_part = |it: char| {
        it.is_ascii_digit() || matches!(it, '.' | ',' | '-' | '+') || UNITS.contains(&it)
    };
    shown
        .split(|it| !is_part(it))
        .filter(|it| it.contains('.') && it.chars().any(|it| it.is_ascii_digit()))
        .filter(|it| !it.ends_with(UNITS))
        .map(str::to_owned)
        .collect()
}

/// A buffer as text, line by line.
pub(crate) fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let line = |y| {
        (area.left()..area.right())
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (area.top()..area.bottom())
        .map(|y| line(y).trim_end().to_owned())
        .collect()
}

/// An action in a few words.
pub(crate) fn told(action: &Action) -> String {
    match action {
        Action::Send(request) => format!("send {request:?}"),
        Action::Sync {
            connection,
            account,
        } => format!("sync {connection:?} {account:?}"),
        Action::Open(layer) => format!("open {layer:?}"),
        Action::Run(command) => format!("run {}", command.spec().name),
        Action::Copy(text) => format!("copy {text}"),
        Action::Notice(level, text) => format!("{level:?}: {text}"),
        Action::RemoveFromWatchlist(symbol) => format!("unwatch {symbol}"),
        Action::SendSecret(_)
        | Action::Place(_)
        | Action::Replace { .. }
        | Action::Close
        | Action::UseTheme(_)
        | Action::PreviewTheme(_)
        | Action::AddToWatchlist(_)
        | Action::Kill
        | Action::LookAround
        | Action::Quit => "not a pane's".into(),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The account of that number.
pub(crate) fn account(number: &str) -> AccountId {
    let connection = match number {
        PAPER => "alpaca",
        REAL => "alpaca-live",
        SIGNED_OUT => "ibkr",
        LOST => "fidelity",
        EURO => "saxo",
        other => panic!("no account {other}"),
    };
    AccountId {
        connection: ConnectionId::new(connection),
        number: number.into(),
    }
}
