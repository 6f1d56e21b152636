//! The vault's door: keys in, what is asked for and what is shown.

use super::*;
use crate::link::VaultRole;
use crate::link::vault::{BackupContent, BackupFacts};
use crate::ui::overlays::tests::stage::Stage;

const SMALL: (u16, u16) = (80, 24);

fn stage(vault: VaultStatus) -> (Stage, Unlock) {
    let mut stage = Stage::new();
    stage.replica.vault = Some(vault);
    let unlock = Unlock::new(&stage.context());
    (stage, unlock)
}

fn locked(failures: u32, problem: Option<&str>) -> VaultStatus {
    VaultStatus::Locked {
        failures,
        wait_until: None,
        problem: problem.map(Into::into),
    }
}

#[test]
fn a_first_start_offers_a_vault_or_the_simulation() {
    let (mut stage, mut unlock) = stage(VaultStatus::Absent);
    let shown = stage.shown(&unlock, SMALL);
    assert!(shown.contains("▌ Make a vault"), "{shown}");
    assert_eq!(stage.press(&mut unlock, "<down><enter>"), ["look around"]);
    assert_eq!(stage.press(&mut unlock, "<up><enter>"), [""; 0]);
    assert!(stage.shown(&unlock, SMALL).contains("Once more"));
    assert_eq!(stage.press(&mut unlock, "<esc><esc>"), ["close"]);
    assert_eq!(stage.press(&mut unlock, "<ctrl-c>"), ["run quit"]);
}

#[test]
fn a_vault_is_made_from_a_passphrase_typed_twice() {
    let cases: [(&str, &[&str], &str); 4] = [
        (
            "<enter>short<enter>short<enter>",
            &[],
            "at least 8 characters",
        ),
        (
            "<enter>long enough<enter>long enoug<enter>",
            &[],
            "the two differ",
        ),
        ("<enter>long enough<enter><enter>", &[], "the two differ"),
        (
            "<enter>long enough<enter>long enough<enter>",
            &["create vault"],
            "deriving the key",
        ),
    ];
    for (keys, asked, shows) in cases {
        let (mut stage, mut unlock) = stage(VaultStatus::Absent);
        assert_eq!(stage.press(&mut unlock, keys), asked, "{keys}");
        let shown = stage.shown(&unlock, SMALL);
        assert!(shown.contains(shows), "{keys}: {shown}");
        assert!(!shown.contains("enoug"), "the passphrase is shown: {shown}");
    }
}

#[test]
fn a_passphrase_opens_and_a_wrong_one_is_told() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    assert!(stage.shown(&unlock, SMALL).contains("The vault is locked."));
    assert_eq!(stage.press(&mut unlock, "<enter>"), [""; 0]);
    assert!(stage.shown(&unlock, SMALL).contains("type the passphrase"));
    assert_eq!(stage.press(&mut unlock, "wrong<enter>"), ["unlock"]);
    assert_eq!(unlock.next_change_ms(&stage.context()), Some(TURN_MS));
    assert_eq!(stage.press(&mut unlock, "typed ahead"), [""; 0]);
    stage.replica.vault = Some(VaultStatus::Unlocking);
    assert_eq!(stage.changed(&mut unlock), [""; 0]);
    assert!(stage.shown(&unlock, SMALL).contains("deriving the key"));
    stage.replica.vault = Some(locked(2, Some("that passphrase does not open this vault")));
    assert_eq!(stage.changed(&mut unlock), ["describe"]);
    let shown = stage.shown(&unlock, SMALL);
    assert!(
        shown.contains("does not open this vault (2 wrong so far)"),
        "{shown}"
    );
    assert!(!shown.contains('•'), "{shown}");
    assert_eq!(stage.press(&mut unlock, "right<enter>"), ["unlock"]);
    stage.replica.vault = Some(VaultStatus::Open {
        failures: 2,
        role: VaultRole::Trader,
    });
    assert_eq!(
        stage.changed(&mut unlock),
        [
            "Warn: before this one, 2 wrong passphrases were tried",
            "close"
        ]
    );
}

