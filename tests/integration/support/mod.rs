//! support.

pub(crate) mod pty;
