//! Programs that sign their requests by OAuth 1.0a: tokens, the Diffie-Hellman handshake, signatures.

mod arithmetic;
pub(super) mod credentials;
mod header;
pub(super) mod keys;
mod token;

pub(super) use token::{Tokens, caller, consent, handshake};