#[test]
fn an_opened_vault_closes_the_door_quietly() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    stage.replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    });
    assert_eq!(stage.changed(&mut unlock), ["close"]);
}

#[test]
fn while_the_vault_waits_nothing_is_sent_and_what_is_typed_stays() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    stage.replica.vault = Some(VaultStatus::Locked {
        failures: 5,
        wait_until: Some(stage.now.plus(Duration::from_secs(20))),
        problem: None,
    });
    assert_eq!(stage.press(&mut unlock, "right<enter>"), [""; 0]);
    let shown = stage.shown(&unlock, SMALL);
    assert!(
        shown.contains("next attempt in 0:14") && shown.contains("•••••"),
        "{shown}"
    );
    assert_eq!(unlock.next_change_ms(&stage.context()), Some(1_000));
    stage.now = stage.now.plus(Duration::from_secs(14));
    assert_eq!(unlock.next_change_ms(&stage.context()), None);
    assert_eq!(stage.press(&mut unlock, "<enter>"), ["unlock"]);
}

#[test]
fn a_typed_passphrase_is_not_lost_without_asking() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    assert_eq!(stage.press(&mut unlock, "abc<esc>"), [""; 0]);
    assert!(
        stage
            .shown(&unlock, SMALL)
            .contains("discard what you typed?")
    );
    assert_eq!(stage.press(&mut unlock, "y"), [""; 0]);
    assert!(!stage.shown(&unlock, SMALL).contains('•'));
}

#[test]
fn esc_does_not_uncover_what_was_locked_away() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    assert_eq!(stage.press(&mut unlock, "<esc>"), [""; 0]);
    stage.replica.vault = Some(VaultStatus::Unlocking);
    assert_eq!(stage.press(&mut unlock, "<esc>"), [""; 0]);
}

#[test]
fn a_broken_vault_says_why_and_takes_nothing() {
    let (mut stage, mut unlock) = stage(VaultStatus::Broken {
        kind: crate::link::VaultTrouble::Damaged,
        problem: "the header is damaged; restore vault.bak.0".into(),
    });
    let shown = stage.shown(&unlock, SMALL);
    assert!(shown.contains("restore vault.bak.0"), "{shown}");
    assert_eq!(stage.press(&mut unlock, "abc<enter>"), [""; 0]);
    assert_eq!(stage.press(&mut unlock, "<esc>"), [""; 0]);
    assert_eq!(stage.press(&mut unlock, "<ctrl-c>"), ["run quit"]);
}

#[test]
fn a_paste_fills_the_passphrase_and_does_not_send_it() {
    let (mut stage, mut unlock) = stage(locked(0, None));
    assert!(unlock.paste(&stage.context(), "pasted\n").is_empty());
    assert!(stage.shown(&unlock, SMALL).contains("••••••"));
    assert_eq!(stage.press(&mut unlock, "<enter>"), ["unlock"]);
}

fn shut(is_doubted: bool) -> VaultAnswer {
    let made = crate::domain::Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
    VaultAnswer::Shut(ShutFacts {
        backups: vec![
            BackupFacts {
                which: 1,
                found: Ok(BackupContent {
                    made,
                    generation: 9,
                    epoch: 1,
                    records: 2,
                }),
            },
            BackupFacts {
                which: 0,
                found: Err("the backup is damaged".into()),
            },
        ],
        is_doubted,
        knows_key_files: false,
    })
}

fn broken(kind: VaultTrouble) -> VaultStatus {
    VaultStatus::Broken {
        kind,
        problem: "it is damaged".into(),
    }
}

