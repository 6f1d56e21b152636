//! What the process must not do, set before anything secret can exist, and how it ends.

use super::exit::Exit;
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};
use std::process::ExitCode;

/// Files are ours alone, memory is never dumped or traced by others, and nothing we start gains rights: to be called
/// first thing in `main`.
///
/// Where the system refuses one of these the program runs on and `tradedeck doctor` says so.
pub fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustix::thread::set_no_new_privs(true);
}

/// The number that `main` returns. What a signal ended dies of that signal, now that everything is put back: a shell
/// sees 128 and its number, and knows that its own loop should end as well.
pub fn end(exit: Exit) -> ExitCode {
    if let Exit::Signal(number) = exit {
        // Whoever cannot be killed says the number instead.
        let _ = signal_hook::low_level::emulate_default_handler(i32::from(number));
    }
    exit.into()
}
