//! In what authorization servers differ.

/// The rules of a server.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Who may ask for tokens.
    pub clients: Vec<Client>,
    /// Who can sign in.
    pub logins: Vec<String>,
    /// What can be granted; where nothing is asked for, all of it is.
    pub scopes: Vec<String>,
    /// What is done with a proof key.
    pub pkce: Pkce,
    /// How a client says who it is.
    pub client_auth: ClientAuth,
    /// Whether a refresh has to name its client beside the token.
    pub refresh_names_client: bool,
    /// What the person in front of the page does.
    pub consent: Consent,
    /// How long a code can be exchanged, in seconds.
    pub code_seconds: u64,
    /// How long an access token is good, in seconds.
    pub access_seconds: u64,
    /// Whether access tokens last until they are taken back: nothing is said of their end, and none renews them.
    pub lasting: bool,
    /// How long a refresh token is good, in seconds; `None` for ever.
    pub refresh_seconds: Option<u64>,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
    /// Whether a new sign-in makes the refresh tokens of earlier ones of its client and login useless.
    pub supersedes: bool,
    /// The server's own name, sent along with the code (RFC 9207).
    pub issuer: Option<String>,
    /// Where its pages are.
    pub paths: Paths,
}

/// A program that may ask for tokens.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its public name.
    pub id: String,
    /// Its secret; `None` for a public client.
    pub secret: Option<String>,
    /// Where it may be sent back to, compared character by character.
    pub redirects: Vec<String>,
}

/// What is done with a proof key (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// Nothing: the server does not know of it.
    Ignored,
    /// It is checked where it was given.
    Optional,
    /// No code without one.
    Required,
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// With its secret in the body; a header is refused.
    Body,
    /// With a `Basic` header; a secret in the body is refused.
    Basic,
    /// Either way.
    Either,
}

/// What the person in front of the page does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Signs in as this one and agrees.
    Approve(String),
    /// Refuses.
    Deny,
    /// Is asked.
    Ask,
}

/// What becomes of a refresh token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It stays, and the answer repeats it.
    Keep,
    /// It stays, and the answer does not mention it.
    KeepUnsaid,
    /// A new one takes its place; the old one still works for so many seconds. Whoever uses it later
    /// ends the grant.
    Replace {
        /// Seconds.
        grace: u64,
    },
}

/// Where a server's pages are.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The page a browser is sent to.
    pub authorize: String,
    /// The token endpoint.
    pub token: String,
    /// The revocation endpoint (RFC 7009), if there is one.
    pub revoke: Option<String>,
}

impl Profile {
    /// A plain server as the standards have it: one client, one person who agrees, rotating tokens.
    pub fn plain(client: Client) -> Self {
        Self {
            clients: vec![client],
            logins: vec!["ada".to_owned()],
            scopes: vec!["read".to_owned(), "trade".to_owned()],
            pkce: Pkce::Required,
            client_auth: ClientAuth::Either,
            refresh_names_client: true,
            consent: Consent::Approve("ada".to_owned()),
            code_seconds: 60,
            access_seconds: 900,
            lasting: false,
            refresh_seconds: Some(30 * 86_400),
            rotation: Rotation::Replace { grace: 0 },
            supersedes: false,
            issuer: None,
            paths: Paths {
                authorize: "/authorize".to_owned(),
                token: "/token".to_owned(),
                revoke: Some("/revoke".to_owned()),
            },
        }
    }

    /// The place of a client.
    pub(super) fn client(&self, id: &str) -> Option<usize> {
        self.clients.iter().position(|client| client.id == id)
    }

    /// The scopes a request names; `None` when one of them does not exist.
    pub(super) fn scopes_of(&self, asked: &str) -> Option<Vec<String>> {
        if asked.trim().is_empty() {
            return Some(self.scopes.clone());
        }
        asked
            .split_whitespace()
            .map(|scope| self.scopes.iter().find(|known| *known == scope).cloned())
            .collect()
    }
}
