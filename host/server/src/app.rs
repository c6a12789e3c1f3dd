//! What every handler can reach.

use std::sync::Arc;

use arc_swap::ArcSwap;
use claviger_runtime::catalogue::Catalogue;
use claviger_runtime::clock::Clock;
use claviger_vault::Vault;
use claviger_vault::identity::Caller;
use claviger_vault::permission::{InWorkspace, OnServer, Permit, ServerPermit, WorkspaceRef};
use jiff::Timestamp;

use crate::plugins::Keeper;
use crate::refusal::{Refusal, denied};

/// The running server's parts; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

struct Parts {
    vault: Vault,
    catalogue: Arc<ArcSwap<Catalogue>>,
    plugins: Keeper,
    clock: Arc<dyn Clock>,
    started: Timestamp,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(
        vault: Vault,
        catalogue: Arc<ArcSwap<Catalogue>>,
        plugins: Keeper,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let started = time(&*clock);
        Self(Arc::new(Parts {
            vault,
            catalogue,
            plugins,
            clock,
            started,
        }))
    }

    /// The vault.
    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Leave for the caller to do `P` in a workspace.
    pub(crate) async fn permit<P: InWorkspace>(
        &self,
        caller: &Caller,
        workspace: impl Into<WorkspaceRef<'_>>,
    ) -> Result<Permit<P>, Refusal> {
        self.vault()
            .permit(caller, workspace)
            .await
            .map_err(|cause| denied::<P>(&cause))
    }

    /// Leave for the caller to do `P` on the server.
    pub(crate) async fn server_permit<P: OnServer>(
        &self,
        caller: &Caller,
    ) -> Result<ServerPermit<P>, Refusal> {
        self.vault()
            .server_permit(caller)
            .await
            .map_err(|cause| denied::<P>(&cause))
    }

    /// The plugins that serve now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.0.catalogue.load_full()
    }

    /// The keeper of the plugin directory.
    pub(crate) fn plugins(&self) -> &Keeper {
        &self.0.plugins
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        time(&*self.0.clock)
    }

    /// When the server was started.
    pub(crate) fn started(&self) -> Timestamp {
        self.0.started
    }
}

fn time(clock: &dyn Clock) -> Timestamp {
    // Out of range only in the year 9999.
    i64::try_from(clock.now_ms())
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}
