//! What a guest gets back.

use zeroize::Zeroizing;

use super::client::Answer;
use super::keyring::Keyring;
use super::matcher::TooMuchWork;

/// The longest body that is scrubbed where it is, in bytes. A longer one would keep the calls that share the thread waiting.
const SHORT: usize = 64 * 1024;

/// Headers that tell about the bytes of a body, and are wrong once the body was scrubbed. They could also tell a guest
/// that knows the rest of a body what was taken out of it.
const ABOUT_THE_BODY: [&str; 8] = [
    "content-length",
    "content-md5",
    "content-digest",
    "repr-digest",
    "digest",
    "etag",
    "signature",
    "signature-input",
];

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

impl InboundResponse {
    /// The answer without the call's secrets. Where they can't be taken out there is no answer.
    pub(crate) async fn of(mut answer: Answer, keyring: &Keyring) -> Result<Self, TooMuchWork> {
        let text = |value: &http::HeaderValue| {
            std::str::from_utf8(value.as_bytes())
                .ok()
                .map(str::to_owned)
        };
        let headers = answer
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
        let mut response = Self {
            status: answer.status.as_u16(),
            headers: headers.collect(),
            body: std::mem::take(&mut *answer.body),
            ..Self::default()
        };
        response.scrub(keyring).await?;
        Ok(response)
    }

    /// Replaces the call's secrets in headers and body by their stand-ins.
    pub(crate) async fn scrub(&mut self, keyring: &Keyring) -> Result<(), TooMuchWork> {
        let before = self.headers.len();
        self.headers
            .retain(|(name, _)| !keyring.words().has_secret(name.as_bytes()));
        let mut changed = self.headers.len() != before;
        for (_, value) in &mut self.headers {
            if let Some(scrubbed) = keyring.scrubbed_text(value)? {
                *value = scrubbed;
                changed = true;
            }
        }
        if let Some(scrubbed) = self.scrubbed_body(keyring).await? {
            zeroize::Zeroize::zeroize(&mut std::mem::replace(&mut self.body, scrubbed));
            changed = true;
        }
        if changed {
            let digest = |name: &str| {
                ABOUT_THE_BODY.contains(&name)
                    || name.contains("checksum")
                    || name.ends_with("-hash")
            };
            self.headers.retain(|(name, _)| !digest(name));
        }
        Ok(())
    }

    async fn scrubbed_body(&mut self, keyring: &Keyring) -> Result<Option<Vec<u8>>, TooMuchWork> {
        if self.body.len() <= SHORT {
            return keyring.words().scrubbed(&self.body);
        }
        let (words, body) = (keyring.words().clone(), std::mem::take(&mut self.body));
        let body = Zeroizing::new(body);
        let scrubbing = tokio::task::spawn_blocking(move || {
            let scrubbed = words.scrubbed(&body);
            (scrubbed, body)
        });
        // It ends without a result only where the runtime is shutting down; nothing unscrubbed is passed on then either.
        let (scrubbed, mut body) = scrubbing.await.map_err(|_| TooMuchWork)?;
        self.body = std::mem::take(&mut *body);
        scrubbed
    }
}
