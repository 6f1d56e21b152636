//! Interactive Brokers in the demo.

use super::{Broker, SignIn, StartError, does_not_start};
use crate::domain::Timestamp;
use crate::runtime::clock::SystemClock;
use crate::sim::ibkr::{Options, start};
use std::sync::Arc;

/// One consumer, whose signed requests reach all paper accounts of a person.
pub(super) async fn broker(opened: Timestamp) -> Result<Broker, StartError> {
    let options = Options {
        opened: Some(opened),
        ..Options::default()
    };
    let running = start(options, Arc::new(SystemClock)).await;
    let running = running.map_err(|why| does_not_start(&why))?;
    let ready = &running.ready;
    let customers = ready.customers.iter().filter(|it| it.paper);
    let sign_ins = customers.take(1).map(|customer| SignIn {
        name: "ibkr",
        way: "oauth1a",
        secrets: vec![
            ("consumer_key", customer.consumer_key.clone()),
            ("access_token", customer.access_token.clone()),
            ("access_token_secret", customer.access_token_secret.clone()),
            ("signing_key", ready.signing_key.to_owned()),
            ("encryption_key", ready.encryption_key.to_owned()),
            ("dh_prime", ready.dh_prime.to_owned()),
        ],
    });
    // Ways that the demo does not take lead to the same simulator, and so nowhere else.
    let addresses = ["api", "api_code", "oauth_authorize", "oauth_token"]
        .map(|key| (key.to_owned(), ready.api.clone()))
        .into_iter()
        .chain([("gateway".to_owned(), ready.gateway.clone())]);
    Ok(Broker {
        provider: "ibkr",
        addresses: addresses.collect(),
        sign_ins: sign_ins.collect(),
        _running: Box::new(running),
    })
}
