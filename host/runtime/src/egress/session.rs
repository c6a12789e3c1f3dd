//! One call: its stand-ins, the secrets behind them, and what the host saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::Request;
use http::uri::{PathAndQuery, Uri};
use http_body_util::Full;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::PluginEgress;
use super::capture;
use super::client::{self, Answer};
use super::departure::{Arrival, Departure};
use super::failure::{FailureCause, FailureCode, SendFailure};
use super::keyring::{Held, Keyring, Meaning, Source, Target};
use super::matcher::TooMuchWork;
#[cfg(feature = "inspection")]
use super::remains::Remains;
use super::request::OutboundRequest;
use super::response::InboundResponse;
use super::sign::{self, Encoding};
use super::signed;
use super::substitute;
use crate::clock::Clock;
use crate::origin::Origin;
use crate::outcome::Denial;
use crate::secret::Secret;
use crate::subject::{Field, Subject};

/// The most denials of one call that are kept: a plugin that tries in a loop must not fill the host's memory.
const MOST_DENIALS: usize = 64;

/// The longest text of a denial, in bytes: what a guest may repeat must not fill the host's memory either.
const LONGEST_TEXT: usize = 512;

/// The most requests of one call.
pub const MOST_REQUESTS: u32 = 100;

/// What stands for a text that can't be searched for secrets within bounds.
const WITHHELD: &str = "[withheld: it repeats parts of a secret too often to be searched]";

/// Which credential of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the call is about.
    Subject,
    /// The version of the subject that is to be set.
    Proposed,
    /// What was issued from the subject, to be ended.
    Issued,
    /// What the call puts to use in a target.
    Applied,
    /// What opens the provider, or the target, to it.
    Connection,
}

/// One call.
///
/// It has no lock: a guest that has several requests under way shares it as a [`SharedSession`](super::SharedSession). A
/// request that is given up in the middle leaves what was seen of it until then.
pub struct Session {
    egress: Arc<PluginEgress>,
    random: StdRng,
    clock: Arc<dyn Clock>,
    keyring: Keyring,
    subject_sent: Arc<AtomicBool>,
    denials: Vec<Denial>,
    reveals: u32,
    subject_revealed: bool,
    requests: u32,
}

impl Session {
    /// A call without any secret yet. `random` draws the stand-ins: seed it from the system's own source. `clock` has the time
    /// that requests are signed at.
    #[must_use]
    pub fn new(egress: Arc<PluginEgress>, random: StdRng, clock: Arc<dyn Clock>) -> Self {
        let (keyring, denials) = (Keyring::default(), Vec::new());
        Self {
            egress,
            random,
            clock,
            keyring,
            subject_sent: Arc::default(),
            denials,
            reveals: 0,
            subject_revealed: false,
            requests: 0,
        }
    }

    pub(crate) fn egress(&self) -> &Arc<PluginEgress> {
        &self.egress
    }

    /// Takes a credential into the call: its fields as the guest sees them, in their order, a stand-in for each secret.
    pub fn admit(&mut self, role: Role, subject: &Subject) -> Vec<(String, String)> {
        self.keyring.admit(role, subject, &mut self.random)
    }

    /// Takes what was issued from `root` into the call: its fields as the guest sees them.
    pub fn admit_issued(&mut self, root: &Subject, issued: &[Field]) -> Vec<(String, String)> {
        self.keyring
            .admit_fields(Role::Issued, root, issued, &mut self.random)
    }

    /// Takes a credential into the call that is put to use: its fields as the guest sees them, those alone that the grant
    /// has for its kind.
    pub fn admit_applied(&mut self, subject: &Subject, target: Target) -> Vec<(String, String)> {
        let Some(declared) = self.egress.rules.subjects.get(&subject.kind) else {
            return Vec::new();
        };
        self.keyring
            .admit_applied(subject, target, declared, &mut self.random)
    }

    /// Sends a request, stand-ins replaced, and gives its answer, scrubbed.
    pub async fn send(
        &mut self,
        request: OutboundRequest,
        deadline: Instant,
    ) -> Result<InboundResponse, SendFailure> {
        let departure = self.depart(request, deadline)?;
        let arrival = departure.exchange().await;
        self.arrive(arrival).await
    }

    /// The first part of it: checks a request and puts secrets in their places.
    pub(crate) fn depart(
        &mut self,
        mut request: OutboundRequest,
        deadline: Instant,
    ) -> Result<Departure, SendFailure> {
        match self.substituted(&mut request, deadline) {
            Ok((outgoing, plan)) => Ok(Departure {
                egress: self.egress.clone(),
                asked: request,
                outgoing,
                idempotent: plan.idempotent,
                until: plan.until,
                captures: plan.captures,
                subject_sent: plan.has_subjects.then(|| self.subject_sent.clone()),
            }),
            Err(failure) => Err(self.failed(|| request.target(), failure)),
        }
    }

