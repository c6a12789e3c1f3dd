//! Ids: eight random bytes, kept and shown by the vault as 16 lower-case hexadecimal digits.
//!
//! A surface renders them its own way (`CRD-0123…` in upper case, `cred_0123…`) and takes only its own form back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::seal::random;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is 16 lower-case hexadecimal digits")]
pub struct IdError;

fn parse(text: &str) -> Result<[u8; 8], IdError> {
    let plain = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if text.len() != 16 || !text.as_bytes().iter().all(plain) {
        return Err(IdError);
    }
    u64::from_str_radix(text, 16)
        .map(u64::to_be_bytes)
        .map_err(|_| IdError)
}

macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 8]);

        impl $name {
            /// A new one.
            #[must_use]
            pub fn random() -> Self {
                Self(random::bytes())
            }

            /// Its bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 8] {
                self.0
            }
        }

        impl From<[u8; 8]> for $name {
            fn from(bytes: [u8; 8]) -> Self {
                Self(bytes)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", u64::from_be_bytes(self.0))
            }
        }

        impl fmt::UpperHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016X}", u64::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

id! {
    /// A workspace's id.
    WorkspaceId
}
id! {
    /// A user's id.
    UserId
}
id! {
    /// A credential's id.
    CredentialId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_reads() {
        let id = CredentialId::from([0, 1, 2, 0xab, 0xcd, 0xef, 9, 8]);
        assert_eq!(id.to_string(), "000102abcdef0908");
        assert_eq!(format!("{id:X}"), "000102ABCDEF0908");
        assert_eq!("000102abcdef0908".parse(), Ok(id));
        for text in [
            "",
            "000102ABCDEF0908",
            "000102abcdef090",
            "+00102abcdef0908",
            "000102abcdef09080",
        ] {
            assert_eq!(text.parse::<CredentialId>(), Err(IdError), "{text}");
        }
    }
}
