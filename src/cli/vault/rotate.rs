//! New keys for everything, and what to do when a copy fell into wrong hands.

use super::super::Run;
use super::super::args::{Cipher, Opening};
use super::super::exit::{Exit, Failure};
use super::confirm::confirm;
use super::init::settle;
use super::opening;
use super::slots::needs_trader;
use super::tell::{self, Slot};
use super::writes;
use crate::domain::Environment;
use crate::domain::text::clean;
use crate::link::vault::{RevokeFacts, Revoked};
use crate::net::install_tls_provider;
use crate::net::transport::{Patience, WebTransport};
use crate::runtime::clock::SystemClock;
use crate::runtime::credentials::{self, Credentials};
use crate::runtime::revoking::{self, Revoker};
use crate::start::StartError;
use crate::vault::{Rotated, Vault, VaultError};
use futures_util::future::join_all;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest name of a connection or a file shown.
const LONGEST_NAME: usize = 200;

#[derive(Serialize)]
struct Turned {
    epoch: u32,
    cipher: &'static str,
    #[serde(serialize_with = "tell::as_text")]
    recovery_code: Option<Zeroizing<String>>,
    /// Slots that are gone and have to be added again.
    dropped: Vec<Slot>,
}

impl Turned {
    fn of(vault: &Vault, rotated: &Rotated) -> Self {
        let dropped = rotated.dropped.iter();
        Self {
            epoch: vault.epoch(),
            cipher: tell::cipher(vault.suite()),
            recovery_code: Some(tell::code_text(&rotated.recovery)),
            dropped: dropped.map(|slot| Slot::of(slot, None)).collect(),
        }
    }

    /// `done` and what it cost. The text has room for all of it: one that grows leaves a copy behind.
    fn text(&self, done: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(4_096));
        text.push_str(done);
        if !self.dropped.is_empty() {
            let names: Vec<String> = self.dropped.iter().map(Slot::named).collect();
            text.push_str("gone, to be added again with `tradedeck vault slots add`: ");
            text.push_str(&names.join(", "));
            text.push('\n');
        }
        text.push_str(&tell::code_words(self.recovery_code.as_ref()));
        text
    }
}

/// Seals everything anew.
///
/// # Errors
/// The vault does not open, or says no. [`VaultError::NotAnchored`]: it is done, and everything was printed.
pub(super) fn rotate(
    mut run: Run<'_>,
    opening: &Opening,
    cipher: Option<Cipher>,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, key) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let what = format!(
        "everything is sealed anew: {}the recovery code changes",
        losers(&vault)
    );
    confirm(&mut run, opening.yes, &what)?;
    let suite = cipher.map_or(vault.suite(), Into::into);
    let rotated = vault.rotate(suite, key.opener())?;
    if rotated.unanchored.is_none() {
        settle(&vault, &run);
    }
    let turned = Turned::of(&vault, &rotated);
    let done = "everything is sealed anew; copies made before still open as they did\n";
    let text = turned.text(done);
    let printed = tell::one(run, turned, &text)?;
    noted(rotated.unanchored).map(|()| printed)
}

fn noted(unanchored: Option<VaultError>) -> Result<(), Failure> {
    unanchored.map_or(Ok(()), |error| Err(error.into()))
}

/// Whom a rotation costs their slot, as the beginning of a sentence.
fn losers(vault: &Vault) -> String {
    let slots = vault.slots();
    let others = slots.iter().filter(|it| it.id != vault.slot());
    let others = others.filter(|it| it.role != crate::vault::Role::Recovery);
    let names: Vec<String> = others.map(|it| Slot::of(it, None).named()).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("{} will be gone, and ", names.join(", ")),
    }
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    turned: Turned,
    /// What whoever has a copy may have.
    revoke: Vec<Revoke>,
    old_backups_deleted: bool,
    /// Older copies of the store that lie beside it.
    copies: Vec<String>,
}

