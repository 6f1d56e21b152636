use super::super::error::Reached;
use super::super::rate_limit::Purpose;
use super::*;
use ::http::{HeaderName, Method};
use flate2::{Compression, write::GzEncoder};
use secrecy::SecretString;
use std::io::Write;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server does after it has read a request.
#[derive(Clone)]
enum Act {
    Send(Vec<u8>),
    Hold,
    Close,
}

fn send(text: impl Into<Vec<u8>>) -> Act {
    Act::Send(text.into())
}

/// A server written by hand: each request is answered by the next script; all requests are kept.
struct Server {
    url: Url,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/v2/x?token=canary",
            listener.local_addr().unwrap()
        );
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, scripts.clone(), record.clone()));
            }
        });
        Self {
            url: Url::parse(&url).unwrap(),
            seen,
        }
    }

    async fn once(script: Vec<Act>) -> Self {
        Self::start(vec![script]).await
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    async fn get(&self) -> Result<Response, NetError> {
        transport(quick())
            .send(&Request::get(self.url.clone()))
            .await
    }
}

async fn serve(mut stream: TcpStream, scripts: Vec<Vec<Act>>, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let turn = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len() - 1
        };
        for act in scripts.get(turn).or(scripts.last()).unwrap() {
            match act {
                Act::Send(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Act::Hold => std::future::pending().await,
                Act::Close => return,
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
    }
}

/// Short enough that a test of waiting is over at once, long enough for a busy machine to answer.
fn quick() -> Patience {
    Patience {
        first_byte: Duration::from_secs(5),
        ..Patience::default()
    }
}

fn transport(patience: Patience) -> WebTransport {
    WebTransport::new(patience).unwrap()
}

fn page(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

#[tokio::test]
async fn an_answer_arrives_whole_with_its_headers() {
    let head = "HTTP/1.1 404 Not Found\r\nX-Request-ID: abc\r\nX-RateLimit-Remaining: 7\r\n";
    let server = Server::once(vec![send(format!("{head}content-length: 2\r\n\r\n{{}}"))]).await;
    let answer = server.get().await.unwrap();
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body, "{}");
    assert_eq!(answer.header("x-request-id"), Some("abc"));
    assert_eq!(answer.rate_report().remaining, Some(7));
}

#[tokio::test]
async fn a_request_arrives_as_it_was_written() {
    let server = Server::once(vec![send(page("{}"))]).await;
    let order = Request::new(Method::POST, server.url.clone(), Purpose::Order)
        .query("a b", "BTC/USD")
        .secret_header(
            HeaderName::from_static("apca-api-secret-key"),
            SecretString::from("s3cret"),
        )
        .json(r#"{"qty":"1"}"#);
    transport(quick()).send(&order).await.unwrap();
    let seen = server.seen().remove(0);
    assert!(seen.starts_with("POST /v2/x?token=canary&a+b=BTC%2FUSD HTTP/1.1\r\n"));
    for line in [
        "apca-api-secret-key: s3cret",
        "content-type: application/json",
        "accept-encoding: gzip",
        concat!("user-agent: tradedeck/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(seen.contains(&format!("{line}\r\n")), "{line} in {seen}");
    }
    assert!(seen.ends_with("\r\n\r\n{\"qty\":\"1\"}"));
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_and_a_bomb_is_not() {
    let server = Server::once(vec![send(packed(b"{\"id\":1}"))]).await;
    assert_eq!(server.get().await.unwrap().body, "{\"id\":1}");
    let server = Server::once(vec![send(packed(&vec![b' '; 6 << 20]))]).await;
    assert_eq!(server.get().await, Err(NetError::Bomb { ratio: 100 }));
}

#[tokio::test]
async fn fifty_megabytes_are_refused_by_their_announcement_and_by_count() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 50 << 20);
    let server = Server::once(vec![send(announced), Act::Hold]).await;
    let too_large = Err(NetError::TooLarge {
        what: "the answer",
        limit: 8 << 20,
    });
    assert_eq!(server.get().await, too_large);
    let piece = [
        b"100000\r\n".to_vec(),
        vec![b'x'; 0x10_0000],
        b"\r\n".to_vec(),
    ]
    .concat();
    let mut script = vec![send(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    )];
    script.extend((0..50).map(|_| send(piece.clone())));
    let server = Server::once(script).await;
    assert_eq!(server.get().await, too_large);
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "v".repeat(70_000));
    for headers in [many, long] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
        let server = Server::once(vec![send(head)]).await;
        assert!(server.get().await.is_err());
    }
}

