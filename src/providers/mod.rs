//! One folder a provider: it turns their protocol into our words.
//!
//! A provider knows its manual, HTTP and WebSockets; it knows no other provider, no screen and no vault.
//! A new one is a folder with the same file names, and two lines here.

mod alpaca;
pub mod caller;
pub mod fields;
pub mod history;
mod ibkr;
pub mod provider;
mod schwab;
mod spec;
mod tastytrade;
pub mod told;

use provider::ProviderSpec;

/// Every provider that can be connected.
pub const PROVIDERS: &[ProviderSpec] = &[alpaca::SPEC, ibkr::SPEC, schwab::SPEC, tastytrade::SPEC];

/// The provider of a name.
pub fn find(id: &str) -> Option<&'static ProviderSpec> {
    PROVIDERS.iter().find(|spec| spec.id == id)
}
