//! Keys in, pictures out.

use super::*;
use crate::domain::order::TrailBy;
use crate::domain::{OrderKind, OrderSize, Side, TimeInForce};
use crate::ui::panes::testing::{EURO, REAL, Stage, account, order};
use crate::ui::theme::Depth;
use ratatui::style::Modifier;

const WIDE: (u16, u16) = (140, 20);
const SMALL: (u16, u16) = (80, 20);

#[test]
fn a_picture_at_two_widths() {
    let stage = Stage::new();
    let pane = Orders::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r#"
    ╭─ 4 Orders ──────────────────────────────────────────────────────────────────────────────────────────── working 7 · filled 1 · unknown 1 ─╮
    │ Time      Side        Qty  Symbol                  Type                              State        Filled                    Mode     Acct│
    │▌14:20:09  buy         100  TSLA                    market day                        UNKNOWN      looking up, 34 m          PAPER   …4821│
    │ 14:31:09  buy         100  AAPL                    limit 189.90 day                  working      0 / 100                   PAPER   …4821│
    │ 14:27:09  buy         100  SPY 19DEC25 600 C       limit 2.65 day                    partial      50 / 100 @ 2.64           PAPER   …4821│
    │ 14:26:09  buy         100  NVDA                    market day                        sending      0 / 100                   PAPER   …4821│
    │ 14:25:09  sell        100  NFLX                    stop 1,234.50 limit 1,230.00 day  accepted     0 / 100                   PAPER   …4821│
    │ 14:24:09  sell        100  COST                    market day                        cancelling   0 / 100                   PAPER   …4821│
    │ 14:23:09  sell        100  IBM                     market day                        replacing    0 / 100                   PAPER   …4821│
    │ 14:22:09  sell        100  ORCL                    market day                        calculated   0 / 100                   PAPER   …4821│
    │ 14:29:09  sell        100  MSFT                    market day                        filled       100 @ 411.22              PAPER   …4821│
    │ 14:19:09  buy         100  AMD                     limit 101.00 day                  cancelled    0 / 100                   PAPER   …4821│
    │ 14:18:09  buy         100  INTC                    limit 19.00 day                   expired      0 / 100                   PAPER   …4821│
    │ 14:17:09  buy         100  QQQ                     limit 498.00 day                  replaced     0 / 100                   PAPER   …4821│
    │ 14:16:09  buy         100  BRK.B                   limit 455.02 day                  rejected     insufficient buying pow…  PAPER   …4821│
    │ every order here is PAPER                                                                                                                │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    "#);
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r#"
    ╭─ 4 Orders ──────────────────────────────── working 7 · filled 1 · unknown 1 ─╮
    │ Time     Side    Qty Symbol  Type         State      Filled       Mode   Acct│
    │▌14:20:09 buy     100 TSLA    market day   UNKNOWN    looking up   PAPER …4821│
    │ 14:31:09 buy     100 AAPL    limit 189.90 working    0 / 100      PAPER …4821│
    │ 14:27:09 buy     100 SPY…0 C limit 2.65   partial    50 / 100     PAPER …4821│
    │ 14:26:09 buy     100 NVDA    market day   sending    0 / 100      PAPER …4821│
    │ 14:25:09 sell    100 NFLX    stop limit … accepted   0 / 100      PAPER …4821│
    │ 14:24:09 sell    100 COST    market day   cancelling 0 / 100      PAPER …4821│
    │ 14:23:09 sell    100 IBM     market day   replacing  0 / 100      PAPER …4821│
    │ 14:22:09 sell    100 ORCL    market day   calculated 0 / 100      PAPER …4821│
    │ 14:29:09 sell    100 MSFT    market day   filled     100 @ 411.22 PAPER …4821│
    │ 14:19:09 buy     100 AMD     limit 101.00 cancelled  0 / 100      PAPER …4821│
    │ 14:18:09 buy     100 INTC    limit 19.00  expired    0 / 100      PAPER …4821│
    │ 14:17:09 buy     100 QQQ     limit 498.00 replaced   0 / 100      PAPER …4821│
    │ 14:16:09 buy     100 BRK.B   limit 455.02 rejected   insufficien… PAPER …4821│
    │ every order here is PAPER                                                    │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    "#);
}

