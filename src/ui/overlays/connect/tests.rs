//! A new connection: keys in, what is asked for and what is shown.

use super::*;
use crate::domain::text::Text;
use crate::link::{Addition, VaultRole};
use crate::ui::overlays::tests::stage::{Stage, account};

const SMALL: (u16, u16) = (80, 24);

fn filled() -> (Stage, Connect) {
    let mut stage = Stage::new();
    let mut connect = Connect::new(&stage.context());
    stage.press(&mut connect, "alp<enter>");
    let asked = stage.press(&mut connect, "<tab>PK123<enter>s3cr3t<enter>");
    assert_eq!(asked, ["add - alpaca paper keys key,secret"]);
    (stage, connect)
}

fn answered(addition: Addition) -> (Stage, Connect) {
    let (mut stage, mut connect) = filled();
    stage.replica.additions.push_back(addition);
    assert_eq!(stage.changed(&mut connect), [""; 0]);
    (stage, connect)
}

#[test]
fn a_provider_is_found_by_name_with_what_it_gives() {
    let mut stage = Stage::new();
    let mut connect = Connect::new(&stage.context());
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("Alpaca") && shown.contains("live quotes (IEX)"),
        "{shown}"
    );
    stage.press(&mut connect, "tasty");
    assert!(!stage.shown(&connect, SMALL).contains("Alpaca"));
    stage.press(&mut connect, "<enter>");
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("Refresh token") && shown.contains("under API keys"),
        "{shown}"
    );
    assert_eq!(stage.press(&mut connect, "<esc><esc>"), ["close"]);
}

#[test]
fn the_form_sends_what_the_offer_asks_for_and_hides_what_is_secret() {
    let (stage, connect) = filled();
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("PK123") && shown.contains("••••••"),
        "{shown}"
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(
        shown.contains("asking Alpaca") && shown.contains("PAPER"),
        "{shown}"
    );
    assert_eq!(connect.next_change_ms(&stage.context()), Some(TURN_MS));
}

#[test]
fn live_is_said_in_words_and_lines() {
    let mut stage = Stage::new();
    let mut connect = Connect::new(&stage.context());
    let asked = stage.press(
        &mut connect,
        "alp<enter><right><tab>AK1<enter>x<tab>main<enter>",
    );
    assert_eq!(asked, ["add main alpaca live keys key,secret"]);
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("┏━ Connect") && shown.contains("LIVE: real accounts"),
        "{shown}"
    );
}

#[test]
fn what_is_missing_or_wrong_is_told_under_its_field() {
    let cases = [
        ("<tab>PK1<tab><tab><enter><enter>", "this is needed"),
        (
            "<tab>PK1<tab>x<tab>my bank<enter>",
            "letters, digits and - only",
        ),
        (
            "<tab>PK1<tab>x<tab>alpaca<enter>",
            "there is a connection called alpaca",
        ),
    ];
    for (keys, shows) in cases {
        let mut stage = Stage::new();
        let mut connect = Connect::new(&stage.context());
        stage.press(&mut connect, "alp<enter>");
        assert_eq!(stage.press(&mut connect, keys), [""; 0], "{keys}");
        let shown = stage.shown(&connect, SMALL);
        assert!(shown.contains(shows), "{keys}: {shown}");
    }
}

#[test]
fn a_refusal_is_told_and_what_was_typed_stays() {
    let why = Text::from("the key is unknown");
    let cases = [
        (
            Addition::Refused { why: why.clone() },
            "Alpaca refused: the key is unknown",
        ),
        (
            Addition::Unreachable { why: why.clone() },
            "Alpaca did not answer: the key is unknown",
        ),
        (Addition::Failed { why }, "the key is unknown"),
    ];
    for (addition, shows) in cases {
        let (mut stage, mut connect) = answered(addition);
        let shown = stage.shown(&connect, SMALL);
        assert!(
            shown.contains(shows) && shown.contains("PK123") && shown.contains("••••••"),
            "{shown}"
        );
        assert_eq!(
            stage.press(&mut connect, "<enter>"),
            ["add - alpaca paper keys key,secret"]
        );
    }
}

#[test]
fn the_same_refusal_twice_is_heard_twice() {
    let refused = || Addition::Refused { why: "no".into() };
    let (mut stage, mut connect) = answered(refused());
    stage.press(&mut connect, "<enter>");
    stage.replica.additions.push_back(refused());
    stage.changed(&mut connect);
    assert!(stage.shown(&connect, SMALL).contains("Alpaca refused: no"));
}

#[test]
fn success_names_the_accounts() {
    let (mut stage, mut connect) = answered(Addition::Added {
        connection: ConnectionId::new("alpaca-2"),
        accounts: vec![account("PA3R4QS34821")],
    });
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("as alpaca-2") && shown.contains("…4821  margin paper"),
        "{shown}"
    );
    assert_eq!(stage.press(&mut connect, "<enter>"), ["close"]);
}

#[test]
fn a_locked_vault_is_opened_first() {
    let mut stage = Stage::new();
    stage.replica.vault = Some(VaultStatus::Absent);
    let mut connect = Connect::new(&stage.context());
    assert_eq!(stage.press(&mut connect, "<enter>"), ["open Unlock"]);
    stage.replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    });
    stage.changed(&mut connect);
    assert!(stage.shown(&connect, SMALL).contains("Alpaca"));
}

#[test]
fn typed_keys_are_not_lost_without_asking_and_a_paste_does_not_send() {
    let mut stage = Stage::new();
    let mut connect = Connect::new(&stage.context());
    stage.press(&mut connect, "alp<enter><tab>");
    assert!(connect.paste(&stage.context(), "PK9\n").is_empty());
    stage.press(&mut connect, "<esc>");
    let shown = stage.shown(&connect, SMALL);
    assert!(
        shown.contains("PK9") && shown.contains("discard what you typed?"),
        "{shown}"
    );
    for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16)] {
        stage.shown(&connect, size);
        connect.cursor(&stage.context(), Rect::new(0, 0, size.0, size.1));
    }
}
