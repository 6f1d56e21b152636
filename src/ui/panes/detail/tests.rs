//! Keys in, pictures out.

use super::*;
use crate::domain::{AssetClass, Currency, Instrument, OrderKind, Side};
use crate::ui::panes::asks::REST;
use crate::ui::panes::testing::{Stage, at, order, quote, told};
use crate::ui::theme::Depth;
use std::time::Duration;

const WIDE: (u16, u16) = (140, 20);
const SMALL: (u16, u16) = (80, 20);
const NARROW: (u16, u16) = (40, 12);

/// The small world with a symbol selected.
fn on(symbol: &str, depth: Depth) -> Stage {
    let mut stage = Stage::with_depth(depth);
    stage.selection.symbol = Some(Symbol::new(symbol));
    stage
}

/// Bars of five minutes that rise, fall and rise; `digits` stand behind every price.
fn with_bars(stage: &mut Stage, symbol: &str, whole: u32, digits: &str) {
    let price = |steps: u32| format!("{}.{}{digits}", whole + steps / 10, steps % 10);
    let bar = |index: u32| {
        let middle = [4, 6, 9, 12, 11, 8, 7, 9, 13, 16][index as usize % 10];
        Bar {
            symbol: Symbol::new(symbol),
            start: at("2026-11-23T09:00:00Z").plus(Duration::from_secs(300 * u64::from(index))),
            open: price(middle).parse().unwrap(),
            high: price(middle + 4).parse().unwrap(),
            low: price(middle - 3).parse().unwrap(),
            close: price(middle + 2 - 4 * (index % 2) + 2 * (index % 2))
                .parse()
                .unwrap(),
            volume: "1".parse().unwrap(),
        }
    };
    let key = (Symbol::new(symbol), Timeframe::FiveMinutes);
    stage.replica.bars.insert(key, (0..60).map(bar).collect());
}

/// AAPL with everything there is to know.
fn whole() -> Stage {
    let mut stage = on("AAPL", Depth::None);
    with_bars(&mut stage, "AAPL", 188, "5");
    let instrument = Instrument {
        symbol: Symbol::new("AAPL"),
        name: "Apple Inc. Common Stock".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: "0.01".parse().unwrap(),
        lot: Decimal::ONE,
        tradable: true,
        fractionable: false,
        shortable: true,
    };
    let replica = &mut stage.replica;
    replica.instruments.insert(Symbol::new("AAPL"), instrument);
    let line = replica.quotes.get_mut(&Symbol::new("AAPL")).unwrap();
    line.bid_size = Some("300".parse().unwrap());
    line.ask_size = Some("1200".parse().unwrap());
    stage
}

