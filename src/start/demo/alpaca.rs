//! Alpaca in the demo.

use super::{Broker, SignIn, StartError, addresses, does_not_start};
use crate::domain::Timestamp;
use crate::runtime::clock::SystemClock;
use crate::sim::alpaca::{Options, start};
use std::sync::Arc;

/// Paper accounts only: nothing in the demo may look as if it cost money.
pub(super) async fn broker(opened: Timestamp) -> Result<Broker, StartError> {
    let options = Options {
        opened: Some(opened),
        ..Options::default()
    };
    let running = start(options, Arc::new(SystemClock)).await;
    let running = running.map_err(|why| does_not_start(&why))?;
    let customers = running.ready.customers.iter().filter(|it| it.paper);
    let sign_ins = customers.map(|customer| SignIn {
        name: customer.name,
        way: "keys",
        secrets: vec![
            ("key", customer.key.clone()),
            ("secret", customer.secret.clone()),
        ],
    });
    Ok(Broker {
        provider: "alpaca",
        addresses: addresses(&running.ready),
        sign_ins: sign_ins.collect(),
        _running: Box::new(running),
    })
}
