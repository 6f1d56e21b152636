//! What rows a person wants to see: those that contain a text, or with `!` those that do not.

/// A filter as it was typed; empty lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
}

impl Filter {
    /// Sets what was typed.
    pub fn set(&mut self, text: &str) {
        self.text = text.trim().to_lowercase();
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether rows are filtered at all.
    pub fn is_set(&self) -> bool {
        !self.text.trim_start_matches('!').is_empty()
    }

    /// Whether a row with these texts is shown.
    pub fn lets_through(&self, texts: &[&str]) -> bool {
        let (inverse, wanted) = match self.text.strip_prefix('!') {
            Some(unwanted) => (true, unwanted.trim_start()),
            None => (false, self.text.as_str()),
        };
        let found = texts
            .iter()
            .any(|text| text.to_lowercase().contains(wanted));
        wanted.is_empty() || found != inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_or_with_an_exclamation_mark_drops() {
        let cases = [
            ("", true),
            ("aap", true),
            ("AAP", true),
            ("msft", false),
            ("!msft", true),
            ("!aapl", false),
            ("!", true),
            ("ira", true),
        ];
        for (typed, shown) in cases {
            let mut filter = Filter::default();
            filter.set(typed);
            assert_eq!(
                filter.lets_through(&["AAPL", "Alpaca IRA"]),
                shown,
                "{typed}"
            );
        }
    }
}