#[test]
fn a_picture_at_two_widths() {
    let stage = whole();
    let pane = Detail::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r"
    ╭─ 7 Detail ───────────────────────────────────────────────────────────────────────────────────────────────────────────── IEX · 5 minutes ─╮
    │ AAPL  189.95  ▲ 1.24%  Apple Inc. Common Stock                                                                                           │
    │ 189.94 (300) × 189.96 (1,200)  volume 41,234,567  close 187.62                                                                           │
    │                             │                   │                   │                   │                   │                   │        │
    │                           ╷ │                 ╷ │                 ╷ │                 ╷ │                 ╷ │                 ╷ │ 189.83 │
    │                 │ ╷       ╽ ╿       │ ╷       ╽ ╿       │ ╷       ╽ ╿       │ ╷       ╽ ╿       │ ╷       ╽ ╿       │ ╷       ╽ ╿        │
    │               ╷ │ ╽     ╷ ┃ │     ╷ │ ╽     ╷ ┃ │     ╷ │ ╽     ╷ ┃ │     ╷ │ ╽     ╷ ┃ │     ╷ │ ╽     ╷ ┃ │     ╷ │ ╽     ╷ ┃ │ 189.39 │
    │             ╷ ╽ ╿ ┃ │ ╷ │ │     ╷ ╽ ╿ ┃ │ ╷ │ │     ╷ ╽ ╿ ┃ │ ╷ │ │     ╷ ╽ ╿ ┃ │ ╷ │ │     ╷ ╽ ╿ ┃ │ ╷ │ │     ╷ ╽ ╿ ┃ │ ╷ │ │          │
    │           ╷ │ ╿ ╵ │ ╽ ┃ ╿     ╷ │ ╿ ╵ │ ╽ ┃ ╿     ╷ │ ╿ ╵ │ ╽ ┃ ╿     ╷ │ ╿ ╵ │ ╽ ┃ ╿     ╷ │ ╿ ╵ │ ╽ ┃ ╿     ╷ │ ╿ ╵ │ ╽ ┃ ╿     188.95 │
    │           ╽ ╽ │     │ ╿ │     ╽ ╽ │     │ ╿ │     ╽ ╽ │     │ ╿ │     ╽ ╽ │     │ ╿ │     ╽ ╽ │     │ ╿ │     ╽ ╽ │     │ ╿ │            │
    │           ┃ │       ╵ │       ┃ │       ╵ │       ┃ │       ╵ │       ┃ │       ╵ │       ┃ │       ╵ │       ┃ │       ╵ │       188.50 │
    │           │ ╵                 │ ╵                 │ ╵                 │ ╵                 │ ╵                 │ ╵                        │
    │           ╵                   ╵                   ╵                   ╵                   ╵                   ╵                   188.06 │
    │                                                                                                                                          │
    │ ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ 187.62 │
    │ 09:00                                                                                                                       13:55        │
    │ holds 120 @ 171.20  …4821                                                                                                                │
    │ holds 10 @ 180.00  …7730                                                                                                                 │
    │ buy 100 limit 189.90 day  working 0 / 100  PAPER …4821                                                                                   │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    ");
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r"
    ╭─ 7 Detail ───────────────────────────────────────────────── IEX · 5 minutes ─╮
    │ AAPL  189.95  ▲ 1.24%  Apple Inc. Common Stock                               │
    │ 189.94 (300) × 189.96 (1,200)  volume 41,234,567  close 187.62               │
    │                   │         │         │         │         │         │        │
    │                  ╷│        ╷│        ╷│        ╷│        ╷│        ╷│ 189.83 │
    │             │╷   ╽╿   │╷   ╽╿   │╷   ╽╿   │╷   ╽╿   │╷   ╽╿   │╷   ╽╿        │
    │            ╷│╽  ╷┃│  ╷│╽  ╷┃│  ╷│╽  ╷┃│  ╷│╽  ╷┃│  ╷│╽  ╷┃│  ╷│╽  ╷┃│ 189.39 │
    │           ╷╽╿┃│╷││  ╷╽╿┃│╷││  ╷╽╿┃│╷││  ╷╽╿┃│╷││  ╷╽╿┃│╷││  ╷╽╿┃│╷││         │
    │          ╷│╿╵│╽┃╿  ╷│╿╵│╽┃╿  ╷│╿╵│╽┃╿  ╷│╿╵│╽┃╿  ╷│╿╵│╽┃╿  ╷│╿╵│╽┃╿   188.95 │
    │          ╽╽│  │╿│  ╽╽│  │╿│  ╽╽│  │╿│  ╽╽│  │╿│  ╽╽│  │╿│  ╽╽│  │╿│          │
    │          ┃│   ╵│   ┃│   ╵│   ┃│   ╵│   ┃│   ╵│   ┃│   ╵│   ┃│   ╵│    188.50 │
    │          │╵        │╵        │╵        │╵        │╵        │╵                │
    │          ╵         ╵         ╵         ╵         ╵         ╵          188.06 │
    │                                                                              │
    │ ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ 187.62 │
    │ 09:00                                                           13:55        │
    │ holds 120 @ 171.20  …4821                                                    │
    │ holds 10 @ 180.00  …7730                                                     │
    │ buy 100 limit 189.90 day  working 0 / 100  PAPER …4821                       │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
    insta::assert_snapshot!(stage.shown(&pane, NARROW), @r"
    ╭─ 7 Detail ───────── IEX · 5 minutes ─╮
    │ AAPL  189.95  ▲ 1.24%  Apple … Stock │
    │ 189.94 (300) × 189.96 (1,200)        │
    │    ⡜⡆   ⡜⡆   ⡜⡆   ⡜⡆   ⡜⡆   ⡜ 189.65 │
    │  ⣄ ⡇⡇ ⣄ ⡇⡇ ⣄ ⡇⡇ ⣄ ⡇⡇ ⣄ ⡇⡇ ⣄ ⡇ 189.40 │
    │ ⠊⢸ ⡇⡇⡎⢸ ⡇⡇⡎⢸ ⡇⡇⡎⢸ ⡇⡇⡎⢸ ⡇⡇⡎⢸ ⡇ 189.15 │
    │  ⢸⠖⠁⡇⡇⢸⠖⠁⡇⡇⢸⠖⠁⡇⡇⢸⠖⠁⡇⡇⢸⠖⠁⡇⡇⢸⠖⠁ 188.90 │
    │     ⣇⠇   ⣇⠇   ⣇⠇   ⣇⠇   ⣇⠇    188.65 │
    │ 09:10                   13:55        │
    │ holds 120 @ 171.20  …4821            │
    │ and 2 more                           │
    ╰──────────────────────────────────────╯
    ");
}

#[test]
fn nothing_selected_and_nothing_known() {
    let pane = Detail::default();
    insta::assert_snapshot!(Stage::empty().shown(&pane, (80, 6)), @r"
    ╭─ 7 Detail ─────────────────────────────────────────────────────── 5 minutes ─╮
    │ select a symbol in positions, quotes or orders                               │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
    insta::assert_snapshot!(on("ZZZZ", Depth::None).shown(&pane, (80, 8)), @r"
    ╭─ 7 Detail ─────────────────────────────────────────────────────── 5 minutes ─╮
    │ ZZZZ  —  no feed has it                                                      │
    │                                                                              │
    │ no history yet                                                               │
    │                                                                              │
    │                                                                              │
    │ holds 3 @ —  …7730                                                           │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
}

#[test]
fn stale_simulated_delayed_and_halted_are_said_beside_the_price() {
    let mut pictures = Vec::new();
    let pane = Detail::default();
    for symbol in ["GME", "EUR/USD", "BTC/USD", "MSFT"] {
        let shown = on(symbol, Depth::None).shown(&pane, (80, 7));
        pictures.extend(shown.lines().take(3).map(str::to_owned));
    }
    insta::assert_snapshot!(pictures.join("\n"), @r"
    ╭─ 7 Detail ───────────────────────────────────────────────── IEX · 5 minutes ─╮
    │ GME  23.10  stale 40 s  ▼ 1.70%                                              │
    │ 23.09 × 23.12  volume 41,234,567  close 23.50                                │
    ╭─ 7 Detail ─────────────────────────────── random walk simulated · 5 minutes ─╮
    │ EUR/USD  1.08412 sim  ▼ 0.04%                                                │
    │ 1.0841 × 1.0842  volume 41,234,567  close 1.08455                            │
    ╭─ 7 Detail ───────────────────────────────────── SIP 15m delayed · 5 minutes ─╮
    │ BTC/USD  67,114.50 15m  ▼ 1.87%                                              │
    │ 67,110.00 × 67,119.00  volume 41,234,567  close 68,390.63                    │
    ╭─ 7 Detail ───────────────────────────────────────────────── IEX · 5 minutes ─╮
    │ MSFT  411.22  halted LULD  ▲ 0.61%                                           │
    │ 411.20 × 411.25  volume 41,234,567  close 408.73                             │
    ");
    let narrow = [
        ("GME", "23.10  stale 40 s"),
        ("EUR/USD", "1.08412 sim"),
        ("BTC/USD", "67,114.50 15m"),
        ("MSFT", "411.22  halted"),
    ];
    for (symbol, words) in narrow {
        for width in 30..=140 {
            let line = on(symbol, Depth::None).line(&pane, (width, 12), symbol);
            assert!(line.contains(words), "{width}: {line}");
        }
    }
}

#[test]
fn what_is_stale_is_dim() {
    let pane = Detail::default();
    let cases = [
        ("AAPL", "189.95", Role::Up),
        ("GME", "GME", Role::Strong),
        ("GME", "23.10", Role::Muted),
        ("GME", "stale 40 s", Role::Warn),
        ("GME", "▼ 1.70%", Role::Muted),
        ("GME", "23.09 × 23.12", Role::Muted),
        ("MSFT", "halted LULD", Role::Warn),
    ];
    for (symbol, text, role) in cases {
        let style = on(symbol, Depth::True).style_of(&pane, SMALL, text);
        assert!(
            Stage::with_depth(Depth::True).is_role(style, role),
            "{symbol} {text}"
        );
    }
}

#[test]
fn the_scale_has_the_decimals_of_the_prices() {
    let pane = Detail::default();
    let cases = [
        ("AAPL", 188, "", "188.10"),
        ("EUR/USD", 1, "8412", "1.18412"),
        ("BTC/USD", 67_114, "0975", "67,114.11"),
    ];
    for (symbol, price, digits, lowest) in cases {
        let mut stage = on(symbol, Depth::None);
        with_bars(&mut stage, symbol, price, digits);
        let line = stage.replica.quotes.get_mut(&Symbol::new(symbol)).unwrap();
        line.previous_close = None;
        let shown = stage.shown(&pane, SMALL);
        let scale: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.trim_end_matches([' ', '│']).split(' ').next_back())
            .collect();
        assert!(scale.contains(&lowest), "{symbol}\n{shown}");
    }
}

#[test]
fn a_chart_is_asked_for_once_the_selection_rests() {
    let mut stage = on("AAPL", Depth::None);
    let mut pane = Detail::default();
    let mut select = |stage: &mut Stage, millis, symbol: &str| {
        stage.now = stage.now.plus(Duration::from_millis(millis));
        stage.selection.symbol = Some(Symbol::new(symbol));
        pane.wants(&stage.context()).as_ref().map(told)
    };
    for symbol in ["AAPL", "TSLA", "GME", "MSFT", "VTI"] {
        assert_eq!(select(&mut stage, 30, symbol), None, "{symbol}");
    }
    let rest = u64::try_from(REST.as_millis()).unwrap();
    let asked = select(&mut stage, rest, "VTI").unwrap();
    assert!(
        asked.contains("VTI") && asked.contains("FiveMinutes"),
        "{asked}"
    );
    assert_eq!(select(&mut stage, rest, "VTI"), None);

    stage.press(&mut pane, "w");
    assert!(pane.wants(&stage.context()).is_none());
    stage.now = stage.now.plus(REST);
    assert_eq!(pane.wants_at(), Some(stage.now));
    let asked = pane.wants(&stage.context()).as_ref().map(told).unwrap();
    assert!(asked.contains("VTI") && asked.contains("Hour"), "{asked}");
}

#[test]
fn orders_that_do_not_fit_are_counted() {
    let mut stage = whole();
    for number in 0..7 {
        let order = order(&format!("x{number}"), Side::Sell, "AAPL", OrderKind::Market);
        stage.replica.orders.insert(order.id.clone(), order);
    }
    let pane = Detail::default();
    let shown = stage.shown(&pane, SMALL);
    assert_eq!(shown.matches("sell 100 market").count(), 1, "{shown}");
    assert!(shown.contains("and 6 more"), "{shown}");
    let low = stage.shown(&pane, (80, 7));
    assert!(low.contains("and 10 more"), "{low}");
}

#[test]
fn amounts_are_hidden_and_no_number_is_cut() {
    let mut stage = whole();
    Detail::default().draw(
        &stage.context(),
        Rect::new(0, 0, 0, 0),
        &mut Buffer::empty(Rect::default()),
    );
    stage.hidden = true;
    let shown = stage.shown(&Detail::default(), SMALL);
    assert!(shown.contains("holds ••••• @ 171.20"), "{shown}");
    assert!(shown.contains("buy ••••• limit 189.90"), "{shown}");
    assert!(!shown.contains("/ 100"), "{shown}");
    let long = quote(
        "AAPL",
        ["1234567.89", "1234567.88", "1234567.90", "1234000"],
        stage.now,
    );
    stage.replica.quotes.insert(long.symbol.clone(), long);
    stage.replica.bars.clear();
    stage.never_cuts_a_number(&Detail::default());
}
