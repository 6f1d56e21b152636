//! The program as a script meets it: processes, descriptors, JSON, exit codes.

mod beside;
mod closed;
mod machine;
mod script;
