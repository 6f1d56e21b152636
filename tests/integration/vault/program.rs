//! The program itself, run on a folder of its own as a shell would.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::home::*;

/// Runs it with a vault's folder for its own and an otherwise empty home, under a umask, with the passphrase on stdin.
pub(super) fn run(home: &Home, umask: &str, arguments: &[&str]) -> Output {
    let root = home.folder.parent().unwrap();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask])
        .arg(env!("CARGO_BIN_EXE_tradedeck"))
        .args(arguments)
        .args(["--passphrase-fd", "0"])
        .env_clear()
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (variable, folder) in [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", ""),
        ("XDG_STATE_HOME", "state"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        command.env(variable, root.join(folder));
    }
    let mut child = command.spawn().unwrap();
    // What is refused at once does not read it.
    let _ = child.stdin.take().unwrap().write_all(RIGHT.as_bytes());
    child.wait_with_output().unwrap()
}

/// The code it ended with, and the one sentence it said on stderr.
#[track_caller]
pub(super) fn refusal(output: &Output) -> (Option<i32>, String) {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    let sentence = told.trim().strip_prefix("tradedeck: ");
    let sentence = sentence.expect("it says who it is").to_owned();
    (output.status.code(), sentence)
}
