use super::*;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

const WIDTH: u16 = 30;
const HEIGHT: u16 = 8;

fn blank() -> Buffer {
    Buffer::empty(Rect::new(0, 0, WIDTH, HEIGHT))
}

fn colour_of(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(number) => Color::Indexed(number),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// What a terminal shows must be what the buffer says, cell by cell.
fn check(screen: &vt100::Screen, buffer: &Buffer, name: &str) {
    for y in 0..HEIGHT {
        let mut x = 0;
        while x < WIDTH {
            let (shown, wanted) = (screen.cell(y, x).unwrap(), &buffer[(x, y)]);
            let contents = if shown.contents().is_empty() {
                " "
            } else {
                shown.contents()
            };
            assert_eq!(contents, wanted.symbol(), "{name}: text at {x},{y}");
            assert_eq!(
                colour_of(shown.bgcolor()),
                wanted.bg,
                "{name}: ground at {x},{y}"
            );
            assert_eq!(
                (shown.underline(), shown.inverse()),
                (
                    wanted.modifier.contains(Modifier::UNDERLINED),
                    wanted.modifier.contains(Modifier::REVERSED)
                ),
                "{name}: what is seen on a blank at {x},{y}"
            );
            if wanted.symbol() != " " {
                assert_eq!(
                    shown.italic(),
                    wanted.modifier.contains(Modifier::ITALIC),
                    "{name}: italic at {x},{y}"
                );
                assert_eq!(
                    colour_of(shown.fgcolor()),
                    wanted.fg,
                    "{name}: colour at {x},{y}"
                );
                assert_eq!(
                    shown.bold(),
                    wanted.modifier.contains(Modifier::BOLD),
                    "{name}: bold at {x},{y}"
                );
                assert_eq!(
                    shown.dim(),
                    wanted.modifier.contains(Modifier::DIM),
                    "{name}: dim at {x},{y}"
                );
            }
            x += width_of(wanted);
        }
    }
}

fn style(random: &mut fastrand::Rng) -> Style {
    let colours = [
        Color::Reset,
        Color::Indexed(9),
        Color::Rgb(1, 2, 3),
        Color::Rgb(200, 0, 50),
    ];
    let modifiers = [
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM,
        Modifier::BOLD | Modifier::UNDERLINED,
        Modifier::DIM | Modifier::CROSSED_OUT,
        Modifier::ITALIC | Modifier::REVERSED,
    ];
    let mut pick = |count: usize| random.usize(..count);
    Style::reset()
        .fg(colours[pick(4)])
        .bg(colours[pick(4)])
        .add_modifier(modifiers[pick(6)])
}

#[test]
fn a_terminal_shows_the_buffer_after_any_sequence_of_changes() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut terminal = vt100::Parser::new(HEIGHT, WIDTH, 0);
    let mut encoder = Encoder::default();
    let mut shown = blank();
    let texts = ["AAPL", "1,234.50", "▲", " ", "…", "日本", "ab", "─╮"];
    for round in 0..400 {
        let mut next = shown.clone();
        for _ in 0..random.usize(1..6) {
            let text = texts[random.usize(..texts.len())];
            let (x, y) = (random.u16(..WIDTH - 8), random.u16(..HEIGHT));
            next.set_string(x, y, text, style(&mut random));
        }
        let mut bytes = Vec::new();
        encoder.encode(&shown, &next, None, &mut bytes);
        terminal.process(&bytes);
        check(terminal.screen(), &next, &format!("round {round}"));
        shown = next;
    }
}

#[test]
fn nothing_is_sent_when_nothing_changed() {
    let mut encoder = Encoder::default();
    let mut bytes = Vec::new();
    encoder.encode(&blank(), &blank(), None, &mut bytes);
    assert!(bytes.is_empty());
}

#[test]
fn a_changed_digit_costs_a_jump_and_the_digit() {
    let (mut before, mut after) = (blank(), blank());
    before.set_string(10, 2, "189.95", Style::new());
    after.set_string(10, 2, "189.96", Style::new());
    let mut encoder = Encoder::default();
    let mut bytes = Vec::new();
    encoder.encode(&before, &after, None, &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "\u{1b}[3;16H6");
}

