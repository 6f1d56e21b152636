//! Orders: listed and looked up. Schwab has no paper accounts, and nothing is sent to live ones yet.

use super::Schwab;
use super::accounts::{AHEAD, FULL, LONGEST, SHORTEST};
use super::rest::{Host, garbled, read, read_list};
use super::translate::family::{self, Family};
use super::wire;
use crate::domain::{AccountId, Order, Text, Timestamp};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::net::http::Response;
use crate::providers::fields::{row, rows};
use crate::providers::provider::{Answer, Orders, Placed, PlacedAnswer, ProviderError};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

/// How often everything of the past year is read, for orders that were entered long ago and still work.
const EVERYTHING_EVERY: Duration = Duration::from_secs(60 * 60);

/// Orders entered long ago that are looked up one by one at most; there are rarely more than a few.
const MOST_LOOK_UPS: usize = 50;

/// Windows of one listing at most.
const MOST_WINDOWS: usize = 64;

/// Orders of an account that still work, and when all of them were read.
#[derive(Clone, Default)]
pub(super) struct OldOrders {
    all_read: Option<Timestamp>,
    open: BTreeSet<Text>,
}

impl Orders for Schwab {
    fn place<'a>(&'a self, _order: &'a Approved<Paper>) -> PlacedAnswer<'a> {
        Box::pin(std::future::ready(Placed::NotSent { why: no_orders() }))
    }

    fn replace<'a>(
        &'a self,
        _account: &'a AccountId,
        _provider_id: &'a str,
        _change: &'a ApprovedChange<Paper>,
    ) -> PlacedAnswer<'a> {
        Box::pin(std::future::ready(Placed::NotSent { why: no_orders() }))
    }

    fn cancel<'a>(&'a self, _account: &'a AccountId, _provider_id: &'a str) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Err(no_cancels())))
    }

    fn cancel_all<'a>(&'a self, _account: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)> {
        Box::pin(std::future::ready(Err(no_cancels())))
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
            // It keeps no name of ours; what we know of an order of theirs by is its number.
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ProviderError::Refused {
                    reason: "Schwab keeps no order ids of ours; look for the order in its list"
                        .into(),
                });
            }
            match self.look_up(account, id).await {
                Ok(orders) => Ok(orders.into_iter().find(|order| order.id.as_str() == id)),
                // Only the broker's own words are evidence; a page of something in between is not.
                Err(ProviderError::NotFound { what }) if !what.as_str().starts_with("status ") => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
    }
}

fn no_orders() -> Text {
    "this version sends orders to paper accounts only, and Charles Schwab offers none".into()
}

fn no_cancels() -> ProviderError {
    ProviderError::Refused {
        reason: "this version changes orders of paper accounts only; cancel it at schwab.com"
            .into(),
    }
}

impl Schwab {
    /// Orders entered since `since`, and older ones that still worked when everything was last read.
    async fn read_orders(
        &self,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<Order>, ProviderError> {
        let now = self.rest.clock().now();
        let old = self.old_orders(account);
        let is_recent = |read: Timestamp| now.since(read) < EVERYTHING_EVERY;
        let is_known = old.all_read.is_some_and(is_recent);
        let from = if is_known { since } else { now.minus(LONGEST) };
        let to = now.plus(AHEAD);
        let mut found = self.read_windows(account, from, to).await?;
        let is_missing = |id: &&Text| !found.contains_key(*id);
        let missing: Vec<Text> = old.open.iter().filter(is_missing).cloned().collect();
        for id in missing.iter().take(MOST_LOOK_UPS) {
            // Not being able to learn its end now is no reason to withhold the rest; it is asked for again next time.
            if let Ok(orders) = self.look_up(account, id.as_str()).await {
                found.extend(by_id(orders));
            }
        }
        let unresolved = missing.into_iter().filter(|id| !found.contains_key(id));
        let open = found.iter().filter(|(_, order)| !order.state.is_final());
        let open: BTreeSet<Text> = open.map(|(id, _)| id.clone()).chain(unresolved).collect();
        let all_read = if is_known { old.all_read } else { Some(now) };
        self.remember(account, OldOrders { all_read, open });
        let is_wanted = |order: &Order| !order.state.is_final() || order.updated >= since;
        let orders: Vec<Order> = found.into_values().filter(is_wanted).collect();
        orders.iter().for_each(|order| self.known.learn(order));
        Ok(orders)
    }

    /// Every order entered in a span; what holds more than an answer is cut in two.
    async fn read_windows(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<Text, Order>, ProviderError> {
        let hash = self.hash(account).await?;
        let mut found = BTreeMap::new();
        let mut windows = vec![(from.max(to.minus(LONGEST)).min(to), to)];
        for _ in 0..MOST_WINDOWS {
            let Some((from, to)) = windows.pop() else {
                return Ok(found);
            };
            let response = self.ask_for_orders(&hash, from, to).await?;
            let (orders, rows) = self.read_page(&response, account)?;
            found.extend(by_id(orders));
            let span = to.since(from);
            if rows >= FULL && span > SHORTEST {
                let middle = from.plus(span / 2);
                windows.extend([(from, middle), (middle, to)]);
            }
        }
        self.rest.count_unreadable(
            1,
            "orders: there are more than could be read; older ones are left out",
        );
        Ok(found)
    }

    async fn ask_for_orders(
        &self,
        hash: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Response, ProviderError> {
        let (from, to) = (from.to_rfc3339_millis(), to.to_rfc3339_millis());
        let query = [
            ("fromEnteredTime", from.as_str()),
            ("toEnteredTime", to.as_str()),
            ("maxResults", "3000"),
        ];
        let path = ["accounts", hash, "orders"];
        self.rest.get(Host::Trader, &path, &query).await
    }

    fn read_page(
        &self,
        response: &Response,
        account: &AccountId,
    ) -> Result<(Vec<Order>, usize), ProviderError> {
        let list: Vec<&RawValue> = read_list(response, "orders")?;
        let (families, rejected) = rows(&list, |raw| {
            family::family(&row(raw)?, account).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("orders", &rejected);
        let orders = families.into_iter().flat_map(|family| self.counted(family));
        Ok((orders.collect(), list.len()))
    }

    async fn look_up(&self, account: &AccountId, id: &str) -> Result<Vec<Order>, ProviderError> {
        let hash = self.hash(account).await?;
        let path = ["accounts", &hash, "orders", id];
        let response = self.rest.get(Host::Trader, &path, &[]).await?;
        let order: wire::Order<'_> = read(&response, "an order")?;
        let family = family::family(&order, account).map_err(|why| garbled(why.to_string()))?;
        Ok(self.counted(family))
    }

    fn counted(&self, mut family: Family) -> Vec<Order> {
        self.rest
            .count_unreadable(family.unreadable, "orders that hang on another");
        for order in &mut family.orders {
            order.draft.mode = self.environment.into();
        }
        family.orders
    }

    fn old_orders(&self, account: &AccountId) -> OldOrders {
        let old = self.old_orders.lock();
        let old = old.unwrap_or_else(PoisonError::into_inner);
        old.get(&account.number).cloned().unwrap_or_default()
    }

    fn remember(&self, account: &AccountId, orders: OldOrders) {
        // An entry is replaced as a whole, so a panic elsewhere does no harm.
        let old = self.old_orders.lock();
        let mut old = old.unwrap_or_else(PoisonError::into_inner);
        old.insert(account.number.clone(), orders);
    }
}

fn by_id(orders: Vec<Order>) -> impl Iterator<Item = (Text, Order)> {
    let named = |order: Order| Some((order.provider_id.clone()?, order));
    orders.into_iter().filter_map(named)
}
