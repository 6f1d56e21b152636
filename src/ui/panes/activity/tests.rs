//! Keys in, pictures out.

use super::*;
use crate::domain::ConnectionId;
use crate::link::{Level, Progress};
use crate::ui::panes::testing::{LOST, PAPER, Stage, account, at};
use crate::ui::theme::Depth;

const WIDE: (u16, u16) = (140, 12);
const SMALL: (u16, u16) = (80, 12);

fn entry(id: u64, time: &str, kind: EntryKind, text: &str) -> Entry {
    Entry {
        id,
        time: at(time),
        kind,
        level: Level::Info,
        connection: Some(ConnectionId::new("alpaca")),
        account: None,
        text: text.into(),
        detail: None,
        took_ms: None,
        progress: None,
    }
}

/// A sync under way, a fill, what went wrong, and something of yesterday.
fn busy(depth: Depth) -> Stage {
    let mut stage = Stage::with_depth(depth);
    let entries = [
        entry(1, "2026-11-22T20:59:58Z", EntryKind::System, "started"),
        Entry {
            took_ms: Some(2_149),
            ..entry(
                2,
                "2026-11-23T14:30:00Z",
                EntryKind::Sync,
                "1 account, 10 positions, 8 orders read (connected)",
            )
        },
        Entry {
            account: Some(account(PAPER)),
            ..entry(
                3,
                "2026-11-23T14:31:00Z",
                EntryKind::Fill,
                "buy 46 NVDA @ 151.04",
            )
        },
        Entry {
            level: Level::Warn,
            ..entry(
                4,
                "2026-11-23T14:31:30Z",
                EntryKind::Feed,
                "quotes: the other side hung up; again in 2 s",
            )
        },
        Entry {
            level: Level::Wrong,
            connection: Some(ConnectionId::new("fidelity")),
            account: Some(account(LOST)),
            detail: Some("no answer in 10 s".into()),
            ..entry(
                5,
                "2026-11-23T14:32:00Z",
                EntryKind::Sync,
                "could not read positions: no answer in 10 s",
            )
        },
        Entry {
            progress: Some(Progress {
                done: 130,
                total: Some(200),
            }),
            ..entry(6, "2026-11-23T14:32:06Z", EntryKind::Sync, "trades")
        },
    ];
    stage.replica.activity.extend(entries);
    stage
}

#[test]
fn a_picture_at_two_widths() {
    let mut stage = busy(Depth::None);
    let pane = Activity::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r"
    ╭─ 5 Activity ──────────────────────────────────────────────────────────────────────────────────────────────────────── all · newest first ─╮
    │ Time      Kind    Where               What                                                                                           Took│
    │▌14:32:06  sync    alpaca              trades ███████▊···· 130 of 200                                                                     │
    │ 14:32:00  sync    fidelity …0913      could not read positions: no answer in 10 s                                                        │
    │ 14:31:30  feed    alpaca              quotes: the other side hung up; again in 2 s                                                       │
    │ 14:31:00  fill    alpaca …4821        buy 46 NVDA @ 151.04                                                                               │
    │ 14:30:00  sync    alpaca              1 account, 10 positions, 8 orders read (connected)                                            2.1 s│
    │ 22 Nov    system  alpaca              started                                                                                            │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    ");
    stage.replica.activity_dropped = 1_204;
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r"
    ╭─ 5 Activity ────────────────────── all · newest first · 1,204 older dropped ─╮
    │ Time      Kind    Where         What                                     Took│
    │▌14:32:06  sync    alpaca        trades ███████▊···· 130 of 200               │
    │ 14:32:00  sync    fideli……0913  could not read positions: no answer …        │
    │ 14:31:30  feed    alpaca        quotes: the other side hung up; agai…        │
    │ 14:31:00  fill    alpaca …4821  buy 46 NVDA @ 151.04                         │
    │ 14:30:00  sync    alpaca        1 account, 10 positions, 8 orders re…   2.1 s│
    │ 22 Nov    system  alpaca        started                                      │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn nothing_and_nothing_of_that_kind() {
    let mut pane = Activity::default();
    insta::assert_snapshot!(Stage::empty().shown(&pane, (80, 5)), @r"
    ╭─ 5 Activity ──────────────────────────────────────────── all · newest first ─╮
    │ Time      Kind    Where         What                                     Took│
    │ nothing happened yet                                                         │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
    pane.filter_mut().unwrap().set("zzzz");
    insta::assert_snapshot!(busy(Depth::None).shown(&pane, (80, 5)), @r"
    ╭─ 5 Activity ──────────────────────────────────── /zzzz · all · newest first ─╮
    │ Time      Kind    Where         What                                     Took│
    │ nothing of that kind                                                         │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn the_worse_it_is_the_more_it_is_seen() {
    let stage = busy(Depth::True);
    let mut pane = Activity::default();
    stage.press(&mut pane, "G");
    let cases = [
        ("could not read", Role::Wrong),
        ("quotes: the other", Role::Warn),
        ("buy 46", Role::Text),
        ("2.1 s", Role::Muted),
    ];
    for (text, role) in cases {
        assert!(
            stage.is_role(stage.style_of(&pane, WIDE, text), role),
            "{text}"
        );
    }
}

#[test]
fn the_newest_is_followed_until_a_line_is_held() {
    let mut stage = busy(Depth::None);
    let mut pane = Activity::default();
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "open Entry(6)");
    stage.replica.activity.push_back(entry(
        7,
        "2026-11-23T14:32:07Z",
        EntryKind::Fill,
        "sell 1 F",
    ));
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "open Entry(7)");
    assert_eq!(
        stage.press(&mut pane, "jj<enter>").unwrap(),
        "open Entry(5)"
    );
    stage.replica.activity.push_back(entry(
        8,
        "2026-11-23T14:32:07Z",
        EntryKind::Fill,
        "sell 2 F",
    ));
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "open Entry(5)");
    let selected = pane.selection(&stage.context()).connection;
    assert_eq!(selected, Some(ConnectionId::new("fidelity")));
    pane.click(
        &stage.context(),
        Rect::new(0, 0, 80, 12),
        Position::new(5, 3),
    );
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "open Entry(7)");
}

#[test]
fn kinds_follow_one_another_and_a_filter_reads_text_place_and_kind() {
    let stage = busy(Depth::None);
    let mut pane = Activity::default();
    let mut seen = Vec::new();
    for _ in EntryKind::ALL {
        stage.press(&mut pane, "w");
        seen.push(pane.kind.unwrap());
        let shown = pane.shown(&stage.context());
        assert!(shown.iter().all(|entry| Some(entry.kind) == pane.kind));
    }
    assert_eq!(seen, EntryKind::ALL);
    stage.press(&mut pane, "w");
    assert_eq!(pane.kind, None);
    for (filter, ids) in [
        ("fidel", &[5][..]),
        ("fill", &[3]),
        ("hung up", &[4]),
        ("!sync", &[4, 3, 1]),
    ] {
        pane.filter_mut().unwrap().set(filter);
        let shown: Vec<u64> = pane.keys(&stage.context());
        assert_eq!(shown, ids, "{filter}");
    }
}
