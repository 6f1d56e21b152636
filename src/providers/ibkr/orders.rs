//! Orders: placed and changed once, perhaps after questions; cancelled, listed, looked up.

use super::Ibkr;
use super::known::Sent;
use super::pace::Kind;
use super::rest::{garbled, read};
use super::translate::order::{self, Around};
use super::translate::request;
use super::wire;
use crate::domain::{AccountId, Environment, Mode, Order, OrderDraft, Text, Timestamp};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::net::http::{Request, Response, Retry};
use crate::net::rate_limit::Purpose;
use crate::providers::fields::{row, rows};
use crate::providers::ibkr::translate::symbol::Contract;
use crate::providers::provider::{Answer, Orders, Placed, PlacedAnswer, ProviderError, Question};
use http::Method;
use serde_json::value::RawValue;
use std::sync::atomic::Ordering;
use url::Url;

impl Orders for Ibkr {
    fn place<'a>(&'a self, approved: &'a Approved<Paper>) -> PlacedAnswer<'a> {
        Box::pin(async move {
            let (id, draft) = (approved.id(), approved.what());
            let contract = match self.prepare(draft).await {
                Err(why) => return Placed::NotSent { why },
                Ok(contract) => contract,
            };
            let body = match request::order(id, draft, &contract) {
                Err(why) => return Placed::NotSent { why },
                Ok(request) => wire::NewOrders {
                    orders: vec![request],
                },
            };
            let sent = Sent {
                id: id.clone(),
                draft: draft.clone(),
                replaces: None,
            };
            let url = self.account_url(&draft.account, &["orders"]);
            self.send_order(url, json_body(&body), sent).await
        })
    }

    fn replace<'a>(
        &'a self,
        account: &'a AccountId,
        provider_id: &'a str,
        change: &'a ApprovedChange<Paper>,
    ) -> PlacedAnswer<'a> {
        Box::pin(async move {
            let prepared = self.prepare_change(account, provider_id, change).await;
            let (before, contract, after) = match prepared {
                Err(why) => return Placed::NotSent { why },
                Ok(prepared) => prepared,
            };
            let body = match request::terms(&after, &contract) {
                Err(why) => return Placed::NotSent { why },
                Ok(request) => json_body(&request),
            };
            let sent = Sent {
                id: change.id().clone(),
                draft: after,
                replaces: Some(Box::new(before)),
            };
            let url = self.account_url(account, &["order", provider_id]);
            self.send_order(url, body, sent).await
        })
    }

    fn answer<'a>(
        &'a self,
        account: &'a AccountId,
        question: &'a Question,
        yes: bool,
    ) -> PlacedAnswer<'a> {
        Box::pin(async move {
            if let Err(why) = self.check_venue(account) {
                return Placed::NotSent { why };
            }
            let Some(sent) = self.known.take_asked(question.id()) else {
                let reason = "the question is over: other orders were sent since".into();
                return Placed::Rejected { reason };
            };
            let url = self.rest.url(&["iserver", "reply", question.id()]);
            let answered = self
                .send_order(url, format!(r#"{{"confirmed":{yes}}}"#), sent)
                .await;
            match yes {
                true => answered,
                // However it was taken: what nobody said yes to is not placed.
                false => Placed::Rejected {
                    reason: "not placed: the venue's question was answered with no".into(),
                },
            }
        })
    }

    fn cancel<'a>(&'a self, account: &'a AccountId, provider_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.check_venue(account)
                .map_err(|reason| ProviderError::Refused { reason })?;
            let url = self.account_url(account, &["order", provider_id]);
            let request = Request::new(Method::DELETE, url, Purpose::Cancel).idempotent();
            let response = self.sessions.ask(None, request).await?;
            let answer: wire::Cancelled<'_> = read(&response, "a cancel")?;
            match answer.error.text() {
                Some(reason) if reason.contains("doesn't exist") => Err(ProviderError::NotFound {
                    what: reason.as_ref().into(),
                }),
                Some(reason) => Err(ProviderError::Refused {
                    reason: reason.as_ref().into(),
                }),
                None => Ok(()),
            }
        })
    }

    fn cancel_all<'a>(&'a self, account: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)> {
        Box::pin(async move {
            let (orders, _) = self.read_orders(account).await?;
            let (mut asked, mut refused) = (0, Vec::new());
            for order in orders.iter().filter(|order| !order.state.is_final()) {
                let id = order.provider_id.clone().unwrap_or_default();
                match self.cancel(account, id.as_str()).await {
                    Ok(()) => asked += 1,
                    Err(error) => refused.push(format!("order {id}: {error}").into()),
                }
            }
            Ok((asked, refused))
        })
    }

    fn list<'a>(&'a self, account: &'a AccountId, _since: Timestamp) -> Answer<'a, Vec<Order>> {
        Box::pin(async move {
            let (mut orders, _) = self.read_orders(account).await?;
            orders.extend(self.known.replaced(account));
            Ok(orders)
        })
    }

    fn by_client_id<'a>(
        &'a self,
        account: &'a AccountId,
        id: &'a str,
    ) -> Answer<'a, Option<Order>> {
        Box::pin(async move {
            let replaced = self.known.replaced(account);
            let (orders, unreadable) = self.read_orders(account).await?;
            let mut orders = orders.into_iter().chain(replaced);
            let found = orders.find(|order| order.id.as_str() == id);
            // That it is nowhere is only said when every row could be read.
            match (found, unreadable) {
                (None, 1..) => Err(garbled("orders: not every row could be read")),
                (found, _) => Ok(found),
            }
        })
    }
}

