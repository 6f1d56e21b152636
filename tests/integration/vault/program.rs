//! The program itself, run on a folder of its own as a shell would.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::home::*;

/// A run of the program.
pub(super) struct Program {
    root: PathBuf,
    pub(super) umask: &'static str,
    /// What the shell does first.
    pub(super) before: &'static str,
    pub(super) arguments: Vec<String>,
    /// What it is handed on stdin: the passphrase, and more where its arguments say so.
    pub(super) input: String,
}

impl Program {
    /// With a vault's folder for its own and an otherwise empty home.
    pub(super) fn of(home: &Home, arguments: &[&str]) -> Self {
        let arguments = [arguments, &["--passphrase-fd", "0"]].concat();
        Self {
            root: home.folder.parent().unwrap().to_path_buf(),
            umask: "022",
            before: "true",
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            input: RIGHT.to_owned(),
        }
    }

    pub(super) fn run(self) -> Output {
        self.run_with(|_| {})
    }

    /// The same, with more in its environment.
    pub(super) fn run_with(self, add: impl FnOnce(&mut Command)) -> Output {
        let mut command = Command::new("/bin/sh");
        command
            .args([
                "-c",
                "umask \"$1\"; eval \"$2\"; shift 2; exec \"$@\"",
                "sh",
            ])
            .args([self.umask, self.before])
            .arg(env!("CARGO_BIN_EXE_tradedeck"))
            .args(&self.arguments)
            .env_clear()
            .current_dir(&self.root)
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
            command.env(variable, self.root.join(folder));
        }
        add(&mut command);
        let mut child = command.spawn().unwrap();
        // What is refused at once does not read it.
        let _ = child.stdin.take().unwrap().write_all(self.input.as_bytes());
        child.wait_with_output().unwrap()
    }
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