/// A credential that the person has to revoke, and where.
#[derive(Serialize)]
struct Revoke {
    connection: String,
    provider: String,
    environment: Environment,
    /// Where, in one line.
    place: String,
    /// Whether the provider took the tokens back.
    tokens_revoked: bool,
    /// What was done, and what is to be done by hand.
    #[serde(rename = "todo")]
    sentence: String,
}

/// Does what is to be done when a copy of the vault, and what opens it, may be in wrong hands.
///
/// # Errors
/// The vault does not open, or says no; old backups that are still there: everything was printed then.
pub(super) async fn compromised(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, key) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let what = format!(
        "everything is sealed anew and old backups are deleted: {}the recovery code changes",
        losers(&vault)
    );
    confirm(&mut run, opening.yes, &what)?;
    // Before the keys change: after that there is a recovery code, which must be shown at once.
    let revoke = revoke_all(&run, &vault).await?;
    let done = vault.compromised(key.opener(), tell::seconds(run.clock))?;
    let answer = Answer {
        turned: Turned::of(&vault, &done.rotated),
        revoke,
        old_backups_deleted: done.backups.is_none(),
        copies: copies_beside(&vault),
    };
    let text = answer.text();
    let printed = tell::one(run, answer, &text)?;
    if let Some(error) = done.backups {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "old backups are still there, delete vault.bak.0 and vault.bak.1 yourself: {error}"
            ),
        ));
    }
    noted(done.rotated.unanchored).map(|()| printed)
}

/// Gives tokens back where providers take them, and says what is left to do of each credential.
async fn revoke_all(run: &Run<'_>, vault: &Vault) -> Result<Vec<Revoke>, Failure> {
    let (connections, _) = credentials::load(vault)?;
    install_tls_provider();
    let revoker = Revoker {
        clock: Arc::new(SystemClock),
        transport: Arc::new(WebTransport::new(Patience::default()).map_err(StartError::from)?),
        addresses: run.setup.config.providers.clone(),
    };
    let revoked = connections.iter().map(|it| revoke(&revoker, it));
    Ok(join_all(revoked).await)
}

async fn revoke(revoker: &Revoker, credentials: &Credentials) -> Revoke {
    let facts = RevokeFacts {
        connection: credentials.connection.as_str().into(),
        provider: credentials.provider.as_str().into(),
        environment: credentials.environment,
        revoked: revoker.revoke(credentials).await,
        place: revoking::place(&credentials.provider, credentials.way.as_deref()),
    };
    Revoke {
        connection: clean(facts.connection.as_str(), LONGEST_NAME),
        provider: clean(facts.provider.as_str(), LONGEST_NAME),
        environment: facts.environment,
        place: facts.place.to_string(),
        tokens_revoked: facts.revoked == Revoked::Tokens,
        sentence: facts.sentence(),
    }
}

/// What repairs and restores set aside: old copies of the store, sealed as it was then.
fn copies_beside(vault: &Vault) -> Vec<String> {
    let entries = std::fs::read_dir(vault.folder()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut copies: Vec<String> = names
        .filter(|name| name.starts_with("vault.sled."))
        .map(|name| {
            clean(
                &vault.folder().join(name).display().to_string(),
                LONGEST_NAME,
            )
        })
        .collect();
    copies.sort();
    copies
}

impl Answer {
    fn text(&self) -> Zeroizing<String> {
        let done = match self.old_backups_deleted {
            true => "everything is sealed anew, and old backups are deleted\n",
            false => "everything is sealed anew\n",
        };
        let mut text = self.turned.text(done);
        for it in &self.revoke {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "{} ({}, {}): {}",
                it.connection, it.provider, it.environment, it.sentence
            );
        }
        for copy in &self.copies {
            let _ = writeln!(
                text,
                "an old copy of the store is still here, delete it: {copy}"
            );
        }
        text
    }
}
