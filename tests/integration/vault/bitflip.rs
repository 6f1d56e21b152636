//! One bit of a file flips: the vault says so, or is whole and as new as it was.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::changes::{PASSPHRASES, PLAIN, Records, SMALL, State, Workload, unlock_now};
use super::home::*;
use super::lock2::now;
use tradedeck::vault::BackupInfo;

/// What came of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// What was damaged is not the vault itself.
    Refused,
    /// Refused, and a backup made it a vault again.
    Restored,
    NotRestored,
    /// It opens with everything, as it was.
    Harmless,
    SilentlyOlder,
    Panicked,
    Hangs,
}

/// A vault with a past, closed, and what it holds.
struct Sound {
    home: Home,
    state: State,
    /// What it held before each of its changes.
    past: Vec<State>,
}

fn opened_now(home: &Home) -> Result<(Vault, State), VaultError> {
    let (vault, passphrase) = home.open_anchored().and_then(unlock_now)?;
    let state = State::of(&vault, passphrase)?;
    Ok((vault, state))
}

impl Sound {
    fn vault(workload: Workload) -> Self {
        let home = Home::scratch().quick();
        let mut vault = home.unlocked();
        workload.fill(&mut vault);
        drop(vault);
        let mut past = Vec::new();
        // Opened and closed in between, so that there are snapshots.
        for step in 10..25 {
            let (mut vault, state) = opened_now(&home).unwrap_or_else(|why| panic!("{why}"));
            let change = workload.change(step, &state);
            let made = change.make(&mut vault, &state);
            made.unwrap_or_else(|why| panic!("{why}"));
            past.push(state);
        }
        let (_, state) = opened_now(&home).unwrap_or_else(|why| panic!("{why}"));
        Self { home, state, past }
    }

    /// Where bits are, that is, bytes that are something: the file and the place in it.
    fn places(&self) -> Vec<(PathBuf, usize)> {
        let files = files_below(self.home.root()).into_iter();
        let stored = files.filter(|(path, _)| !path.ends_with("lock"));
        let places = stored.flat_map(|(path, bytes)| {
            let used = bytes
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |at| at + 1);
            (0..used).map(move |at| (path.clone(), at))
        });
        places.collect()
    }

    /// Opens the backup in its place, as its owner is told to.
    fn restore(&self, home: &Home) -> Fate {
        let which = vault::backups(&home.folder).remove(0).which;
        let restored = PASSPHRASES.iter().find_map(|typed| {
            let restored = vault::restore(home.lock(), which, &passphrase(typed)).ok()?;
            let locked = restored.vault.anchored_in(&home.state()).accept_older();
            let (vault, passphrase) = unlock_now(locked).ok()?;
            State::of(&vault, passphrase).ok()
        });
        match restored {
            Some(found) if self.ever_held(&found.records) => Fate::Restored,
            Some(_) | None => Fate::NotRestored,
        }
    }

    fn ever_held(&self, records: &Records) -> bool {
        let past = self.past.iter().chain([&self.state]);
        past.into_iter().any(|state| state.records == *records)
    }

    fn flip(&self, file: &Path, at: usize, bit: u8) -> Fate {
        let home = self.home.copy();
        let path = home.root().join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let (tell, told) = mpsc::channel();
        let there = Home::below(home.root().to_path_buf());
        thread::spawn(move || {
            let broken = |backup: BackupInfo| backup.found.err();
            let backups = vault::backups(&there.folder).into_iter();
            if let Some(why) = backups.filter_map(broken).next() {
                let _ = tell.send(Err(why));
                return;
            }
            let opened = opened_now(&there).map(|(_, state)| state);
            // Nobody listens any more when it took too long.
            let _ = tell.send(opened);
        });
        match told.recv_timeout(Duration::from_secs(60)) {
            Ok(Err(why)) if why.calls_for_restore() => self.restore(&home),
            Ok(Err(_)) => Fate::Refused,
            Ok(Ok(found)) if found == self.state => Fate::Harmless,
            Ok(Ok(found)) => {
                assert!(
                    self.past.contains(&found) || found.records.len() < 5,
                    "never was so"
                );
                Fate::SilentlyOlder
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Fate::Panicked,
            Err(mpsc::RecvTimeoutError::Timeout) => Fate::Hangs,
        }
    }

    /// Flips so many bits, one at a time, by chance; a third of them in what is not the database.
    fn flips(&self, count: usize) -> (BTreeMap<Fate, usize>, Duration) {
        let mut random = fastrand::Rng::with_seed(5);
        let places = self.places();
        let is_database = |place: &&(PathBuf, usize)| place.0.ends_with("db");
        let (database, others): (Vec<_>, Vec<_>) = places.iter().partition(is_database);
        let mut fates = BTreeMap::new();
        let mut slowest = Duration::ZERO;
        for number in 0..count {
            let among = if number % 3 == 0 { &others } else { &database };
            let (file, at) = among[random.usize(..among.len())];
            let began = now();
            let fate = self.flip(file, *at, random.u8(..8));
            slowest = slowest.max(now() - began);
            *fates.entry(fate).or_default() += 1;
        }
        note(&format!("{count} flips: {fates:?}, {slowest:?} at most"));
        (fates, slowest)
    }
}

fn none_is_worse_than_said(fates: &BTreeMap<Fate, usize>) {
    let fine = [
        Fate::Refused,
        Fate::Restored,
        Fate::NotRestored,
        Fate::Harmless,
    ];
    assert!(fates.keys().all(|fate| fine.contains(fate)), "{fates:?}");
    let count = |fate| fates.get(&fate).copied().unwrap_or(0);
    let (restored, not) = (count(Fate::Restored), count(Fate::NotRestored));
    assert!(restored > 0 && not * 99 <= restored, "{fates:?}");
}

#[test]
fn bitflip() {
    none_is_worse_than_said(&Sound::vault(SMALL).flips(60).0);
}

#[test]
#[ignore = "the full count: minutes"]
fn bitflip_full() {
    let (fates, slowest) = Sound::vault(SMALL).flips(1000);
    none_is_worse_than_said(&fates);
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

/// A header's and a record's bits, flipped in the store as a stranger would, with sled none the wiser.
fn flip_rows(prefix: &[u8], step: usize) -> usize {
    let home = Sound::vault(PLAIN).home;
    let rows = home.rows();
    let mut flips = 0;
    for (key, value) in rows.iter().filter(|(key, _)| key.starts_with(prefix)) {
        for bit in (0..value.len() * 8).step_by(step) {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            home.tamper(|db| {
                let all = rows
                    .keys()
                    .filter(|key| prefix == b"hdr/" && key.starts_with(prefix));
                for header in all.chain([key]) {
                    db.insert(header, flipped.clone()).unwrap();
                }
            });
            assert!(home.unlock().is_err(), "bit {bit} of {key:x?}");
            flips += 1;
        }
        home.tamper(|db| {
            for (key, value) in &rows {
                db.insert(key, value.clone()).unwrap();
            }
        });
    }
    assert!(home.unlock().is_ok());
    flips
}

#[test]
fn bitflip_in_headers_and_records() {
    let flips = [b"hdr/", b"rec/", b"man/"].map(|prefix| flip_rows(prefix, 397));
    assert!(flips.iter().all(|&flips| flips > 5), "{flips:?}");
}

#[test]
#[ignore = "the full count: minutes"]
fn bitflip_in_headers_and_records_full() {
    let flips = [b"hdr/", b"rec/", b"man/"].map(|prefix| flip_rows(prefix, 17));
    note(&format!("{flips:?} flips"));
    assert!(flips.iter().sum::<usize>() > 1000, "{flips:?}");
}
