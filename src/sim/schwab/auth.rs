//! Sign-in as this provider does it, over the authorization server that simulators share: its codes, its
//! errors, its lifetimes.

use super::people::Person;
use crate::sim::oauth::{
    Asked, AuthServer, Client, ClientAuth, Consent, Paths, Pkce, Profile, Rotation,
};
use axum::body::{Body, to_bytes};
use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use std::borrow::Cow;
use url::form_urlencoded;
use uuid::Uuid;

pub(super) const AUTHORIZE: &str = "/v1/oauth/authorize";
pub(super) const TOKEN: &str = "/v1/oauth/token";
/// What every code starts and ends with; the end has to be sent as `%40`.
const CODE: (&str, &str) = ("C0.", "@");
/// The only scope there is.
pub(super) const SCOPE: &str = "api";
/// Largest answer of the server that is looked at; its pages are far smaller.
const LARGEST: usize = 1 << 20;

/// The provider's rules.
pub(super) fn profile(people: &[Person], redirects: &[String]) -> Profile {
    let client = |person: &Person| Client {
        id: person.client.0.clone(),
        secret: Some(person.client.1.clone()),
        redirects: redirects.to_vec(),
    };
    Profile {
        clients: people.iter().map(client).collect(),
        logins: people
            .iter()
            .map(|person| person.login.to_owned())
            .collect(),
        scopes: vec![SCOPE.to_owned()],
        pkce: Pkce::Ignored,
        client_auth: ClientAuth::Basic,
        refresh_names_client: true,
        consent: Consent::Ask,
        code_seconds: 30,
        access_seconds: 1_800,
        lasting: false,
        refresh_seconds: Some(7 * 86_400),
        rotation: Rotation::Keep,
        supersedes: true,
        issuer: None,
        paths: Paths {
            authorize: AUTHORIZE.to_owned(),
            token: TOKEN.to_owned(),
            revoke: None,
        },
    }
}

/// Answers a request for the page or for a token; `None` for any other.
pub(super) async fn answer(
    server: &AuthServer,
    people: &[Person],
    asked: Asked<'_>,
    session: Uuid,
) -> Option<Response<Body>> {
    if asked.path == AUTHORIZE {
        let query = in_person(asked.query, people);
        let asked = Asked {
            query: &query,
            ..asked
        };
        return server.answer(asked).map(|page| sent_back(page, session));
    }
    if asked.path != TOKEN {
        return None;
    }
    let is_refresh = field(asked.body, "grant_type").as_deref() == Some("refresh_token");
    let body = bare_code(asked.body);
    let answer = server.answer(Asked {
        body: &body,
        ..asked
    })?;
    Some(in_own_words(answer, is_refresh).await)
}

/// The request with the person in front of the page, who is the program's owner: programs of this
/// provider are for their owner's own accounts. `deny` in its place refuses. A scope, which the
/// provider's own example names, changes nothing.
fn in_person(query: &str, people: &[Person]) -> String {
    let fields = || form_urlencoded::parse(query.as_bytes());
    let client = fields().find(|(name, _)| name == "client_id");
    let is_answered = fields().any(|(name, _)| matches!(&*name, "login" | "deny"));
    let owner = client
        .filter(|_| !is_answered)
        .and_then(|(_, id)| people.iter().find(|person| person.client.0 == id));
    let mut asked = form_urlencoded::Serializer::new(String::new());
    asked.extend_pairs(fields().filter(|(name, _)| name != "scope"));
    if let Some(owner) = owner {
        asked.append_pair("login", owner.login);
    }
    asked.finish()
}

/// The way back to the client, the code in its frame and the session beside it.
fn sent_back(mut page: Response<Body>, session: Uuid) -> Response<Body> {
    let target = page.headers().get(LOCATION);
    let Some((address, query)) = target
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.rsplit_once('?'))
    else {
        return page;
    };
    let mut more = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "code" => {
                let code = format!("{}{value}{}", CODE.0, CODE.1);
                more.append_pair("code", &code);
                more.append_pair("session", &session.to_string());
            }
            _ => {
                more.append_pair(&name, &value);
            }
        }
    }
    if let Ok(target) = HeaderValue::from_str(&format!("{address}?{}", more.finish())) {
        page.headers_mut().insert(LOCATION, target);
    }
    page
}

fn field(body: &[u8], name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(body);
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A form with its code out of its frame; a code without its frame is none.
fn bare_code(body: &[u8]) -> Cow<'_, [u8]> {
    let Some(code) = field(body, "code") else {
        return Cow::Borrowed(body);
    };
    let word = code
        .strip_prefix(CODE.0)
        .and_then(|rest| rest.strip_suffix(CODE.1))
        .unwrap_or("none");
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(body) {
        let value = if name == "code" { word } else { &value };
        form.append_pair(&name, value);
    }
    Cow::Owned(form.finish().into_bytes())
}

/// Tokens with the id token beside them; errors as the provider writes them.
async fn in_own_words(answer: Response<Body>, is_refresh: bool) -> Response<Body> {
    let (head, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let mut body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let error = body["error"].as_str().map(str::to_owned);
    match (error.as_deref(), is_refresh) {
        (None, _) if head.status == StatusCode::OK => {
            // Three parts in base64, signed with nothing: nobody here reads it.
            body["id_token"] = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl".into();
            Response::from_parts(head, Body::from(body.to_string()))
        }
        (Some("invalid_client"), _) => {
            refusal(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized")
        }
        (Some("invalid_grant"), true) => refusal(
            StatusCode::BAD_REQUEST,
            "unsupported_token_type",
            "400 Bad Request: \"{\"error_description\":\"Exception while authenticating refresh \
             token [tokenDigest=simulated, reason=expired or unknown]\",\
             \"error\":\"refresh_token_authentication_error\"}\"",
        ),
        _ => Response::from_parts(head, Body::from(bytes)),
    }
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Response<Body> {
    let body = json!({"error": error, "error_description": description});
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leaves_in_its_frame_and_comes_back_out_of_it() {
        let mut page = Response::new(Body::empty());
        let target = HeaderValue::from_static("https://127.0.0.1:8182?code=abc&state=s%26t");
        page.headers_mut().insert(LOCATION, target);
        let page = sent_back(page, Uuid::nil());
        assert_eq!(
            page.headers()[LOCATION],
            "https://127.0.0.1:8182?code=C0.abc%40&session=00000000-0000-0000-0000-000000000000\
             &state=s%26t"
        );
        let bare = |form: &[u8]| String::from_utf8(bare_code(form).into_owned()).unwrap();
        assert_eq!(bare(b"code=C0.abc%40&a=b"), "code=abc&a=b");
        // Decoded twice or not at all, it is no code any more.
        for wrong in ["code=C0.abc%2540", "code=C0.abc", "code=abc%40"] {
            assert_eq!(bare(wrong.as_bytes()), "code=none", "{wrong}");
        }
    }
}
