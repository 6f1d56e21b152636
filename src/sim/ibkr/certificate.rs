//! The gateway's encryption: a certificate made on the spot, which nobody vouches for, as the real one's.

use rcgen::{CertificateParams, PKCS_ECDSA_P256_SHA256, PublicKeyData, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use std::sync::Arc;
pub(super) use tokio_rustls::TlsAcceptor;

/// A key that signs its own certificate.
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

/// Accepts TLS with a certificate made on the spot.
///
/// # Errors
/// What cannot be made, in the words of who cannot make it.
pub(super) fn acceptor(ip: IpAddr) -> Result<TlsAcceptor, String> {
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| failed(&why))?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(private))
        .map_err(|why| failed(&why))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
