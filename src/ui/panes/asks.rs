//! Price history that a pane asks for: once the selection rests, again when it is old, and a limit on what is kept in
//! mind.

use crate::domain::{Symbol, Timeframe, Timestamp};
use crate::link::Request;
use crate::ui::app::Action;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a selection stays before its history is asked for: longer than keys repeat while a person scrolls.
pub(super) const REST: Duration = Duration::from_millis(250);

/// How often the history of what is shown is asked for.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// Histories whose time of asking is kept; one that was left out is asked for again.
const MOST_KEPT: usize = 64;

/// A history.
type History = (Symbol, Timeframe);

/// What was asked for and when.
#[derive(Default)]
pub(super) struct Asks {
    /// What is selected, and since when.
    resting: Option<(History, Timestamp)>,
    /// Oldest first.
    asked: VecDeque<(History, Timestamp)>,
}

impl Asks {
    /// What to ask for now that `symbol` is selected.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        symbol: &Symbol,
        timeframe: Timeframe,
    ) -> Option<Action> {
        let is_same = |(kept, _): &(History, Timestamp)| kept.0 == *symbol && kept.1 == timeframe;
        if !self.resting.as_ref().is_some_and(is_same) {
            self.resting = Some(((symbol.clone(), timeframe), now));
        }
        if self.next()? > now {
            return None;
        }
        self.asked.retain(|it| !is_same(it));
        if self.asked.len() == MOST_KEPT {
            self.asked.pop_front();
        }
        let history = (symbol.clone(), timeframe);
        self.asked.push_back((history, now));
        Some(Action::Send(Request::LoadBars {
            symbol: symbol.clone(),
            timeframe,
        }))
    }

    /// When what is selected is to be asked for.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let (history, since) = self.resting.as_ref()?;
        let asked = self.asked.iter().find(|(asked, _)| asked == history);
        let old = asked.map(|(_, asked)| asked.plus(EVERY));
        old.max(Some(since.plus(REST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `symbol` is asked for when it is selected so many milliseconds after the start.
    fn asks(asks: &mut Asks, millis: u64, symbol: &str) -> bool {
        let now = Timestamp::EPOCH.plus(Duration::from_millis(millis));
        let action = asks.due(now, &Symbol::new(symbol), Timeframe::Day);
        action.is_some_and(|action| {
            let told = crate::ui::panes::testing::told(&action);
            assert!(told.contains(symbol), "{told}");
            true
        })
    }

    #[test]
    fn what_the_selection_only_passes_is_not_asked_for() {
        let mut history = Asks::default();
        for (millis, symbol) in [(0, "A"), (100, "B"), (349, "B"), (349, "C"), (598, "C")] {
            assert!(!asks(&mut history, millis, symbol), "{symbol} at {millis}");
        }
        let rested = Timestamp::EPOCH.plus(Duration::from_millis(599));
        assert_eq!(history.next(), Some(rested));
        assert!(asks(&mut history, 599, "C"));
        assert!(!asks(&mut history, 600, "C"));
    }

    #[test]
    fn it_is_asked_for_again_when_it_is_old() {
        let mut history = Asks::default();
        asks(&mut history, 0, "A");
        assert!(asks(&mut history, 250, "A"));
        for (millis, symbol) in [(1_000, "B"), (2_000, "A"), (60_249, "A")] {
            assert!(!asks(&mut history, millis, symbol), "{symbol} at {millis}");
        }
        assert!(asks(&mut history, 60_250, "A"));
    }

    #[test]
    fn what_is_kept_has_a_limit_and_what_was_left_out_is_asked_for_again() {
        let mut history = Asks::default();
        let select = |history: &mut Asks, number: u64| {
            let symbol = format!("S{number}");
            asks(history, number * 500, &symbol);
            asks(history, number * 500 + 250, &symbol)
        };
        let most = u64::try_from(MOST_KEPT).unwrap();
        for number in 0..=most {
            assert!(select(&mut history, number), "{number}");
        }
        assert_eq!(history.asked.len(), MOST_KEPT);
        let later = (most + 1) * 500;
        for (symbol, is_asked) in [("S1", false), ("S0", true)] {
            asks(&mut history, later, symbol);
            assert_eq!(
                asks(&mut history, later + 250, symbol),
                is_asked,
                "{symbol}"
            );
        }
        assert_eq!(history.asked.len(), MOST_KEPT);
    }
}
