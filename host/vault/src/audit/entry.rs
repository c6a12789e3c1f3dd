//! What an entry says.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::action;
use crate::identity::Actor;
use crate::ids::{CredentialId, UserId, WorkspaceId};
use crate::permission::{Lapsed, Standing};
use crate::request::RequestInfo;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A user.
    User {
        /// Their id.
        id: UserId,
        /// Their name when they did it.
        name: Arc<str>,
    },
    /// A plugin.
    Plugin {
        /// Its name.
        name: Arc<str>,
    },
    /// Somebody who isn't known, such as one whose password was wrong.
    Stranger {
        /// The name that they gave.
        name: Arc<str>,
    },
    /// The server itself.
    System,
}

impl Author {
    /// The word the log has for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Plugin { .. } => "plugin",
            Self::Stranger { .. } => "stranger",
            Self::System => "system",
        }
    }

    /// Its name, as it was then.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User { name, .. } | Self::Plugin { name } | Self::Stranger { name } => name,
            Self::System => "claviger",
        }
    }

    pub(super) fn id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Plugin { .. } | Self::Stranger { .. } | Self::System => None,
        }
    }
}

/// An entry that is to be written. It holds no secret.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The workspace it belongs to; none for what concerns the whole server.
    pub workspace: Option<WorkspaceId>,
    /// Who did it.
    pub author: Author,
    /// What was done: one of [`action`](super::action)'s names.
    pub action: &'static str,
    /// The credential it is about, with its name at that time.
    pub credential: Option<(CredentialId, String)>,
    /// What it was done to, where that is no credential: a user's name, an origin.
    pub target: Option<String>,
    /// Whether it succeeded.
    pub success: bool,
    /// The request behind it.
    pub request: RequestInfo,
    /// Anything else worth knowing.
    pub detail: Map<String, Value>,
    /// What its author's leave rests on, where it is written only while that holds.
    pub(crate) standing: Option<Standing>,
}

impl NewEntry {
    /// An entry of something that succeeded.
    #[must_use]
    pub fn new(author: Author, action: &'static str) -> Self {
        Self {
            workspace: None,
            author,
            action,
            credential: None,
            target: None,
            success: true,
            request: RequestInfo::default(),
            detail: Map::new(),
            standing: None,
        }
    }

    /// An entry of something that `actor` does, with the leave that they have.
    #[must_use]
    pub fn by(actor: &Actor, action: &'static str) -> Self {
        let author = Author::User {
            id: actor.user,
            name: Arc::clone(&actor.username),
        };
        let entry = Self {
            request: actor.request.clone(),
            standing: Some(actor.standing),
            ..Self::new(author, action)
        };
        match actor.through {
            Some(what) => entry.detail("through", what),
            None => entry,
        }
    }

    /// Of something that has happened: written even if its author may no longer do it.
    #[must_use]
    pub fn regardless(self) -> Self {
        Self {
            standing: None,
            ..self
        }
    }

    /// The entry to write in its place, since its author may no longer do it. None where the token isn't good: whose
    /// attempt it is then, nobody knows.
    pub(super) fn denied(&self, lapsed: Lapsed) -> Option<Self> {
        let entry = Self {
            author: self.author.clone(),
            workspace: self.workspace,
            credential: self.credential.clone(),
            request: self.request.clone(),
            ..Self::new(Author::System, action::DENIED)
        };
        let permission = lapsed.permission()?;
        Some(entry.target(permission.as_str()).failed())
    }

    /// In this workspace.
    #[must_use]
    pub fn within(self, workspace: WorkspaceId) -> Self {
        Self {
            workspace: Some(workspace),
            ..self
        }
    }

    /// About this credential.
    #[must_use]
    pub fn about(self, credential: CredentialId, name: impl Into<String>) -> Self {
        Self {
            credential: Some((credential, name.into())),
            ..self
        }
    }

    /// Done to this.
    #[must_use]
    pub fn target(self, target: impl Into<String>) -> Self {
        Self {
            target: Some(target.into()),
            ..self
        }
    }

    /// For that request.
    #[must_use]
    pub fn request(self, request: RequestInfo) -> Self {
        Self { request, ..self }
    }

    /// It did not succeed.
    #[must_use]
    pub fn failed(self) -> Self {
        Self {
            success: false,
            ..self
        }
    }

    /// With this known besides.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }
}

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number: entries are counted from 1, without gaps.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The workspace it belongs to.
    pub workspace: Option<WorkspaceId>,
    /// `user`, `plugin`, `stranger` or `system`.
    pub actor_kind: String,
    /// Who did it, by the name they had.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The credential it is about.
    pub credential: Option<CredentialId>,
    /// The credential's name at that time.
    pub credential_name: Option<String>,
    /// What it was done to.
    pub target: Option<String>,
    /// Whether it succeeded.
    pub success: bool,
    /// The request's trace id.
    pub trace_id: String,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Anything else.
    pub detail: Map<String, Value>,
}
