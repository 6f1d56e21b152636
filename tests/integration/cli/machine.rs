//! A machine of its own for each test: home folders, a vault, a simulated provider, and the program run on them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tradedeck::config::{Config, ConfigPaths};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::alpaca::{self, Options, ReadyCustomer, Running};
use tradedeck::start::Setup;
use tradedeck::vault::{Holder, InstanceLock, KdfCost, Passphrase, Vault};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A machine.
pub(crate) struct Machine {
    pub(crate) sim: Running,
    folder: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The items of a command that printed JSON.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        let object: Value = serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!(object["version"], 1, "{self:?}");
        assert!(object["as_of"].as_str().unwrap().ends_with('Z'));
        object["items"].as_array().unwrap().clone()
    }

    /// That it ended with a code, and said one sentence if that is not zero.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        let sentences = usize::from(code != 0);
        assert_eq!(self.err.lines().count(), sentences, "{self:?}");
        self
    }
}

impl Machine {
    /// A machine without a vault.
    pub(crate) async fn bare() -> Self {
        Self {
            sim: alpaca::start(Options::default(), Arc::new(SystemClock))
                .await
                .unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A machine with an empty vault that is cheap to open.
    pub(crate) async fn with_vault() -> Self {
        let machine = Self::bare().await;
        let lock = machine.lock();
        let passphrase = Passphrase::new(PASSPHRASE).unwrap();
        Vault::create(lock, &passphrase, cost()).unwrap();
        machine
    }

    /// The same with the first paper customer connected.
    pub(crate) async fn connected() -> Self {
        let machine = Self::with_vault().await;
        let secrets = machine.secrets(&machine.customer());
        machine
            .run(
                &[
                    "connect",
                    "alpaca",
                    "--passphrase-fd",
                    "0",
                    "--secret-fd",
                    "0",
                ],
                &secrets,
            )
            .expect(0);
        machine
    }

    /// Takes the data folder as another instance would.
    pub(crate) fn lock(&self) -> InstanceLock {
        let holder = Holder {
            pid: std::process::id(),
            terminal: "test".into(),
            since: "now".into(),
        };
        InstanceLock::take(&self.data(), &holder).unwrap()
    }

    pub(crate) fn customer(&self) -> ReadyCustomer {
        let mut customers = self.sim.ready.customers.iter();
        customers.find(|it| it.paper).unwrap().clone()
    }

    /// What goes into the descriptor that carries both the passphrase and a customer's credentials.
    pub(crate) fn secrets(&self, customer: &ReadyCustomer) -> String {
        format!(
            "{PASSPHRASE}\nkey={}\nsecret={}\n",
            customer.key, customer.secret
        )
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data/tradedeck")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The simulator's addresses by their configuration keys.
    pub(crate) fn addresses(&self) -> BTreeMap<String, String> {
        let ready = serde_json::to_value(&self.sim.ready).unwrap();
        let fields = ready.as_object().unwrap().iter();
        let texts = fields.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
        texts.filter(|(key, _)| key != "provider").collect()
    }

    /// What a cockpit on this machine is started with.
    pub(crate) fn setup(&self) -> Setup {
        let mut config = Config::default();
        config.providers.insert("alpaca".into(), self.addresses());
        Setup {
            config,
            paths: ConfigPaths {
                config: self.folder().join("config/tradedeck"),
                data: self.data(),
                state: self.folder().join("state/tradedeck"),
                runtime: self.folder().join("run/tradedeck"),
            },
            read_only: false,
            no_colour: false,
            store_keeper: None,
        }
    }

    /// The program with nothing of the tester's environment but this machine.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tradedeck"));
        command.env_clear().current_dir(self.folder());
        for (variable, folder) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(variable, self.folder().join(folder));
        }
        command
    }

    /// Runs a command against the simulator with `input` on stdin, off the threads that serve the simulator.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command();
        command.args(arguments);
        for (key, address) in self.addresses() {
            command
                .arg("--set")
                .arg(format!("providers.alpaca.{key}={address}"));
        }
        tokio::task::block_in_place(|| run(command, input))
    }

    /// The same with the passphrase on stdin.
    pub(crate) fn open(&self, arguments: &[&str]) -> Ended {
        let arguments = [arguments, &["--passphrase-fd", "0"]].concat();
        self.run(&arguments, PASSPHRASE)
    }
}

/// The least that a vault may cost to open in this build.
pub(crate) fn cost() -> KdfCost {
    let least = if cfg!(debug_assertions) {
        KdfCost::new(64, 1, 1)
    } else {
        KdfCost::new(64 * 1024, 3, 4)
    };
    least.unwrap()
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command, input: &str) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no secret does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
