//! The vault from outside: whether there is one, what brings it back, and what a guess at it costs.

use super::super::Run;
use super::super::exit::Failure;
use super::{Finding, Verdict};
use crate::config::ConfigPaths;
use crate::domain::Timestamp;
use crate::start;
use crate::ui::format::age;
use crate::vault::{self, BackupInfo, KdfCost, Passphrase, Role};
use secrecy::ExposeSecret;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

/// What this machine remembers of the vault, in the folder of its state.
const ANCHOR: &str = "anchor";

/// The vault, its backups and what this machine remembers of it.
pub(super) fn vault(paths: &ConfigPaths, now: Timestamp) -> Vec<Finding> {
    let backups = vault::backups(&paths.data);
    let is_there = vault::exists(&paths.data);
    let mut findings = vec![match (is_there, backups.is_empty()) {
        (true, _) => Finding::new("vault", Verdict::Good, "there is one"),
        (false, true) => Finding::new(
            "vault",
            Verdict::Warn,
            "there is none; make one with `tradedeck vault init`",
        ),
        (false, false) => Finding::new(
            "vault",
            Verdict::Warn,
            "there is none, but backups of one; `tradedeck vault restore` makes it from them",
        ),
    }];
    if is_there && backups.is_empty() {
        let says = "none; make one with `tradedeck vault backup`";
        findings.push(Finding::new("backups", Verdict::Warn, says));
    }
    findings.extend(backups.into_iter().map(|it| backup(it, now)));
    if is_there {
        findings.push(anchor(paths, now));
    }
    findings
}

fn backup(backup: BackupInfo, now: Timestamp) -> Finding {
    let check = format!("backup {}", backup.which);
    match backup.found {
        Ok(facts) => {
            let made = Duration::from_secs(facts.made);
            let says = format!("made {}, generation {}", ago(made, now), facts.generation);
            Finding::new(check, Verdict::Good, says)
        }
        Err(error) => Finding::new(check, Verdict::Warn, error.to_string()),
    }
}

fn anchor(paths: &ConfigPaths, now: Timestamp) -> Finding {
    let path = paths.state.join(ANCHOR);
    let written = fs::symlink_metadata(&path).and_then(|it| it.modified());
    match written.map(|it| it.duration_since(UNIX_EPOCH).unwrap_or_default()) {
        Ok(written) => {
            let says = format!(
                "this machine remembers the vault, last noted {}",
                ago(written, now)
            );
            Finding::new("anchor", Verdict::Good, says)
        }
        Err(_) => Finding::new(
            "anchor",
            Verdict::Warn,
            "this machine remembers nothing of the vault, so an older copy put back is not told; open it once",
        ),
    }
}

/// How long before `now` something was, given as time since 1970.
fn ago(then: Duration, now: Timestamp) -> String {
    let elapsed = now.since(Timestamp::EPOCH.plus(then));
    match elapsed.as_secs() {
        0 => "just now".to_owned(),
        _ => format!("{} ago", age(elapsed)),
    }
}

/// What a guess at a passphrase costs, in plain words; it takes the passphrase to see.
pub(super) fn cost(run: &Run<'_>) -> Finding {
    let unchecked = |says: String| Finding::new("guesses", Verdict::Unchecked, says);
    let Some(passphrase) = &run.handed.passphrase else {
        return unchecked("hand the passphrase over with --passphrase-fd to see their cost".into());
    };
    let opened = start::locked_vault(&run.setup).and_then(|locked| {
        let passphrase = Passphrase::new(passphrase.expose_secret())?;
        locked.unlock(&passphrase).map_err(|refused| refused.error)
    });
    match opened {
        Ok(vault) => {
            let slots = vault.slots().into_iter();
            let typed = slots.filter(|it| it.role != Role::Recovery);
            let costs = typed.map(|it| it.cost);
            let cheapest = costs.min_by_key(|it| (it.memory_mib(), it.passes(), it.lanes()));
            cheapest.map_or_else(|| unchecked("no slot takes a passphrase".into()), judged)
        }
        Err(error) => unchecked(Failure::from(error).sentence),
    }
}

/// Below 64 MiB, 3 passes and 4 lanes (RFC 9106, second choice) it is cheap.
pub(super) fn judged(cost: KdfCost) -> Finding {
    let words = format!(
        "each takes {} MiB of memory and {} passes over it",
        cost.memory_mib(),
        cost.passes()
    );
    let is_dear = cost.memory_mib() >= 64 && cost.passes() >= 3 && cost.lanes() >= 4;
    match is_dear {
        true => Finding::new("guesses", Verdict::Good, words),
        false => Finding::new(
            "guesses",
            Verdict::Warn,
            format!("{words}, which is little; `tradedeck vault passwd` makes them dearer"),
        ),
    }
}
