//! Sockets and HTTP for any protocol. Knows nothing of trading and imports nothing of ours.
//!
//! Every byte that enters or leaves the program by the network passes here, and here alone live the limits: sizes,
//! times, rates, who may be spoken to without encryption. A [`session`] owns no socket and a [`transport`] can be
//! replaced by one in memory, so whatever is built on them is tested without a network.
//! A new protocol over HTTP or WebSockets needs nothing new in here; a new kind of connection gets its own file.
pub mod address;
pub mod backoff;
mod body;
mod dial;
pub mod error;
mod frame_guard;
pub mod http;
pub mod json;
mod message;
pub mod rate_limit;
pub mod session;
pub mod socket;
pub mod tls;
pub mod transport;

pub use dial::Dialer;
pub use error::NetError;
pub use tls::install_tls_provider;
