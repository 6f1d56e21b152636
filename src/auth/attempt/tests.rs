use super::*;
use crate::auth::profile::{ClientAuth, Redirect};

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(1_000_000 + seconds))
}

fn profile() -> Profile {
    Profile {
        authorize: Some(Url::parse("https://broker.example/authorize?brand=x").unwrap()),
        token: Url::parse("https://broker.example/token").unwrap(),
        revoke: None,
        scopes: vec!["read".into(), "trade".into()],
        pkce: true,
        client_auth: ClientAuth::Basic,
        redirect: Redirect::new("https://127.0.0.1:8182/cb/broker").unwrap(),
        state: true,
        issuer: None,
        refresh_life: None,
    }
}

fn random() -> Zeroizing<[u8; 64]> {
    Zeroizing::new(std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

fn attempt(profile: &Profile) -> Attempt {
    Attempt::start(profile, "client", &random(), at(0)).unwrap()
}

fn state(attempt: &Attempt) -> String {
    let mut pairs = attempt.address().query_pairs();
    pairs
        .find(|(key, _)| key == "state")
        .unwrap()
        .1
        .into_owned()
}

fn refused(taken: Result<Code, Refusal>) -> Refusal {
    taken.err().expect("it is refused")
}

#[test]
fn the_address_says_who_asks_for_what_and_binds_the_code() {
    let attempt = attempt(&profile());
    let address = attempt.address();
    assert!(
        address
            .as_str()
            .starts_with("https://broker.example/authorize?brand=x&")
    );
    let pairs: std::collections::BTreeMap<_, _> = address.query_pairs().into_owned().collect();
    let expected = [
        ("client_id", "client"),
        ("redirect_uri", "https://127.0.0.1:8182/cb/broker"),
        ("response_type", "code"),
        ("scope", "read trade"),
        ("code_challenge_method", "S256"),
    ];
    for (key, value) in expected {
        assert_eq!(pairs[key], value, "{key}");
    }
    // RFC 7636, 4.1: 43 characters; the challenge is a hash and not the verifier.
    assert_eq!(pairs["code_challenge"].len(), 43);
    assert_eq!(pairs["state"].len(), 43);
    let plain = Profile {
        pkce: false,
        state: false,
        ..profile()
    };
    let address =
        super::super::attempt::Attempt::start(&plain, "client", &random(), at(0)).unwrap();
    let query = address.address().query().unwrap().to_owned();
    assert!(
        !query.contains("challenge") && !query.contains("state"),
        "{query}"
    );
}

#[test]
fn the_right_answer_is_taken_once() {
    let mut attempt = attempt(&profile());
    let query = format!("code=C%40de&state={}&session=x", state(&attempt));
    let code = attempt.take_query(&query, at(1)).ok().unwrap();
    assert_eq!(code.expose(), "C@de");
    assert_eq!(code.verifier.unwrap().expose_secret().len(), 43);
    assert_eq!(refused(attempt.take_query(&query, at(2))), Refusal::Used);
}

#[test]
fn a_pasted_address_may_be_broken_into_lines() {
    let mut attempt = attempt(&profile());
    let address = format!(
        " https://127.0.0.1:8182/cb/broker\n  ?code=abc&sta\r\nte={} ",
        state(&attempt)
    );
    let code = attempt.take_pasted(&address, at(1)).ok().unwrap();
    assert_eq!(code.expose(), "abc");
}

#[test]
fn a_code_alone_is_taken_only_where_nothing_else_could_be_checked() {
    assert_eq!(
        refused(attempt(&profile()).take_pasted("abc123", at(1))),
        Refusal::CodeAlone
    );
    let without_state = Profile {
        state: false,
        ..profile()
    };
    let code = attempt(&without_state)
        .take_pasted("abc123", at(1))
        .ok()
        .unwrap();
    assert_eq!(code.expose(), "abc123");
}

#[test]
fn what_ends_an_attempt_and_what_is_a_stray() {
    let check = |query: &str, now: u64, expected: Refusal, ends: bool| {
        let mut attempt = attempt(&profile());
        let query = query.replace("STATE", &state(&attempt));
        assert_eq!(
            refused(attempt.take_query(&query, at(now))),
            expected,
            "{query}"
        );
        assert_eq!(expected.ends(), ends, "{query}");
        let right = format!("code=abc&state={}", state(&attempt));
        assert_eq!(attempt.take_query(&right, at(2)).is_ok(), !ends, "{query}");
    };
    check("error=access_denied&state=STATE", 1, Refusal::Denied, true);
    check(
        "error=invalid_scope&state=STATE",
        1,
        Refusal::InvalidScope,
        true,
    );
    check(
        "error=unauthorized_client&state=STATE",
        1,
        Refusal::Registration,
        true,
    );
    check(
        "error=temporarily_unavailable&state=STATE",
        1,
        Refusal::Unavailable,
        true,
    );
    check("error=strange&state=STATE", 1, Refusal::Other, true);
    // Without the state an error is nobody's: another page could end the attempt with it.
    check("error=access_denied", 1, Refusal::WrongState, false);
    check("error=access_denied&state=x", 1, Refusal::WrongState, false);
    check("code=abc", 1, Refusal::WrongState, false);
    check("code=abc&state=", 1, Refusal::Malformed, false);
    check(
        "code=abc&code=abd&state=STATE",
        1,
        Refusal::Malformed,
        false,
    );
    check(
        "code=abc&state=STATE&state=STATE",
        1,
        Refusal::Malformed,
        false,
    );
    check("code=&state=STATE", 1, Refusal::Malformed, false);
    check(
        "code=abc&error=access_denied&state=STATE",
        1,
        Refusal::Malformed,
        false,
    );
    check("state=STATE", 1, Refusal::Malformed, false);
    check("", 1, Refusal::WrongState, false);
}

#[test]
fn an_attempt_runs_out_after_five_minutes() {
    let query = |attempt: &Attempt| format!("code=abc&state={}", state(attempt));
    let mut early = attempt(&profile());
    assert!(early.take_query(&query(&early), at(299)).is_ok());
    let mut late = attempt(&profile());
    assert_eq!(
        refused(late.take_query(&query(&late), at(300))),
        Refusal::Expired
    );
}

#[test]
fn another_issuer_than_the_one_asked_ends_the_attempt() {
    let asked = Profile {
        issuer: Some("https://broker.example".into()),
        ..profile()
    };
    let answer = |iss: &str| {
        let mut attempt = attempt(&asked);
        let query = format!("code=abc&state={}{iss}", state(&attempt));
        attempt.take_query(&query, at(1)).map(|_| ())
    };
    assert_eq!(answer("&iss=https%3A%2F%2Fbroker.example"), Ok(()));
    assert_eq!(
        answer("&iss=https%3A%2F%2Fevil.example"),
        Err(Refusal::WrongIssuer)
    );
    assert_eq!(answer(""), Err(Refusal::WrongIssuer));
}

/// Places that are not the redirect address, though some look like it.
const ELSEWHERE: [&str; 30] = [
    "http://127.0.0.1:8182/cb/broker",
    "https://127.0.0.1/cb/broker",
    "https://127.0.0.1:8183/cb/broker",
    "https://127.0.0.1:81820/cb/broker",
    "https://127.0.0.1.evil.example:8182/cb/broker",
    "https://evil.example:8182/cb/broker",
    "https://localhost:8182/cb/broker",
    "https://[::1]:8182/cb/broker",
    "https://127.0.0.2:8182/cb/broker",
    "https://127.0.0.1:8182/cb/other",
    "https://127.0.0.1:8182/cb/broker/",
    "https://127.0.0.1:8182/cb",
    "https://127.0.0.1:8182/",
    "https://127.0.0.1:8182",
    "https://127.0.0.1:8182/CB/broker",
    "https://127.0.0.1:8182/cb//broker",
    "https://127.0.0.1:8182/cb/broker%2f",
    "https://127.0.0.1:8182/cb/%62roker",
    "https://user@127.0.0.1:8182/cb/broker",
    "https://user:word@127.0.0.1:8182/cb/broker",
    "https://:word@127.0.0.1:8182/cb/broker",
    "https://127.0.0.1:8182@evil.example/cb/broker",
    "https://evil.example/https://127.0.0.1:8182/cb/broker",
    "ftp://127.0.0.1:8182/cb/broker",
    "file:///cb/broker",
    "javascript:alert(1)//",
    "data:text/html,",
    "wss://127.0.0.1:8182/cb/broker",
    "HTTPS://127.0.0.1:8182/cb/brokerx",
    "about:blank",
];

/// Addresses that a person, or somebody who talked them into it, might paste.
#[test]
fn pasteback() {
    let state = state(&attempt(&profile()));
    let good = format!("https://127.0.0.1:8182/cb/broker?code=abc&state={state}");
    let long = format!("{good}&x={}", "y".repeat(9_000));
    let elsewhere = ELSEWHERE.map(|start| format!("{start}?code=abc&state={state}"));
    let whole = [
        String::new(),
        " \n\t ".into(),
        "abc".into(),
        "abc def".into(),
        format!("code=abc&state={state}"),
        format!("?code=abc&state={state}"),
        format!("/cb/broker?code=abc&state={state}"),
        format!("127.0.0.1:8182/cb/broker?code=abc&state={state}"),
        format!("//127.0.0.1:8182/cb/broker?code=abc&state={state}"),
        format!("https:///cb/broker?code=abc&state={state}"),
        format!("{good}#"),
        format!("{good}#code=abd"),
        format!("{good}&code=abd"),
        format!("{good}&state={state}"),
        format!("{good}&error=access_denied"),
        format!("{good}x"),
        good.replace("code=abc", "code="),
        good.replace("code=abc", "Code=abc"),
        good.replace("code=abc", "code"),
        good.replace("&state", "&State"),
        good.replace(&state, ""),
        good.replace(&state, &state.to_uppercase()),
        good.replace(&state, &state[1..]),
        good.replace(&format!("&state={state}"), ""),
        good.replace('?', "#"),
        good.replace('?', "%3F"),
        good.replace('&', "&amp;"),
        good.replace('&', ";"),
        format!("\"{good}\""),
        format!("<{good}>"),
        format!("{good}{good}"),
        long,
    ];
    let refused: Vec<String> = elsewhere.into_iter().chain(whole).collect();
    assert!(refused.len() >= 60, "{}", refused.len());
    let mut attempt = attempt(&profile());
    for address in &refused {
        let why = attempt.take_pasted(address, at(1)).err();
        let why = why.unwrap_or_else(|| panic!("taken: {address}"));
        assert!(!why.ends(), "{address}: {why}");
    }
    assert!(
        attempt.take_pasted(&good, at(1)).is_ok(),
        "the right one still comes in"
    );
    assert_eq!(refused.len(), 62);
}
