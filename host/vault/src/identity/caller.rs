//! Who calls: what a verified token stands for, and what the audit log keeps of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::token::TokenId;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{Needs, Standing};
use crate::request::RequestInfo;

/// A caller whose token was verified, in one request. Only [`Vault::authenticate`](crate::Vault::authenticate) makes one,
/// and [`Vault::local_operator`](crate::Vault::local_operator) for who needs no token.
#[derive(Clone)]
pub struct Caller {
    session: Arc<Session>,
    actor: Arc<Actor>,
}

impl Caller {
    pub(super) fn new(session: Arc<Session>, request: &RequestInfo) -> Self {
        let actor = Actor {
            user: session.user,
            username: Arc::clone(&session.username),
            request: request.clone(),
            through: None,
            standing: Standing {
                user: session.user,
                era: session.era,
                token: session.token,
                needs: Needs::Token,
            },
        };
        Self {
            session,
            actor: Arc::new(actor),
        }
    }

    /// The same caller, come through that in place of a token.
    pub(super) fn through(self, what: &'static str) -> Self {
        let actor = Actor {
            through: Some(what),
            ..Actor::clone(&self.actor)
        };
        Self {
            actor: Arc::new(actor),
            ..self
        }
    }

    /// The user's id.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.session.user
    }

    /// The user's name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.session.username
    }

    /// Whether the user administers the server, which gives no access to a workspace.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.session.administrator
    }

    /// The workspace that the user works in when a request names none.
    #[must_use]
    pub fn home_workspace(&self) -> WorkspaceId {
        self.session.home_workspace
    }

    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }

    /// What the audit log keeps of the caller and the request.
    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Caller({})", self.session.username)
    }
}

/// Who does something, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's id.
    pub user: UserId,
    /// The user's name, as it was then.
    pub username: Arc<str>,
    /// The request.
    pub request: RequestInfo,
    /// What they came through, where that isn't a token of theirs.
    pub(crate) through: Option<&'static str>,
    /// What their leave rests on.
    pub(crate) standing: Standing,
}

impl Actor {
    /// The same, with leave that rests on more than a token.
    pub(crate) fn needing(&self, needs: Needs) -> Self {
        Self {
            standing: Standing {
                needs,
                ..self.standing
            },
            ..self.clone()
        }
    }
}

/// What a token stands for, as it is remembered between requests.
pub(crate) struct Session {
    pub(crate) user: UserId,
    pub(crate) username: Arc<str>,
    pub(crate) administrator: bool,
    pub(crate) home_workspace: WorkspaceId,
    pub(crate) token: TokenId,
    pub(crate) expires_at: Timestamp,
    /// How often the user's tokens had all been ended when this one was issued.
    pub(crate) era: i64,
}
