//! Sealed values in redb; nobody names it but this file and `rows.rs` below it. Each value is bound to its table and
//! key, each change is on the disk when it returns, and a panic inside redb ends the store and not the program.

mod rows;

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};
use rustix::fs::OFlags;

pub(super) use rows::{OpenRows, Order, Part, Reading, Rows};

use super::error::LedgerError;
use crate::vault::{self, Sealer, SecretBytes};

const FORMAT: u8 = 1;
/// Of one value, sealed.
const LARGEST_VALUE: usize = 16 * 1024;
/// Of everything that is known of one connection, sealed.
const LARGEST_LAST_KNOWN: usize = 1024 * 1024;

/// A table, by its name on the disk. Values are bound to it, so it is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(&'static str);

impl Table {
    /// Orders that something may still happen to.
    pub(super) const OPEN_INTENTS: Self = Self("intents.open");
    /// Orders that nothing can happen to any more.
    pub(super) const SETTLED_INTENTS: Self = Self("intents.settled");
    /// What connections said when they were last read.
    pub(super) const LAST_KNOWN: Self = Self("last-known");
    /// What the file itself is.
    pub(super) const FILE: Self = Self("file");

    /// How large a value may be, sealed.
    fn largest(self) -> usize {
        match self {
            Self::LAST_KNOWN => LARGEST_LAST_KNOWN,
            _ => LARGEST_VALUE,
        }
    }

    fn definition(self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        TableDefinition::new(self.0)
    }

    fn place(self, key: &str) -> Vec<u8> {
        [self.0.as_bytes(), b"/", key.as_bytes()].concat()
    }
}

const FORMAT_KEY: &str = "format";

/// What a file holds, and how much is done for it.
pub(super) struct Kind {
    tables: &'static [Table],
    rows: &'static [Rows],
    cache: usize,
    /// A file up to this size is read through when it is opened, so that an altered one is found at once. In a larger
    /// one it is found where it is read: there is no time to read it all.
    checked: u64,
    /// Whether each change keeps what opening after a crash would else have to work out from the whole file.
    reopens_at_once: bool,
}

impl Kind {
    /// What must never be lost.
    pub(super) const JOURNAL: Self = Self {
        tables: &[Table::OPEN_INTENTS, Table::SETTLED_INTENTS],
        rows: &[],
        cache: 8 * 1024 * 1024,
        checked: u64::MAX,
        reopens_at_once: false,
    };
    /// What can be had again.
    pub(super) const LEDGER: Self = Self {
        tables: &[Table::LAST_KNOWN],
        rows: Rows::OF_LEDGER,
        cache: 48 * 1024 * 1024,
        checked: 16 * 1024 * 1024,
        reopens_at_once: true,
    };
}

/// One file of sealed values.
pub(super) struct Store {
    /// `None` once redb panicked: what it holds in memory is not to be trusted then.
    database: Mutex<Option<Database>>,
    sealer: Arc<Sealer>,
    folder: PathBuf,
    kind: Kind,
}

