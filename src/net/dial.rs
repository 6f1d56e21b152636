//! Reaching another machine for a stream of bytes: look-up, TCP, a proxy's tunnel, TLS.
use super::address;
use super::error::{NetError, Step, clean, root_cause};
use super::frame_guard::Wire;
use super::tls;
use super::tls::pinned::{self, Pinned};
use super::transport::{NOT_PINNED, tls_error};
use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Url;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const TLS_LIMIT: Duration = Duration::from_secs(5);
/// How long one address is waited for before the next is tried beside it (RFC 8305 calls it happy eyeballs).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Opens byte streams for WebSockets. Cheap to clone.
#[derive(Clone)]
pub struct Dialer {
    proxies: Arc<Matcher>,
    tls: TlsConnector,
    /// The only program that is reached, by its certificate.
    pin: Option<Pinned>,
}

impl Dialer {
    /// Honours the system's proxies (`HTTPS_PROXY`, `NO_PROXY`, …), never for loopback.
    ///
    /// # Errors
    /// [`NetError::Setup`] when the system's certificates cannot be read.
    pub fn from_system() -> Result<Self, NetError> {
        Self::with_proxies(Matcher::from_system())
    }

    fn with_proxies(proxies: Matcher) -> Result<Self, NetError> {
        Ok(Self::with(proxies, tls::client_config()?, None))
    }

    /// One that reaches a single program on this machine, by the certificate that was confirmed for it.
    pub fn pinned(pin: Pinned) -> Self {
        // No proxy stands before this machine.
        let proxies = Matcher::builder().build();
        Self::with(proxies, pin.client_config(), Some(pin))
    }

    fn with(proxies: Matcher, mut config: ClientConfig, pin: Option<Pinned>) -> Self {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            proxies: Arc::new(proxies),
            tls: TlsConnector::from(Arc::new(config)),
            pin,
        }
    }

    /// The proxy that an address is reached by, as `host:port`, to be shown.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        let proxy = self.intercept(url)?;
        Some(proxy.uri().authority()?.to_string())
    }

    /// Opens a stream to a `wss` address, or to a `ws` one on loopback.
    pub(super) async fn dial(&self, url: &Url) -> Result<Dialed, NetError> {
        address::check(url, "wss", "ws")?;
        if self.pin.as_ref().is_some_and(|pin| !pin.covers(url)) {
            return Err(NetError::Address(NOT_PINNED));
        }
        let host = address::host(url);
        let connected = timeout(CONNECT_LIMIT, self.connect(url))
            .await
            .map_err(|_elapsed| too_slow(Step::Connect, CONNECT_LIMIT))??;
        let tcp = PausableTcp::new(connected);
        if url.scheme() == "ws" {
            return Ok(Dialed::Plain(tcp));
        }
        let name = host.trim_matches(['[', ']']).to_owned();
        let name =
            ServerName::try_from(name).map_err(|_invalid| NetError::Address("its host is odd"))?;
        let encrypted = timeout(TLS_LIMIT, self.tls.connect(name, tcp))
            .await
            .map_err(|_elapsed| too_slow(Step::Tls, TLS_LIMIT))?
            .map_err(|error| no_tls(host, &error))?;
        Ok(Dialed::Encrypted(Box::new(encrypted)))
    }

    async fn connect(&self, url: &Url) -> Result<TcpStream, NetError> {
        let (host, port) = (address::host(url), port(url)?);
        let stream = match self.intercept(url) {
            Some(proxy) => tunnel(&proxy, host, port).await?,
            None => connect_tcp(host, port).await?,
        };
        // Orders are small messages that should not wait for company.
        stream
            .set_nodelay(true)
            .map_err(|error| cannot_connect(host, &error))?;
        Ok(stream)
    }

    fn intercept(&self, url: &Url) -> Option<Intercept> {
        if address::is_loopback(url) {
            return None;
        }
        let scheme = match url.scheme() {
            "wss" | "https" => "https",
            _ => "http",
        };
        let destination = format!("{scheme}://{}/", address::host(url));
        self.proxies.intercept(&destination.parse().ok()?)
    }
}

