//! What a process does to a vault in the tests that stop it half-way: changes, numbered, each of them known to whoever
//! looks at the vault afterwards.

use super::home::*;

/// What a vault holds.
pub(super) type Records = BTreeMap<RecordName, Vec<u8>>;

/// How many records the changes go round, and how long they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) records: u16,
    pub(super) length: usize,
}

/// A few short ones, as most people have.
pub(super) const SMALL: Workload = Workload {
    records: 5,
    length: 40,
};

/// One change. A new kind is a line in each of the three functions below.
pub(super) enum Change {
    Put(RecordName, Vec<u8>),
    Remove(RecordName),
}

impl Workload {
    /// Change number `step`, to a vault that holds `before`: never one that changes nothing.
    pub(super) fn change(self, step: u64, before: &Records) -> Change {
        let name = self.record(step);
        match step % 7 {
            0 if before.contains_key(&name) => Change::Remove(name),
            _ => Change::Put(name, self.content(step)),
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

    /// What the vault holds after change number `step`.
    pub(super) fn after(self, step: u64, before: &Records) -> Records {
        let mut records = before.clone();
        self.change(step, before).note(&mut records);
        records
    }

    /// Every record once.
    pub(super) fn fill(self, vault: &mut Vault) {
        for step in 0..u64::from(self.records) {
            let put = Change::Put(self.record(step), self.content(step));
            put.make(vault).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

impl Change {
    pub(super) fn make(self, vault: &mut Vault) -> Result<(), VaultError> {
        match self {
            Self::Put(name, content) => vault.put(&name, &SecretBytes::new(content)),
            Self::Remove(name) => vault.remove(&name).map(|was_there| assert!(was_there)),
        }
    }

    pub(super) fn note(self, records: &mut Records) {
        match self {
            Self::Put(name, content) => records.insert(name, content),
            Self::Remove(name) => records.remove(&name),
        };
    }
}

/// Everything the vault says it holds; an error where it cannot show it.
pub(super) fn records_of(vault: &Vault) -> Result<Records, VaultError> {
    let mut records = Records::new();
    for name in vault.list() {
        let secret = vault.get(&name)?;
        let secret = secret.ok_or_else(|| Damage::RecordMissing(name.clone()))?;
        records.insert(name, secret.expose().to_vec());
    }
    Ok(records)
}
