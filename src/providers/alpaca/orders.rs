//! Orders: placed and changed once, cancelled, listed, looked up.

use super::Alpaca;
use super::rest::{Host, Rest, garbled, read, read_list, refusal, row, rows, words};
use super::translate::order::{self, Family};
use super::translate::request;
use super::wire;
use crate::domain::{AccountId, ClientOrderId, Environment, Mode, Order, Text, Timestamp};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::net::error::{NetError, Reached};
use crate::net::http::{Request, Response};
use crate::net::rate_limit::Purpose;
use crate::providers::provider::{Answer, Orders, Placed, PlacedAnswer, ProviderError};
use http::Method;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long an order may take, its wait for the request budget included: later it is not what the person wanted.
const ORDER_DEADLINE: Duration = Duration::from_secs(15);

/// Orders in a page, the most there can be.
const PAGE: usize = 500;

/// Pages read of a listing at most.
const MOST_PAGES: usize = 40;

/// Orders that were open before and are in no list now, looked up one by one at most.
const MOST_LOOK_UPS: usize = 50;

impl Orders for Alpaca {
    fn place<'a>(&'a self, approved: &'a Approved<Paper>) -> PlacedAnswer<'a> {
        Box::pin(async move {
            let (id, draft) = (approved.id(), approved.what());
            if let Err(why) = self.check_venue(&draft.account) {
                return Placed::NotSent { why };
            }
            let body = json_body(&request::order(id, draft));
            let url = self.rest.url(Host::Trading, &["v2", "orders"]);
            let request = Request {
                deadline: ORDER_DEADLINE,
                ..Request::new(Method::POST, url, Purpose::Order)
            };
            let outcome = self.rest.send(request.json(body)).await;
            self.placed(outcome, id, &draft.account)
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
            let body = json_body(&request::change(change.id(), change.what()));
            let url = self.rest.url(Host::Trading, &["v2", "orders", provider_id]);
            let request = Request {
                deadline: ORDER_DEADLINE,
                ..Request::new(Method::PATCH, url, Purpose::Order)
            };
            let outcome = self.rest.send(request.json(body)).await;
            self.placed(outcome, change.id(), account)
        })
    }

    fn cancel<'a>(&'a self, account: &'a AccountId, provider_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.check_venue(account)
                .map_err(|reason| ProviderError::Refused { reason })?;
            let url = self.rest.url(Host::Trading, &["v2", "orders", provider_id]);
            let request = Request::new(Method::DELETE, url, Purpose::Cancel).idempotent();
            self.rest.ask(request).await.map(drop)
        })
    }

    fn cancel_all<'a>(&'a self, account: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)> {
        Box::pin(async move {
            self.check_venue(account)
                .map_err(|reason| ProviderError::Refused { reason })?;
            let url = self.rest.url(Host::Trading, &["v2", "orders"]);
            let request = Request::new(Method::DELETE, url, Purpose::Cancel).idempotent();
            let response = self.rest.ask(request).await?;
            cancelled(&response)
        })
    }

    fn list<'a>(&'a self, account: &'a AccountId, since: Timestamp) -> Answer<'a, Vec<Order>> {
        Box::pin(async move { self.read_orders(account, since).await })
    }

    fn by_client_id<'a>(
        &'a self,
        account: &'a AccountId,
        id: &'a str,
    ) -> Answer<'a, Option<Order>> {
        Box::pin(async move {
            let url = self
                .rest
                .url(Host::Trading, &["v2", "orders:by_client_order_id"]);
            let response = self
                .rest
                .send(Request::get(url).query("client_order_id", id))
                .await?;
            match response.status {
                200..=299 => {
                    let found = self.read_order(&response, account)?;
                    if found.id.as_str() == id {
                        Ok(Some(found))
                    } else {
                        Err(garbled("an order of another name"))
                    }
                }
                // Only the broker's own words are evidence; a page of something in between is not.
                404 if words(&response).is_some() => Ok(None),
                404 => Err(garbled(
                    "a page that was not found, instead of an order that was not",
                )),
                _ => Err(refusal(&response)),
            }
        })
    }
}

