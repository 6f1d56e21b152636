//! Ways in: the gateway on this machine, a consumer of the person's own, a token; and where each leads.

use super::rest::Door;
use crate::auth::oauth1::{Consumer, Endpoint, LiveSession, Material};
use crate::net::Dialer;
use crate::net::address::is_loopback;
use crate::net::tls::pinned::{Fingerprint, Pinned};
use crate::net::transport::{Patience, Transport, WebTransport};
use crate::providers::provider::{FINGERPRINT, Grant, Opening, ProviderError, SecretSpec, Way};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use url::Url;

/// The name of the way by the gateway.
const GATEWAY: &str = "gateway";

/// Every way in, the one that most people take first.
pub(super) const WAYS: &[Way] = &[
    Way {
        id: GATEWAY,
        title: "Client Portal Gateway",
        grant: Grant::Keys,
        secrets: &[],
        pins: Some("gateway"),
        hint: "run the Client Portal Gateway on this machine, open https://localhost:5000 in a browser and log in there",
    },
    Way {
        id: "oauth1a",
        title: "OAuth 1.0a with keys of your own",
        grant: Grant::Keys,
        secrets: CONSUMER_SECRETS,
        pins: None,
        hint: "ndcdyn.interactivebrokers.com/oauth: register a consumer key, both public keys and the DH parameters",
    },
    Way {
        id: "code",
        title: "Sign in by browser (not offered by IBKR today)",
        grant: Grant::Browser,
        secrets: CLIENT_SECRETS,
        pins: None,
        hint: "Interactive Brokers does not offer this to the public today; for a server of its kind that you were given",
    },
];

const fn secret(name: &'static str, label: &'static str, hidden: bool, file: bool) -> SecretSpec {
    SecretSpec {
        name,
        label,
        hidden,
        file,
    }
}

/// What a registered consumer consists of.
const CONSUMER_SECRETS: &[SecretSpec] = &[
    secret("consumer_key", "Consumer key", false, false),
    secret("access_token", "Access token", true, false),
    secret("access_token_secret", "Access token secret", true, false),
    secret("signing_key", "Signing key (PEM)", true, true),
    secret("encryption_key", "Encryption key (PEM)", true, true),
    secret("dh_prime", "DH parameters", true, true),
];

/// What a registered application consists of.
const CLIENT_SECRETS: &[SecretSpec] = &[
    secret("client_id", "Client id", false, false),
    secret("client_secret", "Client secret", true, false),
];

/// Where a connection leads, and how it is reached.
pub(super) struct Entrance {
    pub(super) door: Door,
    pub(super) base: Url,
    pub(super) transport: Arc<dyn Transport>,
    /// Reaches the stream in the place of the usual dialer.
    pub(super) dialer: Option<Dialer>,
}

/// Opens a way; sends nothing yet.
///
/// # Errors
/// [`ProviderError::Misconfigured`] for an address that cannot be, a certificate nobody confirmed, and for keys that
/// cannot be read.
pub(super) fn enter(opening: &mut Opening) -> Result<Entrance, ProviderError> {
    match opening.way.id {
        GATEWAY => gateway(opening),
        "oauth1a" => signed(opening),
        _ => bearer(opening),
    }
}

fn gateway(opening: &Opening) -> Result<Entrance, ProviderError> {
    let base = address(opening, "gateway")?;
    if !is_loopback(&base) {
        return Err(misconfigured(
            "providers.ibkr.gateway is not on this machine; a gateway elsewhere is not spoken to",
        ));
    }
    let plain = |transport: &Arc<dyn Transport>| Entrance {
        door: Door::Gateway,
        base: base.clone(),
        transport: transport.clone(),
        dialer: None,
    };
    // Without encryption, which is taken on this machine alone, there is no certificate.
    if base.scheme() == "http" {
        return Ok(plain(&opening.transport));
    }
    let confirmed = opening.secrets.get(FINGERPRINT);
    let confirmed = confirmed.and_then(|text| Fingerprint::parse(text.expose_secret()));
    let confirmed = confirmed.ok_or_else(|| {
        misconfigured(
            "the gateway's certificate was never confirmed; disconnect it and connect again",
        )
    })?;
    let pinned = Pinned::new(&base, confirmed)?;
    Ok(Entrance {
        dialer: Some(Dialer::pinned(pinned.clone())),
        transport: Arc::new(WebTransport::pinned(Patience::default(), pinned)?),
        ..plain(&opening.transport)
    })
}

fn signed(opening: &Opening) -> Result<Entrance, ProviderError> {
    let base = address(opening, "api")?;
    let text = |name: &str| {
        let secret = opening.secrets.get(name).cloned();
        secret.unwrap_or_else(|| SecretString::from(String::new()))
    };
    let material = Material {
        consumer_key: text("consumer_key"),
        access_token: text("access_token"),
        access_token_secret: text("access_token_secret"),
        signing_key: text("signing_key"),
        encryption_key: text("encryption_key"),
        dh_prime: text("dh_prime"),
        realm: opening
            .addresses
            .get("realm")
            .filter(|it| !it.is_empty())
            .cloned(),
    };
    let consumer = Consumer::read(&material, &opening.entropy)
        .map_err(|bad| misconfigured(&format!("{bad}; connect it again")))?;
    let mut url = base.clone();
    // An address that cannot have segments was refused already.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["oauth", "live_session_token"]);
    }
    let endpoint = Endpoint {
        url,
        transport: opening.transport.clone(),
        clock: opening.clock.clone(),
        entropy: opening.entropy.clone(),
        early: opening.entropy.bytes::<1>()[0],
    };
    Ok(Entrance {
        door: Door::Signed(LiveSession::start(consumer, endpoint)),
        base,
        transport: opening.transport.clone(),
        dialer: None,
    })
}

fn bearer(opening: &mut Opening) -> Result<Entrance, ProviderError> {
    let bearer = opening.bearer.take();
    let bearer = bearer.ok_or_else(|| {
        misconfigured("there is no sign-in with Interactive Brokers yet; sign in")
    })?;
    Ok(Entrance {
        door: Door::Bearer(bearer),
        base: address(opening, "api_code")?,
        transport: opening.transport.clone(),
        dialer: None,
    })
}

fn address(opening: &Opening, key: &str) -> Result<Url, ProviderError> {
    let text = opening
        .addresses
        .get(key)
        .ok_or_else(|| misconfigured(&format!("the address providers.ibkr.{key} is missing")))?;
    let url = Url::parse(text)
        .ok()
        .filter(|url| !url.cannot_be_a_base() && url.has_host());
    url.ok_or_else(|| {
        misconfigured(&format!(
            "providers.ibkr.{key} is not an address; write it as scheme://host"
        ))
    })
}

fn misconfigured(problem: &str) -> ProviderError {
    ProviderError::Misconfigured {
        problem: problem.into(),
    }
}
