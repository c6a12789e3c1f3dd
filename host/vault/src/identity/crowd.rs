//! Who waits for a password to be compared, so that nobody's crowd takes the places of all others.
//!
//! Anybody may try to log in, and each try costs a hash. The queue has a place for some tens; without a share of their
//! own, one client that keeps it full would shut out everybody else. So one address has a few places, and so has one
//! name: more than an address, so that no address alone can shut a user out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many of one address wait at a time.
const WAITING_OF_ADDRESS: usize = 2;
/// How many that give one name wait at a time.
const WAITING_OF_NAME: usize = 4;

/// Who wants a password compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asker {
    /// Where they are, if that is known.
    pub(crate) address: Option<IpAddr>,
    /// The name that they give, as names are compared.
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Share {
    Address(IpAddr),
    Name(String),
}

impl Share {
    fn most(&self) -> usize {
        match self {
            Self::Address(_) => WAITING_OF_ADDRESS,
            Self::Name(_) => WAITING_OF_NAME,
        }
    }
}

impl Asker {
    fn shares(self) -> Vec<Share> {
        let address = self.address.map(|address| Share::Address(network(address)));
        let name = self.name.map(Share::Name);
        address.into_iter().chain(name).collect()
    }
}

/// What one client has: an IPv4 address, or the /64 that an IPv6 host draws its addresses from.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// How many wait of each share. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<Share, usize>>>);

/// One that waits, until it is dropped.
pub(super) struct Waiting {
    crowd: Crowd,
    shares: Vec<Share>,
}

impl Crowd {
    /// A place to wait in; none where the asker's share is taken.
    pub(super) fn enter(&self, asker: Asker) -> Option<Waiting> {
        let shares = asker.shares();
        let mut waiting = self.lock();
        let full = |share: &Share| waiting.get(share).copied().unwrap_or_default() >= share.most();
        if shares.iter().any(full) {
            return None;
        }
        for share in &shares {
            *waiting.entry(share.clone()).or_default() += 1;
        }
        drop(waiting);
        Some(Waiting {
            crowd: self.clone(),
            shares,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Share, usize>> {
        // A map of numbers is whole even if a thread panicked beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.crowd.lock();
        for share in &self.shares {
            if let Some(number) = waiting.get_mut(share) {
                *number -= 1;
                if *number == 0 {
                    waiting.remove(share);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(address: &str, name: &str) -> Asker {
        Asker {
            address: Some(address.parse().unwrap()),
            name: Some(name.to_owned()),
        }
    }

    #[test]
    fn a_crowd_takes_its_own_places_and_nobody_elses() {
        let crowd = Crowd::default();
        let mut held: Vec<_> = (0..100)
            .filter_map(|number| crowd.enter(asker("192.0.2.1", &format!("name {number}"))))
            .collect();
        assert_eq!(held.len(), WAITING_OF_ADDRESS);
        held.extend(crowd.enter(asker("192.0.2.2", "name 0")));
        assert_eq!(held.len(), WAITING_OF_ADDRESS + 1);

        // One address can't take all of a name's.
        let mut of_name: Vec<_> = (0..100)
            .filter_map(|_| crowd.enter(asker("192.0.2.3", "admin")))
            .collect();
        of_name.extend(crowd.enter(asker("192.0.2.4", "admin")));
        of_name.extend(crowd.enter(asker("192.0.2.5", "admin")));
        of_name.extend(crowd.enter(asker("192.0.2.6", "admin")));
        assert_eq!(of_name.len(), WAITING_OF_NAME);

        drop((held, of_name));
        assert!(crowd.lock().is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_host_is_one_whichever_of_its_addresses_it_uses() {
        let crowd = Crowd::default();
        let of_host = |number: u16| crowd.enter(asker(&format!("2001:db8::{number:x}"), "a"));
        let held: Vec<_> = (1..100).filter_map(of_host).collect();
        assert_eq!(held.len(), WAITING_OF_ADDRESS);
        assert!(crowd.enter(asker("2001:db8:0:1::1", "a")).is_some());
        let mapped = crowd.enter(asker("::ffff:192.0.2.9", "b"));
        let other = crowd.enter(asker("192.0.2.9", "b"));
        assert!(mapped.is_some() && other.is_some());
        assert!(crowd.enter(asker("192.0.2.9", "c")).is_none());
    }
}
