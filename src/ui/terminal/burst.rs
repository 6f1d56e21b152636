//! Keys that come faster than anybody types are a paste, marks or no marks.
//!
//! A terminal without bracketed paste sends pasted text as keys; run as commands, a few lines of it could open a ticket
//! and submit it. The same goes for keys right behind a paste: its end may have been smuggled into it.

use super::TerminalEvent;
use super::decode::millis;
use crate::ui::key::{Key, KeyCode};
use rustix::time::Timespec;

/// Keys closer together than this belong to one burst.
const GAP: Timespec = millis(5);

/// More different keys than this in one burst were not typed by hand.
const MOST_TYPED: usize = 8;

/// Events held of one burst; more of it is thrown away.
const MOST_HELD: usize = 65_536;

/// Events of a burst that may still turn out to be a paste.
#[derive(Default)]
pub(super) struct Burst {
    held: Vec<TerminalEvent>,
    /// Whether a key came and the silence after it has not.
    fresh: bool,
}

impl Burst {
    /// How long the silence must be that ends the burst; `None` where there is none.
    pub(super) fn wait(&self) -> Option<Timespec> {
        (self.fresh || !self.held.is_empty()).then_some(GAP)
    }

    /// Takes events in that came together; gives back what need not wait. A key after a silence does not.
    pub(super) fn take(&mut self, events: Vec<TerminalEvent>) -> Vec<TerminalEvent> {
        let keys = events.iter().filter(|event| is_input(event)).count();
        let is_paste = events
            .iter()
            .any(|event| matches!(event, TerminalEvent::Paste(_)));
        if self.held.is_empty() && !is_paste && (keys == 0 || (keys == 1 && !self.fresh)) {
            self.fresh |= keys > 0;
            return events;
        }
        self.fresh = true;
        // Answers and the mouse need not wait for what the keys turn out to be.
        let (input, others) = events.into_iter().partition::<Vec<_>, _>(is_input);
        let room = MOST_HELD - self.held.len();
        self.held.extend(input.into_iter().take(room));
        others
    }

    /// The silence has come: gives back what was held, as the paste or the keys that it is.
    pub(super) fn quiet(&mut self) -> Vec<TerminalEvent> {
        self.fresh = false;
        let held = std::mem::take(&mut self.held);
        if is_typed(&held) {
            return held;
        }
        let text: String = held.iter().filter_map(text_of).collect();
        vec![TerminalEvent::Paste(text)]
    }
}

fn is_input(event: &TerminalEvent) -> bool {
    matches!(event, TerminalEvent::Key(_) | TerminalEvent::Paste(_))
}

/// Whether a hand may have typed this: few keys, one key held down on a slow line, or no text at all.
fn is_typed(burst: &[TerminalEvent]) -> bool {
    let has_paste = burst
        .iter()
        .any(|event| matches!(event, TerminalEvent::Paste(_)));
    if has_paste {
        return false;
    }
    let enter = TerminalEvent::Key(Key::plain(KeyCode::Enter));
    let is_held_down = burst.windows(2).all(|pair| pair[0] == pair[1]) && !burst.contains(&enter);
    let has_text = burst.iter().any(|event| text_of(event).is_some());
    burst.len() <= MOST_TYPED || is_held_down || !has_text
}

/// The text that an event stands for in a paste: line ends and tabs come as keys.
fn text_of(event: &TerminalEvent) -> Option<String> {
    match event {
        TerminalEvent::Paste(text) => Some(text.clone()),
        TerminalEvent::Key(key) if key.code == KeyCode::Enter || *key == Key::ctrl('j') => {
            Some("\n".into())
        }
        TerminalEvent::Key(key) if key.code == KeyCode::Tab && !key.shift => Some("\t".into()),
        TerminalEvent::Key(key) => key.typed().map(String::from),
        TerminalEvent::Click(_)
        | TerminalEvent::Wheel(..)
        | TerminalEvent::Focused
        | TerminalEvent::FrameTaken
        | TerminalEvent::Synchronised(_)
        | TerminalEvent::StatusAnswered
        | TerminalEvent::AttributesAnswered
        | TerminalEvent::HungUp => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(script: &str) -> Vec<TerminalEvent> {
        let keys = Key::script(script).unwrap();
        keys.into_iter().map(TerminalEvent::Key).collect()
    }

    fn paste(text: &str) -> TerminalEvent {
        TerminalEvent::Paste(text.into())
    }

    /// What comes out of batches that follow one another without a silence.
    fn burst(batches: &[Vec<TerminalEvent>]) -> Vec<TerminalEvent> {
        let mut burst = Burst::default();
        let mut out = Vec::new();
        for batch in batches {
            out.extend(burst.take(batch.clone()));
        }
        out.extend(burst.quiet());
        assert!(burst.wait().is_none());
        out
    }

    #[test]
    fn what_a_hand_types_stays_keys() {
        for script in [
            "j",
            "jj<enter>",
            "aaplmsft",
            "jjjjjjjjjjjjjjj",
            "<down><up><down><up><down><up><down><up><down><up>",
        ] {
            assert_eq!(burst(&[keys(script)]), keys(script), "{script}");
        }
    }

    #[test]
    fn what_no_hand_types_is_a_paste() {
        let cases = [
            ("buy<enter>all<enter>now", "buy\nall\nnow"),
            ("b<tab>AAPL<tab>100<enter>", "b\tAAPL\t100\n"),
            ("b<ctrl-j>AAPL<ctrl-j>1<ctrl-j>", "b\nAAPL\n1\n"),
            ("bAAPL<up>1234", "bAAPL1234"),
            (
                "<enter><enter><enter><enter><enter><enter><enter><enter><enter>",
                "\n\n\n\n\n\n\n\n\n",
            ),
        ];
        for (script, text) in cases {
            assert_eq!(burst(&[keys(script)]), [paste(text)], "{script}");
        }
    }

    #[test]
    fn a_paste_in_small_pieces_is_still_one() {
        let pieces: Vec<_> = ["xy", "<enter>", "zab", "<enter>", "cdef"]
            .map(keys)
            .to_vec();
        assert_eq!(burst(&pieces), [paste("xy\nzab\ncdef")]);
        // Byte by byte, only the first key is out before it is known.
        let bytes: Vec<_> = "q1234567890"
            .chars()
            .map(|it| keys(&it.to_string()))
            .collect();
        assert_eq!(
            burst(&bytes),
            [keys("q"), vec![paste("1234567890")]].concat()
        );
    }

    #[test]
    fn keys_right_behind_a_paste_belong_to_it() {
        let pieces = [vec![paste("note")], keys("y<enter>")];
        assert_eq!(burst(&pieces), [paste("notey\n")]);
    }

    #[test]
    fn a_single_key_and_an_answer_do_not_wait() {
        let mut burst = Burst::default();
        assert_eq!(burst.take(keys("j")), keys("j"));
        assert_eq!(
            burst.take(vec![TerminalEvent::StatusAnswered]),
            [TerminalEvent::StatusAnswered]
        );
        assert_eq!(
            burst.take(keys("k")),
            [],
            "too close to the one before to be sure"
        );
        assert_eq!(
            burst.take(vec![TerminalEvent::StatusAnswered]),
            [TerminalEvent::StatusAnswered]
        );
        assert_eq!(burst.quiet(), keys("k"));
        assert_eq!(burst.take(keys("k")), keys("k"));
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut burst = Burst::default();
        for _ in 0..3 {
            burst.take(vec![TerminalEvent::Key(Key::char('x')); 40_000]);
        }
        assert_eq!(burst.held.len(), MOST_HELD);
    }
}
