//! Who may read which credential.

use super::*;
use crate::auth::oauth1::Entropy;
use crate::net::transport::{Patience, WebTransport};
use crate::providers::provider::{Opening, Provider};
use crate::runtime::clock::SystemClock;
use crate::runtime::trader::Trader;
use crate::vault::{Holder, InstanceLock, KdfCost, LockedVault, NewSlot, Passphrase, Purpose};
use std::path::Path;
use std::sync::Arc;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn lock(folder: &Path) -> InstanceLock {
    let holder = Holder {
        pid: std::process::id(),
        terminal: "test".into(),
        since: "now".into(),
    };
    InstanceLock::take(&folder.join("data"), &holder).unwrap()
}

fn credentials(number: usize, domain: Domain) -> Credentials {
    Credentials {
        way: (number % 2 == 1).then(|| "keys".to_owned()),
        connection: ConnectionId::new(&format!("connection-{number}")),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        domain,
        secrets: BTreeMap::from([("key".to_owned(), format!("PK{number}").into())]),
    }
}

/// A vault with these credentials, opened by the slot of that role.
fn vault_of(home: &Path, all: &[Credentials], role: Role) -> Vault {
    let cost = KdfCost::new(64, 1, 1).unwrap();
    let trader = passphrase("a trader's passphrase");
    let mut vault = Vault::create(lock(home), &trader, cost).unwrap();
    for credentials in all {
        store(&mut vault, credentials).unwrap();
    }
    let viewer = passphrase("a viewer's passphrase");
    let slot = NewSlot {
        role: Role::Viewer,
        label: "viewer",
        opener: (&viewer).into(),
        cost,
    };
    vault.add_slot(&slot).unwrap();
    drop(vault);
    let locked = LockedVault::open(lock(home)).unwrap();
    let opener = if role == Role::Viewer {
        &viewer
    } else {
        &trader
    };
    locked
        .unlock(opener)
        .unwrap_or_else(|it| panic!("{}", it.error))
}

fn open_provider(credentials: &Credentials) -> Arc<dyn Provider> {
    let spec = crate::providers::find("alpaca").unwrap();
    let addresses = spec.addresses.iter();
    let opened = (spec.open)(Opening {
        way: &spec.ways[0],
        bearer: None,
        connection: credentials.connection.clone(),
        environment: credentials.environment,
        secrets: BTreeMap::from([
            ("key".to_owned(), "PK123".to_owned().into()),
            ("secret".to_owned(), "secret".to_owned().into()),
        ]),
        addresses: addresses
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    });
    opened.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn roles() {
    let home = tempfile::tempdir().unwrap();
    let trading = (0..50).map(|number| credentials(number, Domain::Trade));
    let looking = (50..53).map(|number| credentials(number, Domain::View));
    let all: Vec<Credentials> = trading.chain(looking).collect();
    let mut vault = vault_of(home.path(), &all, Role::Viewer);
    let names = vault.list();
    let sealed = names.iter().filter(|it| it.domain() == Domain::Trade);
    let decrypted = sealed.clone().filter(|name| vault.get(name).is_ok());
    assert_eq!((sealed.clone().count(), decrypted.count()), (50, 0));
    assert!(matches!(
        vault.sealer(Purpose::Journal),
        Err(VaultError::NeedsTrader)
    ));

    // What can be read gives no way to the orders of a provider, whatever that provider offers.
    let (loaded, unreadable) = load(&vault).unwrap();
    assert_eq!((loaded.len(), unreadable), (3, 0));
    assert_eq!(unseen(&vault, &[]), 50);
    for credentials in &loaded {
        let provider = open_provider(credentials);
        assert!(provider.orders().is_some(), "it would take orders");
        assert!(Trader::of(credentials, &provider).is_none());
    }
    let refused = store(&mut vault, &credentials(60, Domain::Trade));
    assert!(matches!(refused, Err(VaultError::NeedsTrader)));
    let refused = remove(&mut vault, &ConnectionId::new("connection-7"));
    assert!(matches!(refused, Err(VaultError::NeedsTrader)));
    assert!(has(&vault, &ConnectionId::new("connection-7")));
}

#[test]
fn a_trader_reads_everything_and_may_send() {
    let home = tempfile::tempdir().unwrap();
    let all = [credentials(0, Domain::Trade), credentials(1, Domain::View)];
    let vault = vault_of(home.path(), &all, Role::Trader);
    let (loaded, _) = load(&vault).unwrap();
    assert_eq!((loaded.len(), unseen(&vault, &[])), (2, 0));
    let may_send = loaded.iter().map(|credentials| {
        let provider = open_provider(credentials);
        Trader::of(credentials, &provider).is_some()
    });
    assert_eq!(may_send.collect::<Vec<_>>(), [true, false]);
}