    fn substituted(
        &mut self,
        request: &mut OutboundRequest,
        deadline: Instant,
    ) -> Result<(Request<Full<Bytes>>, Plan), SendFailure> {
        let Self {
            egress,
            clock,
            keyring,
            requests,
            ..
        } = self;
        let rules = &egress.rules;
        if *requests >= MOST_REQUESTS {
            return Err(SendFailure::denied(format!(
                "a call sends at most {MOST_REQUESTS} requests"
            )));
        }
        *requests += 1;
        signed::with_session_token(request)?;
        request.check_sizes(rules.limits.request_body)?;
        if keyring.has_stand_in(request.method.as_bytes()) {
            return Err(SendFailure::denied("no secret goes into the method"));
        }
        let parsed = request.parse()?;
        if !rules.grants(&parsed.origin, keyring) {
            return Err(SendFailure::denied(
                "this is not among the origins that the plugin was granted; the operator can add it to the plugin's `origins`",
            ));
        }
        let captures = capture::check(&request.captures, &parsed, keyring, rules)?;
        let signing = signed::check(request, &parsed, keyring, rules)?;
        let method = parsed.method.clone();
        let idempotent = parsed.is_idempotent();
        let target = rules.target(&parsed.origin).clone();
        let mut substituted = substitute::substitute(parsed, keyring, rules)?;
        let path_and_query = PathAndQuery::from_maybe_shared(substituted.path_and_query.clone());
        let target = uri(&target, path_and_query)?;
        if let Some(signing) = signing {
            let now_ms = clock.now_ms();
            signing.apply(method.as_str(), &target, now_ms, &mut substituted, keyring)?;
        }

        let mut outgoing = Request::new(Full::new(substituted.body));
        *outgoing.method_mut() = method;
        *outgoing.uri_mut() = target;
        *outgoing.headers_mut() = substituted.headers;
        let until = request
            .timeout
            .map_or(deadline, |timeout| deadline.min(Instant::now() + timeout));
        let plan = Plan {
            idempotent,
            until,
            captures,
            has_subjects: substituted.has_subjects,
        };
        Ok((outgoing, plan))
    }

    /// The last part: takes secrets out of the answer.
    pub(crate) async fn arrive(
        &mut self,
        arrival: Arrival,
    ) -> Result<InboundResponse, SendFailure> {
        let scrubbed = match arrival.answer {
            Ok(answer) => {
                let captures = &arrival.captures;
                let scrubbed = self.scrubbed(answer, captures).await;
                scrubbed.map_err(|TooMuchWork| SendFailure {
                    code: client::without_answer(!arrival.idempotent),
                    cause: FailureCause::Answer,
                    message:
                        "the provider's answer repeats parts of a secret too often to be searched for it"
                            .to_owned(),
                })
            }
            Err(failure) => Err(failure),
        };
        scrubbed.map_err(|failure| self.failed(|| arrival.asked.target(), failure))
    }

    async fn scrubbed(
        &mut self,
        answer: Answer,
        captures: &[usize],
    ) -> Result<InboundResponse, TooMuchWork> {
        let mut answer = InboundResponse::of(answer, &self.keyring).await?;
        let declared = &self.egress.rules.captures;
        let captures: Vec<_> = captures.iter().map(|number| &declared[*number]).collect();
        capture::take(&captures, &mut answer, &mut self.keyring, &mut self.random).await?;
        Ok(answer)
    }

    /// Signs a message with a secret field. The answer is a stand-in of the signature, which is a secret of the call.
    pub fn sign(
        &mut self,
        stand_in: &str,
        scheme: &str,
        encoding: Encoding,
        message: &[u8],
    ) -> Result<String, SendFailure> {
        let signed = self.signed(stand_in, scheme, encoding, message);
        signed.map_err(|failure| self.failed(|| "signing".to_owned(), failure))
    }

    fn signed(
        &mut self,
        stand_in: &str,
        scheme: &str,
        encoding: Encoding,
        message: &[u8],
    ) -> Result<String, SendFailure> {
        let Held {
            secret,
            source: Source::Stored(field),
            ..
        } = self.held(stand_in)?
        else {
            return Err(SendFailure::denied("only a field of a credential signs"));
        };
        if !sign::may_sign(&self.keyring, &self.egress.rules, field, scheme) {
            return Err(SendFailure::denied(format!(
                "`{}` has no such signing scheme declared",
                field.name
            )));
        }
        if !self.keyring.has_room() {
            return Err(SendFailure::denied("the call has made too many signatures"));
        }
        if self.keyring.has_stand_in(message) {
            return Err(SendFailure::denied(
                "a stand-in in a message to sign is not replaced; leave it out",
            ));
        }
        let field = field.clone();
        let signature = sign::sign(secret, scheme, encoding, message)?;
        Ok(self
            .keyring
            .hold(signature, Source::Signature(field), &mut self.random)
            .to_string())
    }

    /// The secret itself, where the plugin may reveal.
    pub fn reveal(&mut self, stand_in: &str) -> Result<String, SendFailure> {
        let revealed = self.revealed(stand_in);
        revealed.map_err(|failure| self.failed(|| "disclosure".to_owned(), failure))
    }

