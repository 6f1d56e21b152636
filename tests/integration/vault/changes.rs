//! What a process does to a vault in the tests that stop it half-way: changes, numbered, each of them known to whoever
//! looks at the vault afterwards.

use tradedeck::vault::{NewSlot, Opener, Role, Suite};

use super::home::*;

/// The secrets that a vault holds.
pub(super) type Records = BTreeMap<RecordName, Vec<u8>>;

/// Everything about a vault that a change may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) records: Records,
    epoch: u32,
    suite: Suite,
    /// The labels of its slots.
    slots: Vec<String>,
    /// Which passphrase opens it.
    passphrase: usize,
    /// The change that the newest sound backup was made by.
    pub(super) backup: Option<u64>,
}

/// What opens the vault, one of them at a time.
pub(super) const PASSPHRASES: [&str; 2] = [RIGHT, "another passphrase"];
const RECOVERY: &str = "recovery code";
const VIEWER: &str = "viewer";

/// How many records the changes go round, how long they are, and how often something else changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) records: u16,
    pub(super) length: usize,
    pub(super) keys: Keys,
}

/// What is done to slots and keys between the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Never,
    /// A rotation, a slot more or less, another passphrase, a backup in turn, every third time.
    InTurn,
    /// A rotation every second time.
    Rotated,
    /// A backup every second time.
    BackedUp,
}

pub(super) const KEYS: [Keys; 4] = [Keys::Never, Keys::InTurn, Keys::Rotated, Keys::BackedUp];

/// A few short ones, as most people have.
pub(super) const SMALL: Workload = Workload {
    records: 5,
    length: 40,
    keys: Keys::InTurn,
};

/// A record, a backup, a record, a backup.
pub(super) const BACKED_UP: Workload = Workload {
    keys: Keys::BackedUp,
    ..SMALL
};

/// A record, a rotation, a record, a rotation.
pub(super) const ROTATED: Workload = Workload {
    keys: Keys::Rotated,
    ..SMALL
};

/// Nothing but records.
pub(super) const PLAIN: Workload = Workload {
    keys: Keys::Never,
    ..SMALL
};

/// One change. A new kind is a line in each of the three functions below.
pub(super) enum Change {
    Put(RecordName, Vec<u8>),
    Remove(RecordName),
    Rotate,
    AddSlot,
    RemoveSlot,
    NewPassphrase,
    BackUp(u64),
}

impl Workload {
    /// Change number `step`, to a vault that is in this state: never one that changes nothing.
    pub(super) fn change(self, step: u64, before: &State) -> Change {
        let name = self.record(step);
        let of_keys = match self.keys {
            Keys::Never => None,
            Keys::Rotated => (step % 2 == 1).then_some(0),
            Keys::BackedUp => (step % 2 == 1).then_some(4),
            Keys::InTurn => (step % 3 == 2).then_some(step / 3 % 5),
        };
        match of_keys {
            Some(0) => Change::Rotate,
            Some(2) => Change::NewPassphrase,
            Some(4) => Change::BackUp(step),
            Some(_) if before.slots.iter().any(|it| it == VIEWER) => Change::RemoveSlot,
            Some(_) => Change::AddSlot,
            None if step.is_multiple_of(7) && before.records.contains_key(&name) => {
                Change::Remove(name)
            }
            None => Change::Put(name, self.content(step)),
        }
    }

    /// One record after another, of both domains and environments.
    fn record(self, step: u64) -> RecordName {
        let number = step % u64::from(self.records);
        let domain = [Domain::View, Domain::Trade][usize::from(number % 2 == 1)];
        let environment = [Environment::Paper, Environment::Live][usize::from(number % 3 == 1)];
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        RecordName::new(domain, "alpaca", environment, "connection", id).unwrap()
    }

    /// Tells which step wrote it, from the first byte to the last.
    fn content(self, step: u64) -> Vec<u8> {
        let bytes = step.to_be_bytes().into_iter().cycle();
        bytes.take(self.length.next_multiple_of(8)).collect()
    }

    /// What the vault is after change number `step`.
    pub(super) fn after(self, step: u64, before: &State) -> State {
        let mut state = before.clone();
        self.change(step, before).note(&mut state);
        state
    }

