//! Orders: placed and changed once, cancelled, listed, looked up.

use super::Tastytrade;
use super::rest::{NoAnswer, details, garbled, read, words};
use super::translate::order::Around;
use super::translate::request;
use super::translate::symbol::theirs;
use super::wire;
use crate::domain::{
    AccountId, ClientOrderId, Environment, Mode, Order, Quantity, Symbol, Text, Timestamp,
};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::net::error::Reached;
use crate::net::http::{Request, Response};
use crate::net::rate_limit::Purpose;
use crate::providers::provider::{Answer, Orders, Placed, PlacedAnswer, ProviderError};
use http::Method;
use std::time::Duration;
use url::Url;

/// How long an order may take, its wait for the request budget included: later it is not what the person wanted.
const ORDER_DEADLINE: Duration = Duration::from_secs(15);

impl Orders for Tastytrade {
    fn place<'a>(&'a self, approved: &'a Approved<Paper>) -> PlacedAnswer<'a> {
        Box::pin(async move {
            let (id, draft) = (approved.id(), approved.what());
            let account = &draft.account;
            let held = match self.check_venue(account) {
                Err(why) => return Placed::NotSent { why },
                Ok(()) => self.held(account, &draft.symbol).await,
            };
            let why_not = |error: ProviderError| {
                format!("whether the order opens or closes a position is not known: {error}").into()
            };
            let request = held
                .map_err(why_not)
                .and_then(|held| request::order(id, draft, held));
            match request {
                Err(why) => Placed::NotSent { why },
                Ok(request) => {
                    let url = self.account_url(account, &["orders"]);
                    self.send_order(Method::POST, url, &request, account).await
                }
            }
        })
    }

    fn replace<'a>(
        &'a self,
        account: &'a AccountId,
        provider_id: &'a str,
        change: &'a ApprovedChange<Paper>,
    ) -> PlacedAnswer<'a> {
        Box::pin(async move {
            if let Err(why) = self.check_venue(account) {
                return Placed::NotSent { why };
            }
            let before = match self.read_order(account, provider_id).await {
                Err(error) => {
                    let why = format!("the order to change could not be read: {error}").into();
                    return Placed::NotSent { why };
                }
                Ok(before) => before,
            };
            match request::change(change.id(), &before.draft, change.what()) {
                Err(why) => Placed::NotSent { why },
                Ok(request) => {
                    let url = self.account_url(account, &["orders", provider_id]);
                    self.send_order(Method::PUT, url, &request, account).await
                }
            }
        })
    }

    fn cancel<'a>(&'a self, account: &'a AccountId, provider_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.check_venue(account)
                .map_err(|reason| ProviderError::Refused { reason })?;
            // What belongs together is cancelled together, by the id of the whole.
            let complex = self.names.complex(provider_id);
            let url = match &complex {
                Some(id) => self.account_url(account, &["complex-orders", id.as_str()]),
                None => self.account_url(account, &["orders", provider_id]),
            };
            let request = Request::new(Method::DELETE, url, Purpose::Cancel).idempotent();
            self.rest.ask(request).await.map(drop)
        })
    }

    fn cancel_all<'a>(&'a self, account: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)> {
        Box::pin(async move {
            self.check_venue(account)
                .map_err(|reason| ProviderError::Refused { reason })?;
            let working = self.read_working(account, self.rest.clock().now()).await?;
            let (mut asked, mut refused) = (0, Vec::new());
            let mut wholes: Vec<Text> = Vec::new();
            for (id, _) in working {
                match self.names.complex(id.as_str()) {
                    Some(whole) if wholes.contains(&whole) => continue,
                    Some(whole) => wholes.push(whole),
                    None => {}
                }
                match self.cancel(account, id.as_str()).await {
                    Ok(()) => asked += 1,
                    Err(error) => refused.push(format!("order {id}: {error}").into()),
                }
            }
            Ok((asked, refused))
        })
    }

    fn list<'a>(&'a self, account: &'a AccountId, since: Timestamp) -> Answer<'a, Vec<Order>> {
        Box::pin(async move {
            let mut orders = self.read_working(account, since).await?;
            let recent = self.account_url(account, &["orders"]);
            let recent = Request::get(recent).query("start-at", &since.to_rfc3339_millis());
            // What changes between two calls is in both, and the later counts.
            for read in self.read_pages(recent, account).await?.0 {
                self.keep(read, &mut orders);
            }
            let live = Request::get(self.account_url(account, &["orders", "live"]));
            for read in self.read_pages(live, account).await?.0 {
                self.keep(read, &mut orders);
            }
            self.read_families(account, &mut orders).await?;
            Ok(orders.into_values().collect())
        })
    }

    fn by_client_id<'a>(
        &'a self,
        account: &'a AccountId,
        id: &'a str,
    ) -> Answer<'a, Option<Order>> {
        Box::pin(async move { self.find_ours(account, id).await })
    }
}

