//! Waits until a file has been copied to its end: until two looks, a moment apart, find it in the same state.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Looked, Stamp};

/// How long a file has to stay as it is.
pub const SETTLED: Duration = Duration::from_millis(100);

/// Since when each file has been as it is.
#[derive(Debug, Default)]
pub struct Settling(BTreeMap<String, (Stamp, Instant)>);

impl Settling {
    /// Takes note of a look at the time `now`, and names the files that had been found in the same state at least
    /// [`SETTLED`] before. Of the others it says nothing yet.
    pub fn settled<'l>(
        &mut self,
        looked: &'l BTreeMap<String, Looked>,
        now: Instant,
    ) -> Vec<(&'l str, &'l Stamp)> {
        self.0.retain(|name, _| looked.contains_key(name));
        let mut settled = Vec::new();
        for (name, stamp) in looked {
            let Ok(stamp) = stamp else {
                self.0.remove(name);
                continue;
            };
            match self.0.get(name) {
                Some((before, since)) if before == stamp => {
                    if now.duration_since(*since) >= SETTLED {
                        settled.push((name.as_str(), stamp));
                    }
                }
                _ => {
                    self.0.insert(name.clone(), (stamp.clone(), now));
                }
            }
        }
        settled
    }
}
