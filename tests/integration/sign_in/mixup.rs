//! Two brokers at once: an answer of one never reaches the other's token endpoint (RFC 9700, 4.4).

use super::*;

/// Both signing in at the same time, as two screens would.
struct Two {
    honest: Broker,
    evil: Broker,
}

async fn two(issuers: bool) -> Two {
    let port = free_port().await;
    let other = free_port().await;
    let issuer = |name: &str| issuers.then(|| format!("https://{name}.example"));
    let (ours, theirs) = (issuer("honest"), issuer("evil"));
    let broker = |port: u16, name: &'static str, issuer: Option<String>| async move {
        let redirect = format!("http://127.0.0.1:{port}/cb/{name}");
        let said = issuer.clone();
        Broker::new(
            &redirect,
            |rules| rules.issuer = said,
            |ours| ours.issuer = issuer,
        )
        .await
    };
    Two {
        honest: broker(port, "honest", ours).await,
        evil: broker(other, "evil", theirs).await,
    }
}

#[tokio::test]
async fn mixup() {
    for issuers in [false, true] {
        let Two { honest, evil } = two(issuers).await;
        let (mine, theirs) = (honest.attempt(1), evil.attempt(2));
        let (my_address, their_address) = (mine.address().clone(), theirs.address().clone());
        let (my_wait, my_paste, my_strays) = waiting(mine, listen(&honest.profile).await);
        let (their_wait, their_paste, their_strays) = waiting(theirs, listen(&evil.profile).await);
        let (_, my_answer) = browse(&my_address).await;
        let (_, their_answer) = browse(&their_address).await;
        let (my_answer, their_answer) = (my_answer.unwrap(), their_answer.unwrap());

        // Each answer at the other's door, by the browser and by hand, as it is and with the other's state.
        for (answer, door, paste) in [
            (&my_answer, evil.profile.redirect.url(), &their_paste),
            (&their_answer, honest.profile.redirect.url(), &my_paste),
        ] {
            let mut crossed = door.clone();
            crossed.set_query(answer.query());
            let (page, _) = browse(&crossed).await;
            assert!(page.starts_with("HTTP/1.1 400"), "{page}");
            paste.send(crossed.to_string().into()).await.unwrap();
            paste.send(answer.to_string().into()).await.unwrap();
        }
        // Both still take what is theirs.
        let (page, _) = browse(&my_answer).await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let code = my_wait.await.unwrap().unwrap();
        assert!(honest.endpoint().exchange(&code).await.is_ok());
        let (page, _) = browse(&their_answer).await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let code = their_wait.await.unwrap().unwrap();
        assert!(evil.endpoint().exchange(&code).await.is_ok());
        assert_eq!((honest.exchanges(), evil.exchanges()), (1, 1));
        assert!(!my_strays.lock().unwrap().is_empty());
        assert!(!their_strays.lock().unwrap().is_empty());
    }
}

/// One that makes the other's code arrive with our state: the issuer tells, and without one the code is worth nothing
/// at another token endpoint, where it is not sent anyway.
#[tokio::test]
async fn mixup_of_a_code_with_our_own_state() {
    let Two { honest, evil } = two(true).await;
    let (mut mine, theirs) = (honest.attempt(1), evil.attempt(2));
    let (_, their_answer) = browse(&theirs.address().clone()).await;
    let pair = |url: &Url, wanted: &str| {
        let found = url.query_pairs().find(|(key, _)| key == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    let their_answer = their_answer.unwrap();
    let mut forged = honest.profile.redirect.url().clone();
    forged
        .query_pairs_mut()
        .append_pair("code", &pair(&their_answer, "code").unwrap())
        .append_pair("state", &pair(mine.address(), "state").unwrap())
        .append_pair("iss", &pair(&their_answer, "iss").unwrap());
    let refused = mine.take_pasted(forged.as_str(), now()).err().unwrap();
    assert_eq!(refused, tradedeck::auth::attempt::Refusal::WrongIssuer);
    assert_eq!((honest.exchanges(), evil.exchanges()), (0, 0));
}
