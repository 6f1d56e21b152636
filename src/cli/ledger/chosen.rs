//! Which accounts and which time a person means.

use crate::cli::exit::{Exit, Failure};
use crate::domain::{AccountId, Timestamp};
use crate::link::Replica;

/// A day, or a moment, in UTC; `option` is where it was typed.
///
/// # Errors
/// It is neither.
pub(super) fn moment(text: Option<&str>, option: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let day = Timestamp::parse(&format!("{text}T00:00:00Z"));
    let moment = day.or_else(|_| Timestamp::parse(text)).map_err(|_| {
        let sentence = format!("{option}: write a day as 2026-01-31, or a moment in RFC 3339");
        Failure::new(Exit::Usage, sentence)
    });
    moment.map(Some)
}

/// The accounts that were named, by their number or their connection; all where none was.
pub(super) fn chosen(replica: &Replica, names: &[String]) -> Result<Vec<AccountId>, Failure> {
    let all: Vec<&AccountId> = replica.accounts.keys().collect();
    if names.is_empty() {
        return Ok(all.into_iter().cloned().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let is_meant = |id: &&&AccountId| {
            id.number.as_str() == name || id.connection.as_str() == name || whole_name(id) == *name
        };
        let found: Vec<AccountId> = all
            .iter()
            .filter(is_meant)
            .map(|id| (*id).clone())
            .collect();
        if found.is_empty() {
            let sentence = format!(
                "no account is called {name}; `tradedeck accounts` lists them, by number or by connection"
            );
            return Err(Failure::new(Exit::Usage, sentence));
        }
        chosen.extend(
            found
                .into_iter()
                .filter(|id| !chosen.contains(id))
                .collect::<Vec<_>>(),
        );
    }
    Ok(chosen)
}

pub(super) fn whole_name(id: &AccountId) -> String {
    format!("{}/{}", id.connection, id.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_a_moment_is_taken_as_it_is() {
        let check = |text: &str, expected: &str| {
            let read = moment(Some(text), "--since").unwrap().unwrap();
            assert_eq!(read.to_string(), expected);
        };
        check("2026-01-31", "2026-01-31T00:00:00Z");
        check("2026-01-31T09:30:00-05:00", "2026-01-31T14:30:00Z");
        assert_eq!(moment(None, "--since").unwrap(), None);
        for wrong in ["yesterday", "2026-02-30", "2026-1-3", ""] {
            let failure = moment(Some(wrong), "--until").unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.sentence.starts_with("--until"), "{failure}");
        }
    }
}
