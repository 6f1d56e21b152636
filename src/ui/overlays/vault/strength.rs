//! How hard a passphrase is to guess, roughly: a hint for the person, not a rule.

/// Fewest characters of a passphrase.
pub(super) const SHORTEST: usize = 8;

/// Bits that fill the meter.
pub(super) const STRONG_BITS: u64 = 90;

/// Bits below which a passphrase is weak.
pub(super) const FAIR_BITS: u64 = 40;

/// Tenths of a bit that a word of a sentence is worth: one of a few thousand.
const WORD: u64 = 120;

/// What people choose first; each counts as a single character.
const COMMON: [&str; 8] = [
    "password",
    "passwort",
    "qwerty",
    "letmein",
    "tradedeck",
    "123456",
    "abc123",
    "iloveyou",
];

/// Roughly how many yes-or-no questions a guesser needs.
pub(super) fn bits(passphrase: &str) -> u64 {
    let by_character = telling_characters(passphrase) * character_value(passphrase);
    let words = passphrase
        .split_whitespace()
        .filter(|word| word.chars().count() >= 3)
        .count();
    let is_sentence = words >= 2
        && passphrase
            .chars()
            .all(|it| it.is_alphabetic() || it.is_whitespace());
    let tenths = if is_sentence {
        by_character.min(words as u64 * WORD)
    } else {
        by_character
    };
    tenths / 10
}

/// One word for so many bits.
pub(super) fn word(bits: u64) -> &'static str {
    match bits {
        0..FAIR_BITS => "weak",
        FAIR_BITS..60 => "fair",
        60..STRONG_BITS => "good",
        _ => "strong",
    }
}

/// Characters that are not one more of a run (`aaa`, `123`) and not part of what everybody chooses.
fn telling_characters(passphrase: &str) -> u64 {
    let lower = passphrase.to_lowercase();
    let common: usize = COMMON
        .iter()
        .filter(|common| lower.contains(**common))
        .map(|common| common.len() - 1)
        .sum();
    let codes: Vec<u32> = passphrase.chars().map(u32::from).collect();
    let in_runs = codes
        .windows(2)
        .filter(|pair| pair[0].abs_diff(pair[1]) <= 1)
        .count();
    (codes.len() as u64).saturating_sub(in_runs.max(common) as u64)
}

/// Tenths of a bit a character is worth, by the kinds of characters there are.
fn character_value(passphrase: &str) -> u64 {
    let has = |kind: fn(char) -> bool| passphrase.chars().any(kind);
    let kinds = [
        (has(|it| it.is_ascii_lowercase()), 26),
        (has(|it| it.is_ascii_uppercase()), 26),
        (has(|it| it.is_ascii_digit()), 10),
        (has(|it| !it.is_ascii_alphanumeric()), 33),
    ];
    let pool: u64 = kinds
        .iter()
        .filter(|(there, _)| *there)
        .map(|(_, size)| size)
        .sum();
    match pool {
        0..=10 => 33,
        11..=26 => 47,
        27..=36 => 52,
        37..=52 => 57,
        53..=62 => 60,
        _ => 65,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_weak() {
        let cases = [
            ("", "weak"),
            ("password", "weak"),
            ("aaaaaaaaaaaaaaaa", "weak"),
            ("1234567890", "weak"),
            ("tradedeck1", "weak"),
            ("hunter2x", "fair"),
            ("correct horse battery staple", "fair"),
            ("xK9#vQ2!mZ7p", "good"),
            ("correct horse battery staple orbit lantern", "good"),
            ("xK9#vQ2!mZ7pR4&d", "strong"),
        ];
        for (passphrase, expected) in cases {
            assert_eq!(
                word(bits(passphrase)),
                expected,
                "{passphrase}: {}",
                bits(passphrase)
            );
        }
    }
}
