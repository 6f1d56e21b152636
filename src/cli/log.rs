//! The log: a file a day beside the vault's state, a few of them kept.
//!
//! Only our own words are written, at every level: what a library would say of a request may hold its headers,
//! and those hold credentials.

use crate::domain::text::clean;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use tracing::Level;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;

/// Longest line kept, in characters.
const LONGEST_LINE: usize = 4_096;

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
    let (writer, guard) = tracing_appender::non_blocking(Cleaned(files));
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

/// Writes lines that can be shown: a log is read at a terminal, and what failed is told in words from outside.
struct Cleaned<Lines>(Lines);

impl<Lines: Write> Write for Cleaned<Lines> {
    /// Takes one event, which is one line whatever stands in it.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = clean(text.strip_suffix('\n').unwrap_or(&text), LONGEST_LINE) + "\n";
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Here(Kept);

    impl<'a> MakeWriter<'a> for Here {
        type Writer = Cleaned<Kept>;

        fn make_writer(&'a self) -> Self::Writer {
            Cleaned(self.0.clone())
        }
    }

    #[test]
    fn whatever_an_error_says_is_one_line_that_steers_no_terminal() {
        let kept = Kept::default();
        let lines = fmt::layer()
            .with_writer(Here(kept.clone()))
            .with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(lines);
        let hostile = "a\u{1b}]52;c;eA==\u{7}b\u{9b}2J\u{202e}\nERROR forged line";
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(why = hostile, "refused: {hostile}");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text:?}");
        let is_plain = |it: char| !it.is_control() && it != '\u{202e}';
        assert!(text.trim_end().chars().all(is_plain), "{text:?}");
        assert!(text.contains("refused: a"), "{text:?}");
    }
}
