//! Finding things by a few of their letters.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Indices of the texts that match `query`, best first and else in their own order; all of them for an empty query.
pub fn ranked<'a>(query: &str, texts: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut config = Config::DEFAULT;
    config.prefer_prefix = true;
    let mut matcher = Matcher::new(config);
    let mut characters = Vec::new();
    let mut scored: Vec<(u32, usize)> = texts
        .enumerate()
        .filter_map(|(index, text)| {
            let text = Utf32Str::new(text, &mut characters);
            Some((pattern.score(text, &mut matcher)?, index))
        })
        .collect();
    scored.sort_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
    scored.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_and_the_best_comes_first() {
        let texts = ["sync", "sync-all", "sell", "Alpaca", "Álamo"];
        let cases: [(&str, &[usize]); 6] = [
            ("", &[0, 1, 2, 3, 4]),
            ("sync", &[0, 1]),
            ("sa", &[1]),
            ("ALP", &[]),
            ("alp", &[3]),
            ("ala", &[4, 3]),
        ];
        for (query, expected) in cases {
            assert_eq!(ranked(query, texts.into_iter()), expected, "{query}");
        }
    }
}
