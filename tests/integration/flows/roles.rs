//! A viewer after a trader: the last known accounts with their age, and no way to the broker.

use super::deck::{Deck, PASSPHRASE, says};
use std::sync::Arc;
use tradedeck::config::Config;
use tradedeck::domain::{ClientOrderId, ConnectionId, Environment, Timestamp};
use tradedeck::link::{
    Addition, ConnectionState, FOR_VIEWING, Request, SecretRequest, VaultRole, VaultStatus,
};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::alpaca::Options;
use tradedeck::ui::app::App;
use tradedeck::ui::key::Key;
use tradedeck::ui::theme::{Depth, Look, Themes};
use tradedeck::vault::{
    Holder, InstanceLock, KdfCost, LockedVault, NewSlot, Passphrase, Role, Vault,
};

const VIEWER: &str = "only ever looking at it";

fn opened(deck: &Deck) -> Vault {
    let holder = Holder {
        pid: std::process::id(),
        terminal: "test".into(),
        since: "now".into(),
    };
    let lock = InstanceLock::take(&deck.folder(), &holder).unwrap();
    let trader = Passphrase::new(PASSPHRASE).unwrap();
    let locked = LockedVault::open(lock).unwrap();
    locked
        .anchored_in(&deck.folder().with_file_name("state"))
        .unlock(&trader)
        .unwrap_or_else(|refused| panic!("{}", refused.error))
}

fn add_viewer(deck: &Deck) {
    let viewer = Passphrase::new(VIEWER).unwrap();
    let slot = NewSlot {
        role: Role::Viewer,
        label: "viewer",
        opener: (&viewer).into(),
        cost: KdfCost::new(64, 1, 1).unwrap(),
    };
    opened(deck).add_slot(&slot).unwrap();
}

/// A trader connected an account and left; a viewer opened the vault in the next run.
async fn viewer_after_trader() -> Deck {
    let mut deck = Deck::connected(Options::default()).await;
    deck.stop().await;
    add_viewer(&deck);
    deck.restart().await;
    deck.secret(SecretRequest::Unlock {
        passphrase: VIEWER.to_owned().into(),
    });
    deck.until("a viewer sees what was last known", |replica| {
        let viewer = VaultStatus::Open {
            failures: 0,
            role: VaultRole::Viewer,
        };
        replica.vault == Some(viewer)
            && !replica.positions.is_empty()
            && !replica.balances.is_empty()
    })
    .await;
    deck
}

fn journal(deck: &Deck) -> Vec<u8> {
    std::fs::read(deck.folder().join("journal.redb")).unwrap()
}

/// What the far side was asked so far.
fn asked(deck: &Deck) -> String {
    format!("{:?}", deck.sim.faults())
}

#[tokio::test]
async fn a_viewer_sees_the_last_known_accounts_and_reaches_nobody() {
    let mut deck = viewer_after_trader().await;
    let (asked_before, journal_before) = (asked(&deck), journal(&deck));
    let status = deck.replica.connections.values().next().unwrap().clone();
    assert_eq!(status.state, ConnectionState::Sealed);
    let read = status.last_sync.unwrap();
    assert!(deck.replica.balances.values().all(|it| it.as_of <= read));
    assert!(deck.replica.all_positions().count() > 0);

    let id = ClientOrderId::new("never");
    let draft = deck.buy("AAPL");
    let connection = ConnectionId::new("deck");
    for request in [
        Request::PlaceOrder { id, draft },
        Request::CancelAll { account: None },
        Request::Connect {
            connection: connection.clone(),
        },
        Request::Refresh { connection: None },
    ] {
        deck.request(request);
    }
    let addition = deck.add(&deck.customer(true), Environment::Paper).await;
    assert_eq!(
        addition,
        Addition::Failed {
            why: FOR_VIEWING.into()
        }
    );
    deck.replica.notices.clear();
    deck.secret(SecretRequest::RemoveConnection { connection });
    deck.until("the removal is refused", |replica| {
        says(replica, FOR_VIEWING)
    })
    .await;
    let (_, why) = deck.replica.refusals.back().expect("the order is refused");
    assert_eq!(why.as_str(), FOR_VIEWING);
    assert!(deck.replica.orders.is_empty());
    assert_eq!(asked(&deck), asked_before, "no request reached the broker");
    assert_eq!(journal(&deck), journal_before, "the journal is untouched");
}

