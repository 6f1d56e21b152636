//! paper.
