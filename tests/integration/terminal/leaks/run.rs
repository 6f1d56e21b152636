//! The program at work on a machine of its own, with everything looked through that comes out of it.

use super::canaries::Canaries;
use super::far_side::FarSide;
use super::watch::Watch;
use crate::cli::machine::{CHEAP, Ended, Machine};
use crate::terminal::cockpit::Cockpit;
use crate::terminal::seat::{PROGRAM, Seat, Setting};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tradedeck::providers::PROVIDERS;
use tradedeck::providers::provider::{Grant, ProviderSpec, Way};

/// Letters that are written otherwise in JSON, in an address and in a debugger's words.
pub(super) const PASSPHRASE: &str = "first canary \"q\" \\ / \u{fc} %+ 7141";
pub(super) const NEW: &str = "second canary \"q\" \\ / \u{fc} %+ 8252";
pub(super) const VIEWER: &str = "third canary \"q\" \\ / \u{fc} %+ 9363";
pub(super) const WRONG: &str = "wrong canary \"q\" \\ / \u{fc} %+ 1474";
const KEY_FILE: &[u8] = b"fourth canary, in a file: 2585";

/// Where the secret that is a file lies.
pub(super) const KEY_FILE_NAME: &str = "mine.key";

/// What is added to the environment: everything that makes programs talk.
pub(super) const TALKATIVE: [(&str, &str); 2] = [("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")];

pub(super) struct Run {
    pub(super) cockpit: Cockpit,
    pub(super) far_side: FarSide,
    pub(super) watch: Watch,
    /// The recovery code that was shown last.
    pub(super) last_code: String,
}

/// Every way into every provider that takes secrets and asks nobody else.
pub(super) fn ways() -> impl Iterator<Item = (&'static ProviderSpec, &'static Way)> {
    let all = PROVIDERS
        .iter()
        .flat_map(|it| it.ways.iter().map(move |way| (it, way)));
    all.filter(|(_, way)| way.grant != Grant::Browser)
}

/// What a provider is handed that it never gets to like.
pub(super) fn made_up(provider: &ProviderSpec, way: &Way) -> Vec<(&'static str, String)> {
    let made_up = |name: &'static str| {
        let value = format!("{}-{}-{name}-canary\"q\"\\/%+3696", provider.id, way.id);
        (name, value)
    };
    way.secrets.iter().map(|it| made_up(it.name)).collect()
}

impl Run {
    pub(super) async fn begin() -> Self {
        let machine = Machine::bare().await;
        std::fs::write(machine.folder().join(KEY_FILE_NAME), KEY_FILE).unwrap();
        let mut canaries = Canaries::default();
        let customer = machine.customer();
        for (name, secret) in [
            ("the passphrase", PASSPHRASE),
            ("the new passphrase", NEW),
            ("the viewer's passphrase", VIEWER),
            ("the wrong passphrase", WRONG),
            ("the broker's key id", &customer.key),
            ("the broker's secret", &customer.secret),
        ] {
            canaries.add(name, secret);
        }
        canaries.add_bytes("the key file", KEY_FILE);
        canaries.add_bytes("the key file's hash", blake3::hash(KEY_FILE).as_bytes());
        for (provider, way) in ways() {
            for (name, secret) in made_up(provider, way) {
                canaries.add(&format!("{}'s {name}", provider.id), &secret);
            }
        }
        Self {
            cockpit: Cockpit(machine),
            far_side: FarSide::start().await,
            watch: Watch::for_all(canaries),
            last_code: String::new(),
        }
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.cockpit.0
    }

    /// The words that send every provider to the simulator.
    fn simulated(&self) -> Vec<String> {
        self.cockpit.words()[1..].to_vec()
    }

    /// The words that send every provider to `host`.
    pub(super) fn elsewhere(&self, host: &str) -> Vec<String> {
        let mut words = Vec::new();
        for provider in PROVIDERS {
            for (key, address) in provider.addresses {
                let Some((scheme, rest)) = address.split_once("s://") else {
                    continue; // some are no addresses
                };
                let path = rest.split_once('/').map_or("", |(_, path)| path);
                words.push("--set".to_owned());
                let address = format!("{scheme}://{host}/{path}");
                words.push(format!("providers.{}.{key}={address}", provider.id));
            }
        }
        words
    }

    /// The words that send streams elsewhere, and everything else to the simulator.
    pub(super) fn simulated_but_for_streams(&self) -> Vec<String> {
        let (simulated, elsewhere) = (self.simulated(), self.elsewhere(&self.far_side.address));
        let streams = elsewhere.into_iter().filter(|word| word.contains("=ws"));
        let streams = streams.flat_map(|word| ["--set".to_owned(), word]);
        simulated.into_iter().chain(streams).collect()
    }

