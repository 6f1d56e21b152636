//! Commands that look: wait until what is asked for is known, print it, say what is missing.

use super::{Limits, Subject, View};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::{Run, print};
use crate::domain::Symbol;
use crate::link::{ConnectionState, ConnectionStatus, MOST_WATCHED, Replica, Request};
use std::time::Duration;

/// Longest wait for connections to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longest wait for a price after that: what a provider knows it says at once.
const PRICE_PATIENCE: Duration = Duration::from_secs(8);

/// Most symbols whose instrument is looked up for its currency: each costs the provider a request.
const MOST_LOOKED_UP: usize = 50;

/// The symbols that were typed, each once.
///
/// # Errors
/// One is empty, or there are more than may be watched.
pub(in crate::cli) fn symbols(typed: &[String]) -> Result<Vec<Symbol>, Failure> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for text in typed {
        let symbol = Symbol::new(text);
        if symbol.as_str().is_empty() {
            return Err(Failure::new(Exit::Usage, "a symbol is empty"));
        }
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    match symbols.len() > MOST_WATCHED {
        true => Err(Failure::new(
            Exit::Usage,
            format!("at most {MOST_WATCHED} symbols can be watched at once"),
        )),
        false => Ok(symbols),
    }
}

/// Prints a subject.
///
/// # Errors
/// The vault does not open, or what was printed is not complete; then it is printed all the same.
pub(in crate::cli) async fn look(mut run: Run<'_>, subject: Subject) -> Result<Exit, Failure> {
    let setup = run.setup.clone();
    let key = match subject == Subject::Status {
        true => run.handed_key(), // a status bar cannot answer
        false => run.key(),
    };
    let mut session = Session::attach(&setup).await?;
    if let Err(failure) = session.unlock(key).await {
        if subject == Subject::Status {
            tell(&mut run, &session, &subject)?;
        }
        session.close().await;
        return Err(failure);
    }
    wait_for(&mut session, &subject).await?;
    let printed = tell(&mut run, &session, &subject);
    let missing = missing(&session.replica, &subject);
    session.close().await;
    match (printed, missing) {
        (Ok(Exit::Done), Some(failure)) => Err(failure),
        (printed, _) => printed,
    }
}

fn tell(run: &mut Run<'_>, session: &Session, subject: &Subject) -> Result<Exit, Failure> {
    let view = View {
        replica: &session.replica,
        now: run.clock.now(),
        limits: Limits::from(&run.setup.config),
    };
    let text = match run.global.json {
        true => view.json(subject),
        false => view.text(subject),
    };
    print(run.out, text.as_bytes())
}

/// Waits until what a subject needs is known, or will not be.
async fn wait_for(session: &mut Session, subject: &Subject) -> Result<(), Failure> {
    if let Subject::Quotes(symbols) = subject {
        ask_for_prices(session, symbols)?;
    }
    if !session.is_beside() {
        // A running cockpit has waited already.
        session.until(PATIENCE, has_settled).await?;
    }
    if let Subject::Quotes(symbols) = subject {
        let answered = |replica: &Replica| {
            let known = |it| is_sourced(replica, it) || is_refused(replica, it);
            !any_live(replica) || symbols.iter().all(known)
        };
        session.until(PRICE_PATIENCE, answered).await?;
    }
    Ok(())
}

fn ask_for_prices(session: &Session, symbols: &[Symbol]) -> Result<(), Failure> {
    let symbols = symbols.to_vec();
    let looked_up: Vec<Symbol> = symbols.iter().take(MOST_LOOKED_UP).cloned().collect();
    session.request(Request::Watch { symbols })?;
    for symbol in looked_up {
        session.request(Request::LookUp { symbol })?;
    }
    Ok(())
}

/// Whether every connection is read whole, or will not be for now.
pub(in crate::cli) fn has_settled(replica: &Replica) -> bool {
    replica.connections.values().all(|it| match it.state {
        ConnectionState::Connecting | ConnectionState::Retrying { .. } => false,
        ConnectionState::Live
        | ConnectionState::Disconnected
        | ConnectionState::Sealed
        | ConnectionState::NeedsSignIn { .. }
        | ConnectionState::Failed { .. } => true,
    })
}

