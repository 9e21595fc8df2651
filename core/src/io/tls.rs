//! TLS: the system's trusted roots (bundled ones where the system has none) plus the developer's, by rustls and ring.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::{Fault, Network};
use crate::error::{Error, Result};

/// The certificates of a PEM text; an error where it holds none or a broken one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::argument("extra_ca_pem", "extra_ca_pem must hold one or more certificates in PEM")),
    }
}

/// One configuration for all connections of a client. HTTP/1.1 is the only protocol offered: HTTP/2 keeps copies of
/// header values.
pub(super) fn config(network: &Network) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = match &network.extra_ca_pem {
        Some(pem) => certificates(pem).map_err(|_| Fault::Unreachable("bad extra_ca_pem"))?,
        None => Vec::new(),
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| Fault::Unreachable("no TLS"))?;
    let mut config = match Verifier::new_with_extra_roots(extra.clone(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(_) => {
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
            roots.add_parsable_certificates(extra);
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