#[test]
fn the_recovery_code_and_a_new_passphrase_open_the_vault() {
    let cases: [(&str, &[&str]); 4] = [
        ("<ctrl-r><enter>", &[]),
        (
            "<ctrl-r>a3ef<tab>long enough<tab>long enough<enter>",
            &["recover"],
        ),
        ("<ctrl-r>a3ef<tab>long enough<tab>long enoug<enter>", &[]),
        ("abc<ctrl-f>/media/key<enter>", &["unlock with /media/key"]),
    ];
    for (keys, asked) in cases {
        let (mut stage, mut unlock) = stage(locked(0, None));
        assert_eq!(stage.press(&mut unlock, keys), asked, "{keys}");
    }
    let (mut stage, mut unlock) = stage(locked(0, None));
    stage.press(
        &mut unlock,
        "<ctrl-r>a3ef<tab>long enough<tab>long enough<enter>",
    );
    let why = "that is not a recovery code";
    let refused = VaultAnswer::Refused { why: why.into() };
    unlock.answered(&stage.context(), &refused);
    let shown = stage.shown(&unlock, SMALL);
    assert!(
        shown.contains(why) && shown.contains("a3ef") && !shown.contains('•'),
        "{shown}"
    );
    assert_eq!(stage.press(&mut unlock, "<esc>y"), [""; 0]);
    assert!(stage.shown(&unlock, SMALL).contains("The vault is locked."));
}

#[test]
fn a_vault_that_is_gone_or_damaged_is_restored_from_a_sound_backup() {
    let cases = [
        (VaultStatus::Absent, false, "secret<enter>", "restore 1"),
        (
            broken(VaultTrouble::Damaged),
            false,
            "secret<enter>",
            "restore 1",
        ),
        (
            broken(VaultTrouble::Damaged),
            true,
            "<up><left><tab>secret<enter>",
            "accept older",
        ),
        (
            broken(VaultTrouble::Damaged),
            true,
            "secret<tab>/key<enter>",
            "restore 1 with /key",
        ),
    ];
    for (vault, is_doubted, keys, asked) in cases {
        let (mut stage, mut unlock) = stage(vault);
        assert_eq!(stage.changed(&mut unlock), ["describe"]);
        assert_eq!(stage.changed(&mut unlock), [""; 0]);
        // One from before the vault was in doubt may arrive late.
        unlock.answered(&stage.context(), &shut(false));
        unlock.answered(&stage.context(), &shut(is_doubted));
        assert!(stage.shown(&unlock, SMALL).contains("2026-11-23 12:00"));
        assert_eq!(stage.press(&mut unlock, keys), [asked]);
    }
}

#[test]
fn a_backup_does_not_help_against_a_newer_format_or_a_full_disk() {
    for kind in [VaultTrouble::Newer, VaultTrouble::Machine] {
        let (mut stage, mut unlock) = stage(broken(kind));
        unlock.answered(&stage.context(), &shut(false));
        assert_eq!(stage.press(&mut unlock, "secret<enter>"), [""; 0]);
    }
}

#[test]
fn an_attempt_that_ends_as_it_began_can_be_made_again() {
    let same = || {
        locked(
            0,
            Some("this vault needs 1024 MiB of memory to open, 310 MiB are free"),
        )
    };
    let (mut stage, mut unlock) = stage(same());
    assert_eq!(stage.press(&mut unlock, "secret<enter>"), ["unlock"]);
    stage.replica.vault = Some(VaultStatus::Unlocking);
    stage.changed(&mut unlock);
    stage.replica.vault = Some(same());
    stage.changed(&mut unlock);
    assert_eq!(stage.press(&mut unlock, "secret<enter>"), ["unlock"]);
}

#[test]
fn no_screen_is_too_small_to_draw_on() {
    for vault in [
        VaultStatus::Absent,
        locked(3, Some("no")),
        VaultStatus::Broken {
            kind: crate::link::VaultTrouble::Damaged,
            problem: "x".into(),
        },
    ] {
        let (mut stage, mut unlock) = stage(vault);
        stage.press(&mut unlock, "<enter>abc");
        for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16)] {
            stage.shown(&unlock, size);
            unlock.cursor(&stage.context(), Rect::new(0, 0, size.0, size.1));
        }
    }
}
