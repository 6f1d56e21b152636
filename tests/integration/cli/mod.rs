//! The program as a script meets it: processes, descriptors, JSON, exit codes.

mod beside;
mod closed;
mod ledger;
pub(crate) mod machine;
mod script;
mod vault;
