//! The library that stands between a process and its disk (`tests/preload/disk.c`), compiled when a test wants it.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::home::*;

const SOURCE: &str = include_str!("../../preload/disk.c");

/// Where the library is; `None`, and a line that says so, where there is no C compiler.
pub(crate) fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(compile);
    if library.is_none() {
        note("skipped: there is no C compiler called cc");
    }
    library.as_deref()
}

fn compile() -> Option<PathBuf> {
    let mut compiler = Command::new("cc");
    let asked = compiler.arg("--version").stdout(Stdio::null());
    asked.status().ok()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let hash = blake3::hash(SOURCE.as_bytes()).to_hex();
    let library = folder.join(format!("disk-{}.so", &hash[..16]));
    if library.exists() {
        return Some(library);
    }
    let unfinished = folder.join(format!("disk-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preload/disk.c");
    let mut compiler = Command::new("cc");
    let compiled = compiler
        .args([
            "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o",
        ])
        .args([&unfinished, &source])
        .status();
    assert!(compiled.unwrap().success(), "tests/preload/disk.c compiles");
    fs::rename(unfinished, &library).unwrap();
    Some(library)
}

/// Has everything that the command does below `root` written down in `log`.
pub(crate) fn record(command: &mut Command, root: &Path, log: &Path) {
    let library = library().expect("asked for before");
    command.env("LD_PRELOAD", library);
    command.env("DISK_ROOT", root).env("DISK_LOG", log);
}

/// What happens at one call to the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) at: u64,
}

/// Calls of a process below one folder, counted; the file of the count is read afterwards.
pub(crate) struct Calls(PathBuf);

impl Calls {
    /// None yet.
    pub(crate) fn counted_in(file: PathBuf) -> Self {
        fs::write(&file, [0; 24]).unwrap();
        Self(file)
    }

    /// Has the fault happen at its call below `root`. Calls count once `arm` was opened, or from the start.
    pub(crate) fn fault(
        &self,
        command: &mut Command,
        root: &Path,
        arm: Option<&Path>,
        fault: Fault,
    ) {
        let library = library().expect("asked for before");
        command.env("LD_PRELOAD", library);
        command.env("DISK_ROOT", root).env("DISK_COUNT", &self.0);
        command.env("DISK_FAULT", fault.kind);
        command.env("DISK_AT", fault.at.to_string());
        if let Some(arm) = arm {
            command.env("DISK_ARM", arm);
        }
    }

    fn number(&self, at: usize) -> u64 {
        let page = fs::read(&self.0).unwrap();
        u64::from_ne_bytes(*page[at..].first_chunk().unwrap())
    }

    pub(crate) fn made(&self) -> u64 {
        self.number(0)
    }

    /// Whether the fault happened.
    pub(crate) fn hit(&self) -> bool {
        self.number(16) != 0
    }
}
