//! Leases, with real plugins and a provider on the loopback that remembers what it made.

mod issuing;
mod losing;
mod support;
mod sweeping;
