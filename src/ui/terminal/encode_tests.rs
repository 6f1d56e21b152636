use super::*;
use ratatui::layout::Rect;
use ratatui::style::Style;

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
            if wanted.symbol() != " " {
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
    ];
    let mut pick = |count: usize| random.usize(..count);
    Style::reset()
        .fg(colours[pick(4)])
        .bg(colours[pick(4)])
        .add_modifier(modifiers[pick(4)])
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
