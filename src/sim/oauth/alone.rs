//! The server by itself on a loopback port, for tests of sign-in without any provider.

use super::{Asked, AuthServer, Profile};
use crate::domain::Clock;
use crate::sim::faults::Faults;
use crate::sim::serve::{self, Site, http_date};
use crate::sim::socket::Lifetime;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

/// A server that listens. Dropping it ends it.
#[derive(Debug)]
pub struct Alone {
    /// Where.
    pub address: SocketAddr,
    /// The server behind the listener.
    pub server: AuthServer,
    /// The cues, and counts of what was asked: `authorize`, `token`, `revoke`.
    pub faults: Faults,
    lifetime: Lifetime,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.lifetime.stop.cancel();
    }
}

struct AloneSite {
    server: AuthServer,
    faults: Faults,
}

/// Starts a server on a loopback port; 0 picks one.
///
/// # Errors
/// The port cannot be had.
pub async fn start(
    profile: Profile,
    seed: u64,
    clock: Arc<dyn Clock>,
    port: u16,
) -> std::io::Result<Alone> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let alone = Alone {
        address: listener.local_addr()?,
        server: AuthServer::new(profile, seed, clock),
        faults: Faults::default(),
        lifetime: Lifetime::default(),
    };
    let site = Arc::new(AloneSite {
        server: alone.server.clone(),
        faults: alone.faults.clone(),
    });
    let Lifetime { tasks, stop } = alone.lifetime.clone();
    let listening = serve::listen(listener, site, tasks.clone(), stop);
    tasks.spawn(listening);
    Ok(alone)
}

impl Site for AloneSite {
    fn names(&self, path: &str) -> Vec<&'static str> {
        let paths = self.server.paths();
        let name = match path {
            path if path == paths.authorize => "authorize",
            path if path == paths.token => "token",
            path if Some(path) == paths.revoke.as_deref() => "revoke",
            _ => "other",
        };
        vec![name, "oauth", "any"]
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn refusal(&self, status: StatusCode) -> Response<Body> {
        super::answer::bare(status)
    }

    fn date(&self, skew: i64) -> String {
        http_date(self.server.now(), skew)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Some(body) = serve::read(body).await else {
            return self.refusal(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let asked = Asked {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
        };
        let answer = self.server.answer(asked);
        answer.unwrap_or_else(|| self.refusal(StatusCode::NOT_FOUND))
    }
}