#[test]
fn what_wants_attention_stands_first_and_loud() {
    let stage = Stage::with_depth(Depth::True);
    let pane = Orders::default();
    let shown = pane.shown(&stage.context());
    let ids: Vec<&str> = shown.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(
        ids[..4],
        ["o08", "o01", "o02", "o03"],
        "unknown, then working by time"
    );
    assert_eq!(ids[8..10], ["o09", "o10"], "then what is done");
    let line = stage.line(&pane, SMALL, "UNKNOWN");
    assert!(line.contains("looking up"), "{line}");
    assert!(
        stage
            .line(&pane, WIDE, "UNKNOWN")
            .contains("looking up, 34 m")
    );
    let style = stage.style_of(&pane, WIDE, "UNKNOWN");
    assert_eq!(style.fg, stage.theme.style(Role::Wrong).fg);
    assert!(style.add_modifier.contains(Modifier::BOLD));
}

#[test]
fn what_became_of_an_order_is_whole_or_left_out() {
    let stage = Stage::new();
    let pane = Orders::default();
    let cases = [
        ("AAPL", "limit 189.90 day", "0 / 100"),
        ("SPY", "limit 2.65 day", "50 / 100 @ 2.64"),
        ("MSFT", "market day", "100 @ 411.22"),
        ("NFLX", "stop 1,234.50 limit 1,230.00 day", "0 / 100"),
        ("BRK.B", "limit 455.02 day", "insufficient buying pow"),
    ];
    for (symbol, kind, filled) in cases {
        let line = stage.line(&pane, WIDE, symbol);
        assert!(line.contains(kind) && line.contains(filled), "{line}");
    }
    let narrow = stage.line(&pane, SMALL, "NFLX");
    assert!(narrow.contains("stop limit …"), "{narrow}");
    stage.never_cuts_a_number(&pane);
}

#[test]
fn every_kind_is_written_as_the_trade_writes_it() {
    let price = |text: &str| text.parse().unwrap();
    let trail = |trail| OrderKind::TrailingStop { trail };
    let cases = [
        (OrderKind::Market, "market"),
        (OrderKind::Stop { stop: price("124") }, "stop 124.00"),
        (trail(TrailBy::Price(price("1.5"))), "trail 1.50"),
        (
            trail(TrailBy::Percent("2.50".parse().unwrap())),
            "trail 2.5%",
        ),
        (
            OrderKind::Limit {
                limit: price("0.00001234"),
            },
            "limit 0.00001234",
        ),
    ];
    for (kind, words) in cases {
        assert_eq!(cells::order_kind(&kind), words);
    }
}

#[test]
fn the_mode_is_in_words_at_every_size() {
    let mut stage = Stage::new();
    let pane = Orders::default();
    for width in (30..=250).step_by(5) {
        for height in 3..=20 {
            let shown = stage.shown(&pane, (width, height));
            assert!(
                height == 3 || shown.contains("PAPER"),
                "{width} x {height}\n{shown}"
            );
        }
    }
    let mut live = order("live", Side::Buy, "VTI", OrderKind::Market);
    (live.draft.mode, live.draft.account) = (Mode::Live, account(REAL));
    stage.replica.orders.insert(live.id.clone(), live);
    assert!(
        stage
            .shown(&pane, WIDE)
            .contains("1 of 14 orders here are LIVE")
    );
    for width in (30..=250).step_by(5) {
        let line = stage.line(&pane, (width, 20), "VTI");
        assert!(line.contains("LIVE"), "{line}");
    }
    stage.replica.orders.retain(|id, _| id.as_str() == "live");
    assert!(
        stage
            .shown(&pane, WIDE)
            .contains("every order here is LIVE")
    );
}

