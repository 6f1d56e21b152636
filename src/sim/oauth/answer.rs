//! What goes back: tokens, errors as RFC 6749 words them, pages and redirections.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// An error of the token endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    description: String,
    /// Whether a header tried to say who the client is, so that one has to say how it should.
    challenge: bool,
}

impl TokenError {
    fn new(code: &'static str, description: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.to_owned(),
            challenge: false,
        }
    }

    pub(super) fn invalid_request(description: &str) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn invalid_scope() -> Self {
        Self::new("invalid_scope", "the scope is unknown or was not granted")
    }

    pub(super) fn unsupported_grant_type() -> Self {
        Self::new("unsupported_grant_type", "no such grant type")
    }

    pub(super) fn invalid_client(challenge: bool) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge,
            ..Self::new("invalid_client", "client authentication failed")
        }
    }
}

pub(super) fn bare(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// A body that nobody may keep.
pub(super) fn tokens(body: &Value) -> Response<Body> {
    data(StatusCode::OK, body)
}

pub(super) fn refusal(error: &TokenError) -> Response<Body> {
    let body = json!({"error": error.code, "error_description": error.description});
    let mut answer = data(error.status, &body);
    if error.challenge {
        let basic = HeaderValue::from_static("Basic");
        answer.headers_mut().insert(WWW_AUTHENTICATE, basic);
    }
    answer
}

fn data(status: StatusCode, body: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// A page for a person.
pub(super) fn page(status: StatusCode, content: &str) -> Response<Body> {
    let mut answer = Response::new(Body::from(format!(
        "<!DOCTYPE html><html><body>{content}</body></html>"
    )));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// Sends a browser to an address with some parameters more.
pub(super) fn redirection(address: &str, parameters: &[(&str, &str)]) -> Response<Body> {
    let more = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let sign = if address.contains('?') { '&' } else { '?' };
    let mut answer = bare(StatusCode::FOUND);
    if let Ok(target) = HeaderValue::from_str(&format!("{address}{sign}{more}")) {
        answer.headers_mut().insert(LOCATION, target);
    }
    answer
}
