//! The whole way with a plain server: every manner that a profile can have, by the browser and by hand.

use super::*;
use tradedeck::sim::oauth::{Consent, Pkce};

/// Signs in by the browser that comes back by itself; returns what the token endpoint gave.
async fn by_browser(broker: &Broker) -> Result<tradedeck::auth::Tokens, String> {
    let attempt = broker.attempt(3);
    let address = attempt.address().clone();
    let (waiting, _paste, _) = waiting(attempt, listen(&broker.profile).await);
    let (page, back) = browse(&address).await;
    let back = back.unwrap_or_else(|| panic!("{page}"));
    let (page, _) = browse(&back).await;
    assert!(
        !page.contains("code=") && !page.contains("error"),
        "nothing is shown again: {page}"
    );
    let code = waiting.await.unwrap()?;
    let tokens = broker.endpoint().exchange(&code).await;
    tokens.map_err(|error| error.to_string())
}

async fn redirect() -> String {
    format!("http://127.0.0.1:{}/cb/plain", free_port().await)
}

#[tokio::test]
async fn every_manner_of_a_profile_signs_in_and_renews() {
    use tradedeck::sim::oauth::ClientAuth as Theirs;
    for (pkce, theirs, ours, auth) in [
        (Pkce::Required, Theirs::Basic, true, ClientAuth::Basic),
        (Pkce::Optional, Theirs::Body, true, ClientAuth::Body),
        (Pkce::Ignored, Theirs::Body, false, ClientAuth::Body),
        (Pkce::Ignored, Theirs::Basic, false, ClientAuth::Basic),
    ] {
        let broker = Broker::new(
            &redirect().await,
            |rules| (rules.pkce, rules.client_auth) = (pkce, theirs),
            |profile| (profile.pkce, profile.client_auth) = (ours, auth),
        )
        .await;
        let tokens = by_browser(&broker).await.unwrap();
        assert!(tokens.refresh.is_some() && tokens.access_until.is_some());
        let renewed = broker.endpoint().refresh(&tokens).await.ok().unwrap();
        let token = |it: &tradedeck::auth::Tokens| it.access.as_ref().unwrap().expose().to_owned();
        assert_ne!(token(&renewed), token(&tokens));
        let bearer = broker.alone.server.bearer(&token(&renewed));
        assert!(bearer.is_ok());
        assert_eq!(broker.endpoint().revoke(&renewed).await, Ok(true));
        assert!(
            broker.endpoint().refresh(&renewed).await.is_err(),
            "it was given back"
        );
    }
}

/// `trades positions account market_data` at a server that knows those: a profile is data.
#[tokio::test]
async fn the_described_profile_signs_in_at_a_plain_server() {
    let scopes = "trades positions account market_data";
    let described = || scopes.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let broker = Broker::new(
        &redirect().await,
        |rules| {
            rules.scopes = described();
            rules.pkce = Pkce::Required;
        },
        |profile| profile.scopes = described(),
    )
    .await;
    let tokens = by_browser(&broker).await.unwrap();
    let access = tokens.access.unwrap();
    let bearer = broker.alone.server.bearer(access.expose()).unwrap();
    assert_eq!(bearer.scopes, described());
}

#[tokio::test]
async fn what_the_provider_says_no_to_has_its_own_sentence() {
    let denied = Broker::new(
        &redirect().await,
        |rules| rules.consent = Consent::Deny,
        |_| {},
    )
    .await;
    let why = by_browser(&denied).await.err().unwrap();
    assert!(why.contains("denied at the provider"), "{why}");
    let scopes = Broker::new(
        &redirect().await,
        |_| {},
        |profile| profile.scopes.push("more".into()),
    )
    .await;
    let why = by_browser(&scopes).await.err().unwrap();
    assert!(why.contains("refuses the scopes"), "{why}");
    let stranger = Broker::new(
        &redirect().await,
        |rules| rules.clients[0].secret = Some("another".into()),
        |_| {},
    )
    .await;
    let why = by_browser(&stranger).await.err().unwrap();
    assert!(why.contains("client id with this secret"), "{why}");
    let expired = Broker::new(&redirect().await, |rules| rules.code_seconds = 0, |_| {}).await;
    let why = by_browser(&expired).await.err().unwrap();
    assert!(why.contains("sign in again"), "{why}");
    assert!(!why.contains(SECRET), "{why}");
}

#[tokio::test]
async fn a_pasted_address_does_where_nothing_listens() {
    let broker = Broker::new("https://desk.example/cb/plain", |_| {}, |_| {}).await;
    let listening = listen(&broker.profile).await;
    assert!(listening.is_err(), "it is not on this machine");
    let attempt = broker.attempt(4);
    let address = attempt.address().clone();
    let (waiting, paste, _) = waiting(attempt, listening);
    let (_, back) = browse(&address).await;
    paste.send(back.unwrap().to_string().into()).await.unwrap();
    let code = waiting.await.unwrap().unwrap();
    assert!(!code_of(&code).is_empty());
    assert!(broker.endpoint().exchange(&code).await.is_ok());
}