#[test]
fn views_follow_one_another_and_counts_stay() {
    let stage = Stage::new();
    let mut pane = Orders::default();
    let cases = [
        ("w", 8, "working only · working 7 · filled 1 · unknown 1"),
        ("w", 1, "filled only · "),
        ("w", 2, "rejected and unknown only · "),
        ("w", 13, "─ working 7 · filled 1 · unknown 1"),
    ];
    for (keys, count, title) in cases {
        stage.press(&mut pane, keys);
        assert_eq!(pane.shown(&stage.context()).len(), count, "{title}");
        assert!(stage.shown(&pane, WIDE).contains(title), "{title}");
    }
    pane.filter_mut().unwrap().set("sell");
    assert_eq!(pane.shown(&stage.context()).len(), 5);
    pane.filter_mut().unwrap().set("nothing");
    assert!(stage.shown(&pane, WIDE).contains("no order matches"));
}

#[test]
fn keys_ask_before_they_cancel_and_say_what_cannot_be_done() {
    let stage = Stage::new();
    let mut pane = Orders::default();
    let told = stage.press(&mut pane, "j<del>").unwrap();
    let wanted = [
        "Confirm",
        "buy AAPL limit 189.90 day, 0 filled",
        "PAPER · …4821",
        r#"CancelOrder { id: ClientOrderId("o01") }"#,
    ];
    for text in wanted {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(
        stage
            .press(&mut pane, "e")
            .unwrap()
            .contains(r#"Change(ClientOrderId("o01"))"#)
    );
    assert!(
        stage
            .press(&mut pane, "<enter>")
            .unwrap()
            .contains("Order(ClientOrderId")
    );
    assert_eq!(stage.press(&mut pane, "y").unwrap(), "copy venue-o01");
    pane.filter_mut().unwrap().set("msft");
    for key in ["<del>", "e"] {
        let told = stage.press(&mut pane, key).unwrap();
        assert_eq!(told, "Info: the order is filled already", "{key}");
    }
    let selection = pane.selection(&stage.context());
    assert_eq!(selection.order, Some(ClientOrderId::new("o09")));
    assert_eq!(Stage::empty().press(&mut pane, "<del>"), None);
}

#[test]
fn an_amount_is_in_its_accounts_currency_and_hidden_with_the_rest() {
    let mut stage = Stage::new();
    let pane = Orders::default();
    let mut notional = order("n", Side::Buy, "ASML", OrderKind::Market);
    notional.draft.size = OrderSize::Notional("250".parse().unwrap());
    notional.draft.time_in_force = TimeInForce::GoodTilCancelled;
    stage
        .replica
        .orders
        .insert(notional.id.clone(), notional.clone());
    assert!(stage.line(&pane, WIDE, "ASML").contains("$250.00"));
    notional.draft.account = account(EURO);
    stage.replica.orders.insert(notional.id.clone(), notional);
    let line = stage.line(&pane, WIDE, "ASML");
    assert!(line.contains("250.00 EUR") || line.contains('…'), "{line}");
    stage.hidden = true;
    let shown = stage.shown(&pane, WIDE);
    assert!(
        !shown.contains("100 @") && !shown.contains("/ 100"),
        "{shown}"
    );
    assert!(shown.contains("looking up") && shown.contains("UNKNOWN"));
}

#[test]
fn what_is_not_kept_is_counted() {
    let mut stage = Stage::new();
    stage.replica.orders_dropped = 1_204;
    let shown = stage.shown(&Orders::default(), WIDE);
    assert!(
        shown.contains("1,204 older orders are not kept here"),
        "{shown}"
    );
    assert!(
        Stage::empty()
            .shown(&Orders::default(), SMALL)
            .contains("no orders; b buys")
    );
}
