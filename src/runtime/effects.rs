//! Does what the engine asked; each answer comes back as an input. Nothing here waits in the loop's stead.
//!
//! An order's intent is on the disk before its first byte leaves. No order is ever sent again by itself:
//! every way in which its answer can get lost ends in an unknown outcome, which the engine looks up.

use crate::domain::order::Said;
use crate::domain::{
    AccountId, ClientOrderId, ConnectionId, LastKnown, OrderDraft, Question, Text, Timestamp,
};
use crate::engine::input::{
    CallMeter, Failure, FailureKind, Note, ReadAnswer, ReadData, Reading, Sent,
};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::engine::{Input, JournalStep};
use crate::ledger::Intent;
use crate::link::{EntryKind, Level};
use crate::providers::provider::{ActivitiesQuery, Placed, Provider, ProviderError};
use crate::runtime::Happened;
use crate::runtime::convert;
use crate::runtime::keeper::Keeper;
use crate::runtime::trader::Trader;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How far back orders are read when a connection starts.
const ORDERS_SINCE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How far back bars are read, by their length.
fn bars_since(timeframe: crate::domain::Timeframe) -> Duration {
    use crate::domain::Timeframe;
    let days = match timeframe {
        Timeframe::Minute => 2,
        Timeframe::FiveMinutes => 5,
        Timeframe::Hour => 30,
        Timeframe::Day => 370,
    };
    Duration::from_secs(days * 24 * 3_600)
}

/// What an effect needs: where answers go, and who keeps the journal.
#[derive(Clone)]
pub(crate) struct Effects {
    pub(crate) answers: mpsc::Sender<Happened>,
    pub(crate) keeper: Keeper,
}

impl Effects {
    /// Reads something from a provider.
    pub(crate) fn read(
        &self,
        now: Timestamp,
        connection: ConnectionId,
        provider: Arc<dyn Provider>,
        reading: Reading,
    ) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let started = tokio::time::Instant::now();
            let outcome = read(&*provider, &reading, now)
                .await
                .map_err(|error| convert::failure(&error));
            let took = started.elapsed();
            let meter = convert::meter(provider.meter());
            tell(
                &answers,
                Input::Read(Box::new(ReadAnswer {
                    connection,
                    reading,
                    took,
                    meter,
                    outcome,
                })),
            )
            .await;
        });
    }

    /// Writes the intent down, then sends the order, once.
    pub(crate) fn place(&self, now: Timestamp, trader: Trader, order: Approved<Paper>) {
        let Self { answers, keeper } = self.clone();
        tokio::spawn(async move {
            let id = order.id().clone();
            let sent = match write_intent(&keeper, now, &id, order.what().clone()).await {
                Err(why) => Sent::NotSent(why),
                Ok(()) => match trader.orders() {
                    Ok(orders) => convert::sent(orders.place(&order).await),
                    Err(error) => Sent::NotSent(Text::new(&error.to_string())),
                },
            };
            tell(&answers, Input::OrderAnswered(id, sent)).await;
        });
    }

    /// Writes the replacement's intent down, then sends the change, once.
    pub(crate) fn replace(&self, now: Timestamp, trader: Trader, change: Replacement) {
        let Self { answers, keeper } = self.clone();
        tokio::spawn(async move {
            let id = change.change.id().clone();
            let sent = match write_intent(&keeper, now, &id, change.draft.clone()).await {
                Err(why) => Sent::NotSent(why),
                Ok(()) => convert::sent(send_change(&trader, &change).await),
            };
            tell(&answers, Input::OrderAnswered(id, sent)).await;
        });
    }

    /// Tells the venue what the person said to its question, once. The order's intent was written before it was sent.
    pub(crate) fn answer(
        &self,
        trader: Trader,
        id: ClientOrderId,
        (account, question): (AccountId, Box<Question>),
        said: Said,
    ) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let sent = match trader.orders() {
                Ok(orders) => {
                    let placed = orders.answer(&account, &question, said == Said::Yes);
                    convert::sent(placed.await)
                }
                Err(error) => Sent::NotSent(Text::new(&error.to_string())),
            };
            tell(&answers, Input::OrderAnswered(id, sent)).await;
        });
    }

    /// Asks for a cancel.
    pub(crate) fn cancel(
        &self,
        trader: Trader,
        id: ClientOrderId,
        account: AccountId,
        provider_id: Text,
    ) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let answer = match trader.orders() {
                Ok(orders) => orders.cancel(&account, provider_id.as_str()).await,
                Err(error) => Err(error),
            };
            tell(
                &answers,
                Input::CancelAnswered(id, answer.map_err(|error| convert::failure(&error))),
            )
            .await;
        });
    }

    /// Asks for a cancel of every working order of an account.
    pub(crate) fn cancel_all(&self, trader: Trader, account: AccountId) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let answer = match trader.orders() {
                Ok(orders) => orders.cancel_all(&account).await,
                Err(error) => Err(error),
            };
            tell(
                &answers,
                Input::AllCancelAnswered(account, answer.map_err(|error| convert::failure(&error))),
            )
            .await;
        });
    }

    /// Asks the venue what it knows of an order.
    pub(crate) fn look_up(&self, trader: Trader, account: AccountId, id: ClientOrderId) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let found = match trader.orders() {
                Ok(orders) => orders.by_client_id(&account, id.as_str()).await,
                Err(error) => Err(error),
            };
            let found = found
                .map(|order| order.map(Box::new))
                .map_err(|error| convert::failure(&error));
            tell(&answers, Input::OrderLookedUp(id, found)).await;
        });
    }

    /// Has what was read kept for the next start, before anything that is asked of the keeper afterwards.
    pub(crate) async fn keep(&self, known: Box<LastKnown>) {
        let connection = known.connection.clone();
        let Some(kept) = self.keeper.post(move |room| room.keep(&known)).await else {
            return;
        };
        let answers = self.answers.clone();
        tokio::spawn(async move {
            if let Ok(Some(text)) = kept.await {
                let note = Note {
                    kind: EntryKind::Sync,
                    level: Level::Warn,
                    connection: Some(connection),
                    text,
                    announce: true,
                };
                tell(&answers, Input::Note(note)).await;
            }
        });
    }

    /// Writes down where an order stands. The queue to the keeper keeps the order of steps.
    pub(crate) async fn write_step(&self, id: ClientOrderId, step: JournalStep, at: Timestamp) {
        let written = self.keeper.post(move |room| room.step(&id, step, at)).await;
        let Some(written) = written else { return };
        let answers = self.answers.clone();
        tokio::spawn(async move {
            if let Ok(Err(problem)) = written.await {
                tell(
                    &answers,
                    crate::runtime::trouble(format!("the order journal: {problem}")),
                )
                .await;
            }
        });
    }
}

