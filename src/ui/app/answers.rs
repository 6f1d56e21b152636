//! What the vault answered to this screen: to the overlay that asked, and a recovery code above everything.

use super::App;
use crate::link::VaultAnswer;
use crate::ui::overlays::vault::recovery_code::RecoveryCode;

impl App {
    /// Takes answers of the vault in.
    pub fn answer(&mut self, answers: Vec<VaultAnswer>) -> Vec<super::Effect> {
        let now = self.clock.now();
        for answer in answers {
            if let VaultAnswer::RecoveryCode(code) = answer {
                self.code = Some(code);
                continue;
            }
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
