//! A connection's life, from the sign-in to the end: a day of renewals, a token that died, signing in again, removal.

use super::desk::{Desk, Heard, NAME, is_live, is_open, wants_sign_in};
use tradedeck::domain::{ConnectionId, Environment, ProviderId};
use tradedeck::link::{Addition, Request, SecretRequest, SignInRequest};
use tradedeck::sim::oauth::{Consent, Rotation};

fn again() -> SignInRequest {
    SignInRequest::Again {
        connection: ConnectionId::new(NAME),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_by_browser_and_sees_accounts() {
    let desk = Desk::signed_in().await;
    assert_eq!(desk.replica.accounts.len(), 2);
    let connection = desk.connection();
    assert!(connection.by_browser && connection.session_until.is_some());
    assert_eq!(desk.auth().counts().exchanges, 1);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_by_a_pasted_address_and_by_a_token_of_their_own() {
    let mut desk = Desk::new().await;
    let request = desk.new_by_code();
    desk.secret(SecretRequest::SignIn(request));
    let Heard::Waiting(address) = desk.hear().await else {
        panic!("it waits for the browser");
    };
    let (_, back) = super::browse(&address).await;
    let stray = "http://127.0.0.1:1/elsewhere?code=x".to_owned().into();
    desk.secret(SecretRequest::SignIn(SignInRequest::Pasted {
        address: stray,
    }));
    assert!(
        matches!(desk.hear().await, Heard::Waiting(_)),
        "it waits on"
    );
    let address = back.unwrap().to_string().into();
    desk.secret(SecretRequest::SignIn(SignInRequest::Pasted { address }));
    assert!(matches!(
        desk.hear().await,
        Heard::Came(Addition::Added { .. })
    ));

    let customer = desk.customer();
    desk.secret(SecretRequest::AddConnection {
        name: Some(ConnectionId::new("own")),
        provider: ProviderId::new("tastytrade"),
        environment: Environment::Paper,
        way: "token".into(),
        secrets: vec![
            ("client_secret".into(), customer.client_secret.into()),
            ("refresh_token".into(), customer.refresh_token.into()),
        ],
    });
    assert!(matches!(
        desk.hear().await,
        Heard::Came(Addition::Added { .. })
    ));
    desk.until("both are there", |replica| replica.connections.len() == 2)
        .await;
    desk.stop().await;
}

/// A day in steps in which every access token ends; the provider gives a new refresh token each time. Our own budget of
/// requests goes by the real clock, so the steps are few.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_renewals_costs_one_exchange_each_and_survives_a_lock() {
    let mut desk = Desk::signed_in().await;
    desk.auth()
        .change(|rules| rules.rotation = Rotation::Replace { grace: 0 });
    for step in 1..=6 {
        desk.pass(4 * 60 * 60).await;
        if step == 3 {
            desk.request(Request::Lock);
            desk.until("it is locked", |replica| !is_open(replica))
                .await;
            let passphrase = "correct horse battery staple".to_owned().into();
            desk.secret(SecretRequest::Unlock { passphrase });
            desk.until("it is open again", is_open).await;
            desk.until("everything was read", is_live).await;
        }
    }
    let counts = desk.auth().counts();
    assert_eq!((counts.invalid_grants, counts.refresh_reuses), (0, 0));
    assert!((6..=7).contains(&counts.refreshes), "{}", counts.refreshes);
    assert!(is_live(&desk.replica));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_refresh_token_asks_for_the_person_and_keeps_what_was_known() {
    let mut desk = Desk::signed_in().await;
    desk.auth().withdraw("ada");
    desk.pass(16 * 60).await;
    desk.until("it wants a sign-in", wants_sign_in).await;
    assert_eq!(desk.replica.accounts.len(), 2, "what was known stays");
    assert!(!desk.replica.positions.is_empty());
    let asked = desk.auth().counts().refreshes;
    desk.request(Request::Refresh { connection: None });

    let came = desk.sign_in(again()).await;
    assert!(matches!(came, Addition::Added { .. }), "{came:?}");
    desk.until("it is live again", is_live).await;
    assert_eq!(
        desk.auth().counts().refreshes,
        asked,
        "nothing was tried in vain"
    );
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_to_other_accounts_changes_nothing() {
    let mut desk = Desk::signed_in().await;
    desk.auth()
        .change(|rules| rules.consent = Consent::Approve("grace".into()));
    let came = desk.sign_in(again()).await;
    let Addition::Refused { why } = came else {
        panic!("{came:?}");
    };
    assert!(why.as_str().contains("other accounts"), "{why}");
    desk.pass(16 * 60).await;
    assert!(is_live(&desk.replica), "the old tokens are still good");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_is_denied_or_given_up_leaves_nothing_behind() {
    let mut desk = Desk::new().await;
    desk.auth().change(|rules| rules.consent = Consent::Deny);
    let request = desk.new_by_code();
    let came = desk.sign_in(request).await;
    assert!(matches!(came, Addition::Refused { .. }), "{came:?}");
    let request = desk.new_by_code();
    desk.secret(SecretRequest::SignIn(request));
    assert!(matches!(desk.hear().await, Heard::Waiting(_)));
    desk.secret(SecretRequest::SignIn(SignInRequest::GiveUp));
    // The place where the browser comes back is free for the next attempt.
    desk.auth()
        .change(|rules| rules.consent = Consent::Approve("ada".into()));
    let request = desk.new_by_code();
    let came = desk.sign_in(request).await;
    assert!(matches!(came, Addition::Added { .. }), "{came:?}");
    assert_eq!(desk.replica.connections.len().max(1), 1);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_connection_is_forgotten() {
    let mut desk = Desk::signed_in().await;
    desk.secret(SecretRequest::RemoveConnection {
        connection: ConnectionId::new(NAME),
    });
    desk.until("it is gone", |replica| replica.connections.is_empty())
        .await;
    desk.request(Request::Lock);
    desk.until("it is locked", |replica| !is_open(replica))
        .await;
    let passphrase = "correct horse battery staple".to_owned().into();
    desk.secret(SecretRequest::Unlock { passphrase });
    desk.until("it is open again", is_open).await;
    assert!(desk.replica.connections.is_empty());
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_connection_goes_on_with_the_tokens_of_its_new_sign_in() {
    let mut desk = Desk::signed_in().await;
    desk.auth()
        .change(|rules| rules.rotation = Rotation::Replace { grace: 0 });
    let came = desk.sign_in(again()).await;
    assert!(matches!(came, Addition::Added { .. }), "{came:?}");
    desk.until("it is live again", is_live).await;
    desk.pass(16 * 60).await;
    assert!(is_live(&desk.replica));
    let counts = desk.auth().counts();
    assert_eq!((counts.exchanges, counts.refreshes), (2, 1));
    assert_eq!((counts.invalid_grants, counts.refresh_reuses), (0, 0));
    desk.stop().await;
}
