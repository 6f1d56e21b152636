//! The token and the address that a DXLink connection begins with. One is valid for a day and serves all of a person's
//! sockets, so it is kept for half of that.

use crate::domain::{Text, Timestamp};
use crate::net::http::Request;
use crate::providers::provider::ProviderError;
use crate::providers::tastytrade::rest::{Rest, garbled, read};
use crate::providers::tastytrade::wire::QuoteToken;
use secrecy::SecretString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::Url;

/// How long a token is used; it is valid for twice as long.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);

/// What one connection begins with.
#[derive(Clone)]
pub(in crate::providers::tastytrade) struct Ticket {
    /// Where.
    pub(in crate::providers::tastytrade) url: Url,
    /// What it is shown.
    pub(in crate::providers::tastytrade) token: Arc<SecretString>,
}

/// Asks for tickets and keeps the one there is.
pub(in crate::providers::tastytrade) struct Tickets {
    rest: Arc<Rest>,
    kept: Mutex<Option<(Ticket, Timestamp)>>,
    refused: AtomicU32,
}

impl Tickets {
    pub(in crate::providers::tastytrade) fn new(rest: Arc<Rest>) -> Self {
        Self {
            rest,
            kept: Mutex::default(),
            refused: AtomicU32::new(0),
        }
    }

    /// The ticket there is, else a new one.
    pub(in crate::providers::tastytrade) async fn take(&self) -> Result<Ticket, ProviderError> {
        let now = self.rest.clock().now();
        let kept = self.kept().clone();
        if let Some((ticket, given)) = kept
            && now < given.plus(KEPT)
        {
            return Ok(ticket);
        }
        let request = Request::get(self.rest.url(&["api-quote-tokens"]));
        let response = self.rest.ask(request).await?;
        let row: QuoteToken<'_> = read(&response, "the market data's token")?;
        let ticket = ticket(&row).map_err(garbled)?;
        *self.kept() = Some((ticket.clone(), now));
        Ok(ticket)
    }

    /// A ticket was refused: the next is a new one. Returns how often in a row that happened before.
    pub(in crate::providers::tastytrade) fn refuse(&self) -> u32 {
        *self.kept() = None;
        self.refused.fetch_add(1, Ordering::Relaxed)
    }

    /// A ticket was taken.
    pub(in crate::providers::tastytrade) fn accept(&self) {
        self.refused.store(0, Ordering::Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, Option<(Ticket, Timestamp)>> {
        // It is replaced as a whole, so a panic elsewhere does no harm.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address comes from an answer, so it has to be one that keeps the token secret.
fn ticket(row: &QuoteToken<'_>) -> Result<Ticket, Text> {
    let token = row.token.text().filter(|it| !it.is_empty());
    let token = token.ok_or("the market data's token: there is none in it")?;
    let url = row
        .dxlink_url
        .text()
        .and_then(|text| Url::parse(&text).ok());
    let is_safe = |url: &Url| {
        url.scheme() == "wss" || (url.scheme() == "ws" && crate::net::address::is_loopback(url))
    };
    let url = url.filter(is_safe);
    Ok(Ticket {
        url: url.ok_or("the market data's token: its address is not one of a secure WebSocket")?,
        token: Arc::new(SecretString::from(token.into_owned())),
    })
}
