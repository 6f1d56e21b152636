//! A question with yes and no. No is the default, and only a key that is pressed on purpose says yes.
//!
//! Enter says no, a paste never arrives here, and a `y` counts only after a moment without any key, so that a key
//! held down or a burst of typed-ahead keys cannot answer.

use crate::domain::Timestamp;
use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::{Answer, Overlay, Question};
use crate::ui::panes::PaneContext;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::dialog::{self, Dialog};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// Columns of a question.
const WIDTH: u16 = 64;

/// How long no key may have come before a yes counts; longer than the pause before a held key repeats is not needed,
/// because every repeat starts it anew.
const QUIET: Duration = Duration::from_millis(150);

/// What a key says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    Nothing,
}

/// Keeps keys that were not meant for a question from answering it.
pub(super) struct Guard {
    last_key: Timestamp,
}

impl Guard {
    /// A question that appears at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { last_key: now }
    }

    /// Whether the key that comes at `now` comes after a moment without any.
    pub(super) fn is_quiet(&mut self, now: Timestamp) -> bool {
        let quiet = now.since(self.last_key) >= QUIET;
        self.last_key = now;
        quiet
    }

    /// What a key says at `now`.
    pub(super) fn verdict(&mut self, now: Timestamp, key: Key) -> Verdict {
        let quiet = self.is_quiet(now);
        match (key.code, key.typed()) {
            _ if key == Key::ctrl('c') => Verdict::No,
            (_, Some('y' | 'Y')) if quiet => Verdict::Yes,
            (KeyCode::Escape, _) | (_, Some('n' | 'N')) => Verdict::No,
            (KeyCode::Enter, _) if quiet => Verdict::No,
            _ => Verdict::Nothing,
        }
    }
}

/// The overlay of a [`Question`].
pub struct Confirm {
    question: Question,
    guard: Guard,
}

impl Confirm {
    /// Asks `question` from `now` on.
    pub fn new(question: Question, now: Timestamp) -> Self {
        Self {
            question,
            guard: Guard::new(now),
        }
    }

    fn dialog(&self, screen: Rect) -> Dialog<'_> {
        let columns = usize::from(WIDTH.min(screen.width).saturating_sub(6));
        let lines = self
            .question
            .lines
            .iter()
            .map(|line| format::wrapped(line.as_str(), columns).len());
        Dialog {
            title: self.question.title.as_str(),
            width: WIDTH,
            height: u16::try_from(lines.sum::<usize>())
                .unwrap_or(u16::MAX)
                .saturating_add(5),
            ..Dialog::default()
        }
    }
}

impl Overlay for Confirm {
    fn name(&self) -> &'static str {
        "confirm"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.guard.verdict(context.now, key) {
            Verdict::Yes => vec![Action::Close, act(&self.question.then)],
            Verdict::No => vec![Action::Close],
            Verdict::Nothing => Vec::new(),
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = self.dialog(area).draw(context.theme, area, buffer);
        let mut rest = dialog::below(inside, 1);
        for line in &self.question.lines {
            rest = dialog::paragraph(context.theme, Role::Text, line.as_str(), rest, buffer);
        }
        let footer = dialog::below(inside, inside.height.saturating_sub(1));
        draw_answers(
            context.theme,
            self.question.yes.as_str(),
            self.question.dangerous,
            footer,
            buffer,
        );
    }
}

fn act(answer: &Answer) -> Action {
    match answer {
        Answer::Send(request) => Action::Send((**request).clone()),
        Answer::Quit => Action::Quit,
        Answer::Kill => Action::Kill,
    }
}

/// Writes the two answers; no is where Enter goes, and looks so.
pub(super) fn draw_answers(
    theme: &Theme,
    yes: &str,
    dangerous: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.height == 0 {
        return;
    }
    let yes_role = if dangerous { Role::Wrong } else { Role::Text };
    let no = theme.style(Role::Field).patch(theme.style(Role::Strong));
    let room = usize::from(area.width);
    let mut x = area.x;
    let pieces = [
        (" enter ", no),
        ("no ", no),
        ("   ", theme.style(Role::Text)),
        ("y ", theme.style(Role::Key)),
        (yes, theme.style(yes_role)),
    ];
    for (text, style) in pieces {
        let left = room.saturating_sub(usize::from(x - area.x));
        x = buffer.set_stringn(x, area.y, text, left, style).0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(script: &[(u64, &str)]) -> Verdict {
        let mut guard = Guard::new(Timestamp::EPOCH);
        let mut verdict = Verdict::Nothing;
        for (millis, key) in script {
            let now = Timestamp::EPOCH.plus(Duration::from_millis(*millis));
            verdict = guard.verdict(now, Key::parse(key).unwrap());
        }
        verdict
    }

    #[test]
    fn only_a_deliberate_key_says_yes() {
        let cases: [(&[(u64, &str)], Verdict); 10] = [
            (&[(400, "y")], Verdict::Yes),
            (&[(400, "enter")], Verdict::No),
            (&[(400, "esc")], Verdict::No),
            (&[(400, "n")], Verdict::No),
            (&[(400, "ctrl-c")], Verdict::No),
            (&[(400, "space")], Verdict::Nothing),
            (&[(400, "ctrl-y")], Verdict::Nothing),
            // typed ahead, before anybody could have read the question
            (&[(20, "y")], Verdict::Nothing),
            // the key that opened the question, held down
            (
                &[(30, "enter"), (60, "enter"), (90, "enter")],
                Verdict::Nothing,
            ),
            // a held y: each repeat comes too soon after the one before
            (
                &[(30, "y"), (60, "y"), (160, "y"), (200, "y")],
                Verdict::Nothing,
            ),
        ];
        for (script, expected) in cases {
            assert_eq!(answered(script), expected, "{script:?}");
        }
    }
}
