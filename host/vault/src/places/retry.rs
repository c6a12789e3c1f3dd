//! Places that have an older secret, tried again until they have the current one.

use super::refresh::Cause;
use crate::credentials::CredentialRef;
use crate::error::VaultError;
use crate::jobs::Begun;
use crate::store::StoreError;
use crate::store::places as rows;
use crate::vault::Vault;

/// Applications that are looked at, at a time.
const LOOKED_AT: i64 = 500;
/// How long after each failure it is tried again, in milliseconds; the last counts for all that follow: 30 seconds, 2 and
/// 10 minutes, 1, 6 and 24 hours.
const WAITS_MS: [i64; 6] = [30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000];

/// When it is tried again after so many failures, no sooner than the target wants.
pub(super) fn next_at(now: i64, failures: i64, retry_after_ms: Option<i64>) -> i64 {
    let index = usize::try_from(failures - 1).unwrap_or_default();
    let wait = WAITS_MS[index.min(WAITS_MS.len() - 1)];
    now.saturating_add(wait.max(retry_after_ms.unwrap_or_default()))
}

impl Vault {
    /// Begins to refresh the applications whose time has come.
    pub(crate) async fn begin_due_places(&self) -> Result<Begun, VaultError> {
        let now = self.now().as_millisecond();
        let mut begun = Begun::new();
        for (id, plugin) in rows::due(&self.inner.database, now, LOOKED_AT).await? {
            let job = format!("application {id}");
            let Some(turn) = self.inner.lanes.enter(&plugin, &job) else {
                continue;
            };
            let vault = self.clone();
            let work = async move {
                let _turn = turn;
                if let Err(error) = vault.refresh_again(&id).await {
                    tracing::warn!(application = id, %error, "places can't be refreshed; it is tried again");
                    vault.put_off_places(&id).await;
                }
            };
            begun.extend(self.inner.underway.spawn(work));
        }
        Ok(begun)
    }

    async fn refresh_again(&self, id: &str) -> Result<(), VaultError> {
        let Some(application) = rows::application_by_id(&self.inner.database, id).await? else {
            return Ok(());
        };
        let damaged = |why| StoreError::damaged("application", why);
        let workspace = application.workspace.parse().map_err(damaged)?;
        let reference = CredentialRef::Id(application.credential.parse().map_err(damaged)?);
        // Not from the cache: it is the current secret that is wanted.
        let credential = self.read_through(workspace, &reference).await?.credential;
        if credential.rotating || !credential.active {
            return Ok(());
        }
        self.refresh_application(&credential, credential.version, application, Cause::Retry)
            .await?;
        Ok(())
    }

    /// What can't be worked on here isn't begun again at each look.
    async fn put_off_places(&self, id: &str) {
        let next_at = next_at(self.now().as_millisecond(), 1, None);
        let written = async {
            let mut transaction = self.inner.database.begin().await?;
            rows::set_due(&mut transaction, id, next_at).await?;
            transaction.commit().await
        };
        if let Err(error) = written.await {
            tracing::warn!(application = id, %error, "it can't be put off");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_less_and_less_often_and_never_given_up() {
        let waits: Vec<_> = (1..9)
            .map(|failures| next_at(0, failures, None) / 1000)
            .collect();
        assert_eq!(waits, [30, 120, 600, 3600, 21_600, 86_400, 86_400, 86_400]);
        assert_eq!(next_at(5, 1, Some(45_000)), 45_005);
    }
}
