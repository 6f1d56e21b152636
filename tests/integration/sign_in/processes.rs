//! The program itself, twice at the same time, and killed while its tokens are renewed.

use crate::cli::machine::{CHEAP, Ended, PASSPHRASE, run};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::oauth::{AuthServer, Rotation};
use tradedeck::sim::tastytrade::{self, Host, Options, Running};

/// Another process has the vault.
const IN_USE: i32 = 6;

/// A sign-in is needed or was refused.
const SIGN_IN: i32 = 7;

/// A machine with a vault and two connections in it: one by a token of its own, which `grace` seconds after its
/// renewal still works, and one that is left alone.
struct Home {
    sim: Running,
    folder: TempDir,
}

impl Home {
    async fn new(grace: u64) -> Self {
        let home = Self {
            sim: tastytrade::start(Options::default(), Arc::new(SystemClock))
                .await
                .unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        home.auth()
            .change(|rules| rules.rotation = Rotation::Replace { grace });
        home.run(&[&["vault", "init"], CHEAP].concat(), PASSPHRASE)
            .expect(0);
        let mut logins: Vec<_> = home
            .sim
            .ready
            .customers
            .iter()
            .filter(|it| it.paper)
            .collect();
        logins.dedup_by_key(|it| it.login);
        for customer in logins {
            let words = [
                "connect",
                "tastytrade",
                "--name",
                customer.login,
                "--way",
                "token",
            ];
            let secrets = format!(
                "{PASSPHRASE}\nclient_secret={}\nrefresh_token={}\n",
                customer.client_secret, customer.refresh_token
            );
            home.run(&[&words[..], &["--secret-fd", "0"]].concat(), &secrets)
                .expect(0);
        }
        home
    }

    fn auth(&self) -> &AuthServer {
        self.sim.simulator.auth(Host::Sandbox)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tradedeck"));
        command
            .env_clear()
            .args(words)
            .args(["--passphrase-fd", "0"]);
        let at = |name: &str| self.folder.path().join(name);
        for (variable, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(variable, at(folder));
        }
        let ready = serde_json::to_value(&self.sim.ready).unwrap();
        for (key, address) in ready.as_object().unwrap() {
            if let Some(address) = address.as_str().filter(|_| key != "provider") {
                command
                    .arg("--set")
                    .arg(format!("providers.tastytrade.{key}={address}"));
            }
        }
        command
    }

    fn run(&self, words: &[&str], input: &str) -> Ended {
        tokio::task::block_in_place(|| run(self.command(words), input))
    }

    /// Reads accounts as soon as no other process has the vault.
    fn accounts_in_turn(&self) -> Ended {
        loop {
            let ended = run(
                self.command(&["accounts", "--json"]),
                &format!("{PASSPHRASE}\n"),
            );
            if ended.code != IN_USE {
                return ended;
            }
        }
    }

    /// Kills the program a moment after the provider has given it new tokens.
    fn kill_after_renewal(&self, later: Duration) {
        let before = self.auth().counts().refreshes;
        let mut command = self.command(&["accounts", "--json"]);
        let passphrase = format!("{PASSPHRASE}\n");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), passphrase.as_bytes()).unwrap();
        while self.auth().counts().refreshes == before {
            assert_eq!(
                child.try_wait().unwrap(),
                None,
                "it ended without a renewal"
            );
            std::thread::yield_now();
        }
        // Waits for nothing: it is the chance moment.
        std::thread::sleep(later);
        child.kill().unwrap();
        child.wait().unwrap();
        self.wait_for_the_store();
    }

    /// Whoever opens the store for the one that was killed finishes what it was told.
    fn wait_for_the_store(&self) {
        let lock: &Path = &self.folder.path().join("data/tradedeck/lock");
        std::fs::File::open(lock).unwrap().lock().unwrap();
    }
}

/// Two processes at the moment of every renewal; within one, a hundred calls at once are tried beside `auth::bearer`.
async fn storm(rounds: u64) {
    let home = Home::new(0).await;
    let connected = home.auth().counts();
    for round in 1..=rounds {
        home.auth().expire_access();
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let one = || scope.spawn(|| home.accounts_in_turn().code);
                for ended in [one(), one()] {
                    assert_eq!(ended.join().unwrap(), 0, "round {round}");
                }
            });
        });
        let counts = home.auth().counts();
        // Two connections, each renewed once.
        assert_eq!(counts.refreshes, connected.refreshes + 2 * round);
        assert_eq!((counts.invalid_grants, counts.refresh_reuses), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refresh_storm() {
    storm(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the full count: minutes"]
async fn refresh_storm_full() {
    storm(200).await;
}

/// Killed between the provider's answer and the sealed token: with a provider that lets the old one work for a while
/// nothing is lost, with another the person signs in again; either way the connection is kept, and the other untouched.
/// Returns how many of the kills cost a sign-in.
async fn crash(kills: u64, grace: u64) -> u64 {
    let mut lost = 0;
    let mut random = fastrand::Rng::with_seed(5);
    let mut home = Home::new(grace).await;
    for _ in 0..kills {
        home.auth().expire_access();
        let later = Duration::from_micros(random.u64(0..20_000));
        tokio::task::block_in_place(|| home.kill_after_renewal(later));
        let ended = tokio::task::block_in_place(|| home.accounts_in_turn());
        let connections = home
            .run(&["connections", "--json"], &format!("{PASSPHRASE}\n"))
            .expect(0)
            .items();
        assert_eq!(connections.len(), 2, "both are kept");
        let needs = connections
            .iter()
            .filter(|it| it["state"] == "needs_sign_in")
            .count();
        match ended.code {
            0 if needs == 0 => {}
            0 | SIGN_IN if grace == 0 && needs > 0 => {
                lost += 1;
                home = Home::new(grace).await; // the person signs in again
            }
            other => panic!("ended with {other}, {needs} want a sign-in: {}", ended.err),
        }
    }
    assert!(grace == 0 || lost == 0);
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refresh_crash() {
    crash(2, 600).await;
    crash(2, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the full count: minutes"]
async fn refresh_crash_full() {
    let (with_grace, without) = (crash(250, 600).await, crash(250, 0).await);
    println!("250 kills with grace cost {with_grace} sign-ins, 250 without cost {without}");
}