#[tokio::test]
async fn a_redirect_is_refused_and_nothing_follows_it() {
    let target = Server::once(vec![send(page("{}"))]).await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            target.url
        );
        let server = Server::once(vec![send(head)]).await;
        assert_eq!(server.get().await, Err(NetError::Redirect { status }));
    }
    assert!(target.seen().is_empty());
}

#[tokio::test]
async fn a_cut_body_is_an_error_and_not_a_short_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"id\":1}";
    let server = Server::once(vec![send(head), Act::Close]).await;
    let error = server.get().await.unwrap_err();
    assert!(matches!(error, NetError::Broken { .. }), "{error}");
}

#[tokio::test]
async fn silence_before_and_within_the_answer_ends() {
    let short = Patience {
        first_byte: Duration::from_millis(20),
        trickle: Duration::from_millis(20),
        ..quick()
    };
    let server = Server::once(vec![Act::Hold]).await;
    let request = Request::get(server.url.clone());
    let error = transport(short).send(&request).await.unwrap_err();
    let step = Step::FirstByte;
    assert!(matches!(error, NetError::Timeout { step: s, .. } if s == step));

    let patient = Patience {
        first_byte: Duration::from_secs(5),
        ..short
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    let server = Server::once(vec![send(head), Act::Hold]).await;
    let request = Request::get(server.url.clone());
    let error = transport(patient).send(&request).await.unwrap_err();
    assert_eq!(error, NetError::Stalled);
}

#[tokio::test]
async fn garbage_instead_of_http_is_an_error() {
    for garbage in [
        "<html>hello</html>\r\n\r\n",
        "\x16\x03\x01",
        "SSH-2.0-x\r\n",
    ] {
        let server = Server::once(vec![send(garbage), Act::Close]).await;
        assert!(server.get().await.is_err(), "{garbage}");
    }
}

#[tokio::test]
async fn a_page_of_html_is_an_answer_like_any_other() {
    let server = Server::once(vec![send(page("<html>maintenance</html>"))]).await;
    assert_eq!(server.get().await.unwrap().body, "<html>maintenance</html>");
}

/// The connection is kept open after a good answer and dies at the second request: the moment at which a client is
/// tempted to send again on a fresh one.
#[tokio::test]
async fn an_order_is_never_sent_twice_by_the_layers_below() {
    for death in [
        vec![Act::Close],
        vec![send("HTTP/1.1 200 OK\r\ncontent-le"), Act::Close],
        vec![send("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")],
    ] {
        let server = Server::start(vec![vec![send(page("{}"))], death]).await;
        let transport = transport(quick());
        let get = Request::get(server.url.clone());
        transport.send(&get).await.unwrap();
        let order = Request::new(Method::POST, server.url.clone(), Purpose::Order).json("{}");
        match transport.send(&order).await {
            Ok(answer) => assert_eq!(answer.status, 503),
            Err(error) => assert_eq!(error.reached(), Reached::Perhaps, "{error}"),
        }
        let posts = server
            .seen()
            .iter()
            .filter(|r| r.starts_with("POST"))
            .count();
        assert_eq!(posts, 1);
    }
}

#[tokio::test]
async fn nobody_listening_is_certain_not_to_have_acted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse(&format!("http://{address}/?token=canary")).unwrap();
    let error = transport(quick())
        .send(&Request::get(url))
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::Connect { .. }), "{error:?}");
    assert_eq!(error.reached(), Reached::No);
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[tokio::test]
async fn plain_text_where_encryption_is_spoken_is_a_tls_error() {
    let server = Server::once(vec![send(page("{}"))]).await;
    let url = Url::parse(&server.url.as_str().replace("http://", "https://")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut encrypted = url.clone();
    encrypted
        .set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let error = transport(quick())
        .send(&Request::get(encrypted))
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error:?}");
    assert_eq!(error.reached(), Reached::No);
}

#[tokio::test]
async fn plain_text_to_another_machine_is_refused_before_anything_is_sent() {
    let url = Url::parse("http://192.0.2.1/").unwrap();
    let error = transport(quick())
        .send(&Request::get(url))
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::PlainText { .. }));
}
