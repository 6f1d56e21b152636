//! The link over a Unix socket.
