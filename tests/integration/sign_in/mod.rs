//! Signing in and staying signed in, against authorization servers on this machine.

mod alpaca;
mod compromised;
mod desk;
mod ibkr;
mod life;
mod mixup;
mod plain;
mod processes;

use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tradedeck::auth::redirect::{Listener, NotListening};
use tradedeck::auth::{
    Attempt, Client, ClientAuth, Code, Profile, Redirect, TokenEndpoint, sign_in,
};
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::oauth::{self, Alone};
use url::Url;
use zeroize::Zeroizing;

const SECRET: &str = "not-so-secret";

/// A broker's authorization server, and what we are registered with there.
struct Broker {
    alone: Alone,
    profile: Profile,
    client: Client,
}

impl Broker {
    /// With its rules, and ours, changed by the test.
    async fn new(
        redirect: &str,
        rules: impl FnOnce(&mut oauth::Profile),
        ours: impl FnOnce(&mut Profile),
    ) -> Self {
        let mut plain = oauth::Profile::plain(oauth::Client {
            id: "tradedeck".into(),
            secret: Some(SECRET.into()),
            redirects: vec![redirect.to_owned()],
        });
        rules(&mut plain);
        let alone = oauth::start(plain, 7, Arc::new(SystemClock), 0)
            .await
            .unwrap();
        let at = |path: &str| Url::parse(&format!("http://{}{path}", alone.address)).unwrap();
        let mut profile = Profile {
            authorize: Some(at("/authorize")),
            token: at("/token"),
            revoke: Some(at("/revoke")),
            scopes: vec!["read".into(), "trade".into()],
            pkce: true,
            client_auth: ClientAuth::Basic,
            redirect: Redirect::new(redirect).unwrap(),
            state: true,
            issuer: None,
            refresh_life: None,
        };
        ours(&mut profile);
        Self {
            alone,
            profile,
            client: Client {
                id: "tradedeck".into(),
                secret: Some(Arc::new(SecretString::from(SECRET))),
            },
        }
    }

    fn attempt(&self, seed: u8) -> Attempt {
        let random = Zeroizing::new([seed; 64]);
        Attempt::start(&self.profile, &self.client.id, &random, now()).unwrap()
    }

    fn endpoint(&self) -> TokenEndpoint {
        TokenEndpoint::new(
            Arc::new(self.profile.clone()),
            self.client.clone(),
            Arc::new(WebTransport::new(Patience::default()).unwrap()),
            Arc::new(SystemClock),
        )
    }

    /// How often its token endpoint was asked for anything.
    fn exchanges(&self) -> u64 {
        self.alone.faults.seen("token", "post")
    }
}

fn now() -> tradedeck::domain::Timestamp {
    use tradedeck::domain::Clock as _;
    SystemClock.now()
}

/// A port that was free a moment ago.
async fn free_port() -> u16 {
    let socket = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    socket.local_addr().unwrap().port()
}

/// What a browser does: asks, and says where it is sent.
async fn browse(url: &Url) -> (String, Option<Url>) {
    let address: SocketAddr = url.socket_addrs(|| None).unwrap()[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let location = answer
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("location: ")
                .map(|_| &line[10..])
        })
        .map(|text| Url::parse(text.trim()).unwrap());
    (answer, location)
}

/// What a wait for the browser comes to, where an address can be pasted meanwhile, and the strays it heard of.
type Wait = (
    tokio::task::JoinHandle<Result<Code, String>>,
    mpsc::Sender<SecretString>,
    Arc<Mutex<Vec<String>>>,
);

/// Waits for the browser as the product does.
fn waiting(attempt: Attempt, listener: Result<Listener, NotListening>) -> Wait {
    let (paste, pasted) = mpsc::channel(4);
    let strays = Arc::<Mutex<Vec<String>>>::default();
    let seen = strays.clone();
    let waiting = tokio::spawn(async move {
        let stray = move |refusal: tradedeck::auth::attempt::Refusal| {
            seen.lock().unwrap().push(refusal.to_string());
        };
        let attempt = Arc::new(Mutex::new(attempt));
        let clock = Arc::new(SystemClock);
        let code = sign_in::wait(attempt, listener.ok(), pasted, clock, stray).await;
        code.map_err(|refusal| refusal.to_string())
    });
    (waiting, paste, strays)
}

async fn listen(profile: &Profile) -> Result<Listener, NotListening> {
    Listener::bind(profile.redirect.url(), Duration::from_secs(5)).await
}

fn code_of(code: &Code) -> &str {
    code.code.expose_secret()
}
