//! The vault: what it is, who may open it, and everything that can be done with it.
//!
//! All of it happens elsewhere, on the thread that keeps the vault; here it is asked for, a spinner turns meanwhile,
//! and what came of it is told. What was typed is dropped when it is sent.

mod draw;
mod forms;
pub(super) mod new_passphrase;
mod overview;
pub mod recovery_code;
mod strength;

use crate::link::vault::{CheckFacts, RotatedFacts, SlotFacts, SlotRole, VaultFacts};
use crate::link::{Level, SecretRequest, VaultAnswer, VaultRequest};
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::confirm::{Guard, Verdict};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::FormEvent;
use crate::ui::widgets::spinner::TURN_MS;
use forms::{Fill, Task};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the overlay, its frame included.
const WIDTH: u16 = 92;

/// What is shown.
enum Page {
    /// What the vault is, with one of its slots selected.
    Overview { selected: usize },
    /// A form of one of the tasks.
    Fill(Box<Fill>),
    /// A question; no is the default.
    Ask(Box<Ask>),
    /// What a look through the vault found, from a line on.
    Checked(Box<CheckFacts>, usize),
    /// What new keys made, from a line on.
    Rotated(Box<RotatedFacts>, usize),
}

/// A question before something that cannot be taken back.
struct Ask {
    title: &'static str,
    lines: Vec<String>,
    yes: &'static str,
    guard: Guard,
    doing: &'static str,
    then: Option<VaultRequest>,
}

/// The overlay of the vault.
pub struct VaultRoom {
    page: Page,
    /// What the vault is, once it was told.
    facts: Option<Box<VaultFacts>>,
    /// What is being done.
    doing: Option<&'static str>,
    /// What came of what was done last.
    said: Option<(Level, String)>,
}

impl VaultRoom {
    /// What the vault is was just asked for.
    pub fn new() -> Self {
        Self {
            page: Page::Overview { selected: 0 },
            facts: None,
            doing: Some("looking at the vault"),
            said: None,
        }
    }

    fn ask(&mut self, request: VaultRequest, doing: &'static str) -> Vec<Action> {
        self.doing = Some(doing);
        self.said = None;
        vec![Action::SendSecret(SecretRequest::Vault(request))]
    }

    fn may_change(&self) -> bool {
        self.facts
            .as_ref()
            .is_some_and(|facts| facts.role != SlotRole::Viewer)
    }

    fn slot(&self, selected: usize) -> Option<&SlotFacts> {
        self.facts.as_ref()?.slots.get(selected)
    }

    fn key_in_overview(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Overview { selected } = &mut self.page else {
            return Vec::new();
        };
        let slots = self.facts.as_ref().map_or(0, |facts| facts.slots.len());
        match (key.code, key.typed()) {
            _ if key == Key::ctrl('c') => return vec![Action::Close],
            (KeyCode::Escape, _) => return vec![Action::Close],
            (KeyCode::Up, _) | (_, Some('k')) => *selected = selected.saturating_sub(1),
            (KeyCode::Down, _) | (_, Some('j')) => {
                *selected = (*selected + 1).min(slots.saturating_sub(1));
            }
            (_, Some('b')) => return self.ask(VaultRequest::BackUp, "making a backup"),
            (_, Some('c')) => return self.ask(VaultRequest::Check, "reading everything again"),
            (_, Some(letter)) if self.may_change() => self.begin(context, letter),
            _ => {}
        }
        Vec::new()
    }

    /// What only a trader may do.
    fn begin(&mut self, context: &PaneContext<'_>, letter: char) {
        let task = match letter {
            'p' => Task::ChangePassphrase,
            'a' => Task::AddSlot,
            'r' => Task::Rotate,
            '!' => Task::Compromised,
            'x' => return self.ask_to_remove(context),
            'n' => return self.ask_for_code(context),
            _ => return,
        };
        if let Some(facts) = &self.facts {
            self.said = None;
            self.page = Page::Fill(Box::new(Fill::new(task, facts)));
        }
    }

