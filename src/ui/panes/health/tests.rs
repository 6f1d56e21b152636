//! Keys in, pictures out.

use super::*;
use crate::domain::{Symbol, Timestamp};
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth};
use crate::ui::panes::testing::Stage;
use crate::ui::theme::{Depth, Role};
use std::time::Duration;

const WIDE: (u16, u16) = (140, 22);
const SMALL: (u16, u16) = (80, 22);

fn status<'a>(stage: &'a mut Stage, id: &str) -> &'a mut ConnectionStatus {
    let connections = &mut stage.replica.connections;
    connections.get_mut(&ConnectionId::new(id)).unwrap()
}

fn in_seconds(stage: &Stage, seconds: u64) -> Option<Timestamp> {
    Some(stage.now.plus(Duration::from_secs(seconds)))
}

/// Connections in every state, and streams that are up, down and carry a part.
fn troubled(depth: Depth) -> Stage {
    let mut stage = Stage::with_depth(depth);
    let (soon, later) = (in_seconds(&stage, 38), in_seconds(&stage, 240));
    let now = stage.now;
    let alpaca = status(&mut stage, "alpaca");
    alpaca.requests_left = Some((130, 200));
    alpaca.next_sync = soon;
    let quotes = &mut alpaca.feeds[0];
    quotes.reconnects = 3;
    quotes.garbled = 2;
    quotes.not_live.push(Symbol::new("BRK.B"));
    alpaca.feeds.push(FeedHealth {
        name: "orders".into(),
        label: "".into(),
        live: false,
        heard: Some(now.minus(Duration::from_secs(75))),
        reconnects: 1,
        garbled: 0,
        messages: 12,
        not_live: vec![],
        problem: Some("the other side hung up".into()),
    });
    let live = status(&mut stage, "alpaca-live");
    live.requests_left = Some((12_000, 20_000));
    live.next_sync = later;
    live.clock_skew_ms = Some(-2_400);
    let saxo = status(&mut stage, "saxo");
    saxo.requests_left = Some((9, 120));
    saxo.refresh_failures = 2;
    saxo.errors = 3;
    saxo.calls = 1_204;
    status(&mut stage, "ibkr").latency_ms = None;
    status(&mut stage, "schwab").last_sync = None;
    stage
}

