//! A form of four fields: keys in, lines out.

use super::*;
use crate::ui::theme::{Depth, Look, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Side,
    Symbol,
    Quantity,
    Pass,
}

fn form() -> Form<Of> {
    Form::new(vec![
        Field::choice(Of::Side, "Side", vec!["buy".into(), "sell".into()], 0),
        Field::text(Of::Symbol, "Symbol", "AAPL", 8).required(),
        Field::text(Of::Quantity, "Quantity", "", 8)
            .hint("shares")
            .required(),
        Field::secret(Of::Pass, "Passphrase"),
    ])
}

fn pressed(form: &mut Form<Of>, keys: &str) -> FormEvent<Of> {
    let keys = Key::script(keys).unwrap();
    keys.into_iter()
        .fold(FormEvent::Taken, |_, key| form.key(key))
}

fn drawn(form: &Form<Of>, width: u16, height: u16) -> Vec<String> {
    let theme = Theme::embedded(Look {
        depth: Depth::None,
        swap_up_down: false,
    });
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    form.draw(&theme, buffer.area, &mut buffer);
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

#[test]
fn keys_move_between_fields_and_edit_the_focused_one() {
    let mut form = form();
    assert_eq!(pressed(&mut form, "s"), FormEvent::Changed(Of::Side));
    assert_eq!(form.chosen(Of::Side), 1);
    assert_eq!(pressed(&mut form, "<tab>"), FormEvent::Left(Of::Side));
    assert_eq!(pressed(&mut form, "X"), FormEvent::Changed(Of::Symbol));
    assert_eq!(form.text(Of::Symbol), "AAPLX");
    assert_eq!(
        pressed(&mut form, "<up><up>12"),
        FormEvent::Changed(Of::Pass)
    );
    assert_eq!(pressed(&mut form, "<f5>"), FormEvent::NotMine);
}

#[test]
fn enter_visits_what_is_empty_and_then_submits() {
    let mut form = form();
    assert_eq!(pressed(&mut form, "<enter>"), FormEvent::Left(Of::Side));
    assert_eq!(form.focused(), Of::Quantity);
    assert_eq!(pressed(&mut form, "100<enter>"), FormEvent::Submit);
}

#[test]
fn a_required_field_left_empty_submits_so_that_its_error_can_be_told() {
    let mut form = form();
    form.focus(Of::Quantity);
    assert_eq!(pressed(&mut form, "<enter>"), FormEvent::Submit);
}

#[test]
fn a_paste_fills_the_focused_field_and_never_submits() {
    let mut form = form();
    form.focus(Of::Quantity);
    assert_eq!(form.paste("100\n\n"), FormEvent::Changed(Of::Quantity));
    assert_eq!(
        (form.text(Of::Quantity), form.text(Of::Symbol)),
        ("100", "AAPL")
    );
    form.focus(Of::Side);
    assert_eq!(form.paste("sell"), FormEvent::Taken);
    assert_eq!(form.chosen(Of::Side), 0);
}

#[test]
fn esc_closes_at_once_only_where_nothing_is_lost() {
    let mut form = form();
    assert_eq!(pressed(&mut form, "<esc>"), FormEvent::Close);
    form.focus(Of::Quantity);
    assert_eq!(pressed(&mut form, "1<esc>"), FormEvent::Taken);
    assert!(form.asks_to_discard());
    assert_eq!(pressed(&mut form, "<esc>"), FormEvent::Taken);
    assert!(!form.asks_to_discard());
    assert_eq!(form.text(Of::Quantity), "1");
    assert_eq!(pressed(&mut form, "<ctrl-c>"), FormEvent::Taken);
    assert_eq!(pressed(&mut form, "y"), FormEvent::Close);
}

#[test]
fn a_hidden_field_is_passed_over_and_keeps_its_text() {
    let mut form = form();
    form.show(Of::Symbol, false);
    pressed(&mut form, "<tab>");
    assert_eq!(form.focused(), Of::Quantity);
    assert_eq!(form.text(Of::Symbol), "AAPL");
}

#[test]
fn a_form_shows_labels_fields_hints_and_errors() {
    let mut form = form();
    pressed(&mut form, "<tab><tab>12x<tab>abc");
    form.set_error(Of::Quantity, Some("12x is not a number".into()));
    assert_eq!(
        drawn(&form, 40, 6),
        [
            "  Side         buy   sell",
            "  Symbol       AAPL",
            "  Quantity     12x       shares",
            "              12x is not a number",
            "▌ Passphrase   •••",
            "",
        ]
    );
    assert_eq!(
        form.cursor(Rect::new(0, 0, 40, 6)),
        Some(Position::new(18, 4))
    );
    assert!(form.focus_first_error());
    assert_eq!(form.focused(), Of::Quantity);
    pressed(&mut form, "<backspace>");
    assert_eq!(form.height(40), 4);
}

#[test]
fn what_does_not_fit_scrolls_to_the_focused_field() {
    let mut form = form();
    form.focus(Of::Pass);
    let lines = drawn(&form, 34, 2);
    assert_eq!(lines, ["  Quantity               shares", "▌ Passphrase"]);
    for (width, height) in [(0, 0), (1, 1), (5, 2), (14, 3)] {
        drawn(&form, width, height);
    }
}

#[test]
fn choices_that_do_not_fit_show_the_picked_one() {
    let options = ["market", "limit", "stop", "stop-limit"]
        .map(String::from)
        .to_vec();
    let form = Form::new(vec![Field::choice(Of::Side, "Type", options, 3)]);
    assert_eq!(
        drawn(&form, 46, 1),
        ["▌ Type   market   limit   stop   stop-limit"]
    );
    assert_eq!(drawn(&form, 30, 1), ["▌ Type  ‹ stop-limit ›"]);
}
