//! The whole provider against a transport in memory.
