//! Keys in, pictures out.

use super::*;
use crate::domain::Position;
use crate::ui::panes::testing::{EURO, PAPER, REAL, Stage, account, position, quote};
use crate::ui::theme::Depth;
use rust_decimal::Decimal;
use std::time::Duration;

const WIDE: (u16, u16) = (140, 24);
const TALL: (u16, u16) = (140, 60);
const SMALL: (u16, u16) = (80, 20);

#[test]
fn a_picture_at_two_widths() {
    let stage = Stage::new();
    let pane = Positions::default();
    insta::assert_snapshot!(stage.shown(&pane, WIDE), @r#"
    ╭─ 2 Positions ───────────────────────────────────────────────────────────────────────────────────────────── all accounts · by value · 12 ─╮
    │ Symbol                            Qty            Avg               Last           Value↓     Day %       Unrealised         %     Acct   │
    │▌FXAIX                       1,020.113         164.20         197.36           201,329.50         —       +33,826.95      20.2    …0913   │
    │ VTI                               410         214.55         243.10            99,671.00    ▲ 0.31       +11,705.50      13.3    …7730   │
    │ AAPL                              120         171.20         189.95            22,794.00    ▲ 1.24        +2,250.00      11.0    …4821   │
    │ BTC/USD                          0.25      61,200.00      67,114.50 15m        16,778.63    ▼ 1.87        +1,478.63       9.7    …4821   │
    │ JPM                                40         198.00         240.70             9,628.00    ▼ 0.31        +1,708.00      21.6    …2210   │
    │ TSLA                              -20         251.00         244.10            -4,882.00    ▼ 1.10          +138.00       2.7    …4821   │
    │ ASML                                5         640.00         690.10             3,450.50    ▼ 0.71          +250.50       7.8    …0055   │
    │ AAPL                               10         180.00         189.95             1,899.50    ▲ 1.24           +99.50       5.5    …7730   │
    │ SPY 19DEC25 600 C                  -2           3.10           2.71              -542.00    ▲ 0.37           +78.00      12.6    …4821   │
    │ GME                                10          20.00          23.05               230.50    ▼ 1.91           +30.50      15.3    …4821   │
    │ ESZ5                                1       5,900.25       5,987.25                 —            —                —         —    …4821   │
    │ ZZZZ                                3           —              —                    —            —                —         —    …7730   │
    │ Total USD                                                                     346,907.13    ▲ 0.21       +51,315.07      16.7            │
    │ Total without the value of 2, day % of 3, profit of 2                                                                                    │
    │ Total 3,450.50 EUR                                                                                                                       │
    │ FXAIX: as of 22 Nov, Fidelity does not answer                                                                                            │
    │ JPM: held as of 09:12, IBKR needs sign-in · ESZ5: no value, its contract's size is not known · ZZZZ: nobody gives a price · 3 more       │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    │                                                                                                                                          │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
    "#);
    insta::assert_snapshot!(stage.shown(&pane, SMALL), @r#"
    ╭─ 2 Positions ───────────────────────────────── all accounts · by value · 12 ─╮
    │ Symbol         Qty            Last        Value↓    Day %   Unrealised   Acct│
    │▌FXAIX    1,020.113      197.36        201,329.50        —   +33,826.95  …0913│
    │ VTI            410      243.10         99,671.00   ▲ 0.31   +11,705.50  …7730│
    │ AAPL           120      189.95         22,794.00   ▲ 1.24    +2,250.00  …4821│
    │ BTC/USD       0.25   67,114.50 15m     16,778.63   ▼ 1.87    +1,478.63  …4821│
    │ JPM             40      240.70          9,628.00   ▼ 0.31    +1,708.00  …2210│
    │ TSLA           -20      244.10         -4,882.00   ▼ 1.10      +138.00  …4821│
    │ ASML             5      690.10          3,450.50   ▼ 0.71      +250.50  …0055│
    │ AAPL            10      189.95          1,899.50   ▲ 1.24       +99.50  …7730│
    │ SPY…0 C         -2        2.71           -542.00   ▲ 0.37       +78.00  …4821│
    │ GME             10       23.05            230.50   ▼ 1.91       +30.50  …4821│
    │ ESZ5             1    5,987.25              —           —            —  …4821│
    │ ZZZZ             3        —                 —           —            —  …7730│
    │ Σ USD                                 346,907.13   ▲ 0.21   +51,315.07       │
    │ Total without the value of 2, day % of 3, profit of 2                        │
    │ Total 3,450.50 EUR                                                           │
    │ FXAIX: as of 22 Nov, Fidelity does not answer · 6 more                       │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    "#);
}

/// The symbols down the table.
fn symbols(stage: &Stage, pane: &Positions) -> Vec<String> {
    let holdings = pane.holdings(&stage.context());
    let symbols = holdings.iter().map(|it| it.symbol.to_string());
    symbols.collect()
}

#[test]
fn a_value_is_from_a_live_quote_or_dim_with_a_reason() {
    let mut stage = Stage::with_depth(Depth::True);
    let pane = Positions::default();
    assert!(stage.line(&pane, TALL, "AAPL").contains("22,794.00"));
    let muted = |stage: &Stage, text| stage.is_role(stage.style_of(&pane, TALL, text), Role::Muted);
    assert!(!muted(&stage, "22,794.00"));
    for old in ["FXAIX", "JPM", "GME", "201,329.50"] {
        assert!(muted(&stage, old), "{old}");
    }
    let shown = stage.shown(&pane, TALL);
    let reasons = [
        "FXAIX: as of 22 Nov, Fidelity does not answer",
        "JPM: held as of 09:12, IBKR needs sign-in",
        "GME: the broker's price of 14:31, its quote is stale 40 s",
        "ASML, SPY 19DEC25 600 C: the broker's price of 14:31, no live quote",
        "ZZZZ: nobody gives a price",
        "BTC/USD: 15m delayed",
    ];
    for reason in reasons {
        assert!(shown.contains(reason), "{reason}\n{shown}");
    }
    stage.now = stage.now.plus(Duration::from_secs(60));
    let aged = stage.line(&pane, TALL, "AAPL");
    assert!(
        aged.contains("189.80") && !aged.contains("189.95"),
        "{aged}"
    );
    assert!(pane.shows_time(&stage.context()));
}

#[test]
fn a_price_that_is_no_live_one_by_its_nature_says_so_beside_it() {
    let mut stage = Stage::new();
    let pane = Positions::default();
    assert!(
        stage
            .line(&pane, SMALL, "BTC/USD")
            .contains("67,114.50 15m")
    );
    for line in stage.replica.quotes.values_mut() {
        (line.simulated, line.delayed_minutes) = (true, 0);
    }
    assert!(stage.line(&pane, SMALL, "AAPL").contains("189.95 sim"));
    assert!(stage.shown(&pane, TALL).contains("simulated"));
}

#[test]
fn contracts_are_over_many_units_and_unknown_is_never_zero() {
    let stage = Stage::new();
    let pane = Positions::default();
    let option = stage.line(&pane, TALL, "SPY 19DEC25 600 C");
    assert!(
        option.contains("-542.00") && option.contains("+78.00"),
        "{option}"
    );
    let future = stage.line(&pane, TALL, "ESZ5");
    assert!(
        future.contains("5,987.25") && future.contains('—'),
        "{future}"
    );
    assert!(!future.contains(" 0.00"), "{future}");
    assert!(
        stage
            .shown(&pane, TALL)
            .contains("ESZ5: no value, its contract's size is not known")
    );
    let short = stage.line(&pane, TALL, "TSLA");
    assert!(
        short.contains("-4,882.00") && short.contains("+138.00"),
        "{short}"
    );
    assert!(short.contains("▼ 1.10"), "{short}");
}

#[test]
fn totals_add_one_currency_and_say_what_they_lack() {
    let stage = Stage::new();
    let pane = Positions::default();
    let total = stage.line(&pane, TALL, "Total USD");
    assert!(
        total.contains("346,907.13") && total.contains("+51,315.07"),
        "{total}"
    );
    let shown = stage.shown(&pane, TALL);
    assert!(shown.contains("Total 3,450.50 EUR"), "{shown}");
    assert!(
        shown.contains("Total without the value of 2, day % of 3, profit of 2"),
        "{shown}"
    );
}

#[test]
fn grouped_by_symbol_quantities_add_up_and_averages_are_weighted() {
    let mut stage = Stage::new();
    let mut pane = Positions::default();
    stage.press(&mut pane, "i");
    let line = stage.line(&pane, TALL, "AAPL");
    for text in [" 130 ", "171.88", "24,693.50", "+2,349.50", "10.5", "×2"] {
        assert!(line.contains(text), "{text}: {line}");
    }
    let long_and_short = position(EURO, "ASML", ["-2", "700", "690.10", "695"], stage.now);
    let mut elsewhere = long_and_short;
    elsewhere.account = account(REAL);
    stage
        .replica
        .positions
        .get_mut(&account(REAL))
        .unwrap()
        .push(elsewhere);
    let mixed = stage.line(&pane, TALL, "ASML");
    assert!(
        mixed.contains(" 3 ") && mixed.contains('—'),
        "no average of both: {mixed}"
    );
    assert!(mixed.contains("+270.30"), "{mixed}");
    let selection = pane.selection(&stage.context());
    assert_eq!(
        selection.account,
        Some(account("Z00000913")),
        "of one account only"
    );
    stage.press(&mut pane, "i");
    let accounts: Vec<_> = pane.holdings(&stage.context());
    let accounts: Vec<_> = accounts.iter().map(|it| it.account.clone()).collect();
    assert!(accounts.is_sorted(), "{accounts:?}");
}

#[test]
fn an_instrument_held_at_two_brokers_is_one_row() {
    let mut stage = Stage::new();
    let mut pane = Positions::default();
    stage.press(&mut pane, "i");
    let option = "SPY251219C00600000";
    for (symbol, numbers) in [
        ("BRK.B", ["16", "500", "521.90", "520"]),
        (option, ["3", "3.60", "2.71", "2.70"]),
    ] {
        for number in [REAL, PAPER] {
            let held = position(number, symbol, numbers, stage.now);
            let all = &mut stage.replica.positions;
            let at_broker = all.get_mut(&account(number)).unwrap();
            // The world has two of the option sold at one of them.
            at_broker.retain(|it| it.symbol != held.symbol);
            at_broker.push(held);
        }
    }
    stage.replica.quotes.remove(&Symbol::new(option));
    let all: Vec<&Position> = stage.replica.all_positions().collect();
    for symbol in ["BRK.B", option] {
        let parts = || all.iter().filter(|it| it.symbol.as_str() == symbol);
        assert_eq!(parts().count(), 2);
        let rows = pane.holdings(&stage.context());
        let rows: Vec<_> = rows
            .iter()
            .filter(|it| it.symbol.as_str() == symbol)
            .collect();
        let [row] = &rows[..] else {
            panic!("{symbol} is one row");
        };
        let quantity = parts().map(|it| it.quantity.0).sum::<Decimal>();
        assert_eq!(row.quantity.0, quantity);
    }
    let shares = stage.line(&pane, TALL, "BRK.B");
    for text in [" 32 ", "500.00", "16,700.80", "+700.80", "×2"] {
        assert!(shares.contains(text), "{text}: {shares}");
    }
    // Six contracts over a hundred units each: (2.71 − 3.60) × 6 × 100.
    let contracts = stage.line(&pane, TALL, "SPY 19DEC25");
    for text in [" 6 ", "3.60", "1,626.00", "-534.00", "×2"] {
        assert!(contracts.contains(text), "{text}: {contracts}");
    }
}

#[test]
fn rows_are_sorted_by_any_column_and_the_unknown_stands_last() {
    let stage = Stage::new();
    let mut pane = Positions::default();
    for _ in 0..FIELDS.len() {
        for turned in ["", "O"] {
            stage.press(&mut pane, turned);
            let rows = symbols(&stage, &pane);
            assert_eq!(rows.len(), 12);
            let is_unknown_last = rows.last().unwrap() == "ZZZZ";
            let all_known = matches!(pane.sort, Field::Symbol | Field::Quantity | Field::Account);
            assert!(
                is_unknown_last || all_known,
                "{:?} {turned}: {rows:?}",
                pane.sort
            );
            let title = pane.sort.title();
            let mark = if pane.is_descending() { "↓" } else { "↑" };
            assert!(stage.shown(&pane, TALL).contains(&format!("{title}{mark}")));
        }
        stage.press(&mut pane, "o");
    }
    assert_eq!(pane.sort, Field::Value);
    stage.press(&mut pane, "ooooo");
    assert_eq!(symbols(&stage, &pane)[..2], ["AAPL", "AAPL"]);
}

#[test]
fn the_selection_stays_with_its_position_and_opens_tickets() {
    let mut stage = Stage::new();
    let mut pane = Positions::default();
    stage.press(&mut pane, "jj");
    let selection = pane.selection(&stage.context());
    assert_eq!(selection.symbol, Some(Symbol::new("AAPL")));
    assert_eq!(selection.account, Some(account(PAPER)));
    let rose = quote("AAPL", ["9999", "", "", ""], stage.now);
    stage.replica.quotes.insert(rose.symbol.clone(), rose);
    assert_eq!(
        pane.selection(&stage.context()).account,
        Some(account(PAPER))
    );
    let told = stage.press(&mut pane, "x").unwrap();
    for text in ["Ticket", "Sell", "AAPL", PAPER] {
        assert!(told.contains(text), "{told}");
    }
    assert_eq!(stage.press(&mut pane, "<enter>").unwrap(), "run detail");
}

#[test]
fn a_filter_finds_symbols_and_accounts() {
    let stage = Stage::new();
    let mut pane = Positions::default();
    for (typed, count) in [
        ("aapl", 2),
        ("600 c", 1),
        ("ibkr", 1),
        ("4821", 6),
        ("!alpaca", 3),
    ] {
        pane.filter_mut().unwrap().set(typed);
        assert_eq!(symbols(&stage, &pane).len(), count, "{typed}");
    }
    assert!(
        stage
            .shown(&pane, TALL)
            .contains("/!alpaca · all accounts · by value · 3 of 12")
    );
    pane.filter_mut().unwrap().set("nothing");
    assert!(stage.shown(&pane, TALL).contains("no position matches"));
}

#[test]
fn hidden_tells_nothing_and_numbers_are_never_cut() {
    let mut stage = Stage::new();
    let pane = Positions::default();
    stage.never_cuts_a_number(&pane);
    stage.hidden = true;
    let shown = stage.shown(&pane, TALL);
    for digits in ["22,794", "346,907", "3,450", "2,250", " 120 ", "1,020"] {
        assert!(!shown.contains(digits), "{digits}\n{shown}");
    }
    assert!(shown.contains("189.95"), "a market's price is no secret");
    assert!(Stage::empty().shown(&pane, SMALL).contains("no positions"));
}

#[test]
fn live_has_another_frame() {
    let mut stage = Stage::new();
    let pane = Positions::default();
    assert!(stage.shown(&pane, SMALL).starts_with('╭'));
    stage.mode = crate::domain::Mode::Live;
    assert!(stage.shown(&pane, SMALL).starts_with('┏'));
}
