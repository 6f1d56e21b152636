//! Signing in by browser: an attempt runs in a task of its own and is given up when its screen asks for another.

use crate::auth::redirect::{Listener, NotListening, SharedAttempt};
use crate::auth::{Attempt, Bearer, Code, Profile, TokenEndpoint, sign_in};
use crate::domain::{AccountId, Text};
use crate::link::{Addition, Answer, ScreenId, SignInRequest, SignInStatus, Waiting};
use crate::providers::provider::{Grant, ProviderError};
use crate::runtime::additions::{self, Added, Opener};
use crate::runtime::connections::Connection;
use crate::runtime::credentials::Credentials;
use crate::runtime::effects::Effects;
use crate::runtime::secrets::GONE;
use crate::runtime::{Happened, Runtime, secrets, tokens};
use crate::vault::Domain;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

/// How long a browser may take to say its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest address to sign in at, in characters.
const LONGEST_ADDRESS: usize = 4_096;

/// Addresses that may wait to be looked at.
const MOST_PASTED: usize = 8;

/// A screen's attempt; it is given up when this goes.
pub(super) struct UnderWay {
    pasted: mpsc::Sender<SecretString>,
    cancel: CancellationToken,
    _cancel_with_this: DropGuard,
    /// Ends when the place where the browser comes back is free again.
    task: JoinHandle<()>,
}

/// What an attempt is for.
struct Purpose {
    credentials: Credentials,
    /// What the connection has, which is signed in to again. None for a new connection.
    again: Option<Before>,
}

/// A connection as it was before it is signed in to again.
struct Before {
    /// The person has to sign in to one of these.
    accounts: Vec<AccountId>,
    /// Tokens that may be at work.
    bearer: Option<Bearer>,
}

impl Runtime {
    pub(super) async fn ask_sign_in(&mut self, screen: ScreenId, request: SignInRequest) {
        match request {
            SignInRequest::GiveUp => {
                if let Some(under_way) = self.sign_ins.get(&screen) {
                    under_way.cancel.cancel();
                }
            }
            SignInRequest::Pasted { address } => {
                if let Some(under_way) = self.sign_ins.get(&screen) {
                    // More than fit were pasted before one was looked at; none of them is needed.
                    let _ = under_way.pasted.try_send(address);
                }
            }
            SignInRequest::New {
                name,
                provider,
                environment,
                way,
                secrets,
            } => {
                let taken = self.connections.keys().cloned().collect();
                let purpose = additions::choose_name(name, &provider, &taken).map(|connection| {
                    let credentials = Credentials {
                        connection,
                        provider,
                        environment,
                        way: Some(way.to_string()),
                        domain: Domain::Trade,
                        secrets: secrets.into_iter().collect(),
                    };
                    Purpose {
                        credentials,
                        again: None,
                    }
                });
                self.begin_sign_in(screen, purpose);
            }
            SignInRequest::Again { connection } => {
                let accounts = self.engine.accounts_of(&connection);
                let open = self.connections.get(&connection);
                let bearer = open.and_then(Connection::bearer);
                let name = connection.clone();
                let keeper = self.effects.keeper.clone();
                let found = keeper.ask(move |room| room.credentials_of(&name)).await;
                let credentials = found.unwrap_or_else(|| Err(GONE.into()));
                let purpose = credentials.map(|credentials| Purpose {
                    credentials,
                    again: Some(Before { accounts, bearer }),
                });
                self.begin_sign_in(screen, purpose);
            }
        }
    }

