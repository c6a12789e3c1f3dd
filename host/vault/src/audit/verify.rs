//! Walking the chain.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::chain;
use crate::error::VaultError;
use crate::store::{Database, StoreError, audit as rows};
use crate::vault::Vault;

/// Entries that are read at a time.
const STEP: i64 = 1000;

/// Where the chain ended at some time: kept elsewhere, it shows later whether the tail was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The last entry's number; 0 where there was none.
    pub number: u64,
    /// The last entry's MAC.
    pub mac: Vec<u8>,
}

/// What walking the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// How many entries hold together, from the first.
    pub verified: u64,
    /// Where they end.
    pub head: AuditHead,
    /// The first thing that doesn't hold.
    pub broken: Option<Break>,
}

impl AuditVerdict {
    /// Whether all holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken.is_none()
    }
}

/// Where a chain breaks, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The number of the entry that should be there.
    pub number: u64,
    /// What is wrong.
    pub reason: String,
}

impl Vault {
    /// Walks the whole log. `exported` is a head that was kept elsewhere: the log must still hold that entry.
    pub async fn verify_audit(
        &self,
        exported: Option<&AuditHead>,
    ) -> Result<AuditVerdict, VaultError> {
        let keys = self.inner.keys.audit_keys(&self.inner.database).await?;
        Ok(verify(&self.inner.database, &keys, exported).await?)
    }

    /// Where the chain ends now.
    pub async fn audit_head(&self) -> Result<AuditHead, VaultError> {
        let (number, mac) = rows::head(&self.inner.database).await?;
        Ok(AuditHead {
            number: u64::try_from(number).unwrap_or_default(),
            mac,
        })
    }
}

/// Walks the chain, a thousand entries at a time. The keys are by id.
pub(super) async fn verify(
    database: &Database,
    keys: &HashMap<String, Zeroizing<[u8; 32]>>,
    exported: Option<&AuditHead>,
) -> Result<AuditVerdict, StoreError> {
    // The head before the walk: entries that are written meanwhile come after it.
    let (end, end_mac) = rows::head(database).await?;
    let mut walked = (0_i64, Vec::new());
    let verdict = |walked: (i64, Vec<u8>), reason: Option<String>| {
        let number = u64::try_from(walked.0).unwrap_or_default();
        let broken = reason.map(|reason| Break {
            number: number + 1,
            reason,
        });
        AuditVerdict {
            verified: number,
            head: AuditHead {
                number,
                mac: walked.1,
            },
            broken,
        }
    };
    let exported_at = exported.map(|head| i64::try_from(head.number).unwrap_or(i64::MAX));
    loop {
        let step = rows::after(database, walked.0, STEP).await?;
        if step.is_empty() {
            break;
        }
        for row in step {
            if row.number != walked.0 + 1 {
                return Ok(verdict(
                    walked,
                    Some(format!(
                        "this entry is missing; the next there is {}",
                        row.number
                    )),
                ));
            }
            let Some(key) = keys.get(&row.mac_key) else {
                return Ok(verdict(
                    walked,
                    Some("it names a key that isn't here".to_owned()),
                ));
            };
            let expected = chain::mac(key, &walked.1, &row)?;
            if blake3::Hash::from_bytes(expected) != *row.mac.as_slice() {
                let reason =
                    "its MAC doesn't fit: it, or the entry before it, was changed".to_owned();
                return Ok(verdict(walked, Some(reason)));
            }
            walked = (row.number, row.mac);
            let due = |at: Option<i64>| at == Some(walked.0);
            let kept = exported.filter(|_| due(exported_at));
            if kept.is_some_and(|head| head.mac != walked.1)
                || due(Some(end)) && end_mac != walked.1
            {
                return Ok(verdict(
                    walked,
                    Some("the entry before it isn't the one that the head names".to_owned()),
                ));
            }
        }
    }
    let wanted = exported_at.map_or(end, |number| number.max(end));
    let reason =
        (walked.0 < wanted).then(|| format!("the log ends here, and should go on to {wanted}"));
    Ok(verdict(walked, reason))
}