    fn ask_to_remove(&mut self, context: &PaneContext<'_>) {
        let Page::Overview { selected } = self.page else {
            return;
        };
        let Some(slot) = self.slot(selected) else {
            return;
        };
        let whose = match slot.label.as_str() {
            "" => String::new(),
            label => format!(", {label}"),
        };
        let lines = vec![
            format!("Slot {}, {}{whose}, opens the vault no more.", slot.id, slot.role.name()),
            "Copies of the vault made earlier still open by it. Changing the keys makes them useless for what is \
             sealed afterwards."
                .to_owned(),
        ];
        let slot = slot.id;
        self.page = Page::Ask(Box::new(Ask {
            title: "Remove a slot",
            lines,
            yes: "remove it",
            guard: Guard::new(context.now),
            doing: "removing the slot",
            then: Some(VaultRequest::RemoveSlot { slot }),
        }));
    }

    fn ask_for_code(&mut self, context: &PaneContext<'_>) {
        let lines =
            vec!["Makes a new recovery code. The one there is opens the vault no more.".to_owned()];
        self.page = Page::Ask(Box::new(Ask {
            title: "New recovery code",
            lines,
            yes: "make it",
            guard: Guard::new(context.now),
            doing: "making a recovery code",
            then: Some(VaultRequest::RenewRecoveryCode),
        }));
    }

    fn key_in_form(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Fill(fill) = &mut self.page else {
            return Vec::new();
        };
        match fill.form.key(key) {
            FormEvent::Close => self.page = Page::Overview { selected: 0 },
            FormEvent::Submit => {
                let Some(request) = fill.submit() else {
                    return Vec::new();
                };
                let task = fill.task;
                if task != Task::Compromised {
                    return self.ask(request, task.doing());
                }
                self.page = Page::Ask(Box::new(Ask {
                    title: task.title(),
                    lines: forms::what_compromised_does(),
                    yes: "change everything",
                    guard: Guard::new(context.now),
                    doing: task.doing(),
                    then: Some(request),
                }));
            }
            FormEvent::Changed(_) | FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => {}
        }
        Vec::new()
    }

    fn key_in_question(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Ask(ask) = &mut self.page else {
            return Vec::new();
        };
        let verdict = ask.guard.verdict(context.now, key);
        let (then, doing) = match verdict {
            Verdict::Nothing => return Vec::new(),
            Verdict::No => (None, ""),
            Verdict::Yes => (ask.then.take(), ask.doing),
        };
        self.page = Page::Overview { selected: 0 };
        then.map_or_else(Vec::new, |request| self.ask(request, doing))
    }

    fn key_in_list(&mut self, key: Key) {
        let (Page::Checked(_, top) | Page::Rotated(_, top)) = &mut self.page else {
            return;
        };
        match (key.code, key.typed()) {
            (KeyCode::Up, _) | (_, Some('k')) => *top = top.saturating_sub(1),
            (KeyCode::Down, _) | (_, Some('j')) => *top += 1,
            (KeyCode::PageUp, _) => *top = top.saturating_sub(10),
            (KeyCode::PageDown, _) => *top += 10,
            (KeyCode::Escape | KeyCode::Enter, _) => self.page = Page::Overview { selected: 0 },
            _ => {}
        }
        let last = self.lines().len().saturating_sub(1);
        if let Page::Checked(_, top) | Page::Rotated(_, top) = &mut self.page {
            *top = (*top).min(last);
        }
    }

    /// The rows of a list that can be longer than the screen.
    fn lines(&self) -> Vec<draw::Row> {
        match &self.page {
            Page::Checked(facts, _) => draw::check_rows(facts),
            Page::Rotated(facts, _) => draw::rotated_rows(facts),
            Page::Overview { .. } | Page::Fill(_) | Page::Ask(_) => Vec::new(),
        }
    }

