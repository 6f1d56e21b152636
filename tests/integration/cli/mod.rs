//! The program as a script meets it: processes, descriptors, JSON, exit codes.

mod beside;
pub(crate) mod machine;
mod script;
