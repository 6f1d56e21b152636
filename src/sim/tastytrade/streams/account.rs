//! The account streamer: connect first, heartbeats within a minute, whole objects and never changes.

use super::super::{Host, Shared, balances, orders, positions};
use super::read;
use crate::domain::Timestamp;
use crate::sim::socket::{Gone, Line};
use crate::sim::world::{Holding, Notice, NoticeKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

/// Longest silence of a client.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// Subscriptions that are acknowledged and of which nothing ever comes here.
const QUIET_ACTIONS: [&str; 3] = [
    "public-watchlists-subscribe",
    "quote-alerts-subscribe",
    "user-message-subscribe",
];

struct Session {
    line: Line,
    shared: Arc<Shared>,
    host: Host,
    /// The name the server gave it.
    id: String,
    /// Accounts whose changes are told; empty until it has connected.
    accounts: Vec<usize>,
}

pub(super) async fn run(shared: Arc<Shared>, host: Host, line: Line) {
    let id = shared.world().make_id().simple().to_string();
    let mut session = Session {
        line,
        shared,
        host,
        id: id[..8].to_owned(),
        accounts: Vec::new(),
    };
    // Both ways out are an end.
    drop(session.live().await);
}

impl Session {
    async fn live(&mut self) -> Result<(), Gone> {
        let mut updates = self.shared.updates.subscribe();
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                heard = self.line.hear() => {
                    let heard = heard?;
                    if matches!(heard, Message::Text(_) | Message::Binary(_)) {
                        heard_at = Instant::now();
                    }
                    self.take(&heard).await?;
                }
                notice = updates.recv() => match notice {
                    Ok(notice) => self.pass_on(&notice).await?,
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Gone),
                },
                () = sleep_until(heard_at + LONGEST_SILENCE) => {
                    self.line.close("no heartbeat").await;
                    return Err(Gone);
                }
            }
        }
    }

    async fn take(&mut self, message: &Message) -> Result<(), Gone> {
        let request = match read(message) {
            None => return Ok(()),
            Some(request) => request.unwrap_or(Value::Null),
        };
        let action = request["action"].as_str().unwrap_or_default().to_owned();
        if action == "connect" {
            return match self.connect(&request) {
                Some(accounts) => {
                    self.accounts = accounts;
                    self.acknowledge(&request, &action).await
                }
                None => self.refuse(&request, &action, "failed").await,
            };
        }
        if self.accounts.is_empty() {
            return self
                .refuse(&request, &action, "connect-not-completed")
                .await;
        }
        if self.person_of(&request).is_none() {
            return self.refuse(&request, &action, "failed").await;
        }
        match action.as_str() {
            "heartbeat" => self.acknowledge(&request, &action).await,
            quiet if QUIET_ACTIONS.contains(&quiet) => self.acknowledge(&request, &action).await,
            _ => self.refuse(&request, &action, "not-implemented").await,
        }
    }

    /// The person whose token a message carries.
    fn person_of(&self, request: &Value) -> Option<&super::super::people::Person> {
        let token = request["auth-token"].as_str()?.strip_prefix("Bearer ")?;
        let bearer = self.shared.people.bearer(self.host, token);
        bearer.ok().map(|(person, _)| person)
    }

    /// The accounts a `connect` names, if all of them are the person's own.
    fn connect(&self, request: &Value) -> Option<Vec<usize>> {
        let person = self.person_of(request)?;
        let world = self.shared.world();
        let numbers = request["value"].as_array()?;
        let accounts: Option<Vec<usize>> = numbers
            .iter()
            .map(|number| person.account(&world, number.as_str()?))
            .collect();
        accounts.filter(|accounts| !accounts.is_empty())
    }

    async fn acknowledge(&mut self, request: &Value, action: &str) -> Result<(), Gone> {
        let mut answer = json!({
            "status": "ok",
            "action": action,
            "web-socket-session-id": self.id,
        });
        if let Some(value) = request.get("value") {
            answer["value"] = value.clone();
        }
        self.say_with_id(action, request, answer).await
    }

    async fn refuse(&mut self, request: &Value, action: &str, why: &str) -> Result<(), Gone> {
        let answer = json!({
            "status": "error",
            "action": action,
            "web-socket-session-id": self.id,
            "message": why,
        });
        self.say_with_id("error", request, answer).await
    }

    async fn say_with_id(
        &mut self,
        verb: &str,
        request: &Value,
        mut answer: Value,
    ) -> Result<(), Gone> {
        if let Some(id) = request.get("request-id") {
            answer["request-id"] = id.clone();
        }
        self.line.say(verb, &answer).await
    }

    async fn pass_on(&mut self, notice: &Notice) -> Result<(), Gone> {
        if !self.accounts.contains(&notice.customer) {
            return Ok(());
        }
        let now = self.shared.clock.now();
        for (kind, data) in told(&self.shared, notice, now) {
            let message = json!({"type": kind, "data": data, "timestamp": now.millis()});
            self.line.say("message", &message).await?;
        }
        Ok(())
    }
}

/// What is told of a notice: the order; of a fill also the position and the balance after it.
fn told(shared: &Shared, notice: &Notice, now: Timestamp) -> Vec<(&'static str, Value)> {
    let world = shared.world();
    let notes = shared.notes();
    let customer = &world.customers[notice.customer];
    let order = orders::order_json(&world, &notes, notice.customer, &notice.order);
    let mut told = vec![("Order", order)];
    if let NoticeKind::Filled { .. } = notice.kind {
        let symbol = &notice.order.draft.symbol;
        let holding = customer.holdings.get(symbol).copied().unwrap_or(Holding {
            quantity: rust_decimal::Decimal::ZERO,
            average: crate::domain::Price::default(),
        });
        let position = positions::position(&world, customer, symbol, holding, now);
        told.push(("CurrentPosition", position));
        let balance = balances::current(&world, customer, now);
        told.push(("AccountBalance", balance));
    }
    told
}