impl Store {
    /// Opens a file of these tables, or makes an empty one.
    pub(super) fn open(path: &Path, sealer: Sealer, kind: Kind) -> Result<Self, LedgerError> {
        let folder = path.parent().expect("a file in the vault's folder");
        let is_new = path.symlink_metadata().is_err();
        if !is_new {
            vault::check_private(path)?;
        }
        vault::check_space(folder, 0)?;
        let is_busy = |error: &LedgerError| matches!(error, LedgerError::InUse);
        let database = vault::while_busy(|| caught(|| open_database(path, &kind)), is_busy)?;
        if is_new {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| LedgerError::Failed(error.to_string()))?;
        }
        let store = Self {
            database: Mutex::new(Some(database)),
            sealer: Arc::new(sealer),
            folder: folder.to_path_buf(),
            kind,
        };
        store.change(|change| change.check_format(&store.kind))?;
        Ok(store)
    }

    /// Does all that `act` does or none of it; on the disk when it returns.
    pub(super) fn change<T>(
        &self,
        act: impl FnOnce(&Change<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.guarded(|database| {
            let mut transaction = database.begin_write().map_err(failed)?;
            transaction.set_quick_repair(self.kind.reopens_at_once);
            let outcome = act(&Change {
                transaction: &transaction,
                sealer: &self.sealer,
            })?;
            transaction.commit().map_err(failed)?;
            Ok(outcome)
        })
    }

    pub(super) fn get(&self, table: Table, key: &str) -> Result<Option<SecretBytes>, LedgerError> {
        self.guarded(|database| {
            let transaction = database.begin_read().map_err(failed)?;
            let rows = transaction.open_table(table.definition()).map_err(failed)?;
            let value = rows.get(key).map_err(failed)?;
            value
                .map(|value| opened(&self.sealer, table, key, value.value()))
                .transpose()
        })
    }

    /// Every value of a table, in the order of the keys.
    pub(super) fn all(&self, table: Table) -> Result<Vec<SecretBytes>, LedgerError> {
        self.guarded(|database| {
            let transaction = database.begin_read().map_err(failed)?;
            let rows = transaction.open_table(table.definition()).map_err(failed)?;
            let mut values = Vec::new();
            for row in rows.iter().map_err(failed)? {
                let (key, value) = row.map_err(failed)?;
                values.push(opened(&self.sealer, table, key.value(), value.value())?);
            }
            Ok(values)
        })
    }

    /// # Errors
    /// [`VaultError::NoSpace`](vault::VaultError::NoSpace) when the disk is nearly full. Asked before something new
    /// begins, so that what has begun can still be written down.
    pub(super) fn check_space(&self) -> Result<(), LedgerError> {
        Ok(vault::check_space(&self.folder, LARGEST_LAST_KNOWN as u64)?)
    }

    /// From now on it seals with this one, which opens what the one before it sealed.
    pub(super) fn seal_with(&mut self, sealer: Sealer) {
        self.sealer = Arc::new(sealer);
    }

    /// Which epoch of the vault it seals for.
    pub(super) fn epoch(&self) -> u32 {
        self.sealer.epoch()
    }

    /// How much room the file takes.
    pub(super) fn size(&self, name: &str) -> u64 {
        let file = self.folder.join(name).metadata();
        file.map_or(0, |file| file.len())
    }

    fn guarded<T>(
        &self,
        call: impl FnOnce(&Database) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut slot = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = || LedgerError::Failed("it broke down earlier".to_owned());
        let database = slot.take().ok_or_else(gone)?;
        match panic::catch_unwind(AssertUnwindSafe(|| call(&database))) {
            Ok(outcome) => {
                *slot = Some(database);
                outcome
            }
            Err(_) => {
                // Closing it would write what is no longer trusted.
                std::mem::forget(database);
                Err(LedgerError::Damaged(UNREADABLE))
            }
        }
    }
}

const UNREADABLE: &str = "its file cannot be read";
const UNSEALED: &str = "an entry was changed or moved";

/// A change in the making.
pub(super) struct Change<'a> {
    transaction: &'a WriteTransaction,
    sealer: &'a Sealer,
}

impl Change<'_> {
    pub(super) fn get(&self, table: Table, key: &str) -> Result<Option<SecretBytes>, LedgerError> {
        let rows = self
            .transaction
            .open_table(table.definition())
            .map_err(failed)?;
        let value = rows.get(key).map_err(failed)?;
        value
            .map(|value| opened(self.sealer, table, key, value.value()))
            .transpose()
    }

    pub(super) fn put(&self, table: Table, key: &str, plain: &[u8]) -> Result<(), LedgerError> {
        let sealed = self.sealer.seal(&table.place(key), plain)?;
        if sealed.len() > table.largest() {
            return Err(LedgerError::TooLarge {
                limit: table.largest(),
                found: sealed.len(),
            });
        }
        let mut rows = self
            .transaction
            .open_table(table.definition())
            .map_err(failed)?;
        rows.insert(key, &sealed[..]).map_err(failed)?;
        Ok(())
    }

    pub(super) fn remove(&self, table: Table, key: &str) -> Result<(), LedgerError> {
        let mut rows = self
            .transaction
            .open_table(table.definition())
            .map_err(failed)?;
        rows.remove(key).map_err(failed)?;
        Ok(())
    }

    /// Seals every value of a table anew, which must not be large.
    pub(super) fn seal_anew(&self, table: Table) -> Result<(), LedgerError> {
        let keys = || {
            let rows = self.transaction.open_table(table.definition());
            let rows = rows.map_err(failed)?;
            let keys = rows.iter().map_err(failed)?;
            let keys = keys.map(|row| Ok(row.map_err(failed)?.0.value().to_owned()));
            keys.collect::<Result<Vec<String>, LedgerError>>()
        };
        for key in keys()? {
            if let Some(value) = self.get(table, &key)? {
                self.put(table, &key, value.expose())?;
            }
        }
        Ok(())
    }

    pub(super) fn count(&self, table: Table) -> Result<u64, LedgerError> {
        let rows = self
            .transaction
            .open_table(table.definition())
            .map_err(failed)?;
        rows.len().map_err(failed)
    }

    /// Writes what a new file is, or checks what an old one says it is.
    fn check_format(&self, kind: &Kind) -> Result<(), LedgerError> {
        let tables = kind.tables.iter().map(|table| self.count(*table));
        let rows = kind.rows.iter().map(|rows| self.rows(*rows)?.count());
        // Counts all of them, because this is what makes those that are missing.
        let held = tables.chain(rows).collect::<Result<Vec<_>, _>>()?;
        if self.count(Table::FILE)? == 0 {
            if held.iter().any(|rows| *rows > 0) {
                return Err(LedgerError::Damaged("what it is was removed from it"));
            }
            return self.put(Table::FILE, FORMAT_KEY, &[FORMAT]);
        }
        let format = match self.get(Table::FILE, FORMAT_KEY) {
            Err(LedgerError::Damaged(UNSEALED)) => return Err(LedgerError::Foreign),
            format => format?,
        };
        match format.as_ref().map(SecretBytes::expose) {
            Some([FORMAT]) => Ok(()),
            Some([newer]) if *newer > FORMAT => Err(LedgerError::NewerFormat(*newer)),
            Some(_) | None => Err(LedgerError::Damaged("what it is cannot be read")),
        }
    }
}