impl Ibkr {
    /// Whether this connection may send something that changes orders of `account`.
    fn check_venue(&self, account: &AccountId) -> Result<(), Text> {
        if self.environment != Environment::Paper {
            return Err("this version sends orders to paper accounts only".into());
        }
        if account.connection != self.connection {
            return Err("the order is of an account of another connection".into());
        }
        self.sessions
            .check_number(account.number.as_str())
            .map_err(|error| error.to_string().into())
    }

    /// Everything that has to be there before an order may leave.
    async fn prepare(&self, draft: &OrderDraft) -> Result<Contract, Text> {
        self.check_venue(&draft.account)?;
        let sentence = |error: ProviderError| Text::new(&error.to_string());
        self.sessions.open().await.map_err(sentence)?;
        if !self.sessions.accounts().contains(&draft.account.number) {
            return Err("this login may not trade in that account".into());
        }
        let found = self.contracts.find(&draft.symbol).await.map_err(sentence)?;
        found.ok_or_else(|| format!("Interactive Brokers does not know {}", draft.symbol).into())
    }

    /// The order to change, its contract, and what it is to be.
    async fn prepare_change(
        &self,
        account: &AccountId,
        provider_id: &str,
        change: &ApprovedChange<Paper>,
    ) -> Result<(Order, Contract, OrderDraft), Text> {
        self.check_venue(account)?;
        let unread =
            |why: String| Text::new(&format!("the order to change could not be read: {why}"));
        let path = ["iserver", "account", "order", "status", provider_id];
        let request = Request {
            retry: Retry::Never, // an order of an earlier session is answered like a failure
            ..self.rest.get(&path)
        };
        let response = self.sessions.ask(None, request).await;
        let response = response.map_err(|error| unread(error.to_string()))?;
        let status: wire::OrderStatus<'_> =
            read(&response, "an order").map_err(|error| unread(error.to_string()))?;
        let listed = order::listed(&status);
        let conid = order::conid_of(&listed);
        self.contracts.learn(conid).await;
        let mut before = self
            .read_order(&listed, account)
            .map_err(|why| unread(why.to_string()))?;
        if let Some(name) = self.known.name_of(provider_id) {
            before.id = name;
        }
        let conid = conid.ok_or_else(|| unread("its contract is missing".into()))?;
        let contract = self.contracts.by_number(conid);
        let contract = contract.ok_or_else(|| unread("its contract is not known".into()))?;
        let after = request::changed(&before.draft, change.what())?;
        Ok((self.known.renamed(before), contract, after))
    }

    fn account_url(&self, account: &AccountId, rest: &[&str]) -> Url {
        let mut path = vec!["iserver", "account", account.number.as_str()];
        path.extend(rest);
        self.rest.url(&path)
    }

    /// Orders of an account that work or ended in this session of theirs, and how many rows could not be read.
    async fn read_orders(&self, account: &AccountId) -> Result<(Vec<Order>, usize), ProviderError> {
        let response = self.ask_for_orders(account).await?;
        let answer: wire::LiveOrders<'_> = read(&response, "orders")?;
        let mut list = answer.orders.unwrap_or_default();
        let again;
        let session = self.sessions.count();
        if list.is_empty() && self.primed.load(Ordering::Relaxed) != session {
            // The first question of a session only makes them get ready to answer it.
            again = self.ask_for_orders(account).await?;
            let answer: wire::LiveOrders<'_> = read(&again, "orders")?;
            list = answer.orders.unwrap_or_default();
        }
        self.primed.store(session, Ordering::Relaxed);
        let conids = list
            .iter()
            .filter_map(|raw| order::conid_of(&row::<wire::Order<'_>>(raw).ok()?));
        self.contracts.learn(conids).await;
        let (orders, rejected) = rows(&list, |raw: &RawValue| self.read_row(raw, account));
        self.rest.count_rejected("orders", &rejected);
        Ok((orders.into_iter().flatten().collect(), rejected.len()))
    }

    async fn ask_for_orders(&self, account: &AccountId) -> Result<Response, ProviderError> {
        // Their filters of states would spoil the stream; an account is none of those.
        let request = self.rest.get(&["iserver", "account", "orders"]);
        let request = match self.has_several() {
            true => request.query("accountId", account.number.as_str()),
            false => request,
        };
        self.sessions
            .ask(Some(Kind::LiveOrders), request.history())
            .await
    }

    /// An order of an account; nothing for one of another.
    fn read_row(&self, raw: &RawValue, account: &AccountId) -> Result<Option<Order>, Text> {
        let listed: wire::Order<'_> = row(raw)?;
        match order::account_of(&listed) {
            Some(number) if number != account.number => return Ok(None),
            None if self.has_several() => return Err("the account is missing".into()),
            Some(_) | None => {}
        }
        self.known.merge(raw.get());
        let order = self.read_order(&listed, account);
        order.map(Some).map_err(|why| why.to_string().into())
    }

    fn read_order(
        &self,
        listed: &wire::Order<'_>,
        account: &AccountId,
    ) -> Result<Order, wire::Unreadable> {
        let named = order::conid_of(listed).and_then(|it| self.contracts.named(it));
        let around = Around {
            account,
            mode: Mode::from(self.environment),
            named: named.as_ref(),
            heard: self.rest.clock().now(),
        };
        Ok(self.known.renamed(order::order(listed, around)?))
    }
}

fn json_body(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).expect("texts and numbers are always JSON")
}
