//! That grants have changed, here or on another host.

use std::sync::Arc;

use tokio::sync::watch;

use crate::store::listen::Heed;
use crate::vault::Vault;

/// What hosts tell each other when an operator has approved or withdrawn something.
pub(super) const WORDS: &str = "plugin grants";

/// Counts the changes of grants. Cheap to clone; all clones count together.
#[derive(Clone, Default)]
pub(crate) struct GrantNews(Arc<watch::Sender<u64>>);

impl GrantNews {
    pub(super) fn count(&self) {
        self.0.send_modify(|changes| *changes += 1);
    }
}

impl Vault {
    /// Changes whenever an operator has approved or withdrawn something: at once where it was done on this host, within a
    /// second where on another. It may change without any reason; what holds, [`Vault::decide`] says.
    #[must_use]
    pub fn grants_changed(&self) -> watch::Receiver<u64> {
        self.inner.grants.0.subscribe()
    }
}

impl Heed for GrantNews {
    fn heard(&self, words: &str) {
        if words == WORDS {
            self.count();
        }
    }

    fn deaf(&self) {}

    fn listening(&self) {
        // Something may have been told while nobody listened.
        self.count();
    }
}
