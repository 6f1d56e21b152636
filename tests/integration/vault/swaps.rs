//! Records put in one another's place, put back as they were, removed or doubled: refused, and said which. A stranger
//! does it, who knows the format, sees the rows and has no key.

use super::home::*;

/// A vault with records of both domains and environments, and its rows before and after each was written again.
struct Vaults {
    home: Home,
    names: Vec<RecordName>,
    older: BTreeMap<Vec<u8>, Vec<u8>>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The store's key of each record.
    places: Vec<Vec<u8>>,
}

impl Vaults {
    /// With so many logins, each for paper and for live, of both domains.
    fn with(logins: u8) -> Self {
        let home = Home::scratch().quick();
        let mut vault = home.unlocked();
        let kinds = [
            (Domain::View, Environment::Paper),
            (Domain::View, Environment::Live),
            (Domain::Trade, Environment::Paper),
            (Domain::Trade, Environment::Live),
        ];
        let names = (0..logins).flat_map(|id| {
            kinds.map(|(domain, environment)| {
                RecordName::new(domain, "alpaca", environment, "connection", [id; 16]).unwrap()
            })
        });
        let names: Vec<RecordName> = names.collect();
        let versions = |vault: &mut Vault, version| {
            let each = names.iter().map(|name| {
                vault.put(name, &secret(name.id()[0], version)).unwrap();
                vault.generation()
            });
            each.collect::<Vec<u64>>()
        };
        versions(&mut vault, "first");
        drop(vault);
        let older = home.rows();
        let written = versions(&mut home.unlocked(), "second");
        let (rows, places) = (home.rows(), written.iter().map(|&it| home.record_key(it)));
        Self {
            places: places.collect(),
            older,
            rows,
            names,
            home,
        }
    }

    /// What is said of the vault with these rows put in, or removed.
    fn with_rows(&self, changes: &[(&[u8], Option<&Vec<u8>>)]) -> Damage {
        self.home.tamper(|db| {
            for (key, value) in changes {
                match value {
                    Some(value) => db.insert(key, value.as_slice()).unwrap(),
                    None => db.remove(key).unwrap(),
                };
            }
        });
        let found = damage(self.home.unlock());
        self.home.tamper(|db| {
            for (key, _) in changes {
                match self.rows.get(*key) {
                    Some(value) => db.insert(key, value.as_slice()).unwrap(),
                    None => db.remove(key).unwrap(),
                };
            }
        });
        found
    }

    fn records(&self) -> impl Iterator<Item = (&RecordName, &[u8])> {
        self.names.iter().zip(self.places.iter().map(Vec::as_slice))
    }

    /// Every pair changes places, live and paper among them; how many pairs.
    fn swap_all(&self) -> usize {
        let mut pairs = 0;
        for (index, (name, place)) in self.records().enumerate() {
            for (other_name, other) in self.records().skip(index + 1) {
                let found = self.with_rows(&[
                    (place, Some(&self.rows[other])),
                    (other, Some(&self.rows[place])),
                ]);
                let first = name.min(other_name);
                assert_eq!(found, Damage::RecordSwapped(first.clone()));
                pairs += 1;
            }
        }
        pairs
    }

    /// A secret of the one environment where the other's is, the other left where it was.
    fn flip_environments(&self) -> usize {
        let twin = |name: &RecordName, other: &RecordName| {
            (name.domain(), name.id()) == (other.domain(), other.id()) && name != other
        };
        let mut flips = 0;
        for (name, place) in self.records() {
            for (_, other) in self.records().filter(|(other, _)| twin(name, other)) {
                let found = self.with_rows(&[(place, Some(&self.rows[other]))]);
                assert_eq!(found, Damage::RecordSwapped(name.clone()));
                flips += 1;
            }
        }
        flips
    }

    fn replace_remove_and_double_all(&self) {
        for (name, place) in self.records() {
            let older = self.with_rows(&[(place, Some(&self.older[place]))]);
            assert_eq!(older, Damage::RecordOlder(name.clone()));
            let removed = self.with_rows(&[(place, None)]);
            assert_eq!(removed, Damage::RecordMissing(name.clone()));
            let elsewhere = [&b"rec/"[..], &[7; 32]].concat();
            let doubled = self.with_rows(&[(&elsewhere, Some(&self.rows[place]))]);
            assert_eq!(doubled, Damage::Unlisted);
        }
    }

