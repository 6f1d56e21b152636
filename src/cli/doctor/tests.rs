//! What is looked at comes out as it is.

use super::*;
use crate::domain::{ConnectionId, Environment, ProviderId};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn status(state: ConnectionState, skew: Option<i64>) -> ConnectionStatus {
    ConnectionStatus {
        id: ConnectionId::new("alpaca"),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment: Environment::Paper,
        state,
        feeds: vec![],
        latency_ms: Some(34),
        calls: 0,
        errors: 0,
        requests_left: None,
        last_sync: None,
        next_sync: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: skew,
    }
}

fn verdicts(findings: &[Finding]) -> Vec<Verdict> {
    findings.iter().map(|it| it.verdict).collect()
}

#[test]
fn a_terminal_is_told_by_its_environment() {
    let modern = terminal(|name| match name {
        "TERM" => Some("tmux-256color".into()),
        "COLORTERM" => Some("truecolor".into()),
        "LANG" => Some("en_US.UTF-8".into()),
        "TMUX" | "SSH_CONNECTION" => Some("yes".into()),
        _ => None,
    });
    assert_eq!(verdicts(&modern), [Verdict::Good; 3]);
    assert_eq!(modern[0].says, "tmux-256color, true colour");
    assert_eq!(modern[2].says, "over tmux and SSH, fewer frames are drawn");
    let bare = terminal(|name| (name == "LC_ALL").then(|| "C".into()));
    assert_eq!(
        verdicts(&bare),
        [Verdict::Warn, Verdict::Warn, Verdict::Good]
    );
}

#[test]
fn a_folder_open_to_others_is_bad_and_says_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o700);
    assert_eq!(private("data", folder.path()).verdict, Verdict::Good);
    mode(0o755);
    let open = private("data", folder.path());
    assert_eq!(open.verdict, Verdict::Bad);
    assert!(open.says.contains("chmod"), "{}", open.says);
    assert_eq!(
        private("data", &folder.path().join("none")).verdict,
        Verdict::Good
    );
}

#[test]
fn a_connection_and_its_clock_are_judged_apart() {
    let why = || "no".into();
    for (state, verdict) in [
        (ConnectionState::Live, Verdict::Good),
        (ConnectionState::Disconnected, Verdict::Warn),
        (ConnectionState::NeedsSignIn { why: why() }, Verdict::Bad),
        (ConnectionState::Failed { why: why() }, Verdict::Bad),
    ] {
        assert_eq!(verdicts(&connection(&status(state, None))), [verdict]);
    }
    let skewed = connection(&status(ConnectionState::Live, Some(-6_000)));
    assert_eq!(verdicts(&skewed), [Verdict::Good, Verdict::Bad]);
    assert_eq!(
        skewed[1].says,
        "this machine's clock is 6000 ms ahead of that of Alpaca; set it by network time"
    );
    let behind = connection(&status(ConnectionState::Live, Some(1_200)));
    assert_eq!(behind[1].verdict, Verdict::Warn);
    assert!(behind[1].says.contains("1200 ms behind that of Alpaca"));
}

#[test]
fn findings_are_lines_with_a_word_before_them() {
    let findings = [
        Finding::new("size", Verdict::Good, "140x40"),
        Finding::new("clock", Verdict::Bad, "off"),
    ];
    assert_eq!(text(&findings), "good  size   140x40\nBAD   clock  off\n");
    assert_eq!(
        serde_json::to_string(&findings[1]).unwrap(),
        r#"{"check":"clock","verdict":"bad","says":"off"}"#
    );
}
