//! The token endpoint and the revocation endpoint.

use super::answer::{TokenError, bare, tokens};
use super::request::{Fields, client_of};
use super::{Asked, State};
use crate::domain::Timestamp;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

type Answer = Result<Response<Body>, TokenError>;

/// `POST` to the token endpoint.
pub(super) fn issue(state: &mut State, asked: Asked<'_>, now: Timestamp) -> Answer {
    let fields = Fields::parse(asked.body);
    match fields.need("grant_type")? {
        "authorization_code" => exchange(state, asked, &fields, now),
        "refresh_token" => refresh(state, asked, &fields, now),
        _ => Err(TokenError::unsupported_grant_type()),
    }
}

fn exchange(state: &mut State, asked: Asked<'_>, fields: &Fields, now: Timestamp) -> Answer {
    let client = client_of(state, asked, fields, None)?;
    let word = fields.need("code")?;
    let invalid = || TokenError::invalid_grant("the code is invalid, expired or used");
    let code = state.book.take_code(word).ok_or_else(invalid)?;
    if code.client != client || code.expires <= now {
        return Err(invalid());
    }
    if fields.get("redirect_uri") != Some(&code.redirect) {
        return Err(TokenError::invalid_grant("the redirect address differs"));
    }
    if let Some(challenge) = &code.challenge {
        let verifier = fields.get("code_verifier").unwrap_or_default();
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != *challenge {
            return Err(TokenError::invalid_grant("the code verifier does not fit"));
        }
    }
    let grant = state
        .book
        .open_grant(client, code.login, code.scopes.clone());
    state.book.mark_code(word, grant);
    if state.profile.supersedes {
        state.book.supersede(grant);
    }
    let refresh = match state.profile.lasting {
        true => None,
        false => Some(state.book.make_refresh(grant, &state.profile, now)),
    };
    Ok(answer(state, grant, code.scopes, refresh, now))
}

fn refresh(state: &mut State, asked: Asked<'_>, fields: &Fields, now: Timestamp) -> Answer {
    let token = fields.need("refresh_token")?;
    let implied = state.book.grant_of(token);
    let invalid = || TokenError::invalid_grant("the refresh token is invalid, expired or revoked");
    if implied.is_none() && fields.get("client_id").is_none() && !state.profile.refresh_names_client
    {
        return Err(invalid());
    }
    let owner = implied.map(|grant| state.book.grants[grant].client);
    let client = client_of(state, asked, fields, owner)?;
    if owner != Some(client) {
        return Err(invalid());
    }
    let used = state.book.use_refresh(token, &state.profile, now);
    let (grant, next) = used.ok_or_else(invalid)?;
    let granted = state.book.grants[grant].scopes.clone();
    let scopes = match fields.get("scope") {
        None => granted,
        Some(asked) => narrowed(&granted, asked).ok_or_else(TokenError::invalid_scope)?,
    };
    state.book.counts.refreshes += 1;
    Ok(answer(state, grant, scopes, next, now))
}

/// The scopes asked for, if all of them were granted.
fn narrowed(granted: &[String], asked: &str) -> Option<Vec<String>> {
    asked
        .split_whitespace()
        .map(|scope| granted.iter().find(|granted| *granted == scope).cloned())
        .collect()
}

fn answer(
    state: &mut State,
    grant: usize,
    scopes: Vec<String>,
    refresh: Option<String>,
    now: Timestamp,
) -> Response<Body> {
    let seconds = state.profile.access_seconds;
    let mut body = json!({"token_type": "Bearer", "scope": scopes.join(" ")});
    let expires = match state.profile.lasting {
        true => now.plus(Duration::MAX),
        false => {
            body["expires_in"] = seconds.into();
            now.plus(Duration::from_secs(seconds))
        }
    };
    body["access_token"] = state.book.make_access(grant, scopes, expires).into();
    if let Some(refresh) = refresh {
        body["refresh_token"] = refresh.into();
    }
    tokens(&body)
}

/// `POST` to the revocation endpoint; a token that nobody knows is none of the client's worries.
pub(super) fn revoke(state: &mut State, asked: Asked<'_>) -> Answer {
    let fields = Fields::parse(asked.body);
    let client = client_of(state, asked, &fields, None)?;
    state.book.revoke(fields.need("token")?, client);
    Ok(bare(StatusCode::OK))
}
