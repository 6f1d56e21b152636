//! Which row is selected: by what it is, not by where it is, so that rows may come, go and be sorted anew.

use crate::ui::command::Command;

/// The selected row of a list whose rows are known by `K`.
#[derive(Clone, Debug)]
pub(crate) struct Rows<K> {
    key: Option<K>,
    /// Where it was last, for when the row itself is gone.
    index: usize,
}

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Self {
            key: None,
            index: 0,
        }
    }
}

impl<K: PartialEq + Clone> Rows<K> {
    /// Where the selected row is among `keys`; the nearest one where it went away.
    pub(crate) fn index(&self, keys: &[K]) -> usize {
        let found = self
            .key
            .as_ref()
            .and_then(|key| keys.iter().position(|candidate| candidate == key));
        found
            .unwrap_or(self.index)
            .min(keys.len().saturating_sub(1))
    }

    /// The selected row; `None` where there are none.
    pub(crate) fn selected<'a>(&self, keys: &'a [K]) -> Option<&'a K> {
        keys.get(self.index(keys))
    }

    /// Selects the row at `index`.
    pub(crate) fn select(&mut self, keys: &[K], index: usize) {
        self.index = index.min(keys.len().saturating_sub(1));
        self.key = keys.get(self.index).cloned();
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other command moves nothing"
    )]
    /// Moves the selection; whether `command` was one that moves.
    pub(crate) fn step(&mut self, keys: &[K], command: Command, page: usize) -> bool {
        let here = self.index(keys);
        let page = page.max(1);
        let target = match command {
            Command::Up => here.saturating_sub(1),
            Command::Down => here + 1,
            Command::PageUp => here.saturating_sub(page),
            Command::PageDown => here + page,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => return false,
        };
        self.select(keys, target);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_follows_its_row() {
        let mut rows = Rows::default();
        rows.select(&["a", "b", "c"], 1);
        assert_eq!(rows.selected(&["c", "b", "a"]), Some(&"b"));
        assert_eq!(rows.index(&["b", "c"]), 0);
        assert_eq!(
            rows.selected(&["x", "y", "z"]),
            Some(&"y"),
            "its place where it went away"
        );
        assert_eq!(rows.selected(&[]), None);
    }

    #[test]
    fn movement_stays_inside() {
        let keys = ["a", "b", "c", "d"];
        let mut rows = Rows::default();
        let cases = [
            (Command::Up, 0),
            (Command::Down, 1),
            (Command::PageDown, 3),
            (Command::Down, 3),
            (Command::PageUp, 1),
            (Command::Bottom, 3),
            (Command::Top, 0),
        ];
        for (command, index) in cases {
            assert!(rows.step(&keys, command, 2));
            assert_eq!(rows.index(&keys), index, "{command:?}");
        }
        assert!(!rows.step(&keys, Command::Open, 2));
    }
}
