//! The token endpoint: a code or a refresh token goes there, tokens come back. Spoken by the `oauth2` crate, sent by
//! [`net`](crate::net): one request, never repeated, no redirect followed, and nothing of it in a log.

use super::attempt::{Code, redirect_url};
use super::error::AuthError;
use super::profile::{ClientAuth, Profile};
use super::tokens::{AccessToken, Tokens};
use crate::domain::{Clock, Timestamp};
use crate::net::error::NetError;
use crate::net::http::Request;
use crate::net::rate_limit::Purpose;
use crate::net::transport::Transport;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2::basic::{
    BasicClient, BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse,
};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse,
    PkceCodeVerifier, RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

const FORM: &str = "application/x-www-form-urlencoded";

/// How large an answer with tokens may be.
const ANSWER_LIMIT: usize = 64 * 1_024;

/// The person's own registration.
#[derive(Clone)]
pub struct Client {
    /// Public.
    pub id: String,
    /// Not; none for a public client.
    pub secret: Option<Arc<SecretString>>,
}

/// A provider's token endpoint, with who we are to it.
#[derive(Clone)]
pub struct TokenEndpoint {
    profile: Arc<Profile>,
    client: Client,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

/// What goes out when the client is fully set up.
type ReadyClient = BasicClient<
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

impl TokenEndpoint {
    /// Sends nothing yet.
    pub fn new(
        profile: Arc<Profile>,
        client: Client,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            profile,
            client,
            transport,
            clock,
        }
    }

    /// Exchanges a code for tokens.
    ///
    /// # Errors
    /// See [`AuthError`]; after a passing one it is not known whether the code was used.
    pub async fn exchange(&self, code: &Code) -> Result<Tokens, AuthError> {
        let client = self.client().set_redirect_uri(redirect_url(&self.profile));
        let mut request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if let Some(verifier) = &code.verifier {
            let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
            request = request.set_pkce_verifier(verifier);
        }
        let line = Line::new(&self.transport);
        let sent = request.request_async(&line).await;
        self.taken(sent, &line, None)
    }

    /// Brings the next access token. Where the provider sends no new refresh token, the old one stays.
    ///
    /// # Errors
    /// See [`AuthError`]; after a passing one the provider may have taken the old token out of use.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, AuthError> {
        let refresh = tokens.refresh.as_ref().ok_or(AuthError::SignIn {
            why: "the access token has ended and there is none to renew it with",
        })?;
        let client = self.client();
        let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
        let request = client.exchange_refresh_token(&refresh);
        let line = Line::new(&self.transport);
        let sent = request.request_async(&line).await;
        self.taken(sent, &line, Some(tokens))
    }

    /// Gives tokens back, where the provider takes them; whether it did.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn revoke(&self, tokens: &Tokens) -> Result<bool, AuthError> {
        let Some(revoke) = &self.profile.revoke else {
            return Ok(false);
        };
        let (token, kind) = match (&tokens.refresh, &tokens.access) {
            (Some(refresh), _) => (refresh.expose_secret(), "refresh_token"),
            (None, Some(access)) => (access.expose(), "access_token"),
            (None, None) => return Ok(false),
        };
        let answer = self
            .transport
            .send(&self.revocation(revoke, token, kind))
            .await?;
        match answer.status {
            200..=299 => Ok(true),
            429 => Err(AuthError::RateLimited {
                retry_after: answer.retry_after(),
            }),
            status @ (408 | 500..=599) => Err(AuthError::Unavailable { status }),
            status => Err(refused(None, Some(status))),
        }
    }

    /// RFC 7009, 2.1. The crate's own form takes no address without encryption, not even on this machine, where
    /// [`Transport`] takes it.
    fn revocation(&self, revoke: &Url, token: &str, kind: &str) -> Request {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token)
            .append_pair("token_type_hint", kind);
        let mut request = Request::new(http::Method::POST, revoke.clone(), Purpose::Read);
        let id = self.client.id.as_str();
        match (&self.client.secret, self.profile.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                let encode = |text: &str| -> String {
                    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let pair = format!("{}:{}", encode(id), encode(secret.expose_secret()));
                let value = SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair)));
                request = request.secret_header(http::header::AUTHORIZATION, value);
            }
            (Some(secret), ClientAuth::Body) => {
                form.append_pair("client_id", id)
                    .append_pair("client_secret", secret.expose_secret());
            }
            (None, _) => {
                form.append_pair("client_id", id);
            }
        }
        request.size_limit = ANSWER_LIMIT;
        request.body = Some((FORM, form.finish().into()));
        request
    }

    fn client(&self) -> ReadyClient {
        let client = BasicClient::new(ClientId::new(self.client.id.clone()))
            .set_auth_type(match self.profile.client_auth {
                ClientAuth::Basic => AuthType::BasicAuth,
                ClientAuth::Body => AuthType::RequestBody,
            })
            .set_token_uri(TokenUrl::from_url(self.profile.token.clone()));
        match &self.client.secret {
            Some(secret) => {
                client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            }
            None => client,
        }
    }

    fn taken(
        &self,
        sent: Result<BasicTokenResponse, BasicRequestTokenError<NetError>>,
        line: &Line,
        before: Option<&Tokens>,
    ) -> Result<Tokens, AuthError> {
        let answer = sent.map_err(|error| line.explain_token(&error))?;
        let now = self.clock.now();
        let refresh = answer.refresh_token().map(|it| secret(it.secret()));
        let is_new = refresh.is_some();
        let refresh = refresh.or_else(|| before.and_then(|it| it.refresh.clone()));
        // A refresh token that is only repeated does not live longer for it.
        let is_same = match (&refresh, before.and_then(|it| it.refresh.as_ref())) {
            (Some(new), Some(old)) => new.expose_secret() == old.expose_secret(),
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        let refresh_until = match before {
            Some(before) if is_same || !is_new => before.refresh_until,
            Some(_) | None => self.refresh_end(now),
        };
        Ok(Tokens {
            access: Some(AccessToken::new(SecretString::from(
                answer.access_token().secret().clone(),
            ))),
            refresh,
            given: now,
            access_until: answer.expires_in().map(|life| now.plus(life)),
            refresh_until,
        })
    }

    fn refresh_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.profile.refresh_life.map(|life| now.plus(life))
    }
}

