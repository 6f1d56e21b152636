//! A ticket: keys in, what is asked for and what is shown.

use super::outcome::SILENCE;
use super::*;
use crate::domain::{ClientOrderId, OrderState, Timestamp};
use crate::ui::overlays::tests::stage::{Stage as World, account, draft};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (140, 40);

fn ticket(world: &World) -> Ticket {
    Ticket::new(
        Side::Buy,
        Some(Symbol::new("AAPL")),
        Some(&account("PA3R4QS34821")),
        &world.context(),
    )
}

/// A ticket with 100 typed into it and the limit type picked.
fn filled(world: &mut World) -> Ticket {
    let mut ticket = ticket(world);
    assert_eq!(world.press(&mut ticket, "100<tab>l<tab>189.90"), [""; 0]);
    ticket
}

#[test]
fn a_filled_ticket_asks_once_more_and_then_sends() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    assert_eq!(world.press(&mut ticket, "<enter>"), [""; 0]);
    let shown = world.shown(&ticket, SMALL);
    for part in [
        "PAPER",
        "…4821",
        "buy 100 AAPL limit 189.90",
        "18,990.00 USD",
        "120 → 220",
        "day, regular hours",
        "y send the PAPER order",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(
        world.press(&mut ticket, "y"),
        [format!("place {:?}", draft())]
    );
    assert!(
        world
            .shown(&ticket, SMALL)
            .contains("sending the PAPER order")
    );
    assert_eq!(world.press(&mut ticket, "yyy<enter>"), [""; 0]);
}

#[test]
fn no_is_the_default_and_goes_back_to_what_was_typed() {
    for keys in ["<enter>", "<esc>", "n"] {
        let mut world = World::new();
        let mut ticket = filled(&mut world);
        world.press(&mut ticket, "<enter>");
        assert_eq!(world.press(&mut ticket, keys), [""; 0], "{keys}");
        let shown = world.shown(&ticket, SMALL);
        assert!(
            shown.contains("189.90") && shown.contains("enter review"),
            "{shown}"
        );
    }
}

#[test]
fn a_paste_neither_submits_nor_confirms() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    ticket.paste(&world.context(), "\n\n\n");
    assert!(world.shown(&ticket, SMALL).contains("enter review"));
    world.press(&mut ticket, "<enter>");
    assert!(ticket.paste(&world.context(), "y\ny").is_empty());
    assert!(
        world
            .shown(&ticket, SMALL)
            .contains("y send the PAPER order")
    );
}

#[test]
fn what_cannot_be_sent_says_why_under_its_field_and_stays() {
    let mut world = World::new();
    let mut ticket = ticket(&world);
    world.press(&mut ticket, "1.5<enter>");
    let shown = world.shown(&ticket, SMALL);
    assert!(
        shown.contains("this symbol trades in whole units only") && shown.contains("1.5"),
        "{shown}"
    );
    world.press(&mut ticket, "<ctrl-u>1,000<enter>");
    assert!(world.shown(&ticket, SMALL).contains("without commas"));
}

#[test]
fn a_live_account_is_loud_and_cannot_be_sent() {
    let mut world = World::new();
    let mut ticket = Ticket::new(
        Side::Buy,
        Some(Symbol::new("AAPL")),
        Some(&account("884217730")),
        &world.context(),
    );
    world.press(&mut ticket, "100<enter>");
    let shown = world.shown(&ticket, SMALL);
    for part in ["┏━ Ticket", " LIVE ", "real money", "is a live account"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn the_kill_switch_blocks_the_question() {
    let mut world = World::new();
    world.killed = true;
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>");
    let shown = world.shown(&ticket, SMALL);
    assert!(
        shown.contains("kill switch blocks") && shown.contains("enter review"),
        "{shown}"
    );
}

#[test]
fn a_kill_switch_that_comes_during_the_question_blocks_the_yes() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>");
    world.killed = true;
    assert_eq!(world.press(&mut ticket, "y"), [""; 0]);
    assert!(world.shown(&ticket, SMALL).contains("kill switch blocks"));
}

#[test]
fn a_refusal_brings_the_ticket_back_with_its_reason() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>y");
    assert_eq!(world.changed(&mut ticket), [""; 0]);
    world.replica.refusals.push_back((
        ClientOrderId::new("x"),
        "the buying power is too small".into(),
    ));
    assert_eq!(world.changed(&mut ticket), [""; 0]);
    let shown = world.shown(&ticket, SMALL);
    assert!(
        shown.contains("the buying power is too small") && shown.contains("189.90"),
        "{shown}"
    );
    world.press(&mut ticket, "<enter>");
    assert!(
        world
            .shown(&ticket, SMALL)
            .contains("y send the PAPER order")
    );
}

