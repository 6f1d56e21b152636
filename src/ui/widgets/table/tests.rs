//! A table of five rows, drawn.

use super::*;
use crate::ui::theme::{Depth, Look};

const COLUMNS: [Column<'static>; 4] = [
    Column::new("Symbol", 6, 12),
    Column::new("Qty", 5, 8).align(Align::Point(2)),
    Column::new("Value", 9, 10)
        .align(Align::Point(2))
        .priority(1),
    Column::new("Acct", 5, 5).align(Align::Right).priority(2),
];

const ROWS: [[&str; 4]; 5] = [
    ["AAPL", "120", "22,794.00", "…4821"],
    ["BTC/USD", "0.25", "16,778.63", "…88AB"],
    ["SPY 19DEC25 600 C", "-2", "-542.00", "…88AB"],
    ["FXAIX", "1,020.113", "201,330.00", "…0913"],
    ["JPM", "40", "—", "…2210"],
];

fn theme() -> Theme {
    Theme::embedded(Look {
        depth: Depth::None,
        swap_up_down: false,
    })
}

fn row(index: usize) -> Row {
    let [symbol, quantity, value, account] = ROWS[index];
    let style = Style::new();
    vec![
        Cell::name(symbol, style),
        Cell::number(quantity, style),
        Cell::number(value, style),
        Cell::name(account, style),
    ]
}

fn table<'a>(selected: Option<usize>, notes: &'a [Note]) -> Table<'a> {
    Table {
        columns: &COLUMNS,
        total: ROWS.len(),
        selected,
        sorted: Some((2, true)),
        row: &row,
        totals: None,
        notes,
        empty: "nothing here",
    }
}

fn drawn(table: &Table<'_>, width: u16, height: u16) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let area = buffer.area;
    table.draw(&theme(), area, true, &mut buffer);
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

#[test]
fn numbers_stand_on_their_point_and_unknown_is_not_zero() {
    assert_eq!(
        drawn(&table(Some(1), &[]), 48, 6),
        [
            " Symbol               Qty        Value↓     Acct",
            " AAPL              120        22,794.00    …4821",
            "▌BTC/USD             0.25     16,778.63    …88AB",
            " SPY 19…600 C       -2          -542.00    …88AB",
            " FXAIX               …       201,330.00    …0913",
            " JPM                40             —       …2210",
        ]
    );
}

#[test]
fn the_least_important_columns_drop_out_and_none_is_cut() {
    let headers =
        [48, 29, 28, 23, 22, 9, 3].map(|width| drawn(&table(None, &[]), width, 2).swap_remove(0));
    assert_eq!(
        headers,
        [
            " Symbol               Qty        Value↓     Acct",
            " Symbol   Qty    Value↓  Acct",
            " Symbol      Qty      Value↓",
            " Symbol   Qty    Value↓",
            " Symbol            Qty",
            " Symbol",
            " S…",
        ]
    );
}

#[test]
fn widths_do_not_follow_from_what_is_shown() {
    let header = |total| {
        drawn(
            &Table {
                total,
                ..table(None, &[])
            },
            40,
            3,
        )
        .swap_remove(0)
    };
    assert_eq!(header(0), header(5));
}

#[test]
fn the_selected_row_stays_in_the_middle_until_the_ends() {
    let cases = [
        ((0, 10, 4), 0..4),
        ((2, 10, 4), 0..4),
        ((5, 10, 4), 3..7),
        ((9, 10, 4), 6..10),
        ((9, 10, 20), 0..10),
        ((0, 0, 4), 0..0),
        ((3, 10, 0), 3..3),
        ((99, 10, 4), 6..10),
    ];
    for ((selected, total, height), expected) in cases {
        assert_eq!(
            window(selected, total, height),
            expected,
            "{selected} of {total} in {height}"
        );
    }
}

#[test]
fn totals_and_notes_follow_the_rows_and_rows_come_first() {
    let notes = [("FXAIX: prior close".to_owned(), Style::new())];
    let totals = Some(row(0));
    let table = Table {
        total: 2,
        totals,
        ..table(None, &notes)
    };
    let tall = drawn(&table, 34, 8);
    assert_eq!(
        tall[1..5],
        [
            " AAPL     120     22,794.00  …4821",
            " BTC/USD    0.25  16,778.63  …88AB",
            " AAPL     120     22,794.00  …4821",
            " FXAIX: prior close",
        ]
    );
    assert_eq!(
        drawn(&table, 34, 2)[1],
        " AAPL     120     22,794.00  …4821"
    );
    let notes_in_four_lines = drawn(&table, 34, 4);
    assert!(!notes_in_four_lines.concat().contains("FXAIX"));
}

#[test]
fn an_empty_table_says_so() {
    let empty = Table {
        total: 0,
        ..table(None, &[])
    };
    assert_eq!(drawn(&empty, 30, 3)[1], " nothing here");
}

#[test]
fn only_visible_rows_are_built() {
    let asked = std::cell::RefCell::new(Vec::new());
    let counted = |index: usize| {
        asked.borrow_mut().push(index);
        row(index % 5)
    };
    let table = Table {
        total: 1_000,
        row: &counted,
        ..table(Some(500), &[])
    };
    drawn(&table, 40, 5);
    assert_eq!(*asked.borrow(), [498, 499, 500, 501]);
}

#[test]
fn a_click_finds_the_row_it_sees() {
    let table = table(Some(4), &[]);
    let area = Rect::new(10, 5, 40, 4);
    let cases = [
        ((10, 5), None),
        ((12, 6), Some(2)),
        ((12, 8), Some(4)),
        ((12, 9), None),
        ((9, 6), None),
    ];
    for (at, expected) in cases {
        assert_eq!(table.row_at(area, Position::from(at)), expected, "{at:?}");
    }
}

#[test]
fn no_room_is_no_panic() {
    for (width, height) in [(0, 0), (1, 1), (2, 1), (1, 5), (3, 2)] {
        drawn(&table(Some(3), &[]), width, height);
    }
}
