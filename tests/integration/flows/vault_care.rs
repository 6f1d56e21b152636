//! The vault looked after with keys: what is typed at the screen changes what opens it on the disk.

use super::deck::{Deck, PASSPHRASE};
use super::keys::Seat;
use std::fs;
use tradedeck::domain::{Clock, ConnectionId};
use tradedeck::link::{ConnectionState, Request, VaultStatus};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::alpaca::Options;

const NEW: &str = "another passphrase";

async fn seat(deck: Deck) -> Seat {
    let mut seat = Seat::at(deck, SystemClock.now());
    seat.until("a snapshot", |replica, _| replica.ready).await;
    seat
}

impl Seat {
    /// Presses keys and waits until the screen says so.
    async fn does(&mut self, keys: &str, says: &str) {
        self.press(keys);
        self.until(says, |_, picture| picture.contains(says)).await;
    }

    /// The recovery code on screen.
    fn code(&self) -> String {
        let picture = self.picture();
        let is_symbol = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
        let mut code = String::new();
        // What is behind the box stands in the same lines.
        for part in picture.lines().flat_map(|line| line.split('│')) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_group = |word: &&&str| word.len() == 4 && word.chars().all(is_symbol);
            if words.iter().filter(is_group).count() >= 6 {
                code.extend(words);
            }
        }
        assert_eq!(code.len(), 53, "{picture}");
        code
    }

    async fn until_open(&mut self) {
        self.until("the vault is open", |replica, picture| {
            matches!(replica.vault, Some(VaultStatus::Open { .. }))
                && !picture.contains("Passphrase")
        })
        .await;
    }

    async fn until_live(&mut self) {
        self.until("the connection is live", |replica, _| {
            let deck = replica.connections.get(&ConnectionId::new("deck"));
            deck.is_some_and(|it| it.state == ConnectionState::Live)
        })
        .await;
    }
}

#[tokio::test]
async fn the_vault_is_looked_after_with_keys_and_opens_with_what_was_set() {
    let mut seat = seat(Deck::connected(Options::default()).await).await;
    seat.does("V", "no recovery code").await;
    let change = format!("p{PASSPHRASE}<tab>{NEW}<tab>{NEW}<enter>");
    seat.does(&change, "the passphrase was changed").await;
    let add = "a<tab>alice<tab>long enough<tab>long enough<enter>";
    seat.does(add, "a viewer was added").await;
    seat.does("ny", "shown once").await;
    let code = seat.code();
    seat.does("y", "there is a new recovery code").await;
    seat.does("c", "all is well").await;
    seat.press("<enter>");
    let wrong = format!("r{PASSPHRASE}<enter>");
    seat.does(&wrong, "does not open this vault").await;
    seat.does(&format!("{NEW}<tab><right><enter>"), "shown once")
        .await;
    assert_ne!(seat.code(), code);
    seat.does("y", "viewer alice is dropped").await;
    seat.does("<enter>", "AES-256").await;
    seat.does(&format!("!{NEW}<enter>y"), "shown once").await;
    seat.does("y", "alpaca (paper): revoke it by hand").await;
    seat.does("<enter><esc>L", "The vault is locked.").await;
    seat.press(&format!("{NEW}<enter>"));
    seat.until_open().await;
    seat.until_live().await;
    for group in 0..6 {
        assert!(
            !seat.heard.contains(&code[group * 4..][..8]),
            "a code was told to every screen"
        );
    }
}

#[tokio::test]
async fn a_new_vault_shows_its_code_once_and_the_code_opens_it() {
    let deck = Deck::without_vault(Options::default()).await;
    let mut seat = seat(deck).await;
    seat.does("", "Make a vault").await;
    let make = format!("<enter>{PASSPHRASE}<enter>{PASSPHRASE}<enter>");
    seat.does(&make, "shown once").await;
    let code = seat.code();
    seat.does("<esc>", "Press y once it is on paper").await;
    seat.press("y");
    assert!(!seat.picture().contains("shown once"));
    seat.does("L", "The vault is locked.").await;
    let slip = format!("<ctrl-r>{}<tab>{NEW}<tab>{NEW}<enter>", &code[1..]);
    seat.does(&slip, "that is not a recovery code").await;
    seat.press(&format!(
        "<up><up><ctrl-u>{}<tab>{NEW}<tab>{NEW}<enter>",
        code.to_lowercase()
    ));
    seat.until_open().await;
    seat.does("L", "The vault is locked.").await;
    seat.press(&format!("{NEW}<enter>"));
    seat.until_open().await;
    assert!(
        !seat.heard.contains(&code[..8]),
        "the code was told to every screen"
    );
}

#[tokio::test]
async fn a_code_on_screen_goes_with_the_lock() {
    let mut seat = seat(Deck::without_vault(Options::default()).await).await;
    seat.does("", "Make a vault").await;
    let make = format!("<enter>{PASSPHRASE}<enter>{PASSPHRASE}<enter>");
    seat.does(&make, "shown once").await;
    seat.deck.request(Request::Lock);
    seat.does("", "The vault is locked.").await;
    assert!(!seat.picture().contains("shown once"));
    seat.press(&format!("{PASSPHRASE}<enter>"));
    seat.until_open().await;
    assert!(!seat.picture().contains("shown once"));
}

#[tokio::test]
async fn a_vault_that_is_gone_is_made_from_its_backup() {
    let mut seat = seat(Deck::connected(Options::default()).await).await;
    seat.does("V", "no recovery code").await;
    seat.does("b", "a backup was made").await;
    seat.deck.stop().await;
    fs::remove_dir_all(seat.deck.folder().join("vault.sled")).unwrap();
    seat.deck.restart().await;
    let mut seat = self::seat(seat.deck).await;
    seat.does("", "there are backups of it").await;
    seat.does("wrong<enter>", "does not open this vault").await;
    let right = format!("{PASSPHRASE}<enter>");
    seat.does(&right, "wait before the next attempt").await;
    seat.deck.stop().await;
    seat.deck.restart().await;
    let mut seat = self::seat(seat.deck).await;
    seat.does("", "there are backups of it").await;
    seat.press(&right);
    seat.until_open().await;
    seat.until_live().await;
}

#[tokio::test]
async fn an_older_vault_is_accepted_or_a_backup_taken() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.stop().await;
    let (vault, copy) = (deck.folder().join("vault.sled"), deck.folder().join("copy"));
    copy_folder(&vault, &copy);
    deck.restart().await;
    let mut seat = seat(deck).await;
    seat.does("", "The vault is locked.").await;
    seat.press(&format!("{PASSPHRASE}<enter>"));
    seat.until_open().await;
    seat.does("V", "no recovery code").await;
    seat.does("ny", "shown once").await;
    seat.does("y", "there is a new recovery code").await;
    seat.deck.stop().await;
    fs::remove_dir_all(&vault).unwrap();
    fs::rename(&copy, &vault).unwrap();
    seat.deck.restart().await;
    let mut seat = self::seat(seat.deck).await;
    seat.does("", "The vault is locked.").await;
    seat.does(&format!("{PASSPHRASE}<enter>"), "accept the vault as it is")
        .await;
    assert!(seat.picture().contains("older than this machine remembers"));
    seat.press(&format!("<up><left><tab>{PASSPHRASE}<enter>"));
    seat.until_open().await;
    seat.until_live().await;
    assert!(
        seat.deck
            .replica
            .activity
            .iter()
            .any(|it| it.text.as_str().contains("was accepted"))
    );
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &place);
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}
