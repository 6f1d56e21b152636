//! What was granted: grants, codes, tokens, and counts.

use super::answer::TokenError;
use super::profile::{Profile, Rotation};
use crate::domain::Timestamp;
use std::collections::HashMap;
use std::iter::repeat_with;
use std::time::Duration;

/// What a server has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Codes handed out.
    pub codes: u64,
    /// Codes exchanged for tokens.
    pub exchanges: u64,
    /// Refresh tokens exchanged for tokens.
    pub refreshes: u64,
    /// Codes that came a second time.
    pub code_reuses: u64,
    /// Refresh tokens that came again after their grace.
    pub refresh_reuses: u64,
    /// Answers `invalid_grant`.
    pub invalid_grants: u64,
    /// Answers `invalid_client`.
    pub invalid_clients: u64,
    /// Tokens revoked.
    pub revocations: u64,
}

/// Whose token it is and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who signed in.
    pub login: String,
    /// What was granted.
    pub scopes: Vec<String>,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBearer {
    /// Nobody made it, or its grant has ended.
    Unknown,
    /// Its time is over.
    Expired,
}

/// A person's consent to a client.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) client: usize,
    pub(super) login: String,
    pub(super) scopes: Vec<String>,
    pub(super) ended: bool,
}

/// A code on its way through a browser.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client: usize,
    pub(super) login: String,
    pub(super) scopes: Vec<String>,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
    pub(super) expires: Timestamp,
    /// The grant it was exchanged for.
    pub(super) used: Option<usize>,
}

#[derive(Debug)]
struct Access {
    grant: usize,
    scopes: Vec<String>,
    expires: Timestamp,
}

#[derive(Debug)]
struct Refresh {
    grant: usize,
    expires: Option<Timestamp>,
    /// When another took its place.
    replaced: Option<Timestamp>,
}

/// Everything granted.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) grants: Vec<Grant>,
    pub(super) counts: Counts,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    random: fastrand::Rng,
}

impl Counts {
    pub(super) fn count(&mut self, error: &TokenError) {
        match error.code {
            "invalid_grant" => self.invalid_grants += 1,
            "invalid_client" => self.invalid_clients += 1,
            _ => {}
        }
    }
}

impl Book {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            grants: Vec::new(),
            counts: Counts::default(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            random: fastrand::Rng::with_seed(seed ^ 0x0a07_4b00),
        }
    }

    fn word(&mut self, length: usize) -> String {
        repeat_with(|| self.random.alphanumeric())
            .take(length)
            .collect()
    }

    pub(super) fn open_grant(
        &mut self,
        client: usize,
        login: String,
        scopes: Vec<String>,
    ) -> usize {
        self.grants.push(Grant {
            client,
            login,
            scopes,
            ended: false,
        });
        self.grants.len() - 1
    }

    pub(super) fn make_code(&mut self, code: Code) -> String {
        let word = self.word(32);
        self.codes.insert(word.clone(), code);
        self.counts.codes += 1;
        word
    }

    /// Uses a code up; a second use ends the grant that the first one opened (RFC 6749, 4.1.2).
    pub(super) fn take_code(&mut self, word: &str) -> Option<Code> {
        let used = self.codes.get(word)?.used;
        if let Some(grant) = used {
            self.counts.code_reuses += 1;
            self.grants[grant].ended = true;
            return None;
        }
        self.codes.get(word).cloned()
    }

    pub(super) fn mark_code(&mut self, word: &str, grant: usize) {
        if let Some(code) = self.codes.get_mut(word) {
            code.used = Some(grant);
        }
        self.counts.exchanges += 1;
    }

    /// An access token in the form of a signed one, which nobody but the server can read.
    pub(super) fn make_access(
        &mut self,
        grant: usize,
        scopes: Vec<String>,
        expires: Timestamp,
    ) -> String {
        let token = format!("eyJhbGciOiJFZERTQSJ9.{}.{}", self.word(48), self.word(43));
        let access = Access {
            grant,
            scopes,
            expires,
        };
        self.access.insert(token.clone(), access);
        token
    }

    pub(super) fn make_refresh(
        &mut self,
        grant: usize,
        profile: &Profile,
        now: Timestamp,
    ) -> String {
        let token = self.word(64);
        let life = profile.refresh_seconds.map(Duration::from_secs);
        let refresh = Refresh {
            grant,
            expires: life.map(|life| now.plus(life)),
            replaced: None,
        };
        self.refresh.insert(token.clone(), refresh);
        token
    }

    /// The grant of a refresh token, whatever has become of the token.
    pub(super) fn grant_of(&self, token: &str) -> Option<usize> {
        self.refresh.get(token).map(|refresh| refresh.grant)
    }

    /// Uses a refresh token: its grant, and the token that is to be used from now on.
    pub(super) fn use_refresh(
        &mut self,
        token: &str,
        profile: &Profile,
        now: Timestamp,
    ) -> Option<(usize, Option<String>)> {
        let refresh = self.refresh.get(token)?;
        let grant = refresh.grant;
        if self.grants[grant].ended || refresh.expires.is_some_and(|expires| expires <= now) {
            return None;
        }
        let grace = match profile.rotation {
            Rotation::Replace { grace } => Duration::from_secs(grace),
            Rotation::Keep => return Some((grant, Some(token.to_owned()))),
            Rotation::KeepUnsaid => return Some((grant, None)),
        };
        if let Some(replaced) = refresh.replaced
            && now.since(replaced) >= grace
        {
            self.counts.refresh_reuses += 1;
            self.grants[grant].ended = true;
            return None;
        }
        let next = self.make_refresh(grant, profile, now);
        if let Some(refresh) = self.refresh.get_mut(token) {
            refresh.replaced.get_or_insert(now);
        }
        Some((grant, Some(next)))
    }

    pub(super) fn bearer(&self, token: &str, now: Timestamp) -> Result<Bearer, NoBearer> {
        let access = self.access.get(token).ok_or(NoBearer::Unknown)?;
        let grant = &self.grants[access.grant];
        if grant.ended {
            return Err(NoBearer::Unknown);
        }
        if access.expires <= now {
            return Err(NoBearer::Expired);
        }
        Ok(Bearer {
            login: grant.login.clone(),
            scopes: access.scopes.clone(),
        })
    }

    pub(super) fn expire_access(&mut self) {
        for access in self.access.values_mut() {
            access.expires = Timestamp::EPOCH;
        }
    }

    pub(super) fn withdraw(&mut self, login: &str) {
        for grant in self.grants.iter_mut().filter(|grant| grant.login == login) {
            grant.ended = true;
        }
    }

    /// Forgets the refresh tokens of every other grant of a grant's client and login.
    pub(super) fn supersede(&mut self, newest: usize) {
        let grants = &self.grants;
        let owner = |grant: usize| (grants[grant].client, &grants[grant].login);
        self.refresh
            .retain(|_, refresh| refresh.grant == newest || owner(refresh.grant) != owner(newest));
    }

    /// Revokes a token of a client: a refresh token ends its grant, an access token itself.
    pub(super) fn revoke(&mut self, token: &str, client: usize) {
        let is_of = |grants: &[Grant], grant: usize| grants[grant].client == client;
        if let Some(grant) = self.grant_of(token)
            && is_of(&self.grants, grant)
        {
            self.grants[grant].ended = true;
            self.counts.revocations += 1;
        }
        let grant = self.access.get(token).map(|access| access.grant);
        if grant.is_some_and(|grant| is_of(&self.grants, grant)) {
            self.access.remove(token);
            self.counts.revocations += 1;
        }
    }
}
