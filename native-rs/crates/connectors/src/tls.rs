//! Encrypted connections besides those to object stores, by the crates that their client uses.
use std::{io, path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// The server proves to be the host, by the system's certificates or those of a file.
pub fn verified(certificates: Option<&str>) -> io::Result<ClientConfig> {
    let found = match certificates {
        Some(path) => rustls_native_certs::load_certs_from_paths(Some(Path::new(path)), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if let Some(path) = certificates.filter(|_| added == 0) {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("no certificate is in {path}")));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