fn no_tls(host: &str, error: &io::Error) -> NetError {
    let mismatch = tls_error(error).and_then(|cause| pinned::mismatch(cause, host));
    mismatch.unwrap_or_else(|| NetError::Tls {
        host: host.to_owned(),
        why: root_cause(error),
    })
}

fn port(url: &Url) -> Result<u16, NetError> {
    url.port_or_known_default()
        .ok_or(NetError::Address("it has no port"))
}

fn too_slow(step: Step, limit: Duration) -> NetError {
    NetError::Timeout { step, limit }
}

fn cannot_connect(host: &str, error: &io::Error) -> NetError {
    NetError::Connect {
        host: host.to_owned(),
        why: root_cause(error),
    }
}

async fn connect_tcp(host: &str, port: u16) -> Result<TcpStream, NetError> {
    let bare = host.trim_matches(['[', ']']);
    let addresses = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| cannot_connect(host, &error))?;
    race(addresses.collect())
        .await
        .map_err(|error| cannot_connect(host, &error))
}

/// Tries the addresses one after the other, each a moment after the one before; the first to answer wins.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts: FuturesUnordered<_> = (0_u32..)
        .zip(addresses)
        .map(|(turn, address)| async move {
            sleep(NEXT_ADDRESS * turn).await;
            TcpStream::connect(address).await
        })
        .collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks an HTTP proxy for a tunnel to the host.
