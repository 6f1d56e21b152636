//! What is looked at comes out as it is.

use super::files::{modes, private};
use super::process::keys;
use super::vault::{judged, vault};
use super::*;
use crate::config::Config;
use crate::config::ConfigPaths;
use crate::domain::{ConnectionId, Environment, ProviderId, Timestamp};
use crate::net::error::NetError;
use crate::net::http::Response;
use crate::net::transport::MemoryTransport;
use crate::vault::{KdfCost, KeyMemory};
use std::collections::BTreeMap;
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
        way: "keys".into(),
        by_browser: false,
        session_until: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: skew,
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T12:00:00Z").unwrap()
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
fn every_file_is_looked_at_and_the_first_open_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let file = |name: &str, mode| {
        fs::write(inner.join(name), "").unwrap();
        fs::set_permissions(inner.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o700)).unwrap();
    file("a", 0o600);
    let good = modes(&[folder.path()]);
    assert_eq!(
        (good.verdict, good.says.as_str()),
        (Verdict::Good, "2, yours alone")
    );
    file("b", 0o644);
    file("c", 0o640);
    let bad = modes(&[folder.path()]);
    assert_eq!(bad.verdict, Verdict::Bad);
    assert!(
        bad.says.contains("chmod 600") && bad.says.ends_with("and 1 more"),
        "{}",
        bad.says
    );
}

#[test]
fn keys_that_may_be_swapped_out_are_told() {
    assert_eq!(keys(&KeyMemory::Guarded).verdict, Verdict::Good);
    let why = "it may be swapped out: no".to_owned();
    let told = keys(&KeyMemory::Unguarded { why });
    assert_eq!(told.verdict, Verdict::Warn);
    assert!(told.says.contains("ulimit -l"), "{}", told.says);
}

#[test]
fn a_guess_that_costs_little_is_told() {
    let verdict =
        |mib: u32, passes, lanes| judged(KdfCost::new(mib * 1024, passes, lanes).unwrap()).verdict;
    assert_eq!(verdict(64, 3, 4), Verdict::Good);
    for (mib, passes, lanes) in [(63, 3, 4), (256, 2, 4), (256, 3, 1)] {
        assert_eq!(
            verdict(mib, passes, lanes),
            Verdict::Warn,
            "{mib} {passes} {lanes}"
        );
    }
}

#[test]
fn a_vault_is_missed_and_so_is_what_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ConfigPaths::under(folder.path());
    let look = || {
        let findings = vault(&paths, Timestamp::EPOCH).into_iter();
        let words = findings.map(|it| format!("{}: {}", it.check, it.says));
        words.collect::<Vec<_>>().join("\n")
    };
    assert!(look().contains("vault init"), "{}", look());
    fs::create_dir_all(&paths.data).unwrap();
    fs::write(paths.data.join("vault.bak.1"), "broken").unwrap();
    assert!(look().contains("vault restore"), "{}", look());
    assert!(look().contains("backup 1: "), "{}", look());
    fs::remove_file(paths.data.join("vault.bak.1")).unwrap();
    fs::create_dir(paths.data.join("vault.sled")).unwrap();
    assert!(look().contains("vault backup"), "{}", look());
    assert!(look().contains("remembers nothing"), "{}", look());
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
        assert_eq!(
            verdicts(&connection(&status(state, None), now())),
            [verdict]
        );
    }
    let skewed = connection(&status(ConnectionState::Live, Some(-6_000)), now());
    assert_eq!(verdicts(&skewed), [Verdict::Good, Verdict::Bad]);
    assert_eq!(
        skewed[1].says,
        "this machine's clock is 6000 ms ahead of that of Alpaca; set it by network time"
    );
    let behind = connection(&status(ConnectionState::Live, Some(1_200)), now());
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

#[test]
fn a_sign_in_is_told_where_there_is_one() {
    let told = |change: &dyn Fn(&mut ConnectionStatus)| {
        let mut status = status(ConnectionState::Live, None);
        change(&mut status);
        sign_in(&status, now()).map(|it| (it.verdict, it.says))
    };
    assert_eq!(told(&|_| {}), None, "keys have none");
    let in_minutes = |minutes: u64| Some(now().plus(Duration::from_secs(minutes * 60)));
    let fresh = told(&|it| {
        (it.session_until, it.sign_in_due) = (in_minutes(20), in_minutes(6 * 24 * 60));
    });
    let says = "good for 6 d, its token is renewed in 20 m".to_owned();
    assert_eq!(fresh, Some((Verdict::Good, says)));
    let (verdict, says) = told(&|it| it.sign_in_due = in_minutes(90)).unwrap();
    assert_eq!(verdict, Verdict::Warn);
    assert!(says.contains("tradedeck sign-in alpaca"), "{says}");
    let failed = told(&|it| {
        (it.session_until, it.refresh_failures) = (in_minutes(20), 3);
    });
    let says = "does not end, its token is renewed in 20 m; 3 renewals failed".to_owned();
    assert_eq!(failed, Some((Verdict::Warn, says)));
}

#[test]
fn only_the_addresses_of_an_environment_are_asked() {
    let addresses = [
        ("api", "https://api.cert.example.com"),
        ("api_live", "https://api.example.com/v1"),
        ("stream", "wss://streamer.example.com:8443/path"),
        ("oauth_redirect", "http://127.0.0.1:8182/cb"),
        ("oauth_scopes", "read trade"),
    ];
    let addresses = addresses.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let addresses = addresses.into_iter().collect();
    let origins = |environment| -> Vec<String> {
        providers::origins(&addresses, environment)
            .into_iter()
            .collect()
    };
    let stream = "https://streamer.example.com:8443";
    assert_eq!(
        origins(Environment::Paper),
        ["https://api.cert.example.com", stream]
    );
    assert_eq!(
        origins(Environment::Live),
        ["https://api.example.com", stream]
    );
}

#[tokio::test]
async fn addresses_that_do_not_answer_and_a_redirect_address_in_use_are_named() {
    let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let redirect = format!("http://{}/cb", taken.local_addr().unwrap());
    let set = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let config = Config {
        providers: BTreeMap::from([
            ("tastytrade".to_owned(), set("oauth_redirect", &redirect)),
            (
                "schwab".to_owned(),
                set("oauth_redirect", "http://127.0.0.1:0/cb"),
            ),
        ]),
        ..Config::default()
    };
    let transport = MemoryTransport::new(|request| match request.url.host_str() {
        Some(host) if host.starts_with("paper-api") => Err(NetError::Broken {
            why: "there is no network".to_owned(),
        }),
        _ => Ok(Response::new(404, String::new())),
    });
    let live = status(ConnectionState::Live, None);
    let schwab = ConnectionStatus {
        provider: ProviderId::new("schwab"),
        environment: Environment::Live,
        ..live.clone()
    };
    let found = providers::providers(&config, [&live, &schwab].into_iter(), &transport).await;
    let of = |check: &str| found.iter().find(|it| it.check == check).unwrap();
    let alpaca = of("reach alpaca paper");
    assert_eq!(alpaca.verdict, Verdict::Bad);
    assert!(
        alpaca.says.contains("paper-api.alpaca.markets: "),
        "{}",
        alpaca.says
    );
    let schwab = of("reach schwab live");
    assert_eq!(
        (schwab.verdict, schwab.says.as_str()),
        (Verdict::Good, "https://api.schwabapi.com")
    );
    assert_eq!(of("redirect schwab").verdict, Verdict::Good);
    let taken = of("redirect tastytrade");
    assert_eq!(taken.verdict, Verdict::Warn);
    assert!(taken.says.contains("paste the address"), "{}", taken.says);
}
