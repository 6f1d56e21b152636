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
    use crate::config::Config;
    use crate::domain::{Clock, Sequence};
    use crate::link::{Event, Snapshot, Update, VERSION, VaultRole};
    use crate::ui::app::Effect;
    use crate::ui::key::Key;
    use crate::ui::panes::testing;
    use crate::ui::theme::{Depth, Look, Themes};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use std::sync::Arc;

    const OPEN: VaultStatus = VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    };
    const LOCKED: VaultStatus = VaultStatus::Locked {
        failures: 0,
        wait_until: None,
        problem: None,
    };

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::parse("2026-11-23T14:32:07Z").unwrap()
        }
    }

    /// The small world on a screen of 140x40.
    fn app() -> App {
        let look = Look {
            depth: Depth::None,
            swap_up_down: false,
        };
        let (config, themes) = (Config::default(), Themes::embedded());
        let app = App::new(config, themes, look, Arc::new(Noon), Box::new(|| [7; 16]));
        let mut app = app.unwrap_or_else(|error| panic!("{error}"));
        app.resize(140, 40);
        let world = testing::Stage::new().replica;
        let snapshot = Snapshot {
            version: VERSION,
            at: Sequence(0),
            time: Timestamp::EPOCH,
            demo: false,
            vault: OPEN,
            offers: vec![],
            connections: world.connections.into_values().collect(),
            accounts: world.accounts.into_values().collect(),
            balances: world.balances.into_values().collect(),
            positions: world.positions.into_iter().collect(),
            orders: world.orders.into_values().collect(),
            clocks: vec![],
            activity: vec![],
            syncs: vec![],
            quotes: world.quotes.into_values().collect(),
        };
        app.update(vec![Update::Snapshot(Box::new(snapshot))]);
        app
    }

    fn vault(app: &mut App, sequence: u64, status: VaultStatus) {
        app.update(vec![Update::Numbered {
            sequence: Sequence(sequence),
            event: Event::Vault(status),
        }]);
    }

    fn press(app: &mut App, keys: &str) -> Vec<Effect> {
        let keys = Key::script(keys).unwrap().into_iter();
        keys.flat_map(|key| app.key(key)).collect()
    }

    fn picture(app: &App) -> String {
        let screen = Rect::new(0, 0, 140, 40);
        let mut buffer = Buffer::empty(screen);
        app.draw(
            Noon.now(),
            crate::ui::footer::LinkFigures::default(),
            &mut buffer,
        );
        let cells = buffer.content().chunks(140);
        let line =
            |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect();
        cells.map(line).collect::<Vec<String>>().join("\n")
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
