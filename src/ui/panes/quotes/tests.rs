//! Keys in, pictures out.

use super::*;
use crate::domain::Bar;
use crate::ui::panes::asks;
use crate::ui::panes::testing::{Stage, at, quote, told};
use crate::ui::theme::Depth;

const WIDE: (u16, u16) = (140, 16);
const SMALL: (u16, u16) = (80, 16);

#[test]
fn a_picture_at_two_widths() {
    let stage = Stage::new();
    let pane = Quotes::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r#"
    ╭─ 3 Quotes ────────────────────────────────────────────────────────────────────── core 1/2 · IEX, SIP 15m delayed, random walk simulated ─╮
    │ Symbol                                Last                  Bid × Ask      Day %            Volume      Age                              │
    │▌AAPL                            189.95                189.94 × 189.96     ▲ 1.24        41,234,567      now                              │
    │ TSLA                            244.10                244.08 × 244.13     ▼ 1.10        41,234,567      now                              │
    │ BTC/USD                      67,114.50 15m      67,110.00 × 67,119.00     ▼ 1.87        41,234,567      now                              │
    │ GME                              23.10                     stale 40 s     ▼ 1.70        41,234,567     40 s                              │
    │ MSFT                            411.22                    halted LULD     ▲ 0.61        41,234,567      now                              │
    │ EUR/USD                        1.08412 sim            1.0841 × 1.0842     ▼ 0.04        41,234,567      now                              │
    │ ZZZZ                              —                    no feed has it          —                 —        —                              │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │ AAPL: no history yet                                                                                                                     │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    "#);
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r#"
    ╭─ 3 Quotes ────────── core 1/2 · IEX, SIP 15m delayed, random walk simulated ─╮
    │ Symbol                  Last            Bid × Ask    Day %      Volume    Age│
    │▌AAPL              189.95          189.94 × 189.96   ▲ 1.24  41,234,567    now│
    │ TSLA              244.10          244.08 × 244.13   ▼ 1.10  41,234,567    now│
    │ BTC/USD        67,114.50 15m      67,110 × 67,119   ▼ 1.87  41,234,567    now│
    │ GME                23.10               stale 40 s   ▼ 1.70  41,234,567   40 s│
    │ MSFT              411.22              halted LULD   ▲ 0.61  41,234,567    now│
    │ EUR/USD          1.08412 sim      1.0841 × 1.0842   ▼ 0.04  41,234,567    now│
    │ ZZZZ                —              no feed has it        —           —      —│
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │ AAPL: no history yet                                                         │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    "#);
}

#[test]
fn what_is_stale_halted_or_silent_says_so_in_words() {
    let stage = Stage::with_depth(Depth::True);
    let pane = Quotes::default();
    let cases = [
        ("AAPL ", "189.94 × 189.96", Role::Muted),
        ("GME", "stale 40 s", Role::Warn),
        ("MSFT", "halted LULD", Role::Warn),
        ("ZZZZ", "no feed has it", Role::Warn),
    ];
    for (symbol, words, role) in cases {
        let line = stage.line(&pane, SMALL, symbol);
        assert!(line.contains(words), "{line}");
        assert!(
            stage.is_role(stage.style_of(&pane, SMALL, words), role),
            "{words}"
        );
    }
    let stale = stage.line(&pane, SMALL, "GME");
    assert!(!stale.contains('×'), "{stale}");
    for text in ["GME", "23.10", "▼ 1.70"] {
        assert!(
            stage.is_role(stage.style_of(&pane, SMALL, text), Role::Muted),
            "{text}"
        );
    }
    let unknown = stage.line(&pane, SMALL, "ZZZZ");
    assert!(
        unknown.contains('—') && !unknown.contains("0.00"),
        "{unknown}"
    );
}

#[test]
fn what_is_stale_says_so_at_every_width() {
    let stage = Stage::new();
    let pane = Quotes::default();
    for width in 30..=250 {
        assert!(
            stage.line(&pane, (width, 12), "GME").contains("40 s"),
            "{width}"
        );
    }
}

#[test]
fn a_price_has_the_colour_of_its_last_step_on_its_text_alone() {
    let mut stage = Stage::with_depth(Depth::True);
    stage.focused = false;
    let pane = Quotes::default();
    for (text, role) in [
        ("189.95", Role::Up),
        ("244.10", Role::Down),
        ("411.22", Role::Warn),
    ] {
        let style = stage.style_of(&pane, SMALL, text);
        assert!(stage.is_role(style, role), "{text}");
        assert_eq!(style.bg, Some(ratatui::style::Color::Reset), "{text}");
    }
}

#[test]
fn simulated_and_delayed_are_said_beside_the_number_and_in_the_title() {
    let mut stage = Stage::new();
    let pane = Quotes::default();
    for width in [30, 48, 80, 140] {
        let line = |symbol| stage.line(&pane, (width, 12), symbol);
        assert!(line("67,114").contains("67,114.50 15m"), "{width}");
        assert!(line("1.08412").contains("1.08412 sim"), "{width}");
    }
    let shown = stage.shown(&pane, WIDE);
    let title = "core 1/2 · IEX, SIP 15m delayed, random walk simulated ";
    assert!(shown.contains(title), "{shown}");
    stage
        .replica
        .quotes
        .retain(|_, line| line.source.as_str() == "IEX");
    assert!(stage.shown(&pane, WIDE).contains("core 1/2 · IEX ─"));
}

