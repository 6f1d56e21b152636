//! What is open, focused and pending: events in, effects out.
//!
//! [`App`] holds the whole screen and owns no terminal, clock or socket: a key, a click or an update goes in with
//! the time, [`Effect`]s come out, and [`App::draw`] writes what is to be seen into a buffer.

mod act;
pub mod action;
mod answers;
mod lock;
mod notices;
mod paint;
mod questions;
mod role;
pub mod still;
mod sync;
#[cfg(test)]
mod testing;
mod view;

use crate::config::Config;
use crate::domain::{Clock, Symbol, Timestamp};
use crate::link::replica::Applied;
use crate::link::{Level, MOST_WATCHED, Request, Update};
use crate::ui::app::notices::Notices;
use crate::ui::app::questions::Shown;
use crate::ui::app::view::View;
use crate::ui::command::Command;
use crate::ui::key::{Key, KeyCode};
use crate::ui::keymap::KeymapError;
use crate::ui::layout::{self, Arrangement, Layout, Wishes};
use crate::ui::overlays::Overlay;
use crate::ui::panes::{PANES, Pane, PaneContext, PaneId};
use crate::ui::theme::{Look, Themes};
use crate::ui::widgets::line_input::LineInput;
pub use action::{Action, Effect};
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;
use std::sync::Arc;

/// Rows that one notch of the wheel moves.
const WHEEL_ROWS: usize = 3;

/// Where ids of orders come from: 16 random bytes.
pub type NewId = Box<dyn FnMut() -> [u8; 16] + Send>;

/// The whole screen.
pub struct App {
    view: View,
    panes: Vec<(PaneId, Box<dyn Pane>)>,
    overlays: Vec<Box<dyn Overlay>>,
    notices: Notices,
    questions: Shown,
    filter_line: Option<LineInput>,
    focus: PaneId,
    arrangement: Arrangement,
    zoomed: bool,
    screen: Rect,
    watched: Vec<Symbol>,
    clock: Arc<dyn Clock>,
    new_id: NewId,
    /// A recovery code that waits until the screen is not locked.
    code: Option<SecretString>,
    effects: Vec<Effect>,
}

impl App {
    /// A screen that knows nothing yet.
    ///
    /// # Errors
    /// [`KeymapError`] when the configured keys contradict each other.
    pub fn new(
        config: Config,
        themes: Themes,
        look: Look,
        clock: Arc<dyn Clock>,
        new_id: NewId,
    ) -> Result<Self, KeymapError> {
        Ok(Self {
            view: View::new(config, themes, look)?,
            panes: PANES.iter().map(|spec| (spec.id, (spec.make)())).collect(),
            overlays: Vec::new(),
            notices: Notices::default(),
            questions: Shown::default(),
            filter_line: None,
            focus: PaneId::Positions,
            arrangement: Arrangement::Overview,
            zoomed: false,
            screen: Rect::default(),
            watched: Vec::new(),
            clock,
            new_id,
            code: None,
            effects: Vec::new(),
        })
    }

