//! How a request leaves: over the real network, or to a function in memory.
use super::body::Body;
use super::error::{NetError, Step, root_cause};
use super::http::{HeaderText, Request, Response};
use super::tls::pinned::{self, Pinned};
use super::{address, tls};
use http::{HeaderMap, HeaderValue, header};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use url::Url;

/// The answer to a request, boxed so that transports can be chosen at run time.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, NetError>> + Send + 'a>>;

/// How requests leave. Sends each exactly once; whoever calls decides about repeating.
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer, whatever its status.
    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a>;

    /// Lets go of connections that are kept for later: their buffers hold what was sent last, and so credentials.
    fn forget(&self) {}
}

/// Times an exchange may take, and how slow an answer may trickle.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Look-up, TCP and TLS together.
    pub connect: Duration,
    /// From asking to the first byte, connecting included.
    pub first_byte: Duration,
    /// From asking to the last byte, whatever the request's own deadline.
    pub total: Duration,
    /// In every span of this length at least [`SLOWEST`] bytes a second have to come.
    pub trickle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            total: Duration::from_secs(30),
            trickle: Duration::from_secs(10),
        }
    }
}

/// Bytes a second below which an answer is given up.
pub const SLOWEST: usize = 1024;
/// Headers of one answer, names and values together.
const HEADER_LIMIT: u32 = 64 * 1024;
const HEADER_COUNT: usize = 100;
/// What is said of another address than the pinned one.
pub(super) const NOT_PINNED: &str = "it is not the one whose certificate is pinned";
const USER_AGENT: &str = concat!("tradedeck/", env!("CARGO_PKG_VERSION"));

/// The real network: HTTPS anywhere, HTTP on loopback. Follows no redirect, repeats nothing, trusts no size.
pub struct WebTransport {
    clients: Mutex<Option<Arc<Clients>>>,
    patience: Patience,
    /// The only program that is spoken with, by its certificate.
    pin: Option<Pinned>,
}

/// Two pools of connections.
struct Clients {
    /// Honours the system's proxies.
    web: reqwest::Client,
    /// Honours none: what is meant for this machine stays on it.
    loopback: reqwest::Client,
}

impl Clients {
    fn new(patience: Patience, pin: Option<&Pinned>) -> Result<Self, NetError> {
        let build = |builder: reqwest::ClientBuilder| {
            builder
                .build()
                .map_err(|error| NetError::Setup(root_cause(&error)))
        };
        Ok(Self {
            web: build(client(patience, pin)?)?,
            loopback: build(client(patience, pin)?.no_proxy())?,
        })
    }
}

impl WebTransport {
    /// A transport with its own pool of connections.
    ///
    /// # Errors
    /// [`NetError::Setup`] when the system's certificates cannot be read.
    pub fn new(patience: Patience) -> Result<Self, NetError> {
        Self::with(patience, None)
    }

    /// One that speaks with a single program on this machine, by the certificate that was confirmed for it.
    ///
    /// # Errors
    /// [`NetError::Setup`] when the client cannot be built.
    pub fn pinned(patience: Patience, pin: Pinned) -> Result<Self, NetError> {
        Self::with(patience, Some(pin))
    }

    fn with(patience: Patience, pin: Option<Pinned>) -> Result<Self, NetError> {
        let clients = Arc::new(Clients::new(patience, pin.as_ref())?);
        Ok(Self {
            clients: Mutex::new(Some(clients)),
            patience,
            pin,
        })
    }

    /// The pools, made again after they were let go.
    fn clients(&self) -> Result<Arc<Clients>, NetError> {
        // A panic elsewhere left whole pools, or none.
        let mut kept = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = &*kept {
            return Ok(Arc::clone(clients));
        }
        let clients = Arc::new(Clients::new(self.patience, self.pin.as_ref())?);
        *kept = Some(Arc::clone(&clients));
        Ok(clients)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, NetError> {
        address::check(&request.url, "https", "http")?;
        if self
            .pin
            .as_ref()
            .is_some_and(|pin| !pin.covers(&request.url))
        {
            return Err(NetError::Address(NOT_PINNED));
        }
        let clients = self.clients()?;
        let client = match address::is_loopback(&request.url) {
            true => &clients.loopback,
            false => &clients.web,
        };
        let asked = Instant::now();
        let first_byte = self.patience.first_byte;
        let answer = timeout(first_byte, client.execute(outgoing(request)?))
            .await
            .map_err(|_elapsed| NetError::Timeout {
                step: Step::FirstByte,
                limit: first_byte,
            })?
            .map_err(|error| self.explain(&request.url, &error))?;
        check_head(answer.status().as_u16(), answer.headers())?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Response {
            status,
            headers,
            body: self.read_body(answer, request).await?,
            elapsed: asked.elapsed(),
        })
    }

