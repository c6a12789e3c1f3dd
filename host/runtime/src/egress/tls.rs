//! Whom the way out trusts: the system's own roots, and those that the operator gives for a plugin.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::sync::OnceCell;

use super::failure::SetupError;

/// The system's roots, read once per process, when the first TLS connection is made: they take longer to read than
/// everything else that a start does.
static SYSTEM: OnceLock<System> = OnceLock::new();

struct System {
    roots: Arc<RootCertStore>,
    /// Shared by all plugins without roots of their own: a copy for each would be most of what an idle plugin takes. None on
    /// a system without roots.
    verifier: Option<Arc<WebPkiServerVerifier>>,
}

/// What one plugin trusts. One TLS configuration, hence one cache of TLS sessions, for all its connections.
pub(crate) struct Trust {
    roots: RootCertStore,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    /// The system's roots and these. A root that can't be used is an error now, not at the first connection.
    pub(crate) fn new(roots: &[CertificateDer<'static>]) -> Result<Self, SetupError> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone())?;
        }
        Ok(Self {
            roots: store,
            config: OnceCell::new(),
        })
    }

    /// The configuration, made when it is first needed.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let made = self.config.get_or_try_init(|| async {
            let own = self.roots.clone();
            let made = tokio::task::spawn_blocking(move || config(own)).await;
            made.map_err(|_| {
                rustls::Error::General("the system's roots of trust can't be read".to_owned())
            })?
        });
        made.await.cloned()
    }
}

fn config(mut roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let system = SYSTEM.get_or_init(|| System::read(&provider));
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?;
    let builder = match &system.verifier {
        Some(verifier) if roots.is_empty() => builder.with_webpki_verifier(Arc::clone(verifier)),
        _ => {
            roots.roots.extend(system.roots.roots.iter().cloned());
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}

impl System {
    fn read(provider: &Arc<CryptoProvider>) -> Self {
        let roots = Arc::new(system_roots());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
        Self {
            roots,
            // It fails where there are no roots, which was told already.
            verifier: verifier.ok(),
        }
    }
}

fn system_roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    for error in &loaded.errors {
        tracing::warn!(%error, "some of the system's roots of trust can't be read");
    }
    // Systems ship roots that are too old for rustls; the rest of them is what counts.
    let (_, refused) = store.add_parsable_certificates(loaded.certs);
    if store.is_empty() {
        tracing::warn!(
            refused,
            "the system has no roots of trust: no https connection will succeed without `ca`"
        );
    }
    store
}

/// Reads a file of PEM certificates, for [`EgressRules::roots`](super::EgressRules::roots).
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let unreadable = |reason: String| SetupError::Certificates {
        path: path.display().to_string(),
        reason,
    };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
    let certificates = certificates
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unreadable(error.to_string()))?;
    if certificates.is_empty() {
        Err(unreadable("it holds none".to_owned()))
    } else {
        Ok(certificates)
    }
}
