//! Positions, cached and not.

use super::super::answer::{Answer, Reply, float, money, ok};
use super::super::contracts::{company, exchange, is_fund, spelled};
use super::super::site::Call;
use crate::domain::Symbol;
use crate::sim::market::Listing;
use crate::sim::world::{Holding, World};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Positions on a page.
const PAGE: usize = 100;

/// What a symbol is worth now.
pub(super) fn mark(world: &World, symbol: &Symbol) -> Option<Decimal> {
    let market = &world.market;
    Some(market.mark(market.find(symbol)?)?.0)
}

/// `GET /portfolio/{id}/positions/{page}`: cached, and briefer when it is first asked for.
pub(in crate::sim::ibkr) fn page(call: &mut Call<'_>, account: usize, page: &str) -> Answer {
    let Ok(page) = page.parse::<usize>() else {
        return Err(Reply::bad_request("pageId is not a number"));
    };
    let world = &*call.world;
    let held = &world.customers[account].holdings;
    let newest = || {
        held.iter()
            .map(|(symbol, it)| (symbol.clone(), *it))
            .collect()
    };
    let missing = Reply::not_authenticated;
    let seat = call.desk.seats.get_mut(call.door, call.place);
    let seat = seat.ok_or_else(missing)?;
    let kept = seat.positions(account, newest, call.now);
    let again = !seat.listed.insert(account);
    let shown = kept.iter().skip(page.saturating_mul(PAGE)).take(PAGE);
    let rows = shown.map(|(symbol, holding)| row(call, account, (symbol, holding), again));
    ok(&rows.collect())
}

/// `POST /portfolio/{id}/positions/invalidate`.
pub(in crate::sim::ibkr) fn invalidate(call: &mut Call<'_>, account: usize) -> Answer {
    call.seat_mut()?.forget_positions(account);
    ok(&json!({"message": "success"}))
}

/// `GET /portfolio/{id}/position/{conid}`.
pub(in crate::sim::ibkr) fn one(call: &Call<'_>, account: usize, conid: &str) -> Answer {
    let row = held(call, account, conid)?;
    ok(&row.into_iter().collect())
}

/// `GET /portfolio/positions/{conid}`: every account that holds it.
pub(in crate::sim::ibkr) fn everywhere(call: &Call<'_>, conid: &str) -> Answer {
    let mut found = json!({});
    for account in &call.person.accounts {
        if let Some(row) = held(call, *account, conid)? {
            found[&call.world.customers[*account].number] = json!([row]);
        }
    }
    ok(&found)
}

fn held(call: &Call<'_>, account: usize, conid: &str) -> Result<Option<Value>, Reply> {
    let listing = call.shared.contracts.parse(conid);
    let listing = listing.ok_or_else(|| Reply::bad_request("conid is not valid"))?;
    let symbol = &call.world.market.listings()[listing].symbol;
    let holding = call.world.customers[account].holdings.get(symbol);
    Ok(holding.map(|holding| row(call, account, (symbol, holding), true)))
}

/// A position; with `more` what is known of its contract.
fn row(
    call: &Call<'_>,
    account: usize,
    (symbol, holding): (&Symbol, &Holding),
    more: bool,
) -> Value {
    let (world, number) = (&call.world, &call.world.customers[account].number);
    let price = mark(world, symbol).unwrap_or(holding.average.0);
    let average = float(holding.average.0.round_dp(8));
    let mut row = json!({
        "acctId": number,
        "conid": call.shared.contracts.of(&world.market, symbol),
        "contractDesc": spelled(symbol),
        "position": float(holding.quantity),
        "mktPrice": float(price),
        "mktValue": money(price * holding.quantity),
        "currency": "USD",
        "avgCost": average,
        "avgPrice": average,
        "realizedPnl": 0.0,
        "unrealizedPnl": money((price - holding.average.0) * holding.quantity),
        "exchs": null,
        "expiry": null,
        "putOrCall": null,
        "multiplier": null,
        "strike": 0.0,
        "exerciseStyle": null,
        "conExchMap": [],
        "assetClass": "STK",
        "undConid": 0,
        "model": "",
    });
    let listing = world.market.find(symbol);
    if let Some(listing) = listing.filter(|_| more) {
        enrich(&mut row, &world.market.listings()[listing]);
    }
    row
}

fn enrich(row: &mut Value, listing: &Listing) {
    let known = json!({
        "multiplier": 0.0,
        "strike": "0",
        "ticker": spelled(&listing.symbol),
        "name": company(listing),
        "isUS": true,
        "isEventContract": false,
        "fullName": spelled(&listing.symbol),
        "listingExchange": exchange(listing),
        "countryCode": "US",
        "sector": null,
        "sectorGroup": null,
        "group": null,
        "type": if is_fund(listing) { "ETF" } else { "COMMON" },
        "hasOptions": true,
        "pageSize": PAGE,
    });
    let fields = known.as_object().cloned().unwrap_or_default();
    for (name, value) in fields {
        row[name] = value;
    }
}

/// `GET /portfolio2/{id}/positions`: as they are now.
pub(in crate::sim::ibkr) fn uncached(call: &Call<'_>, account: usize) -> Answer {
    let world = &call.world;
    let holdings = world.customers[account].holdings.iter();
    let row = |(symbol, holding): (&Symbol, &Holding)| {
        let price = mark(world, symbol).unwrap_or(holding.average.0);
        let average = float(holding.average.0.round_dp(8));
        json!({
            "position": float(holding.quantity),
            "conid": call.shared.contracts.of(&world.market, symbol).to_string(),
            "avgCost": average,
            "avgPrice": average,
            "currency": "USD",
            "description": spelled(symbol),
            "isLastToLoq": false,
            "marketPrice": float(price),
            "marketValue": float(price * holding.quantity),
            "realizedPnl": 0.0,
            "unrealizedPnl": float((price - holding.average.0) * holding.quantity),
            "secType": "STK",
            "timestamp": call.now.millis() / 1000,
            "assetClass": "STK",
            "sector": "Others",
            "group": "Others",
            "model": "",
        })
    };
    ok(&holdings.map(row).collect())
}
