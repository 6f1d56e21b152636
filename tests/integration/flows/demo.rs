//! The demo: every broker side by side on one market, and nothing that looks like real money.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tradedeck::config::{Config, ConfigPaths};
use tradedeck::domain::{Environment, Mode};
use tradedeck::link::{ConnectionState, Replica};
use tradedeck::net::install_tls_provider;
use tradedeck::start::{self, Setup};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether every connection is live, its streams too, and all of it was read.
fn is_whole(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    let providers: BTreeSet<&str> = connections.clone().map(|it| it.provider.as_str()).collect();
    let is_live = connections.all(|it| {
        it.state == ConnectionState::Live
            && it.last_sync.is_some()
            && it.feeds.iter().all(|feed| feed.live)
    });
    is_live
        && ["alpaca", "ibkr", "schwab", "tastytrade"]
            .iter()
            .all(|it| providers.contains(it))
        && replica.connections.len() >= 6
        && replica.positions.len() == replica.accounts.len()
}

#[tokio::test]
async fn the_brokers_stand_side_by_side_and_no_money_is_real() {
    install_tls_provider();
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup {
        config: Config::default(),
        paths: ConfigPaths::under(folder.path()),
        read_only: false,
        no_colour: true,
        store_keeper: None,
    };
    let running = start::launch_demo(&setup).await.unwrap();
    let screen = running.hub.attach();
    let mut replica = Replica::default();
    let waiting = async {
        while !is_whole(&replica) {
            screen.changed().await;
            for update in screen.drain() {
                replica.apply(update);
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
    assert!(in_time, "never whole: {:?}", replica.connections);
    let environments = replica.accounts.values().map(|it| it.environment);
    assert!(environments.into_iter().all(|it| it == Environment::Paper));
    assert!(
        replica
            .orders
            .values()
            .all(|it| it.draft.mode == Mode::Paper)
    );
    let mut brokers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for position in replica.all_positions() {
        let provider = replica.connection_of(&position.account).unwrap();
        let holders = brokers.entry(position.symbol.as_str()).or_default();
        holders.insert(provider.provider.as_str());
    }
    // Brokers spell class shares in different ways.
    for symbol in ["AAPL", "BRK.B"] {
        assert!(brokers[symbol].len() >= 2, "{symbol}: {brokers:?}");
    }
    let spelled_otherwise = |symbol: &&&str| symbol.starts_with("BRK") && **symbol != "BRK.B";
    assert_eq!(brokers.keys().find(spelled_otherwise), None);
    running.stop().await;
}
