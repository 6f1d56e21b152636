//! The only place where accounting rounds.
//!
//! Amounts keep [`DIGITS`] decimals, half to even. They are rounded when they come into being: price times quantity,
//! the part of a cost that belongs to some of its units, an amount in another currency, units after a split. Whoever
//! divides gives the remainder to the last part, so that parts always add up to the whole; everything after is addition,
//! which is exact up to 7 * 10^16 of any currency.

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimals that are kept: what a broker bills in is coarser by far, and sums of millions still fit a decimal exactly.
pub const DIGITS: u32 = 12;

/// Largest amount or number of units that one entry may name; what is larger is not counted, and said.
pub const LARGEST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// `exact` with at most [`DIGITS`] decimals.
pub fn round(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointNearestEven)
}

/// `amount * part / whole`, rounded; the whole amount where the part is the whole.
pub fn share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal {
    if part == whole || whole.is_zero() {
        return amount;
    }
    let exact = match amount.checked_mul(part) {
        Some(product) => product.checked_div(whole),
        None => amount
            .checked_div(whole)
            .and_then(|unit| unit.checked_mul(part)),
    };
    round(exact.unwrap_or(amount))
}

/// Whether a number from outside is small enough to be counted.
pub fn fits(amount: Decimal) -> bool {
    amount.abs() <= LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::decimal;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let cases = [
            ("0.0000000000005", "0"),
            ("0.0000000000015", "0.000000000002"),
            ("-0.0000000000015", "-0.000000000002"),
            ("12.34", "12.34"),
        ];
        for (exact, rounded) in cases {
            let exact = decimal(exact).unwrap();
            assert_eq!(round(exact), decimal(rounded).unwrap(), "{exact}");
        }
    }

    #[test]
    fn a_share_and_its_rest_are_the_whole() {
        let (third, whole) = (share(Decimal::TEN, 1.into(), 3.into()), Decimal::TEN);
        assert_eq!(third, decimal("3.333333333333").unwrap());
        assert_eq!(third + (whole - third), whole);
        assert_eq!(share(whole, 3.into(), 3.into()), whole);
        assert_eq!(share(LARGEST, LARGEST, LARGEST + Decimal::ONE).scale(), 12);
    }

    #[test]
    fn the_largest_amount_is_a_quadrillion() {
        assert_eq!(LARGEST.to_string(), "1000000000000000");
        assert!(fits(LARGEST) && !fits(LARGEST + Decimal::ONE));
    }
}
