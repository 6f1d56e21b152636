//! A mark that turns while something is under way.

use crate::domain::Timestamp;

/// The mark, turn by turn.
const TURNS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Milliseconds between two turns.
pub const TURN_MS: u64 = 100;

/// The mark at `now`.
pub fn spinner(now: Timestamp) -> &'static str {
    let turn = now.millis().unsigned_abs() / TURN_MS % TURNS.len() as u64;
    TURNS[usize::try_from(turn).expect("less than ten")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_follows_the_clock() {
        let at = |millis| spinner(Timestamp::from_millis(millis).unwrap());
        assert_eq!((at(0), at(99), at(100), at(1_000)), ("⠋", "⠋", "⠙", "⠋"));
        assert_eq!(at(-100), "⠙");
    }
}
