//! The pages of the vault, and the ways in for the worst day.

use super::picture::{Screen, compare, pictures_after};
use super::world;
use std::time::Duration;
use tradedeck::domain::Environment;
use tradedeck::link::vault::{
    AnchorFacts, BackupContent, BackupFacts, CheckFacts, Cipher, FindingFacts, RevokeFacts,
    Revoked, RotatedFacts, ShutFacts, SlotFacts, SlotRole, VaultFacts,
};
use tradedeck::link::{VaultAnswer, VaultStatus, VaultTrouble};
use tradedeck::ui::overlays::Layer;
use tradedeck::ui::overlays::vault::recovery_code::RecoveryCode;

fn slot(id: u8, role: SlotRole, label: &str) -> SlotFacts {
    SlotFacts {
        id,
        role,
        label: label.into(),
        key_file: id == 3,
        is_own: id == 1,
        memory_mib: if role == SlotRole::Recovery {
            64
        } else {
            1_024
        },
        passes: 3,
        lanes: 4,
    }
}

fn backup(which: u8, hours: u64, epoch: u32) -> BackupFacts {
    BackupFacts {
        which,
        found: Ok(BackupContent {
            made: world::now().minus(Duration::from_secs(hours * 3_600)),
            generation: 11,
            epoch,
            records: 3,
        }),
    }
}

fn open(role: SlotRole) -> Option<VaultAnswer> {
    Some(VaultAnswer::Open(Box::new(VaultFacts {
        cipher: Cipher::XChaCha20Poly1305,
        generation: 12,
        epoch: 2,
        records: 3,
        role,
        slots: vec![
            slot(1, role, ""),
            slot(2, SlotRole::Recovery, "recovery code"),
            slot(3, SlotRole::Viewer, "alice"),
        ],
        backups: vec![backup(1, 3, 2), backup(0, 30, 1)],
        anchor: AnchorFacts::Kept,
    })))
}

fn shown(name: &str, steps: &[(Option<VaultAnswer>, &str)]) {
    pictures_after(name, &Screen::new(), Layer::Vault, steps);
}

fn trader(name: &str, keys: &str) {
    shown(name, &[(open(SlotRole::Trader), keys)]);
}

#[test]
fn what_the_vault_is() {
    shown("vault_waiting", &[]);
    trader("vault", "<down>");
    shown("vault_viewer", &[(open(SlotRole::Viewer), "")]);
    let done = VaultAnswer::Done {
        what: "a viewer was added".into(),
        warning: None,
    };
    shown(
        "vault_done",
        &[(open(SlotRole::Trader), ""), (Some(done), "")],
    );
}

#[test]
fn what_can_be_done_with_it() {
    trader(
        "vault_passphrase",
        "pold one<tab>correct horse battery<tab>corr",
    );
    trader("vault_add", "a<tab>bob<tab>short<enter>short<enter>");
    trader("vault_discard", "a<tab>bob<esc>");
    trader("vault_remove", "<down><down>x");
    trader("vault_code", "n");
    trader("vault_rotate", "r");
    trader("vault_rotating", "rold one<enter>");
    trader("vault_compromised", "!old one<enter>");
    let refused = VaultAnswer::Refused {
        why: "that passphrase does not open this vault".into(),
    };
    let steps = [
        (open(SlotRole::Trader), "rold one<enter>"),
        (Some(refused), ""),
        (open(SlotRole::Trader), ""),
    ];
    shown("vault_rotate_refused", &steps);
}

#[test]
fn what_came_of_it() {
    let finding = |part: &str, is_damage, says: &str| FindingFacts {
        part: part.into(),
        is_damage,
        says: says.into(),
    };
    let damaged = "a copy of the header is missing or broken; the next change writes it anew";
    let checked = |findings| {
        Some(VaultAnswer::Checked(Box::new(CheckFacts {
            records: 3,
            sealed: 0,
            backups: 1,
            findings,
        })))
    };
    let findings = vec![
        finding("header", true, damaged),
        finding("backups", false, "there is no backup"),
    ];
    let opened = || (open(SlotRole::Trader), "c");
    shown("vault_check_well", &[opened(), (checked(vec![]), "")]);
    shown("vault_check", &[opened(), (checked(findings), "")]);
    let revoke = |name: &str, environment, revoked| RevokeFacts {
        connection: name.into(),
        provider: "alpaca".into(),
        environment,
        revoked,
        place: "app.alpaca.markets, then API Keys".into(),
    };
    let nothing = Revoked::Nothing {
        why: "no answer within 10 s".into(),
    };
    let rotated = |revoke| {
        Some(VaultAnswer::Rotated(Box::new(RotatedFacts {
            dropped: vec![slot(3, SlotRole::Viewer, "alice")],
            revoke,
            warnings: vec!["the vault could not be backed up: the disk is nearly full".into()],
        })))
    };
    shown("vault_rotated", &[opened(), (rotated(None), "")]);
    let list = vec![
        revoke("deck", Environment::Paper, Revoked::Tokens),
        revoke("deck-live", Environment::Live, nothing),
    ];
    shown("vault_revoke", &[opened(), (rotated(Some(list)), "")]);
}

#[test]
fn a_recovery_code() {
    let groups = "A3EF-SG5Z-5P1P-1NRK-4QVJ-JHT1-75FQ-ZW0K-BK7S-848D-GHR3-2HH5-4180-J";
    let overlay = RecoveryCode::new(groups.to_owned().into(), world::now());
    compare("recovery_code", &Screen::new(), &overlay, world::now());
}

#[test]
fn the_worst_day() {
    let locked = VaultStatus::Locked {
        failures: 0,
        wait_until: None,
        problem: None,
    };
    let screen = |vault: VaultStatus| Screen::with(|replica| replica.vault = Some(vault));
    let steps = [(None, "<ctrl-r>a3ef sg5z<tab>correct horse battery")];
    pictures_after("recover", &screen(locked.clone()), Layer::Unlock, &steps);
    let steps = [(None, "abc<ctrl-f>/media/key")];
    pictures_after("locked_key_file", &screen(locked), Layer::Unlock, &steps);
    let shut = |is_doubted| {
        Some(VaultAnswer::Shut(ShutFacts {
            backups: vec![backup(1, 3, 2), backup(0, 30, 1)],
            is_doubted,
            knows_key_files: true,
        }))
    };
    let gone = screen(VaultStatus::Absent);
    pictures_after(
        "restore_gone",
        &gone,
        Layer::Unlock,
        &[(shut(false), "abc")],
    );
    let older = "the vault is older than this machine remembers (generation 41 < 57): restored from a backup, or damaged?";
    let older = screen(VaultStatus::Broken {
        kind: VaultTrouble::Damaged,
        problem: older.into(),
    });
    let refused = VaultAnswer::Refused {
        why: "that passphrase does not open this vault".into(),
    };
    let steps = [(shut(true), "<up><left>"), (Some(refused), "")];
    pictures_after("restore_doubted", &older, Layer::Unlock, &steps);
}
