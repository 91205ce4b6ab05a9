//! How connections that we make are encrypted: TLS 1.2 or later, certificate and name verified by what the machine trusts,
//! and by an authority of the institute's own beside it. No setting turns that off (SEC-18).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// Why nothing can be encrypted as configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error("{0} holds no certificate")]
    NoCertificate(PathBuf),
    #[error("TLS cannot be set up: {0}")]
    SetUp(String),
}

/// `ca_file` holds further authorities, as PEM.
pub fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, Error> {
    let mut roots: Vec<CertificateDer<'static>> = Vec::new();
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| Error::File {
            path: path.into(),
            error,
        })?;
        roots = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
        if roots.is_empty() {
            return Err(Error::NoCertificate(path.into()));
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider.clone())
        .map_err(|error| Error::SetUp(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::SetUp(error.to_string()))?
        // "dangerous" is rustls's word for any verifier that is not its own; this one verifies.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
