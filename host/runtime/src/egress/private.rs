//! What an operator writes to let a plugin reach addresses that aren't public.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::origin::Origin;

/// An origin, or a range of addresses, that a plugin may reach though it isn't public. Written out by the operator:
/// never a pattern, never a template that a credential fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PrivateGrant {
    /// `http://127.0.0.1:5678`: this origin, whatever it resolves to.
    Origin(Origin),
    /// `10.20.0.0/16`: these addresses, whatever the name and the port.
    Addresses(IpNet),
}

/// Why a text grants nothing.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error(
    "`{0}` is neither an origin, as `http://127.0.0.1:5678`, nor a range of addresses, as `10.20.0.0/16`"
)]
pub struct PrivateGrantError(String);

impl PrivateGrant {
    /// Whether it is this very origin.
    #[must_use]
    pub fn is_origin(&self, origin: &Origin) -> bool {
        matches!(self, Self::Origin(granted) if granted == origin)
    }

    /// Whether it is a range that this address is in.
    #[must_use]
    pub fn has_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Addresses(range) if range.contains(&address) || range.contains(&address.to_canonical()))
    }
}

impl FromStr for PrivateGrant {
    type Err = PrivateGrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A host may have a `*` in it, as far as URLs go. Here it can only be meant as a pattern, and there are none.
        if text.contains('*') {
            return Err(PrivateGrantError(text.to_owned()));
        }
        let range = || text.parse().map(Self::Addresses);
        let address = || {
            text.parse::<IpAddr>()
                .map(|address| Self::Addresses(address.into()))
        };
        let origin = || text.parse().map(Self::Origin);
        range()
            .or_else(|_| address())
            .or_else(|_| origin())
            .map_err(|_| PrivateGrantError(text.to_owned()))
    }
}

impl TryFrom<String> for PrivateGrant {
    type Error = PrivateGrantError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PrivateGrant> for String {
    fn from(grant: PrivateGrant) -> Self {
        grant.to_string()
    }
}

impl fmt::Display for PrivateGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => origin.fmt(f),
            Self::Addresses(range) => range.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_ranges_and_addresses_are_told_apart() {
        let grant = |text: &str| text.parse::<PrivateGrant>();
        assert!(matches!(
            grant("http://127.0.0.1:5678"),
            Ok(PrivateGrant::Origin(_))
        ));
        assert!(matches!(
            grant("10.20.0.0/16"),
            Ok(PrivateGrant::Addresses(_))
        ));
        assert!(
            grant("10.20.0.7")
                .expect("an address")
                .has_address("10.20.0.7".parse().expect("an address"))
        );
        assert!(
            !grant("10.20.0.7")
                .expect("an address")
                .has_address("10.20.0.8".parse().expect("an address"))
        );
        assert!(
            grant("fd00::/8")
                .expect("a range")
                .has_address("fd00::1".parse().expect("an address"))
        );
        assert!(
            grant("10.0.0.0/8")
                .expect("a range")
                .has_address("::ffff:10.0.0.1".parse().expect("an address"))
        );
        for text in ["{base_url}", "https://*.example.com", "example.com", ""] {
            assert!(grant(text).is_err(), "{text}");
        }
    }
}
