//! Opening the ledger, and what is done when that fails: a damaged one is set aside, an empty one begun, and nobody is
//! kept from signing in. After the vault's keys were changed, what lies in it is sealed anew bit by bit: each value tells
//! its epoch and the vault keeps the keys of all of them, so it can be read and stopped at any moment.

use std::fs;
use std::path::Path;

use jiff::civil::Date;

use super::entries::key::Digests;
use super::entries::{Accounts, wire};
use super::error::LedgerError;
use super::store::{Change, Kind, Rows, Store, Table};
use super::{Ledger, last_known, runs};
use crate::domain::{LastKnown, Text};
use crate::vault::{Sealer, VaultError};

const LEDGER: &str = "ledger.redb";
/// How the name of a damaged one goes on, before the day.
const SET_ASIDE: &str = ".damaged-";
/// Damaged ones that are kept; the oldest goes.
const MOST_SET_ASIDE: usize = 2;
/// The key of the digests, which outlives rotations: what has been written would not be found under another.
const DIGEST_KEY: &str = "digest-key";
const SEALED_TO: &str = "sealed-to";
/// Values sealed anew in one change.
const RESEALED_AT_ONCE: usize = 2_000;

/// An open ledger, what is in it, and what the person should know of how it was found.
pub struct Begun {
    /// The ledger; none where its file cannot be used and must not be touched.
    pub ledger: Option<Ledger>,
    /// What it knows, by connection.
    pub known: Vec<LastKnown>,
    /// What was wrong with it.
    pub problem: Option<Text>,
}

/// How far sealing anew has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    /// Everything is sealed under the vault's present key.
    All,
    /// There is more.
    Part,
}

impl Ledger {
    /// Opens the ledger in the vault's folder, or makes an empty one; a damaged one is set aside, under a name with
    /// `day` in it. `sealer` gives the vault's for [`Purpose::Ledger`](crate::vault::Purpose::Ledger).
    pub fn begin(
        folder: &Path,
        day: Date,
        sealer: impl Fn() -> Result<Sealer, VaultError>,
    ) -> Begun {
        let open = || Self::open(folder, sealer()?);
        match open() {
            Err(error @ (LedgerError::Damaged(_) | LedgerError::Foreign)) => {
                begun_anew(folder, day, &error, open)
            }
            opened => Begun::of(opened, None),
        }
    }

    /// Sets this one aside, whose damage was found in use, and begins an empty one.
    pub fn begin_anew(
        self,
        folder: &Path,
        day: Date,
        found: &LedgerError,
        sealer: impl Fn() -> Result<Sealer, VaultError>,
    ) -> Begun {
        drop(self);
        begun_anew(folder, day, found, || Self::open(folder, sealer()?))
    }

    fn open(folder: &Path, sealer: Sealer) -> Result<(Self, Vec<LastKnown>), LedgerError> {
        let epoch = sealer.epoch();
        let store = Store::open(&folder.join(LEDGER), sealer, Kind::LEDGER)?;
        let (places, all) = last_known::read_all(&store)?;
        let (digests, accounts) = store.change(|change| {
            runs::end_those_cut_off(change)?;
            let is_new = change.get(Table::FILE, SEALED_TO)?.is_none();
            if is_new && change.rows(Rows::ACCOUNTS)?.count()? == 0 {
                keep_progress(change, epoch, None)?;
            }
            Ok((digests(change)?, Accounts::read(change)?))
        })?;
        let ledger = Self {
            store,
            places,
            accounts,
            digests,
        };
        Ok((ledger, all))
    }

