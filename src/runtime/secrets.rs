//! Requests that carry a secret: the vault made, opened and locked, connections added and removed.

use crate::auth::Bearer;
use crate::domain::{ConnectionId, LastKnown};
use crate::engine::Input;
use crate::engine::input::Note;
use crate::link::{
    Addition, EntryKind, Event, Level, ScreenId, SecretRequest, VaultStatus, VaultTrouble,
};
use crate::runtime::additions;
use crate::runtime::connections::Connection;
use crate::runtime::credentials::Credentials;
use crate::runtime::effects::{self, Effects};
use crate::runtime::keeper::Opened;
use crate::runtime::{Happened, Runtime, revoking, trouble};
use crate::vault::Domain;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest wait for what was under way at a provider's sign-in.
const SETTLING: Duration = Duration::from_secs(15);

pub(super) const GONE: &str = "the vault's keeper is gone; start tradedeck again";

impl Runtime {
    pub(super) async fn take_secret(&mut self, screen: ScreenId, request: SecretRequest) {
        let Effects { answers, keeper } = self.effects.clone();
        match request {
            SecretRequest::Door(request) => self.at_the_door(screen, request).await,
            SecretRequest::Vault(request) => self.ask_vault(screen, request),
            SecretRequest::SignIn(request) => self.ask_sign_in(screen, request).await,
            SecretRequest::CreateVault { passphrase } => {
                self.handle(Input::Vault(VaultStatus::Unlocking)).await;
                let now = self.clock.now();
                tokio::spawn(async move {
                    let opened = keeper.ask(move |room| room.create(&passphrase, now)).await;
                    report_vault(&answers, opened).await;
                });
            }
            SecretRequest::Unlock { passphrase } => {
                self.handle(Input::Vault(VaultStatus::Unlocking)).await;
                let now = self.clock.now();
                tokio::spawn(async move {
                    let opened = keeper.ask(move |room| room.unlock(&passphrase, now)).await;
                    report_vault(&answers, opened).await;
                });
            }
            SecretRequest::AddConnection {
                name,
                provider,
                environment,
                way,
                secrets,
            } => {
                // Every credential that a provider gives today can trade.
                if let Some(why) = self.engine.refusal() {
                    let refused = Event::Addition(Addition::Failed { why });
                    return self.handle(Input::Announce(refused)).await;
                }
                let taken = self.connections.keys().cloned().collect();
                let connection = additions::choose_name(name, &provider, &taken);
                let secrets = secrets.into_iter().collect();
                let credentials = connection.map(|connection| Credentials {
                    connection,
                    provider,
                    environment,
                    way: Some(way.to_string()),
                    domain: Domain::Trade,
                    secrets,
                });
                additions::add(self.opener(), self.effects.clone(), credentials);
            }
            SecretRequest::RemoveConnection { connection } => self.remove(connection).await,
        }
    }

    async fn remove(&mut self, connection: ConnectionId) {
        if let Some(text) = self.engine.refusal() {
            let level = Level::Warn;
            let refused = Event::Notice { level, text };
            return self.handle(Input::Announce(refused)).await;
        }
        let Effects { answers, keeper } = self.effects.clone();
        let bearer = self
            .connections
            .get(&connection)
            .and_then(Connection::bearer);
        tokio::spawn(async move {
            let why = match revoking::give_back(bearer).await {
                None | Some(Ok(true)) => None,
                Some(Ok(false)) => Some("the provider takes none back".to_owned()),
                Some(Err(problem)) => Some(problem.to_string()),
            };
            if let Some(why) = why {
                let text = format!(
                    "{connection}: its access is not given back ({why}); withdraw it at the provider"
                );
                effects::tell(&answers, trouble(text)).await;
            }
            let name = connection.clone();
            let removed = keeper.ask(move |room| room.remove(&name)).await;
            let event = match removed {
                Some(Ok(_)) => Happened::Removed(connection),
                Some(Err(problem)) => Happened::Input(trouble(problem)),
                None => return,
            };
            let _ = answers.send(event).await; // the loop is gone only when the program ends
        });
    }

    pub(super) async fn vault_opened(&mut self, opened: Opened) {
        self.connections.clear(); // what an earlier session left is not this one's
        self.handle(Input::Vault(VaultStatus::Open {
            failures: opened.failures,
            role: opened.role,
        }))
        .await;
        for warning in opened.warnings {
            self.handle(trouble(warning)).await;
        }
        self.tell_known(opened.known, opened.unseen).await;
        // Orders of an earlier run first: nothing of their kind is sent before their fate is known.
        self.handle(Input::OpenIntents(opened.intents)).await;
        self.handle(Input::Reached(opened.reaches)).await;
        for credentials in opened.connections {
            match self.opener().open(&credentials) {
                Ok(open) => {
                    let profile = self.keep(open, credentials);
                    self.handle(Input::Opened(profile)).await;
                }
                Err(problem) => {
                    let text = format!("{} cannot be opened: {problem}", credentials.connection);
                    self.handle(trouble(text)).await;
                }
            }
        }
    }

    /// Shows what was last known, and counts the connections of which a viewer sees nothing.
    async fn tell_known(&mut self, known: Vec<LastKnown>, unseen: usize) {
        for known in known {
            let profile = self.profile(&known.connection, &known.provider, known.environment);
            self.handle(Input::Known(profile, Box::new(known))).await;
        }
        if unseen > 0 {
            let text = format!(
                "{unseen} more in this vault: sealed for traders, and nothing of them was read yet"
            );
            self.handle(Input::Note(Note {
                kind: EntryKind::System,
                level: Level::Info,
                connection: None,
                text: text.into(),
                announce: false,
            }))
            .await;
        }
    }

    /// After a change of what the vault holds; what keeps it from being backed up is told.
    pub(super) fn back_up(&self) {
        let Effects { answers, keeper } = self.effects.clone();
        let now = self.clock.now();
        tokio::spawn(async move {
            if let Some(Err(problem)) = keeper.ask(move |room| room.back_up(now)).await {
                effects::tell(&answers, trouble(problem)).await;
            }
        });
    }

    /// Keys and tokens leave memory: providers hold them, the keeper holds the vault's.
    pub(super) fn drop_secrets(&mut self) {
        let bearers: Vec<Bearer> = self
            .connections
            .values()
            .filter_map(Connection::bearer)
            .collect();
        self.connections.clear();
        self.sign_ins.clear();
        self.transport.forget();
        let Effects { answers, keeper } = self.effects.clone();
        tokio::spawn(async move {
            settle(bearers).await;
            if let Some(status) = keeper.ask(|room| room.lock()).await {
                effects::tell(&answers, Input::Vault(status)).await;
            }
        });
    }
}

/// Waits for renewals that are under way: what they bring could not be sealed once the vault is locked, and a provider
/// may have taken the old token out of use.
pub(super) async fn settle(bearers: Vec<Bearer>) {
    let settled = bearers.iter().map(Bearer::settle);
    // One that takes longer than any answer may is given up.
    let _ = tokio::time::timeout(SETTLING, futures_util::future::join_all(settled)).await;
}

pub(super) async fn report_vault(
    answers: &mpsc::Sender<Happened>,
    opened: Option<Result<Opened, VaultStatus>>,
) {
    let gone = || {
        Err(VaultStatus::Broken {
            kind: VaultTrouble::Machine,
            problem: GONE.into(),
        })
    };
    let opened = opened.unwrap_or_else(gone).map(Box::new);
    let _ = answers.send(Happened::Vault(opened)).await; // the loop is gone only when the program ends
}
