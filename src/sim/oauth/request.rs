//! Reading a request of the token endpoint: its fields, and the client that sends it.

use super::answer::TokenError;
use super::profile::{ClientAuth, Profile};
use super::{Asked, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use serde_json::Value;

/// The fields of a body, whether it is a form or JSON.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
            let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
            return Self(fields.into_iter().filter_map(text).collect());
        }
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        found.next().map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, TokenError> {
        self.get(name)
            .ok_or_else(|| TokenError::invalid_request(&format!("{name} is missing")))
    }
}

/// The client that sends a request; `implied` is the one that its refresh token belongs to.
pub(super) fn client_of(
    state: &State,
    asked: Asked<'_>,
    fields: &Fields,
    implied: Option<usize>,
) -> Result<usize, TokenError> {
    let header = basic(asked)?;
    let profile = &state.profile;
    let refused = || TokenError::invalid_client(header.is_some());
    let allowed = match profile.client_auth {
        ClientAuth::Body => header.is_none(),
        ClientAuth::Basic => fields.get("client_secret").is_none(),
        ClientAuth::Either => true,
    };
    if !allowed {
        return Err(refused());
    }
    let (id, secret) = match &header {
        Some((id, secret)) => (Some(id.as_str()), Some(secret.as_str())),
        None => (fields.get("client_id"), fields.get("client_secret")),
    };
    let implied = implied.filter(|_| !profile.refresh_names_client);
    let client = match id {
        Some(id) => profile.client(id),
        None => implied,
    };
    client
        .filter(|client| fits(profile, *client, secret))
        .ok_or_else(refused)
}

fn fits(profile: &Profile, client: usize, secret: Option<&str>) -> bool {
    match &profile.clients[client].secret {
        Some(own) => secret == Some(own.as_str()),
        None => true,
    }
}

/// Name and secret from a `Basic` header, each of them form-encoded before (RFC 6749, 2.3.1).
fn basic(asked: Asked<'_>) -> Result<Option<(String, String)>, TokenError> {
    let Some(header) = asked.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let plain = |text: &str| {
        let form = format!("part={text}");
        let mut pairs = url::form_urlencoded::parse(form.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    let read = || {
        let encoded = header.to_str().ok()?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((plain(id)?, plain(secret)?))
    };
    read()
        .map(Some)
        .ok_or_else(|| TokenError::invalid_client(true))
}
