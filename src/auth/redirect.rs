//! Where the browser comes back to: a listener on this machine that takes one answer (RFC 8252, 7.3).
//!
//! It is bound to loopback alone, answers one path, only to the host it is (a page of somebody else may have this
//! machine's address under another name), and shows one of two fixed pages. What is not the answer changes nothing.

use super::attempt::{Attempt, Code, Refusal};
use crate::domain::Clock;
use crate::net::tls::own_certificate::{self, TlsAcceptor};
use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use url::{Host, Url};

/// Connections at the same time; a browser opens a handful.
const MOST_CONNECTIONS: usize = 16;

/// Most bytes of a request's head.
const MOST_BYTES: usize = 8 * 1_024;

/// The page of the answer that was taken, and that of every other.
const TAKEN: &str =
    "tradedeck has heard from the provider. You can close this page and go back to the terminal.\n";
const NOT_TAKEN: &str = "tradedeck did not take this answer. What to do is said in the terminal.\n";

/// An attempt that a listener and the person's own paste share.
pub type SharedAttempt = Arc<Mutex<Attempt>>;

/// A listener at a redirect address.
pub struct Listener {
    sockets: TcpListener,
    tls: Option<TlsAcceptor>,
    place: Arc<Place>,
    patience: Duration,
}

/// What a request has to be for.
struct Place {
    host: String,
    path: String,
}

/// Why nobody listens at a redirect address; the person can paste it all the same.
#[derive(Debug, thiserror::Error)]
pub enum NotListening {
    /// It leads elsewhere.
    #[error("the redirect address is not on this machine")]
    Elsewhere,
    /// It cannot be listened at.
    #[error("nothing can listen at the redirect address: {0}")]
    Io(#[from] io::Error),
    /// The certificate of an https address cannot be made.
    #[error("no certificate for the redirect address: {0}")]
    Certificate(String),
}

impl Listener {
    /// Listens at a redirect address. `patience` is how long a request may take to be said.
    ///
    /// # Errors
    /// [`NotListening`].
    pub async fn bind(redirect: &Url, patience: Duration) -> Result<Self, NotListening> {
        let address = loopback(redirect).ok_or(NotListening::Elsewhere)?;
        Self::on(TcpListener::bind(address).await?, redirect, patience)
    }

    fn on(sockets: TcpListener, redirect: &Url, patience: Duration) -> Result<Self, NotListening> {
        let tls = match redirect.scheme() {
            "https" => {
                let made = own_certificate::acceptor(sockets.local_addr()?.ip());
                Some(made.map_err(NotListening::Certificate)?)
            }
            _ => None,
        };
        let host = redirect.host_str().unwrap_or_default();
        Ok(Self {
            sockets,
            tls,
            place: Arc::new(Place {
                host: match redirect.port() {
                    Some(port) => format!("{host}:{port}"),
                    None => host.to_owned(),
                },
                path: redirect.path().to_owned(),
            }),
            patience,
        })
    }

    /// Takes requests, and tells each answer that was ours, until it is dropped.
    pub async fn serve(
        self,
        attempt: SharedAttempt,
        clock: Arc<dyn Clock>,
        told: mpsc::Sender<Result<Code, Refusal>>,
    ) {
        let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(seat) = seats.clone().acquire_owned().await else {
                return; // it is never closed
            };
            let Ok((stream, _)) = self.sockets.accept().await else {
                // The system is short of something; the next one may do.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let visit = Visit {
                place: self.place.clone(),
                attempt: attempt.clone(),
                clock: clock.clone(),
                told: told.clone(),
            };
            let (tls, patience) = (self.tls.clone(), self.patience);
            // It outlives this loop for a moment: the browser still gets its page when the answer ended the wait.
            tokio::spawn(async move {
                let _seat = seat;
                // Whatever a stray connection does, it ends; who asked sees it in the browser.
                let _ = timeout(patience * 2, visit.over(stream, tls, patience)).await;
            });
        }
    }
}

/// Where a redirect address is on this machine; a name stands for the address that browsers try first.
fn loopback(redirect: &Url) -> Option<SocketAddr> {
    let ip = match redirect.host()? {
        Host::Ipv4(ip) => IpAddr::V4(ip),
        Host::Ipv6(ip) => IpAddr::V6(ip),
        Host::Domain("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Host::Domain(_) => return None,
    };
    let port = redirect.port_or_known_default()?;
    ip.is_loopback().then(|| SocketAddr::new(ip, port))
}

/// One connection.
struct Visit {
    place: Arc<Place>,
    attempt: SharedAttempt,
    clock: Arc<dyn Clock>,
    told: mpsc::Sender<Result<Code, Refusal>>,
}

impl Visit {
    async fn over(
        self,
        stream: tokio::net::TcpStream,
        tls: Option<TlsAcceptor>,
        patience: Duration,
    ) {
        match tls {
            None => self.talk(stream, patience).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(patience, tls.accept(stream)).await {
                    self.talk(stream, patience).await;
                }
            }
        }
    }

    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin, patience: Duration) {
        let visit = &self;
        let service = service_fn(move |request: Request<Incoming>| async move {
            Ok::<_, Infallible>(visit.answer(&request).await)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(MOST_BYTES)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        // A connection that breaks is the browser's to tell.
        let _ = connection.await;
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        if let Err(status) =
            self.place
                .check(request.method(), request.uri().path(), request.headers())
        {
            return page(status, NOT_TAKEN);
        }
        let query = request.uri().query().unwrap_or_default();
        let taken = {
            // An attempt is whole at every step, so a panic elsewhere does no harm.
            let mut attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
            attempt.take_query(query, self.clock.now())
        };
        let status = match &taken {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::BAD_REQUEST,
        };
        let text = if taken.is_ok() { TAKEN } else { NOT_TAKEN };
        // The waiting side is gone only when the attempt is over.
        let _ = self.told.send(taken).await;
        page(status, text)
    }
}

impl Place {
    fn check(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), StatusCode> {
        if path != self.path {
            return Err(StatusCode::NOT_FOUND);
        }
        if method != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let mut hosts = headers.get_all(header::HOST).iter();
        let is_ours = hosts
            .next()
            .is_some_and(|host| host.as_bytes() == self.host.as_bytes());
        let origin = headers.get(header::ORIGIN);
        // Only a script sends an origin; a browser that is sent here sends none.
        let is_script = origin.is_some_and(|origin| origin.as_bytes() != b"null");
        match is_ours && hosts.next().is_none() && !is_script {
            true => Ok(()),
            false => Err(StatusCode::BAD_REQUEST),
        }
    }
}

/// A fixed page: nothing that came is shown again.
fn page(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
