//! What every pane and overlay reads: the replica, the look, the keys, and what is selected.

use crate::config::Config;
use crate::domain::{Mode, Symbol, Timestamp};
use crate::link::{Level, Replica};
use crate::ui::keymap::{Keymap, KeymapError};
use crate::ui::panes::{PaneContext, Selection};
use crate::ui::theme::{Look, Theme, Themes};
use jiff::tz::TimeZone;

/// Everything that is read while panes and overlays change.
pub(super) struct View {
    pub(super) replica: Replica,
    pub(super) config: Config,
    pub(super) keymap: Keymap,
    pub(super) zone: TimeZone,
    pub(super) themes: Themes,
    pub(super) look: Look,
    theme: Theme,
    preview: Option<Theme>,
    pub(super) hidden: bool,
    pub(super) killed: bool,
    pub(super) selection: Selection,
}

impl View {
    /// Takes over what is selected now, and keeps the rest of what was.
    pub(super) fn select(&mut self, now: Selection) {
        let kept = &mut self.selection;
        kept.symbol = now.symbol.or_else(|| kept.symbol.take());
        kept.account = now.account.or_else(|| kept.account.take());
        kept.connection = now.connection.or_else(|| kept.connection.take());
        kept.order = now.order.or_else(|| kept.order.take());
    }

    pub(super) fn new(config: Config, themes: Themes, look: Look) -> Result<Self, KeymapError> {
        let keymap = Keymap::new(&config.keys)?;
        let mut view = Self {
            replica: Replica::default(),
            keymap,
            zone: zone_of(&config),
            theme: Theme::embedded(look),
            themes,
            look,
            preview: None,
            hidden: false,
            killed: false,
            selection: Selection::default(),
            config,
        };
        view.use_theme(&view.config.ui.theme.clone());
        Ok(view)
    }

    pub(super) fn context(&self, now: Timestamp, focused: bool, page: usize) -> PaneContext<'_> {
        PaneContext {
            replica: &self.replica,
            now,
            theme: self.preview.as_ref().unwrap_or(&self.theme),
            config: &self.config,
            zone: &self.zone,
            keymap: &self.keymap,
            mode: Mode::Paper,
            hidden: self.hidden,
            killed: self.killed,
            focused,
            page,
            selection: &self.selection,
        }
    }

    /// Uses a theme from now on; returns what is wrong with it.
    pub(super) fn use_theme(&mut self, name: &str) -> Option<(Level, String)> {
        self.preview = None;
        let (theme, warnings) = self.themes.theme(name, self.look);
        self.theme = theme;
        warnings
            .first()
            .map(|warning| (Level::Warn, format!("theme {name}: {warning}")))
    }

    pub(super) fn preview_theme(&mut self, name: Option<&str>) {
        self.preview = name.map(|name| self.themes.theme(name, self.look).0);
    }

    /// Takes a configuration that was read again; a key map that cannot be used changes nothing.
    pub(super) fn use_config(&mut self, config: Config) -> Result<(), KeymapError> {
        self.keymap = Keymap::new(&config.keys)?;
        self.look.swap_up_down = config.ui.swap_up_down;
        self.zone = zone_of(&config);
        self.config = config;
        let theme = self.config.ui.theme.clone();
        self.use_theme(&theme);
        Ok(())
    }

    /// Adds a symbol to a list that is shown; whether it was not there yet.
    pub(super) fn add_symbol(&mut self, list: usize, symbol: &Symbol) -> bool {
        let Some(list) = self.config.watchlists.get_mut(list) else {
            return false;
        };
        let is_new = !list
            .symbols
            .iter()
            .any(|known| Symbol::new(known) == *symbol);
        if is_new {
            list.symbols.push(symbol.as_str().to_owned());
        }
        is_new
    }

    /// Takes a symbol off every list.
    pub(super) fn remove_symbol(&mut self, list: usize, symbol: &Symbol) {
        if let Some(list) = self.config.watchlists.get_mut(list) {
            list.symbols.retain(|known| Symbol::new(known) != *symbol);
        }
    }
}

/// The zone asked for, else the machine's.
fn zone_of(config: &Config) -> TimeZone {
    let named = Some(config.ui.time_zone.as_str()).filter(|name| !name.is_empty());
    named
        .and_then(|name| TimeZone::get(name).ok())
        .unwrap_or_else(TimeZone::system)
}
