//! Commands that open the vault themselves.

use super::machine::{Machine, PASSPHRASE, run};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use tradedeck::config::{Config, load};
use tradedeck::sim::alpaca::ReadyCustomer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_makes_a_vault_connects_and_reads_everything() {
    let machine = Machine::bare().await;
    let customer = machine.customer();
    machine.open(&["vault", "init"]).expect(0);
    let secrets = machine.secrets(&customer);
    let connect = ["connect", "alpaca", "--name", "mine", "--json"];
    let fds = ["--passphrase-fd", "0", "--secret-fd", "0"];
    let connected = machine
        .run(&[&connect[..], &fds].concat(), &secrets)
        .expect(0);
    assert_eq!(connected.items()[0]["accounts"][0], customer.account_number);

    let accounts = machine.open(&["accounts", "--json"]).expect(0).items();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["connection"], "mine");
    assert_eq!(accounts[0]["account"], customer.account_number);
    assert_eq!(accounts[0]["environment"], "paper");
    assert_eq!(accounts[0]["currency"], "USD");
    assert!(is_decimal(&accounts[0]["equity"]), "{accounts:?}");
    let positions = machine.open(&["positions", "--json"]).expect(0).items();
    assert!(!positions.is_empty());
    assert!(positions.iter().all(|it| is_decimal(&it["quantity"])));
    let orders = machine
        .open(&["orders", "--all", "--json"])
        .expect(0)
        .items();
    assert!(orders.iter().all(|it| it["provider_id"].is_string()));
    let quotes = machine
        .open(&["quotes", "aapl", "--json"])
        .expect(0)
        .items();
    assert_eq!(
        (quotes.len(), &quotes[0]["symbol"]),
        (1, &Value::from("AAPL"))
    );
    assert!(
        is_decimal(&quotes[0]["last"]) && quotes[0]["simulated"] == true,
        "{quotes:?}"
    );
    let connections = machine.open(&["connections", "--json"]).expect(0).items();
    assert_eq!(connections[0]["state"], "live");
    let status = machine.open(&["status"]).expect(0);
    assert!(
        status.out.starts_with("PAPER net ") && status.out.ends_with(" ●1\n"),
        "{status:?}"
    );
    the_doctor_finds_it_good(&machine);
    nothing_is_left_open(&machine, &customer);
}

fn the_doctor_finds_it_good(machine: &Machine) {
    let findings = machine.open(&["doctor", "--json"]).expect(0).items();
    let bad = findings.iter().filter(|it| it["verdict"] == "bad");
    assert_eq!(bad.count(), 0, "{findings:?}");
    for check in [
        "core dumps",
        "memory",
        "rights",
        "files",
        "vault",
        "backup 0",
        "anchor",
        "guesses",
        "connection mine",
    ] {
        let found = findings.iter().find(|it| it["check"] == check);
        assert_eq!(found.unwrap()["verdict"], "good", "{check}");
    }
}

fn is_decimal(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok())
}

