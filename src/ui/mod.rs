//! Screens: a replica to read, requests to send, nothing else.

pub mod format;
pub mod theme;
