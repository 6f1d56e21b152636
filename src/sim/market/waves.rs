//! A price as a function of seed, symbol and time.
//!
//! The price is a sum of waves of hashed noise from years down to seconds, in whole numbers. Any moment
//! of any year can be asked for on its own, so minutes, days and the running quotes of one symbol
//! always agree with each other, and no history has to be stored.

/// Length in seconds and height in parts per million of each wave.
const WAVES: [(i64, i64); 11] = [
    (43_200_000, 210_000),
    (11_232_000, 110_000),
    (3_024_000, 55_000),
    (777_600, 27_000),
    (198_720, 13_000),
    (51_840, 6_000),
    (11_160, 2_900),
    (2_400, 1_300),
    (540, 600),
    (100, 250),
    (20, 110),
];

const MILLION: i64 = 1_000_000;
/// Steps of the position inside a wave.
const STEPS: i64 = 4_096;

/// The price in cents of a wave around `base_cents`, swinging `swing` percent of the usual, at a second
/// of Unix time.
pub(super) fn price_cents(key: u64, base_cents: i64, swing: i64, second: i64) -> i64 {
    let offset = offset_ppm(key, second) * swing / 100;
    // Falling divides where rising multiplies, so that no swing reaches zero.
    let cents = if offset < 0 {
        base_cents * MILLION / (MILLION - offset)
    } else {
        base_cents * (MILLION + offset) / MILLION
    };
    cents.max(1)
}

/// A number that depends on nothing but its arguments; evenly spread.
pub(super) fn hash(key: u64, number: u64) -> u64 {
    // The finishing steps of splitmix64.
    let mut mixed = key ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn offset_ppm(key: u64, second: i64) -> i64 {
    WAVES
        .iter()
        .zip(1_u64..)
        .map(|((length, height), number)| {
            noise(hash(key, number), second, *length) * height / MILLION
        })
        .sum()
}

/// Smooth noise between minus and plus one million, with a support point every `length` seconds.
fn noise(key: u64, second: i64, length: i64) -> i64 {
    let point = second.div_euclid(length);
    let position = second.rem_euclid(length) * STEPS / length;
    let (from, to) = (support(key, point), support(key, point + 1));
    from + (to - from) * eased(position) / STEPS
}

fn support(key: u64, point: i64) -> i64 {
    let spread = hash(key, point.cast_unsigned()) % (2 * MILLION.unsigned_abs() + 1);
    spread.cast_signed() - MILLION
}

/// The smooth step 3x² − 2x³ of a position in a wave.
fn eased(position: i64) -> i64 {
    position * position * (3 * STEPS - 2 * position) / (STEPS * STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_depends_on_its_arguments_alone_and_is_positive() {
        for second in (0..2_000_000_000).step_by(7_654_321) {
            let once = price_cents(1, 10_000, 260, second);
            assert_eq!(once, price_cents(1, 10_000, 260, second));
            assert!((1_000..100_000).contains(&once), "{once} at {second}");
        }
        assert_ne!(
            price_cents(1, 1_000_000, 100, 1_000_000_000),
            price_cents(2, 1_000_000, 100, 1_000_000_000)
        );
    }

    #[test]
    fn seconds_move_little_and_years_move_much() {
        let at = |second| price_cents(7, 1_000_000, 100, second);
        let start = 1_700_000_000;
        let second_moves = (0..1_000).map(|s| (at(start + s + 1) - at(start + s)).abs());
        assert!(
            second_moves.max().unwrap() < 500,
            "half a tenth of a percent"
        );
        let year: Vec<i64> = (0..365).map(|day| at(start + day * 86_400)).collect();
        let range = year.iter().max().unwrap() - year.iter().min().unwrap();
        assert!(range > 50_000, "{range}");
    }
}
