//! Keys in; what is asked for and what is shown.

use super::*;
use crate::domain::text::Text;
use crate::ui::overlays::tests::stage::{Stage, account};
use std::time::Duration;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (140, 60);

fn status(stage: &Stage, problem: Option<&str>) -> SignInStatus {
    SignInStatus::Waiting(Box::new(Waiting {
        title: "tastytrade".into(),
        address: format!(
            "https://my.broker.example/auth?client_id=c&state={}",
            "s".repeat(43)
        )
        .into(),
        host: "my.broker.example".into(),
        scopes: "read trade".into(),
        redirect: "http://127.0.0.1:8182/cb/tastytrade".into(),
        port: Some(8182),
        not_listening: None,
        until: stage.now.plus(Duration::from_secs(293)),
        problem: problem.map(Text::new),
    }))
}

fn waiting(again: Option<ConnectionId>) -> (Stage, SignIn) {
    let stage = Stage::new();
    let mut overlay = SignIn::new(again, &stage.context());
    let status = status(&stage, None);
    overlay.signing_in(&status);
    (stage, overlay)
}

#[test]
fn the_address_is_shown_with_whose_it_is_what_is_asked_and_how_long_it_is_good() {
    let (stage, overlay) = waiting(None);
    let shown = stage.shown(&overlay, SMALL);
    for part in [
        "good for 4:53 more",
        "https://my.broker.example/auth?client_id=c&state=sssss",
        "at my.broker.example",
        "read trade",
        "ssh -L 8182:127.0.0.1:8182",
        "paste here",
        "y copy the address",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains('▀'), "no room for the picture");
    assert!(stage.shown(&overlay, LARGE).contains('▀'));
}

#[test]
fn what_is_pasted_is_hidden_and_handed_over() {
    let (mut stage, mut overlay) = waiting(None);
    assert!(stage.press(&mut overlay, "y")[0].starts_with("copy https://my.broker.example"));
    overlay.paste(
        &stage.context(),
        "http://127.0.0.1:8182/cb/tastytrade?code=c0de",
    );
    let shown = stage.shown(&overlay, SMALL);
    assert!(shown.contains("••••") && !shown.contains("c0de"), "{shown}");
    assert_eq!(stage.press(&mut overlay, "<enter>"), ["paste back"]);
    let problem = status(&stage, Some("this address belongs to another attempt"));
    overlay.signing_in(&problem);
    assert!(
        stage
            .shown(&overlay, SMALL)
            .contains("belongs to another attempt")
    );
    assert_eq!(stage.press(&mut overlay, "<esc>"), ["give up", "close"]);
}

#[test]
fn nobody_listening_is_said() {
    let (stage, mut overlay) = waiting(None);
    let SignInStatus::Waiting(mut facts) = status(&stage, None) else {
        unreachable!("it waits")
    };
    facts.port = None;
    facts.not_listening = Some("the redirect address is not on this machine".into());
    overlay.signing_in(&SignInStatus::Waiting(facts));
    let shown = stage.shown(&overlay, SMALL);
    assert!(shown.contains("is not on this machine"), "{shown}");
    assert!(!shown.contains("ssh -L"), "{shown}");
}

#[test]
fn a_refusal_is_told_and_leads_back_to_the_form_or_to_another_attempt() {
    let check = |again: Option<ConnectionId>, expected: &[&str]| {
        let (mut stage, mut overlay) = waiting(again);
        let why = "the sign-in was denied at the provider".into();
        stage.replica.additions.push_back(Addition::Refused { why });
        stage.changed(&mut overlay);
        let shown = stage.shown(&overlay, SMALL);
        assert!(shown.contains("denied at the provider"), "{shown}");
        assert_eq!(stage.press(&mut overlay, "<enter>"), expected);
    };
    check(None, &["close"]);
    check(Some(ConnectionId::new("ira")), &["sign in again ira"]);
}

#[test]
fn a_connection_signs_in_again_as_the_overlay_opens() {
    let stage = Stage::new();
    let mut overlay = SignIn::new(Some(ConnectionId::new("ira")), &stage.context());
    assert_eq!(overlay.opened().len(), 1);
    let mut new = SignIn::new(None, &stage.context());
    assert!(new.opened().is_empty());
}

#[test]
fn the_accounts_that_were_reached_are_shown() {
    let (mut stage, mut overlay) = waiting(None);
    overlay.signing_in(&SignInStatus::Exchanging);
    assert!(stage.shown(&overlay, SMALL).contains("asking the provider"));
    let reached = account("PA3R4QS34821");
    stage.replica.additions.push_back(Addition::Added {
        connection: ConnectionId::new("tasty"),
        accounts: vec![reached],
    });
    stage.changed(&mut overlay);
    let shown = stage.shown(&overlay, SMALL);
    assert!(
        shown.contains("sealed in the vault as tasty") && shown.contains("…4821"),
        "{shown}"
    );
    assert_eq!(stage.press(&mut overlay, "<enter>"), ["close", "close"]);
}
