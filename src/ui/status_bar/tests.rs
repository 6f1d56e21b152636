//! The bar at its widths, and what it must never leave out.

use super::*;
use crate::ui::panes::testing::{PAPER, Stage, account, at, lines};
use crate::ui::theme::Depth;
use jiff::tz::{TimeZone, offset};

fn clock(is_open: bool, next_open: &str, next_close: &str) -> MarketClock {
    MarketClock {
        market: "NYSE".into(),
        is_open,
        next_open: at(next_open),
        next_close: at(next_close),
    }
}

/// The small world at half past two in New York.
fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.zone = TimeZone::fixed(offset(-5));
    stage.now = at("2026-11-23T19:32:07Z");
    let clock = clock(true, "2026-11-24T14:30:00Z", "2026-11-23T21:00:00Z");
    stage.replica.clocks.insert("NYSE".into(), clock);
    stage
}

fn drawn(stage: &Stage, width: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
    let area = buffer.area;
    draw(&stage.context(), area, &mut buffer);
    buffer
}

fn shown(stage: &Stage, width: u16) -> String {
    lines(&drawn(stage, width)).join("\n")
}

#[test]
fn the_bar_at_every_width() {
    let stage = stage();
    let widths = [200, 160, 140, 110, 80, 60, 40, 20];
    let bars: Vec<String> = widths.iter().map(|width| shown(&stage, *width)).collect();
    insta::assert_snapshot!(bars.join("\n"), @r"
    PAPER   net 1,175,861.90 USD  with paper, + EUR  ▼ -261.85 -0.03%  cash 80,000.00  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off                                                   NYSE closes in 1h27m  14:32:07
    PAPER   net 1,175,861.90 USD  with paper, + EUR  ▼ -261.85 -0.03%  cash 80,000.00  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off           NYSE closes in 1h27m  14:32:07
    PAPER   net 1,175,861.90 USD  with paper, + EUR  ▼ -261.85 -0.03%  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off       NYSE closes in 1h27m  14:32:07
    PAPER   net 1,175,861.90 USD  with paper, + EUR  ▼ -0.03%  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off       14:32:07
    PAPER   net 1,175,861.90 USD  ▼ -0.03%  ● 3  ◐ 1  ○ 1  ○ 1            14:32:07
    PAPER   1,175,861.90 USD  ● 3  ◐ 1  ○ 1  ○ 1      14:32:07
    PAPER   ● 3  ◐ 1  ○ 1  ○ 1    14:32:07
    PAPER      14:32:07
    ");
}

#[test]
fn a_viewer_is_named_in_words_at_every_width_and_old_money_says_so() {
    let mut stage = stage();
    stage.replica.vault = Some(crate::link::VaultStatus::Open {
        failures: 0,
        role: crate::link::VaultRole::Viewer,
    });
    for status in stage.replica.connections.values_mut() {
        status.state = ConnectionState::Sealed;
    }
    for width in 60..=200 {
        let bar = shown(&stage, width);
        assert!(bar.starts_with(" PAPER   VIEWER "), "{width}: {bar}");
        let has_net = bar.contains("1,175,861.90");
        assert_eq!(has_net, bar.contains(" USD old"), "{width}: {bar}");
    }
    assert_eq!(title(&stage.context()), "PAPER tradedeck viewer");
}

#[test]
fn the_mode_and_the_time_stay_at_every_width() {
    let mut stage = stage();
    stage.killed = true;
    stage.replica.demo = true;
    for (mode, word) in [(Mode::Paper, " PAPER "), (Mode::Live, " LIVE ")] {
        stage.mode = mode;
        for width in 20..=250 {
            let shown = shown(&stage, width);
            assert!(shown.starts_with(word), "{width}: {shown}");
            assert!(shown.ends_with("14:32:07"), "{width}: {shown}");
        }
        for width in 7..20 {
            assert!(shown(&stage, width).starts_with(word.trim_end()), "{width}");
        }
    }
    for width in 0..7 {
        drawn(&stage, width);
    }
}

#[test]
fn no_amount_is_ever_cut() {
    let stage = stage();
    for width in 20..=250 {
        let shown = shown(&stage, width);
        for word in shown.split(' ').filter(|it| it.contains(['.', ',', '%'])) {
            let whole = ["1,175,861.90", "-261.85", "-0.03%", "80,000.00", "paper,"];
            assert!(whole.contains(&word), "{word} at {width}: {shown}");
        }
    }
}

#[test]
fn a_kill_switch_and_a_demo_outlast_every_amount() {
    let mut stage = stage();
    stage.killed = true;
    stage.replica.demo = true;
    assert_eq!(
        shown(&stage, 140),
        " PAPER    KILL   DEMO  net 1,175,861.90 USD  with paper, + EUR  ▼ -261.85 -0.03%  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off               14:32:07"
    );
    assert_eq!(shown(&stage, 31), " PAPER    KILL   DEMO  14:32:07");
    assert_eq!(title(&stage.context()), "PAPER tradedeck demo, kill switch");
}

#[test]
fn the_title_begins_with_the_mode_and_has_no_amount() {
    let mut stage = stage();
    assert_eq!(title(&stage.context()), "PAPER tradedeck");
    stage.mode = Mode::Live;
    assert_eq!(title(&stage.context()), "LIVE tradedeck");
}

#[test]
fn hidden_amounts_are_all_as_wide() {
    let mut stage = stage();
    stage.hidden = true;
    let before = shown(&stage, 160);
    assert_eq!(
        before,
        " PAPER   net ••••• USD  with paper, + EUR  ▼ ••••• -0.03%  cash •••••  ● 3  ◐ 1 old  ○ 1 sign in  ○ 1 off                        NYSE closes in 1h27m  14:32:07"
    );
    let balance = stage.replica.balances.get_mut(&account(PAPER)).unwrap();
    balance.cash = "7".parse().unwrap();
    assert_eq!(shown(&stage, 160), before);
}

#[test]
fn nothing_known_is_not_zero() {
    let mut stage = Stage::empty();
    assert_eq!(
        shown(&stage, 60),
        " PAPER   net —  ○ not connected                    14:32:07"
    );
    stage.replica = stage_with_unread().replica;
    assert!(shown(&stage, 200).contains("1,071,530.70 USD  + EUR, 1 unread"));
}

fn stage_with_unread() -> Stage {
    let mut stage = stage();
    stage.replica.balances.remove(&account(PAPER));
    stage
}

#[test]
fn the_market_says_what_comes_next_and_never_what_has_passed() {
    let cases = [
        (
            true,
            "2026-11-24T14:30:00Z",
            "2026-11-23T21:00:00Z",
            "NYSE closes in 1h27m",
        ),
        (
            false,
            "2026-11-23T20:00:00Z",
            "2026-11-23T21:00:00Z",
            "NYSE opens 15:00",
        ),
        (
            false,
            "2026-11-27T14:30:00Z",
            "2026-11-27T18:00:00Z",
            "NYSE opens Fri 09:30",
        ),
        (
            false,
            "2026-12-24T14:30:00Z",
            "2026-12-24T18:00:00Z",
            "NYSE opens 24 Dec 09:30",
        ),
        (
            true,
            "2026-11-24T14:30:00Z",
            "2026-11-23T19:00:00Z",
            "NYSE opens Tue 09:30",
        ),
        (
            false,
            "2026-11-23T14:30:00Z",
            "2026-11-23T21:00:00Z",
            "NYSE closes in 1h27m",
        ),
        (
            true,
            "2026-11-22T14:30:00Z",
            "2026-11-22T21:00:00Z",
            "NYSE hours unknown",
        ),
    ];
    for (is_open, opens, closes, expected) in cases {
        let mut stage = stage();
        let clock = clock(is_open, opens, closes);
        stage.replica.clocks.insert("NYSE".into(), clock);
        let shown = shown(&stage, 200);
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

#[test]
fn up_and_down_have_a_sign_and_an_arrow_without_colours() {
    let mut stage = stage();
    assert!(shown(&stage, 200).contains("▼ -261.85 -0.03%"));
    for balance in stage.replica.balances.values_mut() {
        balance.previous_equity = Some(balance.equity - rust_decimal::Decimal::ONE);
    }
    assert!(shown(&stage, 200).contains("▲ +4.00 0.00%"));
}

#[test]
fn paper_and_live_differ_in_more_than_colour() {
    for depth in [Depth::None, Depth::Sixteen, Depth::True] {
        let mut stage = Stage::with_depth(depth);
        let paper = drawn(&stage, 60)[(1, 0)].style();
        stage.mode = Mode::Live;
        let live = drawn(&stage, 60)[(1, 0)].style();
        assert_ne!(paper, live, "{depth:?}");
        assert!(shown(&stage, 60).starts_with(" LIVE "));
    }
}