async fn tunnel(proxy: &Intercept, host: &str, port: u16) -> Result<TcpStream, NetError> {
    let shown = proxy.uri().authority().map(ToString::to_string);
    let refused = |why: String| NetError::Proxy {
        proxy: shown.clone().unwrap_or_default(),
        why,
    };
    if proxy.uri().scheme_str() != Some("http") {
        return Err(refused("only http proxies are supported".into()));
    }
    let (proxy_host, proxy_port) = (
        proxy.uri().host().unwrap_or_default(),
        proxy.uri().port_u16().unwrap_or(80),
    );
    let mut stream = connect_tcp(proxy_host, proxy_port).await?;
    let mut ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(credentials) = proxy.basic_auth() {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(credentials.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    let broken = |error: io::Error| refused(root_cause(&error));
    stream.write_all(&ask).await.map_err(broken)?;
    let head = read_head(&mut stream).await.map_err(broken)?;
    match head.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(stream),
        _ => Err(refused(clean(head.lines().next().unwrap_or_default()))),
    }
}

/// Reads an HTTP head and not one byte more: what follows belongs to the host behind the proxy.
async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    const LONGEST: usize = 8 * 1024;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A stream to another machine, encrypted or not.
pub enum Dialed {
    /// On loopback only.
    Plain(PausableTcp),
    /// By TLS.
    Encrypted(Box<TlsStream<PausableTcp>>),
}

impl Wire for Dialed {
    fn pause(&mut self) {
        match self {
            Self::Plain(tcp) => tcp.pause(),
            Self::Encrypted(tls) => tls.get_mut().0.pause(),
        }
    }
}

impl AsyncRead for Dialed {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Encrypted(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Dialed {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Encrypted(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Encrypted(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Encrypted(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// A TCP stream that can leave the event loop for a moment.
///
/// Not reading is not enough to sleep through a busy stream: every packet still wakes the thread that polls for all
/// sockets. Measured at 10,000 small messages a second: 9,400 wake-ups when each is read, 3,300 when a timer paces
/// the reads, 200 when the socket also leaves the event loop between them (two system calls each time).
pub struct PausableTcp {
    state: TcpState,
}

enum TcpState {
    Active(TcpStream),
    Paused(std::net::TcpStream),
    /// Leaving or entering the event loop failed.
    Lost,
}

impl PausableTcp {
    fn new(stream: TcpStream) -> Self {
        Self {
            state: TcpState::Active(stream),
        }
    }

    fn pause(&mut self) {
        self.state = match std::mem::replace(&mut self.state, TcpState::Lost) {
            TcpState::Active(stream) => stream.into_std().map_or(TcpState::Lost, TcpState::Paused),
            other @ (TcpState::Paused(_) | TcpState::Lost) => other,
        };
    }

    fn active(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if let TcpState::Paused(_) = &self.state
            && let TcpState::Paused(stream) = std::mem::replace(&mut self.state, TcpState::Lost)
        {
            self.state = TcpState::Active(TcpStream::from_std(stream)?);
        }
        match &mut self.state {
            TcpState::Active(stream) => Ok(Pin::new(stream)),
            TcpState::Paused(_) | TcpState::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for PausableTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.active()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for PausableTcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.active()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.active()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.active()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn dialer(proxy: &str, no_proxy: &str) -> Dialer {
        let proxies = Matcher::builder()
            .all(proxy.to_owned())
            .no(no_proxy.to_owned());
        Dialer::with_proxies(proxies.build()).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_proxy_is_honoured_shown_without_password_and_never_used_for_this_machine() {
        let dialer = dialer("http://me:canary@proxy.example:3128", "intern.example");
        let shown = |text| dialer.proxy_for(&url(text));
        assert_eq!(
            shown("wss://a.example/x").as_deref(),
            Some("proxy.example:3128")
        );
        assert_eq!(shown("wss://feed.intern.example/x"), None);
        for loopback in ["wss://127.0.0.1/", "ws://localhost:9/", "wss://[::1]/"] {
            assert_eq!(shown(loopback), None, "{loopback}");
        }
    }

    async fn ask_proxy(answer: &'static [u8]) -> (Result<Dialed, NetError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://me:pw@{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = read_head(&mut stream).await.unwrap();
            stream.write_all(answer).await.unwrap();
            head
        });
        let outcome = dialer(&proxy, "")
            .dial(&url("wss://feed.example:8443/x"))
            .await;
        (outcome, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_and_a_refusal_is_told() {
        let (outcome, asked) = ask_proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        assert!(asked.starts_with("CONNECT feed.example:8443 HTTP/1.1\r\n"));
        assert!(asked.contains("Proxy-Authorization: Basic bWU6cHc=\r\n"));
        let Err(NetError::Proxy { why, .. }) = outcome else {
            panic!("refused by the proxy");
        };
        assert_eq!(why, "HTTP/1.1 403 Forbidden");
    }

    #[tokio::test]
    async fn behind_the_tunnel_encryption_is_still_required() {
        let (outcome, _) = ask_proxy(b"HTTP/1.1 200 OK\r\n\r\nnot tls at all").await;
        assert!(matches!(outcome, Err(NetError::Tls { .. })));
    }

    #[tokio::test]
    async fn a_paused_stream_loses_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"abc").await.unwrap();
            let mut heard = [0; 2];
            stream.read_exact(&mut heard).await.unwrap();
            heard
        });
        let mut tcp = PausableTcp::new(TcpStream::connect(address).await.unwrap());
        let mut read = [0; 3];
        for byte in &mut read {
            tcp.pause();
            tcp.pause();
            *byte = tcp.read_u8().await.unwrap();
        }
        assert_eq!(&read, b"abc");
        tcp.pause();
        tcp.write_all(b"ok").await.unwrap();
        assert_eq!(&server.await.unwrap(), b"ok");
    }

    #[tokio::test]
    async fn the_second_address_is_tried_when_the_first_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = vec![closed.local_addr().unwrap(), listener.local_addr().unwrap()];
        drop(closed);
        assert!(race(addresses).await.is_ok());
        assert!(race(Vec::new()).await.is_err());
    }
}
