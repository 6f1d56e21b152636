//! What this process must not do, as the system sees it.

use super::{Finding, Verdict};
use crate::vault::{KeyMemory, key_memory};
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

/// Core dumps, memory, rights, and where keys lie.
pub(super) fn process() -> Vec<Finding> {
    vec![
        judged(
            "core dumps",
            getrlimit(Resource::Core).current == Some(0),
            "off",
            "the system did not switch them off; a crash could write memory to the disk",
        ),
        judged(
            "memory",
            dumpable_behavior() == Ok(DumpableBehavior::NotDumpable),
            "closed to other processes",
            "other processes of yours can read this one's memory",
        ),
        judged(
            "rights",
            rustix::thread::no_new_privs() == Ok(true),
            "nothing started from here can gain any",
            "the system did not take them away; what is started from here could gain some",
        ),
        keys(&key_memory()),
    ]
}

fn judged(check: &str, is_good: bool, good: &str, otherwise: &str) -> Finding {
    match is_good {
        true => Finding::new(check, Verdict::Good, good),
        false => Finding::new(check, Verdict::Warn, otherwise),
    }
}

pub(super) fn keys(memory: &KeyMemory) -> Finding {
    match memory {
        KeyMemory::Guarded => Finding::new(
            "key memory",
            Verdict::Good,
            "locked: neither swapped out nor dumped",
        ),
        KeyMemory::Unguarded { why } => Finding::new(
            "key memory",
            Verdict::Warn,
            format!("not locked ({why}); raise the limit of locked memory: ulimit -l"),
        ),
    }
}
