//! OAuth 1.0a (RFC 5849) as Interactive Brokers has it for a person's own program: every call is signed, with a key
//! that is agreed on anew each day.
//!
//! [`consumer`] is what the person registered, read once and checked; [`material`] reads keys however they were pasted;
//! [`signature`] has the pure functions that sign, [`agreement`] those that agree on the day's key; [`request`] asks
//! the broker for its half; [`session`] owns all of it and signs calls, one agreement at a time however many wait. The
//! day's key is never written down: the next is had for one request.

pub mod agreement;
pub mod consumer;
pub mod entropy;
pub mod material;
mod request;
pub mod session;
pub mod signature;

pub use consumer::{BadMaterial, Consumer, Material};
pub use entropy::Entropy;
pub use session::{Endpoint, LiveSession, Signed};

#[cfg(test)]
mod tests;
