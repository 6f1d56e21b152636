//! The only test program: a list of what is covered.
mod flows;
mod providers;
mod screens;
mod support;
mod tidy;
mod vault;
