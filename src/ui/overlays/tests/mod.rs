//! The small overlays: keys in, what is asked for and what is shown.

pub(super) mod stage;

use super::*;
use crate::domain::OrderState;
use crate::ui::overlays::add_symbol::AddSymbol;
use crate::ui::overlays::confirm::Confirm;
use crate::ui::overlays::entry::EntryDetail;
use crate::ui::overlays::help::Help;
use crate::ui::overlays::order::OrderDetail;
use crate::ui::overlays::palette::Palette;
use crate::ui::overlays::tests::stage::Stage;
use crate::ui::overlays::themes::ThemePicker;

const SMALL: (u16, u16) = (80, 24);

fn question(then: Answer) -> Question {
    Question {
        title: "Quit".into(),
        lines: vec!["2 orders still work.".into()],
        yes: "leave".into(),
        dangerous: true,
        then,
    }
}

#[test]
fn a_question_is_answered_by_its_own_key_only() {
    let cases: [(&str, &[&str]); 6] = [
        ("y", &["close", "quit"]),
        ("n", &["close"]),
        ("<enter>", &["close"]),
        ("<esc>", &["close"]),
        ("<space>", &[]),
        ("q", &[]),
    ];
    for (keys, asked) in cases {
        let mut stage = Stage::new();
        let mut confirm = Confirm::new(question(Answer::Quit), stage.now);
        assert_eq!(stage.press(&mut confirm, keys), asked, "{keys}");
    }
    let stage = Stage::new();
    let mut confirm = Confirm::new(question(Answer::Kill), stage.now);
    assert!(confirm.paste(&stage.context(), "y").is_empty());
    let shown = stage.shown(&confirm, SMALL);
    assert!(
        shown.contains("2 orders still work.") && shown.contains("y leave"),
        "{shown}"
    );
}

#[test]
fn the_palette_finds_and_runs() {
    let mut stage = Stage::new();
    let mut palette = Palette::new(&stage.context());
    assert_eq!(
        stage.press(&mut palette, "every conn<enter>"),
        ["close", "run sync-all"]
    );
    let shown = stage.shown(&palette, SMALL);
    assert!(
        shown.contains("▌ sync-all") && shown.contains(" S   │"),
        "{shown}"
    );
    assert_eq!(stage.press(&mut palette, "<esc>"), ["close"]);
}

#[test]
fn the_help_lists_every_key_in_force_and_is_searched() {
    let mut stage = Stage::new();
    let mut help = Help::new(&stage.context());
    let tall = stage.shown(&help, (200, 50));
    for spec in crate::ui::command::COMMANDS {
        assert!(tall.contains(spec.help), "{}", spec.name);
    }
    stage.press(&mut help, "<pgdn><pgdn><pgdn><pgdn>");
    assert!(stage.shown(&help, SMALL).contains("Leave the program"));
    assert_eq!(stage.press(&mut help, "kill"), [""; 0]);
    let found = stage.shown(&help, SMALL);
    assert!(
        found.contains("ctrl-k") && !found.contains("Move up"),
        "{found}"
    );
    assert_eq!(stage.press(&mut help, "<esc>"), ["close"]);
}

#[test]
fn a_viewer_is_offered_no_order_and_no_credential() {
    let mut stage = Stage::new();
    stage.replica.vault = Some(crate::link::VaultStatus::Open {
        failures: 0,
        role: crate::link::VaultRole::Viewer,
    });
    let tall = (200, 50);
    let help = stage.shown(&Help::new(&stage.context()), tall);
    let palette = stage.shown(&Palette::new(&stage.context()), tall);
    for spec in crate::ui::command::COMMANDS {
        let is_offered = !spec.command.needs_trader();
        let help_line = spec.command.help(true);
        assert_eq!(help.contains(help_line), is_offered, "{}", spec.name);
    }
    assert!(help.contains("Take the selected symbol off the list"));
    assert!(!palette.contains("Buy the selected"), "{palette}");
    let mut palette = Palette::new(&stage.context());
    let asked = stage.press(&mut palette, "every conn<enter>");
    assert_eq!(
        asked,
        ["close", "run sync-all"],
        "the list and its rows agree"
    );
}

