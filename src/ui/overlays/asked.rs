//! What a broker asks before it places an order. No is the default, and yes takes a word that nobody types by chance.
//!
//! The question comes when it comes, perhaps between two keys that were meant for a pane. So a no is asked for twice,
//! and a yes is typed out: `y`, `e`, `s`. What is left open is answered by nobody and is over after its time.

use crate::domain::order::Said;
use crate::domain::question::About;
use crate::domain::{ClientOrderId, Mode, Order, OrderState, Question, Side, Text, Timestamp};
use crate::link::{Level, Request};
use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::confirm::Guard;
use crate::ui::overlays::order::title;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// Columns of the overlay.
const WIDTH: u16 = 76;

/// Lines of it that are not the broker's words, frame included.
const AROUND: u16 = 11;

/// What is typed to say yes.
const YES: &str = "yes";

/// Lines that a page of the words moves.
const PAGE: usize = 8;

/// Milliseconds between two pictures of the countdown.
const TURN_MS: u64 = 1_000;

/// The overlay of a question.
pub struct Asked {
    id: ClientOrderId,
    question: Text,
    leaning: Leaning,
    top: usize,
}

impl Asked {
    /// What is asked about that order; `None` where nothing is.
    pub fn new(id: ClientOrderId, context: &PaneContext<'_>) -> Option<Self> {
        let question = context.replica.orders.get(&id)?.question()?;
        Some(Self {
            question: question.id().into(),
            id,
            leaning: Leaning::new(context.now),
            top: 0,
        })
    }

    /// The order and what is asked about it, while that is this question.
    fn asked<'a>(&self, context: &'a PaneContext<'_>) -> Option<(&'a Order, &'a Question)> {
        let order = context.replica.orders.get(&self.id)?;
        let question = order.question()?;
        (question.id() == self.question.as_str()).then_some((order, question))
    }

    fn say(&self, said: Said) -> Vec<Action> {
        let answer = Request::Answer {
            id: self.id.clone(),
            question: self.question.clone(),
            said,
        };
        vec![Action::Close, Action::Send(answer)]
    }

    fn scroll(&mut self, key: Key, lines: usize) -> bool {
        let top = match (key.code, key.typed()) {
            (KeyCode::Down, _) | (_, Some('j')) => self.top.saturating_add(1),
            (KeyCode::PageDown, _) => self.top.saturating_add(PAGE),
            (KeyCode::Up, _) | (_, Some('k')) => self.top.saturating_sub(1),
            (KeyCode::PageUp, _) => self.top.saturating_sub(PAGE),
            _ => return false,
        };
        self.top = top.min(lines.saturating_sub(1));
        true
    }
}

impl Overlay for Asked {
    fn name(&self) -> &'static str {
        "asked"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Some((_, question)) = self.asked(context) else {
            return vec![Action::Close];
        };
        if key.code == KeyCode::Tab {
            let text = "the question waits in Orders; enter there answers it";
            return vec![Action::Close, Action::Notice(Level::Info, text.into())];
        }
        let lines = words(question, WIDTH.saturating_sub(6)).len();
        if self.scroll(key, lines) {
            return Vec::new();
        }
        let why_not = no_yes(question, context.killed);
        match (self.leaning.take(context.now, key), why_not) {
            (Some(Said::Yes), Some(why)) => vec![Action::Notice(Level::Warn, why)],
            (Some(said), _) => self.say(said),
            (None, _) => Vec::new(),
        }
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        match self.asked(context) {
            Some(_) => Vec::new(),
            None => vec![Action::Close],
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let Some((order, question)) = self.asked(context) else {
            return;
        };
        let width = WIDTH.min(area.width);
        let words = words(question, width.saturating_sub(6));
        let left = time_left(order, context.now);
        let broker = broker(order, context);
        let dialog = Dialog {
            title: &broker,
            info: &left,
            width,
            height: u16::try_from(words.len())
                .unwrap_or(u16::MAX)
                .saturating_add(AROUND),
            live: order.draft.mode == Mode::Live,
        };
        let inside = dialog::below(dialog.draw(context.theme, area, buffer), 1);
        let rest = draw_order(context, order, question.about(), inside, buffer);
        let footer = dialog::below(rest, rest.height.saturating_sub(2));
        let room = Rect {
            height: rest.height.saturating_sub(3),
            ..rest
        };
        draw_words(context, &words, self.top, room, buffer);
        let (role, prompt) = prompt(&self.leaning, question, context.killed);
        let footer = dialog::line(context.theme, role, &prompt, footer, buffer);
        let keys = [
            ("enter", "no"),
            ("y e s", "yes"),
            ("tab", "look around"),
            ("j k", "read on"),
        ];
        dialog::hints(context.theme, &keys, footer, buffer);
    }

    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        Some(TURN_MS)
    }

    fn hints(&self) -> Vec<(String, String)> {
        [
            ("enter", "no"),
            ("y e s", "yes"),
            ("tab", "look around"),
            ("j k", "read on"),
        ]
        .map(|(key, hint)| (key.into(), hint.into()))
        .to_vec()
    }
}

