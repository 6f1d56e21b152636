//! The two sessions: begun when needed, kept, lost, begun again, never taken, and never of another world.

use super::*;
use crate::net::tls::pinned::Fingerprint;
use crate::providers::provider::{FINGERPRINT, ProviderError};

async fn listed(rig: &Rig) -> Result<usize, ProviderError> {
    let accounts = rig.provider.accounts().unwrap();
    accounts.list().await.map(|list| list.len())
}

const OUT: &str = r#"{"authenticated":false,"competing":false,"connected":true}"#;
const COMPETING: &str = r#"{"authenticated":false,"competing":true,"connected":true}"#;

#[tokio::test(start_paused = true)]
async fn a_trading_session_is_begun_without_taking_it_from_anybody() {
    let rig = paper(vec![
        ("/iserver/auth/status", status(200, OUT)),
        ("/ssodh/init", status(200, OUT)),
        ("/iserver/auth/status", ok("auth_status")),
    ]);
    assert_eq!(listed(&rig).await, Ok(1));
    assert_eq!(
        rig.far.bodies("/ssodh/init"),
        [r#"{"publish":true,"compete":false}"#]
    );
    let sent = rig.far.sent();
    let order = ["POST /iserver/auth/status", "POST /iserver/auth/ssodh/init"];
    assert_eq!(sent[..2], order);
    assert!(sent.contains(&"GET /iserver/accounts".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn another_program_keeps_its_session_and_portfolios_are_read_all_the_same() {
    let rig = paper(vec![
        ("/iserver/auth/status", status(200, OUT)),
        ("/ssodh/init", status(200, COMPETING)),
        ("/iserver/auth/status", status(200, OUT)),
        ("/ssodh/init", status(200, COMPETING)),
    ]);
    assert_eq!(listed(&rig).await, Ok(1));
    let orders = rig.provider.orders().unwrap();
    let refused = orders
        .list(&account_id(), Timestamp::EPOCH)
        .await
        .unwrap_err();
    let ProviderError::AwaitsPerson { what } = refused else {
        panic!("{refused}");
    };
    assert!(what.as_str().contains("providers.ibkr.compete"), "{what}");
}

#[tokio::test(start_paused = true)]
async fn only_the_persons_wish_takes_the_session() {
    let far = FarSide::new(vec![
        ("/iserver/auth/status", status(200, OUT)),
        ("/ssodh/init", ok("auth_status")),
    ]);
    let mut opening = opening(&far, Environment::Paper);
    opening.addresses.insert("compete".into(), "on".into());
    let provider = (super::super::SPEC.open)(opening).ok().unwrap();
    provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(
        far.bodies("/ssodh/init"),
        [r#"{"publish":true,"compete":true}"#]
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_logged_in_is_told_what_to_do_and_looked_at_again() {
    for nobody in [
        status(401, ""),
        status(401, r#"{"error":"not authenticated","statusCode":401}"#),
        Err(NetError::Redirect { status: 302 }),
    ] {
        let rig = paper(vec![
            ("/iserver/auth/status", nobody.clone()),
            ("/portfolio/accounts", nobody),
        ]);
        let refused = listed(&rig).await.unwrap_err();
        let ProviderError::AwaitsPerson { what } = refused else {
            panic!("{refused}");
        };
        assert!(
            what.as_str()
                .contains("open http://localhost:5000 in a browser"),
            "{what}"
        );
        assert_eq!(listed(&rig).await, Ok(1), "the person logged in");
    }
}

#[tokio::test(start_paused = true)]
async fn paper_and_live_are_never_taken_for_each_other() {
    let rig = super::rig(Environment::Live, vec![]);
    let refused = listed(&rig).await.unwrap_err().to_string();
    assert!(
        refused.contains("the login is paper and this connection is live"),
        "{refused}"
    );

    let live = fixture("brokerage_accounts").replace(r#""isPaper": true"#, r#""isPaper": false"#);
    let rig = paper(vec![("/iserver/accounts", status(200, &live))]);
    let refused = listed(&rig).await.unwrap_err().to_string();
    assert!(
        refused.contains("the login is live and this connection is paper"),
        "{refused}"
    );

    // The login says paper, and an account has the number of a live one.
    let mixed = fixture("accounts").replace("DU7654321", "U7654321");
    let rig = paper(vec![("/portfolio/accounts", status(200, &mixed))]);
    let refused = listed(&rig).await.unwrap_err().to_string();
    assert!(refused.contains("U7654321 is live"), "{refused}");

    let silent = fixture("brokerage_accounts").replace("isPaper", "isSomething");
    let rig = paper(vec![("/iserver/accounts", status(200, &silent))]);
    let orders = rig.provider.orders().unwrap();
    assert!(orders.list(&account_id(), Timestamp::EPOCH).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_session_is_kept_alive_and_begun_again_after_it_was_lost() {
    let rig = paper(vec![
        ("/iserver/account/orders", ok("orders")),
        (
            "/iserver/account/orders",
            status(
                400,
                r#"{"error":"Bad Request: no bridge","statusCode":400}"#,
            ),
        ),
        ("/iserver/account/orders", ok("orders")),
        ("/iserver/account/orders", ok("orders")),
    ]);
    let orders = rig.provider.orders().unwrap();
    let read = async || {
        orders
            .list(&account_id(), Timestamp::EPOCH)
            .await
            .map(|it| it.len())
    };
    assert_eq!(read().await, Ok(2));
    let begun = |rig: &Rig| rig.far.bodies("/iserver/auth/status").len();
    assert_eq!((begun(&rig), rig.far.bodies("/tickle").len()), (1, 1));
    assert_eq!(read().await, Ok(2), "begun again, and asked once more");
    assert_eq!(begun(&rig), 2);
    rig.far.clock.pass(61);
    assert_eq!(read().await, Ok(2));
    assert_eq!((begun(&rig), rig.far.bodies("/tickle").len()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_uses_is_let_go() {
    let rig = paper(vec![]);
    listed(&rig).await.unwrap();
    let tickles = |rig: &Rig| rig.far.bodies("/tickle").len();
    for minute in 1..=5 {
        rig.far.clock.pass(60);
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(tickles(&rig), 1 + minute);
    }
    rig.far.clock.pass(60 * 60);
    tokio::time::sleep(std::time::Duration::from_secs(60 * 60)).await;
    assert_eq!(tickles(&rig), 6);
    listed(&rig).await.unwrap();
    assert!(tickles(&rig) > 6, "used again");
}

#[tokio::test(start_paused = true)]
async fn who_asked_too_often_asks_nothing_for_ten_minutes() {
    let rig = paper(vec![
        ("/positions/0", status(429, "")),
        ("/positions/0", ok("positions")),
    ]);
    let accounts = rig.provider.accounts().unwrap();
    let refused = accounts.positions(&account_id()).await.unwrap_err();
    let pause = std::time::Duration::from_secs(600);
    assert_eq!(
        refused,
        ProviderError::RateLimited {
            retry_after: Some(pause)
        }
    );
    let again = accounts.positions(&account_id()).await.unwrap_err();
    assert!(again.to_string().contains("budget"), "{again}");
    assert_eq!(rig.far.sent().len(), 1);
    tokio::time::sleep(pause).await;
    accounts.positions(&account_id()).await.unwrap();
}

#[tokio::test]
async fn a_gateway_elsewhere_and_a_certificate_nobody_confirmed_are_refused() {
    let open = |gateway: &str, fingerprint: Option<&str>| {
        let far = FarSide::new(vec![]);
        let mut opening = opening(&far, Environment::Paper);
        opening.addresses.insert("gateway".into(), gateway.into());
        let sealed = fingerprint.map(|it| (FINGERPRINT.to_owned(), it.to_owned().into()));
        opening.secrets.extend(sealed);
        (super::super::SPEC.open)(opening)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let confirmed = "5a".repeat(32);
    assert!(Fingerprint::parse(&confirmed).is_some());
    for (gateway, fingerprint, why) in [
        (
            "https://192.168.1.7:5000/v1/api",
            Some(confirmed.as_str()),
            "not on this machine",
        ),
        ("http://gateway.example/v1/api", None, "not on this machine"),
        ("https://localhost:5000/v1/api", None, "never confirmed"),
        (
            "https://localhost:5000/v1/api",
            Some("5a5a"),
            "never confirmed",
        ),
        ("nonsense", None, "not an address"),
    ] {
        let refused = open(gateway, fingerprint).unwrap_err();
        assert!(refused.contains(why), "{gateway}: {refused}");
    }
    assert_eq!(
        open("https://localhost:5000/v1/api", Some(&confirmed)),
        Ok(())
    );
}

/// A call every five minutes, as a cockpit that is open makes them; the server ends the trading session at midnight.
#[tokio::test(start_paused = true)]
async fn a_day_is_a_tickle_a_minute_and_one_session_more_after_midnight() {
    let rig = paper(vec![]);
    let quotes = rig.provider.quotes().unwrap();
    let apple = crate::domain::Symbol::new("AAPL");
    let counts = |rig: &Rig| {
        let begun = rig.far.bodies("/iserver/auth/status").len();
        (begun, rig.far.bodies("/tickle").len())
    };
    let minutes = 24 * 60;
    for minute in 0..minutes {
        if minute == 13 * 60 {
            let ended = r#"{"session":"x","iserver":{"authStatus":{"authenticated":false,"connected":true}}}"#;
            rig.far.plan("/tickle", status(200, ended));
            rig.far.plan("/iserver/auth/status", status(200, OUT));
            rig.far.plan("/ssodh/init", ok("auth_status"));
        }
        if minute % 5 == 0 {
            assert!(
                quotes.instrument(&apple).await.unwrap().is_some(),
                "minute {minute}"
            );
        }
        rig.far.clock.pass(60);
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    }
    let (begun, tickles) = counts(&rig);
    assert_eq!(begun, 2);
    assert_eq!(rig.far.bodies("/ssodh/init").len(), 1);
    assert!((minutes - 10..minutes + 10).contains(&tickles), "{tickles}");
}
