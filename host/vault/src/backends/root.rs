//! What a backend issues with: its root credential, opened, and its plugin.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::{CallContext, Subject};
use semver::VersionReq;

use super::model::Backend;
use crate::credentials::CredentialRef;
use crate::credentials::connection::Found;
use crate::credentials::model::Credential;
use crate::error::VaultError;
use crate::vault::Vault;

/// What a call to a provider may take beside its plugin's own time: the database and the log.
const MARGIN: Duration = Duration::from_mins(1);

/// A root credential in one of its versions, with all that a call takes.
#[derive(Clone)]
pub(crate) struct Root {
    pub(crate) credential: Arc<Credential>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) subject: Subject,
    connection: Option<Subject>,
}

impl Root {
    /// How long a claim has to hold for one call, in milliseconds.
    pub(crate) fn claim(&self) -> i64 {
        let length = self.plugin.limits().wall + MARGIN;
        i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
    }

    /// The call's parts, with the key that all calls about one lease share.
    ///
    /// When it began is none of them: that tells a plugin that it is about a rotation, whose secrets it may end.
    pub(crate) fn call(self, key: String) -> (Arc<Plugin>, CallContext, Subject) {
        let context = CallContext {
            idempotency_key: key,
            connection: self.connection,
            options: vec![("provider".to_owned(), self.plugin.name().to_owned())],
        };
        (self.plugin, context, self.subject)
    }
}

impl Vault {
    /// The root credential of a backend in its current version, ready to issue.
    pub(crate) async fn root_of(&self, backend: &Backend) -> Found<Root> {
        let reference = CredentialRef::Name(backend.credential.clone());
        let name = &backend.credential;
        let credential = match self.look_up(backend.workspace, &reference).await {
            Ok(cached) => cached.credential,
            Err(VaultError::NotFound) => {
                return Ok(Err(format!(
                    "the root credential `{name}` isn't in this workspace; store it, or name another one"
                )));
            }
            Err(error) => return Err(error),
        };
        if !credential.active {
            return Ok(Err(format!(
                "the root credential `{name}` isn't active; activate it first"
            )));
        }
        let version = credential.version;
        let root = self.root(credential, version, &backend.provider, backend.pin.as_ref());
        root.await
    }

    /// A credential in one of its versions, ready for a provider's `issuance`.
    pub(crate) async fn root(
        &self,
        credential: Arc<Credential>,
        version: u32,
        provider: &str,
        pin: Option<&VersionReq>,
    ) -> Found<Root> {
        let name = credential.name.to_string();
        let Some(open) = self.open_version(&credential, version).await? else {
            return Ok(Err(format!(
                "version {version} of the root credential `{name}` is gone"
            )));
        };
        if open.payload.plugin.as_deref() != Some(provider) {
            return Ok(Err(format!(
                "the root credential `{name}` wasn't stored for the plugin `{provider}`, which needs one of its own"
            )));
        }
        let pin = pin.or(credential.pin.as_ref());
        let plugin = match self.issuer(provider, pin) {
            Ok(plugin) => plugin,
            Err(reason) => return Ok(Err(reason)),
        };
        if plugin.manifest().kind(&open.payload.kind).is_none() {
            return Ok(Err(format!(
                "the plugin `{provider}` doesn't know the type `{}` of the root credential `{name}`",
                open.payload.kind
            )));
        }
        let issuance = Capability::Issuance;
        let connection = self.connection(&plugin, issuance, &credential, &open.payload, None);
        let connection = match connection.await? {
            Ok(connection) => connection.map(|connection| connection.subject),
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Ok(Root {
            subject: open.subject(&credential),
            credential,
            plugin,
            connection,
        }))
    }

    /// Why nothing can be issued from a backend, as far as that shows without asking the provider.
    pub(super) async fn problem(&self, backend: &Backend) -> Result<Option<String>, VaultError> {
        if let Err(reason) = self.issuer(&backend.provider, backend.pin.as_ref()) {
            return Ok(Some(reason));
        }
        Ok(self.root_of(backend).await?.err())
    }

    /// The plugin that issues for a provider, or why there is none.
    fn issuer(&self, provider: &str, pin: Option<&VersionReq>) -> Result<Arc<Plugin>, String> {
        let catalogue = self.inner.catalogue.load();
        let Some(plugin) = catalogue.select(provider, pin) else {
            return Err(match pin {
                Some(pin) if catalogue.by_name(provider).is_some() => {
                    format!("no version of the plugin `{provider}` that is here fits `{pin}`")
                }
                _ => format!("the plugin `{provider}` isn't here"),
            });
        };
        if plugin.capabilities().contains(&Capability::Issuance) {
            return Ok(Arc::clone(plugin));
        }
        Err(format!("the plugin `{provider}` can't issue"))
    }
}
