//! TLS with a program on this machine whose certificate nobody vouches for: exactly one certificate is taken, the one
//! that the person saw and confirmed.
//!
//! Nothing else is relaxed. The far side proves in the handshake that it holds the certificate's key, any other
//! certificate is refused with both fingerprints, and an address beyond this machine cannot be pinned at all. This is
//! the only file in which rustls is told to use a verifier of ours.

use crate::net::dial::Dialer;
use crate::net::error::NetError;
use crate::net::{address, install_tls_provider};
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring as crypto, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// Digits of a fingerprint that are written together.
const GROUP: usize = 8;

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let hash = digest(&SHA256, certificate);
        Self(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// Reads one as people write it: hexadecimal digits, perhaps with colons or spaces between them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.chars().filter(|it| !matches!(it, ':' | ' '));
        let digits: Option<Vec<u32>> = digits.map(|it| it.to_digit(16)).collect();
        let digits = digits.filter(|digits| digits.len() == 64)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 && index % (GROUP / 2) == 0 {
                out.write_str(" ")?;
            }
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// One program on this machine, and the one certificate that is taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    host: String,
    port: u16,
    fingerprint: Fingerprint,
}

impl Pinned {
    /// Pins the certificate of an encrypted address on this machine.
    ///
    /// # Errors
    /// [`NetError::Address`] for an address that is elsewhere or is not encrypted.
    pub fn new(url: &Url, fingerprint: Fingerprint) -> Result<Self, NetError> {
        if !address::is_loopback(url) {
            return Err(NetError::Address(
                "a certificate is pinned for this very machine alone",
            ));
        }
        if !matches!(url.scheme(), "https" | "wss") {
            return Err(NetError::Address("it is not encrypted"));
        }
        Ok(Self {
            host: address::host(url).to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            fingerprint,
        })
    }

    /// Whether it is of the program behind an address.
    pub(in crate::net) fn covers(&self, url: &Url) -> bool {
        matches!(url.scheme(), "https" | "wss")
            && address::host(url) == self.host
            && url.port_or_known_default() == Some(self.port)
    }

    /// Takes the pinned certificate and no other.
    pub(in crate::net) fn client_config(&self) -> ClientConfig {
        install_tls_provider();
        let only = Arc::new(Only {
            fingerprint: self.fingerprint,
            algorithms: crypto::default_provider().signature_verification_algorithms,
        });
        let provider: Arc<CryptoProvider> = Arc::new(crypto::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .dangerous()
            .with_custom_certificate_verifier(only)
            .with_no_client_auth()
    }
}

/// Looks at the certificate of an encrypted address on this machine. It is trusted with nothing on the way: the
/// handshake is refused as soon as the certificate was seen.
///
/// # Errors
/// An address that cannot be pinned, and what stands in the way of a connection.
pub async fn look_up(url: &Url) -> Result<Fingerprint, NetError> {
    // No certificate has this one.
    let nobody = Pinned::new(url, Fingerprint([0; 32]))?;
    let mut secured = url.clone();
    // Both schemes are of the same kind, so it is taken.
    let _ = secured.set_scheme("wss");
    match Dialer::pinned(nobody).dial(&secured).await {
        Err(NetError::OtherCertificate { found, .. }) => Ok(found),
        Err(error) => Err(error),
        Ok(_) => Err(NetError::Protocol {
            why: "it showed no certificate".into(),
        }),
    }
}

/// The pinned certificate against the one that was shown, as it travels through rustls.
#[derive(Debug)]
struct Mismatch {
    found: Fingerprint,
    pinned: Fingerprint,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "the certificate is {}, not {}",
            self.found, self.pinned
        )
    }
}

impl Error for Mismatch {}

/// Says which certificate was shown in the place of the pinned one, where that is what an error of rustls says.
pub(in crate::net) fn mismatch(error: &rustls::Error, host: &str) -> Option<NetError> {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error
    else {
        return None;
    };
    let Mismatch { found, pinned } = other.downcast_ref()?;
    Some(NetError::OtherCertificate {
        host: host.to_owned(),
        found: *found,
        pinned: *pinned,
    })
}

#[derive(Debug)]
struct Only {
    fingerprint: Fingerprint,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = Fingerprint::of(end_entity);
        if found == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let mismatch = Mismatch {
            found,
            pinned: self.fingerprint,
        };
        Err(CertificateError::Other(OtherError(Arc::new(mismatch))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
