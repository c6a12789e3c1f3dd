//! Ids: eight random bytes, kept and shown by the vault as 16 lower-case hexadecimal digits; of a lease twelve, as 24.
//!
//! A surface renders them its own way (`CRD-0123…` in upper case, `cred_0123…`) and takes only its own form back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::seal::random;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is lower-case hexadecimal digits, 24 for a lease and 16 for all else")]
pub struct IdError;

fn parse<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(IdError),
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return Err(IdError);
    };
    let mut bytes = [0; N];
    if pairs.len() != N {
        return Err(IdError);
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(bytes)
}

macro_rules! id {
    ($(#[$about:meta])* $name:ident($length:literal)) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $length]);

        impl $name {
            /// A new one.
            #[must_use]
            pub fn random() -> Self {
                Self(random::bytes())
            }

            /// Its bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $length] {
                self.0
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(bytes: [u8; $length]) -> Self {
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
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::UpperHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
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
    WorkspaceId(8)
}
id! {
    /// A user's id.
    UserId(8)
}
id! {
    /// A credential's id.
    CredentialId(8)
}
id! {
    /// A rotation's id: its idempotency key at the provider.
    RotationId(8)
}
id! {
    /// The id of a credential as a target keeps it.
    ApplicationId(8)
}
id! {
    /// A lease's id: its idempotency key at the provider.
    LeaseId(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_reads() {
        let id = CredentialId::from([0, 1, 2, 0xab, 0xcd, 0xef, 9, 8]);
        assert_eq!(id.to_string(), "000102abcdef0908");
        assert_eq!(format!("{id:X}"), "000102ABCDEF0908");
        assert!("000102abcdef0908".parse::<LeaseId>().is_err());
        let lease = LeaseId::from([0xab; 12]);
        assert_eq!(lease.to_string().parse(), Ok(lease));
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
