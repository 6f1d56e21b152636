//! Keys in, pictures out.

use super::*;
use crate::domain::{Currency, EquityPoint};
use crate::ui::panes::testing::{PAPER, REAL, SIGNED_OUT, Stage, account, at};
use crate::ui::theme::{Depth, Role};
use rust_decimal::Decimal;

const WIDE: (u16, u16) = (140, 24);
const SMALL: (u16, u16) = (80, 18);

#[test]
fn a_picture_at_two_widths() {
    let stage = Stage::new();
    let pane = Accounts::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r#"
    ╭─ 1 Accounts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── 5 ─╮
    │    Account                                            Value                  Day %    Age  Sign-in            Cash    Buying power       │
    │▌●  Alpaca          paper  margin      …4821      104,331.20  USD            ▲ 0.42   20 s                20,000.00       40,000.00       │
    │ ●  Alpaca          live   IRA         …7730      812,004.55  USD            ▼ 0.11   20 s                20,000.00            —          │
    │ ◐  Fidelity        live   401k        …0913      201,330.00  USD   retrying in 4 s    1 d                20,000.00            —          │
    │ ○  IBKR            live   indiv       …2210       58,196.15  USD           sign in    5 h                20,000.00            —          │
    │ ●  Saxo            live   depot       …0055        9,120.40  EUR            ▲ 0.12   20 s      6 d       20,000.00            —          │
    │ ○  Schwab          live   schwab                       —                       off      —                     —               —          │
    │    Total                                       1,175,861.90  USD            ▼ 0.03                       80,000.00                       │
    │ USD 77% live, 23% up to 1 d old                                                                                                          │
    │ 104,331.20 USD of it is paper                                                                                                            │
    │ day % without 1                                                                                                                          │
    │ Total 9,120.40 EUR                                                                                                                       │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    "#);
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r#"
    ╭─ 1 Accounts ───────────────────────────────────────────────────────────── 5 ─╮
    │   Account                                   Value         Day %   Age Sign-in│
    │▌● Alpaca       paper margin  …4821     104,331.20 USD    ▲ 0.42  20 s        │
    │ ● Alpaca       live  IRA     …7730     812,004.55 USD    ▼ 0.11  20 s        │
    │ ◐ Fidelity     live  401k    …0913     201,330.00 USD     retry   1 d        │
    │ ○ IBKR         live  indiv   …2210      58,196.15 USD   sign in   5 h        │
    │ ● Saxo         live  depot   …0055       9,120.40 EUR    ▲ 0.12  20 s     6 d│
    │ ○ Schwab       live  schwab                  —              off     —        │
    │   Total                              1,175,861.90 USD    ▼ 0.03              │
    │ USD 77% live, 23% up to 1 d old                                              │
    │ 104,331.20 USD of it is paper                                                │
    │ day % without 1 · Total 9,120.40 EUR                                         │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    "#);
}

#[test]
fn state_is_a_shape_a_word_and_a_colour() {
    let stage = Stage::with_depth(Depth::True);
    let pane = Accounts::default();
    let cases = [
        ("…4821", "●", "▲ 0.42"),
        ("…0913", "◐", "retrying in 4 s"),
        ("…2210", "○", "sign in"),
        ("Schwab", "○", "off"),
    ];
    for (row, mark, words) in cases {
        let line = stage.line(&pane, WIDE, row);
        assert!(line.contains(mark) && line.contains(words), "{line}");
    }
    let roles = [
        ("◐", Role::Warn),
        ("sign in", Role::Wrong),
        ("paper", Role::Paper),
    ];
    for (text, role) in roles {
        let style = stage.style_of(&pane, WIDE, text);
        assert!(stage.is_role(style, role), "{text}");
    }
    assert!(stage.line(&pane, SMALL, "…0913").contains("retry "));
}

#[test]
fn a_live_connection_with_an_old_balance_or_a_feed_down_is_half_a_mark() {
    let mut stage = Stage::new();
    let pane = Accounts::default();
    let id = account(PAPER);
    let feeds = &mut stage
        .replica
        .connections
        .get_mut(&id.connection)
        .unwrap()
        .feeds;
    feeds[0].live = false;
    feeds[0].problem = Some("login refused".into());
    let line = stage.line(&pane, WIDE, "…4821");
    assert!(line.contains("◐") && line.contains("▲ 0.42"), "{line}");
    assert!(
        stage
            .shown(&pane, WIDE)
            .contains("Alpaca quotes: login refused")
    );

    stage
        .replica
        .balances
        .get_mut(&account(REAL))
        .unwrap()
        .as_of = at("2026-11-23T14:20:00Z");
    let line = stage.line(&pane, WIDE, "…7730");
    assert!(line.contains("◐") && line.contains("12 m old"), "{line}");

    stage
        .replica
        .accounts
        .get_mut(&account(REAL))
        .unwrap()
        .restriction = Some("ACTION_REQUIRED".into());
    stage.press(&mut Accounts::default(), "j");
    let mut selected = Accounts::default();
    stage.press(&mut selected, "j");
    assert!(stage.line(&selected, WIDE, "…7730").contains("restricted"));
    assert!(
        stage
            .shown(&selected, WIDE)
            .contains("Alpaca: ACTION_REQUIRED")
    );
}

#[test]
fn totals_add_one_currency_and_say_what_in_them_is_old_or_paper() {
    let stage = Stage::new();
    let pane = Accounts::default();
    let total = stage.line(&pane, WIDE, "Total");
    assert!(total.contains("1,175,861.90  USD"), "{total}");
    assert!(
        total.contains("▼ 0.03"),
        "of the accounts that say: {total}"
    );
    let shown = stage.shown(&pane, WIDE);
    let said = [
        "Total 9,120.40 EUR",
        "USD 77% live, 23% up to 1 d old",
        "104,331.20 USD of it is paper",
        "day % without 1",
    ];
    for text in said {
        assert!(shown.contains(text), "{text}\n{shown}");
    }
}