#[tokio::test]
async fn a_viewers_screen_says_so_at_every_size_and_leaves_orders_out() {
    let deck = viewer_after_trader().await;
    let now = deck.replica.connections.values().next().unwrap().last_sync;
    let now: Timestamp = now.unwrap();
    for (size, depth) in [
        ((80, 24), Depth::None),
        ((140, 40), Depth::None),
        ((80, 24), Depth::True),
        ((200, 50), Depth::True),
    ] {
        let look = Look {
            depth,
            swap_up_down: false,
        };
        let new_id = Box::new(|| [7; 16]);
        let clock = Arc::new(SystemClock);
        let app = App::new(Config::default(), Themes::embedded(), look, clock, new_id);
        let mut app = app.unwrap_or_else(|error| panic!("{error}"));
        app.resize(size.0, size.1);
        let screen = deck.hub.attach();
        deck_snapshot(&screen, &mut app).await;
        let picture = |app: &App| {
            let rows = app.still(now).into_iter();
            let row = |row: Vec<tradedeck::ui::app::still::StillCell>| {
                row.into_iter().map(|cell| cell.text).collect::<String>()
            };
            rows.map(row).collect::<Vec<_>>()
        };
        let rows = picture(&app);
        let (bar, hints) = (&rows[0], rows.last().unwrap());
        assert!(bar.starts_with(" PAPER    VIEWER "), "{size:?}: {bar}");
        assert!(bar.contains(" old"), "{size:?}: {bar}");
        assert!(
            !hints.contains("buy") && !hints.contains("connect"),
            "{hints}"
        );
        assert_eq!(app.title(now), "PAPER tradedeck viewer");
        for key in ["b", "x", "c", "d", "<ctrl-t>", "<ctrl-k>"] {
            for key in Key::script(key).unwrap() {
                assert!(app.key(key).is_empty());
            }
            let said = picture(&app).last().unwrap().clone();
            let sentence = &FOR_VIEWING[..FOR_VIEWING.len().min(usize::from(size.0) - 4)];
            assert!(said.contains(sentence), "{key}: {said}");
            app.key(Key::script("<esc>").unwrap()[0]);
        }
        for key in Key::script("1z").unwrap() {
            app.key(key);
        }
        let rows = picture(&app).join("\n");
        assert!(
            rows.contains("viewer: last known data of"),
            "{size:?}\n{rows}"
        );
    }
}

async fn deck_snapshot(screen: &tradedeck::link::ScreenEnd, app: &mut App) {
    for _ in 0..2 {
        screen.changed().await;
        for effect in app.update(screen.drain()) {
            if let tradedeck::ui::app::Effect::Send(request) = effect {
                screen.request(request).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn ledger_gone() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.stop().await;
    let journal_before = journal(&deck);
    std::fs::write(deck.folder().join("ledger.redb"), b"not a database").unwrap();
    deck.restart().await;
    deck.unlock().await;
    deck.until_live().await;
    assert!(says(&deck.replica, "begun anew"), "{}", deck.story());
    let files = std::fs::read_dir(deck.folder()).unwrap();
    let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(names.any(|name| name.starts_with("ledger.redb.damaged-")));
    deck.stop().await;
    assert_eq!(journal(&deck).len(), journal_before.len());

    std::fs::remove_file(deck.folder().join("ledger.redb")).unwrap();
    add_viewer(&deck);
    deck.restart().await;
    deck.secret(SecretRequest::Unlock {
        passphrase: VIEWER.to_owned().into(),
    });
    deck.until("nothing is known, and that is said", |replica| {
        says(replica, "1 more in this vault: sealed for traders")
    })
    .await;
    assert!(deck.replica.accounts.is_empty());
}
