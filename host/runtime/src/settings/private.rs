//! Private addresses that an operator lets a plugin reach.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::origin::{Origin, OriginError};

/// An origin or a network that may be private.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PrivateGrant {
    /// `http://127.0.0.1:5678`: this origin, wherever its name leads.
    Origin(Origin),
    /// `10.20.0.0/16` or `10.20.0.7`: these addresses, whatever the origin.
    Network(IpNet),
}

/// Why a text grants no private address.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum PrivateGrantError {
    /// It looks like an origin and isn't one.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// It is neither.
    #[error("`{0}` is neither an origin (`http://127.0.0.1:5678`) nor a network (`10.20.0.0/16`)")]
    Neither(String),
}

impl FromStr for PrivateGrant {
    type Err = PrivateGrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("://") {
            return Ok(Self::Origin(text.parse()?));
        }
        let network = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network
            .map(|network| Self::Network(network.trunc()))
            .ok_or_else(|| PrivateGrantError::Neither(text.to_owned()))
    }
}

impl fmt::Display for PrivateGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => origin.fmt(f),
            Self::Network(network) => network.fmt(f),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_networks_and_addresses() {
        assert!(matches!(
            "http://127.0.0.1:5678".parse(),
            Ok(PrivateGrant::Origin(_))
        ));
        assert_eq!(
            "10.20.3.4/16"
                .parse::<PrivateGrant>()
                .expect("a network")
                .to_string(),
            "10.20.0.0/16"
        );
        assert_eq!(
            "10.20.3.4"
                .parse::<PrivateGrant>()
                .expect("an address")
                .to_string(),
            "10.20.3.4/32"
        );
        assert_eq!(
            "fd00::1"
                .parse::<PrivateGrant>()
                .expect("an address")
                .to_string(),
            "fd00::1/128"
        );
        assert!(matches!(
            "localhost".parse::<PrivateGrant>(),
            Err(PrivateGrantError::Neither(_))
        ));
        assert!(matches!(
            "http://a.example/x".parse::<PrivateGrant>(),
            Err(PrivateGrantError::Origin(_))
        ));
    }
}