impl Alpaca {
    /// Whether this connection may send something that changes orders of `account`.
    fn check_venue(&self, account: &AccountId) -> Result<(), Text> {
        if self.environment != Environment::Paper {
            return Err("this version sends orders to paper accounts only".into());
        }
        if account.connection != self.connection {
            return Err("the order is of an account of another connection".into());
        }
        Ok(())
    }

    fn mode(&self) -> Mode {
        Mode::from(self.environment)
    }

    /// What became of an order, by what came back. Anything but the broker's own answer leaves its fate open.
    fn placed(
        &self,
        outcome: Result<Response, NetError>,
        id: &ClientOrderId,
        account: &AccountId,
    ) -> Placed {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => {
                let why = error.to_string().into();
                return match error.reached() {
                    Reached::No => Placed::NotSent { why },
                    Reached::Perhaps => Placed::Unknown { why },
                };
            }
        };
        let unknown = |why: String| Placed::Unknown { why: why.into() };
        match (response.status, words(&response)) {
            (200..=299, _) => match self.read_order(&response, account) {
                Ok(order) if order.id == *id => Placed::Accepted(Box::new(order)),
                Ok(_) => unknown("the broker answered with another order".into()),
                Err(error) => unknown(error.to_string()),
            },
            // Refused before it was looked at: the limiter stands in front of the order desk.
            (429, _) => Placed::NotSent {
                why: "the broker takes no more requests for the moment".into(),
            },
            (408, _) => unknown("the broker waited too long for the order".into()),
            (422, Some(reason)) if is_duplicate(&reason) => Placed::Duplicate,
            (400..=499, Some(reason)) => Placed::Rejected { reason },
            (status, _) => unknown(format!("the broker answered with status {status}")),
        }
    }

    fn read_order(&self, response: &Response, account: &AccountId) -> Result<Order, ProviderError> {
        let row: wire::Order<'_> = read(response, "an order")?;
        let family =
            order::family(&row, account, self.mode()).map_err(|why| garbled(why.to_string()))?;
        let mut orders = self.learn(family);
        Ok(orders.swap_remove(0))
    }

    /// Remembers who belongs to whom; the head comes first.
    fn learn(&self, family: Family) -> Vec<Order> {
        self.rest
            .count_unreadable(family.unreadable, "legs of an order");
        self.families.learn(family)
    }

    /// Working orders first, then those that ended: what ends between the two calls is in both, and the later counts.
    async fn read_orders(
        &self,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<Order>, ProviderError> {
        let open = self.read_pages(account, "open", None).await?;
        let closed = self.read_pages(account, "closed", Some(since)).await?;
        let mut orders: BTreeMap<Text, Order> = BTreeMap::new();
        for order in open.into_iter().chain(closed) {
            orders.insert(order.provider_id.clone().unwrap_or_default(), order);
        }
        for id in self.vanished(&orders) {
            let url = self.rest.url(Host::Trading, &["v2", "orders", id.as_str()]);
            let response = self
                .rest
                .ask(Request::get(url).query("nested", "true"))
                .await;
            // Not being able to learn its end now is no reason to withhold the rest; it is asked for again next time.
            if let Ok(order) = response.and_then(|response| self.read_order(&response, account)) {
                orders.insert(id, order);
            }
        }
        self.remember_open(&orders);
        Ok(orders.into_values().collect())
    }

    /// Orders that were open at the last reading and are in neither list now: submitted before the span that was asked
    /// for, and ended since.
    fn vanished(&self, orders: &BTreeMap<Text, Order>) -> Vec<Text> {
        let open_before = self.open_before();
        open_before
            .iter()
            .filter(|id| !orders.contains_key(*id))
            .take(MOST_LOOK_UPS)
            .cloned()
            .collect()
    }

    fn remember_open(&self, orders: &BTreeMap<Text, Order>) {
        let mut open_before = self.open_before();
        let unresolved: Vec<Text> = open_before
            .iter()
            .filter(|id| !orders.contains_key(*id))
            .cloned()
            .collect();
        let open = orders
            .iter()
            .filter(|(_, order)| !order.state.is_final())
            .map(|(id, _)| id.clone());
        *open_before = open
            .chain(unresolved)
            .take(PAGE * MOST_PAGES)
            .collect::<BTreeSet<Text>>();
    }

    /// Reads a listing page by page, newest first. A page starts a moment after the last order of the one before, so
    /// that orders submitted at the same instant are not lost between two pages, and what comes twice is dropped.
    async fn read_pages(
        &self,
        account: &AccountId,
        status: &str,
        after: Option<Timestamp>,
    ) -> Result<Vec<Order>, ProviderError> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut until: Option<Timestamp> = None;
        for _ in 0..MOST_PAGES {
            let request = page_request(&self.rest, status, after, until);
            let response = self.rest.ask(request).await?;
            let page = self.read_page(&response, account)?;
            let fresh: Vec<Order> = page
                .orders
                .into_iter()
                .filter(|it| seen.insert(it.provider_id.clone()))
                .collect();
            let is_last = page.rows < PAGE || fresh.is_empty() || page.oldest.is_none();
            found.extend(fresh);
            if is_last {
                return Ok(found);
            }
            until = page
                .oldest
                .map(|oldest| oldest.plus(Duration::from_millis(1)));
        }
        self.rest.count_unreadable(
            1,
            &format!("{status} orders: there are more than could be read; older ones are left out"),
        );
        Ok(found)
    }

    fn read_page(
        &self,
        response: &Response,
        account: &AccountId,
    ) -> Result<OrderPage, ProviderError> {
        let list: Vec<&RawValue> = read_list(response, "orders")?;
        let mut oldest: Option<Timestamp> = None;
        let (families, rejected) = rows(&list, |raw| {
            let order: wire::Order<'_> = row(raw)?;
            if let Ok(Some(submitted)) = order.submitted_at.time() {
                oldest = Some(oldest.map_or(submitted, |before| before.min(submitted)));
            }
            order::family(&order, account, self.mode()).map_err(|why| why.to_string().into())
        });
        self.count_rejected("orders", &rejected);
        let rows = rejected.len()
            + families
                .iter()
                .map(|family| 1 + family.legs.len())
                .sum::<usize>();
        let orders = families
            .into_iter()
            .flat_map(|family| self.learn(family))
            .collect();
        Ok(OrderPage {
            orders,
            rows,
            oldest,
        })
    }
}

