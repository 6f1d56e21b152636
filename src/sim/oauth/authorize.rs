//! The page a browser is sent to: who asks for what, what the person says, and the way back.

use super::answer::{page as written, redirection};
use super::book::Code;
use super::profile::{Consent, Pkce, Profile};
use super::request::Fields;
use super::{Asked, State};
use crate::domain::Timestamp;
use axum::body::Body;
use http::{Response, StatusCode};
use std::time::Duration;

/// A request for a code whose way back is known to be the client's own.
struct Request<'a> {
    client: usize,
    redirect: &'a str,
    state: Option<&'a str>,
}

/// `GET` of the page.
pub(super) fn page(state: &mut State, asked: Asked<'_>, now: Timestamp) -> Response<Body> {
    let fields = Fields::parse(asked.query.as_bytes());
    // Before these two are known to fit, nobody is sent anywhere: it could be an attacker's address.
    let client = fields
        .get("client_id")
        .and_then(|id| state.profile.client(id));
    let Some(client) = client else {
        return written(StatusCode::BAD_REQUEST, "<p>This client is unknown.</p>");
    };
    let redirects = &state.profile.clients[client].redirects;
    let known = |redirect: &&str| redirects.iter().any(|known| known == redirect);
    let Some(redirect) = fields.get("redirect_uri").filter(known) else {
        let words = "<p>The redirect address is not one of this client's.</p>";
        return written(StatusCode::BAD_REQUEST, words);
    };
    let request = Request {
        client,
        redirect,
        state: fields.get("state"),
    };
    let login = match decision(&state.profile, &fields) {
        Consent::Ask => return question(&state.profile, asked),
        Consent::Deny => return request.back(state, ("error", "access_denied")),
        Consent::Approve(login) => login,
    };
    match wanted(&state.profile, &fields, &request, login, now) {
        Ok(code) => {
            let word = state.book.make_code(code);
            request.back(state, ("code", &word))
        }
        Err(error) => request.back(state, ("error", error)),
    }
}

impl Request<'_> {
    fn back(&self, state: &State, what: (&str, &str)) -> Response<Body> {
        let mut parameters = vec![what];
        parameters.extend(self.state.map(|state| ("state", state)));
        let issuer = state.profile.issuer.as_deref();
        parameters.extend(issuer.map(|issuer| ("iss", issuer)));
        redirection(self.redirect, &parameters)
    }
}

/// What the person does: what the profile says, or what they clicked on.
fn decision(profile: &Profile, fields: &Fields) -> Consent {
    if profile.consent != Consent::Ask {
        return profile.consent.clone();
    }
    let login = fields.get("login");
    match login.filter(|login| profile.logins.iter().any(|known| known == login)) {
        Some(login) => Consent::Approve(login.to_owned()),
        None if fields.get("deny").is_some() => Consent::Deny,
        None => Consent::Ask,
    }
}

/// The code that is to be made, or the error in the standard's word.
fn wanted(
    profile: &Profile,
    fields: &Fields,
    request: &Request<'_>,
    login: String,
    now: Timestamp,
) -> Result<Code, &'static str> {
    match fields.get("response_type") {
        Some("code") => {}
        Some(_) => return Err("unsupported_response_type"),
        None => return Err("invalid_request"),
    }
    let asked = fields.get("scope").unwrap_or_default();
    let scopes = profile.scopes_of(asked).ok_or("invalid_scope")?;
    let challenge = fields.get("code_challenge");
    let challenge = match (profile.pkce, challenge) {
        (Pkce::Ignored, _) | (Pkce::Optional, None) => None,
        (Pkce::Required, None) => return Err("invalid_request"),
        (Pkce::Optional | Pkce::Required, Some(challenge)) => {
            // Left out, it would mean a challenge in clear, which protects nothing.
            if fields.get("code_challenge_method") != Some("S256") {
                return Err("invalid_request");
            }
            Some(challenge.to_owned())
        }
    };
    Ok(Code {
        client: request.client,
        login,
        scopes,
        redirect: request.redirect.to_owned(),
        challenge,
        expires: now.plus(Duration::from_secs(profile.code_seconds)),
        used: None,
    })
}

/// The same address once more for each answer that can be given.
fn question(profile: &Profile, asked: Asked<'_>) -> Response<Body> {
    let link = |name: &str, value: &str, words: &str| {
        let more = url::form_urlencoded::Serializer::new(asked.query.to_owned())
            .append_pair(name, value)
            .finish();
        let target = plain(&format!("{}?{more}", asked.path));
        format!("<p><a href=\"{target}\">{}</a></p>", plain(words))
    };
    let mut content: String = profile
        .logins
        .iter()
        .map(|login| link("login", login, &format!("Allow as {login}")))
        .collect();
    content.push_str(&link("deny", "1", "Do not allow"));
    written(StatusCode::OK, &content)
}

/// A text that cannot end the place it stands in.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