    /// Every record once.
    pub(super) fn fill(self, vault: &mut Vault) {
        for step in 0..u64::from(self.records) {
            let put = vault.put(&self.record(step), &SecretBytes::new(self.content(step)));
            put.unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

impl Change {
    pub(super) fn make(self, vault: &mut Vault, before: &State) -> Result<(), VaultError> {
        let typed = passphrase(PASSPHRASES[before.passphrase]);
        match self {
            Self::Put(name, content) => vault.put(&name, &SecretBytes::new(content)),
            Self::Remove(name) => vault.remove(&name).map(|was_there| assert!(was_there)),
            Self::Rotate => vault.rotate(other_suite(before.suite), &typed).map(drop),
            Self::AddSlot => {
                let new = NewSlot {
                    role: Role::Viewer,
                    label: VIEWER,
                    opener: Opener::from(&typed),
                    cost: cost(),
                };
                vault.add_slot(&new).map(drop)
            }
            Self::RemoveSlot => {
                let slots = vault.slots();
                let slot = slots.iter().find(|slot| slot.label == VIEWER).unwrap();
                vault.remove_slot(slot.id).map(drop)
            }
            Self::NewPassphrase => {
                let next = passphrase(PASSPHRASES[1 - before.passphrase]);
                vault.change_passphrase(&typed, &next, cost())
            }
            // When it was made tells which change made it.
            Self::BackUp(step) => vault.back_up(step),
        }
    }

    fn note(self, state: &mut State) {
        match self {
            Self::Put(name, content) => drop(state.records.insert(name, content)),
            Self::Remove(name) => drop(state.records.remove(&name)),
            Self::Rotate => {
                state.epoch += 1;
                state.suite = other_suite(state.suite);
                state.slots = vec![String::new(), RECOVERY.to_owned()];
            }
            Self::AddSlot => state.slots.push(VIEWER.to_owned()),
            Self::RemoveSlot => state.slots.retain(|label| label != VIEWER),
            Self::NewPassphrase => state.passphrase = 1 - state.passphrase,
            Self::BackUp(step) => state.backup = Some(step),
        }
        state.slots.sort();
    }
}

fn other_suite(suite: Suite) -> Suite {
    match suite {
        Suite::XChaCha20Poly1305 => Suite::Xaes256Gcm,
        Suite::Xaes256Gcm => Suite::XChaCha20Poly1305,
    }
}

impl State {
    /// Of a vault just made.
    pub(super) fn new() -> Self {
        Self {
            records: Records::new(),
            epoch: 1,
            suite: Suite::default(),
            slots: vec![String::new()],
            passphrase: 0,
            backup: None,
        }
    }

    /// Of an open vault; an error where it cannot show what it says it holds.
    pub(super) fn of(vault: &Vault, passphrase: usize) -> Result<Self, VaultError> {
        let mut slots: Vec<String> = vault.slots().into_iter().map(|slot| slot.label).collect();
        slots.sort();
        let backups = vault::backups(vault.folder());
        let newest = backups.into_iter().find_map(|backup| backup.found.ok());
        Ok(Self {
            records: records_of(vault)?,
            epoch: vault.epoch(),
            suite: vault.suite(),
            slots,
            passphrase,
            backup: newest.map(|facts| facts.made),
        })
    }
}

/// Opens a vault with the passphrase it has now, whichever that is.
pub(super) fn unlock_now(locked: LockedVault) -> Result<(Vault, usize), VaultError> {
    let refused = match locked.unlock(&passphrase(PASSPHRASES[0])) {
        Ok(vault) if vault.role() == Role::Trader => return Ok((vault, 0)),
        // The viewer's is the same, so that a vault that forgot its trader would be noticed.
        Ok(vault) => Refused {
            vault: Box::new(vault.lock()),
            error: VaultError::WrongPassphrase,
        },
        Err(refused) => refused,
    };
    let VaultError::WrongPassphrase = refused.error else {
        return Err(refused.error);
    };
    let opened = refused.vault.unlock(&passphrase(PASSPHRASES[1]));
    let vault = opened.map_err(|refused| refused.error)?;
    match vault.role() {
        Role::Trader => Ok((vault, 1)),
        Role::Viewer | Role::Recovery => Err(VaultError::WrongPassphrase),
    }
}

/// Whether the newest backup makes a vault when the store is gone, with the passphrase it then had.
pub(super) fn restores(home: &Home) -> bool {
    let home = home.copy();
    fs::remove_dir_all(home.store()).unwrap();
    let newest = vault::backups(&home.folder).remove(0);
    let restore = |typed: &&str| vault::restore(home.lock(), newest.which, &passphrase(typed));
    PASSPHRASES.iter().any(|typed| restore(typed).is_ok())
}

/// Everything the vault says it holds; an error where it cannot show it.
pub(super) fn records_of(vault: &Vault) -> Result<Records, VaultError> {
    records_named(vault, vault.list())
}

/// The same for some of it.
pub(super) fn records_named(
    vault: &Vault,
    names: impl IntoIterator<Item = RecordName>,
) -> Result<Records, VaultError> {
    let mut records = Records::new();
    for name in names {
        let secret = vault.get(&name)?;
        let secret = secret.ok_or_else(|| Damage::RecordMissing(name.clone()))?;
        records.insert(name, secret.expose().to_vec());
    }
    Ok(records)
}
