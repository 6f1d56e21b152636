//! Sessions: the outer one of a username at a door, the brokerage session within it, and what ends them.
//!
//! Nothing here waits: every question is asked with the time, and what has ended by then is ended first.

use super::Door;
use super::orders::Question;
use crate::domain::{Symbol, Timestamp};
use crate::sim::calendar::Calendar;
use crate::sim::world::Holding;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Silence after which the brokerage session ends.
const BROKERAGE_IDLE: Duration = Duration::from_mins(6);
/// Silence after which the gateway's sign-in ends.
pub(super) const SIGN_IN_IDLE: Duration = Duration::from_mins(10);
/// How long positions are shown as they were first asked for.
const POSITIONS_KEPT: Duration = Duration::from_mins(1);

/// A username signed in at a door.
#[derive(Debug)]
pub(super) struct Seat {
    /// The session's id: what `/tickle` calls `session`.
    pub(super) id: String,
    pub(super) opened: Timestamp,
    pub(super) heard: Timestamp,
    /// Whether `/portfolio/accounts` was asked.
    pub(super) portfolio_known: bool,
    /// The brokerage session.
    pub(super) trading: Option<Trading>,
    /// Whether another program took the brokerage session.
    pub(super) competing: bool,
    /// Whether there was a brokerage session before.
    pub(super) was_trading: bool,
    positions: HashMap<usize, (Timestamp, Vec<(Symbol, Holding)>)>,
    /// Accounts whose positions were listed once; later lists say more.
    pub(super) listed: HashSet<usize>,
}

/// A brokerage session.
#[derive(Debug)]
pub(super) struct Trading {
    pub(super) since: Timestamp,
    /// Whether `/iserver/accounts` was asked.
    pub(super) accounts_known: bool,
    /// Whether live orders were asked for once.
    pub(super) orders_known: bool,
    /// Whether live orders were asked for with filters, which stills the order stream.
    pub(super) is_filtered: bool,
    /// The selected account's place in the world.
    pub(super) selected: usize,
    /// Contracts whose market data was asked for.
    pub(super) watched: HashSet<usize>,
    /// Questions that are not asked any more.
    pub(super) suppressed: HashSet<String>,
    /// The question that waits for its answer.
    pub(super) question: Option<Question>,
}

impl Seat {
    pub(super) fn new(id: String, now: Timestamp) -> Self {
        Self {
            id,
            opened: now,
            heard: now,
            portfolio_known: false,
            trading: None,
            competing: false,
            was_trading: false,
            positions: HashMap::new(),
            listed: HashSet::new(),
        }
    }

    fn stop_trading(&mut self) {
        self.was_trading |= self.trading.take().is_some();
    }

    /// Positions as the provider keeps them: not newer than they have to be.
    pub(super) fn positions(
        &mut self,
        account: usize,
        newest: impl FnOnce() -> Vec<(Symbol, Holding)>,
        now: Timestamp,
    ) -> Vec<(Symbol, Holding)> {
        if let Some((read, kept)) = self.positions.get(&account)
            && now.since(*read) < POSITIONS_KEPT
        {
            return kept.clone();
        }
        let newest = newest();
        self.positions.insert(account, (now, newest.clone()));
        newest
    }

    pub(super) fn forget_positions(&mut self, account: usize) {
        self.positions.remove(&account);
    }
}

impl Trading {
    fn new(selected: usize, now: Timestamp) -> Self {
        Self {
            since: now,
            accounts_known: false,
            orders_known: false,
            is_filtered: false,
            selected,
            watched: HashSet::new(),
            suppressed: HashSet::new(),
            question: None,
        }
    }
}

/// Everybody's seats.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: HashMap<(Door, usize), Seat>,
    /// Usernames whose brokerage session a program elsewhere has.
    elsewhere: HashSet<usize>,
}

impl Seats {
    /// The seat of a username, if it has one.
    pub(super) fn get(&self, door: Door, person: usize) -> Option<&Seat> {
        self.taken.get(&(door, person))
    }

    pub(super) fn get_mut(&mut self, door: Door, person: usize) -> Option<&mut Seat> {
        self.taken.get_mut(&(door, person))
    }

    /// Who is signed in at the gateway, which has one seat.
    pub(super) fn at_gateway(&self) -> Option<usize> {
        let mut taken = self.taken.keys();
        let seat = taken.find(|(door, _)| *door == Door::Gateway);
        seat.map(|(_, person)| *person)
    }

    /// Takes a seat; at the gateway whoever sat there leaves. A seat that is taken stays as it is.
    pub(super) fn take(&mut self, door: Door, person: usize, id: String, now: Timestamp) {
        if door == Door::Gateway {
            self.taken.retain(|(of, _), _| *of != door);
        }
        let seat = self.taken.entry((door, person));
        seat.or_insert_with(|| Seat::new(id, now)).heard = now;
    }

    pub(super) fn leave(&mut self, door: Door, person: usize) {
        self.taken.remove(&(door, person));
    }

