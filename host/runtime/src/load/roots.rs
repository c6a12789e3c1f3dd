//! Root certificates that the operator gives a plugin.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::egress::SetupError;

/// The certificates of a PEM file; at least one.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let refuse = |reason: String| SetupError::Certificates {
        path: path.display().to_string(),
        reason,
    };
    let certificates =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(refuse("there is no certificate in it".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(refuse(error.to_string())),
    }
}