    /// What the screen covers.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen = Rect::new(0, 0, width, height);
    }

    /// Takes updates of the runtime in.
    pub fn update(&mut self, updates: Vec<Update>) -> Vec<Effect> {
        let mut has_gap = false;
        for update in updates {
            has_gap |= self.view.replica.apply(update) == Applied::Gap;
        }
        if has_gap {
            self.effects.push(Effect::Send(Request::Snapshot));
        }
        let now = self.clock.now();
        self.notices.collect(&mut self.view.replica, now);
        self.ask_for_passphrase(now);
        self.each_overlay(now, |overlay, context| overlay.changed(context));
        self.show_code();
        self.settle(now)
    }

    /// Takes a key in.
    pub fn key(&mut self, key: Key) -> Vec<Effect> {
        let now = self.clock.now();
        let command = self.view.keymap.command(key);
        if let Some(command @ (Command::KillSwitch | Command::Suspend)) = command {
            self.run(now, command); // whatever else the key may mean
        } else if let Some(mut overlay) = self.overlays.pop() {
            let actions = overlay.key(&self.view.context(now, true, 0), key);
            self.overlays.push(overlay);
            self.perform(now, actions);
        } else if self.filter_line.is_some() {
            self.filter_key(now, key);
        } else if let Some(command) = command {
            self.run(now, command);
        }
        self.settle(now)
    }

    /// Takes a paste in: into the top overlay or the filter line, never anywhere it could act.
    pub fn paste(&mut self, text: &str) -> Vec<Effect> {
        let now = self.clock.now();
        let text = crate::domain::text::clean(text, 4_096);
        if let Some(mut overlay) = self.overlays.pop() {
            let actions = overlay.paste(&self.view.context(now, true, 0), &text);
            self.overlays.push(overlay);
            self.perform(now, actions);
        } else if let Some(line) = &mut self.filter_line {
            line.paste(&text);
            self.apply_filter(now);
        }
        self.settle(now)
    }

    /// Takes a click in.
    pub fn click(&mut self, at: Position) -> Vec<Effect> {
        let now = self.clock.now();
        if let Some(mut overlay) = self.overlays.pop() {
            let actions = overlay.click(&self.view.context(now, true, 0), self.screen, at);
            self.overlays.push(overlay);
            self.perform(now, actions);
        } else {
            self.click_below(now, at);
        }
        self.settle(now)
    }

    fn click_below(&mut self, now: Timestamp, at: Position) {
        let Some(layout) = self.layout() else { return };
        if let Some(id) = self.tab_at(&layout, at) {
            return self.run(now, Command::Focus(id));
        }
        if let Some(command) = self.hint_at(&layout, at) {
            return self.run(now, command);
        }
        let Some((id, area)) = layout
            .panes
            .iter()
            .find(|(_, area)| area.contains(at))
            .copied()
        else {
            return;
        };
        self.run(now, Command::Focus(id));
        let action = self.with_pane(now, id, |pane, context| pane.click(context, area, at));
        self.perform(now, action.flatten());
    }

    /// Takes a turn of the wheel in.
    pub fn wheel(&mut self, at: Position, down: bool) -> Vec<Effect> {
        let now = self.clock.now();
        let command = if down { Command::Down } else { Command::Up };
        if self.overlays.is_empty() {
            let layout = self.layout().unwrap_or_default();
            let under = layout
                .panes
                .iter()
                .find(|(_, area)| area.contains(at))
                .map(|(id, _)| *id);
            for _ in 0..WHEEL_ROWS {
                let action = under.and_then(|id| {
                    self.with_pane(now, id, |pane, context| pane.update(context, command))
                });
                self.perform(now, action.flatten());
            }
        } else {
            let code = if down { KeyCode::Down } else { KeyCode::Up };
            return self.key(Key::plain(code));
        }
        self.settle(now)
    }

    /// Does what is due by time alone.
    pub fn tick(&mut self) -> Vec<Effect> {
        let now = self.clock.now();
        self.settle(now)
    }

    /// Takes a configuration that was read again, or what is wrong with it.
    pub fn use_config(&mut self, config: Result<Config, String>) {
        let now = self.clock.now();
        let taken = config.and_then(|config| {
            self.view
                .use_config(config)
                .map_err(|error| error.to_string())
        });
        match taken {
            Ok(()) => self
                .notices
                .show(now, Level::Info, "the configuration was read again"),
            Err(problem) => {
                let text = format!("{problem}; the configuration before it stays in use");
                self.notices.show(now, Level::Warn, &text);
            }
        }
    }

    /// The runtime took no request: what it was to watch is told anew with the next change.
    pub fn was_busy(&mut self, text: &str) {
        self.watched.clear();
        self.warn(text);
    }

    /// Says something that went wrong around the screen.
    fn warn(&mut self, text: &str) {
        self.notices.show(self.clock.now(), Level::Warn, text);
    }

    /// How long the slowest connection took to answer last.
    pub fn latency_ms(&self) -> Option<u64> {
        self.view
            .replica
            .connections
            .values()
            .filter_map(|connection| connection.latency_ms)
            .max()
    }

    /// What follows from any change: what panes want, what is selected, what is watched.
    fn settle(&mut self, now: Timestamp) -> Vec<Effect> {
        self.show_question(now);
        let selection = self.with_pane(now, self.focus, |pane, context| pane.selection(context));
        if let Some(selection) = selection {
            self.view.select(selection);
        }
        for id in self.shown() {
            let wanted = self
                .with_pane(now, id, |pane, context| pane.wants(context))
                .flatten();
            self.perform(now, wanted);
        }
        self.watch(now);
        std::mem::take(&mut self.effects)
    }

    /// The panes on screen.
    pub(super) fn shown(&self) -> Vec<PaneId> {
        let layout = self.layout().unwrap_or_default();
        layout.panes.into_iter().map(|(id, _)| id).collect()
    }

    /// Tells the runtime which symbols are wanted, when that changed.
    fn watch(&mut self, now: Timestamp) {
        if !self.view.replica.ready {
            return;
        }
        let mut symbols = Vec::new();
        for (id, pane) in &self.panes {
            symbols.extend(pane.symbols(&self.view.context(now, *id == self.focus, 0)));
        }
        symbols.extend(self.view.selection.symbol.clone());
        symbols.extend(self.overlays.iter().flat_map(|overlay| overlay.symbols()));
        symbols.sort();
        symbols.dedup();
        symbols.truncate(MOST_WATCHED);
        if symbols != self.watched {
            self.watched.clone_from(&symbols);
            self.effects.push(Effect::Send(Request::Watch { symbols }));
        }
    }

    pub(super) fn with_pane<T>(
        &mut self,
        now: Timestamp,
        id: PaneId,
        act: impl FnOnce(&mut dyn Pane, &PaneContext<'_>) -> T,
    ) -> Option<T> {
        let page = self.page_of(id);
        let context = self.view.context(now, id == self.focus, page);
        let pane = self.panes.iter_mut().find(|(pane, _)| *pane == id)?;
        Some(act(pane.1.as_mut(), &context))
    }

    fn page_of(&self, id: PaneId) -> usize {
        let layout = self.layout().unwrap_or_default();
        let area = layout.panes.iter().find(|(pane, _)| *pane == id);
        area.map_or(1, |(_, area)| {
            usize::from(area.height.saturating_sub(4)).max(1)
        })
    }

    fn each_overlay(
        &mut self,
        now: Timestamp,
        mut act: impl FnMut(&mut dyn Overlay, &PaneContext<'_>) -> Vec<Action>,
    ) {
        let Some(mut overlay) = self.overlays.pop() else {
            return;
        };
        let actions = act(overlay.as_mut(), &self.view.context(now, true, 0));
        self.overlays.push(overlay);
        self.perform(now, actions);
    }

    /// Where everything is now; `None` on a screen that is too small.
    pub(super) fn layout(&self) -> Option<Layout> {
        let replica = &self.view.replica;
        let rows = replica.accounts.len().max(replica.connections.len()) + 6;
        let wishes = Wishes {
            arrangement: self.arrangement,
            focus: self.focus,
            zoomed: self.zoomed,
            account_rows: u16::try_from(rows).unwrap_or(u16::MAX),
        };
        layout::arrange(self.screen, wishes)
    }

    pub(super) fn screen(&self) -> Rect {
        self.screen
    }

    pub(super) fn focus_on(&mut self, id: PaneId) {
        self.focus = id;
        self.filter_line = None;
    }

    pub(super) fn focus_step(&mut self, forward: bool) {
        let count = self.panes.len();
        let here = self
            .panes
            .iter()
            .position(|(id, _)| *id == self.focus)
            .unwrap_or(0);
        let next = (here + if forward { 1 } else { count - 1 }) % count;
        self.focus_on(self.panes[next].0);
    }

    pub(super) fn toggle_zoom(&mut self) {
        self.zoomed = !self.zoomed;
    }

    pub(super) fn leave_zoom(&mut self) {
        self.zoomed = false;
    }

    pub(super) fn step_arrangement(&mut self, now: Timestamp, forward: bool) {
        self.arrangement = self.arrangement.step(forward);
        self.notices.show(
            now,
            Level::Info,
            &format!("arrangement: {}", self.arrangement.name()),
        );
    }
}
