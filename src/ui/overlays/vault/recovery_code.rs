//! A new recovery code, shown once: it stays until the person says that it is written down.
//!
//! It is in no update, log, notice, title or clipboard; when this goes, nobody knows it any more.

use crate::domain::Timestamp;
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::confirm::{Guard, Verdict};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use secrecy::{ExposeSecret, SecretString};

/// Groups of a code in a line.
const GROUPS_IN_A_LINE: usize = 7;

const DIALOG: Dialog<'static> = Dialog {
    title: "Recovery code",
    info: "shown once",
    width: 72,
    height: 15,
    live: false,
};

/// The overlay of a recovery code.
pub struct RecoveryCode {
    code: SecretString,
    guard: Guard,
    /// Whether the person tried to leave without saying it.
    is_asked: bool,
}

impl RecoveryCode {
    /// Shows `code` from `now` on.
    pub fn new(code: SecretString, now: Timestamp) -> Self {
        Self {
            code,
            guard: Guard::new(now),
            is_asked: false,
        }
    }
}

impl Overlay for RecoveryCode {
    fn name(&self) -> &'static str {
        "recovery-code"
    }

    fn holds_secrets(&self) -> bool {
        true
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.guard.verdict(context.now, key) {
            Verdict::Yes => return vec![Action::Close],
            Verdict::No => self.is_asked = true,
            Verdict::Nothing => self.is_asked |= key.code == KeyCode::Enter,
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let theme = context.theme;
        let inside = dialog::below(DIALOG.draw(theme, area, buffer), 1);
        let sentence = "Write this down on paper, and keep it away from this machine. It opens the vault \
                        when the passphrase is lost. It is kept nowhere and is not shown again.";
        let rest = dialog::paragraph(theme, Role::Text, sentence, inside, buffer);
        let mut rest = dialog::below(rest, 1);
        let groups: Vec<&str> = self.code.expose_secret().split('-').collect();
        for line in groups.chunks(GROUPS_IN_A_LINE) {
            let mut at = Rect {
                x: rest.x + 2.min(rest.width),
                width: rest.width.saturating_sub(2),
                ..rest
            };
            for group in line {
                dialog::line(theme, Role::Strong, group, at, buffer);
                let step = 7.min(at.width);
                at = Rect {
                    x: at.x + step,
                    width: at.width - step,
                    ..at
                };
            }
            rest = dialog::below(rest, 2);
        }
        let (role, last) = if self.is_asked {
            (
                Role::Warn,
                "It cannot be shown again. Press y once it is on paper.",
            )
        } else {
            (
                Role::Muted,
                "A code from before opens the vault no more, if there was one.",
            )
        };
        dialog::line(theme, role, last, rest, buffer);
        let footer = dialog::below(inside, inside.height.saturating_sub(1));
        dialog::hints(theme, &[("y", "I have written it down")], footer, buffer);
    }
}
