//! Headers that are not as they were written.

use super::home::*;

#[test]
fn one_broken_header_is_read_from_its_copy_and_mended() {
    for copy in [&b"hdr/A"[..], b"hdr/B"] {
        let home = Home::with_records();
        let whole = home.rows()[copy].clone();
        let mut broken = whole.clone();
        broken[20] ^= 1;
        home.write(copy, &broken);
        let mut vault = home.unlocked();
        assert!(holds(&vault, 1, "first"));
        vault.put(&name(1), &secret(1, "second")).unwrap();
        drop(vault);
        assert_eq!(home.rows()[copy], whole);
    }
}

#[test]
fn two_broken_headers_are_damage_before_any_guess() {
    let home = Home::with_records();
    for copy in [&b"hdr/A"[..], b"hdr/B"] {
        let mut broken = home.rows()[copy].clone();
        broken[20] ^= 1;
        home.write(copy, &broken);
    }
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Headers))
    ));
}

#[test]
fn headers_removed_cut_or_lengthened_are_damage() {
    let changes: [fn(&mut Vec<u8>); 3] = [
        Vec::clear,
        |header| header.truncate(100),
        |header| header.push(0),
    ];
    for change in changes {
        let home = Home::with_vault();
        for copy in [&b"hdr/A"[..], b"hdr/B"] {
            let mut header = home.rows()[copy].clone();
            change(&mut header);
            home.write(copy, &header);
        }
        assert!(matches!(
            home.open().err(),
            Some(VaultError::Damaged(Damage::Headers))
        ));
    }
    let home = Home::with_vault();
    home.tamper(|db| {
        db.remove("hdr/A").unwrap();
        db.remove("hdr/B").unwrap();
    });
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Headers))
    ));
}

#[test]
fn a_header_changed_without_the_keys_is_found() {
    const MAC: usize = 64;
    let home = Home::with_vault();
    home.alter_headers(|header| {
        let mac = header.len() - MAC;
        header[mac] ^= 1;
    });
    assert_eq!(damage(home.unlock()), Damage::HeaderSeal);

    const GENERATION: usize = 8 + 2 + 2 + 16 + 1 + 4;
    let home = Home::with_vault();
    home.alter_headers(|header| header[GENERATION + 7] = 9);
    assert_eq!(damage(home.unlock()), Damage::HeaderSeal);
}

#[test]
fn two_sound_headers_that_differ_are_damage() {
    let home = Home::with_vault();
    let other = Home::with_vault();
    home.write(b"hdr/B", &other.rows()[&b"hdr/B"[..]]);
    let refused = home.open().err();
    assert!(matches!(
        refused,
        Some(VaultError::Damaged(Damage::HeadersDisagree))
    ));
}

#[test]
fn a_newer_format_or_suite_is_refused_untouched() {
    for (at, what, newest) in [(9, "format", 1), (28, "cipher suite", 2)] {
        let home = Home::with_records();
        home.alter_headers(|header| header[at] = 3);
        let before = home.rows();
        let refused = home.open().err().unwrap();
        assert!(
            matches!(refused, VaultError::NewerFormat { what: w, found: 3, known } if w == what && known == newest)
        );
        assert_eq!(home.rows(), before);
    }
}

#[test]
fn one_newer_header_is_enough_to_keep_hands_off() {
    let home = Home::with_vault();
    let whole = home.rows()[&b"hdr/A"[..]].clone();
    home.alter_headers(|header| header[9] = 2);
    home.write(b"hdr/A", &whole);
    assert!(matches!(
        home.open().err(),
        Some(VaultError::NewerFormat { .. })
    ));
}

#[test]
fn a_hostile_cost_is_refused_before_memory_is_taken() {
    const MEMORY: usize = 8 + 2 + 2 + 16 + 1 + 4 + 8 + 1 + 5;
    let hostile = [
        (MEMORY, 64 * 1024 * 1024_u32),
        (MEMORY + 4, 1_000_000_000),
        (MEMORY + 8, 65),
    ];
    for (at, value) in hostile {
        let home = Home::with_vault();
        home.alter_headers(|header| header[at..at + 4].copy_from_slice(&value.to_be_bytes()));
        assert!(matches!(
            home.open().err(),
            Some(VaultError::HostileCost { .. })
        ));
    }
}