    fn begin_sign_in(&mut self, screen: ScreenId, purpose: Result<Purpose, Text>) {
        let before = self.sign_ins.remove(&screen).map(|it| it.task);
        let purpose = match self.engine.refusal() {
            Some(why) => Err(why),
            None => purpose,
        };
        let (opener, effects) = (self.opener(), self.effects.clone());
        let (pasted, inbox) = mpsc::channel(MOST_PASTED);
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let task = tokio::spawn(async move {
            // The next listens at the same place.
            if let Some(before) = before {
                let _ = before.await;
            }
            let outcome = match purpose {
                Err(why) => Err(Addition::Failed { why }),
                Ok(purpose) => {
                    let run = Run {
                        screen,
                        opener,
                        effects: effects.clone(),
                    };
                    tokio::select! {
                        () = stop.cancelled() => return,
                        outcome = run.sign_in(purpose, inbox) => outcome,
                    }
                }
            };
            additions::tell(&effects, outcome).await;
        });
        let under_way = UnderWay {
            pasted,
            _cancel_with_this: cancel.clone().drop_guard(),
            cancel,
            task,
        };
        self.sign_ins.insert(screen, under_way);
    }
}

/// One attempt, from its address to the accounts it reaches.
struct Run {
    screen: ScreenId,
    opener: Opener,
    effects: Effects,
}

impl Run {
    async fn sign_in(
        self,
        purpose: Purpose,
        pasted: mpsc::Receiver<SecretString>,
    ) -> Result<(Vec<AccountId>, Added), Addition> {
        let credentials = &purpose.credentials;
        let (title, profile, endpoint) = self.set_up(credentials).map_err(additions::refusal)?;
        let id = credentials.secrets.get("client_id");
        let id = id.map_or_else(String::new, |id| id.expose_secret().trim().to_owned());
        let attempt = Attempt::start(&profile, &id, &random(), self.opener.clock.now());
        let attempt = attempt.map_err(|error| additions::refusal(error.into()))?;
        let listening = Listener::bind(profile.redirect.url(), PATIENCE).await;
        let mut waiting = waiting(title, &profile, &attempt, &listening);
        self.say(SignInStatus::Waiting(Box::new(waiting.clone())))
            .await;
        let code = self
            .wait(attempt, listening.ok(), pasted, &mut waiting)
            .await?;
        self.say(SignInStatus::Exchanging).await;
        // From here on it is finished even when the screen goes: the code is used up.
        let finishing = tokio::spawn(self.finish(purpose, endpoint, code));
        finishing.await.unwrap_or_else(|_| {
            Err(Addition::Failed {
                why: "signing in failed; start again".into(),
            })
        })
    }

    fn set_up(
        &self,
        credentials: &Credentials,
    ) -> Result<(Text, Profile, TokenEndpoint), ProviderError> {
        let (spec, way) = self.opener.way(credentials)?;
        if way.grant != Grant::Browser {
            let title = spec.title;
            let problem =
                format!("{title} is not signed in to by browser this way; connect it anew");
            return Err(ProviderError::Misconfigured {
                problem: problem.into(),
            });
        }
        let addresses = self.opener.addresses_of(&credentials.provider);
        let profile = tokens::profile(credentials, &addresses)?;
        let (transport, clock) = (self.opener.transport.clone(), self.opener.clock.clone());
        let endpoint = tokens::endpoint(credentials, &addresses, transport, clock)?;
        Ok((spec.title.into(), profile, endpoint))
    }

    async fn wait(
        &self,
        attempt: Attempt,
        listener: Option<Listener>,
        pasted: mpsc::Receiver<SecretString>,
        waiting: &mut Waiting,
    ) -> Result<Code, Addition> {
        let attempt: SharedAttempt = Arc::new(Mutex::new(attempt));
        let (strays, mut strayed) = mpsc::channel(MOST_PASTED);
        let stray = move |refusal| {
            // Of more strays than fit, the first ones are told.
            let _ = strays.try_send(refusal);
        };
        let clock = self.opener.clock.clone();
        let mut coming = Box::pin(sign_in::wait(attempt, listener, pasted, clock, stray));
        loop {
            tokio::select! {
                biased;
                code = &mut coming => {
                    return code.map_err(|refusal| Addition::Refused {
                        why: refusal.to_string().into(),
                    });
                }
                Some(refusal) = strayed.recv() => {
                    waiting.problem = Some(refusal.to_string().into());
                    self.say(SignInStatus::Waiting(Box::new(waiting.clone()))).await;
                }
            }
        }
    }

