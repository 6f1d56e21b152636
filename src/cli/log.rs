//! The log: a file a day beside the vault's state, a few of them kept.
//!
//! Only our own words are written, at every level: what a library would say of a request may hold its headers,
//! and those hold credentials.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use tracing::Level;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;

/// Files kept.
const MOST_FILES: usize = 7;

/// Begins to log below `state`; what is returned is to be kept until the end, when it writes the rest.
/// A log that cannot be written is done without: it is never the reason that a command fails.
pub(super) fn start(state: &Path, verbose: u8) -> Option<WorkerGuard> {
    let folder = state.join("log");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .ok()?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("tradedeck")
        .filename_suffix("log")
        .max_log_files(MOST_FILES)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let level = match verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let ours = Targets::new().with_target("tradedeck", level);
    let subscriber = tracing_subscriber::registry().with(ours).with(lines);
    tracing::subscriber::set_global_default(subscriber).ok()?;
    Some(guard)
}
