//! What the process must not do, set before anything secret can exist.

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};

/// Files are ours alone, memory is never dumped or traced by others, and nothing we start gains rights.
///
/// Where the system refuses one of these the program runs on and `tradedeck doctor` says so.
pub(super) fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustix::thread::set_no_new_privs(true);
}