impl Tastytrade {
    /// Whether this connection may send something that changes orders of `account`.
    fn check_venue(&self, account: &AccountId) -> Result<(), Text> {
        if self.environment != Environment::Paper {
            return Err("this version sends orders to the sandbox only".into());
        }
        if account.connection != self.connection {
            return Err("the order is of an account of another connection".into());
        }
        Ok(())
    }

    pub(super) fn around<'a>(&self, account: &'a AccountId) -> Around<'a> {
        Around {
            account,
            mode: Mode::from(self.environment),
            heard: self.rest.clock().now(),
        }
    }

    /// What an account holds of a symbol now, negative when short.
    async fn held(&self, account: &AccountId, symbol: &Symbol) -> Result<Quantity, ProviderError> {
        let positions = self.read_positions(account, Some(&theirs(symbol))).await?;
        let of_it = positions.iter().filter(|it| it.symbol == *symbol);
        Ok(Quantity(of_it.map(|it| it.quantity.0).sum()))
    }

    async fn send_order(
        &self,
        method: Method,
        url: Url,
        body: &wire::OrderRequest<'_>,
        account: &AccountId,
    ) -> Placed {
        let id = ClientOrderId::new(body.external_identifier);
        let body = serde_json::to_string(body).expect("texts and numbers are always JSON");
        let request = Request {
            deadline: ORDER_DEADLINE,
            ..Request::new(method, url, Purpose::Order)
        };
        match self.rest.send_once(request.json(body)).await {
            Ok(response) => self.placed(&response, &id, account),
            Err(NoAnswer::Token(error)) => Placed::NotSent {
                why: error.to_string().into(),
            },
            Err(NoAnswer::Net(error)) => {
                let why = error.to_string().into();
                match error.reached() {
                    Reached::No => Placed::NotSent { why },
                    Reached::Perhaps => Placed::Unknown { why },
                }
            }
        }
    }

    /// What became of an order, by what came back. Anything but the broker's own answer leaves its fate open.
    fn placed(&self, response: &Response, id: &ClientOrderId, account: &AccountId) -> Placed {
        let unknown = |why: String| Placed::Unknown { why: why.into() };
        match (response.status, words(response)) {
            (200..=299, _) => match self.accepted(response, id, account) {
                Ok(placed) => placed,
                Err(error) => unknown(error.to_string()),
            },
            // The manual warns that the order may be there nevertheless.
            (401, _) => unknown("the broker refused the token of the order".into()),
            // Refused before it was looked at: the limiter stands in front of the order desk.
            (429, _) => Placed::NotSent {
                why: "the broker takes no more requests for the moment".into(),
            },
            (408, _) => unknown("the broker waited too long for the order".into()),
            (400..=499, Some(reason)) => Placed::Rejected { reason },
            (status, _) => unknown(format!("the broker answered with status {status}")),
        }
    }

    fn accepted(
        &self,
        response: &Response,
        id: &ClientOrderId,
        account: &AccountId,
    ) -> Result<Placed, ProviderError> {
        let answer: wire::Placed<'_> = read(response, "an order")?;
        let errors = details(answer.errors.as_deref().unwrap_or_default());
        let row = match &answer.order {
            Some(row) => self.read_row(row, account),
            // A change is answered with the order alone.
            None => self.read_row(&read(response, "an order")?, account),
        };
        let read = match row {
            Err(_) if !errors.is_empty() => {
                let reason = errors.into();
                return Ok(Placed::Rejected { reason });
            }
            row => row?,
        };
        let venue_id = read.order.provider_id.as_ref();
        let is_unnamed = venue_id.is_some_and(|it| it.as_str() == read.order.id.as_str());
        if read.order.id != *id && !is_unnamed {
            return Err(garbled("the broker answered with another order"));
        }
        let order = Order {
            id: id.clone(),
            ..read.order
        };
        Ok(Placed::Accepted(Box::new(order)))
    }
}
