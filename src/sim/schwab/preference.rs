//! `/userPreference`: an object, whatever the provider's own description says, and in it the way to the
//! streamer.

use super::answer::{Answer, ok};
use super::site::{Call, STREAMER};
use serde_json::{Value, json};

/// `GET /userPreference`.
pub(super) fn get(call: &Call<'_>) -> Answer {
    let accounts: Vec<Value> = call
        .customers()
        .enumerate()
        .map(|(place, (_, customer))| {
            let number = &customer.number;
            let tail = &number[number.len() - 3..];
            json!({
                "accountNumber": number,
                "primaryAccount": place == 0,
                "type": "BROKERAGE",
                "nickName": customer.profile.name,
                "displayAcctId": format!("...{tail}"),
                "autoPositionEffect": true,
                "accountColor": if place == 0 { "Green" } else { "Blue" },
            })
        })
        .collect();
    ok(&json!({
        "accounts": accounts,
        "streamerInfo": [{
            "streamerSocketUrl": format!("ws://{}{STREAMER}", call.host),
            "schwabClientCustomerId": call.person.streamer_id,
            "schwabClientCorrelId": call.person.correlation.to_string(),
            "schwabClientChannel": "N9",
            "schwabClientFunctionId": "APIAPP",
        }],
        "offers": [{"level2Permissions": true, "mktDataPermission": "NP"}],
    }))
}
