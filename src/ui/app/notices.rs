//! Sentences for the person: one at a time, the worse the longer.

use crate::domain::text::clean;
use crate::domain::{ClientOrderId, Timestamp};
use crate::link::{Level, Replica};
use std::time::Duration;

/// Longest sentence shown, in characters.
const LONGEST: usize = 240;

/// The sentence that is shown, and until when.
#[derive(Default)]
pub(super) struct Notices {
    shown: Option<(Level, String, Timestamp)>,
    /// The newest refused order that was told.
    told: Option<ClientOrderId>,
}

impl Notices {
    /// Shows a sentence; a worse one that is still up is not covered by a lesser one.
    pub(super) fn show(&mut self, now: Timestamp, level: Level, text: &str) {
        let covers = self.current(now).is_none_or(|(shown, _)| shown <= level);
        if covers {
            self.shown = Some((level, clean(text, LONGEST), now.plus(lasts(level))));
        }
    }

    /// Takes over what the runtime has to say.
    pub(super) fn collect(&mut self, replica: &mut Replica, now: Timestamp) {
        while let Some((level, text)) = replica.notices.pop_front() {
            self.show(now, level, text.as_str());
        }
        // Refusals stay in the replica: an open ticket reads its own there.
        let told = self.told.take();
        let new = replica
            .refusals
            .iter()
            .rev()
            .take_while(|(id, _)| Some(id) != told.as_ref());
        for (_, reason) in new.collect::<Vec<_>>().into_iter().rev() {
            self.show(now, Level::Warn, &format!("not sent: {reason}"));
        }
        self.told = replica.refusals.back().map(|(id, _)| id.clone()).or(told);
    }

    /// What is shown now.
    pub(super) fn current(&self, now: Timestamp) -> Option<(Level, &str)> {
        let shown = self.shown.as_ref().filter(|(_, _, until)| now < *until);
        shown.map(|(level, text, _)| (*level, text.as_str()))
    }

    /// When what is shown goes away.
    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.shown
            .as_ref()
            .map(|(_, _, until)| *until)
            .filter(|until| now < *until)
    }

    /// Takes the sentence away; whether there was one.
    pub(super) fn dismiss(&mut self, now: Timestamp) -> bool {
        let was_shown = self.current(now).is_some();
        self.shown = None;
        was_shown
    }
}

fn lasts(level: Level) -> Duration {
    Duration::from_secs(match level {
        Level::Info => 5,
        Level::Warn => 10,
        Level::Wrong => 30,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_sentence_is_not_covered_by_a_good_one() {
        let mut notices = Notices::default();
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        notices.show(at(0), Level::Wrong, "order rejected");
        notices.show(at(1), Level::Info, "synced");
        assert_eq!(
            notices.current(at(2)),
            Some((Level::Wrong, "order rejected"))
        );
        assert_eq!(notices.current(at(30)), None);
        notices.show(at(31), Level::Info, "synced");
        assert_eq!(notices.until(at(32)), Some(at(36)));
        assert!(notices.dismiss(at(33)));
        assert!(!notices.dismiss(at(33)));
    }

    #[test]
    fn a_refusal_is_told_once_and_stays_readable() {
        let mut notices = Notices::default();
        let mut replica = Replica::default();
        let refuse = |replica: &mut Replica, id: &str| {
            replica
                .refusals
                .push_back((ClientOrderId::new(id), "no funds".into()));
        };
        let now = Timestamp::EPOCH;
        refuse(&mut replica, "a");
        notices.collect(&mut replica, now);
        assert_eq!(
            notices.current(now),
            Some((Level::Warn, "not sent: no funds"))
        );
        notices.dismiss(now);
        notices.collect(&mut replica, now);
        assert_eq!(notices.current(now), None);
        refuse(&mut replica, "b");
        notices.collect(&mut replica, now);
        assert_eq!(
            notices.current(now),
            Some((Level::Warn, "not sent: no funds"))
        );
        assert_eq!(replica.refusals.len(), 2);
    }
}
