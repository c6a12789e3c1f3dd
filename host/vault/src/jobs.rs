//! What the vault does by itself, when it is due.
//!
//! What is due stands in the database, so nothing is forgotten when a host ends. A look at it begins what can be begun and
//! waits for none of it: each job is a task of its own, in the lane of the plugin that it calls. A lane has room for a few,
//! so that a provider isn't flooded, and one that hangs holds up nobody else. Whoever works on a row has claimed it there:
//! several hosts look at the same rows.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{MissedTickBehavior, interval};

use crate::error::VaultError;
use crate::vault::Vault;

/// How often the database is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Jobs of one plugin at a time.
const IN_LANE: usize = 4;
/// Jobs at a time.
const IN_ALL: usize = 64;

/// Jobs that were begun, to be waited for by whoever wants to see them done.
pub(crate) type Begun = Vec<JoinHandle<()>>;

/// The task that looks. It ends with this.
pub struct Jobs(AbortHandle);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Vault {
    /// Begins what is due, from now on until what this returns is dropped. What was begun goes on to its end.
    #[must_use]
    pub fn start_jobs(&self) -> Jobs {
        let vault = self.clone();
        let look = async move {
            let mut looks = interval(LOOK);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                looks.tick().await;
                if let Err(error) = vault.begin_due_jobs().await {
                    tracing::warn!(%error, "what is due can't be looked up; it is tried again");
                }
            }
        };
        Jobs(tokio::spawn(look).abort_handle())
    }

    /// Begins what is due and isn't being done.
    pub(crate) async fn begin_due_jobs(&self) -> Result<Begun, VaultError> {
        let mut begun = Begun::new();
        begun.extend(self.begin_due_places().await?);
        begun.extend(self.begin_due_leases().await?);
        begun.extend(self.begin_due_rotations().await?);
        begun.extend(self.begin_due_retirements().await?);
        begun.extend(self.begin_due_credentials().await?);
        self.forget_old_requests().await?;
        Ok(begun)
    }
}

/// Which jobs are being done on this host.
#[derive(Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<InHand>>);

#[derive(Default)]
struct InHand {
    /// The ids of all of them.
    jobs: HashSet<String>,
    /// How many there are in each lane.
    lanes: HashMap<String, usize>,
}

/// A job's place in its lane. It is free again when this is dropped.
pub(crate) struct Turn {
    lanes: Lanes,
    lane: String,
    job: String,
}

impl Lanes {
    /// A place for a job in the lane of a plugin; none where it is being done already, or where there is no room now.
    pub(crate) fn enter(&self, lane: &str, job: &str) -> Option<Turn> {
        let mut in_hand = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = in_hand.lanes.get(lane).copied().unwrap_or_default();
        if running >= IN_LANE || in_hand.jobs.len() >= IN_ALL || in_hand.jobs.contains(job) {
            return None;
        }
        in_hand.jobs.insert(job.to_owned());
        in_hand.lanes.insert(lane.to_owned(), running + 1);
        Some(Turn {
            lanes: self.clone(),
            lane: lane.to_owned(),
            job: job.to_owned(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut in_hand = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        in_hand.jobs.remove(&self.job);
        if let Some(running) = in_hand.lanes.get_mut(&self.lane) {
            *running -= 1;
            if *running == 0 {
                in_hand.lanes.remove(&self.lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_is_full_holds_up_no_other() {
        let lanes = Lanes::default();
        let mut turns: Vec<_> = (0..IN_LANE)
            .map(|number| lanes.enter("slow", &format!("job {number}")).expect("room"))
            .collect();
        assert!(lanes.enter("slow", "one more").is_none());
        assert!(lanes.enter("quick", "job 1").is_none(), "it is in hand");
        let other = lanes.enter("quick", "another");
        assert!(other.is_some());
        turns.pop();
        assert!(lanes.enter("slow", "one more").is_some());
    }
}
