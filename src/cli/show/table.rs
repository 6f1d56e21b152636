//! Columns of text: names to the left, numbers to the right, as wide as their widest cell.

use crate::ui::format::width;

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Names and words.
    Left,
    /// Numbers.
    Right,
}

/// A table that grows row by row.
pub(in crate::cli) struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading; `>` before a column's name sets it to the right.
    pub(in crate::cli) fn new(headings: &[&str]) -> Self {
        let aligned = headings
            .iter()
            .map(|heading| match heading.strip_prefix('>') {
                Some(name) => (Align::Right, name.to_owned()),
                None => (Align::Left, (*heading).to_owned()),
            });
        let (aligns, names) = aligned.unzip();
        Self {
            aligns,
            rows: vec![names],
        }
    }

    /// Adds a row with a cell for each column.
    pub(in crate::cli) fn row<const CELLS: usize>(&mut self, cells: [String; CELLS]) {
        debug_assert_eq!(CELLS, self.aligns.len());
        self.rows.push(cells.into());
    }

    /// Every row in a line of its own; `empty` where there are none.
    pub(in crate::cli) fn finish(self, empty: &str) -> String {
        if self.rows.len() == 1 {
            return format!("{empty}\n");
        }
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|row| width(&row[column]));
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.aligns.len()).map(widest).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, align), widest) in row.iter().zip(&self.aligns).zip(&widths) {
                let gap = " ".repeat(widest - width(cell));
                match align {
                    Align::Left => line.extend([cell, gap.as_str(), "  "]),
                    Align::Right => line.extend([gap.as_str(), cell, "  "]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_one_another_whatever_the_script() {
        let mut table = Table::new(&["NAME", ">AMOUNT"]);
        table.row(["東京".into(), "1.00".into()]);
        table.row(["a".into(), "12,345.00".into()]);
        assert_eq!(
            table.finish("nothing"),
            "NAME     AMOUNT\n東京       1.00\na     12,345.00\n"
        );
        assert_eq!(Table::new(&["NAME"]).finish("nothing"), "nothing\n");
    }
}
