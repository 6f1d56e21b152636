//! The only test program: a list of what is covered.
mod flows;
mod providers;
mod screens;
mod simulators;
mod support;
mod tidy;
mod vault;
