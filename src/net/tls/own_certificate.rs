//! TLS on this machine with a certificate of our own: for a browser that is sent back here by https.

use rcgen::{CertificateParams, PKCS_ECDSA_P256_SHA256, PublicKeyData, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use std::sync::Arc;
pub use tokio_rustls::TlsAcceptor;

/// A key that signs its own certificate, by the crate that TLS uses here anyway.
struct OwnKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl PublicKeyData for OwnKey {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for OwnKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signed = self.pair.sign(&self.random, message);
        let signed = signed.map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signed.as_ref().to_vec())
    }
}

/// Accepts TLS with a certificate made on the spot. A browser warns of it, because nobody vouches for it.
///
/// # Errors
/// What cannot be made, in the words of who cannot make it.
pub fn acceptor(ip: IpAddr) -> Result<TlsAcceptor, String> {
    let (config, _) = server(ip)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn server(ip: IpAddr) -> Result<(ServerConfig, CertificateDer<'static>), String> {
    let (certificate, private) = pair(ip)?;
    Ok((config(certificate.clone(), private)?, certificate))
}

/// A certificate of our own and its key.
pub(super) fn pair(
    ip: IpAddr,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), String> {
    let failed = |what: &dyn std::fmt::Display| what.to_string();
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|why| failed(&why))?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
    let key = OwnKey {
        pair: pair.map_err(|why| failed(&why))?,
        random,
    };
    let names = vec![ip.to_string(), "localhost".to_owned()];
    let mut params = CertificateParams::new(names).map_err(|why| failed(&why))?;
    // Of the key, so that no two certificates have the same (RFC 5280, 4.1.2.2: at most 20 bytes).
    let mut serial = key.pair.public_key().as_ref()[1..17].to_vec();
    serial[0] &= 0x7f;
    params.serial_number = Some(serial.into());
    params.use_authority_key_identifier_extension = false;
    let certificate = params.self_signed(&key).map_err(|why| failed(&why))?;
    let certificate = CertificateDer::from(certificate.der().to_vec());
    let private = PrivatePkcs8KeyDer::from(document.as_ref().to_vec());
    Ok((certificate, PrivateKeyDer::Pkcs8(private)))
}

fn config(
    certificate: CertificateDer<'static>,
    private: PrivateKeyDer<'static>,
) -> Result<ServerConfig, String> {
    let failed = |what: &dyn std::fmt::Display| what.to_string();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| failed(&why))?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .map_err(|why| failed(&why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    #[tokio::test]
    async fn who_trusts_the_certificate_talks_to_this_machine() {
        let (config, certificate) = server(Ipv4Addr::LOCALHOST.into()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (near, far) = tokio::io::duplex(16_384);
        let answering = tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let mut stream = acceptor.accept(far).await.unwrap();
            stream.write_all(b"here").await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        let mut stream = connector.connect(name, near).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        answering.await.unwrap();
        assert_eq!(heard, "here");
    }

    #[test]
    fn no_two_certificates_are_the_same() {
        let made = || server(Ipv4Addr::LOCALHOST.into()).unwrap().1;
        assert_ne!(made(), made());
    }
}