fn becomes(state: OrderState) -> (World, Ticket, Vec<String>) {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>y");
    let id = ClientOrderId::new("new");
    let mut order = world.replica.orders.values().next().unwrap().clone();
    order.id = id.clone();
    order.state = state;
    world.replica.orders.insert(id, order);
    let asked = world.changed(&mut ticket);
    (world, ticket, asked)
}

#[test]
fn the_ticket_stays_until_it_is_known_what_became_of_the_order() {
    assert_eq!(becomes(OrderState::Sending).2, [""; 0]);
    assert_eq!(
        becomes(OrderState::Accepted).2,
        ["Info: PAPER buy AAPL: accepted", "close"]
    );
    let unknown = OrderState::Unknown {
        since: Timestamp::EPOCH,
        why: "timeout".into(),
    };
    assert!(becomes(unknown).2[0].starts_with("Wrong: it is not known"));
    let (world, ticket, asked) = becomes(OrderState::Rejected {
        reason: "no shorts".into(),
    });
    assert_eq!(asked, [""; 0]);
    assert!(world.shown(&ticket, SMALL).contains("rejected: no shorts"));
}

#[test]
fn silence_is_told_and_esc_leaves() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>y");
    world.now = world.now.plus(SILENCE);
    let shown = world.shown(&ticket, SMALL);
    assert!(shown.contains("look at Orders"), "{shown}");
    assert_eq!(world.press(&mut ticket, "<esc>"), ["close"]);
}

#[test]
fn prices_appear_with_the_type_that_takes_them_and_keep_what_was_typed() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    let has =
        |world: &World, ticket: &Ticket, word: &str| world.shown(ticket, SMALL).contains(word);
    assert!(has(&world, &ticket, "  Limit") || has(&world, &ticket, "▌ Limit"));
    world.press(&mut ticket, "<up>m");
    assert!(!has(&world, &ticket, "189.90 "));
    world.press(&mut ticket, "t");
    assert!(has(&world, &ticket, "Trail by"));
    world.press(&mut ticket, "s<right>");
    assert!(has(&world, &ticket, "189.90"));
}

#[test]
fn the_symbol_is_looked_up_once_and_watched() {
    let mut world = World::new();
    let mut ticket = Ticket::new(Side::Sell, None, None, &world.context());
    assert_eq!(world.press(&mut ticket, "msft"), [""; 0]);
    assert_eq!(ticket.symbols(), []);
    let asked = world.press(&mut ticket, "<tab>");
    assert!(
        asked.len() == 1 && asked[0].contains("LookUp") && asked[0].contains("MSFT"),
        "{asked:?}"
    );
    assert_eq!(ticket.symbols(), [Symbol::new("MSFT")]);
    assert_eq!(world.press(&mut ticket, "<up><tab>"), [""; 0]);
    let mut selected = Ticket::new(Side::Buy, Some(Symbol::new("TSLA")), None, &world.context());
    assert_eq!(world.changed(&mut selected).len(), 1);
    assert_eq!(world.changed(&mut selected), [""; 0]);
}

#[test]
fn hidden_amounts_stay_hidden() {
    let mut world = World::new();
    world.hidden = true;
    let mut ticket = filled(&mut world);
    world.press(&mut ticket, "<enter>");
    let shown = world.shown(&ticket, SMALL);
    assert!(
        shown.contains(" ••••• → •••••")
            && !shown.contains("••••••")
            && !shown.contains("40,000.00"),
        "{shown}"
    );
}

#[test]
fn doubts_are_shown_before_and_in_the_question() {
    let mut world = World::new();
    let mut ticket = ticket(&world);
    world.press(&mut ticket, "300<tab>l<tab>199.00");
    for keys in ["", "<enter>"] {
        world.press(&mut ticket, keys);
        let shown = world.shown(&ticket, LARGE);
        for doubt in ["4.8 % above the ask", "costs more than the buying power"] {
            assert!(shown.contains(doubt), "{doubt}: {shown}");
        }
    }
}

#[test]
fn typed_numbers_are_not_lost_without_asking() {
    let mut world = World::new();
    let mut ticket = filled(&mut world);
    assert_eq!(world.press(&mut ticket, "<esc>"), [""; 0]);
    assert!(
        world
            .shown(&ticket, SMALL)
            .contains("discard what you typed?")
    );
    assert_eq!(world.press(&mut ticket, "y"), ["close"]);
}

#[test]
fn no_screen_is_too_small_and_no_account_is_no_panic() {
    let mut world = World::new();
    let mut filled = filled(&mut world);
    for keys in ["", "<enter>", "y"] {
        world.press(&mut filled, keys);
        for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16), (200, 50)] {
            world.shown(&filled, size);
            filled.cursor(&world.context(), Rect::new(0, 0, size.0, size.1));
        }
    }
    world.replica.accounts.clear();
    let mut ticket = ticket(&world);
    world.press(&mut ticket, "100<enter>");
    assert!(
        world
            .shown(&ticket, SMALL)
            .contains("there is no account yet")
    );
}