#[test]
fn a_short_gap_is_rewritten_and_a_long_one_jumped_over() {
    let change = |columns: &[u16]| {
        let (mut before, mut after) = (blank(), blank());
        before.set_string(0, 0, "aaaaaaaaaaaaaaaaaaaa", Style::new());
        after.set_string(0, 0, "aaaaaaaaaaaaaaaaaaaa", Style::new());
        for column in columns {
            after.set_string(*column, 0, "b", Style::new());
        }
        let mut bytes = Vec::new();
        Encoder::default().encode(&before, &after, None, &mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(change(&[0, 3]), "\u{1b}[Hbaab");
    assert_eq!(change(&[0, 12]), "\u{1b}[Hb\u{1b}[11Cb");
}

/// What is sent after `first` was written, to write `second` too: column, row, text and style of each.
fn sent(first: (u16, u16, &str, Style), second: (u16, u16, &str, Style)) -> String {
    let (mut before, mut encoder, mut bytes) = (blank(), Encoder::default(), Vec::new());
    before.set_string(first.0, first.1, first.2, first.3);
    encoder.encode(&blank(), &before, None, &mut bytes);
    bytes.clear();
    let mut after = before.clone();
    after.set_string(second.0, second.1, second.2, second.3);
    encoder.encode(&before, &after, None, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_move_takes_the_shortest_way() {
    let plain = Style::new();
    let cases = [
        ((10, 2), "\n\u{8}b", "the cell below"),
        ((10, 4), "\n\n\n\u{8}b", "three below"),
        ((0, 2), "\r\nb", "the start of the next row"),
        ((2, 2), "\n\u{1b}[9Db", "well to the left, below"),
        ((20, 2), "\n\u{1b}[9Cb", "to the right, below"),
        ((10, 0), "\u{1b}[1;11Hb", "above"),
        ((0, 0), "\u{1b}[Hb", "the first cell"),
        ((1, 1), "\r\u{1b}[Cb", "back in the same row"),
        ((10, 7), "\u{1b}[6B\u{8}b", "far below"),
    ];
    for ((x, y), expected, name) in cases {
        assert_eq!(
            sent((10, 1, "a", plain), (x, y, "b", plain)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_pen_changes_by_what_differs() {
    let (red, ground) = (Color::Rgb(200, 0, 0), Color::Rgb(1, 2, 3));
    let base = Style::new().fg(red).bg(ground);
    let bold = base.add_modifier(Modifier::BOLD);
    let dim = base.add_modifier(Modifier::DIM);
    let cases = [
        (
            bold,
            base,
            "\u{1b}[22mb",
            "the end of bold keeps the colours",
        ),
        (
            bold,
            dim,
            "\u{1b}[22;2mb",
            "bold ends with the code that ends dim",
        ),
        (base, bold, "\u{1b}[1mb", "bold begins"),
        (
            base,
            base.fg(Color::Indexed(9)),
            "\u{1b}[91mb",
            "a basic colour has a short code",
        ),
        (
            base,
            Style::new(),
            "\u{1b}[mb",
            "nothing left is the shortest of all",
        ),
    ];
    for (first, second, expected, name) in cases {
        assert_eq!(
            sent((1, 1, "a", first), (2, 1, "b", second)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn of_a_blank_only_the_ground_is_sent() {
    let red = Style::new().fg(Color::Red);
    let blue = Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD);
    assert_eq!(sent((1, 1, "a", red), (2, 1, " ", blue)), "");
    let on_ground = blue.bg(Color::Indexed(8));
    assert_eq!(
        sent((1, 1, "a", red), (2, 1, " ", on_ground)),
        "\u{1b}[100m "
    );
    assert_eq!(
        sent(
            (1, 1, "a", red),
            (2, 1, " ", red.add_modifier(Modifier::REVERSED))
        ),
        "\u{1b}[7m "
    );
}

#[test]
fn the_text_cursor_is_shown_where_it_is_wanted() {
    let mut encoder = Encoder::default();
    let mut terminal = vt100::Parser::new(HEIGHT, WIDTH, 0);
    let mut bytes = b"\x1b[?25l".to_vec();
    encoder.encode(&blank(), &blank(), Some(Position::new(5, 3)), &mut bytes);
    terminal.process(&bytes);
    assert_eq!(
        (
            terminal.screen().cursor_position(),
            terminal.screen().hide_cursor()
        ),
        ((3, 5), false)
    );
    bytes.clear();
    encoder.encode(&blank(), &blank(), None, &mut bytes);
    terminal.process(&bytes);
    assert!(terminal.screen().hide_cursor());
}

#[test]
fn no_cell_steers_the_terminal_whatever_was_put_into_it() {
    let mut next = blank();
    let hostile = [
        "\x1b",
        "\x1b[2J",
        "\u{9b}",
        "\x07",
        "\u{202e}",
        "a\u{200d}b",
        "\u{7f}",
        "\u{e0041}",
    ];
    for (x, symbol) in (0..).zip(hostile) {
        next[(2 * x, 0)].set_symbol(symbol);
        next[(2 * x + 1, 0)].set_symbol("x");
    }
    let mut bytes = Vec::new();
    Encoder::default().encode(&blank(), &next, None, &mut bytes);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.matches('\u{fffd}').count(), hostile.len(), "{text:?}");
    let rest = text.replace("\x1b[", "");
    assert!(!rest.contains(is_unsafe), "{text:?}");
    let mut terminal = vt100::Parser::new(HEIGHT, WIDTH, 0);
    terminal.process(&bytes);
    let column = |x: u16| terminal.screen().cell(0, x).unwrap().contents().to_owned();
    for x in (1..16).step_by(2) {
        assert_eq!(column(x), "x", "behind what was replaced, column {x}");
    }
    // Cells that did not change are written anew where that is shorter than to jump over them.
    let mut before = blank();
    before[(1, 0)].set_symbol("\x1b");
    let mut after = before.clone();
    after[(0, 0)].set_symbol("a");
    after[(2, 0)].set_symbol("c");
    let mut bytes = Vec::new();
    Encoder::default().encode(&before, &after, None, &mut bytes);
    assert_eq!(
        String::from_utf8(bytes)
            .unwrap()
            .replace("\x1b[", "")
            .find(is_unsafe),
        None
    );
}