    fn revealed(&mut self, stand_in: &str) -> Result<String, SendFailure> {
        if !self.egress.rules.reveal {
            return Err(SendFailure::denied(
                "the plugin may not reveal secrets; the operator can grant it `reveal`",
            ));
        }
        let held = self.held(stand_in)?;
        let is_subjects = self.keyring.is_subjects(&held.source);
        let secret = held.secret.expose_str();
        let secret = secret
            .ok_or_else(|| SendFailure::invalid("the secret isn't text"))?
            .to_owned();
        self.reveals += 1;
        self.subject_revealed |= is_subjects;
        Ok(secret)
    }

    /// The text without this call's secrets: each, encoded or plain, is replaced by its stand-in. Of a text that can't be
    /// searched within bounds nothing is left.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        match self.keyring.scrubbed_text(text) {
            Ok(scrubbed) => scrubbed.unwrap_or_else(|| text.to_owned()),
            Err(TooMuchWork) => WITHHELD.to_owned(),
        }
    }

    /// The bytes without this call's secrets.
    #[must_use]
    pub fn scrub_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match self.keyring.words().scrubbed(bytes) {
            Ok(scrubbed) => scrubbed.unwrap_or_else(|| bytes.to_owned()),
            Err(TooMuchWork) => WITHHELD.as_bytes().to_owned(),
        }
    }

    /// Whether the whole text is a stand-in of this call.
    #[must_use]
    pub fn is_stand_in(&self, text: &str) -> bool {
        self.keyring.find(text).is_some()
    }

    /// Takes a new secret in, as if an answer had had it.
    #[cfg(test)]
    pub(crate) fn hold_captured(&mut self, secret: Secret) -> String {
        let held = self.keyring.hold(
            secret,
            Source::Captured("token".to_owned()),
            &mut self.random,
        );
        held.to_string()
    }

    /// What a value means that the guest answers with.
    #[must_use]
    pub fn meaning(&self, value: &str) -> Meaning<'_> {
        self.keyring.meaning(value)
    }

    /// Whether the plugin may be shown secrets.
    #[must_use]
    pub fn may_reveal(&self) -> bool {
        self.egress.rules.reveal
    }

    /// The new secret that a stand-in means, where it is one that this call captured.
    #[must_use]
    pub fn captured(&self, stand_in: &str) -> Option<&Secret> {
        let held = self.keyring.find(stand_in)?;
        matches!(held.source, Source::Captured(_)).then_some(&held.secret)
    }

    /// Whether a secret of the subject, or a signature made with one, was put on the wire.
    #[must_use]
    pub fn subject_sent(&self) -> bool {
        self.subject_sent.load(Ordering::Acquire)
    }

    /// What the plugin tried and wasn't let do.
    #[must_use]
    pub fn denials(&self) -> &[Denial] {
        &self.denials
    }

    /// The same, once the call is over; none are left.
    #[must_use]
    pub fn take_denials(&mut self) -> Vec<Denial> {
        std::mem::take(&mut self.denials)
    }

    /// How many secrets were revealed.
    #[must_use]
    pub fn reveals(&self) -> u32 {
        self.reveals
    }

    /// The call's secrets, without those that `is_known` to everybody, and without the beginnings that they may have lost.
    #[cfg(feature = "inspection")]
    pub(crate) fn remains(&self, is_known: impl Fn(&[u8]) -> bool) -> Remains {
        let secrets = self.keyring.iter().map(|held| held.secret.expose());
        Remains::of(secrets.filter(|secret| !is_known(secret)))
    }

    /// Whether a secret of the subject was revealed.
    #[must_use]
    pub fn subject_revealed(&self) -> bool {
        self.subject_revealed
    }

    /// How many requests the plugin asked for.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests
    }

    fn held(&self, stand_in: &str) -> Result<&Held, SendFailure> {
        self.keyring
            .find(stand_in)
            .ok_or_else(|| SendFailure::invalid("that is no stand-in of this call"))
    }

    /// Records a denial, and makes sure that a failure's text holds no secret.
    fn failed(&mut self, target: impl FnOnce() -> String, mut failure: SendFailure) -> SendFailure {
        failure.message = self.scrub(&failure.message);
        if failure.code == FailureCode::Denied && self.denials.len() < MOST_DENIALS {
            self.denials.push(Denial {
                target: short(self.scrub(&target())),
                reason: short(failure.message.clone()),
            });
        }
        failure
    }
}

/// What becomes of a request besides what it holds.
struct Plan {
    idempotent: bool,
    until: Instant,
    captures: Vec<usize>,
    has_subjects: bool,
}

/// A text that is at most as long as a denial's texts may be, in no more memory than it needs.
fn short(text: String) -> String {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned()
}

/// Where a request really goes. The authority is the target's own, so that the pool and the `host` header see it.
fn uri<E>(target: &Origin, path_and_query: Result<PathAndQuery, E>) -> Result<Uri, SendFailure> {
    let refused = || SendFailure::invalid("the URL has characters that HTTP doesn't allow");
    let base = Uri::try_from(target.to_string()).map_err(|_| refused())?;
    let mut parts = base.into_parts();
    parts.path_and_query = Some(path_and_query.map_err(|_| refused())?);
    Uri::from_parts(parts).map_err(|_| refused())
}