#[test]
fn themes_are_shown_before_they_are_used() {
    let mut stage = Stage::new();
    let names = ["default", "light", "nord"].map(String::from).to_vec();
    let mut picker = ThemePicker::new(names, "light");
    assert_eq!(stage.press(&mut picker, "<down>"), ["preview nord"]);
    assert_eq!(stage.press(&mut picker, "def"), ["preview default"]);
    assert_eq!(
        stage.press(&mut picker, "<enter>"),
        ["use default", "close"]
    );
    assert_eq!(stage.press(&mut picker, "<esc>"), ["preview -", "close"]);
    let shown = stage.shown(&picker, SMALL);
    assert!(
        shown.contains("PAPER") && shown.contains("LIVE …4821"),
        "{shown}"
    );
}

#[test]
fn a_line_of_activity_is_shown_whole_and_followed() {
    let mut stage = Stage::new();
    assert!(EntryDetail::new(99, &stage.context()).is_none());
    let mut entry = EntryDetail::new(7, &stage.context()).unwrap();
    let shown = stage.shown(&entry, SMALL);
    for part in [
        "214 trades read",
        "repeated after 2 s",
        "…4821",
        "2.1 s",
        "2026-11-23 15:00:00",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    stage.replica.activity[0].text = "done".into();
    stage.changed(&mut entry);
    assert!(stage.shown(&entry, SMALL).contains("done"));
    assert_eq!(
        stage.press(&mut entry, "y"),
        ["copy done\npage 4 answered 429; repeated after 2 s"]
    );
    assert_eq!(stage.press(&mut entry, "<esc>"), ["close"]);
}

#[test]
fn an_order_is_shown_whole_and_can_be_changed_or_cancelled_while_it_is_open() {
    let mut stage = Stage::new();
    let id = ClientOrderId::new("0d9c");
    assert!(OrderDetail::new(ClientOrderId::new("nope"), &stage.context()).is_none());
    let mut order = OrderDetail::new(id.clone(), &stage.context()).unwrap();
    let shown = stage.shown(&order, SMALL);
    for part in [
        "PAPER",
        "buy  100 AAPL limit 189.90 day",
        "25 of 100 @ 189.88",
        "working",
        "61e69015",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(
        stage.press(&mut order, "e"),
        ["close", "open Change(ClientOrderId(\"0d9c\"))"]
    );
    let asked = stage.press(&mut order, "<del>").concat();
    assert!(
        asked.contains("PAPER in account …4821") && asked.contains("CancelOrder"),
        "{asked}"
    );
    stage.replica.orders.get_mut(&id).unwrap().state = OrderState::Rejected {
        reason: "no funds".into(),
    };
    assert!(stage.shown(&order, SMALL).contains("no funds"));
    assert_eq!(stage.press(&mut order, "e<del>"), [""; 0]);
    stage.replica.orders.clear();
    assert_eq!(stage.changed(&mut order), ["close"]);
}

#[test]
fn a_symbol_is_looked_up_and_added() {
    let mut stage = Stage::new();
    let mut add = AddSymbol::default();
    assert_eq!(stage.press(&mut add, "<enter>"), [""; 0]);
    assert!(stage.shown(&add, SMALL).contains("type a symbol"));
    assert_eq!(stage.press(&mut add, "aapl"), [""; 0]);
    assert!(stage.shown(&add, SMALL).contains("Apple Inc."));
    let asked = stage.press(&mut add, "<enter>");
    assert_eq!(asked[1..], ["watch AAPL", "close"]);
}

#[test]
fn no_screen_is_too_small_to_draw_on() {
    let stage = Stage::new();
    let context = stage.context();
    let overlays: [Box<dyn Overlay>; 7] = [
        Box::new(Confirm::new(question(Answer::Quit), stage.now)),
        Box::new(Palette::new(&context)),
        Box::new(Help::new(&context)),
        Box::new(ThemePicker::new(vec!["default".into()], "default")),
        Box::new(EntryDetail::new(7, &context).unwrap()),
        Box::new(OrderDetail::new(ClientOrderId::new("0d9c"), &context).unwrap()),
        Box::new(AddSymbol::default()),
    ];
    for overlay in &overlays {
        for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16)] {
            stage.shown(&**overlay, size);
            overlay.cursor(&context, Rect::new(0, 0, size.0, size.1));
        }
    }
}
