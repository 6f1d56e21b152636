//! What a program has to know to be let in, as its owner would have registered it.

use super::arithmetic::encrypt;
use super::keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Realm of signed requests; `test_realm` is that of the provider's demonstration consumer alone.
pub(in crate::sim::ibkr) const REALM: &str = "limited_poa";

/// A token's secret as the provider hands it out.
pub(in crate::sim::ibkr) fn encrypted(secret: &[u8]) -> String {
    let sealed = encrypt(secret, keys::ENCRYPTION_MODULUS, keys::EXPONENT);
    STANDARD.encode(sealed.expect("a secret is shorter than the key"))
}