    fn dialog(&self, screen: Rect) -> Dialog<'static> {
        let columns = WIDTH.min(screen.width).saturating_sub(6);
        let (title, height) = match &self.page {
            Page::Overview { .. } => ("Vault", overview::height(self.facts.as_deref())),
            Page::Fill(fill) => (fill.task.title(), fill.height(columns)),
            Page::Ask(ask) => (ask.title, draw::ask_height(&ask.lines, columns)),
            Page::Checked(..) => ("Vault · check", draw::rows_height(self.lines().len())),
            Page::Rotated(facts, _) if facts.revoke.is_some() => (
                "Vault · revoke these",
                draw::rows_height(self.lines().len()),
            ),
            Page::Rotated(..) => ("Vault · new keys", draw::rows_height(self.lines().len())),
        };
        Dialog {
            title,
            info: "",
            width: WIDTH,
            height,
            live: false,
        }
    }

    fn refused(&mut self, why: &str) {
        if let Page::Fill(fill) = &mut self.page {
            fill.problem = Some(why.to_owned());
        } else {
            self.said = Some((Level::Wrong, why.to_owned()));
        }
    }
}

impl Default for VaultRoom {
    fn default() -> Self {
        Self::new()
    }
}

impl Overlay for VaultRoom {
    fn name(&self) -> &'static str {
        "vault"
    }

    fn holds_secrets(&self) -> bool {
        true
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        if self.doing.is_some() {
            // What is under way goes on; its answer still comes here.
            if key.code == KeyCode::Escape {
                self.doing = None;
            }
            return Vec::new();
        }
        match self.page {
            Page::Overview { .. } => self.key_in_overview(context, key),
            Page::Fill(_) => self.key_in_form(context, key),
            Page::Ask(_) => self.key_in_question(context, key),
            Page::Checked(..) | Page::Rotated(..) => {
                self.key_in_list(key);
                Vec::new()
            }
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if let Page::Fill(fill) = &mut self.page
            && self.doing.is_none()
        {
            fill.form.paste(text);
        }
        Vec::new()
    }

    fn answered(&mut self, _context: &PaneContext<'_>, answer: &VaultAnswer) -> Vec<Action> {
        match answer {
            VaultAnswer::Open(facts) => {
                self.facts = Some(facts.clone());
                self.doing = None;
            }
            VaultAnswer::Done { what, warning } => {
                self.page = Page::Overview { selected: 0 };
                self.said = Some(match warning {
                    None => (Level::Info, what.to_string()),
                    Some(warning) => (Level::Warn, format!("{what}; {warning}")),
                });
            }
            VaultAnswer::Refused { why } => {
                self.doing = None;
                self.refused(why.as_str());
            }
            VaultAnswer::Checked(facts) => {
                self.doing = None;
                self.page = Page::Checked(facts.clone(), 0);
            }
            VaultAnswer::Rotated(facts) => {
                self.doing = None;
                self.page = Page::Rotated(facts.clone(), 0);
            }
            VaultAnswer::Shut(_) => self.doing = None,
            VaultAnswer::RecoveryCode(_) => {} // shown above
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = dialog::below(self.dialog(area).draw(context.theme, area, buffer), 1);
        match &self.page {
            Page::Overview { selected } => {
                if let Some(facts) = &self.facts {
                    overview::draw(context, facts, *selected, inside, buffer);
                }
                overview::draw_footer(context, self.may_change(), inside, buffer);
                draw::said(context, self.said.as_ref(), inside, buffer);
            }
            Page::Fill(fill) => forms::draw(context, fill, inside, buffer),
            Page::Ask(ask) => draw::ask(context, (&ask.lines, ask.yes), inside, buffer),
            Page::Checked(_, top) | Page::Rotated(_, top) => {
                draw::rows(context, &self.lines(), *top, inside, buffer);
            }
        }
        if let Some(doing) = self.doing {
            draw::doing(context, doing, inside, buffer);
        }
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let Page::Fill(fill) = &self.page else {
            return None;
        };
        let inside = dialog::below(self.dialog(area).inside(area), 1);
        (self.doing.is_none()).then(|| fill.form.cursor(fill.area(inside)))?
    }

    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        self.doing.map(|_| TURN_MS)
    }
}

#[cfg(test)]
mod tests;
