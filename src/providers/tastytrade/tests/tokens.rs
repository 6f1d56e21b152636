//! Tokens in requests: shown, renewed once after a refusal, never at the price of an order sent twice.

use super::*;
use crate::domain::AccountId;

#[tokio::test]
async fn the_environment_chooses_the_hosts_and_the_token_is_a_secret_header() {
    for (environment, host, stream) in [
        (
            Environment::Paper,
            "api.cert.tastyworks.com",
            "wss://streamer.cert.tastyworks.com/",
        ),
        (
            Environment::Live,
            "api.tastyworks.com",
            "wss://streamer.tastyworks.com/",
        ),
    ] {
        let rig = rig(environment, vec![ok("session"), ok("quote_token")]);
        rig.provider.quotes().unwrap().clock().await.unwrap();
        assert_eq!(rig.far.seen.lock().unwrap()[0].url.host_str(), Some(host));
        assert_eq!(rig.authorization(0), "authorization: Bearer access-1");
        let streams = rig.provider.streams(&[account_id()]);
        let quotes = (streams[0].start)().await.ok().unwrap();
        assert_eq!(quotes.url, "wss://tasty-demo-ws.dxfeed.com/delayed");
        let orders = (streams[1].start)().await.ok().unwrap();
        assert_eq!(orders.url, stream);
        (streams[0].start)().await.ok().unwrap();
        assert_eq!(rig.sent().len(), 2, "one token of market data serves all");
        assert_eq!(rig.renewals(), 1);
    }
}

#[tokio::test]
async fn a_personal_grant_is_renewed_with_the_client_secret_in_the_body() {
    let rig = paper(vec![ok("session")]);
    rig.provider.quotes().unwrap().clock().await.unwrap();
    let body = rig.far.renewals.lock().unwrap()[0].clone();
    for part in [
        "grant_type=refresh_token",
        "refresh_token=refresh-1",
        "client_secret=c-secret",
    ] {
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_read_repeated_once() {
    let refused = || status(401, r#"{"error":{"code":"unauthorized","message":"no"}}"#);
    let rig = paper(vec![refused(), ok("session"), refused(), refused()]);
    let quotes = rig.provider.quotes().unwrap();
    quotes.clock().await.unwrap();
    assert_eq!(rig.authorization(1), "authorization: Bearer access-2");
    let error = quotes.clock().await.unwrap_err();
    assert_eq!(
        error,
        ProviderError::Unauthorised {
            reason: "no".into()
        }
    );
    assert_eq!((rig.sent().len(), rig.renewals()), (4, 3));
    assert_eq!(rig.provider.meter().standing.renewals, 3);
}

#[tokio::test]
async fn a_page_that_says_401_costs_no_token() {
    let rig = paper(vec![status(401, "<html>401</html>")]);
    let error = rig.provider.quotes().unwrap().clock().await.unwrap_err();
    let reason = "status 401".into();
    assert_eq!(error, ProviderError::Unauthorised { reason });
    assert_eq!((rig.sent().len(), rig.renewals()), (1, 1));
}

#[tokio::test]
async fn a_connection_that_cannot_work_is_refused_with_what_to_do() {
    let error_of = |change: fn(&mut Opening)| {
        let mut opening = opening(Environment::Live, &FarSide::new(Vec::new()));
        change(&mut opening);
        match (super::super::SPEC.open)(opening) {
            Err(error @ ProviderError::Misconfigured { .. }) => error.to_string(),
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("it opened"),
        }
    };
    assert_eq!(
        error_of(|opening| opening.bearer = None),
        "tastytrade needs tokens: connect it again by a refresh token or by browser"
    );
    assert_eq!(
        error_of(|opening| drop(opening.addresses.remove("api_live"))),
        "the address providers.tastytrade.api_live is missing"
    );
    let wrong = error_of(|opening| {
        let key = "account_stream_live".into();
        opening.addresses.insert(key, "streamer".into());
    });
    assert!(wrong.ends_with("write it as scheme://host"), "{wrong}");
}

#[tokio::test]
async fn without_an_account_of_ours_there_are_no_order_events() {
    let rig = paper(Vec::new());
    assert_eq!(rig.provider.streams(&[]).len(), 1);
    let elsewhere = AccountId {
        connection: ConnectionId::new("other"),
        ..account_id()
    };
    assert_eq!(rig.provider.streams(&[elsewhere]).len(), 1);
}

#[tokio::test]
async fn market_data_are_only_asked_for_at_a_safe_address() {
    for (url, is_safe) in [
        ("ws://feed.example/realtime", false),
        ("https://feed.example", false),
        ("ws://127.0.0.1:4000/realtime", true),
    ] {
        let body = format!(r#"{{"data":{{"token":"t","dxlink-url":"{url}"}}}}"#);
        let rig = paper(vec![status(200, &body)]);
        let start = (rig.provider.streams(&[])[0].start)().await;
        assert_eq!(start.is_ok(), is_safe, "{url}");
    }
}
