//! What was answered to this screen alone: to the overlay that asked, and a recovery code above everything.

use super::App;
use crate::domain::Timestamp;
use crate::link::{Answer, Level, VaultAnswer};
use crate::ui::overlays::vault::recovery_code::RecoveryCode;

impl App {
    /// Takes answers in.
    pub fn answer(&mut self, answers: Vec<Answer>) -> Vec<super::Effect> {
        let now = self.clock.now();
        for answer in answers {
            let answer = match answer {
                Answer::Vault(answer) => answer,
                Answer::SignIn(status) => {
                    self.each_overlay(now, |overlay, _| overlay.signing_in(&status));
                    continue;
                }
            };
            if let VaultAnswer::RecoveryCode(code) = answer {
                self.code = Some(code);
                continue;
            }
            self.tell_if_nobody_waits(now, &answer);
            // A question may stand above the overlay that asked.
            for index in 0..self.overlays.len() {
                let Some(overlay) = self.overlays.get_mut(index) else {
                    break;
                };
                let actions = overlay.answered(&self.view.context(now, true, 0), &answer);
                self.perform(now, actions);
            }
        }
        self.show_code();
        self.settle(now)
    }

    /// The person left the page meanwhile.
    fn tell_if_nobody_waits(&mut self, now: Timestamp, answer: &VaultAnswer) {
        let waits = |name| name == "vault" || name == "unlock";
        if self.overlays.iter().any(|overlay| waits(overlay.name())) {
            return;
        }
        match answer {
            VaultAnswer::Done { what, .. } => {
                self.notices
                    .show(now, Level::Info, &format!("vault: {what}"));
            }
            VaultAnswer::Refused { why } => self.notices.show(now, Level::Warn, why.as_str()),
            VaultAnswer::Open(_)
            | VaultAnswer::Shut(_)
            | VaultAnswer::Rotated(_)
            | VaultAnswer::Checked(_)
            | VaultAnswer::RecoveryCode(_) => {}
        }
    }

    pub(super) fn forget_code(&mut self) {
        self.code = None;
    }

    /// Shows a code that waits, once the screen is not locked: it is there only this once.
    pub(super) fn show_code(&mut self) {
        if !self.is_locked()
            && let Some(code) = self.code.take()
        {
            let now = self.clock.now();
            self.overlays.push(Box::new(RecoveryCode::new(code, now)));
        }
    }
}
