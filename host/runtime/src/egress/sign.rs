//! Signatures that the host makes with a secret of the call.

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 4648 with padding.
    Base64,
    /// RFC 4648's URL-safe alphabet without padding, as in a JWT.
    Base64Url,
    /// In lower case.
    Hex,
}
