//! From a key press to a filled order and a changed position: screen, link, engine, journal, venue and back.

use super::deck::Deck;
use rust_decimal::Decimal;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tradedeck::config::Config;
use tradedeck::domain::{Clock, OrderState, Symbol, Timestamp};
use tradedeck::link::{Replica, Request};
use tradedeck::sim::alpaca::Options;
use tradedeck::ui::app::{App, Effect};
use tradedeck::ui::key::Key;
use tradedeck::ui::theme::{Depth, Look, Themes};

/// A clock that moves when the test says so: a yes counts only after a moment without keys.
struct Steps(Mutex<Timestamp>);

impl Clock for Steps {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Steps {
    fn step(&self) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(Duration::from_millis(500));
    }
}

/// A whole screen on a whole program.
pub(super) struct Seat {
    pub(super) deck: Deck,
    app: App,
    clock: Arc<Steps>,
    /// Everything that updates said.
    pub(super) heard: String,
}

impl Seat {
    async fn take() -> Self {
        let deck = Deck::connected(Options::default()).await;
        let read = deck.replica.balances.values().next().unwrap().as_of;
        Self::at(deck, read)
    }

    /// A screen on that program, at a time.
    pub(super) fn at(deck: Deck, now: Timestamp) -> Self {
        let clock = Arc::new(Steps(Mutex::new(now)));
        let look = Look {
            depth: Depth::None,
            swap_up_down: false,
        };
        let mut random = fastrand::Rng::with_seed(5);
        let new_id = Box::new(move || std::array::from_fn(|_| random.u8(..)));
        let app = App::new(
            Config::default(),
            Themes::embedded(),
            look,
            clock.clone(),
            new_id,
        );
        let mut app = app.unwrap_or_else(|error| panic!("{error}"));
        app.resize(140, 40);
        deck.request(Request::Snapshot);
        Self {
            deck,
            app,
            clock,
            heard: String::new(),
        }
    }

    fn do_all(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(request) => self.deck.request(request),
                Effect::SendSecret(request) => self.deck.secret(request),
                Effect::Copy(_)
                | Effect::Redraw
                | Effect::Suspend
                | Effect::LookAround
                | Effect::Quit => {}
            }
        }
    }

    pub(super) fn press(&mut self, script: &str) {
        for key in Key::script(script).unwrap() {
            self.clock.step();
            let effects = self.app.key(key);
            self.do_all(effects);
        }
    }

    pub(super) fn picture(&self) -> String {
        let rows = self.app.still(self.clock.now());
        let row = |row: Vec<tradedeck::ui::app::still::StillCell>| {
            row.into_iter().map(|cell| cell.text).collect::<String>()
        };
        rows.into_iter().map(row).collect::<Vec<_>>().join("\n")
    }

    /// Feeds the screen and a replica of the test's own until `done`.
    pub(super) async fn until(&mut self, what: &str, done: impl Fn(&Replica, &str) -> bool) {
        let waiting = async {
            while !done(&self.deck.replica, &self.picture()) {
                self.deck.screen.changed().await;
                let answers = self.deck.screen.answers();
                let updates = self.deck.screen.drain();
                for update in updates.clone() {
                    self.heard += &serde_json::to_string(&update).unwrap();
                    self.deck.replica.apply(update);
                }
                let effects = self.app.update(updates);
                self.do_all(effects);
                let effects = self.app.answer(answers);
                self.do_all(effects);
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .is_ok();
        assert!(
            in_time,
            "never happened: {what}\n{}\n{}",
            self.picture(),
            self.deck.story()
        );
    }
}

fn held(replica: &Replica) -> Decimal {
    let msft = Symbol::new("MSFT");
    replica
        .all_positions()
        .filter(|position| position.symbol == msft)
        .map(|position| position.quantity.0)
        .sum()
}

#[tokio::test]
async fn keys_buy_three_shares_and_the_screen_shows_the_position() {
    let mut seat = Seat::take().await;
    seat.until("positions are on screen", |replica, picture| {
        held(replica) > Decimal::ZERO
            && picture.contains("MSFT")
            && replica.quotes.contains_key(&Symbol::new("MSFT"))
    })
    .await;
    let before = held(&seat.deck.replica);
    seat.press("2/msft<enter>b");
    seat.until("the ticket has a quote", |_, picture| {
        picture.contains("Ticket") && picture.contains("MSFT")
    })
    .await;
    seat.press("3<enter>");
    assert!(seat.picture().contains("PAPER"), "{}", seat.picture());
    seat.press("y");
    seat.until("the order filled", |replica, _| {
        replica.orders.values().any(|order| {
            order.state == OrderState::Filled
                && order.draft.symbol == Symbol::new("MSFT")
                && order.filled.0 == Decimal::from(3)
        })
    })
    .await;
    seat.until("the position changed", |replica, _| {
        held(replica) == before + Decimal::from(3)
    })
    .await;
    seat.press("<esc><esc>2");
    let shown = (before + Decimal::from(3)).normalize().to_string();
    seat.until("the screen shows it", |_, picture| {
        picture
            .lines()
            .any(|line| line.contains("MSFT") && line.split_whitespace().any(|word| word == shown))
    })
    .await;
}
