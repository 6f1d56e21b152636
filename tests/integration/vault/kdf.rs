//! What a guess at a passphrase costs: in the program that people run never less than the floor, on this machine about a
//! second, and never as much as a header may ask for that somebody else wrote.

use std::env;
use std::process::Command;
use std::time::Duration;

use super::home::*;
use super::lock2::now;
use super::program::{Program, refusal};
use tradedeck::vault::{NewSlot, Opener, Role};

/// MiB, passes, lanes: RFC 9106 section 4, second choice.
const FLOOR: (u32, u32, u32) = (64, 3, 4);

/// Where the cost of the first slot is in a header.
const MEMORY: usize = 8 + 2 + 2 + 16 + 1 + 4 + 8 + 1 + 5;
const PASSES: usize = MEMORY + 4;

/// 64 GiB; a billion passes; more of both than any machine has.
const HOSTILE: [&[(usize, u32)]; 3] = [
    &[(MEMORY, 64 << 20)],
    &[(PASSES, 1_000_000_000)],
    &[(MEMORY, u32::MAX), (PASSES, u32::MAX)],
];

fn hostile(asks: &[(usize, u32)]) -> Home {
    let home = Home::scratch();
    home.thaw(FROZEN);
    home.alter_headers(|header| {
        for &(at, value) in asks {
            header[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
    });
    home
}

fn is_refused(home: &Home) -> bool {
    matches!(home.open().err(), Some(VaultError::HostileCost { .. }))
}

const OPENS: &str = "TRADEDECK_TEST_OPENS_HOSTILE";

/// Not a test of its own: opens a vault and says how much memory it had in use at most, in KiB.
#[test]
fn child() {
    let Some(root) = env::var_os(OPENS) else {
        return;
    };
    assert!(is_refused(&Home::below(PathBuf::from(root))));
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    note(&format!("peak {}", peak.unwrap().trim()));
}

/// In a process of its own: at most so many KiB.
fn peak_of_opening(home: &Home) -> u64 {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "vault::kdf::child", "--nocapture"]);
    let output = command.env(OPENS, home.root()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let (_, peak) = said.split_once("peak ").unwrap();
    let (peak, _) = peak.split_once(" kB").unwrap();
    peak.parse().unwrap()
}

/// Refused before anything is spent: in a process that has 2 GiB of addresses, and that has used little memory.
#[test]
fn kdf_policy() {
    for asks in HOSTILE {
        let home = hostile(asks);
        let before = files_below(&home.store());
        let peak = peak_of_opening(&home);
        note(&format!("{asks:?}: {peak} KiB of memory at most"));
        assert!(peak < 100 << 10, "{peak} KiB");
        let mut program = Program::of(&home, &["vault", "unlock"]);
        program.before = "ulimit -v 2097152";
        let (code, told) = refusal(&program.run());
        assert_eq!(code, Some(4), "{told}");
        assert!(told.contains("more work than any honest one"), "{told}");
        assert!(files_below(&home.store()) == before, "it was left alone");
    }
}

#[test]
fn kdf_policy_knows_no_cost_beyond_all_measure() {
    for (memory_kib, passes, lanes) in [
        ((4 << 20) + 1, 3, 4),
        (64 << 10, 65, 4),
        (64 << 10, 3, 65),
        (64 << 20, 3, 4),
        (64 << 10, 1_000_000_000, 4),
    ] {
        let refused = KdfCost::new(memory_kib, passes, lanes);
        assert!(matches!(refused, Err(VaultError::CostNotAllowed)));
    }
    assert!(KdfCost::new(64 << 10, 3, 4).is_ok());
    let usual = KdfCost::default();
    let usual = (usual.memory_mib(), usual.passes(), usual.lanes());
    assert_eq!(usual, (256, 3, 4));
}

fn is_at_least_the_floor(cost: KdfCost) -> bool {
    cost.memory_mib() >= FLOOR.0 && cost.passes() >= FLOOR.1 && cost.lanes() >= FLOOR.2
}

#[track_caller]
fn expect_no_cheap_slot(vault: &Vault, slots: usize) {
    let found = vault.slots();
    assert_eq!(found.len(), slots);
    for slot in found {
        assert!(is_at_least_the_floor(slot.cost), "{slot:?}");
    }
}

/// A vault that the program makes, with what it makes of this machine.
fn made_by_the_program() -> Home {
    let home = Home::empty();
    let mut refused = Program::of(&home, &["vault", "init", "--cost-kib", "64"]);
    refused.input = format!("{RIGHT}\n");
    assert_eq!(
        refused.run().status.code(),
        Some(2),
        "there is no such option"
    );
    assert!(!vault::exists(&home.folder));
    let made = Program::of(&home, &["vault", "init"]).run();
    assert!(made.status.success(), "{made:?}");
    home
}

/// Whatever is done to it, no slot of a vault is cheap to guess at, and one that was is raised.
fn expect_no_cheap_slots() {
    for (memory_kib, passes, lanes) in [
        ((64 << 10) - 1, 3, 4),
        (64 << 10, 2, 4),
        (64 << 10, 3, 3),
        (8, 1, 1),
    ] {
        let refused = KdfCost::new(memory_kib, passes, lanes);
        assert!(matches!(refused, Err(VaultError::CostNotAllowed)));
    }
    let home = made_by_the_program();
    let mut vault = home.unlocked();
    expect_no_cheap_slot(&vault, 2);
    let (owner, alice) = (passphrase(RIGHT), passphrase("alice"));
    let viewer = NewSlot {
        role: Role::Viewer,
        label: "alice",
        opener: Opener::from(&alice),
        cost: cost(),
    };
    vault.add_slot(&viewer).unwrap();
    let changed = vault.change_passphrase(&owner, &alice, cost());
    changed.unwrap_or_else(|why| panic!("{why}"));
    expect_no_cheap_slot(&vault, 3);
    vault
        .rotate(vault.suite(), &alice)
        .unwrap_or_else(|why| panic!("{why}"));
    expect_no_cheap_slot(&vault, 2);
    let old = Home::scratch();
    old.thaw(FROZEN);
    expect_no_cheap_slot(&old.unlocked(), 1);
    expect_no_cheap_slot(&old.unlocked(), 1);
}

/// How long each of so many tries takes, the fastest first.
fn times(tries: u32, mut act: impl FnMut()) -> Vec<Duration> {
    let tries = (0..tries).map(|_| {
        let began = now();
        act();
        now() - began
    });
    let mut times: Vec<Duration> = tries.collect();
    times.sort();
    times
}

/// Whether nobody else had much to do in the last minute.
fn is_idle() -> bool {
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    let (load, _) = load.split_once(' ').unwrap();
    note(&format!("load {load}"));
    load.parse::<f32>().unwrap() < 0.7
}

fn expect_about_a_second(what: &str, times: &[Duration]) {
    note(&format!("{what}: {times:?}"));
    let (fastest, slowest) = (times[0], *times.last().unwrap());
    assert!(fastest >= Duration::from_millis(500), "{what}: {fastest:?}");
    let most = if is_idle() { 1_500 } else { 3_000 };
    assert!(
        slowest <= Duration::from_millis(most),
        "{what}: {slowest:?}"
    );
}

fn expect_unlocks_in_about_a_second() {
    let home = made_by_the_program();
    let shown = home.unlocked().slots()[0].cost;
    note(&format!("measured for this machine: {shown:?}"));
    let unlock = || assert!(home.unlock().is_ok());
    expect_about_a_second("a vault of this machine", &times(5, unlock));
    let usual = Home::empty();
    let made = Vault::create(usual.lock(), &passphrase(RIGHT), KdfCost::default());
    drop(opened(made));
    let unlock = || assert!(usual.unlock().is_ok());
    expect_about_a_second("the cost that is usual", &times(5, unlock));
}

fn expect_hostile_headers_refused_at_once() {
    for asks in HOSTILE {
        let home = hostile(asks);
        let opening = times(50, || assert!(is_refused(&home)));
        let program = times(50, || {
            let told = refusal(&Program::of(&home, &["vault", "unlock"]).run());
            assert_eq!(told.0, Some(4));
        });
        let peak = peak_of_opening(&home);
        let (library, whole) = (opening[49], program[49]);
        note(&format!(
            "{asks:?}: refused in {library:?} at most, by the program in {whole:?}, {peak} KiB"
        ));
        assert!(library < Duration::from_millis(50), "{library:?}");
        assert!(program[25] < Duration::from_millis(50), "{program:?}");
        assert!(peak < 100 << 10, "{peak} KiB");
    }
}

#[test]
#[ignore = "measures time, and is about the program as people have it: cargo test --release, on an idle machine"]
fn kdf_policy_full() {
    if cfg!(debug_assertions) {
        note("skipped: only a release build keeps to the floor");
        return;
    }
    expect_hostile_headers_refused_at_once();
    expect_no_cheap_slots();
    expect_unlocks_in_about_a_second();
}
