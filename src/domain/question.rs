//! A venue that answers an order with a question: the order stands nowhere until the person has said yes.

use crate::domain::text::Text;
use serde::{Deserialize, Serialize};

/// Sentences of one question that are kept; the rest is counted.
pub const MOST_SENTENCES: usize = 24;

/// Longest sentence kept, in characters.
pub const LONGEST_SENTENCE: usize = 2_000;

/// Kinds of one question that are kept.
pub const MOST_KINDS: usize = 16;

/// Longest name of a question or of its kind.
const LONGEST_NAME: usize = 128;

/// What an order was answered with instead of being placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Question {
    id: Text,
    about: About,
    sentences: Vec<Text>,
    kinds: Vec<Text>,
    missing: usize,
}

/// What a yes would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A new order is placed.
    Placing,
    /// A working order is changed.
    Change,
}

impl Question {
    /// A question in the venue's words; `None` for one that nobody could answer: without words, or with a name that
    /// would not reach the venue as it came.
    ///
    /// `kinds` are the venue's codes of what it warns of.
    #[must_use]
    pub fn new<'a>(
        id: &str,
        about: About,
        sentences: impl IntoIterator<Item = &'a str>,
        kinds: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let name = Text::at_most(id, LONGEST_NAME);
        if name.is_empty() || name.as_str() != id {
            return None;
        }
        let mut kept = Vec::new();
        let mut missing: usize = 0;
        for sentence in sentences {
            let has_room = kept.len() < MOST_SENTENCES;
            let is_cut = sentence.chars().nth(LONGEST_SENTENCE).is_some();
            missing = missing.saturating_add(usize::from(is_cut || !has_room));
            if has_room {
                kept.push(Text::at_most(sentence.trim(), LONGEST_SENTENCE));
            }
        }
        if kept.iter().all(Text::is_empty) {
            return None;
        }
        let kinds = kinds.into_iter().take(MOST_KINDS);
        Some(Self {
            id: name,
            about,
            sentences: kept,
            kinds: kinds
                .map(|kind| Text::at_most(kind, LONGEST_NAME))
                .collect(),
            missing,
        })
    }

    /// The venue's name of it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// What a yes would do.
    #[must_use]
    pub fn about(&self) -> About {
        self.about
    }

    /// The venue's words.
    #[must_use]
    pub fn sentences(&self) -> &[Text] {
        &self.sentences
    }

    /// The venue's codes of what it warns of, where it gave any.
    #[must_use]
    pub fn kinds(&self) -> &[Text] {
        &self.kinds
    }

    /// Sentences that were left out or cut. Nobody can say yes to words that were not shown.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing
    }
}

/// A question as it crosses a socket, held to the limits again on the other side.
#[derive(Deserialize)]
struct Raw {
    id: String,
    about: About,
    sentences: Vec<String>,
    kinds: Vec<String>,
    missing: usize,
}

impl TryFrom<Raw> for Question {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let sentences = raw.sentences.iter().map(String::as_str);
        let kinds = raw.kinds.iter().map(String::as_str);
        let mut question = Self::new(&raw.id, raw.about, sentences, kinds)
            .ok_or("a question that nobody could answer")?;
        question.missing = question.missing.saturating_add(raw.missing);
        Ok(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &str, sentences: &[&str]) -> Option<Question> {
        Question::new(id, About::Placing, sentences.iter().copied(), ["o163"])
    }

    #[test]
    fn a_question_is_cleaned_and_bounded_and_says_what_is_missing() {
        let long = "x".repeat(LONGEST_SENTENCE + 1);
        let whole = "x".repeat(LONGEST_SENTENCE);
        let cases: [(Vec<&str>, usize, usize); 4] = [
            (vec!["Are you sure?"], 1, 0),
            (vec![&whole], 1, 0),
            (vec![&long], 1, 1),
            (vec!["again?"; MOST_SENTENCES + 3], MOST_SENTENCES, 3),
        ];
        for (sentences, kept, missing) in cases {
            let question = asked("a-1", &sentences).expect("it has words");
            assert_eq!(
                (question.sentences().len(), question.missing()),
                (kept, missing)
            );
        }
        let hostile = asked("a-1", &["sure?\u{1b}]52;c;x\u{7}"]).expect("it has words");
        assert_eq!(
            hostile.sentences()[0].as_str(),
            "sure?\u{fffd}]52;c;x\u{fffd}"
        );
    }

    /// A name that cleaning changes would answer another question, or none.
    #[test]
    fn what_nobody_could_answer_is_no_question() {
        let long = "i".repeat(LONGEST_NAME + 1);
        for id in ["", "a\n1", "a\u{7}", &long] {
            assert_eq!(asked(id, &["Are you sure?"]), None, "{id:?}");
        }
        assert_eq!(asked("a-1", &[]), None);
        assert_eq!(asked("a-1", &[" ", ""]), None);
    }

    #[test]
    fn long_words_and_what_is_missing_survive_a_socket() {
        let long = "y".repeat(LONGEST_SENTENCE + 9);
        let question = asked("a-1", &["Are you sure?", &long]).expect("it has words");
        let sent = serde_json::to_string(&question).expect("plain data");
        let received: Question = serde_json::from_str(&sent).expect("the same type");
        assert_eq!(received, question);
        let forged = sent.replace("a-1", "a\\n1");
        assert!(serde_json::from_str::<Question>(&forged).is_err());
    }
}
