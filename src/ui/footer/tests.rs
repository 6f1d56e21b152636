//! The footer at its widths: hints that fit whole, notices that win, figures where there is room.

use super::*;
use crate::ui::panes::testing::{Stage, lines};

const FIGURES: LinkFigures = LinkFigures {
    latency_ms: Some(48),
    bytes_per_second: 3_500,
    frames_per_second: 10,
};

fn hints() -> Vec<Hint> {
    let hints = [
        ("s", "sync"),
        ("b", "buy"),
        ("", "suspend"),
        ("/", "filter"),
        (":", "command"),
        ("?", "help"),
    ];
    hints
        .map(|(key, meaning)| (key.into(), meaning.into()))
        .into()
}

fn drawn(notice: Option<(Level, &str)>, width: u16) -> Buffer {
    let stage = Stage::new();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
    let area = buffer.area;
    draw(
        &stage.context(),
        &hints(),
        notice,
        FIGURES,
        area,
        &mut buffer,
    );
    buffer
}

fn shown(notice: Option<(Level, &str)>, width: u16) -> String {
    lines(&drawn(notice, width)).join("\n")
}

#[test]
fn hints_and_figures_are_whole_or_not_there() {
    let cases = [
        (
            80,
            " s sync  b buy  / filter  : command  ? help          link 48 ms  3 KB/s  10 fps",
        ),
        (
            60,
            " s sync  b buy  / filter  : command  ? help      link 48 ms",
        ),
        (50, " s sync  b buy  / filter  : command  ? help"),
        (30, " s sync  b buy  / filter"),
        (7, ""),
        (0, ""),
    ];
    for (width, expected) in cases {
        assert_eq!(shown(None, width), expected, "{width}");
    }
}

#[test]
fn a_notice_takes_the_line_and_is_cut_where_it_must() {
    let refused = "not sent: 1,200.50 USD are more than the 1,000.00 USD that may be spent";
    let notice = Some((Level::Warn, refused));
    assert_eq!(
        shown(notice, 110),
        format!(" {refused}           link 48 ms  3 KB/s  10 fps")
    );
    assert_eq!(shown(notice, 80), format!(" {refused}"));
    assert_eq!(
        shown(notice, 47),
        " not sent: 1,200.50 USD are more than the …"
    );
    for width in 0..4 {
        shown(notice, width);
    }
}

#[test]
fn without_colours_a_key_and_a_level_still_stand_out() {
    let stage = Stage::new();
    let style = |buffer: Buffer| buffer[(1, 0)].style();
    let levels = [Level::Info, Level::Warn, Level::Wrong];
    let [info, warn, wrong] = levels.map(|level| style(drawn(Some((level, "sentence")), 40)));
    assert!(info != warn && warn != wrong && info != wrong);
    assert!(stage.is_role(style(drawn(None, 40)), Role::Key));
}

#[test]
fn a_click_finds_its_hint() {
    let area = Rect::new(0, 23, 80, 1);
    let at = |x, width| hint_at(&hints(), Rect { width, ..area }, Position::new(x, 23));
    let cases = [
        (0, None),
        (1, Some(0)),
        (6, Some(0)),
        (7, None),
        (9, Some(1)),
        (16, Some(3)),
        (70, None),
    ];
    for (x, expected) in cases {
        assert_eq!(at(x, 80), expected, "{x}");
    }
    assert_eq!(at(9, 14), None, "it does not fit");
}

#[test]
fn figures_are_short() {
    assert_eq!(words(LinkFigures::default()), "link —  0 B/s  0 fps");
    let figures = |bytes_per_second| LinkFigures {
        bytes_per_second,
        ..FIGURES
    };
    assert_eq!(words(figures(1_023)), "link 48 ms  1023 B/s  10 fps");
    assert_eq!(words(figures(3 * 1_048_576)), "link 48 ms  3 MB/s  10 fps");
}