#[test]
fn a_picture_at_two_widths() {
    let stage = troubled(Depth::None);
    let pane = Health::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r"
    ╭─ 6 Health ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╮
    │    Connection            State                    Latency     Errors                 Rate left   Synced      Next    Refresh        Calls│
    │▌●  alpaca                live                       48 ms          0        █████▏·· 130 / 200      now   in 38 s          —           10│
    │      quotes IEX          live in part                              2                                now                             1,000│
    │      orders              down, 1 reconnect                         0                                1 m                                12│
    │ ●  alpaca-live           live, skewed               48 ms          0  ████▊··· 12,000 / 20,000      now    in 4 m          —           10│
    │ ◐  fidelity              again in 4 s               48 ms          0                         —      now         —          —           10│
    │ ○  ibkr                  sign in                        —          0                         —      now         —          —           10│
    │ ●  saxo                  live · sign in in 6 d      48 ms     3 0.2%          ▌······· 9 / 120      now         —   2 failed        1,204│
    │ ○  schwab                off                        48 ms          0                         —        —         —          —           10│
    │ ibkr: session expired                                                                                                                    │
    │ alpaca-live: its clock is 2.4 s behind ours                                                                                              │
    │ fidelity: no answer in 10 s                                                                                                              │
    │ alpaca quotes: not live ZZZZ, BRK.B · alpaca orders: the other side hung up                                                              │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    ");
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r"
    ╭─ 6 Health ───────────────────────────────────────────────────────────────────╮
    │   Connection    State        Latency Errors  Rate left Synced    Next Refresh│
    │▌● alpaca        live           48 ms      0  130 / 200    now in 38 s       —│
    │     quotes IEX  live in part              2               now                │
    │     orders      down                      0               1 m                │
    │ ● alpaca-live   live, skewed   48 ms      0     12,000    now  in 4 m       —│
    │ ◐ fidelity      again in 4 s   48 ms      0          —    now       —       —│
    │ ○ ibkr          sign in            —      0          —    now       —       —│
    │ ● saxo          live           48 ms 3 0.2%    9 / 120    now       —       2│
    │ ○ schwab        off            48 ms      0          —      —       —       —│
    │ ibkr: session expired                                                        │
    │ alpaca-live: its clock is 2.4 s behind ours                                  │
    │ fidelity: no answer in 10 s                                                  │
    │ alpaca quotes: not live ZZZZ, BRK.B · 1 more                                 │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn a_picture_beside_other_panes() {
    let stage = troubled(Depth::None);
    let pane = Health::default();
    insta::assert_snapshot!(stage.shown(&pane, (58, 20)), @r"
    ╭─ 6 Health ─────────────────────────────────────────────╮
    │   Connection    State         Latency Errors  Rate left│
    │▌● alpaca        live            48 ms      0  130 / 200│
    │     quotes IEX  live in part               2           │
    │     orders      down                       0           │
    │ ● alpaca-live   live, skewed    48 ms      0     12,000│
    │ ◐ fidelity      again in 4 s    48 ms      0          —│
    │ ○ ibkr          sign in             —      0          —│
    │ ● saxo          live            48 ms 3 0.2%    9 / 120│
    │ ○ schwab        off             48 ms      0          —│
    │ ibkr: session expired                                  │
    │ alpaca-live: its clock is 2.4 s behind ours            │
    │ fidelity: no answer in 10 s · 2 more                   │
    │                                                        │
    │                                                        │
    │                                                        │
    │                                                        │
    │                                                        │
    │                                                        │
    ╰────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn nothing_connected_and_everything_well() {
    let pane = Health::default();
    insta::assert_snapshot!(Stage::empty().shown(&pane, (80, 5)), @r"
    ╭─ 6 Health ───────────────────────────────────────────────────────────────────╮
    │   Connection    State        Latency Errors  Rate left Synced    Next Refresh│
    │ nothing is connected; c connects                                             │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
    let mut stage = Stage::new();
    let soon = in_seconds(&stage, 49);
    stage
        .replica
        .connections
        .retain(|id, _| id.as_str() == "alpaca");
    stage.replica.overtaken = 1_234;
    let alpaca = status(&mut stage, "alpaca");
    alpaca.feeds[0].not_live.clear();
    alpaca.requests_left = Some((200, 200));
    alpaca.next_sync = soon;
    insta::assert_snapshot!(stage.shown(&pane, (80, 7)), @r"
    ╭─ 6 Health ────────────────────────────────────────── 1,234 quotes overtaken ─╮
    │   Connection    State        Latency Errors  Rate left Synced    Next Refresh│
    │▌● alpaca        live           48 ms      0  200 / 200    now in 49 s       —│
    │     quotes IEX  live                      0               now                │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn what_is_wrong_has_its_colour() {
    let stage = troubled(Depth::True);
    let pane = Health::default();
    let cases = [
        ("130 / 200", Role::Muted),
        ("9 / 120", Role::Warn),
        ("2 failed", Role::Warn),
        ("again in 4 s", Role::Warn),
        ("sign in", Role::Wrong),
        ("live, skewed", Role::Warn),
        ("3 0.2%", Role::Warn),
        ("down, 1 reconnect", Role::Warn),
        ("in 38 s", Role::Muted),
        ("ibkr: session expired", Role::Wrong),
        ("alpaca quotes: not live ZZZZ, BRK.B", Role::Warn),
    ];
    for (text, role) in cases {
        let style = stage.style_of(&pane, (140, 60), text);
        assert!(stage.is_role(style, role), "{text}");
    }
}

#[test]
fn symbols_that_are_not_live_are_named_as_far_as_they_fit() {
    let mut stage = Stage::new();
    let pane = Health::default();
    let symbols = (0..40).map(|number| Symbol::new(&format!("SYM{number}")));
    status(&mut stage, "alpaca").feeds[0].not_live = symbols.collect();
    let line = |width| stage.line(&pane, (width, 60), "not live");
    assert_eq!(
        line(60).trim_matches(['│', ' ']),
        "alpaca quotes: not live SYM0, SYM1, SYM2 and 37 more"
    );
    assert!(line(250).contains("SYM9, SYM10"), "{}", line(250));
    assert!(line(40).contains("not live 40 symbols"), "{}", line(40));
}

#[test]
fn no_number_is_cut_at_any_size() {
    troubled(Depth::None).never_cuts_a_number(&Health::default());
}

#[test]
fn keys_act_on_the_connection_of_the_row() {
    let stage = troubled(Depth::None);
    let mut pane = Health::default();
    let asked = stage.press(&mut pane, "jc").unwrap();
    assert!(
        asked.contains("Connect") && asked.contains("alpaca"),
        "{asked}"
    );
    let selected = |pane: &Health| pane.selection(&stage.context()).connection;
    assert_eq!(selected(&pane), Some(ConnectionId::new("alpaca")));
    stage.press(&mut pane, "jj");
    assert_eq!(selected(&pane), Some(ConnectionId::new("alpaca-live")));
    let at = Position::new(4, 2);
    pane.click(&stage.context(), Rect::new(0, 0, 80, 20), at);
    assert_eq!(selected(&pane), Some(ConnectionId::new("alpaca")));
    let nothing = Stage::empty();
    assert_eq!(nothing.press(&mut pane, "c").unwrap(), "open Connect");
    let state = &stage.replica.connections[&ConnectionId::new("schwab")].state;
    assert_eq!(*state, ConnectionState::Disconnected);
}

/// What the line of the first connection says of its sign-in, and how loudly.
#[test]
fn the_clock_of_a_sign_in_is_shown_and_warns_a_day_before_its_end() {
    let check = |session: Option<u64>, sign_in: Option<u64>, expected: &str, warns: bool| {
        let mut stage = Stage::with_depth(Depth::None);
        let at = |stage: &Stage, seconds: Option<u64>| seconds.and_then(|it| in_seconds(stage, it));
        let (session, sign_in) = (at(&stage, session), at(&stage, sign_in));
        let alpaca = status(&mut stage, "alpaca");
        (alpaca.session_until, alpaca.sign_in_due) = (session, sign_in);
        let shown = stage.shown(&Health::default(), WIDE);
        let line = shown.lines().find(|line| line.contains("alpaca ")).unwrap();
        assert!(line.contains(expected), "{line}");
        let alpaca = &stage.replica.connections[&ConnectionId::new("alpaca")];
        let clock = row::clock(stage.now, alpaca);
        assert_eq!(clock.is_some_and(|(_, warns)| warns), warns, "{line}");
    };
    const DAY: u64 = 86_400;
    check(None, None, "live  ", false);
    check(Some(720), None, "live · renews in 12 m", false);
    check(Some(720), Some(6 * DAY + 1), "live · renews in 12 m", false);
    check(None, Some(6 * DAY + 1), "live · sign in in 6 d", false);
    check(Some(720), Some(DAY - 1), "live · sign in in 23 h", true);
    check(Some(0), None, "live · session over", true);
}

#[test]
fn a_sign_in_is_begun_again_before_it_ends_where_it_is_by_browser() {
    let asked = |by_browser: bool, sign_in: u64| {
        let mut stage = Stage::with_depth(Depth::None);
        let due = in_seconds(&stage, sign_in);
        let alpaca = status(&mut stage, "alpaca");
        (alpaca.by_browser, alpaca.sign_in_due) = (by_browser, due);
        let connected = Health::default().update(&stage.context(), Command::Connect);
        matches!(connected, Some(Action::Open(Layer::SignIn(Some(_)))))
    };
    assert!(asked(true, 3_600));
    assert!(!asked(true, 2 * 86_400), "it is far away");
    assert!(!asked(false, 3_600), "there is no browser to go to");
}
