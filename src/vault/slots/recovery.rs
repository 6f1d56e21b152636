//! The recovery code: a random key, written down once, that opens the vault when the passphrase is lost.

use zeroize::{Zeroize as _, Zeroizing};

use super::super::crypto::kdf::{KdfCost, Typed};
use super::super::crypto::key::Key;
use super::super::crypto::keys::Keys;
use super::super::crypto::wrap;
use super::super::error::VaultError;
use super::super::format::header::Header;
use super::super::format::slot::{Role, SlotFields};
use super::free_id;

/// Crockford's base 32, and after it the five signs that only the check may be.
/// <https://www.crockford.com/base32.html>
const SYMBOLS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const DIGITS: usize = 52;
const GROUP: usize = 4;
const CHECK_MODULUS: u32 = 37;
const LABEL: &str = "recovery code";

/// 256 random bits, written as 52 digits of base 32 and a check symbol that tells a slip of the pen from a wrong code.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// let code = tradedeck::vault::RecoveryCode::parse("").ok().unwrap();
/// format!("{code:?}");
/// ```
pub struct RecoveryCode(Key);

impl RecoveryCode {
    pub(in crate::vault) fn random() -> Result<Self, VaultError> {
        Key::random().map(Self)
    }

    /// Reads a code as a person typed it: lower case, spaces and dashes do not matter, and I, L and O are taken for
    /// the digits they look like.
    ///
    /// # Errors
    /// [`VaultError::MistypedCode`]: it is no recovery code of any vault.
    pub fn parse(typed: &str) -> Result<Self, VaultError> {
        let mut symbols = Zeroizing::new([0_u8; DIGITS + 1]);
        let mut count = 0;
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let symbol = symbol(c).ok_or(VaultError::MistypedCode)?;
            *symbols.get_mut(count).ok_or(VaultError::MistypedCode)? = symbol;
            count += 1;
        }
        let (check, digits) = symbols.split_last().expect("it has 53");
        let whole = count == symbols.len() && digits.iter().all(|&digit| digit < 32);
        if !whole || u32::from(*check) != remainder(digits) {
            return Err(VaultError::MistypedCode);
        }
        Key::filled(|key| from_digits(digits, key)).map(Self)
    }

    /// Hands the code, written in groups of four, to `show`; the text is wiped when it returns.
    pub fn reveal<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        let digits = self.digits();
        let check = usize::try_from(remainder(&*digits)).expect("below 37");
        let symbols = digits
            .iter()
            .map(|&digit| usize::from(digit))
            .chain([check]);
        let mut text = Zeroizing::new(String::with_capacity(DIGITS + DIGITS / GROUP + 1));
        for (place, symbol) in symbols.enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(SYMBOLS[symbol]));
        }
        show(&text)
    }

    pub(in crate::vault) fn typed(&self) -> Typed<'_> {
        Typed {
            secret: self.0.bytes(),
            key_file: None,
        }
    }

    /// Five bits each, the first of the highest; the last four bits are zero.
    fn digits(&self) -> Zeroizing<[u8; DIGITS]> {
        let bytes = self.0.bytes();
        let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
        let digit = |place: usize| (0..5).fold(0, |digit, n| digit << 1 | bit(5 * place + n));
        Zeroizing::new(std::array::from_fn(digit))
    }
}

fn from_digits(digits: &[u8], key: &mut [u8]) -> Result<(), VaultError> {
    let bit = |at: usize| digits[at / 5] >> (4 - at % 5) & 1;
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = (0..8).fold(0, |byte, n| byte << 1 | bit(8 * place + n));
    }
    let left_over = 8 * key.len()..5 * digits.len();
    match left_over.into_iter().all(|at| bit(at) == 0) {
        true => Ok(()),
        false => {
            key.zeroize();
            Err(VaultError::MistypedCode)
        }
    }
}

/// The number that the digits are, modulo 37: it changes with every wrong digit and with every two swapped.
fn remainder(digits: &[u8]) -> u32 {
    let add = |sum: u32, &digit: &u8| (sum * 32 + u32::from(digit)) % CHECK_MODULUS;
    digits.iter().fold(0, add)
}

fn symbol(typed: char) -> Option<u8> {
    let sign = match typed.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let place = SYMBOLS.iter().position(|&known| char::from(known) == sign);
    place.map(|place| u8::try_from(place).expect("below 37"))
}

