//! The ledger: histories read into it, and what is in it told. Nothing is decided here.

mod chosen;
mod export;
mod reconcile;
mod sync;
mod trades;

pub(super) use export::export;
pub(super) use reconcile::reconcile;
pub(super) use sync::sync;
pub(super) use trades::trades;

use super::exit::{Exit, Failure};
use super::session::Session;
use crate::domain::Entry;
use crate::link::{EntryQuery, Request};
use std::time::Duration;

/// Longest wait for one page: the disk is asked and nobody else.
const PAGE: Duration = Duration::from_secs(30);

/// Every entry that a query finds, page by page.
///
/// # Errors
/// The ledger cannot be read.
async fn all_entries(session: &mut Session, query: EntryQuery) -> Result<Vec<Entry>, Failure> {
    let (mut query, mut all) = (query, Vec::new());
    loop {
        session.request(Request::LoadEntries {
            query: query.clone(),
        })?;
        let has_come =
            |replica: &crate::link::Replica| replica.entries.iter().any(|page| page.query == query);
        let came = session.until(PAGE, has_come).await?;
        let pages = session.replica.entries.drain(..);
        let page = pages.into_iter().find(|page| page.query == query);
        let Some(page) = page.filter(|_| came) else {
            let sentence = "the ledger does not answer; try again";
            return Err(Failure::new(Exit::Failed, sentence));
        };
        if let Some(problem) = page.problem {
            return Err(Failure::new(Exit::Failed, problem.as_str()));
        }
        all.extend(page.entries);
        match page.next {
            Some(end) => query.after = Some(end),
            None => return Ok(all),
        }
    }
}
