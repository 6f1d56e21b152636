//! Requests that carry a secret: the vault made, opened and locked, connections added and removed.

use crate::engine::Input;
use crate::link::{ScreenId, SecretRequest, VaultStatus, VaultTrouble};
use crate::runtime::additions;
use crate::runtime::credentials::Credentials;
use crate::runtime::effects::{self, Effects};
use crate::runtime::keeper::Opened;
use crate::runtime::{Happened, Runtime, trouble};
use tokio::sync::mpsc;

pub(super) const GONE: &str = "the vault's keeper is gone; start tradedeck again";

impl Runtime {
    pub(super) async fn take_secret(&mut self, screen: ScreenId, request: SecretRequest) {
        let Effects { answers, keeper } = self.effects.clone();
        match request {
            SecretRequest::Door(request) => self.at_the_door(screen, request).await,
            SecretRequest::Vault(request) => self.ask_vault(screen, request),
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
                secrets,
            } => {
                let taken = self.connections.keys().cloned().collect();
                let connection = additions::choose_name(name, &provider, &taken);
                let secrets = secrets.into_iter().collect();
                let credentials = connection.map(|connection| Credentials {
                    connection,
                    provider,
                    environment,
                    secrets,
                });
                additions::add(self.opener(), self.effects.clone(), credentials);
            }
            SecretRequest::RemoveConnection { connection } => {
                tokio::spawn(async move {
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
        }
    }

    pub(super) async fn vault_opened(&mut self, opened: Opened) {
        self.handle(Input::Vault(VaultStatus::Open {
            failures: opened.failures,
        }))
        .await;
        for warning in opened.warnings {
            self.handle(trouble(warning)).await;
        }
        // Orders of an earlier run first: nothing of their kind is sent before their fate is known.
        self.handle(Input::OpenIntents(opened.intents)).await;
        for credentials in opened.connections {
            match self.opener().open(&credentials) {
                Ok(provider) => {
                    let profile = self.keep(provider, credentials);
                    self.handle(Input::Opened(profile)).await;
                }
                Err(problem) => {
                    let text = format!("{} cannot be opened: {problem}", credentials.connection);
                    self.handle(trouble(text)).await;
                }
            }
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
        self.connections.clear();
        let Effects { answers, keeper } = self.effects.clone();
        tokio::spawn(async move {
            if let Some(status) = keeper.ask(|room| room.lock()).await {
                effects::tell(&answers, Input::Vault(status)).await;
            }
        });
    }
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
