//! `/customers`: who somebody is, which accounts they have; and what an account may do.

use super::answer::{Answer, ApiError, items, moment, ok};
use super::site::Call;
use serde_json::{Value, json};

/// `GET /customers/me` and `/customers/{id}`.
pub(super) fn get(call: &Call<'_>, id: &str) -> Answer {
    own(call, id)?;
    let person = call.person;
    let address = json!({
        "street-one": "1 Example Street",
        "city": "Chicago",
        "state-region": "IL",
        "postal-code": "60601",
        "country": "USA",
        "is-domestic": true,
        "is-foreign": false,
    });
    ok(json!({
        "address": address,
        "mailing-address": address,
        "created-at": moment(call.customer().created),
        "subject-to-tax-withholding": false,
        "agreed-to-margining": true,
        "agreed-to-terms": true,
        "id": person.id(),
        "first-name": person.login,
        "last-name": "Simulated",
        "email": format!("{}@example.com", person.login),
        "mobile-phone-number": "5555550100",
        "tax-number": "000000000",
        "tax-number-type": "SSN",
        "birth-date": "1980-01-01",
        "external-id": format!("U{:010}", person.accounts[0] + 1),
        "citizenship-country": "USA",
        "usa-citizenship-type": "Citizen",
        "family-member-names": "",
        "is-foreign": false,
        "is-professional": false,
        "has-delayed-quotes": call.host == super::Host::Sandbox,
        "has-industry-affiliation": false,
        "has-institutional-assets": false,
        "has-listed-affiliation": false,
        "has-political-affiliation": false,
        "has-pending-or-approved-application": true,
        "permitted-account-types": [],
    }))
}

/// `GET /customers/me/accounts` and the same of an id.
pub(super) fn accounts(call: &Call<'_>, id: &str) -> Answer {
    own(call, id)?;
    let row = |account: &usize| json!({"account": account_of(call, *account), "authority-level": "owner"});
    items(call.person.accounts.iter().map(row).collect())
}

/// `GET /customers/me/accounts/{number}` and the same of an id.
pub(super) fn account(call: &Call<'_>, id: &str, number: &str) -> Answer {
    own(call, id)?;
    let account = call.person.account(call.world, number);
    let account = account.ok_or_else(ApiError::not_permitted)?;
    ok(account_of(call, account))
}

fn own(call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    match id == "me" || id == call.person.id() {
        true => Ok(()),
        false => Err(ApiError::not_permitted()),
    }
}

fn account_of(call: &Call<'_>, account: usize) -> Value {
    let customer = &call.world.customers[account];
    let is_margin = customer.profile.multiplier > 1;
    let is_retirement = customer.profile.name == "ira";
    json!({
        "account-number": customer.number,
        "account-type-name": if is_retirement { "Traditional IRA" } else { "Individual" },
        "nickname": customer.profile.name,
        "margin-or-cash": if is_margin { "Margin" } else { "Cash" },
        "investment-objective": "SPECULATION",
        "suitable-options-level": "No Restrictions",
        "day-trader-status": false,
        "is-closed": false,
        "is-firm-error": false,
        "is-firm-proprietary": false,
        "is-foreign": false,
        "is-futures-approved": false,
        "is-test-drive": false,
        "created-at": moment(customer.created),
        "opened-at": moment(customer.created),
        "external-id": customer.id.to_string(),
        "ext-crm-id": customer.id.simple().to_string(),
    })
}

/// `GET /accounts/{number}/trading-status`.
pub(super) fn trading_status(call: &Call<'_>) -> Answer {
    let customer = call.customer();
    let borrows = customer.profile.multiplier > 1;
    ok(json!({
        "id": call.account + 1,
        "account-number": customer.number,
        "day-trade-count": 0,
        "equities-margin-calculation-type": if borrows { "REG_T" } else { "CASH" },
        "fee-schedule-name": "default",
        "futures-margin-rate-multiplier": "0.0",
        "has-intraday-equities-margin": false,
        "is-aggregated-at-clearing": false,
        "is-closed": false,
        "is-closing-only": false,
        "is-cryptocurrency-closing-only": true,
        "is-cryptocurrency-enabled": false,
        "is-equity-offering-closing-only": false,
        "is-equity-offering-enabled": false,
        "is-frozen": false,
        "is-full-equity-margin-required": !borrows,
        "is-futures-closing-only": false,
        "is-futures-enabled": false,
        "is-futures-intra-day-enabled": false,
        "is-in-day-trade-equity-maintenance-call": false,
        "is-in-margin-call": false,
        "is-pattern-day-trader": false,
        "is-portfolio-margin-enabled": false,
        "is-risk-reducing-only": false,
        "is-roll-the-day-forward-enabled": true,
        "is-small-notional-futures-intra-day-enabled": false,
        "are-far-otm-net-options-restricted": false,
        "are-options-values-restricted-to-nlv": false,
        "are-single-tick-expiring-hedges-ignored": false,
        "short-calls-enabled": borrows,
        "small-notional-futures-margin-rate-multiplier": "0.0",
        "options-level": "No Restrictions",
        "enhanced-fraud-safeguards-enabled-at": moment(customer.created),
        "updated-at": moment(customer.created),
    }))
}
