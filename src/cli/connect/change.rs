//! Connections that are there: signed in to again, and removed.

use super::super::exit::{Exit, Failure};
use super::super::session::Session;
use super::super::vault::{confirm, writes};
use super::super::{Run, print};
use super::{browser, reached};
use crate::domain::ConnectionId;
use crate::link::{ConnectionStatus, SecretRequest, SignInRequest};
use std::time::Duration;

/// Longest wait for a provider to take its tokens back, and for the vault to forget them.
const REMOVAL: Duration = Duration::from_secs(60);

/// Signs in again to a connection, by browser.
///
/// # Errors
/// There is no such connection, it is not signed in to by browser, or the sign-in was refused.
pub(in crate::cli) async fn sign_in(mut run: Run<'_>, name: &str) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut session, status) = open(&mut run, name).await?;
    let connection = status.id.clone();
    let request = SignInRequest::Again { connection };
    browser::by_browser(&mut session, request, run.ask, run.clock).await?;
    let addition = session.replica.additions.pop_back();
    session.close().await;
    let (connection, accounts) = reached(addition, &status.title)?;
    let text = super::text_of(status.environment, &connection, &accounts);
    print(run.out, text.as_bytes())
}

/// Removes a connection, after the person's word.
///
/// # Errors
/// There is no such connection, nobody said yes, or the vault cannot be changed.
pub(in crate::cli) async fn disconnect(
    mut run: Run<'_>,
    name: &str,
    yes: bool,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut session, status) = open(&mut run, name).await?;
    let what = format!(
        "{} will be removed: its access to {} is given back where that is possible, and its credentials are forgotten",
        status.id, status.title
    );
    confirm(&mut run, yes, &what)?;
    let connection = status.id.clone();
    session.request_secret(SecretRequest::RemoveConnection {
        connection: connection.clone(),
    })?;
    let is_gone = |replica: &crate::link::Replica| !replica.connections.contains_key(&connection);
    let is_gone = session.until(REMOVAL, is_gone).await?;
    session.tell_troubles();
    session.close().await;
    match is_gone {
        true => print(run.out, format!("removed {connection}\n").as_bytes()),
        false => Err(Failure::new(
            Exit::Failed,
            format!("{connection} is still there; the vault could not be changed"),
        )),
    }
}

/// Opens the vault and finds a connection in it.
async fn open(run: &mut Run<'_>, name: &str) -> Result<(Session, ConnectionStatus), Failure> {
    let setup = run.setup.clone();
    let mut session = Session::own(&setup).await?;
    session.unlock(run.key()).await?;
    let found = session.replica.connections.get(&ConnectionId::new(name));
    let status = found.cloned().ok_or_else(|| {
        let known: Vec<&str> = session
            .replica
            .connections
            .keys()
            .map(ConnectionId::as_str)
            .collect();
        let known = match known.is_empty() {
            true => "none".to_owned(),
            false => known.join(", "),
        };
        Failure::new(
            Exit::Usage,
            format!("no connection is called so; there are: {known}"),
        )
    })?;
    Ok((session, status))
}
