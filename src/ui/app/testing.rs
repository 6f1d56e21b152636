//! For tests: a whole screen on the small world, keys in and pictures out.

use super::{App, Effect};
use crate::config::Config;
use crate::domain::{Clock, Sequence, Timestamp};
use crate::link::{Snapshot, Update, VERSION, VaultRole, VaultStatus};
use crate::ui::key::Key;
use crate::ui::panes::testing;
use crate::ui::theme::{Depth, Look, Themes};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

pub(super) const OPEN: VaultStatus = VaultStatus::Open {
    failures: 0,
    role: VaultRole::Trader,
};

pub(super) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-23T14:32:07Z").unwrap()
    }
}

/// The small world on a screen of 140x40.
pub(super) fn app() -> App {
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
        quotes: world.quotes.into_values().collect(),
    };
    app.update(vec![Update::Snapshot(Box::new(snapshot))]);
    app
}

pub(super) fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let keys = Key::script(keys).unwrap().into_iter();
    keys.flat_map(|key| app.key(key)).collect()
}

pub(super) fn picture(app: &App) -> String {
    let screen = Rect::new(0, 0, 140, 40);
    let mut buffer = Buffer::empty(screen);
    app.draw(
        Noon.now(),
        crate::ui::footer::LinkFigures::default(),
        &mut buffer,
    );
    let cells = buffer.content().chunks(140);
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect();
    cells.map(line).collect::<Vec<String>>().join("\n")
}
