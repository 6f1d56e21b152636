use super::*;
use crate::auth::profile::{ClientAuth, Profile, Redirect};
use crate::auth::sign_in;
use crate::domain::Timestamp;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

/// A listener with an attempt, and what the wait for it came to.
struct Stage {
    address: SocketAddr,
    state: String,
    strays: Arc<Mutex<Vec<Refusal>>>,
    waiting: tokio::task::JoinHandle<Result<Code, Refusal>>,
    _paste: mpsc::Sender<secrecy::SecretString>,
}

async fn stage(scheme: &str, patience: Duration) -> Stage {
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = sockets.local_addr().unwrap();
    let profile = Profile {
        authorize: Some(Url::parse("https://broker.example/authorize").unwrap()),
        token: Url::parse("https://broker.example/token").unwrap(),
        revoke: None,
        scopes: Vec::new(),
        pkce: true,
        client_auth: ClientAuth::Basic,
        redirect: Redirect::new(&format!("{scheme}://{address}/cb/broker")).unwrap(),
        state: true,
        issuer: None,
        refresh_life: None,
    };
    let random = Zeroizing::new([7; 64]);
    let attempt = Attempt::start(&profile, "client", &random, Timestamp::EPOCH).unwrap();
    let pairs: std::collections::BTreeMap<_, _> =
        attempt.address().query_pairs().into_owned().collect();
    let listener = Listener::on(sockets, profile.redirect.url(), patience).unwrap();
    let attempt = Arc::new(Mutex::new(attempt));
    let (paste, pasted) = mpsc::channel(1);
    let strays = Arc::<Mutex<Vec<Refusal>>>::default();
    let seen = strays.clone();
    let waiting = tokio::spawn(async move {
        let stray = move |refusal| seen.lock().unwrap().push(refusal);
        sign_in::wait(attempt, Some(listener), pasted, Arc::new(Fixed), stray).await
    });
    Stage {
        address,
        state: pairs["state"].clone(),
        strays,
        waiting,
        _paste: paste,
    }
}

impl Stage {
    /// Sends these bytes and returns everything that comes back.
    async fn send(&self, request: &str) -> String {
        let request = request
            .replace("HOST", &self.address.to_string())
            .replace("STATE", &self.state);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may be refused before all of it is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn finish(self) -> String {
        let answer = self
            .send("GET /cb/broker?code=good&state=STATE HTTP/1.1\r\nHost: HOST\r\n\r\n")
            .await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(TAKEN), "{answer}");
        let code = self.waiting.await.unwrap();
        code.ok().unwrap().code.expose_secret().to_owned()
    }
}

/// Requests for the right host that say the wrong thing, or to the wrong path.
fn wrong_targets() -> Vec<String> {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: HOST\r\n\r\n");
    vec![
        get("/cb/broker"),
        get("/cb/broker?"),
        get("/cb/broker?code=evil"),
        get("/cb/broker?state=STATE"),
        get("/cb/broker?code=evil&state=wrong"),
        get("/cb/broker?code=evil&state="),
        get("/cb/broker?code=&state=STATE"),
        get("/cb/broker?code=evil&code=worse&state=STATE"),
        get("/cb/broker?code=evil&state=STATE&state=STATE"),
        get("/cb/broker?code=evil&state=STATEx"),
        get("/cb/broker?error=access_denied"),
        get("/cb/broker?error=access_denied&state=wrong"),
        get("/cb/broker?error=<script>&state=wrong"),
        get("/cb/broker?code=evil&error=access_denied&state=STATE"),
        get("/cb/broker/?code=evil&state=STATE"),
        get("/cb/other?code=evil&state=STATE"),
        get("/cb/../cb/broker?code=evil&state=STATE"),
        get("//cb/broker?code=evil&state=STATE"),
        get("/?code=evil&state=STATE"),
        get("/favicon.ico"),
        get("/CB/BROKER?code=evil&state=STATE"),
        get("/cb/%62roker?code=evil&state=STATE"),
        get(&format!(
            "/cb/broker?code={}&state=STATE",
            "x".repeat(1 << 20)
        )),
    ]
}

/// Requests that say the right thing in the wrong way.
fn wrong_manners() -> Vec<String> {
    let with = |line: &str| {
        format!("GET /cb/broker?code=evil&state=STATE HTTP/1.1\r\nHost: HOST\r\n{line}\r\n\r\n")
    };
    let host = |host: &str| {
        format!("GET /cb/broker?code=evil&state=STATE HTTP/1.1\r\nHost: {host}\r\n\r\n")
    };
    let method = |method: &str| {
        format!(
            "{method} /cb/broker?code=evil&state=STATE HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n"
        )
    };
    vec![
        with("Origin: https://evil.example"),
        with("Origin: http://127.0.0.1"),
        with("Host: evil.example"),
        with(&format!("X: {}", "y".repeat(20_000))),
        host("localhost"),
        host("127.0.0.1"),
        host("evil.example"),
        host("127.0.0.1:1"),
        host(""),
        method("POST"),
        method("PUT"),
        method("HEAD"),
        method("OPTIONS"),
        method("DELETE"),
        "GET /cb/broker?code=evil&state=STATE HTTP/1.1\r\n\r\n".to_owned(),
        "GET /cb/broker?code=evil&state=STATE HTTP/1.1\r\nHost: HOST\r\n".to_owned(), // never ends
        "\x16\x03\x01\x02\x00\x01\x00".to_owned(),                                    // TLS
    ]
}

/// Requests that anything on this machine, or a page in the browser, might send.
#[tokio::test]
async fn callback() {
    let stage = stage("http", Duration::from_millis(200)).await;
    let hostile = [wrong_targets(), wrong_manners()].concat();
    assert_eq!(hostile.len(), 40);
    for request in &hostile {
        let answer = stage.send(request).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{request}\n{answer}");
        assert!(
            !answer.contains("evil") && !answer.contains("script"),
            "{answer}"
        );
    }
    assert!(stage.strays.lock().unwrap().iter().all(|it| !it.ends()));
    assert_eq!(stage.finish().await, "good");
}

#[tokio::test]
async fn more_connections_than_there_are_seats_do_not_keep_the_answer_out() {
    let stage = stage("http", Duration::from_millis(200)).await;
    let mut silent = Vec::new();
    for _ in 0..MOST_CONNECTIONS * 2 {
        silent.push(TcpStream::connect(stage.address).await.unwrap());
    }
    assert_eq!(stage.finish().await, "good");
}

#[tokio::test]
async fn an_https_address_is_answered_in_tls_alone() {
    let stage = stage("https", Duration::from_millis(200)).await;
    let request = "GET /cb/broker?code=plain&state=STATE HTTP/1.1\r\nHost: HOST\r\n\r\n";
    assert!(!stage.send(request).await.contains("HTTP/"));
    assert!(!stage.waiting.is_finished());
}

#[tokio::test]
async fn only_this_machine_can_be_listened_at() {
    for redirect in [
        "http://192.0.2.1:8182/cb",
        "http://0.0.0.0:8182/cb",
        "https://example.com/cb",
    ] {
        let bound = Listener::bind(&Url::parse(redirect).unwrap(), Duration::ZERO).await;
        assert!(matches!(bound, Err(NotListening::Elsewhere)), "{redirect}");
    }
}