fn any_live(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    connections.any(|it| it.state == ConnectionState::Live)
}

fn is_priced(replica: &Replica, symbol: &Symbol) -> bool {
    replica
        .quote(symbol)
        .is_some_and(|line| line.mark().is_some() || line.bid.or(line.ask).is_some())
}

/// Whether a price has come and its feed has said what it is: without its source a price is not told whole.
fn is_sourced(replica: &Replica, symbol: &Symbol) -> bool {
    let line = replica.quote(symbol);
    is_priced(replica, symbol) && line.is_some_and(|line| !line.source.is_empty())
}

/// Whether a feed of prices said that it does not carry the symbol for us.
fn is_refused(replica: &Replica, symbol: &Symbol) -> bool {
    let feeds = replica.connections.values().flat_map(|it| &it.feeds);
    let mut refusals = feeds.filter(|feed| feed.not_live.contains(symbol));
    refusals.next().is_some()
}

/// What a subject lacks, as the failure that says so.
fn missing(replica: &Replica, subject: &Subject) -> Option<Failure> {
    match subject {
        Subject::Status | Subject::Connections => None, // telling what is wrong is what they are for
        Subject::Quotes(symbols) => missing_prices(replica, symbols),
        Subject::Accounts | Subject::Positions | Subject::Orders { .. } => {
            let failures = replica.connections.values().filter_map(missing_connection);
            failures.max_by_key(|failure| failure.exit == Exit::SignIn)
        }
    }
}

fn missing_connection(connection: &ConnectionStatus) -> Option<Failure> {
    let id = &connection.id;
    let (exit, sentence) = match &connection.state {
        ConnectionState::Live | ConnectionState::Disconnected | ConnectionState::Sealed => {
            return None;
        }
        ConnectionState::NeedsSignIn { why } => (
            Exit::SignIn,
            format!("{id} refused the credentials ({why}); connect it again with new ones"),
        ),
        ConnectionState::Failed { why } => (Exit::Failed, format!("{id} failed: {why}")),
        ConnectionState::Retrying { why, .. } => (
            Exit::Unreachable,
            format!(
                "{id} does not answer ({why}); what is printed of it is old or missing, try again later"
            ),
        ),
        ConnectionState::Connecting => (
            Exit::Unreachable,
            format!("{id} has not answered yet; what is printed of it is incomplete, try again"),
        ),
    };
    Some(Failure::new(exit, sentence))
}

fn missing_prices(replica: &Replica, symbols: &[Symbol]) -> Option<Failure> {
    let list = |chosen: Vec<&Symbol>| {
        let names: Vec<&str> = chosen.into_iter().map(Symbol::as_str).collect();
        names.join(", ")
    };
    let unpriced: Vec<&Symbol> = symbols
        .iter()
        .filter(|symbol| !is_priced(replica, symbol))
        .collect();
    if unpriced.is_empty() {
        return None;
    }
    let mut connections = replica.connections.values();
    if let Some(failure) = connections.find_map(missing_connection) {
        return Some(failure);
    }
    let refused: Vec<&Symbol> = unpriced
        .iter()
        .copied()
        .filter(|symbol| is_refused(replica, symbol))
        .collect();
    Some(if replica.connections.is_empty() {
        Failure::new(
            Exit::Failed,
            "no connection gives prices; add one with `tradedeck connect PROVIDER`",
        )
    } else if refused.is_empty() {
        let sentence = format!(
            "no price came for {} in time; check the spelling or try again",
            list(unpriced)
        );
        Failure::new(Exit::Unreachable, sentence)
    } else {
        let sentence = format!("no feed carries {}; check the spelling", list(refused));
        Failure::new(Exit::Failed, sentence)
    })
}

#[cfg(test)]
mod tests;