fn secret(text: &str) -> Arc<SecretString> {
    Arc::new(SecretString::from(text.to_owned()))
}

/// How one request leaves, and what of its answer OAuth has no words for.
struct Line {
    transport: Arc<dyn Transport>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    status: Option<u16>,
    retry_after: Option<Duration>,
    failed: Option<NetError>,
}

impl Line {
    fn new(transport: &Arc<dyn Transport>) -> Self {
        Self {
            transport: transport.clone(),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> Seen {
        // It is written whole, so a panic elsewhere does no harm.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NetError> {
        let response = self.transport.send(&ours(request)?).await;
        let seen = match &response {
            Ok(response) => Seen {
                status: Some(response.status),
                retry_after: response.retry_after(),
                failed: None,
            },
            Err(error) => Seen {
                failed: Some(error.clone()),
                ..Seen::default()
            },
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        let response = response?;
        let built = http::Response::builder().status(response.status);
        let built = response
            .headers
            .iter()
            .fold(built, |built, (name, value)| built.header(name, value));
        built
            .body(response.body.to_vec())
            .map_err(|_| NetError::Request("an answer that cannot be written down"))
    }

    fn explain_token(&self, error: &BasicRequestTokenError<NetError>) -> AuthError {
        let named = match error {
            RequestTokenError::ServerResponse(answer) => Some(answer.error().clone()),
            RequestTokenError::Request(_)
            | RequestTokenError::Parse(..)
            | RequestTokenError::Other(_) => None,
        };
        self.explain(named.is_some(), named)
    }

    /// What an answer that brought no tokens means: by its status where that says enough, else by OAuth's name for it
    /// (RFC 6749, 5.2). A description is never repeated: it may hold what was sent.
    fn explain(&self, is_answer: bool, named: Option<BasicErrorResponseType>) -> AuthError {
        let seen = self.seen();
        if let Some(error) = seen.failed {
            return AuthError::Unreachable(error);
        }
        match seen.status {
            Some(429) => AuthError::RateLimited {
                retry_after: seen.retry_after,
            },
            Some(status @ (408 | 500..=599)) => AuthError::Unavailable { status },
            Some(200) if !is_answer => AuthError::Garbled,
            Some(_) | None => refused(named.as_ref(), seen.status),
        }
    }
}

fn refused(named: Option<&BasicErrorResponseType>, status: Option<u16>) -> AuthError {
    let registration = |why| AuthError::Registration { why };
    match named {
        Some(BasicErrorResponseType::InvalidGrant) => AuthError::SignIn {
            why: "the provider takes the code or token no more: it was used, has run out, or was taken back",
        },
        Some(
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient,
        ) => registration("the provider does not know this client id with this secret; check both"),
        Some(BasicErrorResponseType::InvalidScope) => registration(
            "the provider refuses the scopes; set oauth_scopes to those of your registration",
        ),
        Some(
            BasicErrorResponseType::InvalidRequest | BasicErrorResponseType::UnsupportedGrantType,
        ) => registration("the provider refuses this kind of sign-in; check its oauth_ settings"),
        Some(BasicErrorResponseType::Extension(_)) => AuthError::SignIn {
            why: "the provider refused",
        },
        None if status == Some(401) => {
            registration("the provider does not know this client id with this secret; check both")
        }
        None if status.is_some_and(|status| (400..500).contains(&status)) => AuthError::SignIn {
            why: "the provider refused",
        },
        None => AuthError::Garbled,
    }
}

/// Their request as ours: sent once, as large as tokens may be.
fn ours(request: HttpRequest) -> Result<Request, NetError> {
    let (parts, body) = request.into_parts();
    let url =
        Url::parse(&parts.uri.to_string()).map_err(|_| NetError::Address("it cannot be read"))?;
    let mut ours = Request::new(parts.method, url, Purpose::Read);
    ours.size_limit = ANSWER_LIMIT;
    for (name, value) in &parts.headers {
        if name == http::header::CONTENT_TYPE {
            continue; // goes with the body
        }
        let value = value
            .to_str()
            .map_err(|_| NetError::Request("a header holds characters that cannot be sent"))?;
        ours = ours.secret_header(name.clone(), SecretString::from(value.to_owned()));
    }
    ours.body = Some((FORM, body.into()));
    Ok(ours)
}

impl<'c> oauth2::AsyncHttpClient<'c> for Line {
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NetError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
