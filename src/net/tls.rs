//! One TLS stack for HTTP and WebSockets: rustls with ring, the system's roots, TLS 1.2 or newer.
pub mod own_certificate;
pub mod pinned;

use super::error::{NetError, root_cause};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;

/// Makes ring the process's TLS provider. May be called any number of times; every entry point and every test that
/// opens an encrypted connection calls it first, because without a provider the client cannot be built.
pub fn install_tls_provider() {
    // An error means that one is installed already, which is all that is wanted.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}

/// Certificates are checked as the system does; there is no way to switch that off. For one program on this machine
/// see [`pinned`].
pub(super) fn client_config() -> Result<ClientConfig, NetError> {
    install_tls_provider();
    let config = ClientConfig::builder()
        .with_platform_verifier()
        .map_err(|error| NetError::Setup(root_cause(&error)))?
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_may_be_installed_twice() {
        install_tls_provider();
        install_tls_provider();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
