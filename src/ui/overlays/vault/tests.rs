//! The vault's pages: keys in, what is asked for and what is shown.

use super::*;
use crate::link::vault::{AnchorFacts, Cipher};
use crate::ui::overlays::tests::stage::Stage;

const SMALL: (u16, u16) = (80, 24);

fn slot(id: u8, role: SlotRole, key_file: bool) -> SlotFacts {
    SlotFacts {
        id,
        role,
        label: "".into(),
        key_file,
        is_own: id == 1,
        memory_mib: 64,
        passes: 3,
        lanes: 4,
    }
}

fn open(role: SlotRole, key_file: bool) -> (Stage, VaultRoom) {
    let stage = Stage::new();
    let mut room = VaultRoom::new();
    let facts = VaultFacts {
        cipher: Cipher::Aes256,
        generation: 3,
        epoch: 1,
        records: 0,
        role,
        slots: vec![slot(1, role, key_file), slot(2, SlotRole::Viewer, false)],
        backups: vec![],
        anchor: AnchorFacts::None,
    };
    room.answered(&stage.context(), &VaultAnswer::Open(Box::new(facts)));
    (stage, room)
}

#[test]
fn keys_ask_for_what_they_say() {
    let cases: [(&str, &[&str]); 12] = [
        ("b", &["back up"]),
        ("c", &["check"]),
        (
            "pold<tab>long enough<tab>long enough<enter>",
            &["change passphrase"],
        ),
        ("pold<tab>long enough<tab>long enoug<enter>", &[]),
        (
            "a<right><tab>bob<tab>long enough<tab>long enough<enter>",
            &["add trader bob"],
        ),
        ("rold<enter>", &["rotate to AES-256 (XAES-256-GCM)"]),
        ("r<enter>", &[]),
        ("!old<enter>", &[]),
        ("!old<enter>y", &["compromised"]),
        ("!old<enter><enter>", &[]),
        ("<down>xy", &["remove slot 2"]),
        ("ny", &["renew code"]),
    ];
    for (keys, asked) in cases {
        let (mut stage, mut room) = open(SlotRole::Trader, false);
        assert_eq!(stage.press(&mut room, keys), asked, "{keys}");
        assert!(!stage.shown(&room, SMALL).contains("long enough"), "{keys}");
    }
}

#[test]
fn a_viewer_may_back_up_and_check_and_sees_nothing_else() {
    let (mut stage, mut room) = open(SlotRole::Viewer, false);
    for key in ["p", "a", "x", "r", "n", "!"] {
        assert_eq!(stage.press(&mut room, key), [""; 0], "{key}");
        let shown = stage.shown(&room, SMALL);
        assert!(
            shown.contains("back up now") && !shown.contains("change keys"),
            "{shown}"
        );
    }
    assert_eq!(stage.press(&mut room, "b"), ["back up"]);
}

#[test]
fn esc_asks_before_anything_typed_is_lost_and_says_no_to_questions() {
    let (mut stage, mut room) = open(SlotRole::Trader, false);
    assert_eq!(stage.press(&mut room, "a<tab>bob<esc>"), [""; 0]);
    assert!(
        stage
            .shown(&room, SMALL)
            .contains("discard what you typed?")
    );
    stage.press(&mut room, "n");
    assert!(stage.shown(&room, SMALL).contains("bob"));
    stage.press(&mut room, "<esc>y");
    assert!(stage.shown(&room, SMALL).contains("slot  opens as"));
    stage.press(&mut room, "x<esc>");
    assert!(stage.shown(&room, SMALL).contains("slot  opens as"));
    assert_eq!(stage.press(&mut room, "<esc>"), ["close"]);
}

#[test]
fn a_slot_with_a_key_file_is_asked_for_it() {
    let (mut stage, mut room) = open(SlotRole::Trader, true);
    assert_eq!(stage.press(&mut room, "rold<enter>"), [""; 0]);
    assert!(stage.shown(&room, SMALL).contains("▌ Key file now"));
    let asked = stage.press(&mut room, "/media/key<enter>");
    assert_eq!(asked, ["rotate to AES-256 (XAES-256-GCM)"]);
}

#[test]
fn a_refusal_comes_back_to_the_form_without_its_secrets() {
    let (mut stage, mut room) = open(SlotRole::Trader, false);
    stage.press(
        &mut room,
        "a<tab>bob<tab>long enough<tab>long enough<enter>",
    );
    assert_eq!(room.next_change_ms(&stage.context()), Some(TURN_MS));
    assert_eq!(stage.press(&mut room, "ignored"), [""; 0]);
    let why = "a vault has at most 8 slots; remove one first";
    let refused = VaultAnswer::Refused { why: why.into() };
    room.answered(&stage.context(), &refused);
    let shown = stage.shown(&room, SMALL);
    assert!(
        shown.contains(why) && shown.contains("bob") && !shown.contains('•'),
        "{shown}"
    );
    assert_eq!(room.next_change_ms(&stage.context()), None);
}

#[test]
fn no_screen_is_too_small_to_draw_on() {
    for keys in ["", "p", "a<tab>abc", "r", "x", "!abc<enter>", "c"] {
        let (mut stage, mut room) = open(SlotRole::Trader, true);
        stage.press(&mut room, keys);
        for size in [(0, 0), (1, 1), (4, 3), (20, 6), (60, 16)] {
            stage.shown(&room, size);
            room.cursor(&stage.context(), Rect::new(0, 0, size.0, size.1));
        }
    }
}
