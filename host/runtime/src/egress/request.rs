//! What a guest asks to send.

use std::time::Duration;

use crate::manifest::CaptureSource;

/// A request as the guest makes it: `http.request` of the WIT package.
#[derive(Debug, Clone, Default)]
pub struct OutboundRequest {
    /// In upper case.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the guest's order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
    /// What the guest is willing to wait, where that is less than what it may.
    pub timeout: Option<Duration>,
    /// What to take out of the answer.
    pub captures: Vec<Capture>,
    /// A signature over the request as it leaves.
    pub signature: Option<Signature>,
    /// Open-ended options.
    pub options: Vec<(String, String)>,
}

/// A new secret to take out of the answer: `http.capture`.
#[derive(Debug, Clone)]
pub struct Capture {
    /// As the manifest calls it.
    pub name: String,
    /// As the manifest says it.
    pub source: CaptureSource,
}

/// A signature over the request as it leaves: `http.signature`.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Such as `aws-sigv4`.
    pub scheme: String,
    /// The stand-in of the key.
    pub secret: String,
    /// What the scheme needs.
    pub parameters: Vec<(String, String)>,
}