    /// Exchanges the code and seals what it brings.
    async fn finish(
        self,
        purpose: Purpose,
        endpoint: TokenEndpoint,
        code: Code,
    ) -> Result<(Vec<AccountId>, Added), Addition> {
        let tokens = endpoint.exchange(&code).await;
        let tokens = tokens.map_err(|error| additions::refusal(error.into()))?;
        let mut credentials = purpose.credentials;
        tokens::put(&mut credentials.secrets, &tokens);
        match purpose.again {
            None => self.seal_new(credentials).await,
            Some(before) => self.seal_again(credentials, before).await,
        }
    }

    /// A new connection is sealed before it is used, and forgotten when it is no good.
    async fn seal_new(self, credentials: Credentials) -> Result<(Vec<AccountId>, Added), Addition> {
        additions::seal(&self.effects, credentials.clone()).await?;
        match additions::reach(&self.opener, &credentials).await {
            Ok((accounts, open)) => Ok((accounts, Added { open, credentials })),
            Err(addition) => {
                additions::unseal(&self.effects, credentials.connection).await;
                Err(addition)
            }
        }
    }

    /// What was sealed before stays until the new sign-in is known to reach the same accounts, by its access token alone;
    /// the old tokens come to rest before the new ones take their place, or they might be sealed after them.
    async fn seal_again(
        self,
        credentials: Credentials,
        before: Before,
    ) -> Result<(Vec<AccountId>, Added), Addition> {
        let (accounts, open) = additions::reach(&self.opener, &credentials).await?;
        if !is_bound(&accounts, &before.accounts) {
            return Err(Addition::Refused {
                why: OTHER_ACCOUNTS.into(),
            });
        }
        secrets::settle(before.bearer.into_iter().collect()).await;
        additions::seal(&self.effects, credentials.clone()).await?;
        Ok((accounts, Added { open, credentials }))
    }

    async fn say(&self, status: SignInStatus) {
        let answer = Happened::Answered(self.screen, Answer::SignIn(status));
        let _ = self.effects.answers.send(answer).await; // the loop is gone only when the program ends
    }
}

const OTHER_ACCOUNTS: &str = "this sign-in reaches other accounts than the connection has; nothing was changed, connect it under a name of its own";

/// Whether a sign-in reaches an account that the connection had, where it had any.
fn is_bound(reached: &[AccountId], before: &[AccountId]) -> bool {
    before.is_empty() || reached.iter().any(|account| before.contains(account))
}

fn waiting(
    title: Text,
    profile: &Profile,
    attempt: &Attempt,
    listening: &Result<Listener, NotListening>,
) -> Waiting {
    let host = attempt.address().host_str().unwrap_or_default();
    Waiting {
        title,
        address: Text::at_most(attempt.address().as_str(), LONGEST_ADDRESS),
        host: host.into(),
        scopes: profile.scopes.join(" ").into(),
        redirect: profile.redirect.as_registered().into(),
        port: listening
            .as_ref()
            .ok()
            .and_then(|_| profile.redirect.url().port_or_known_default()),
        not_listening: listening.as_ref().err().map(|why| why.to_string().into()),
        until: attempt.until(),
        problem: None,
    }
}

fn random() -> Zeroizing<[u8; 64]> {
    let mut bytes = Zeroizing::new([0; 64]);
    fill(&mut *bytes);
    bytes
}

/// Fills bytes with the system's chance.
pub(super) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has randomness or nothing is safe");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConnectionId;

    fn accounts(numbers: &[&str]) -> Vec<AccountId> {
        let account = |number: &&str| AccountId {
            connection: ConnectionId::new("a"),
            number: (*number).into(),
        };
        numbers.iter().map(account).collect()
    }

    #[test]
    fn a_connection_is_signed_in_to_its_own_accounts_alone() {
        let check = |before: &[&str], reached: &[&str], expected: bool| {
            assert_eq!(is_bound(&accounts(reached), &accounts(before)), expected);
        };
        check(&[], &["1"], true);
        check(&["1"], &["1", "2"], true);
        check(&["1", "2"], &["2"], true);
        check(&["1"], &["2"], false);
        check(&["1"], &[], false);
    }
}