struct OrderPage {
    orders: Vec<Order>,
    /// Rows in the page, nested ones counted, since the limit may count either way.
    rows: usize,
    oldest: Option<Timestamp>,
}

fn page_request(
    rest: &Rest,
    status: &str,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Request {
    let mut request = Request::get(rest.url(Host::Trading, &["v2", "orders"]))
        .query("status", status)
        .query("limit", &PAGE.to_string())
        .query("direction", "desc")
        .query("nested", "true")
        .history();
    for (name, moment) in [("after", after), ("until", until)] {
        if let Some(moment) = moment {
            request = request.query(name, &moment.to_string());
        }
    }
    request
}

/// Each order of a cancel of all has a status of its own.
fn cancelled(response: &Response) -> Result<(usize, Vec<Text>), ProviderError> {
    if response.body.is_empty() {
        return Ok((0, Vec::new()));
    }
    let list: Vec<wire::Cancelled<'_>> = read_list(response, "the cancelled orders")?;
    let mut asked = 0;
    let mut refused = Vec::new();
    for row in &list {
        let status = row.status.text_or_empty();
        if status.len() == 3 && status.starts_with('2') {
            asked += 1;
        } else {
            let words = row
                .body
                .raw()
                .and_then(refusal_words)
                .unwrap_or_else(|| format!("status {status}"));
            refused.push(format!("order {}: {words}", row.id.text_or_empty()).into());
        }
    }
    Ok((asked, refused))
}

fn refusal_words(raw: &RawValue) -> Option<String> {
    let refusal: wire::Refusal<'_> = row(raw).ok()?;
    refusal.message.text().map(|message| message.into_owned())
}

/// A repeated client order id has no code of its own (40010001 stands for any refused parameter), so its words decide.
fn is_duplicate(reason: &Text) -> bool {
    reason.as_str().contains("client_order_id") && reason.as_str().contains("unique")
}

fn json_body(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).expect("texts and numbers are always JSON")
}
