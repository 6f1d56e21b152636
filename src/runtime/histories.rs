//! Histories on their way: a page is fetched from its provider, kept in the ledger, and then told to the engine.

use crate::domain::{SyncRun, Text, Timestamp};
use crate::engine::input::{Failure, FailureKind};
use crate::engine::{Fetch, FetchFailure, Fetched, Input, Kept};
use crate::link::{EntryPage, EntryQuery, ScreenId};
use crate::providers::provider::{HistoryQuery, Provider, ProviderError};
use crate::runtime::effects::{not_connected, tell};
use crate::runtime::keeper::Keeper;
use crate::runtime::{Happened, Runtime, convert};

impl Runtime {
    /// Fetches a page of a history, has it kept and tells what it brought.
    pub(super) fn fetch(&self, fetch: Fetch) {
        let provider = self.provider(&fetch.account.connection);
        let (answers, keeper) = (self.effects.answers.clone(), self.effects.keeper.clone());
        let clock = self.clock.clone();
        tokio::spawn(async move {
            let fetched = match provider {
                Some(provider) => fetched(&*provider, &keeper, &fetch, || clock.now()).await,
                None => answer(&fetch, Err(FetchFailure::Provider(not_connected()))),
            };
            tell(&answers, Input::Fetched(Box::new(fetched))).await;
        });
    }
}

impl Runtime {
    /// Keeps what a reading of a history came to.
    pub(super) async fn keep_run(&self, run: u64, record: Box<SyncRun>) {
        let keeper = &self.effects.keeper;
        // Without a keeper the program ends, and the next start calls the run interrupted.
        let _ = keeper.post(move |room| room.end_run(run, &record)).await;
    }

    /// Gives a screen a page of the ledger's entries.
    pub(super) fn load_entries(&self, screen: ScreenId, query: EntryQuery) {
        let (answers, keeper) = (self.effects.answers.clone(), self.effects.keeper.clone());
        tokio::spawn(async move {
            let asked = query.clone();
            let page = keeper.ask(move |room| room.entries(query)).await;
            let gone = || EntryPage::failed(asked, "the ledger's keeper is gone".into());
            let page = Box::new(page.unwrap_or_else(gone));
            // The loop is gone only when the program ends.
            let _ = answers.send(Happened::Entries(screen, page)).await;
        });
    }
}

fn answer(fetch: &Fetch, outcome: Result<Kept, FetchFailure>) -> Fetched {
    Fetched {
        account: fetch.account.clone(),
        run: fetch.run,
        requests_left: None,
        outcome,
    }
}

async fn fetched(
    provider: &dyn Provider,
    keeper: &Keeper,
    fetch: &Fetch,
    now: impl Fn() -> Timestamp,
) -> Fetched {
    let query = HistoryQuery {
        span: fetch.span,
        cursor: fetch.cursor.clone(),
    };
    let outcome = match provider.accounts() {
        None => Err(FetchFailure::Provider(none_offered())),
        Some(accounts) => match accounts.history(&fetch.account, query).await {
            Err(ProviderError::UnknownCursor) => Err(FetchFailure::CursorLost),
            Err(error) => Err(FetchFailure::Provider(convert::failure(&error))),
            Ok(page) => {
                let (fetch, now) = (fetch.clone(), now());
                let kept = keeper.ask(move |room| room.absorb(&fetch, page, now)).await;
                let gone = || Err(Text::from("the ledger's keeper is gone"));
                kept.unwrap_or_else(gone).map_err(FetchFailure::NotKept)
            }
        },
    };
    Fetched {
        requests_left: provider.meter().requests_left,
        ..answer(fetch, outcome)
    }
}

fn none_offered() -> Failure {
    Failure {
        kind: FailureKind::Final,
        what: "this provider does not offer histories".into(),
    }
}
