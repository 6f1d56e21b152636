//! The ledger, stopped at any moment and filled to its size. What happens by chance comes in two forms: a short one for
//! every run, and one with the full count, whose name ends in `full`, for
//! `cargo test --profile bar --test integration ledger:: -- --ignored --nocapture --test-threads 1`.

mod gone;
mod kill9;
mod large;
mod told;
