//! A tmux of a test's own, on a socket and with a configuration of its own.

use super::seat::PATIENCE;
use rustix::process::Pid;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use tokio::time::Instant;

const TMUX: &str = "/usr/bin/tmux";

/// A session with one program in it.
pub(super) struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// `None`, said aloud, where there is no tmux.
    pub(super) fn start(term: &str, rows: u16, cols: u16, words: &[&str]) -> Option<Self> {
        if !Path::new(TMUX).exists() {
            println!("skipped: there is no {TMUX}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "set -g default-terminal {term}\nset -g status off\nset -g remain-on-exit off\n"
        );
        std::fs::write(folder.path().join("tmux.conf"), settings).unwrap();
        let tmux = Self { folder };
        let (rows, cols) = (rows.to_string(), cols.to_string());
        let start = ["new-session", "-d", "-x", &cols, "-y", &rows];
        let done = tmux
            .command(&[&start[..], words].concat())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        Some(tmux)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(TMUX);
        command.env_clear();
        command.env("HOME", self.folder.path());
        command.env("TMPDIR", self.folder.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("PATH", "/usr/bin:/bin");
        command.arg("-S").arg(self.folder.path().join("socket"));
        command.arg("-f").arg(self.folder.path().join("tmux.conf"));
        command.args(words);
        command
    }

    fn ask(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub(super) fn run(&self, words: &[&str]) {
        let done = self.ask(words);
        assert!(done.status.success(), "{words:?}: {done:?}");
    }

    /// Types a text that no command line may show.
    pub(super) fn type_secret(&self, text: &str) {
        let mut load = self.command(&["load-buffer", "-"]);
        let mut load = load.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = load.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(load.wait().unwrap().success());
        self.run(&["paste-buffer", "-d"]);
    }

    /// What is on screen.
    pub(super) fn contents(&self) -> String {
        String::from_utf8(self.ask(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Everything that it remembers of what was on screen.
    pub(super) fn history(&self) -> Vec<u8> {
        self.ask(&["capture-pane", "-p", "-J", "-S", "-", "-E", "-"])
            .stdout
    }

    /// What a format says of the pane: `pane_pid`, `alternate_on`.
    pub(super) fn says(&self, format: &str) -> String {
        let format = format!("#{{{format}}}");
        let said = self.ask(&["display-message", "-p", &format]).stdout;
        String::from_utf8(said).unwrap().trim().to_owned()
    }

    /// The program that was started in it.
    pub(super) fn program(&self) -> Pid {
        Pid::from_raw(self.says("pane_pid").parse().unwrap()).unwrap()
    }

    pub(super) fn until(&self, what: &str, done: impl Fn(&str) -> bool) {
        let began = Instant::now();
        loop {
            let contents = self.contents();
            if done(&contents) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "never happened: {what}\n{contents}"
            );
        }
    }

    /// Waits until the cockpit is on screen.
    pub(super) fn shown(&self) {
        self.until("the cockpit is on screen", |contents| {
            contents.contains("Positions") && contents.contains("NVDA")
        });
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.ask(&["kill-server"]); // where the session went, its server went with it
    }
}