/// Which answer the keys so far lead to.
struct Leaning {
    guard: Guard,
    typed: usize,
    no: bool,
}

impl Leaning {
    fn new(now: Timestamp) -> Self {
        Self {
            guard: Guard::new(now),
            typed: 0,
            no: false,
        }
    }

    /// Takes a key in; what it says in the end.
    fn take(&mut self, now: Timestamp, key: Key) -> Option<Said> {
        let quiet = self.guard.is_quiet(now);
        let wants_no = key == Key::ctrl('c')
            || matches!(key.code, KeyCode::Escape | KeyCode::Enter)
            || matches!(key.typed(), Some('n' | 'N'));
        if wants_no {
            self.typed = 0;
            let says = quiet && self.no;
            self.no |= quiet;
            return says.then_some(Said::No);
        }
        self.no = false;
        self.typed = match key.typed() {
            Some('y') if self.typed == 0 && quiet => 1,
            Some(letter) if self.typed > 0 && YES[self.typed..].starts_with(letter) => {
                self.typed + 1
            }
            _ => 0,
        };
        let says = self.typed == YES.len();
        if says {
            self.typed = 0;
        }
        says.then_some(Said::Yes)
    }
}

/// Why a question takes no yes.
fn no_yes(question: &Question, killed: bool) -> Option<String> {
    if killed {
        return Some("the kill switch blocks new orders; the question takes no only".into());
    }
    let missing = question.missing();
    (missing > 0).then(|| {
        format!("{missing} parts of the question are not shown, so it takes no only; order with the broker itself")
    })
}

/// The broker's words, line by line, an empty one between its sentences.
fn words(question: &Question, columns: u16) -> Vec<String> {
    let mut lines = Vec::new();
    for sentence in question.sentences() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(format::wrapped(sentence.as_str(), columns.into()));
    }
    lines
}

fn broker(order: &Order, context: &PaneContext<'_>) -> String {
    let connection = context.replica.connection_of(&order.draft.account);
    let name = connection.map_or("The broker", |connection| connection.title.as_str());
    format!("{name} asks")
}

fn time_left(order: &Order, now: Timestamp) -> String {
    let OrderState::Asked { until, .. } = order.state else {
        return String::new();
    };
    match until.since(now) {
        Duration::ZERO => "time is up".into(),
        left => format!("{} to answer", format::countdown(left)),
    }
}

fn draw_order(
    context: &PaneContext<'_>,
    order: &Order,
    about: About,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let draft = &order.draft;
    let (mode, side) = match (draft.mode, draft.side) {
        (Mode::Live, Side::Buy) => (Role::Live, Role::Up),
        (Mode::Live, Side::Sell) => (Role::Live, Role::Down),
        (Mode::Paper, Side::Buy) => (Role::Paper, Role::Up),
        (Mode::Paper, Side::Sell) => (Role::Paper, Role::Down),
    };
    let account = format!("{} account {}", draft.mode.word(), draft.account.short());
    let rest = dialog::line(context.theme, mode, &account, area, buffer);
    let after = Rect {
        x: rest.x + 5.min(rest.width),
        width: rest.width.saturating_sub(5),
        ..rest
    };
    dialog::line(context.theme, side, draft.side.as_str(), rest, buffer);
    dialog::line(context.theme, Role::Strong, &title(order), after, buffer);
    let nothing = match about {
        About::Placing => "Nothing is placed before you say yes.",
        About::Change => "The order stays as it is before you say yes.",
    };
    let rest = dialog::below(rest, 1);
    let rest = dialog::line(context.theme, Role::Muted, nothing, rest, buffer);
    dialog::below(rest, 1)
}

/// Writes the words from line `top` on, and says how many are above and below.
fn draw_words(
    context: &PaneContext<'_>,
    words: &[String],
    top: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let room = usize::from(area.height);
    if words.len() <= room {
        words.iter().fold(area, |area, words| {
            dialog::line(context.theme, Role::Text, words, area, buffer)
        });
        return;
    }
    let room = room.saturating_sub(1); // the last line says what is not here
    let top = top.min(words.len() - room);
    let shown = &words[top..top + room];
    let rest = shown.iter().fold(area, |area, words| {
        dialog::line(context.theme, Role::Text, words, area, buffer)
    });
    let below = words.len() - top - room;
    let more = format!("{top} lines above, {below} below");
    dialog::line(context.theme, Role::Warn, &more, rest, buffer);
}

fn prompt(leaning: &Leaning, question: &Question, killed: bool) -> (Role, String) {
    if let Some(why) = no_yes(question, killed) {
        return (Role::Wrong, why);
    }
    if leaning.no {
        let nothing = match question.about() {
            About::Placing => "nothing is placed then",
            About::Change => "nothing is changed then",
        };
        return (Role::Warn, format!("enter again says no; {nothing}"));
    }
    if leaning.typed > 0 {
        let typed = &YES[..leaning.typed];
        return (Role::Warn, format!("type yes to say yes: {typed}_"));
    }
    (Role::Text, "No is the answer unless you type yes.".into())
}

#[cfg(test)]
mod tests;
