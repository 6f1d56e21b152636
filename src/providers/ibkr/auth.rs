//! Ways in: the gateway on this machine, a consumer of the person's own, a token; and where each leads.

use super::rest::Door;
use crate::auth::oauth1::{Consumer, Endpoint, Entropy, LiveSession, Material};
use crate::net::Dialer;
use crate::net::address::is_loopback;
use crate::net::tls::pinned::{Fingerprint, Pinned};
use crate::net::transport::{Patience, Transport, WebTransport};
use crate::providers::provider::{Opening, ProviderError, SecretSpec};
use std::sync::Arc;
use url::Url;

/// The name under which the certificate that the person confirmed is sealed.
pub(super) const FINGERPRINT: &str = crate::providers::provider::FINGERPRINT;