    /// The list of records as it was, with all or none of the records as they were.
    fn put_the_list_back(&self) {
        let lists = self
            .older
            .iter()
            .filter(|(key, _)| key.starts_with(b"man/"));
        let list: Vec<_> = lists.map(|(key, value)| (&key[..], Some(value))).collect();
        let found = self.with_rows(&list);
        assert!(matches!(found, Damage::RecordChanged(_)), "{found}");
        let records = self.places.iter().skip(1);
        let all_but_one = records.map(|place| (&place[..], Some(&self.older[place])));
        let found = self.with_rows(&list.into_iter().chain(all_but_one).collect::<Vec<_>>());
        assert_eq!(found, Damage::RecordChanged(self.names[0].clone()));
    }
}

#[test]
fn swap_rollback() {
    let vaults = Vaults::with(1);
    assert_eq!((vaults.swap_all(), vaults.flip_environments()), (6, 4));
    vaults.replace_remove_and_double_all();
    vaults.put_the_list_back();
    assert!(vaults.home.unlock().is_ok(), "as it was");
}

#[test]
#[ignore = "the full count: minutes"]
fn swap_rollback_full() {
    let vaults = Vaults::with(12);
    let counts = (vaults.swap_all(), vaults.flip_environments());
    note(&format!("{counts:?} pairs and environments"));
    assert_eq!(counts, (48 * 47 / 2, 48));
    vaults.replace_remove_and_double_all();
    vaults.put_the_list_back();
    assert!(vaults.home.unlock().is_ok(), "as it was");
}

/// A vault that this machine remembers, and the same as it was before its last changes.
struct Past {
    home: Home,
    older: Home,
}

fn anchored(home: &Home) -> LockedVault {
    home.open_anchored().unwrap_or_else(|why| panic!("{why}"))
}

fn change_anchored(home: &Home, version: &str) {
    let unlocked = anchored(home).unlock(&passphrase(RIGHT));
    let mut vault = opened(unlocked.map_err(|refused| refused.error));
    vault.put(&name(1), &secret(1, version)).unwrap();
}

fn refusal(home: &Home) -> VaultError {
    let refused = anchored(home).unlock(&passphrase(RIGHT)).err();
    refused.expect("refused").error
}

impl Past {
    fn of_a_vault() -> Self {
        let home = Home::scratch().quick();
        change_anchored(&home, "first");
        let older = home.copy();
        change_anchored(&home, "second");
        Self { home, older }
    }

    /// Puts the store back as it was, and leaves what the machine remembers.
    fn put_back(&self) {
        fs::remove_dir_all(self.home.store()).unwrap();
        copy_folder(&self.older.store(), &self.home.store());
    }
}

#[test]
fn swap_rollback_of_the_whole_store() {
    let past = Past::of_a_vault();
    past.put_back();
    let why = refusal(&past.home);
    assert!(matches!(why, VaultError::OlderThanAnchor { .. }), "{why}");
    let accepted = anchored(&past.home)
        .accept_older()
        .unlock(&passphrase(RIGHT));
    let vault = opened(accepted.map_err(|refused| refused.error));
    assert!(holds(&vault, 1, "first"));
    drop(vault);
    change_anchored(&past.home, "third");
}

#[test]
fn swap_rollback_of_a_store_that_went_another_way() {
    let past = Past::of_a_vault();
    past.put_back();
    let mut vault = past.home.unlocked();
    vault.put(&name(1), &secret(1, "other")).unwrap();
    drop(vault);
    let why = refusal(&past.home);
    assert!(matches!(why, VaultError::ForkedFromAnchor { .. }), "{why}");
}

#[test]
fn swap_rollback_by_another_vault_in_its_place() {
    let past = Past::of_a_vault();
    let other = Home::scratch().quick();
    fs::remove_dir_all(past.home.store()).unwrap();
    copy_folder(&other.store(), &past.home.store());
    let why = refusal(&past.home);
    assert!(matches!(why, VaultError::AnchorOfAnother(_)), "{why}");
}

/// Every bit of what the machine remembers.
fn flip_anchor(step: usize) {
    let past = Past::of_a_vault();
    let anchor = past.home.state().join("anchor");
    let sound = fs::read(&anchor).unwrap();
    for bit in (0..sound.len() * 8).step_by(step) {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&anchor, flipped).unwrap();
        refusal(&past.home);
    }
    for length in 0..sound.len() {
        if length % step == 0 {
            fs::write(&anchor, &sound[..length]).unwrap();
            refusal(&past.home);
        }
    }
    fs::write(&anchor, sound).unwrap();
    change_anchored(&past.home, "third");
}

#[test]
fn bitflip_in_the_anchor() {
    flip_anchor(29);
}

#[test]
#[ignore = "the full count: minutes"]
fn bitflip_in_the_anchor_full() {
    flip_anchor(1);
}