#[test]
fn a_column_that_is_too_narrow_for_a_coin_leaves_its_spread_out_whole() {
    let mut stage = Stage::new();
    let pane = Quotes::default();
    let coin = quote(
        "BTC/USD",
        [
            "122011.09751111286868",
            "122011.0123",
            "122012.9987",
            "120000",
        ],
        stage.now,
    );
    stage.replica.quotes.insert(coin.symbol.clone(), coin);
    assert!(
        stage
            .line(&pane, WIDE, "BTC/USD")
            .contains("122,011.01 × 122,013.00")
    );
    let narrow = stage.line(&pane, (60, 12), "BTC/USD");
    assert!(
        narrow.contains("122,011.10") && !narrow.contains('×'),
        "{narrow}"
    );
    stage.never_cuts_a_number(&pane);
}

#[test]
fn lists_follow_one_another_and_are_asked_for() {
    let mut stage = Stage::new();
    let mut pane = Quotes::default();
    assert_eq!(pane.symbols(&stage.context()).len(), 7);
    stage.press(&mut pane, "w");
    assert_eq!(
        pane.symbols(&stage.context()),
        ["VTI", "JPM"].map(Symbol::new)
    );
    assert!(stage.shown(&pane, WIDE).contains("funds 2/2"));
    stage.config.watchlists.pop();
    assert!(
        stage.shown(&pane, WIDE).contains("core · IEX"),
        "a list that is gone"
    );
    stage.config.watchlists.clear();
    assert!(stage.shown(&pane, WIDE).contains("no symbols; a adds one"));
    assert_eq!(stage.press(&mut pane, "w<del>"), None);
}

#[test]
fn symbols_are_read_again_when_the_list_changed() {
    let mut stage = Stage::new();
    let mut pane = Quotes::default();
    pane.wants(&stage.context());
    assert!(matches!(pane.all(&stage.context()), Cow::Borrowed(all) if all.len() == 7));
    stage.config.watchlists[0].symbols[1] = " nflx ".into();
    assert_eq!(pane.all(&stage.context())[1], Symbol::new("NFLX"));
    pane.wants(&stage.context());
    assert!(matches!(pane.all(&stage.context()), Cow::Borrowed(_)));
}

#[test]
fn keys_act_on_the_selected_symbol() {
    let stage = Stage::new();
    let mut pane = Quotes::default();
    assert_eq!(
        stage.press(&mut pane, "jj<del>").unwrap(),
        "unwatch BTC/USD"
    );
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "run detail");
    let selected = pane.selection(&stage.context()).symbol;
    assert_eq!(selected, Some(Symbol::new("BTC/USD")));
    pane.filter_mut().unwrap().set("tsl");
    let selected = pane.selection(&stage.context()).symbol;
    assert_eq!(selected, Some(Symbol::new("TSLA")));
    assert_eq!(
        pane.symbols(&stage.context()).len(),
        7,
        "a filter stops no data"
    );
}

#[test]
fn the_history_is_asked_for_once_the_selection_rests_and_says_since_when() {
    let mut stage = Stage::new();
    let mut pane = Quotes::default();
    let asked = |stage: &Stage, pane: &mut Quotes| pane.wants(&stage.context()).as_ref().map(told);
    assert_eq!(asked(&stage, &mut pane), None);
    assert_eq!(pane.wants_at(), Some(stage.now.plus(asks::REST)));
    stage.now = stage.now.plus(asks::REST);
    let request = asked(&stage, &mut pane).unwrap();
    assert!(
        request.contains("LoadBars") && request.contains("FiveMinutes"),
        "{request}"
    );
    assert_eq!(asked(&stage, &mut pane), None);
    assert!(stage.shown(&pane, SMALL).contains("AAPL: no history yet"));

    let bar = |minute: u8, open: &str, close: &str| Bar {
        symbol: Symbol::new("AAPL"),
        start: at(&format!("2026-11-23T14:{minute:02}:00Z")),
        open: open.parse().unwrap(),
        high: "200".parse().unwrap(),
        low: "100".parse().unwrap(),
        close: close.parse().unwrap(),
        volume: "1".parse().unwrap(),
    };
    let bars = vec![
        bar(0, "100", "101"),
        bar(5, "101", "103"),
        bar(10, "103", "102"),
    ];
    let key = (Symbol::new("AAPL"), Timeframe::FiveMinutes);
    stage.replica.bars.insert(key.clone(), bars);
    let line = stage.line(&pane, SMALL, "since");
    assert!(line.contains("AAPL since 14:00  ▁█▅"), "{line}");
    assert!(line.ends_with("▲ 2.00│"), "{line}");
    stage.replica.bars.insert(key, Vec::new());
    assert!(stage.shown(&pane, SMALL).contains("AAPL: nothing traded"));
    assert!(
        !stage.shown(&pane, (80, 7)).contains("AAPL: "),
        "rows come first"
    );
}
