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
    let mut config = checking(network, Vec::new(), TlsMode::Verified)?;
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
    checking(network, ca, mode)
}

fn checking(network: &Network, mut extra: Vec<CertificateDer<'static>>, mode: TlsMode) -> Result<ClientConfig, Fault> {
    if let Some(pem) = &network.extra_ca_pem {
        extra.extend(certificates(pem).map_err(|_| Fault::Unreachable("bad extra_ca_pem"))?);
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| Fault::Unreachable("no TLS"))?;
    let check = Arc::new(Check { extra, roots: OnceLock::new(), mode });
    Ok(builder.dangerous().with_custom_certificate_verifier(check).with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Checks as much as the mode says, by the system's trusted roots and more of them. A system may keep hundreds of files of them, so
/// they are read when a server first shows its certificate: a program that has none to look at reads none.
#[derive(Debug)]
struct Check {
    extra: Vec<CertificateDer<'static>>,
    roots: OnceLock<Option<Arc<dyn ServerCertVerifier>>>,
    mode: TlsMode,
}

impl Check {
    fn by_roots(&self) -> Result<&dyn ServerCertVerifier, rustls::Error> {
        let roots = self.roots.get_or_init(|| {
            if let Ok(verifier) = Verifier::new_with_extra_roots(self.extra.clone(), provider()) {
                return Some(Arc::new(verifier));
            }
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
            roots.add_parsable_certificates(self.extra.clone());
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok()?;
            Some(verifier)
        });
        roots.as_deref().ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }
}

impl ServerCertVerifier for Check {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.mode == TlsMode::Unverified {
            return Ok(ServerCertVerified::assertion());
        }
        let checked = self.by_roots()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // WebPKI looks at the name last, so this complaint means that there is no other. Of the verifiers of Apple's and
        // Microsoft's systems that is not known; there the name must fit too.
        let name_is_last = cfg!(not(any(target_vendor = "apple", windows)));
        match checked {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.mode == TlsMode::IssuerOnly && name_is_last => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