    /// Runs a command against the simulator with these lines on its descriptor 0.
    pub(super) fn say(&mut self, line: &str, secrets: &[&str]) -> Ended {
        let places = self.simulated();
        self.say_at(line, secrets, &places, &[])
    }

    /// The same with other words for where providers are, and with more in its environment.
    pub(super) fn say_at(
        &mut self,
        line: &str,
        secrets: &[&str],
        places: &[String],
        variables: &[(&str, &Path)],
    ) -> Ended {
        let mut command = self.machine().command();
        command
            .args(line.split_whitespace())
            .args(places)
            .arg("-vv");
        if line.starts_with("vault") {
            command.args(CHEAP);
        }
        command.envs(TALKATIVE).envs(variables.iter().copied());
        let ended = self.watch_over(command, &(secrets.join("\n") + "\n"));
        let (ended, code) = without_recovery_code(ended);
        if let Some(code) = code {
            let bare = code.replace('-', "");
            self.watch.canaries.add("a recovery code", &code);
            self.watch.canaries.add("a recovery code", &bare);
            self.watch
                .canaries
                .add("a recovery code", &bare.to_lowercase());
            self.last_code = code;
        }
        self.watch.look("stdout", line, ended.out.as_bytes());
        self.watch.look("stderr", line, ended.err.as_bytes());
        ended
    }

    fn watch_over(&mut self, mut command: Command, input: &str) -> Ended {
        command.stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It waits for its input, if it takes any.
        self.watch.look_at_process(child.id());
        // A command that needs no secret does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The program in a terminal.
    pub(super) fn sit_down(&self, line: &str, places: &[String], more: &[(&str, &Path)]) -> Seat {
        let words = line
            .split_whitespace()
            .chain(places.iter().map(String::as_str));
        let words: Vec<&str> = [PROGRAM, "-vv"].into_iter().chain(words).collect();
        let mut setting = self.cockpit.at_home(Setting::of(&words));
        for (name, value) in TALKATIVE {
            setting = setting.variable(name, value);
        }
        for (name, value) in more {
            setting = setting.variable(name, value);
        }
        setting.start()
    }

    /// The cockpit against the simulator.
    pub(super) fn sit_down_at_cockpit(&self) -> Seat {
        self.sit_down("", &self.simulated(), &[])
    }

    pub(super) fn look_at(&mut self, seat: &Seat) {
        let pid = u32::try_from(seat.pid().as_raw_pid()).unwrap();
        self.watch.look_at_process(pid);
        let screen = seat.screen.screen().contents();
        self.watch.look("screen", "the cockpit", screen.as_bytes());
    }

    /// Everything that it wrote, when it is over.
    pub(super) fn look_back_at(&mut self, name: &str, seat: &Seat) {
        self.watch.look_at_terminal(name, &seat.written);
        self.watch.look_at_files(seat.home.path(), KEY_FILE_NAME);
    }

    /// A clock that stops as soon as a file is there: the library, and the file. `None` without a C compiler.
    pub(super) fn stopping_clock(&self) -> Option<[(&'static str, PathBuf); 2]> {
        let library = clock_library()?;
        let arm = self.machine().folder().join("stopped");
        Some([("LD_PRELOAD", library), ("CLOCK_ARM", arm)])
    }
}

/// What a command printed but for the one thing it is to hand over, and that.
fn without_recovery_code(mut ended: Ended) -> (Ended, Option<String>) {
    let marks = ["\"recovery_code\":\"", "recovery code: "];
    let after = |mark: &&str| Some(ended.out.split_once(*mark)?.1.to_owned());
    let Some(rest) = marks.iter().find_map(after) else {
        return (ended, None);
    };
    let is_code = |it: &char| it.is_ascii_alphanumeric() || "-*~$=".contains(*it);
    let code: String = rest.chars().take_while(is_code).collect();
    if code.len() < 52 {
        return (ended, None); // only its name is there
    }
    assert_eq!(ended.out.matches(&code).count(), 1, "it is shown once");
    ended.out = ended.out.replace(&code, "");
    (ended, Some(code))
}

fn clock_library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preload/clock.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("clock-{}.so", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args([
            "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o",
        ]);
        let Ok(compiled) = compiler.args([&library, &source]).status() else {
            println!("skipped: there is no C compiler called cc");
            return None;
        };
        assert!(compiled.success(), "tests/preload/clock.c compiles");
        Some(library)
    });
    library.clone()
}
