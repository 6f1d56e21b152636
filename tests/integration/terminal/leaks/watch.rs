//! Everything that comes out of a run is looked through as it comes.

use super::canaries::Canaries;
use crate::terminal::output::{Written, take_apart};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How soon processes are asked again.
const PACE: Duration = Duration::from_millis(2);

/// What was looked at, and what was found.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) canaries: Canaries,
    found: BTreeSet<String>,
    /// By kind of place, how many of them were looked at.
    looked_at: BTreeMap<&'static str, usize>,
}

impl Watch {
    pub(super) fn for_all(canaries: Canaries) -> Self {
        Self {
            canaries,
            ..Self::default()
        }
    }

    pub(super) fn look(&mut self, kind: &'static str, place: &str, bytes: &[u8]) {
        *self.looked_at.entry(kind).or_default() += 1;
        for name in self.canaries.found_in(bytes) {
            self.found.insert(format!("{name} is in {kind} of {place}"));
        }
    }

    /// What a program wrote to a terminal: as it stands, and the text alone.
    pub(super) fn look_at_terminal(&mut self, place: &str, written: &[u8]) {
        self.look("terminal output", place, written);
        let text = take_apart(written).into_iter().filter_map(|it| match it {
            Written::Text(character) => Some(character),
            Written::Control(_) | Written::Csi(..) | Written::Osc(_) | Written::Other(_) => None,
        });
        let text: String = text.collect();
        self.look("terminal text", place, text.as_bytes());
    }

    /// A process and all below it.
    pub(super) fn look_at_process(&mut self, pid: u32) {
        let mut said = BTreeSet::new();
        ask_process(pid, &mut said);
        self.look_at_said(said);
    }

    fn look_at_said(&mut self, said: BTreeSet<Said>) {
        for Said { kind, place, bytes } in said {
            self.look(kind, &place, &bytes);
        }
    }

    /// Every file below a folder, its name as well; `but` is where secrets belong.
    pub(super) fn look_at_files(&mut self, folder: &Path, but: &str) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            self.look("file name", &name, name.as_bytes());
            if path.is_dir() {
                self.look_at_files(&path, but);
            } else if path.is_file() && !name.ends_with(but) {
                let kind = match name.rsplit_once(['.', '/']).unwrap().1 {
                    "log" => "log",
                    "redb" => "journal or ledger",
                    "0" | "1" => "backup",
                    "anchor" => "anchor",
                    "db" => "vault",
                    _ => "file",
                };
                self.look(kind, &name, &fs::read(&path).unwrap());
            }
        }
    }

    /// Looks at what was seen of processes that come and go.
    pub(super) fn look_at_seen(&mut self, samples: Samples) {
        drop(samples.stop);
        self.look_at_said(samples.seen.join().unwrap());
    }

    /// How often a kind of place was looked at.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.looked_at.get(kind).copied().unwrap_or(0)
    }

    pub(super) fn found(&self) -> &BTreeSet<String> {
        &self.found
    }

    pub(super) fn summary(&self) -> String {
        let kinds = self.looked_at.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        kinds.join(", ")
    }
}

/// What everybody, or its owner, can read of a process.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    kind: &'static str,
    place: String,
    bytes: Vec<u8>,
}

fn ask_process(pid: u32, said: &mut BTreeSet<Said>) {
    let folder = format!("/proc/{pid}");
    let Ok(words) = fs::read(format!("{folder}/cmdline")) else {
        return; // it was one that ended
    };
    let place = String::from_utf8_lossy(&words).replace('\0', " ");
    // Only root may read a hardened process's environment.
    if let Ok(bytes) = fs::read(format!("{folder}/environ")) {
        let (kind, place) = ("environment", place.clone());
        said.insert(Said { kind, place, bytes });
    }
    let kind = match place.contains("keep-store") {
        true => "store keeper's command line",
        false => "command line",
    };
    let bytes = words;
    said.insert(Said { kind, place, bytes });
    below(pid, |child| ask_process(child, said));
}

fn below(pid: u32, mut child: impl FnMut(u32)) {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    for task in tasks.into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children"));
        for pid in children.unwrap_or_default().split_whitespace() {
            child(pid.parse().unwrap());
        }
    }
}

/// Asks every process below this one over and over: some are there for an instant.
pub(super) struct Samples {
    stop: Sender<()>,
    seen: JoinHandle<BTreeSet<Said>>,
}

impl Samples {
    pub(super) fn take() -> Self {
        let (stop, stopped) = channel();
        let seen = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                below(std::process::id(), |child| ask_process(child, &mut seen));
            }
            seen
        });
        Self { stop, seen }
    }
}
