//! sled itself. It is the only file that names it; what is done about it is told in [`store`](super).

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use super::super::error::{Damage, VaultError};
use super::{LARGEST_VALUE, Rows};

const MOST_ROWS: usize = 8 * 1024;
const ROWS_AT_ONCE: usize = 256;
const CACHE: u64 = 8 * 1024 * 1024;

/// Everything in a database that nobody else uses. It is not as it was afterwards.
pub(super) fn read(folder: &Path) -> Result<Rows, VaultError> {
    with_database(folder, |db| {
        let trees = guarded(|| Ok(db.tree_names().len()))?;
        let rows = guarded(|| {
            let rows = db.iter().take(MOST_ROWS + 1);
            // What is too large is left out, and then missed: nothing makes us hold it all.
            let small = |value: &sled::IVec| value.len() <= LARGEST_VALUE;
            rows.filter(|row| row.as_ref().map_or(true, |(_, value)| small(value)))
                .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect::<Result<Rows, _>>()
        })?;
        if trees > 1 || rows.len() > MOST_ROWS {
            return Err(Damage::Unlisted.into());
        }
        Ok(rows)
    })
}

/// Makes a database of these rows in an empty folder. It is in its files then, but not synced.
pub(super) fn write(folder: &Path, rows: &Rows) -> Result<(), VaultError> {
    let rows: Vec<_> = rows.iter().collect();
    with_database(folder, |db| {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let mut batch = sled::Batch::default();
            for (key, value) in rows {
                batch.insert(key.as_slice(), value.as_slice());
            }
            guarded(|| db.apply_batch(batch))?;
        }
        guarded(|| db.flush().map(|_| ()))
    })
}

fn with_database<T>(
    folder: &Path,
    work: impl FnOnce(&sled::Db) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE)
        .flush_every_ms(None);
    let opened = panic::catch_unwind(AssertUnwindSafe(|| config.open()));
    let db = match opened {
        Ok(Ok(db)) => db,
        Ok(Err(sled::Error::Io(error))) => return Err(VaultError::StoreFailed(error.to_string())),
        Ok(Err(
            sled::Error::Corruption { .. }
            | sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_),
        ))
        | Err(_) => return Err(Damage::Store.into()),
    };
    match work(&db) {
        Ok(done) => guarded(|| {
            drop(db);
            Ok(done)
        }),
        Err(error) => {
            // It would write what is not to be trusted, or wait for a lock that a panic left taken.
            std::mem::forget(db);
            Err(error)
        }
    }
}

/// Every call into an open sled goes through here.
fn guarded<T>(call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, VaultError> {
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(VaultError::StoreFailed(error.to_string())),
        Err(_) => Err(VaultError::StoreFailed("it panicked".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_or_an_error_of_sled_is_an_error_of_the_store() {
        let broken = || Err::<(), _>(sled::Error::ReportableBug("broken".to_owned()));
        for failed in [guarded(|| panic!("sled")), guarded(broken)] {
            assert!(matches!(failed, Err(VaultError::StoreFailed(_))));
        }
    }

    #[test]
    fn more_rows_than_fit_in_one_batch_are_all_there() {
        let home = tempfile::tempdir().unwrap();
        let row = |number: u32| (number.to_be_bytes().to_vec(), vec![7; 40]);
        let rows: Rows = (0..600).map(row).collect();
        write(home.path(), &rows).unwrap();
        assert_eq!(read(home.path()).unwrap(), rows);
    }

    #[test]
    fn a_second_tree_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let other = sled::open(home.path()).unwrap();
        other.open_tree("other").unwrap();
        drop(other);
        let refused = read(home.path());
        assert!(matches!(
            refused,
            Err(VaultError::Damaged(Damage::Unlisted))
        ));
    }
}