    async fn read_body(
        &self,
        mut answer: reqwest::Response,
        request: &Request,
    ) -> Result<bytes::Bytes, NetError> {
        let announced = answer.content_length().unwrap_or(0);
        let limit = request.size_limit;
        if announced > limit as u64 {
            return Err(NetError::TooLarge {
                what: "the answer",
                limit,
            });
        }
        let encoding = answer.headers().get(header::CONTENT_ENCODING);
        let mut body = Body::new(limit, encoding.and_then(|value| value.to_str().ok()))?;
        let mut flow = Flow::new(self.patience.trickle);
        loop {
            let piece = tokio::time::timeout_at(flow.until, answer.chunk()).await;
            match piece {
                Ok(Ok(Some(piece))) => {
                    flow.received(piece.len())?;
                    body.push(&piece)?;
                }
                Ok(Ok(None)) => return body.finish(),
                Ok(Err(error)) => return Err(self.explain(&request.url, &error)),
                Err(_elapsed) => flow.received(0)?,
            }
        }
    }

    /// Says what happened without the address, which may hold a secret in its query.
    fn explain(&self, url: &Url, error: &reqwest::Error) -> NetError {
        let host = address::host(url).to_owned();
        let why = root_cause(error);
        if error.is_connect() && error.is_timeout() {
            return NetError::Timeout {
                step: Step::Connect,
                limit: self.patience.connect,
            };
        }
        if error.is_connect() {
            return match tls_error(error) {
                Some(cause) => {
                    pinned::mismatch(cause, &host).unwrap_or(NetError::Tls { host, why })
                }
                None => NetError::Connect { host, why },
            };
        }
        if error.is_builder() {
            return NetError::Request("it cannot be written down");
        }
        NetError::Broken { why }
    }
}

impl Transport for WebTransport {
    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a> {
        let total = self.patience.total;
        Box::pin(async move {
            timeout(total, self.exchange(request))
                .await
                .unwrap_or(Err(NetError::Timeout {
                    step: Step::Answer,
                    limit: total,
                }))
        })
    }

    fn forget(&self) {
        let mut kept = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // What is under way holds them until it is done.
        *kept = None;
    }
}

fn client(patience: Patience, pin: Option<&Pinned>) -> Result<reqwest::ClientBuilder, NetError> {
    let mut tls = match pin {
        None => tls::client_config()?,
        Some(pin) => pin.client_config(),
    };
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        // Custom credentials such as APCA-API-SECRET-KEY would follow a redirect to any host.
        .redirect(reqwest::redirect::Policy::none())
        // An order must never be sent twice by a layer that does not know what an order is.
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(patience.connect)
        .pool_idle_timeout(Duration::from_secs(60))
        .http1_max_headers(HEADER_COUNT)
        .http2_max_header_list_size(HEADER_LIMIT))
}

fn outgoing(request: &Request) -> Result<reqwest::Request, NetError> {
    let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
    let headers = outgoing.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    for (name, text) in &request.headers {
        headers.insert(name, HeaderText::value(text)?);
    }
    if let Some((content_type, body)) = &request.body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        *outgoing.body_mut() = Some(body.clone().into());
    }
    Ok(outgoing)
}

fn check_head(status: u16, headers: &HeaderMap) -> Result<(), NetError> {
    let limit = HEADER_LIMIT as usize;
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > limit {
        return Err(NetError::TooLarge {
            what: "the answer's head",
            limit,
        });
    }
    match status {
        300..=399 => Err(NetError::Redirect { status }),
        _ => Ok(()),
    }
}

/// What of an error's causes is about encryption.
pub(super) fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref() {
            return Some(error);
        }
        // An I/O error hides the error it wraps: its source is that error's source.
        let wrapped = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = wrapped
            .map(|inner| inner as &(dyn Error + 'static))
            .or_else(|| cause.source());
    }
    None
}

/// Watches that an answer does not trickle.
struct Flow {
    span: Duration,
    until: Instant,
    received: usize,
}

impl Flow {
    fn new(span: Duration) -> Self {
        Self {
            span,
            until: Instant::now() + span,
            received: 0,
        }
    }

    fn received(&mut self, bytes: usize) -> Result<(), NetError> {
        self.received += bytes;
        let now = Instant::now();
        if now < self.until {
            return Ok(());
        }
        let seconds = usize::try_from(self.span.as_secs()).unwrap_or(usize::MAX);
        if self.received < seconds.saturating_mul(SLOWEST).max(1) {
            return Err(NetError::Stalled);
        }
        self.received = 0;
        self.until = now + self.span;
        Ok(())
    }
}

/// A server that is a function: tests and simulators answer without a network.
pub struct MemoryTransport {
    answer: Arc<dyn Fn(Request) -> Answer<'static> + Send + Sync>,
}

impl MemoryTransport {
    /// Answers at once by `answer`.
    pub fn new(
        answer: impl Fn(&Request) -> Result<Response, NetError> + Send + Sync + 'static,
    ) -> Self {
        Self::from_async(move |request| {
            let outcome = answer(&request);
            Box::pin(async move { outcome })
        })
    }

    /// Answers by a future: one that sleeps, waits for the test, or talks to a simulator.
    pub fn from_async(answer: impl Fn(Request) -> Answer<'static> + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
        }
    }
}

impl Transport for MemoryTransport {
    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a> {
        (self.answer)(request.clone())
    }
}

#[cfg(test)]
mod tests;
