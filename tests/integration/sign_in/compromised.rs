//! A copy of the vault is in wrong hands: what is revoked where, and what the person is told to do.

use super::desk::Desk;
use tradedeck::link::vault::Revoked;

const REVOKE: [(&str, &str); 1] = [("oauth_revoke", "/oauth/revoke")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_given_back_where_the_provider_takes_them() {
    let mut desk = Desk::signed_in_with(&REVOKE).await;
    let revoke = Some("/oauth/revoke".to_owned());
    desk.auth().change(|profile| profile.paths.revoke = revoke);
    let revoked = desk.compromised().await;
    let [tasty] = &revoked[..] else {
        panic!("{revoked:?}")
    };
    assert_eq!(tasty.revoked, Revoked::Tokens);
    assert_eq!(desk.auth().counts().revocations, 1);
    let told = tasty.sentence();
    assert!(told.contains("its tokens are revoked"), "{told}");
    assert!(told.contains("my.tastytrade.com"), "{told}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_revoked_is_told_with_the_place() {
    let mut desk = Desk::signed_in().await;
    let told = desk.compromised().await[0].sentence();
    assert!(told.contains("takes no tokens back"), "{told}");
    assert!(told.contains("by hand"), "{told}");
    assert!(told.contains("my.tastytrade.com"), "{told}");
    desk.stop().await;

    let mut desk = Desk::signed_in_with(&REVOKE).await;
    desk.sim.goes_away().await;
    let revoked = desk.compromised().await;
    assert!(matches!(revoked[0].revoked, Revoked::Nothing { .. }));
    let told = revoked[0].sentence();
    for words in ["by hand", "connect", "my.tastytrade.com"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    desk.stop().await;
}
