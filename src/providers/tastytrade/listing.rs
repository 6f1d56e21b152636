//! Lists of orders: read page by page, with what belongs together.

use super::Tastytrade;
use super::rest::{envelope, garbled, items, list, next_page, read, row, rows};
use super::translate::complex;
use super::translate::order::{self, Read};
use super::wire;
use crate::domain::{AccountId, Order, Text, Timestamp};
use crate::net::http::Request;
use crate::providers::provider::ProviderError;
use std::collections::BTreeMap;
use std::time::Duration;

/// Orders in a page, the most there can be.
const PAGE: &str = "200";

/// Pages read of a listing at most.
const MOST_PAGES: u32 = 50;

/// How far back an order that still works may have been placed.
const OLDEST_WORKING: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How far back an order with our id is looked for.
const OLDEST_OURS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Every state in which an order is not over.
const WORKING: &[&str] = &[
    "Received",
    "Routed",
    "In Flight",
    "Live",
    "Cancel Requested",
    "Replace Requested",
    "Contingent",
];

impl Tastytrade {
    /// Reads a row and remembers what belongs together.
    pub(super) fn read_row(
        &self,
        row: &wire::Order<'_>,
        account: &AccountId,
    ) -> Result<Read, ProviderError> {
        let read = order::order(row, self.around(account));
        let read = read.map_err(|why| garbled(why.to_string()))?;
        self.learn(&read);
        Ok(read)
    }

    fn learn(&self, read: &Read) {
        self.rest
            .count_unreadable(read.unreadable, "executions of an order");
        if let (Some(id), Some(complex)) = (&read.order.provider_id, &read.complex) {
            self.names.relate(id, complex);
        }
    }

    pub(super) fn keep(&self, read: Read, orders: &mut BTreeMap<Text, Order>) {
        let id = read.order.provider_id.clone().unwrap_or_default();
        orders.insert(id, read.order);
    }

    pub(super) async fn read_order(
        &self,
        account: &AccountId,
        id: &str,
    ) -> Result<Order, ProviderError> {
        let request = Request::get(self.account_url(account, &["orders", id]));
        let response = self.rest.ask(request).await?;
        let row: wire::Order<'_> = read(&response, "an order")?;
        Ok(self.read_row(&row, account)?.order)
    }

    /// Orders that are not over, however long ago they were placed.
    pub(super) async fn read_working(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<BTreeMap<Text, Order>, ProviderError> {
        let start = now.minus(OLDEST_WORKING).to_rfc3339_millis();
        let request = Request::get(self.account_url(account, &["orders"]));
        let request = WORKING
            .iter()
            .fold(request.query("start-at", &start), |request, word| {
                request.query("status[]", word)
            });
        let mut orders = BTreeMap::new();
        for read in self.read_pages(request, account).await?.0 {
            self.keep(read, &mut orders);
        }
        Ok(orders)
    }

    /// Reads a listing page by page, newest first; how many rows could not be read is the second part.
    pub(super) async fn read_pages(
        &self,
        request: Request,
        account: &AccountId,
    ) -> Result<(Vec<Read>, usize), ProviderError> {
        let request = request
            .query("per-page", PAGE)
            .query("sort", "Desc")
            .history();
        let (mut found, mut unreadable) = (Vec::new(), 0);
        for page in 0..MOST_PAGES {
            let request = request.clone().query("page-offset", &page.to_string());
            let response = self.rest.ask(request).await?;
            let envelope = envelope(&response, "orders")?;
            let next = next_page(&envelope);
            let list = items(envelope.data, "orders")?;
            let (good, rejected) = rows(&list, |raw| {
                let read = order::order(&row(raw)?, self.around(account));
                read.map_err(|why| why.to_string().into())
            });
            self.rest.count_rejected("orders", &rejected);
            unreadable += rejected.len();
            good.iter().for_each(|read| self.learn(read));
            found.extend(good);
            if next.is_none() || list.is_empty() {
                return Ok((found, unreadable));
            }
        }
        let rest = "orders: there are more than could be read; older ones are left out";
        self.rest.count_unreadable(1, rest);
        Ok((found, unreadable + 1))
    }

    /// Complex orders, where any order belongs to one: who is whose exit.
    pub(super) async fn read_families(
        &self,
        account: &AccountId,
        orders: &mut BTreeMap<Text, Order>,
    ) -> Result<(), ProviderError> {
        let any = orders
            .keys()
            .any(|id| self.names.complex(id.as_str()).is_some());
        if !any {
            return Ok(());
        }
        let url = self.account_url(account, &["complex-orders", "live"]);
        let request = Request::get(url).query("per-page", PAGE);
        let response = self.rest.ask(request).await?;
        let (families, rejected) = rows(&list(&response, "complex orders")?, |raw| {
            complex::family(&row(raw)?, self.around(account)).map_err(|why| why.to_string().into())
        });
        self.rest.count_rejected("complex orders", &rejected);
        for family in families {
            let lost = "orders of a complex order";
            self.rest.count_unreadable(family.unreadable, lost);
            for told in family.orders {
                let id = told.provider_id.clone().unwrap_or_default();
                self.names.relate(&id, &family.id);
                let order = orders.entry(id).or_insert_with(|| told.clone());
                order.parent = told.parent;
                order.draft.exits = told.draft.exits;
            }
        }
        Ok(())
    }

    /// Looks for our id where it may be. That it is nowhere is only said when every row of the lists could be read.
    pub(super) async fn find_ours(
        &self,
        account: &AccountId,
        id: &str,
    ) -> Result<Option<Order>, ProviderError> {
        let since = self.rest.clock().now().minus(OLDEST_OURS);
        let live = Request::get(self.account_url(account, &["orders", "live"]));
        let all = Request::get(self.account_url(account, &["orders"]))
            .query("start-at", &since.to_rfc3339_millis());
        let mut unreadable = 0;
        for request in [live, all] {
            let (found, lost) = self.read_pages(request, account).await?;
            unreadable += lost;
            let ours = found.into_iter().find(|it| it.order.id.as_str() == id);
            if let Some(read) = ours {
                return Ok(Some(read.order));
            }
        }
        match unreadable {
            0 => Ok(None),
            _ => Err(garbled("orders, one of which may be the one looked for")),
        }
    }
}