    /// Goes on under the vault's new keys, without closing the file. What is in it is then sealed anew by
    /// [`seal_anew`](Self::seal_anew).
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`], a full disk: it goes on, and is sealed anew another time.
    pub fn take_new_keys(&mut self, sealer: Sealer) -> Result<(), LedgerError> {
        self.store.seal_with(sealer);
        self.store.change(seal_small_things_anew)
    }

    /// Seals some of what was sealed before a rotation under the present key. To be called until all of it is: after a
    /// rotation, and after opening.
    ///
    /// # Errors
    /// As [`Ledger::take_new_keys`].
    pub fn seal_anew(&self) -> Result<Resealed, LedgerError> {
        let epoch = self.store.epoch();
        let Some((mut table, mut after)) = self.progress(epoch)? else {
            return Ok(Resealed::All);
        };
        self.store.check_space()?;
        self.store.change(|change| {
            if table == 0 && after.is_empty() {
                seal_small_things_anew(change)?;
            }
            let rows = Rows::SEALED[table];
            match change.rows(rows)?.seal_anew(&after, RESEALED_AT_ONCE)? {
                Some(last) => after = last,
                None => (table, after) = (table + 1, Vec::new()),
            }
            let is_all = table == Rows::SEALED.len();
            let progress = (!is_all).then_some((table, after));
            keep_progress(change, epoch, progress)?;
            Ok(if is_all {
                Resealed::All
            } else {
                Resealed::Part
            })
        })
    }

    /// The table to go on with and the last key that is done; none when all is.
    fn progress(&self, epoch: u32) -> Result<Progress, LedgerError> {
        let Some(kept) = self.store.get(Table::FILE, SEALED_TO)? else {
            return Ok(Some((0, Vec::new())));
        };
        let (of, progress): (u32, Progress) = wire::from_bytes(kept.expose())?;
        let is_of_this = of == epoch;
        let held = progress.filter(|(table, _)| *table < Rows::SEALED.len());
        Ok(if is_of_this {
            held
        } else {
            Some((0, Vec::new()))
        })
    }

    /// How much room its file takes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.store.size(LEDGER)
    }
}

/// The number of a table, and a key in it.
type Progress = Option<(usize, Vec<u8>)>;

fn keep_progress(change: &Change<'_>, epoch: u32, progress: Progress) -> Result<(), LedgerError> {
    change.put(Table::FILE, SEALED_TO, &wire::to_bytes(&(epoch, progress)))
}

/// What is not in tables of rows: what the file is, the key of its digests, what is known of connections.
fn seal_small_things_anew(change: &Change<'_>) -> Result<(), LedgerError> {
    change.seal_anew(Table::FILE)?;
    change.seal_anew(Table::LAST_KNOWN)
}

fn digests(change: &Change<'_>) -> Result<Digests, LedgerError> {
    let key = match change.get(Table::FILE, DIGEST_KEY)? {
        Some(key) => key,
        None if change.rows(Rows::BY_ID)?.count()? > 0 => {
            return Err(LedgerError::Damaged("the key of its digests is missing"));
        }
        None => {
            let key = Sealer::random_key()?;
            change.put(Table::FILE, DIGEST_KEY, key.expose())?;
            key
        }
    };
    Digests::new(key).ok_or(LedgerError::Damaged("the key of its digests is no key"))
}

impl Begun {
    fn of(opened: Result<(Ledger, Vec<LastKnown>), LedgerError>, problem: Option<Text>) -> Self {
        match opened {
            Ok((ledger, known)) => Self {
                ledger: Some(ledger),
                known,
                problem,
            },
            Err(error) => Self {
                ledger: None,
                known: Vec::new(),
                problem: Some(not_there(&error)),
            },
        }
    }
}

fn begun_anew(
    folder: &Path,
    day: Date,
    found: &LedgerError,
    open: impl Fn() -> Result<(Ledger, Vec<LastKnown>), LedgerError>,
) -> Begun {
    let name = format!("{LEDGER}{SET_ASIDE}{day}");
    let aside = fs::rename(folder.join(LEDGER), folder.join(&name));
    match aside {
        Err(error) => Begun::of(Err(LedgerError::Failed(error.to_string())), None),
        Ok(()) => {
            remove_oldest_set_aside(folder);
            let cause = found.cause();
            let said = format!(
                "the ledger was damaged ({cause}) and is begun anew; what was in it is kept in {name} and read again from the brokers"
            );
            Begun::of(open(), Some(said.into()))
        }
    }
}

/// One that cannot be removed stays: it harms nobody but the disk.
fn remove_oldest_set_aside(folder: &Path) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let beginning = format!("{LEDGER}{SET_ASIDE}");
    let is_aside = |name: &String| name.starts_with(&beginning);
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(is_aside).collect();
    names.sort_unstable();
    let surplus = names.len().saturating_sub(MOST_SET_ASIDE);
    for name in &names[..surplus] {
        let _ = fs::remove_file(folder.join(name));
    }
}

/// Why something could not be kept, for the person.
pub fn not_kept(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("what was read is not kept for the next start: {cause}").into()
}

fn not_there(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("nothing older can be shown, and nothing is kept for the next start: {LEDGER} cannot be used ({cause})").into()
}
