//! tastytrade in the demo.

use super::{Broker, SignIn, StartError, addresses, does_not_start};
use crate::domain::Timestamp;
use crate::runtime::clock::SystemClock;
use crate::sim::tastytrade::{Options, start};
use std::sync::Arc;

/// One sign-in to the sandbox, which reaches all accounts of a person.
pub(super) async fn broker(opened: Timestamp) -> Result<Broker, StartError> {
    let options = Options {
        opened: Some(opened),
        ..Options::default()
    };
    let running = start(options, Arc::new(SystemClock)).await;
    let running = running.map_err(|why| does_not_start(&why))?;
    let customers = running.ready.customers.iter().filter(|it| it.paper);
    let sign_ins = customers.take(1).map(|customer| SignIn {
        name: "tastytrade",
        way: "token",
        secrets: vec![
            ("client_secret", customer.client_secret.clone()),
            ("refresh_token", customer.refresh_token.clone()),
        ],
    });
    Ok(Broker {
        provider: "tastytrade",
        addresses: addresses(&running.ready),
        sign_ins: sign_ins.collect(),
        _running: Box::new(running),
    })
}
