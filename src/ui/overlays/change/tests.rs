//! A change of the order `buy 100 AAPL limit 189.90 day`, of which 25 are filled.

use super::*;
use crate::domain::OrderState;
use crate::ui::overlays::tests::stage::Stage;
use ratatui::layout::Rect;

const SMALL: (u16, u16) = (80, 24);

fn order_id() -> ClientOrderId {
    ClientOrderId::new("0d9c")
}

fn change(stage: &Stage) -> Change {
    Change::new(order_id(), &stage.context()).unwrap()
}

#[test]
fn only_what_differs_is_sent_after_a_yes() {
    let mut stage = Stage::new();
    let mut change = change(&stage);
    let shown = stage.shown(&change, SMALL);
    assert!(
        shown.contains("100") && shown.contains("189.90") && shown.contains(" PAPER "),
        "{shown}"
    );
    assert_eq!(
        stage.press(&mut change, "<tab><ctrl-u>189.95<enter>"),
        [""; 0]
    );
    let shown = stage.shown(&change, SMALL);
    assert!(
        shown.contains("189.90 → 189.95") && shown.contains("y change the PAPER order"),
        "{shown}"
    );
    assert!(!shown.contains("Quantity"), "{shown}");
    let asked = stage.press(&mut change, "y");
    let expected = OrderChange {
        limit: Some("189.95".parse().unwrap()),
        ..OrderChange::default()
    };
    assert_eq!(
        asked,
        ["close".to_owned(), format!("replace 0d9c {expected:?}")]
    );
}

#[test]
fn a_no_goes_back_and_keeps_what_was_typed() {
    let mut stage = Stage::new();
    let mut change = change(&stage);
    assert_eq!(
        stage.press(&mut change, "<tab><ctrl-u>189.95<enter><enter>"),
        [""; 0]
    );
    assert!(stage.shown(&change, SMALL).contains("enter review"));
    assert_eq!(stage.press(&mut change, "<esc>"), [""; 0]);
    assert!(
        stage
            .shown(&change, SMALL)
            .contains("discard what you typed?")
    );
}

#[test]
fn what_cannot_be_changed_says_why() {
    let cases = [
        ("<enter>", "nothing differs"),
        ("<ctrl-u>25<enter>", "25 are filled already"),
        ("<ctrl-u>1,000<enter>", "without commas"),
        ("<tab><ctrl-u>0<enter>", "must be more than zero"),
    ];
    for (keys, shows) in cases {
        let mut stage = Stage::new();
        let mut change = change(&stage);
        assert_eq!(stage.press(&mut change, keys), [""; 0], "{keys}");
        let shown = stage.shown(&change, SMALL);
        assert!(
            shown.contains(shows) && shown.contains("enter review"),
            "{keys}: {shown}"
        );
    }
    let mut stage = Stage::new();
    stage.killed = true;
    let mut change = change(&stage);
    stage.press(&mut change, "0<enter>");
    assert!(stage.shown(&change, SMALL).contains("kill switch"));
}

#[test]
fn an_order_that_ends_meanwhile_is_not_changed() {
    let mut stage = Stage::new();
    let mut change = change(&stage);
    stage.press(&mut change, "0<enter>");
    stage.replica.orders.get_mut(&order_id()).unwrap().state = OrderState::Filled;
    assert_eq!(stage.changed(&mut change), [""; 0]);
    let shown = stage.shown(&change, SMALL);
    assert!(shown.contains("the order is filled"), "{shown}");
    assert_eq!(stage.press(&mut change, "<enter>y"), [""; 0]);
    assert!(Change::new(order_id(), &stage.context()).is_none());
    stage.replica.orders.clear();
    assert_eq!(stage.changed(&mut change), ["close"]);
}

#[test]
fn a_trailing_stop_keeps_its_own_measure() {
    let mut stage = Stage::new();
    let order = stage.replica.orders.get_mut(&order_id()).unwrap();
    order.draft.kind = OrderKind::TrailingStop {
        trail: TrailBy::Percent(Decimal::new(15, 1)),
    };
    let mut change = change(&stage);
    stage.press(&mut change, "<tab><ctrl-u>2<tab>g<enter>");
    let shown = stage.shown(&change, SMALL);
    assert!(
        shown.contains("1.5 % → 2 %") && shown.contains("day → gtc"),
        "{shown}"
    );
    for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16)] {
        stage.shown(&change, size);
        change.cursor(&stage.context(), Rect::new(0, 0, size.0, size.1));
    }
    let asked = stage.press(&mut change, "y");
    assert!(
        asked[1].contains("Percent(2)") && asked[1].contains("GoodTilCancelled"),
        "{asked:?}"
    );
}
