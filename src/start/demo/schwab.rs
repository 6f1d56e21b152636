//! Charles Schwab in the demo.

use super::{Broker, SignIn, StartError, addresses, does_not_start};
use crate::domain::Timestamp;
use crate::runtime::clock::SystemClock;
use crate::sim::schwab::{Options, start};
use std::sync::Arc;

/// One sign-in, which reaches all accounts of a person. People sign in there by browser; the simulator hands out what
/// a browser would have brought back. Its money is a simulation's, so the connection is a paper one.
pub(super) async fn broker(opened: Timestamp) -> Result<Broker, StartError> {
    let options = Options {
        opened: Some(opened),
        ..Options::default()
    };
    let running = start(options, Arc::new(SystemClock)).await;
    let running = running.map_err(|why| does_not_start(&why))?;
    let customers = running.ready.customers.iter();
    let sign_ins = customers.take(1).map(|customer| SignIn {
        name: "schwab",
        way: "browser",
        secrets: vec![
            ("client_id", customer.client_id.clone()),
            ("client_secret", customer.client_secret.clone()),
            ("refresh_token", customer.refresh_token.clone()),
        ],
    });
    Ok(Broker {
        provider: "schwab",
        addresses: addresses(&running.ready),
        sign_ins: sign_ins.collect(),
        _running: Box::new(running),
    })
}
