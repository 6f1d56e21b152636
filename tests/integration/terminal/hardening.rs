//! What the process may not do, from before its first argument is read: leave files to others, dump its memory, be
//! traced, gain rights.

use super::cockpit::Cockpit;
use super::seat::{Ending, PROGRAM, Setting};
use rustix::process::{Signal, geteuid};
use std::fs;
use std::io::{PipeReader, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command};
use tokio::time::Instant;

/// A user without rights, for a test that runs as root: root's processes look alike from outside, hardened or not.
const NOBODY: u32 = 65_534;

/// A program that waits for somebody to read what it says, and can say nothing: its output is full.
fn stuck(words: &[&str], shell: &str) -> (Child, PipeReader) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b' '; 4_096]).is_ok() {}
    while writer.write(b" ").is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")]);
    command.args(words).env_clear().current_dir("/");
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let child = command
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    (child, reader)
}

fn status(process: &Child) -> String {
    fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap()
}

fn field(status: &str, name: &str) -> String {
    let line = status.lines().find(|line| line.starts_with(name));
    line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
}

/// Waits until a process sleeps in a write: it has done everything up to there.
fn until_it_waits(process: &Child, name: &str) {
    let began = Instant::now();
    loop {
        let now = status(process);
        if field(&now, "Name:").starts_with(name) && field(&now, "State:") == "S" {
            return;
        }
        assert!(began.elapsed() < super::seat::PATIENCE, "{now}");
        std::thread::yield_now();
    }
}

/// Whether memory may be dumped and traced by the process's own user: the files about it are root's otherwise.
fn is_dumpable(process: &Child) -> bool {
    let owner = fs::metadata(format!("/proc/{}/environ", process.id()));
    owner.unwrap().uid() != 0
}

#[test]
fn hardening_is_the_first_thing_that_happens() {
    let main = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).unwrap();
    let body = main.split_once("fn main()").unwrap().1;
    let first = body.lines().nth(1).unwrap().trim();
    assert!(first.starts_with("process::harden();"), "{first}");
    assert_eq!(
        main.matches("args").count(),
        1,
        "the arguments are read once"
    );
}

#[test]
fn hardening_holds_whatever_the_arguments_are() {
    let (mut control, _full) = stuck(&["cat", "/proc/self/status"], "ulimit -c unlimited 2>&-");
    until_it_waits(&control, "cat");
    assert!(is_dumpable(&control) && field(&status(&control), "NoNewPrivs:") == "0");
    control.kill().unwrap();
    control.wait().unwrap();
    for words in [
        &[PROGRAM, "--version"][..],
        &[PROGRAM, "--no-such-thing"],
        &[PROGRAM, "config"],
    ] {
        let (mut process, _full) = stuck(words, "umask 000; ulimit -c unlimited 2>&-");
        until_it_waits(&process, "tradedeck");
        let now = status(&process);
        assert_eq!(field(&now, "Umask:"), "0077");
        assert_eq!(field(&now, "NoNewPrivs:"), "1");
        assert!(!is_dumpable(&process), "{words:?}");
        let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let core: Vec<_> = core.unwrap().split_whitespace().skip(4).take(2).collect();
        assert_eq!(core, ["0", "0"], "{words:?}");
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
fn hardening_leaves_no_core_behind() {
    let (mut process, _full) = stuck(&[PROGRAM, "--version"], "ulimit -c unlimited 2>&-");
    until_it_waits(&process, "tradedeck");
    let pid = rustix::process::Pid::from_child(&process);
    // The first is taken for a stack overflow and looked at; the program dies of the next.
    while process.try_wait().unwrap().is_none() {
        rustix::process::kill_process(pid, Signal::SEGV).unwrap();
        std::thread::yield_now();
    }
    let status = process.wait().unwrap();
    assert_eq!(status.signal(), Some(Signal::SEGV.as_raw()));
    assert!(!status.core_dumped());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hardening_keeps_files_to_their_owner_under_any_umask() {
    let cockpit = Cockpit::connected().await;
    tokio::task::block_in_place(|| {
        let script = format!("umask 000; exec {}", cockpit.words().join(" "));
        let mut seat = cockpit
            .at_home(Setting::of(&["/bin/sh", "-c", &script]))
            .start();
        cockpit.unlock(&mut seat);
        let mut seen = Vec::new();
        check_owner_only(&cockpit.0.data(), &mut seen);
        check_owner_only(&cockpit.0.folder().join("state/tradedeck"), &mut seen);
        check_owner_only(&cockpit.0.folder().join("run/tradedeck"), &mut seen);
        for kind in [".log", "lock", "db", "sock"] {
            assert!(
                seen.iter().any(|name| name.ends_with(kind)),
                "no {kind} in {seen:?}"
            );
        }
        seat.signal(Signal::TERM);
        seat.check_restored(Ending::Killed(Signal::TERM));
    });
}

fn check_owner_only(path: &Path, seen: &mut Vec<String>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    let allowed = match metadata.is_dir() {
        true => 0o700,
        false if metadata.file_type().is_socket() => mode & 0o700,
        false => 0o600,
    };
    assert_eq!(mode, allowed, "{} is {mode:o}", path.display());
    seen.push(path.display().to_string());
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            check_owner_only(&entry.unwrap().path(), seen);
        }
    }
}
