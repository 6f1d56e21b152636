//! What may be seen while the vault is locked: the door, and nothing behind it.

use crate::domain::Timestamp;
use crate::link::VaultStatus;
use crate::ui::app::App;
use crate::ui::overlays::{Layer, Overlay};

/// The overlay that covers everything else.
const DOOR: &str = "unlock";

impl App {
    /// Opens the unlock screen when the vault wants something. What was open stays under it, for afterwards,
    /// unless a secret was being typed there.
    pub(super) fn ask_for_passphrase(&mut self, now: Timestamp) {
        let wanted = match self.view.replica.vault {
            Some(VaultStatus::Absent | VaultStatus::Locked { .. } | VaultStatus::Broken { .. }) => {
                !self.view.replica.demo
            }
            Some(VaultStatus::Unlocking | VaultStatus::Open { .. }) | None => false,
        };
        if wanted && !self.is_locked() {
            self.overlays.retain(|overlay| !overlay.holds_secrets());
            self.filter_line = None;
            self.forget_code();
            self.notices.dismiss(now);
            self.open(now, Layer::Unlock);
        }
    }

    /// Whether only the lock may be seen.
    pub(super) fn is_locked(&self) -> bool {
        self.overlays.iter().any(|overlay| overlay.name() == DOOR)
    }

    /// What is drawn over the panes, bottom first.
    pub(super) fn shown_overlays(&self) -> &[Box<dyn Overlay>] {
        let door = self
            .overlays
            .iter()
            .position(|overlay| overlay.name() == DOOR);
        &self.overlays[door.unwrap_or(0)..]
    }

    /// Whether there is something to lock: keys in memory, a person's figures on screen.
    pub fn is_open(&self) -> bool {
        let replica = &self.view.replica;
        !replica.demo && matches!(replica.vault, Some(VaultStatus::Open { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sequence;
    use crate::link::{Event, Update};
    use crate::ui::app::testing::{OPEN, app, picture, press};

    const LOCKED: VaultStatus = VaultStatus::Locked {
        failures: 0,
        wait_until: None,
        problem: None,
    };

    fn vault(app: &mut App, sequence: u64, status: VaultStatus) {
        app.update(vec![Update::Numbered {
            sequence: Sequence(sequence),
            event: Event::Vault(status),
        }]);
    }

    #[test]
    fn a_locked_screen_shows_the_door_and_nothing_else() {
        let mut app = app();
        let before = picture(&app);
        assert!(
            before.contains("NVDA") && before.contains("net "),
            "{before}"
        );
        press(&mut app, "/NV");
        vault(&mut app, 1, LOCKED);
        let locked = picture(&app);
        let symbols = app
            .view
            .replica
            .quotes
            .keys()
            .map(|symbol| symbol.as_str().to_owned());
        let names = app
            .view
            .replica
            .accounts
            .values()
            .map(|account| account.name.to_string());
        for hidden in symbols
            .chain(names)
            .chain(["net ".to_owned(), "/NV".to_owned()])
        {
            assert!(!locked.contains(&hidden), "{hidden}\n{locked}");
        }
        assert!(
            locked.contains("Passphrase") && locked.contains("PAPER"),
            "{locked}"
        );
        vault(&mut app, 2, VaultStatus::Unlocking);
        assert!(
            !picture(&app).contains("net "),
            "nor while the key is derived"
        );
    }

    #[test]
    fn what_was_open_and_typed_is_there_again_afterwards() {
        let mut app = app();
        press(&mut app, ":sync");
        let before = picture(&app);
        assert!(before.contains("sync"), "{before}");
        vault(&mut app, 1, LOCKED);
        assert!(!picture(&app).contains("sync"));
        vault(&mut app, 2, OPEN);
        assert_eq!(picture(&app), before);
    }

    #[test]
    fn a_form_with_secrets_does_not_outlive_the_lock() {
        let mut app = app();
        press(&mut app, "c");
        assert!(app.overlays.iter().any(|overlay| overlay.holds_secrets()));
        vault(&mut app, 1, LOCKED);
        vault(&mut app, 2, OPEN);
        assert!(app.overlays.is_empty());
    }
}
