//! What a file gets by itself.

use claviger_runtime::{Right, Rights};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::grant::Asking;
use crate::audit::{Applied, Author, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::store::plugins::{self as rows, NewGrant};
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

/// How often it is decided anew on what another host has decided meanwhile. Each time something was written that stays.
const ATTEMPTS: usize = 8;
/// How an automatic grant is kept.
pub(super) const AUTO: &str = "auto";

const RESERVED: &str = "it bears the name of a plugin that is part of the server";

/// Whether files get anything by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalPolicy {
    /// A name that was never granted anything gets what its manifest asks for, save what takes an approval; a name that
    /// was gets as much again.
    Auto,
    /// Every file waits for an operator.
    Review,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may serve.
    Granted {
        /// All that it was granted, what takes an approval included where somebody gave it.
        rights: Rights,
    },
    /// It may not until an operator approves it; whatever serves under its name goes on serving.
    Waiting {
        /// Why, in a sentence for the operator.
        reason: String,
        /// What it asks for beyond what it would get by itself.
        beyond: Vec<Right>,
    },
}

/// What is known of the name of a file that has no grant.
enum Name {
    /// It was never granted anything.
    New,
    /// Further files get this by themselves: as it is kept, and as it means.
    Baseline(String, Rights),
    /// Further files wait.
    NoBaseline,
}

impl Vault {
    /// What becomes of a file: it has a grant, gets one by itself, or waits. Asked again, it says the same again and
    /// writes nothing; of two hosts that ask at once, one writes, and both say the same.
    pub async fn decide(
        &self,
        asking: &Asking<'_>,
        policy: ApprovalPolicy,
    ) -> Result<Decision, VaultError> {
        let database = &self.inner.database;
        for _ in 0..ATTEMPTS {
            let hash = asking.hash.to_hex();
            if let Some(grant) = rows::grant(database, asking.name, &hash).await? {
                let rights = rows::read_rights(&grant.rights)?;
                if grant.withdrawn_at.is_some() {
                    return Ok(asking.waiting("its grant was withdrawn"));
                }
                // The server may have got a plugin of that name since.
                if asking.reserved && grant.how == AUTO {
                    return Ok(asking.waiting(RESERVED));
                }
                // A later server may see more in the same manifest than the one that granted it.
                let beyond: Vec<_> = asking.rights.beyond(&rights).cloned().collect();
                return Ok(if beyond.is_empty() {
                    Decision::Granted { rights }
                } else {
                    Decision::Waiting {
                        reason: "it asks for more than it was granted".to_owned(),
                        beyond,
                    }
                });
            }
            if asking.reserved {
                return Ok(asking.waiting(RESERVED));
            }
            if policy == ApprovalPolicy::Review {
                return Ok(asking.waiting("every plugin file is to be reviewed"));
            }
            let name = match rows::baseline(database, asking.name).await? {
                None => Name::New,
                Some(None) => Name::NoBaseline,
                Some(Some(kept)) => {
                    let rights = rows::read_rights(&kept)?;
                    Name::Baseline(kept, rights)
                }
            };
            let baseline = match asking.by_itself(name) {
                Ok(baseline) => baseline,
                Err(waiting) => return Ok(waiting),
            };
            let change = AutomaticGrant {
                row: asking.grant(AUTO, None, self.now().as_millisecond())?,
                baseline,
            };
            let entry = asking.told(NewEntry::new(Author::System, action::PLUGIN_GRANTED));
            // Refused: somebody was faster, and what they wrote decides.
            if self
                .inner
                .audit
                .commit(entry, Some(Box::new(change)))
                .await?
                .applied
                == Applied::Done
            {
                return Ok(Decision::Granted {
                    rights: asking.rights.clone(),
                });
            }
        }
        Err(VaultError::Conflict {
            message: format!(
                "What `{}` is granted is being changed by others",
                asking.name
            ),
            retry_after_ms: Some(1000),
        })
    }
}

impl Asking<'_> {
    /// Whether it gets all that it asks for by itself, on the ground of which baseline (none: it makes the first); else
    /// why it waits.
    fn by_itself(&self, name: Name) -> Result<Option<String>, Decision> {
        match name {
            Name::New => {
                let beyond: Vec<_> = self
                    .rights
                    .iter()
                    .filter(|right| right.takes_approval())
                    .cloned()
                    .collect();
                if beyond.is_empty() {
                    return Ok(None);
                }
                Err(Decision::Waiting {
                    reason: "it asks for what only an operator grants".to_owned(),
                    beyond,
                })
            }
            Name::Baseline(..) if self.lent => Err(self.waiting(
                "the configuration lends something to its name, and this file is another than the one it was lent to",
            )),
            Name::Baseline(kept, rights) => {
                let beyond: Vec<_> = self.rights.beyond(&rights).cloned().collect();
                if beyond.is_empty() {
                    return Ok(Some(kept));
                }
                Err(Decision::Waiting {
                    reason: format!("it asks for more than `{}` was granted before", self.name),
                    beyond,
                })
            }
            Name::NoBaseline => {
                Err(self.waiting("its name has no automatic grant that it could go by"))
            }
        }
    }

    /// It waits with all that it asks for.
    fn waiting(&self, reason: &str) -> Decision {
        Decision::Waiting {
            reason: reason.to_owned(),
            beyond: self.rights.iter().cloned().collect(),
        }
    }
}

/// A grant that a file gets by itself. Refused as stale where the name no longer stands as it was read, and as taken where
/// the file has a grant.
struct AutomaticGrant {
    row: NewGrant,
    /// What the name's files get, as it was read; none makes this one's rights the first.
    baseline: Option<String>,
}

impl Change for AutomaticGrant {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let NewGrant { name, rights, .. } = &self.row;
            let stands = match &self.baseline {
                Some(baseline) => rows::has_baseline(transaction, name, baseline).await?,
                None => rows::insert_name(transaction, name, Some(rights)).await?,
            };
            if !stands {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            Ok(if rows::insert_grant(transaction, &self.row).await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::NameTaken)
            })
        }
        .boxed()
    }
}