/// No file is another user's to read, and no secret is in any of them.
fn nothing_is_left_open(machine: &Machine, customer: &ReadyCustomer) {
    let mut files = 0;
    visit(machine.folder(), &mut |path| {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        if path.is_file() {
            files += 1;
            let bytes = fs::read(path).unwrap();
            for secret in [PASSPHRASE, &customer.key, &customer.secret] {
                let found = bytes
                    .windows(secret.len())
                    .any(|it| it == secret.as_bytes());
                assert!(!found, "a secret is in {}", path.display());
            }
        }
    });
    assert!(files > 3, "the vault, its lock and the log are files");
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        look(&path);
        if path.is_dir() {
            visit(&path, look);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_fail_has_its_number() {
    let machine = Machine::bare().await;
    machine.open(&["accounts"]).expect(1);
    let long = "x".repeat(1_025);
    machine
        .run(&["vault", "init", "--passphrase-fd", "0"], &long)
        .expect(3);
    machine
        .run(&["accounts", "--passphrase-fd", "0"], "")
        .expect(3);
    machine
        .run(&["accounts", "--set", "ui.thme=x"], "")
        .expect(2);
    machine
        .run(&["accounts", "--passphrase-fd", "99"], "")
        .expect(2);
    machine
        .run(&["accounts", "--config", "none.toml"], "")
        .expect(2);
    machine.open(&["vault", "init", "--read-only"]).expect(9);

    let machine = Machine::with_vault().await;
    machine.open(&["vault", "init"]).expect(1);
    let wrong = machine
        .run(&["accounts", "--passphrase-fd", "0"], "wrong passphrase")
        .expect(3);
    assert!(wrong.err.contains("does not open"), "{wrong:?}");
    assert_eq!(machine.open(&["accounts"]).expect(0).out.lines().count(), 1);
    machine.open(&["quotes", "AAPL"]).expect(1);
    let held = machine.lock();
    let in_use = machine.open(&["accounts"]).expect(6);
    assert!(
        in_use
            .err
            .contains(&format!("process {}", std::process::id())),
        "{in_use:?}"
    );
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_in_the_configuration_is_pointed_at() {
    let machine = Machine::with_vault().await;
    let file = machine.folder().join("mine.toml");
    for (text, place, hint) in [
        ("[ui]\nthme = \"x\"\n", "line 2, column 1", "`theme`"),
        ("[ui\n", "line 1, column 4", ""),
    ] {
        fs::write(&file, text).unwrap();
        for command in ["accounts", "demo"] {
            let refused = machine.run(&[command, "--config", "mine.toml"], "");
            let refused = refused.expect(2);
            assert!(
                refused.err.contains(&format!("mine.toml, {place}")) && refused.err.contains(hint),
                "{refused:?}"
            );
        }
    }
    machine.open(&["accounts"]).expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fails_says_how() {
    let machine = Machine::with_vault().await;
    let customer = machine.customer();
    let connect = |arguments: &[&str], input: &str| {
        let start = [
            "connect",
            "alpaca",
            "--passphrase-fd",
            "0",
            "--secret-fd",
            "0",
        ];
        machine.run(&[&start[..], arguments].concat(), input)
    };
    let fields = |lines: &str| format!("{PASSPHRASE}\n{lines}\n");
    let wrong = fields(&format!("key={}\nsecret=hunter2hunter2", customer.key));
    let refused = connect(&[], &wrong).expect(7);
    assert!(!refused.err.contains("hunter2"), "{refused:?}");
    connect(&[], &fields("key=x")).expect(2);
    connect(&["--read-only"], &machine.secrets(&customer)).expect(9);
    let nobody = ["--set", "providers.alpaca.trading=http://127.0.0.1:9"];
    let unreachable = {
        let mut command = machine.command();
        command.args([
            "connect",
            "alpaca",
            "--passphrase-fd",
            "0",
            "--secret-fd",
            "0",
        ]);
        command.args(nobody);
        tokio::task::block_in_place(|| run(command, &machine.secrets(&customer)))
    };
    unreachable.expect(8);
    assert_eq!(
        machine
            .open(&["connections", "--json"])
            .expect(0)
            .items()
            .len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_no_vault_works_without_one() {
    let machine = Machine::bare().await;
    let defaults = machine.run(&["config"], "").expect(0);
    assert_eq!(load::parse(&defaults.out, &[]), Ok(Config::default()));
    for shell in ["bash", "zsh", "fish"] {
        let script = machine.run(&["completions", shell], "").expect(0).out;
        assert!(script.contains("positions"), "{shell}");
    }
    let help = machine.run(&["--help"], "").expect(0).out;
    assert!(
        help.contains("demo") && help.contains("Add an account's credentials"),
        "{help}"
    );
    assert_eq!(machine.run(&["frobnicate"], "").code, 2);
    let locked = machine.run(&["lock", "--json"], "").expect(0).items();
    assert_eq!(locked[0]["cockpit"], false);
    machine.run(&["sim", "nobody"], "").expect(2);
    assert!(!machine.data().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulator_says_where_it_is_and_ends_on_a_signal() {
    let machine = Machine::bare().await;
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = machine.command();
        command.args(["sim", "alpaca", "--port", "0", "--seed", "7"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        tokio::task::block_in_place(|| out.read_line(&mut line)).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["provider"], "alpaca");
        assert!(
            ready["trading"]
                .as_str()
                .unwrap()
                .starts_with("http://127.0.0.1:")
        );
        assert!(ready["customers"][0]["key"].is_string());
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = tokio::task::block_in_place(|| child.wait()).unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_removed_after_a_word_and_not_signed_in_to_where_it_has_keys() {
    let machine = Machine::bare().await;
    let customer = machine.customer();
    machine.open(&["vault", "init"]).expect(0);
    let connect = ["connect", "alpaca", "--name", "mine"];
    let fds = ["--passphrase-fd", "0", "--secret-fd", "0"];
    let secrets = machine.secrets(&customer);
    machine
        .run(&[&connect[..], &fds].concat(), &secrets)
        .expect(0);

    let unsaid = machine.open(&["disconnect", "mine"]).expect(2);
    assert!(unsaid.err.contains("say --yes"), "{unsaid:?}");
    let unknown = machine.open(&["disconnect", "other", "--yes"]).expect(2);
    assert!(unknown.err.contains("there are: mine"), "{unknown:?}");
    let by_keys = machine.open(&["sign-in", "mine"]).expect(1);
    assert!(
        by_keys.err.contains("not signed in to by browser"),
        "{by_keys:?}"
    );
    assert_eq!(
        machine
            .open(&["connections", "--json"])
            .expect(0)
            .items()
            .len(),
        1
    );

    let removed = machine.open(&["disconnect", "mine", "--yes"]).expect(0);
    assert_eq!(removed.out, "removed mine\n");
    assert!(
        machine
            .open(&["connections", "--json"])
            .expect(0)
            .items()
            .is_empty()
    );
}