fn opened(
    sealer: &Sealer,
    table: Table,
    key: &str,
    sealed: &[u8],
) -> Result<SecretBytes, LedgerError> {
    let opened = sealer.open(&table.place(key), sealed);
    opened.map_err(|_| LedgerError::Damaged(UNSEALED))
}

fn open_database(path: &Path, kind: &Kind) -> Result<Database, LedgerError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .map_err(|error| LedgerError::Failed(error.to_string()))?;
    let length = file.metadata().map_or(0, |file| file.len());
    let backend = redb::backends::FileBackend::new(file).map_err(failed)?;
    Database::builder()
        .set_cache_size(kind.cache)
        // Without it a file that was altered is trusted, and redb may panic on it later.
        .set_check_integrity_on_open(length <= kind.checked)
        .create_with_backend(backend)
        .map_err(failed)
}

/// A panic of redb on a file that was altered is damage, and not the program's end.
fn caught<T>(call: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    outcome.unwrap_or(Err(LedgerError::Damaged(UNREADABLE)))
}

fn failed(error: impl Into<redb::Error>) -> LedgerError {
    let error = error.into();
    let not_a_database =
        matches!(&error, redb::Error::Io(io) if io.kind() == ErrorKind::InvalidData);
    let broken = matches!(
        error,
        redb::Error::Corrupted(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
    );
    if not_a_database || broken {
        LedgerError::Damaged(UNREADABLE)
    } else if matches!(error, redb::Error::DatabaseAlreadyOpen) {
        LedgerError::InUse
    } else {
        LedgerError::Failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    const OPEN: Table = Table::OPEN_INTENTS;
    const SETTLED: Table = Table::SETTLED_INTENTS;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("journal.redb")
        }

        fn open_for(&self, vault: u8) -> Result<Store, LedgerError> {
            Store::open(&self.path(), Sealer::of_test_vault(vault), Kind::JOURNAL)
        }

        fn open(&self) -> Store {
            self.open_for(1).unwrap_or_else(|why| panic!("{why}"))
        }

        fn with_two_values() -> Self {
            let home = Self::new();
            let put =
                |key: &str, value: &[u8]| home.open().change(|change| change.put(OPEN, key, value));
            put("a", b"first").unwrap();
            put("b", b"second").unwrap();
            home
        }

        /// What a stranger does, knowing the file but not the key.
        fn tamper(&self, act: impl FnOnce(&WriteTransaction)) {
            let database = Database::open(self.path()).unwrap();
            let transaction = database.begin_write().unwrap();
            act(&transaction);
            transaction.commit().unwrap();
        }
    }

    fn value(store: &Store, table: Table, key: &str) -> Option<Vec<u8>> {
        let value = store.get(table, key).unwrap();
        value.map(|value| value.expose().to_vec())
    }

    fn refusal(outcome: Result<Store, LedgerError>) -> String {
        outcome.err().expect("refused").to_string()
    }

    #[test]
    fn what_was_written_is_there_at_the_next_opening_and_sealed_in_the_file() {
        let home = Home::with_two_values();
        let store = home.open();
        assert_eq!(value(&store, OPEN, "a").as_deref(), Some(&b"first"[..]));
        assert_eq!(value(&store, SETTLED, "a"), None);
        let all = store.all(OPEN).unwrap();
        assert!(
            all.iter()
                .map(SecretBytes::expose)
                .eq([&b"first"[..], b"second"])
        );
        drop(store);
        let bytes = std::fs::read(home.path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"second"));
    }

    #[test]
    fn a_change_that_fails_half_way_changes_nothing() {
        let store = Home::with_two_values().open();
        let failed = store.change(|change| {
            change.remove(OPEN, "a")?;
            change.put(OPEN, "b", &[0; LARGEST_VALUE])
        });
        assert!(matches!(failed, Err(LedgerError::TooLarge { .. })));
        assert_eq!(value(&store, OPEN, "a").as_deref(), Some(&b"first"[..]));
    }

    #[test]
    fn another_vaults_key_is_refused() {
        let told = refusal(Home::with_two_values().open_for(2));
        assert!(told.contains("sealed by another vault"), "{told}");
    }

    #[test]
    fn values_swapped_between_keys_or_tables_are_refused() {
        let home = Home::with_two_values();
        home.tamper(|transaction| {
            let mut open = transaction.open_table(OPEN.definition()).unwrap();
            let mut settled = transaction.open_table(SETTLED.definition()).unwrap();
            let of = |key: &str| open.get(key).unwrap().unwrap().value().to_vec();
            let (a, b) = (of("a"), of("b"));
            settled.insert("a", &a[..]).unwrap();
            open.insert("a", &b[..]).unwrap();
        });
        let store = home.open();
        assert!(matches!(
            store.get(OPEN, "a"),
            Err(LedgerError::Damaged(UNSEALED))
        ));
        assert!(matches!(
            store.get(SETTLED, "a"),
            Err(LedgerError::Damaged(UNSEALED))
        ));
        assert!(matches!(
            store.all(OPEN),
            Err(LedgerError::Damaged(UNSEALED))
        ));
        assert_eq!(value(&store, OPEN, "b").as_deref(), Some(&b"second"[..]));
    }

    #[test]
    fn a_newer_format_or_none_is_refused() {
        let home = Home::with_two_values();
        home.open()
            .change(|change| change.put(Table::FILE, FORMAT_KEY, &[2]))
            .unwrap();
        assert!(refusal(home.open_for(1)).contains("newer tradedeck (format 2)"));
        home.tamper(|transaction| {
            transaction.delete_table(Table::FILE.definition()).unwrap();
        });
        assert!(refusal(home.open_for(1)).contains("damaged"));
    }

    #[test]
    fn a_damaged_file_is_said_in_plain_words() {
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes[..64].fill(0xff),
            |bytes| bytes[4096..8192].fill(0x55),
            |bytes| *bytes = b"not a database".to_vec(),
        ];
        for (case, damage) in damages.iter().enumerate() {
            let home = Home::with_two_values();
            let mut bytes = std::fs::read(home.path()).unwrap();
            damage(&mut bytes);
            std::fs::write(home.path(), bytes).unwrap();
            let told = refusal(home.open_for(1));
            assert!(
                told.contains("the order journal is damaged"),
                "case {case}: {told}"
            );
        }
    }

    #[test]
    fn a_flipped_bit_is_found_or_harmless() {
        let home = Home::with_two_values();
        let sound = std::fs::read(home.path()).unwrap();
        let written = sound.iter().rposition(|&byte| byte != 0).unwrap();
        for at in (0..written).step_by(written / 60) {
            let mut flipped = sound.clone();
            flipped[at] ^= 0x04;
            std::fs::write(home.path(), flipped).unwrap();
            let read = home.open_for(1).and_then(|store| store.all(OPEN));
            if let Ok(all) = read {
                let kept = all.iter().map(SecretBytes::expose);
                assert!(kept.eq([&b"first"[..], b"second"]), "byte {at}");
            }
        }
    }

    #[test]
    fn a_panic_ends_the_store_and_not_the_program() {
        let store = Home::with_two_values().open();
        let panicked = store.guarded(|_| -> Result<(), LedgerError> { panic!("redb") });
        assert!(matches!(panicked, Err(LedgerError::Damaged(_))));
        assert!(matches!(store.get(OPEN, "a"), Err(LedgerError::Failed(_))));
        let written = store.change(|change| change.put(OPEN, "c", b""));
        assert!(matches!(written, Err(LedgerError::Failed(_))));
    }

    #[test]
    fn the_file_is_for_the_owner_alone_and_for_one_process() {
        let home = Home::with_two_values();
        assert_eq!(
            std::fs::metadata(home.path()).unwrap().mode() & 0o777,
            0o600
        );
        let held = home.open();
        assert!(matches!(home.open_for(1), Err(LedgerError::InUse)));
        drop(held);
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(home.path(), open).unwrap();
        assert!(refusal(home.open_for(1)).contains("chmod 600"));
        std::fs::remove_file(home.path()).unwrap();
        std::os::unix::fs::symlink("/etc/hosts", home.path()).unwrap();
        assert!(refusal(home.open_for(1)).contains("symbolic link"));
    }
}