#[test]
fn a_total_with_anything_old_in_it_is_never_all_live() {
    let mut stage = Stage::new();
    let old = stage
        .replica
        .balances
        .get_mut(&account(SIGNED_OUT))
        .unwrap();
    old.equity = Decimal::new(1, 2);
    let shown = stage.shown(&Accounts::default(), WIDE);
    assert!(!shown.contains("100% live"), "{shown}");
    let sums = totals::sums(&stage.context());
    assert_eq!(sums[0].currency, Currency::USD);
    stage.replica.balances.retain(|id, _| *id == account(PAPER));
    assert!(!stage.shown(&Accounts::default(), WIDE).contains("% live"));
    stage
        .replica
        .balances
        .get_mut(&account(PAPER))
        .unwrap()
        .equity = Decimal::MAX;
    stage.shown(&Accounts::default(), WIDE);
}

#[test]
fn zero_is_no_unknown_and_hidden_tells_nothing() {
    let mut stage = Stage::new();
    let pane = Accounts::default();
    let paper = stage.replica.balances.get_mut(&account(PAPER)).unwrap();
    paper.cash = Decimal::ZERO;
    let line = stage.line(&pane, WIDE, "…4821");
    assert!(line.contains(" 0.00 ") && !line.contains('—'), "{line}");
    let nothing = stage.line(&pane, WIDE, "Schwab");
    assert!(
        nothing.contains('—') && !nothing.contains("0.00"),
        "{nothing}"
    );

    stage.hidden = true;
    let shown = stage.shown(&pane, WIDE);
    for digits in ["104,331", "9,120", "1,175", "20,000"] {
        assert!(!shown.contains(digits), "{digits}\n{shown}");
    }
}

#[test]
fn a_sign_in_that_is_due_is_counted_down() {
    let mut stage = Stage::with_depth(Depth::True);
    let pane = Accounts::default();
    assert!(stage.line(&pane, WIDE, "Saxo").contains("6 d"));
    stage.now = at("2026-11-29T14:00:00Z");
    assert!(stage.line(&pane, WIDE, "Saxo").contains("4 h"));
    stage.now = at("2026-12-29T14:00:00Z");
    assert!(stage.line(&pane, WIDE, "Saxo").contains("now"));
}

#[test]
fn keys_ask_for_what_they_say() {
    let stage = Stage::new();
    let mut pane = Accounts::default();
    let of = |pane: &mut Accounts, keys: &str| stage.press(pane, keys).unwrap_or_default();
    assert!(of(&mut pane, "s").contains(r#"sync Some(ConnectionId("alpaca")) Some("#));
    assert!(of(&mut pane, "d").contains("Disconnect"));
    assert_eq!(of(&mut pane, "c"), "open Connect", "it is live already");
    assert_eq!(of(&mut pane, "y"), "copy PA3R4QS34821");
    let cases = [
        ("jj", "send Connect"),
        ("j", "open Connect"),
        ("jj", "send Connect"),
    ];
    for (keys, asked) in cases {
        let told = of(&mut pane, &format!("{keys}c"));
        assert!(told.starts_with(asked), "{keys}: {told}");
    }
    assert_eq!(of(&mut pane, "y"), "copy schwab");
    let selection = pane.selection(&stage.context());
    assert_eq!(selection.account, None);
    assert_eq!(selection.connection, Some(ConnectionId::new("schwab")));
    assert_eq!(of(&mut pane, "<enter>"), "", "a connection has no history");
}

#[test]
fn an_equity_history_is_asked_for_and_shown_while_its_account_is_selected() {
    let mut stage = Stage::new();
    let mut pane = Accounts::default();
    let asked = stage.press(&mut pane, "<enter>").unwrap();
    assert!(asked.starts_with("send LoadEquity"), "{asked}");
    assert!(stage.shown(&pane, WIDE).contains("…4821 equity: reading"));
    let point = |day: u8, equity: &str| EquityPoint {
        time: at(&format!("2026-11-{day:02}T21:00:00Z")),
        equity: equity.parse().unwrap(),
        profit: None,
    };
    let points = vec![point(18, "100000"), point(19, "99000"), point(20, "104000")];
    stage.replica.equity.insert(account(PAPER), points);
    let line = stage.line(&pane, WIDE, "equity");
    assert!(
        line.contains("…4821 equity ▂▁█ +4.00% since 18 Nov"),
        "{line}"
    );
    stage.press(&mut pane, "j");
    assert!(!stage.shown(&pane, WIDE).contains("…4821 equity"));
    stage.press(&mut pane, "k<enter>");
    assert!(!stage.shown(&pane, WIDE).contains("…4821 equity"));
}

#[test]
fn nothing_connected_says_what_to_do_and_numbers_are_never_cut() {
    let stage = Stage::empty();
    let mut pane = Accounts::default();
    assert!(
        stage
            .shown(&pane, SMALL)
            .contains("nothing is connected; c connects")
    );
    assert_eq!(stage.press(&mut pane, "c").unwrap(), "open Connect");
    Stage::new().never_cuts_a_number(&pane);
}

#[test]
fn a_click_selects() {
    let stage = Stage::new();
    let mut pane = Accounts::default();
    let area = Rect::new(0, 0, 80, 18);
    pane.click(&stage.context(), area, Position::new(10, 3));
    let selected = pane.selection(&stage.context()).account;
    assert_eq!(selected, Some(account(REAL)));
}