/// A change of a working order, on its way.
pub(crate) struct Replacement {
    pub(crate) account: AccountId,
    pub(crate) provider_id: Text,
    pub(crate) change: ApprovedChange<Paper>,
    pub(crate) draft: OrderDraft,
}

/// Answers are never dropped: the sender waits for room.
pub(crate) async fn tell(answers: &mpsc::Sender<Happened>, input: Input) {
    // The loop is gone only when the program ends.
    let _ = answers.send(Happened::Input(input)).await;
}

async fn write_intent(
    keeper: &Keeper,
    now: Timestamp,
    id: &ClientOrderId,
    draft: OrderDraft,
) -> Result<(), Text> {
    let intent = Intent::new(id.clone(), draft, now);
    let id = id.clone();
    let written = keeper
        .ask(move |room| room.record(&intent).and_then(|()| room.sending(&id, now)))
        .await;
    let written = written.unwrap_or_else(|| Err("the journal's keeper is gone".into()));
    written.map_err(|why| {
        format!("nothing was sent, because it could not be written down first: {why}").into()
    })
}

async fn send_change(trader: &Trader, change: &Replacement) -> Placed {
    match trader.orders() {
        Ok(orders) => {
            orders
                .replace(&change.account, change.provider_id.as_str(), &change.change)
                .await
        }
        Err(error) => Placed::NotSent {
            why: Text::new(&error.to_string()),
        },
    }
}

async fn read(
    provider: &dyn Provider,
    reading: &Reading,
    now: Timestamp,
) -> Result<ReadData, ProviderError> {
    let lacking = || ProviderError::Refused {
        reason: "this provider does not offer that".into(),
    };
    let accounts = || provider.accounts().ok_or_else(lacking);
    let quotes = || provider.quotes().ok_or_else(lacking);
    Ok(match reading {
        Reading::Accounts => ReadData::Accounts(accounts()?.list().await?),
        Reading::Positions(account) => ReadData::Positions(accounts()?.positions(account).await?),
        Reading::Orders(account) => ReadData::Orders(
            provider
                .orders()
                .ok_or_else(lacking)?
                .list(account, now.minus(ORDERS_SINCE))
                .await?,
        ),
        Reading::Snapshots(symbols) => ReadData::Snapshots(quotes()?.snapshots(symbols).await?),
        Reading::Clock => ReadData::Clock(quotes()?.clock().await?),
        Reading::Instrument(symbol) => ReadData::Instrument(quotes()?.instrument(symbol).await?),
        Reading::Bars(symbol, timeframe) => ReadData::Bars(
            quotes()?
                .bars(symbol, *timeframe, now.minus(bars_since(*timeframe)))
                .await?,
        ),
        Reading::Equity(account) => ReadData::Equity(accounts()?.equity_history(account).await?),
        Reading::Activities(account) => {
            let page = accounts()?
                .activities(account, ActivitiesQuery::default())
                .await?;
            ReadData::Activities(page.items, page.rejected)
        }
    })
}

/// A failure that says there is nobody to ask.
pub(crate) fn not_connected() -> Failure {
    Failure {
        kind: FailureKind::Final,
        what: "the connection is closed; unlock the vault first".into(),
    }
}

/// The answer to a reading when there is nobody to ask.
pub(crate) fn cannot_read(connection: ConnectionId, reading: Reading) -> Input {
    Input::Read(Box::new(ReadAnswer {
        connection,
        reading,
        took: Duration::ZERO,
        meter: CallMeter::default(),
        outcome: Err(not_connected()),
    }))
}
