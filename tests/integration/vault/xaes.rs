//! xaes
