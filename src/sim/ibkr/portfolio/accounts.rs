//! Which accounts there are: those to trade with and those to look at.

use super::super::answer::{Answer, Reply, ok};
use super::super::session;
use super::super::site::Call;
use serde_json::{Value, json};

/// Accounts on a page of `/portfolio/subaccounts2`.
const PAGE: usize = 20;

/// `GET /iserver/accounts`, which has to come before orders and market data.
pub(in crate::sim::ibkr) fn tradeable(call: &mut Call<'_>) -> Answer {
    call.trading()?.accounts_known = true;
    let body = tradeable_of(call)?;
    ok(&body)
}

/// The body of `GET /iserver/accounts`; the stream tells it too.
pub(in crate::sim::ibkr) fn tradeable_of(call: &mut Call<'_>) -> Result<Value, Reply> {
    let selected = call.trading()?.selected;
    let (world, person) = (&call.world, call.person);
    let numbers: Vec<&str> = person
        .accounts
        .iter()
        .map(|at| world.customers[*at].number.as_str())
        .collect();
    let (mut props, mut aliases) = (json!({}), json!({}));
    for number in &numbers {
        aliases[number] = (*number).into();
        props[number] = json!({
            "hasChildAccounts": false, "supportsCashQty": true, "liteUnderPro": false,
            "noFXConv": false, "isProp": false, "supportsFractions": true,
            "allowCustomerTime": false, "autoFx": false,
        });
    }
    Ok(json!({
        "accounts": numbers,
        "acctProps": props,
        "aliases": aliases,
        "allowFeatures": features(),
        "chartPeriods": {"STK": ["*"], "OPT": ["2h", "1d", "2d", "1w", "1m"], "CASH": ["*"]},
        "groups": [],
        "profiles": [],
        "selectedAccount": world.customers[selected].number,
        "serverInfo": session::server(),
        "sessionId": call.seat()?.id.get(..16),
        "isFT": false,
        "isPaper": person.paper,
    }))
}

fn features() -> Value {
    json!({
        "showGFIS": true, "showEUCostReport": false, "allowEventContract": true,
        "allowFXConv": true, "allowFinancialLens": false, "allowMTA": true,
        "allowTypeAhead": true, "allowEventTrading": true, "snapshotRefreshTimeout": 30,
        "liteUser": false, "showWebNews": true, "research": true, "debugPnl": true,
        "showTaxOpt": true, "showImpactDashboard": true, "allowDynAccount": false,
        "allowCrypto": false, "allowFA": false, "allowLiteUnderPro": false,
        "allowedAssetTypes": "STK,CFD,OPT,FOP,WAR,FUT,BAG,PDC,CASH,IND,BOND,BILL,FUND,CRYPTO",
        "restrictTradeSubscription": false, "showUkUserLabels": false, "sideBySide": true,
    })
}

/// `POST /iserver/account`: selects the account of calls that name none.
pub(in crate::sim::ibkr) fn switch(call: &mut Call<'_>) -> Answer {
    let number = call.body["acctId"].as_str().unwrap_or_default().to_owned();
    let account = call.account(&number)?;
    let trading = call.trading()?;
    if trading.selected == account {
        return ok(&json!({"success": "Account already set"}));
    }
    trading.selected = account;
    ok(&json!({"set": true, "acctId": number}))
}

/// `GET /portfolio/accounts` and `/portfolio/subaccounts`, one of which has to come before the rest.
pub(in crate::sim::ibkr) fn viewable(call: &mut Call<'_>) -> Answer {
    call.seat_mut()?.portfolio_known = true;
    let accounts = call.person.accounts.iter();
    ok(&accounts.map(|at| account_of(call, *at)).collect())
}

/// `GET /portfolio/subaccounts2`, in pages.
pub(in crate::sim::ibkr) fn paged(call: &mut Call<'_>) -> Answer {
    call.seat_mut()?.portfolio_known = true;
    let page = call.query.get("page").and_then(|page| page.parse().ok());
    let first = PAGE.saturating_mul(page.unwrap_or(0));
    let accounts = call.person.accounts.iter().skip(first).take(PAGE);
    ok(&accounts.map(|at| account_of(call, *at)).collect())
}

/// `GET /portfolio/{id}/meta`.
pub(in crate::sim::ibkr) fn meta(call: &Call<'_>, account: usize) -> Answer {
    ok(&account_of(call, account))
}

fn account_of(call: &Call<'_>, account: usize) -> Value {
    let customer = &call.world.customers[account];
    let number = customer.number.as_str();
    let borrows = customer.profile.multiplier > 1;
    json!({
        "id": number,
        "PrepaidCrypto-Z": false,
        "PrepaidCrypto-P": false,
        "brokerageAccess": true,
        "accountId": number,
        "accountVan": number,
        "accountTitle": format!("{} Simulated", call.person.login),
        "displayName": format!("{} Simulated", call.person.login),
        "accountAlias": null,
        "accountStatus": customer.created.millis(),
        "currency": "USD",
        "type": if customer.profile.paper { "DEMO" } else { "INDIVIDUAL" },
        "tradingType": if borrows { "STKNOPT" } else { "STKCASH" },
        "businessType": "INDEPENDENT",
        "category": "",
        "ibEntity": "IBLLC-US",
        "faclient": false,
        "clearingStatus": "O",
        "covestor": false,
        "noClientTrading": false,
        "trackVirtualFXPortfolio": false,
        "acctCustType": if customer.profile.name == "ira" { "IRA" } else { "INDIVIDUAL" },
        "parent": {
            "mmc": [], "accountId": "", "isMParent": false, "isMChild": false,
            "isMultiplex": false,
        },
        "desc": number,
    })
}

/// `GET /iserver/account/search/{pattern}`, which is for advisers; kept for its shape.
pub(in crate::sim::ibkr) fn search(call: &Call<'_>, pattern: &str) -> Answer {
    let numbers = call.person.accounts.iter();
    let numbers = numbers.map(|at| call.world.customers[*at].number.as_str());
    let found = numbers.filter(|number| number.starts_with(pattern));
    let row = |number| json!({"accountId": number, "alias": number, "allocationId": number});
    ok(&json!({"matchedAccounts": found.map(row).collect::<Vec<_>>(), "pattern": pattern}))
}