    /// Begins a brokerage session. Without `compete` one that another program has stays with it.
    pub(super) fn begin(
        &mut self,
        (door, person): (Door, usize),
        compete: bool,
        account: usize,
        now: Timestamp,
    ) {
        let other = door.other();
        let rival = self.get(other, person);
        let is_taken =
            self.elsewhere.contains(&person) || rival.is_some_and(|seat| seat.trading.is_some());
        let Some(seat) = self.taken.get_mut(&(door, person)) else {
            return;
        };
        if is_taken && !compete {
            seat.competing = true;
            return;
        }
        seat.competing = false;
        seat.trading
            .get_or_insert_with(|| Trading::new(account, now));
        self.elsewhere.remove(&person);
        if let Some(rival) = self.taken.get_mut(&(other, person))
            && rival.trading.is_some()
        {
            rival.stop_trading();
            rival.competing = true;
        }
    }

    /// Another program takes the username's brokerage session.
    pub(super) fn take_elsewhere(&mut self, person: usize) {
        self.elsewhere.insert(person);
        for ((_, of), seat) in &mut self.taken {
            if *of == person && seat.trading.is_some() {
                seat.stop_trading();
                seat.competing = true;
            }
        }
    }

    /// Ends what has ended by now: silence, and the daily reset at midnight in New York.
    pub(super) fn settle(&mut self, calendar: &Calendar, now: Timestamp) {
        let today = calendar.date_of(now);
        self.taken.retain(|(door, _), seat| {
            let silence = now.since(seat.heard);
            let is_gateway = *door == Door::Gateway;
            !(is_gateway && (silence >= SIGN_IN_IDLE || calendar.date_of(seat.opened) != today))
        });
        for seat in self.taken.values_mut() {
            let silence = now.since(seat.heard);
            let since = seat.trading.as_ref().map(|trading| trading.since);
            let is_old = since.is_some_and(|since| calendar.date_of(since) != today);
            if is_old || silence >= BROKERAGE_IDLE {
                seat.stop_trading();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: usize = 0;

    struct Scene {
        seats: Seats,
        now: Timestamp,
    }

    impl Scene {
        fn new() -> Self {
            let now = Timestamp::parse("2026-11-24T15:00:00Z").unwrap();
            let mut scene = Self {
                seats: Seats::default(),
                now,
            };
            for door in [Door::Gateway, Door::OAuth] {
                scene.seats.take(door, ADA, "id".to_owned(), now);
            }
            scene
        }

        fn begin(&mut self, door: Door, compete: bool) {
            self.seats.begin((door, ADA), compete, 0, self.now);
        }

        fn wait(&mut self, span: Duration) {
            self.now = self.now.plus(span);
            self.seats.settle(&Calendar::default(), self.now);
        }

        /// Whether a door's seat is there, trades, and is told of a competitor.
        fn state(&self, door: Door) -> Option<(bool, bool)> {
            let seat = self.seats.get(door, ADA)?;
            Some((seat.trading.is_some(), seat.competing))
        }
    }

    #[test]
    fn a_username_has_one_brokerage_session() {
        let mut scene = Scene::new();
        scene.begin(Door::Gateway, false);
        assert_eq!(scene.state(Door::Gateway), Some((true, false)));
        scene.begin(Door::OAuth, false);
        assert_eq!(scene.state(Door::OAuth), Some((false, true)));
        scene.begin(Door::OAuth, true);
        assert_eq!(scene.state(Door::OAuth), Some((true, false)));
        assert_eq!(scene.state(Door::Gateway), Some((false, true)));
        scene.seats.take_elsewhere(ADA);
        assert_eq!(scene.state(Door::OAuth), Some((false, true)));
        scene.begin(Door::OAuth, true);
        assert_eq!(scene.state(Door::OAuth), Some((true, false)));
    }

    #[test]
    fn silence_and_midnight_end_sessions() {
        let mut scene = Scene::new();
        scene.begin(Door::Gateway, true);
        scene.wait(Duration::from_secs(359));
        assert_eq!(scene.state(Door::Gateway), Some((true, false)));
        scene.wait(Duration::from_secs(1));
        assert_eq!(scene.state(Door::Gateway), Some((false, false)));
        assert!(scene.seats.get(Door::Gateway, ADA).unwrap().was_trading);
        scene.wait(Duration::from_mins(4));
        assert_eq!(scene.state(Door::Gateway), None, "sign in again");
        assert_eq!(scene.state(Door::OAuth), Some((false, false)));

        let mut scene = Scene::new();
        scene.now = Timestamp::parse("2026-11-25T04:59:59Z").unwrap();
        for door in [Door::Gateway, Door::OAuth] {
            scene.seats.leave(door, ADA);
            scene.seats.take(door, ADA, "id".to_owned(), scene.now);
            scene.begin(door, true);
        }
        scene.wait(Duration::from_secs(1));
        assert_eq!(scene.state(Door::Gateway), None, "the daily reset");
        assert_eq!(scene.state(Door::OAuth), Some((false, false)));
    }
}