/// Adds a slot that the code opens, in place of the one there was.
pub(in crate::vault) fn add_to(
    header: &mut Header,
    keys: &Keys,
    code: &RecoveryCode,
    cost: KdfCost,
) -> Result<(), VaultError> {
    header
        .slots
        .retain(|slot| slot.fields.role != Role::Recovery);
    let fields = SlotFields {
        id: free_id(&header.slots)?,
        role: Role::Recovery,
        key_file: false,
        label: LABEL.to_owned(),
        cost: KdfCost::for_recovery(cost),
        salt: [0; 16],
        commit: [0; 32],
    };
    let (slot, _) = wrap::wrap(keys, fields, &code.typed(), &header.binding())?;
    header.slots.push(slot);
    header.slots.sort_by_key(|slot| slot.fields.id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: [u8; 32]) -> RecoveryCode {
        RecoveryCode(Key::from_slice(&bytes).unwrap())
    }

    fn written(code: &RecoveryCode) -> String {
        code.reveal(str::to_owned)
    }

    fn reads_as(typed: &str, expected: &RecoveryCode) -> bool {
        RecoveryCode::parse(typed).is_ok_and(|read| read.0.same_as(&expected.0))
    }

    fn counting() -> RecoveryCode {
        code(std::array::from_fn(|at| u8::try_from(at * 7 + 3).unwrap()))
    }

    #[test]
    fn it_is_written_in_groups_and_read_back() {
        let zeros = "0000-".repeat(13) + "0";
        assert_eq!(written(&code([0; 32])), zeros);
        let ones = written(&code([0xff; 32]));
        assert_eq!(ones.len(), 52 + 13 + 1);
        assert!(
            ones.starts_with("ZZZZ-ZZZZ-") && ones.ends_with("ZZZG-J"),
            "{ones}"
        );
        for bytes in [[0; 32], [0xff; 32], [0xa5; 32]] {
            assert!(reads_as(&written(&code(bytes)), &code(bytes)));
        }
        for _ in 0..50 {
            let random = RecoveryCode::random().ok().unwrap();
            assert!(reads_as(&written(&random), &random));
        }
    }

    #[test]
    fn case_spaces_dashes_and_look_alikes_do_not_matter() {
        let code = counting();
        let text = written(&code);
        assert!(text.contains('0') && text.contains('1'), "{text}");
        for typed in [
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', " \t"),
            text.replace('1', "I").replace('0', "O"),
            text.replace('1', "l").replace('0', "o"),
            format!("  {text}\n"),
        ] {
            assert!(reads_as(&typed, &code), "{typed}");
        }
    }

    #[test]
    fn every_wrong_digit_and_every_swap_of_neighbours_is_told() {
        let text = written(&counting()).replace('-', "");
        for place in 0..text.len() {
            for &other in SYMBOLS {
                let mut typed = text.clone().into_bytes();
                let same = typed[place] == other;
                typed[place] = other;
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(RecoveryCode::parse(&typed).is_ok(), same, "{typed}");
            }
            let mut typed = text.clone().into_bytes();
            if place > 0 && typed[place] != typed[place - 1] {
                typed.swap(place, place - 1);
                let typed = String::from_utf8(typed).unwrap();
                assert!(RecoveryCode::parse(&typed).is_err(), "{typed}");
            }
        }
    }

    #[test]
    fn what_is_too_short_too_long_or_not_a_code_is_told() {
        let text = written(&counting());
        let (shorter, longer) = (&text[..text.len() - 1], format!("{text}0"));
        for typed in [
            "",
            "-",
            shorter,
            &longer,
            "correct horse",
            "ÄÖÜ",
            &"U".repeat(53),
        ] {
            let refused = RecoveryCode::parse(typed);
            assert!(matches!(refused, Err(VaultError::MistypedCode)), "{typed}");
        }
    }

    #[test]
    fn bits_that_no_code_has_are_refused_even_with_a_right_check() {
        let mut digits = [0_u8; DIGITS];
        digits[DIGITS - 1] = 1;
        let check = SYMBOLS[usize::try_from(remainder(&digits)).unwrap()];
        let typed = format!("{}1{}", "0".repeat(51), char::from(check));
        assert!(RecoveryCode::parse(&typed).is_err());
    }
}
