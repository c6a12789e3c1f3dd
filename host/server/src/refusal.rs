//! Why a request isn't done, in one vocabulary for all surfaces.
//!
//! Handlers and extractors return a [`Refusal`]; what status, shape and words it becomes is decided by the surface that the
//! request came in on, in that surface's `errors.rs` and nowhere else. To get there it travels inside the response (see
//! [`Refused`]) to [`crate::front`], which knows the surface and the trace id, and which alone logs what is internal.
//!
//! Which one to use: [`Refusal::Malformed`] for what can't be read at all, [`Refusal::Invalid`] for what can be read and
//! breaks a rule (it names fields), [`Refusal::Unavailable`] where trying again later helps, [`Refusal::Internal`] for what
//! only the operator can act on. An internal cause never reaches a client.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};

mod from_vault;

pub use claviger_vault::Problem;
pub(crate) use from_vault::{about, about_a, about_user, denied};

/// The most problems that one answer tells of.
const MOST_PROBLEMS: usize = 20;
/// The most characters that are repeated of a name that a client sent.
const LONGEST_SHOWN: usize = 60;

/// What went wrong inside, for the log.
type BoxError = Box<dyn Error + Send + Sync>;

/// Why a request isn't done.
#[derive(Debug)]
pub enum Refusal {
    /// There is no token, or it isn't one that counts. The text says what to send.
    Unauthenticated(&'static str),
    /// User name or password are wrong; which of them is never said.
    WrongPassword,
    /// The workspace doesn't exist or the caller isn't a member: never told apart.
    NotAMember {
        /// What the request would have needed there.
        permission: &'static str,
    },
    /// The caller lacks a permission.
    Forbidden {
        /// Which.
        permission: &'static str,
    },
    /// Something of that name or id isn't there for this caller.
    NotFound {
        /// What: `Credential`.
        what: &'static str,
        /// As the caller named it.
        name: String,
    },
    /// No endpoint has this path.
    NoSuchPath,
    /// The path has no such method; the `Allow` header says which it has.
    MethodNotAllowed,
    /// The name is taken.
    NameTaken {
        /// Of what: `Credential`.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// It doesn't fit the present state.
    Conflict {
        /// What is in the way.
        message: String,
        /// When to try again.
        retry_after_ms: Option<u64>,
    },
    /// What was sent can't be read.
    Malformed(String),
    /// What was sent breaks rules.
    Invalid(Vec<Problem>),
    /// A lease isn't issued, as its backend's limits are.
    NotIssued {
        /// Which of them.
        reason: NotIssued,
        /// What was asked for, and what there is.
        message: String,
    },
    /// The body is longer than is read.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body didn't come to its end in time.
    TooSlow,
    /// The body isn't announced as JSON.
    NotJson,
    /// Too many requests.
    TooManyRequests {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// It can't be done now; trying again helps.
    Unavailable {
        /// What the client is told.
        message: String,
        /// What the operator is told.
        cause: Option<BoxError>,
    },
    /// It can't be done. The cause is for the operator.
    Internal(BoxError),
}

/// Which of a backend's limits a request for a lease goes beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIssued {
    /// What it gives out.
    Scope,
    /// For how long.
    Ttl,
}

impl Refusal {
    /// One rule broken in one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// The beginning of what a client sent as a name: an answer is never as long as what it answers.
    #[must_use]
    pub fn shown(name: &str) -> Cow<'_, str> {
        match name.char_indices().nth(LONGEST_SHOWN) {
            Some((end, _)) => format!("{}…", &name[..end]).into(),
            None => name.into(),
        }
    }

    /// What a client can be told in one sentence, where the surface has no words of its own.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unauthenticated(reason) => (*reason).to_owned(),
            Self::WrongPassword => "Invalid username or password".to_owned(),
            Self::NotAMember { .. } => "Workspace access denied".to_owned(),
            Self::Forbidden { permission } => format!("This needs the permission `{permission}`"),
            Self::NotFound { what, name } if name.is_empty() => format!("{what} not found"),
            Self::NotFound { what, name } => format!("{what} not found: {}", Self::shown(name)),
            Self::NoSuchPath => "There is no endpoint with this path".to_owned(),
            Self::MethodNotAllowed => {
                "This path does not have this method; the Allow header lists those it has"
                    .to_owned()
            }
            Self::NameTaken { what, .. } => format!("{what} name already exists"),
            Self::Conflict { message, .. }
            | Self::Malformed(message)
            | Self::NotIssued { message, .. }
            | Self::Unavailable { message, .. } => message.clone(),
            Self::Invalid(problems) => sentence(problems),
            Self::TooLarge { limit } => format!("The body is longer than {limit} bytes; send less"),
            Self::TooSlow => "The body did not arrive in time; send it again, in one go".to_owned(),
            Self::NotJson => {
                "Send the body as JSON, with `Content-Type: application/json`".to_owned()
            }
            Self::TooManyRequests { retry_after_ms } => {
                format!("Too many requests; try again in {retry_after_ms} ms")
            }
            Self::Internal(_) => {
                "Internal server error; the server's log has more under this answer's trace id"
                    .to_owned()
            }
        }
    }
}

/// `name: must be text; tags: must be a list of texts`
fn sentence(problems: &[Problem]) -> String {
    let mut parts: Vec<String> = problems
        .iter()
        .take(MOST_PROBLEMS)
        .map(|Problem { field, message }| {
            if field.is_empty() {
                message.clone()
            } else {
                format!("{}: {message}", Refusal::shown(field))
            }
        })
        .collect();
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

/// A refusal on its way through the router, inside a response that nobody gets to see.
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) Arc<Refusal>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Refused(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_short_however_much_is_wrong() {
        let problems = (0..100_000).map(|_| Problem::new("ä".repeat(10_000), "must be text"));
        let message = Refusal::Invalid(problems.collect()).message();
        assert!(message.len() < 4000, "{}", message.len());
        assert!(
            message.ends_with("…: must be text; and 99980 more"),
            "{message}"
        );
        let refusal = Refusal::NotFound {
            what: "Credential",
            name: "n".repeat(61),
        };
        assert_eq!(
            refusal.message(),
            format!("Credential not found: {}…", "n".repeat(60))
        );
    }
}
