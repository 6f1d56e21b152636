//! The demo: simulated brokers on one simulated market, and a throw-away vault that is filled as a person would fill it.
//!
//! A broker is a file here, a `mod` and a line in [`brokers`].

mod alpaca;
mod ibkr;
mod schwab;
mod tastytrade;

use super::{Running, Setup, StartError, options, run, take_lock};
use crate::config::ConfigPaths;
use crate::domain::{Clock, ConnectionId, Environment, ProviderId};
use crate::link::{Hub, Replica, ScreenEnd, SecretRequest, VaultStatus};
use crate::runtime::clock::SystemClock;
use crate::vault::KdfCost;
use secrecy::SecretString;
use serde::Serialize;
use std::any::Any;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// What a throw-away vault costs to open: the least that a vault may cost at all.
const MEMORY_KIB: u32 = 64 * 1024;

/// What the demo stands on; it goes, with its folder, after the runtime.
pub(super) struct World {
    _folder: tempfile::TempDir,
    _brokers: Vec<Broker>,
}

/// A simulated broker, and who signs in there.
struct Broker {
    provider: &'static str,
    addresses: BTreeMap<String, String>,
    sign_ins: Vec<SignIn>,
    /// It serves for as long as this is kept.
    _running: Box<dyn Any + Send>,
}

/// What a person would type to connect.
struct SignIn {
    name: &'static str,
    way: &'static str,
    secrets: Vec<(&'static str, String)>,
}

/// Starts a run on the embedded simulation.
///
/// # Errors
/// [`StartError`].
pub async fn launch_demo(setup: &Setup) -> Result<Running, StartError> {
    let folder = tempfile::Builder::new().prefix("tradedeck-demo-").tempdir();
    let folder = folder.map_err(|error| StartError::System {
        what: "cannot make a folder for the demo",
        error,
    })?;
    let mut brokers = brokers().await?;
    let mut setup = setup.clone();
    setup.paths = ConfigPaths::under(folder.path());
    let addresses = |broker: &Broker| (broker.provider.to_owned(), broker.addresses.clone());
    setup.config.providers = brokers.iter().map(addresses).collect();
    let lock = take_lock(&setup)?;
    let options = options(&setup, lock, KdfCost::new(MEMORY_KIB, 3, 4)?, true)?;
    let (hub, inbox) = Hub::new();
    let sign_ins = brokers.iter_mut().flat_map(|broker| {
        let sign_ins = std::mem::take(&mut broker.sign_ins).into_iter();
        sign_ins.map(|sign_in| (broker.provider, sign_in))
    });
    tokio::spawn(connect(hub.attach(), sign_ins.collect()));
    let world = World {
        _folder: folder,
        _brokers: brokers,
    };
    let cancel = CancellationToken::new();
    Ok(run(options, hub, inbox, cancel, Some(world)))
}

/// The brokers, on one market: they open their books at the same moment.
async fn brokers() -> Result<Vec<Broker>, StartError> {
    let opened = SystemClock.now();
    Ok(vec![
        alpaca::broker(opened).await?,
        tastytrade::broker(opened).await?,
        schwab::broker(opened).await?,
        ibkr::broker(opened).await?,
    ])
}

fn does_not_start(why: &impl ToString) -> StartError {
    StartError::Simulation(why.to_string())
}

/// The addresses that a simulator says it serves, by their configuration keys: its ready line has them so.
fn addresses(ready: &impl Serialize) -> BTreeMap<String, String> {
    let ready = serde_json::to_value(ready).expect("texts are always JSON");
    let entries = ready.as_object().into_iter().flatten();
    let is_address = |key: &str| key != "provider";
    entries
        .filter(|(key, _)| is_address(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Walks the person's own way: makes the vault, then adds each sign-in's credentials.
async fn connect(screen: ScreenEnd, sign_ins: Vec<(&'static str, SignIn)>) {
    let passphrase: [u8; 32] = std::array::from_fn(|_| fastrand::u8(b'a'..=b'z'));
    let passphrase = SecretString::from(String::from_utf8_lossy(&passphrase).into_owned());
    if screen
        .request_secret(SecretRequest::CreateVault { passphrase })
        .is_err()
    {
        return; // an inbox that nothing was put into yet has room
    }
    let mut replica = Replica::default();
    while !matches!(replica.vault, Some(VaultStatus::Open { .. })) {
        screen.changed().await;
        for update in screen.drain() {
            replica.apply(update);
        }
    }
    for (provider, sign_in) in sign_ins {
        let secrets = sign_in.secrets.into_iter();
        let request = SecretRequest::AddConnection {
            name: Some(ConnectionId::new(sign_in.name)),
            provider: ProviderId::new(provider),
            environment: Environment::Paper,
            way: sign_in.way.into(),
            secrets: secrets
                .map(|(field, value)| (field.to_owned(), SecretString::from(value)))
                .collect(),
        };
        if screen.request_secret(request).is_err() {
            return; // a handful of requests fits the inbox
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers;
    use crate::providers::provider::Grant;

    /// Every broker of the demo is signed in to by a way that it has, with all that the way asks for, and every address
    /// that it is reached by leads to this machine.
    #[tokio::test]
    async fn the_demo_reaches_no_broker_but_its_own() {
        for broker in brokers().await.unwrap() {
            let spec = providers::find(broker.provider).unwrap();
            assert!(!broker.sign_ins.is_empty(), "{}", broker.provider);
            for sign_in in &broker.sign_ins {
                let way = spec.way(Some(sign_in.way)).unwrap();
                let mut asked: Vec<&str> = way.secrets.iter().map(|it| it.name).collect();
                if way.grant == Grant::Browser {
                    asked.push("refresh_token"); // what a browser would have brought back
                }
                let given: Vec<&str> = sign_in.secrets.iter().map(|(name, _)| *name).collect();
                assert_eq!(given, asked, "{}", broker.provider);
            }
            let leads_out = |(key, address): &&(&str, &str)| {
                address.contains("://")
                    && *key != "oauth_redirect"
                    && !broker.addresses.contains_key(*key)
            };
            let out: Vec<_> = spec.addresses.iter().filter(leads_out).collect();
            assert!(out.is_empty(), "{}: {out:?}", broker.provider);
            for (key, address) in &broker.addresses {
                assert!(address.contains("://127.0.0.1:"), "{key} {address}");
            }
        }
    }
}
