//! An OAuth 2.0 authorization server: what the simulators of providers with a browser sign-in share.
//!
//! Everything in which providers differ is data, the [`Profile`]: scopes, proof keys, how a client says
//! who it is, lifetimes, whether refresh tokens rotate. It follows RFC 6749 (with 7636, 7009 and 9207
//! where a profile wants them). The time comes from a clock, every token from a seed; tests move the one
//! and change the profile while it runs. [`start`] serves it alone.

mod alone;
mod answer;
mod authorize;
mod book;
mod profile;
mod request;
mod token;

#[cfg(test)]
mod tests;

pub use alone::{Alone, start};
pub use book::{Bearer, Counts, NoBearer};
pub use profile::{Client, ClientAuth, Consent, Paths, Pkce, Profile, Rotation};

use crate::domain::{Clock, Timestamp};
use axum::body::Body;
use book::Book;
use http::{HeaderMap, Method, Response, StatusCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request as far as the server looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// What stands after the question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// An authorization server. Clones are handles to the same.
#[derive(Clone)]
pub struct AuthServer {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    profile: Profile,
    book: Book,
}

impl std::fmt::Debug for AuthServer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AuthServer").finish_non_exhaustive()
    }
}

impl AuthServer {
    /// A server that has granted nothing yet.
    pub fn new(profile: Profile, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            profile,
            book: Book::new(seed),
        };
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Answers a request for one of the profile's paths; `None` for any other.
    pub fn answer(&self, asked: Asked<'_>) -> Option<Response<Body>> {
        let now = self.clock.now();
        let mut state = self.state();
        let paths = &state.profile.paths;
        let is = |path: &str| asked.path == path;
        if is(&paths.authorize) {
            return Some(match *asked.method {
                Method::GET => authorize::page(&mut state, asked, now),
                _ => answer::bare(StatusCode::METHOD_NOT_ALLOWED),
            });
        }
        let revokes = paths.revoke.as_deref().is_some_and(is);
        if !revokes && !is(&paths.token) {
            return None;
        }
        if *asked.method != Method::POST {
            return Some(answer::bare(StatusCode::METHOD_NOT_ALLOWED));
        }
        let answered = match revokes {
            true => token::revoke(&mut state, asked),
            false => token::issue(&mut state, asked, now),
        };
        if let Err(error) = &answered {
            state.book.counts.count(error);
        }
        Some(answered.unwrap_or_else(|error| answer::refusal(&error)))
    }

    /// Grants a client what a person would have granted in a browser; the refresh token.
    pub fn grant(&self, client_id: &str, login: &str, scopes: &[&str]) -> Option<String> {
        let now = self.clock.now();
        let state = &mut *self.state();
        let client = state.profile.client(client_id)?;
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let grant = state.book.open_grant(client, login.to_owned(), scopes);
        Some(state.book.make_refresh(grant, &state.profile, now))
    }

    /// Whose access token this is and what it allows.
    pub fn bearer(&self, token: &str) -> Result<Bearer, NoBearer> {
        let now = self.clock.now();
        self.state().book.bearer(token, now)
    }

    /// Changes the rules while it runs.
    pub fn change(&self, with: impl FnOnce(&mut Profile)) {
        with(&mut self.state().profile);
    }

    /// Makes every access token out there a stale one.
    pub fn expire_access(&self) {
        self.state().book.expire_access();
    }

    /// Ends every grant of a login, as a person does who takes their consent back.
    pub fn withdraw(&self, login: &str) {
        self.state().book.withdraw(login);
    }

    /// What it has seen so far.
    pub fn counts(&self) -> Counts {
        self.state().book.counts
    }

    /// Where its pages are.
    fn paths(&self) -> Paths {
        self.state().profile.paths.clone()
    }

    /// The present moment by the server's clock.
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
