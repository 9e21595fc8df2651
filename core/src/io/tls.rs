//! TLS: the system's trusted roots (bundled ones where the system has none) plus the developer's, by rustls and ring.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::{Fault, Network};
use crate::catalog::protocol::TlsMode;
use crate::error::{Error, Result};

/// The certificates of a PEM text; an error where it holds none or a broken one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::argument("extra_ca_pem", "extra_ca_pem must hold one or more certificates in PEM")),
    }
}

/// One configuration for all HTTP connections of a client. HTTP/1.1 is the only protocol offered: HTTP/2 keeps copies of
/// header values.
pub(super) fn config(network: &Network) -> Result<ClientConfig, Fault> {
    let mut config = with_verifier(verifier(network, &[])?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A configuration for another protocol, which checks as much of the certificate as the mode says. `ca`: authorities of the
/// user's own, in PEM.
pub(crate) fn for_mode(network: &Network, mode: TlsMode, ca: Option<&[u8]>) -> Result<ClientConfig, Fault> {
    let ca = match ca {
        Some(pem) => certificates(pem).map_err(|_| Fault::Unreachable("ca_certificate holds no certificate"))?,
        None => Vec::new(),
    };
    let full = verifier(network, &ca)?;
    with_verifier(match mode {
        TlsMode::IssuerOnly => Arc::new(Lenient { full, issuer: true }),
        TlsMode::Unverified => Arc::new(Lenient { full, issuer: false }),
        TlsMode::Verified | TlsMode::Upgraded | TlsMode::Off => full,
    })
}

fn with_verifier(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, Fault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| Fault::Unreachable("no TLS"))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Checks certificate and name.
fn verifier(network: &Network, more: &[CertificateDer<'static>]) -> Result<Arc<dyn ServerCertVerifier>, Fault> {
    let mut extra = match &network.extra_ca_pem {
        Some(pem) => certificates(pem).map_err(|_| Fault::Unreachable("bad extra_ca_pem"))?,
        None => Vec::new(),
    };
    extra.extend_from_slice(more);
    Ok(Arc::new(Roots { extra, made: OnceLock::new() }))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The system's trusted roots, and more of them. A system may keep hundreds of files of them, so they are read when a server
/// first shows its certificate: a program that has none to look at reads none.
#[derive(Debug)]
struct Roots {
    extra: Vec<CertificateDer<'static>>,
    made: OnceLock<Option<Arc<dyn ServerCertVerifier>>>,
}

impl Roots {
    fn verifier(&self) -> Result<&dyn ServerCertVerifier, rustls::Error> {
        let made = self.made.get_or_init(|| {
            if let Ok(verifier) = Verifier::new_with_extra_roots(self.extra.clone(), provider()) {
                return Some(Arc::new(verifier));
            }
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
            roots.add_parsable_certificates(self.extra.clone());
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok()?;
            Some(verifier)
        });
        made.as_deref().ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// For those who chose a mode that does not prove who answers.
#[derive(Debug)]
struct Lenient {
    full: Arc<dyn ServerCertVerifier>,
    /// The issuer must be trusted; only the name is not looked at.
    issuer: bool,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if !self.issuer {
            return Ok(ServerCertVerified::assertion());
        }
        // WebPKI looks at the name last, so this complaint means that there is no other. Of the verifiers of Apple's and
        // Microsoft's systems that is not known; there the name must fit too.
        if cfg!(any(target_vendor = "apple", windows)) {
            return self.full.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        }
        match self.full.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.full.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.full.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.full.supported_verify_schemes()
    }
}
