//! Moments between two writes, where a test looks at the disk as a crash would leave it. Nothing outside of tests.

/// Says that a step of an operation is done.
#[cfg(not(test))]
pub(super) fn pass(_moment: &'static str) {}

#[cfg(test)]
pub(super) use watched::{pass, watch};

#[cfg(test)]
mod watched {
    use std::cell::RefCell;

    type Watcher = Box<dyn FnMut(&'static str)>;

    thread_local! {
        static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
    }

    pub(in crate::vault) fn pass(moment: &'static str) {
        let watcher = WATCHER.take();
        if let Some(mut watcher) = watcher {
            watcher(moment);
            WATCHER.set(Some(watcher));
        }
    }

    /// Calls `watcher` at every moment that `act` passes.
    pub(in crate::vault) fn watch<T>(
        watcher: impl FnMut(&'static str) + 'static,
        act: impl FnOnce() -> T,
    ) -> T {
        WATCHER.set(Some(Box::new(watcher)));
        let outcome = act();
        WATCHER.set(None);
        outcome
    }
}
