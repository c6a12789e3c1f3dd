//! What a guest gets back.

/// An answer as the guest sees it, scrubbed: `http.response` of the WIT package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboundResponse {
    /// The status, redirects included: they are not followed.
    pub status: u16,
    /// Names in lower case; values that aren't text are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The stand-in of each capture that matched, by the capture's name.
    pub captured: Vec<(String, String)>,
    /// Why a capture was not made, under `capture:<name>`.
    pub details: Vec<(String, String)>,
}
